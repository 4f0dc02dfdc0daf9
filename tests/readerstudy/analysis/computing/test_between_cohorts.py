"""The model in one cohort against another: different patients, an unpaired test."""

import dataclasses
import math

import pytest

from readerstudy.analysis.computing.endpoints import StudyTable
from tests.readerstudy.analysis.computing.studies import READERS, block, study, tables


def three_cohorts(missing=0.1):
    rows = study(n_patients=18, missing=missing).rows
    named = tuple(
        dataclasses.replace(row, cohort="C") if row.patient in ("P0", "P1", "P2", "P3") else row
        for row in rows
        if row.cohort == "A" or row.patient > "P3"
    )
    return StudyTable(readers=READERS, rows=named)


def test_every_two_cohorts_are_compared_for_every_endpoint():
    found = tables(three_cohorts())["between_cohorts"]
    assert [(one["endpoint"], one["first"], one["second"]) for one in found] == [
        (endpoint, *pair)
        for endpoint in ("metastasis", "ene", "ene_among_metastatic")
        for pair in (("A", "B"), ("A", "C"), ("B", "C"))
    ]


def test_first_minus_second_with_the_variances_added():
    result = tables(three_cohorts())
    areas = {
        one["name"]: block(result, "metastasis", one["key"])["model"]["auc"]["delong"]
        for one in result["parts"]
        if one["kind"] == "cohort"
    }
    for one in result["between_cohorts"]:
        if one["endpoint"] != "metastasis":
            continue
        first, second = areas[one["first"]], areas[one["second"]]
        difference = first["estimate"] - second["estimate"]
        assert one["delong"]["estimate"] == difference
        error = math.sqrt(first["variance"] + second["variance"])
        assert one["delong"]["standard_error"] == pytest.approx(error)
        assert one["delong"]["n"] == first["n"] + second["n"]
        assert one["welch"]["statistic"] == pytest.approx(difference / error)
        parts = sum(part["variance"] ** 2 / (part["n"] - 1) for part in (first, second))
        assert one["welch"]["degrees_of_freedom"] == pytest.approx(error**4 / parts)
        assert one["welch"]["p_two_sided"] >= one["delong"]["test"]["p_two_sided"]


def test_a_cohort_without_scores_is_not_compared():
    table = three_cohorts()
    rows = tuple(
        dataclasses.replace(row, score_metastasis=None) if row.cohort == "B" else row
        for row in table.rows
    )
    found = tables(StudyTable(readers=READERS, rows=rows))["between_cohorts"]
    pairs = {
        endpoint: [(one["first"], one["second"]) for one in found if one["endpoint"] == endpoint]
        for endpoint in ("metastasis", "ene")
    }
    assert pairs == {"metastasis": [("A", "C")], "ene": [("A", "B"), ("A", "C"), ("B", "C")]}


def test_one_cohort_has_nothing_to_be_compared_with():
    rows = tuple(row for row in study().rows if row.cohort == "A")
    assert tables(StudyTable(readers=READERS, rows=rows))["between_cohorts"] == []


def test_a_cohort_of_one_class_has_an_undefined_comparison():
    rows = tuple(row for row in three_cohorts(0).rows if row.cohort != "B" or row.truth == 0)
    found = tables(StudyTable(readers=READERS, rows=rows))["between_cohorts"]
    one = next(one for one in found if one["endpoint"] == "metastasis")
    assert (one["second"], one["delong"]["status"]) == ("B", "class_missing")
    assert one["delong"]["estimate"] is one["welch"]["p_two_sided"] is None
