"""The planned comparison: every test it may name, its direction, its family, its conclusions."""

import dataclasses
import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from readerstudy.analysis.computing.endpoints import StudyTable
from readerstudy.analysis.computing.tables import study_tables
from readerstudy.statistics.multiplicity import adjust
from tests.readerstudy.analysis.computing.studies import (
    READERS,
    block,
    node,
    planned,
    study,
    tables,
)

MEAN, EACH = "model_vs_reader_mean", "model_vs_each_reader"
OF_MEAN = {
    "delong": "delong_fixed_readers",
    "patient_clustered": "patient_clustered_fixed_readers",
    "random_readers": "readers_minus_model_random_readers",
}
MARGIN = 0.2
PLANS = [
    (comparison, test, hypothesis, multiplicity)
    for comparison, test, hypothesis, multiplicity in itertools.product(
        (MEAN, EACH),
        ("delong", "patient_clustered", "random_readers"),
        ("difference", "non_inferiority"),
        ("none", "bonferroni", "holm", "hochberg"),
    )
    # A plan cannot ask it: single readers are no sample.
    if not (comparison == EACH and test == "random_readers")
]


def primary_of(comparison, test, hypothesis="difference", multiplicity="none", **changes):
    margin = MARGIN if hypothesis == "non_inferiority" else None
    return {
        "primary": {
            "endpoint": "metastasis",
            "comparison": comparison,
            "test": test,
            "hypothesis": hypothesis,
            "margin": margin,
        },
        "multiplicity": multiplicity,
        # Nothing else bears on the primary comparison, and it takes most of the time.
        "endpoints": ["metastasis"],
        "patient_level": "none",
        **changes,
    }


@pytest.fixture(scope="module")
def table():
    return study(seed=11, n_patients=14, missing=0.05)


def expected_tests(result, comparison, test, key="pooled"):
    """Subject, result and sign (to model minus subject) of each test, from the tables."""
    found = block(result, key=key)
    if comparison == EACH:
        return [(row["reader"], row["binary"][test], 1) for row in found["comparisons"]]
    contrasts = found["reader_mean"]["binary"]["model_minus_mean"]
    return [("reader mean", contrasts[OF_MEAN[test]], -1 if test == "random_readers" else 1)]


@pytest.mark.parametrize(("comparison", "test", "hypothesis", "multiplicity"), PLANS)
def test_every_plan_reports_the_tables_own_numbers(
    table, comparison, test, hypothesis, multiplicity
):
    changes = primary_of(comparison, test, hypothesis, multiplicity)
    result = tables(table, **changes)
    primary = result["primary"]
    assert (primary["comparison"], primary["test"]) == (comparison, test)
    expected = expected_tests(result, comparison, test)
    assert len(primary["tests"]) == len(expected) == (3 if comparison == EACH else 1)
    alpha = 0.025 if hypothesis == "non_inferiority" else 0.05
    for entry, (subject, found, sign) in zip(primary["tests"], expected, strict=True):
        assert entry["subject"] == subject
        assert entry["estimate"] == sign * found["estimate"]
        assert entry["standard_error"] == found["standard_error"]
        assert entry["p"] == found["test"]["p_two_sided"]
        limits = [sign * found["interval"][side] for side in ("lower", "upper")]
        assert [entry["lower"], entry["upper"]] == sorted(limits)
        assert entry["tested_p"] == pytest.approx(p_by_hand(entry, hypothesis))
        assert entry["concluded"] == (entry["adjusted_p"] <= alpha)
        if hypothesis == "non_inferiority":
            check_margin(entry, multiplicity)
        else:
            assert entry["non_inferiority"] is None
    check_family(primary["tests"], multiplicity, alpha)


def p_by_hand(entry, hypothesis):
    """The P of the hypothesis, from the estimate and its standard error alone."""
    shift = MARGIN if hypothesis == "non_inferiority" else 0
    z, df = (entry["estimate"] + shift) / entry["standard_error"], entry["degrees_of_freedom"]
    above = stats.norm.sf if df is None else lambda value: stats.t.sf(value, df)
    return above(z) if hypothesis == "non_inferiority" else 2 * above(abs(z))


