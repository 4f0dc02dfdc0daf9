"""Table 2: nodes by category, per patient, and their size."""

import pytest

from readerstudy.analysis.computing.description import describe
from tests.readerstudy.analysis.computing.description.made_up import frozen, node, person

ROWS = (
    node("A", "P1", 1, 0, sad=4.0),
    node("A", "P1", 2, 0, sad=8.0),
    node("A", "P1", 3, 2, sad=20.0),
    node("A", "P2", 1, 1, sad=None),
    node("A", "P3", 1, None, sad=9.0),
    node("A", "P3", 2, 0),
    node("B", "P1", 1, 0, sad=5.0),
)


@pytest.fixture
def groups():
    return describe(frozen(ROWS, patients=[person("A", "P9")]))["nodes"]["groups"]


def test_nodes_are_counted_by_category(groups):
    a, b, whole = groups
    assert (a["n_nodes"], [one["n"] for one in a["by_category"]]) == (6, [3, 1, 1])
    assert a["undetermined"] == 1
    assert (b["n_nodes"], whole["n_nodes"]) == (1, 7)


def test_nodes_per_patient_leave_out_patients_without_nodes(groups):
    a = groups[0]
    assert (a["n_patients"], a["patients_without_nodes"]) == (3, 1)
    per_patient = a["nodes_per_patient"]
    assert (per_patient["mean"], per_patient["median"]) == (2, 2)
    assert (per_patient["minimum"], per_patient["maximum"]) == (1, 3)


def test_patients_with_disease_and_those_who_may_have_it(groups):
    a, _, whole = groups
    # P3 has a benign and an undetermined node.
    assert a["patients_with_metastasis"] == {"numerator": 2, "denominator": 3, "unknown": 1}
    assert a["patients_with_ene"] == {"numerator": 1, "denominator": 3, "unknown": 1}
    assert whole["patients_with_ene"] == {"numerator": 1, "denominator": 4, "unknown": 1}


def test_diameters_by_category(groups):
    sizes = groups[0]["short_axis_mm"]
    assert [one["label"] for one in sizes][-2:] == ["Undetermined", "All nodes"]
    benign, metastasis, _, undetermined, everything = sizes
    assert (benign["n"], benign["unknown"], benign["mean"]) == (2, 1, 6)
    assert benign["standard_deviation"] == pytest.approx(8**0.5)
    assert (metastasis["n"], metastasis["unknown"], metastasis["mean"]) == (0, 1, None)
    assert metastasis["status"] == "too_few_nodes"
    assert (undetermined["n"], everything["n"], everything["unknown"]) == (1, 4, 2)


def test_a_patient_with_the_disease_is_known_whatever_else_is_undetermined():
    rows = [node("A", "P1", 1, 1), node("A", "P1", 2, None)]
    a = describe(frozen(rows))["nodes"]["groups"][0]
    assert a["patients_with_metastasis"] == {"numerator": 1, "denominator": 1, "unknown": 0}
    assert a["patients_with_ene"] == {"numerator": 0, "denominator": 1, "unknown": 1}
