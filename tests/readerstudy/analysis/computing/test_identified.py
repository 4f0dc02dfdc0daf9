"""AUCs over what pathology reports leave open, recounted by hand."""

from dataclasses import replace

import pytest

from annotation.pathology_rules.details import LabelDetails
from annotation.reference_identifiability import FinalNode, settled_by_pathology
from readerstudy.analysis.computing.endpoints import NodeRow, StudyTable
from readerstudy.analysis.computing.identified import identified
from readerstudy.analysis.frozen_table import (
    FrozenTable,
    PatientIdentifiability,
    from_bytes,
    to_bytes,
)
from readerstudy.reading.plan import default_plan, plan_from
from tests.annotation.pathology_rules.reports import report, rows

PLAN = plan_from(default_plan())
REPORT = report(*rows(L_IIa=(5, 1, 1), L_III=(8, 0, 0)))
NODES = (
    ("1", 2, "left IIa", 12.0, 0.9, 2),
    ("2", 0, "left IIa", 8.0, 0.2, 1),
    ("3", 0, "left III", 6.0, 0.5, 0),
    ("4", 0, "left III", 7.0, 0.1, None),
)
"""Number, final label, level, short axis, the model's score, the reader's call."""


def rows_of(cohort, patient="P"):
    return [
        NodeRow(
            cohort=cohort,
            patient=patient,
            node=number,
            truth=None if label == 9 else label,
            calls={"R1": call},
            score_metastasis=score,
            score_ene=score,
        )
        for number, label, _, _, score, call in NODES
    ]


def kept(cohort, patient="P", given=(REPORT, 1), nodes=NODES):
    finals = [
        FinalNode(
            number=int(number),
            label=label,
            short_axis_mm=sad,
            labels=(label, label),
            details=(LabelDetails(place=place),) * 2,
        )
        for number, label, place, sad, _, _ in nodes
    ]
    stored = settled_by_pathology(patient, finals, given)
    told = {key: stored[key] for key in stored.keys() - {"patient", "levels"}}
    return PatientIdentifiability(cohort=cohort, patient=patient, stored=told)


def frozen(found, *identifiability):
    return FrozenTable(
        sources={"model": {"name": "M"}},
        table=StudyTable(readers=("R1",), rows=tuple(found)),
        mask_digests={row.key: "0" for row in found},
        patients=(),
        identifiability=identifiability,
    )


def of(group, endpoint, source="model", view="continuous"):
    (entry,) = (
        one
        for one in group["endpoints"][endpoint]
        if (one["source"], one["view"]) == (source, view)
    )
    return entry


def test_lowest_and_highest_by_hand():
    result = identified(frozen(rows_of("A"), kept("A")), PLAN)
    assert [group["name"] for group in result["groups"]] == ["A", "All cohorts"]
    model = of(result["groups"][0], "metastasis")
    # Node 1 or node 2 is the positive one: .9 above three, or .2 above one of three.
    assert (model["highest"], model["lowest"]) == (1, pytest.approx(1 / 3))
    assert (model["on_all"], model["on_forced"]) == (1, None)
    assert (model["n_nodes"], model["n_forced"], model["n_assignments"]) == (4, 2, 2)
    assert (model["is_exact"], model["contradicting"], model["status"]) == (True, 0, "ok")
    reader = of(result["groups"][0], "metastasis", "R1", "binary")
    # Node 4 has no call. Calls of nodes 1 and 2 are alike: half a pair and one.
    assert reader["n_nodes"] == 3
    assert reader["lowest"] == reader["highest"] == 0.75


def test_levels_and_nodes_are_counted():
    settled = identified(frozen(rows_of("A"), kept("A")), PLAN)["groups"][0]["settled"]
    assert settled["metastasis"]["size_matched"] == {"levels": 1, "nodes": 2}
    assert settled["metastasis"]["forced"] == {"levels": 1, "nodes": 2}
    assert settled["ene"]["ambiguous"] == {"levels": 0, "nodes": 0}


def test_assignments_of_cohorts_multiply():
    table = frozen([*rows_of("A"), *rows_of("B"), *rows_of("C")], kept("A"), kept("B"))
    result = identified(table, PLAN)
    whole = of(result["groups"][-1], "metastasis")
    assert (whole["n_assignments"], whole["n_nodes"]) == (4, 8)
    # Highest 1; lowest: both .2 above .1 and .1 of .9, .5, .1 each.
    assert (whole["highest"], whole["lowest"]) == (1, pytest.approx(1 / 3))
    assert result["without"] == ["C"]


def test_a_number_too_great_for_other_programs_is_given_by_its_digits():
    patients = [f"P{number}" for number in range(60)]
    table = frozen(
        [row for patient in patients for row in rows_of("A", patient)],
        *(kept("A", patient) for patient in patients),
    )
    whole = of(identified(table, PLAN)["groups"][-1], "metastasis")
    assert whole["n_assignments"] is None
    assert whole["log10_assignments"] == pytest.approx(60 * 0.30103, rel=1e-5)


def test_without_a_report_there_is_no_range_and_it_is_counted():
    group = identified(frozen(rows_of("A"), kept("A", given=None)), PLAN)["groups"][0]
    assert (group["n_patients"], group["n_without_report"]) == (1, 1)
    model = of(group, "metastasis")
    assert (model["n_nodes"], model["lowest"], model["status"]) == (0, None, "class_missing")


def test_labels_that_do_not_fit_the_report_are_counted():
    nodes = [("1", 0, *NODES[0][2:]), *NODES[1:]]
    found = [replace(row, truth=0) for row in rows_of("A")]
    group = identified(frozen(found, kept("A", nodes=nodes)), PLAN)["groups"][0]
    assert of(group, "metastasis")["contradicting"] == 1


def test_the_order_of_rows_and_the_way_through_bytes_change_nothing():
    table = frozen([*rows_of("A"), *rows_of("B")], kept("A"), kept("B"))
    other = frozen([*rows_of("B")[::-1], *rows_of("A")], kept("B"), kept("A"))
    assert identified(other, PLAN) == identified(table, PLAN)
    assert identified(from_bytes(to_bytes(table)), PLAN) == identified(table, PLAN)


def test_a_table_that_keeps_nothing_has_no_groups():
    assert identified(frozen(rows_of("A")), PLAN) == {"without": ["A"], "groups": []}