def check_margin(entry, multiplicity):
    """One-sided at alpha/2: the lower limit is that of the two-sided interval."""
    result = entry["non_inferiority"]
    assert (result["margin"], result["alpha"]) == (MARGIN, 0.025)
    assert result["lower_limit"] == pytest.approx(entry["lower"])
    assert result["non_inferior"] == (entry["lower"] > -MARGIN)
    if multiplicity == "none":
        assert entry["concluded"] == result["non_inferior"]


def check_family(entries, multiplicity, alpha):
    p_values = {entry["subject"]: entry["tested_p"] for entry in entries}
    if multiplicity == "none":
        assert [entry["adjusted_p"] for entry in entries] == list(p_values.values())
        return
    family = adjust(p_values, method=multiplicity, alpha=alpha)
    for entry in entries:
        assert entry["adjusted_p"] == family[entry["subject"]].adjusted_p
        assert entry["adjusted_p"] >= entry["tested_p"]


def test_a_family_worked_by_hand(table):
    tests = tables(table, **primary_of(EACH, "delong", "difference", "bonferroni"))["primary"][
        "tests"
    ]
    for entry in tests:
        assert entry["adjusted_p"] == pytest.approx(min(1, 3 * entry["tested_p"]))


def test_random_readers_are_turned_to_model_minus_readers(table):
    """Fixed and random readers differ in their error, not in what they estimate."""
    fixed, random = (
        tables(table, **primary_of(MEAN, test))["primary"]["tests"][0]
        for test in ("delong", "random_readers")
    )
    assert random["estimate"] == pytest.approx(fixed["estimate"])
    assert random["lower"] < random["estimate"] < random["upper"]
    assert random["degrees_of_freedom"] > 0
    assert fixed["degrees_of_freedom"] is None


def test_a_better_model_is_not_inferior_and_a_worse_one_is():
    rows = study(seed=2, n_patients=20).rows
    verdicts = {}
    for name, sign in (("better", 1), ("worse", -1)):
        marked = tuple(
            dataclasses.replace(row, score_metastasis=sign * (row.truth >= 1) + k / 1000)
            for k, row in enumerate(rows)
        )
        changes = primary_of(MEAN, "patient_clustered", "non_inferiority")
        result = tables(StudyTable(readers=READERS, rows=marked), **changes)
        verdicts[name] = result["primary"]["tests"][0]["concluded"]
    assert verdicts == {"better": True, "worse": False}


def test_each_cohort_has_its_own_comparison(table):
    result = tables(table, **primary_of(EACH, "delong", "difference", "holm"))
    assert list(result["primary"]["by_cohort"]) == ["cohort-1", "cohort-2"]
    for key, entry in result["primary"]["by_cohort"].items():
        for test, (subject, found, _) in zip(
            entry["tests"], expected_tests(result, EACH, "delong", key), strict=True
        ):
            assert (test["subject"], test["estimate"]) == (subject, found["estimate"])
        check_family(entry["tests"], "holm", 0.05)


def test_the_planned_view_is_the_one_that_counts():
    table = study(seed=4, confidence=True)
    for view in ("ordinal", "confidence"):
        changes = primary_of(EACH, "delong", views=["binary", view])
        changes["primary"]["view"] = view
        result = tables(table, **changes)
        for entry, row in zip(
            result["primary"]["tests"], block(result)["comparisons"], strict=True
        ):
            assert entry["estimate"] == row[view]["delong"]["estimate"]
        assert result["primary"]["bootstrap"]["view"] == view


def one_class():
    return StudyTable(readers=("R1", "R2"), rows=tuple(node(k, 0) for k in range(4)))


def one_positive():
    rows = [node(k, int(k == 0), {"R1": k % 2, "R2": 1}, k / 10, patient=f"P{k}") for k in range(6)]
    return StudyTable(readers=("R1", "R2"), rows=tuple(rows))


