"""The patient as the unit: positive when any node is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readerstudy.analysis.computing.endpoints import StudyTable
from readerstudy.analysis.computing.missing import Undetermined
from readerstudy.analysis.computing.patient_level import any_node
from tests.readerstudy.analysis.computing.studies import node, part, study, tables


def patient_of(*rows, undetermined=Undetermined.LEAVE_OUT):
    table = any_node(StudyTable(readers=("R1", "R2"), rows=rows), undetermined)
    (row,) = table.rows
    return row


@pytest.mark.parametrize(
    ("truths", "worst"),
    [
        ((0, 0), 0),
        ((0, 1), 1),
        ((1, 2, 0), 2),
        # What is missing might be worse, unless nothing is.
        ((0, None), None),
        ((1, None), None),
        ((2, None), 2),
        ((None,), None),
    ],
)
def test_the_most_severe_node_is_the_patient(truths, worst):
    rows = [node(k, truth, {"R1": truth, "R2": 0}) for k, truth in enumerate(truths)]
    row = patient_of(*rows)
    assert (row.truth, row.calls["R1"], row.calls["R2"]) == (worst, worst, 0)


@pytest.mark.parametrize(
    ("rule", "worst"),
    [
        (Undetermined.LEAVE_OUT, None),
        # The node taken as benign leaves its patient the metastasis of another node.
        (Undetermined.AS_BENIGN, 1),
        (Undetermined.AS_METASTASIS, 1),
    ],
)
def test_the_rule_for_undetermined_nodes_comes_first(rule, worst):
    assert patient_of(node(1, 1), node(2, None), undetermined=rule).truth == worst


def test_a_patient_keeps_a_metastasis_beside_an_undetermined_node_in_the_tables():
    rows = (node(1, 1), node(2, None), node(1, 0, patient="P2"), node(1, None, patient="P3"))
    table = StudyTable(readers=("R1", "R2"), rows=rows)

    def counts(rule):
        found = part(tables(table, missing={"undetermined": rule}))["patient_level"]
        nodes = found["metastasis"]["nodes"]
        return nodes["n_positive"], nodes["n_negative"]

    assert counts("leave_out") == (0, 1)
    assert counts("as_benign") == (1, 2)
    assert counts("as_metastasis") == (2, 1)


def test_scores_and_confidence_are_the_largest_of_the_nodes():
    row = patient_of(
        node(1, 0, score=0.3, confidence_ene={"R1": 20.0, "R2": 5.0}),
        node(2, 0, score=0.8, confidence_ene={"R1": 70.0}),
    )
    assert (row.score_metastasis, row.score_ene) == (0.8, 0.8)
    # R2 said nothing of the second node.
    assert (row.confidence_ene, row.confidence_metastasis) == ({"R1": 70.0}, {})
    assert patient_of(node(1, 0, score=0.3), node(2, 0, score=None)).score_ene is None


def test_the_same_identifier_in_two_cohorts_stays_two_patients():
    rows = (node(1, 0), node(1, 2, cohort="B"))
    table = any_node(StudyTable(readers=("R1", "R2"), rows=rows))
    assert sorted((row.cohort, row.truth) for row in table.rows) == [("A", 0), ("B", 2)]


@settings(max_examples=8, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([0.0, 0.3]),
    st.sampled_from(["complete_pairs", "complete_all", "as_wrong"]),
    st.sampled_from(["leave_out", "as_benign", "as_metastasis"]),
)
def test_one_node_in_every_patient_is_the_node_level(seed, missing, calls, undetermined):
    table = study(seed=seed, n_patients=15, missing=missing, nodes=(1, 1))
    rules = {"calls": calls, "undetermined": undetermined}
    for one in tables(table, missing=rules)["parts"]:
        assert one["patient_level"] == one["endpoints"]
        assert one["n_nodes"] == one["n_patients"]


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8))
def test_there_are_as_many_patients_as_there_are(seed, n_patients):
    for one in tables(study(seed=seed, n_patients=n_patients))["parts"]:
        nodes = one["patient_level"]["metastasis"]["nodes"]
        assert nodes["n"] == nodes["n_patients"] == one["n_patients"]
        by_node = one["endpoints"]["metastasis"]["nodes"]
        assert nodes["n_positive"] == by_node["n_patients_positive"]


def test_a_plan_without_patients_has_none():
    assert {one["patient_level"] for one in tables(study(), patient_level="none")["parts"]} == {
        None
    }