@pytest.mark.parametrize("made", [one_class, one_positive])
@pytest.mark.parametrize(
    ("comparison", "test", "hypothesis", "multiplicity"),
    [plan for plan in PLANS if plan[3] in ("none", "holm")],
)
def test_an_undefined_test_concludes_nothing(made, comparison, test, hypothesis, multiplicity):
    result = tables(made(), **primary_of(comparison, test, hypothesis, multiplicity))
    assert result["primary"]["tests"]
    for entry in result["primary"]["tests"]:
        assert entry["standard_error"] is None
        assert (entry["tested_p"], entry["adjusted_p"], entry["concluded"]) == (None, None, None)


def test_an_undefined_test_stays_in_the_family():
    """A reader without a single call would otherwise make it easier for the others."""
    rows = study(seed=11, n_patients=14).rows
    silent = tuple(
        dataclasses.replace(row, calls={**row.calls, "R3": None if k else 0})
        for k, row in enumerate(rows)
    )
    changes = primary_of(EACH, "delong", "difference", "bonferroni")
    tests = tables(StudyTable(readers=READERS, rows=silent), **changes)["primary"]["tests"]
    assert tests[2]["concluded"] is None
    assert tests[0]["adjusted_p"] == pytest.approx(min(1, 3 * tests[0]["tested_p"]))


def bootstrap(table, seed, replicates=200):
    plan = planned(**primary_of(MEAN, "delong", bootstrap_replicates=replicates))
    return study_tables(table, plan=plan, seed=seed)["primary"]["bootstrap"]


def test_the_bootstrap_is_the_same_for_the_same_seed_and_another_for_another(table):
    one, again, other = (json.dumps(bootstrap(table, seed)) for seed in (1, 1, 2))
    assert one == again != other


def test_the_bootstrap_estimates_the_planned_contrast(table):
    found = bootstrap(table, 1, replicates=2000)
    contrast = block(tables(table))["reader_mean"]["binary"]["model_minus_mean"]
    clustered = contrast["patient_clustered_fixed_readers"]
    assert (found["endpoint"], found["replicates"]) == ("metastasis", 2000)
    assert found["result"]["estimate"] == pytest.approx(clustered["estimate"])
    assert found["result"]["standard_error"] == pytest.approx(clustered["standard_error"], rel=0.25)


def test_what_cannot_be_resampled_says_why(table):
    assert "both classes" in bootstrap(one_class(), 1)["reason"]
    nobody = tuple(dataclasses.replace(row, calls={}) for row in table.rows)
    assert "both classes" in bootstrap(StudyTable(readers=(), rows=nobody), 1)["reason"]
    rows = tuple(node(0, k % 2, {"R1": k % 3}, k / 3000, patient=f"P{k:04d}") for k in range(2002))
    assert "2000 patients" in bootstrap(StudyTable(readers=("R1",), rows=rows), 1)["reason"]


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(PLANS))
def test_conclusions_follow_from_adjusted_p_in_any_study(seed, plan):
    result = tables(study(seed=seed, n_patients=5, missing=0.3), **primary_of(*plan))
    alpha = 0.025 if plan[2] == "non_inferiority" else 0.05
    for entry in result["primary"]["tests"]:
        if entry["tested_p"] is None:
            assert entry["concluded"] is None
        else:
            assert entry["concluded"] == (entry["adjusted_p"] <= alpha)
            assert entry["tested_p"] <= entry["adjusted_p"] <= 1


def test_one_patient_is_not_resampled():
    rows = [row for row in study(seed=3, n_patients=2, nodes=(12, 12)).rows if row.cohort == "A"]
    found = tables(StudyTable(readers=READERS, rows=tuple(rows)))["primary"]
    assert found["tests"][0]["estimate"] is not None
    assert found["bootstrap"]["result"] is None
    assert found["bootstrap"]["reason"] == "One patient alone cannot be resampled."
