"""Endpoints: what counts as disease, which nodes belong, and the same-node guard."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.analysis.computing.endpoints import (
    MODEL,
    Endpoint,
    NodeRow,
    ReaderView,
    Reason,
    StudyTable,
    common_nodes,
    endpoint_nodes,
    is_positive,
    scores,
    value_of,
)


def node(number, truth, calls=None, score=0.5, **changes):
    fields = {
        "cohort": "A",
        "patient": "P1",
        "node": f"N{number}",
        "truth": truth,
        "calls": calls or {"R1": 0, "R2": 0},
        "score_metastasis": score,
        "score_ene": score,
    }
    return NodeRow(**{**fields, **changes})


@pytest.mark.parametrize(
    ("endpoint", "positives"),
    [
        (Endpoint.METASTASIS, [False, True, True]),
        (Endpoint.ENE, [False, False, True]),
        (Endpoint.ENE_AMONG_METASTATIC, [False, False, True]),
    ],
)
def test_which_categories_count_as_disease(endpoint, positives):
    assert [is_positive(category, endpoint) for category in (0, 1, 2)] == positives


@pytest.mark.parametrize(
    ("endpoint", "kept", "labels"),
    [
        (Endpoint.METASTASIS, ["N0", "N1", "N2"], (0, 1, 1)),
        (Endpoint.ENE, ["N0", "N1", "N2"], (0, 0, 1)),
        (Endpoint.ENE_AMONG_METASTATIC, ["N1", "N2"], (0, 1)),
    ],
)
def test_which_nodes_belong(endpoint, kept, labels):
    nodes = endpoint_nodes([node(3, None), node(2, 2), node(1, 1), node(0, 0)], endpoint)
    assert [row.node for row in nodes.rows] == kept
    assert nodes.labels == labels
    reasons = {left.node: left.reason for left in nodes.left_out}
    assert reasons["N3"] is Reason.REFERENCE_STANDARD_MISSING
    if endpoint is Endpoint.ENE_AMONG_METASTATIC:
        assert reasons["N0"] is Reason.BENIGN_BY_REFERENCE_STANDARD


def test_membership_depends_on_the_reference_standard_and_not_on_calls():
    called_benign = node(1, 1, {"R1": 0, "R2": 0})
    nodes = endpoint_nodes([called_benign], Endpoint.ENE_AMONG_METASTATIC)
    assert nodes.rows == (called_benign,)


def test_how_calls_become_scores():
    row = node(1, 1, {"R1": 1, "R2": None}, score_metastasis=0.8, score_ene=0.3)
    binary, ordinal = ReaderView.BINARY, ReaderView.ORDINAL
    assert value_of(row, "R1", Endpoint.METASTASIS, binary) == 1
    assert value_of(row, "R1", Endpoint.ENE, binary) == 0
    assert value_of(row, "R1", Endpoint.ENE, ordinal) == 1
    assert value_of(row, "R2", Endpoint.ENE, ordinal) is None
    assert value_of(row, MODEL, Endpoint.METASTASIS, ordinal) == 0.8
    assert value_of(row, MODEL, Endpoint.ENE_AMONG_METASTATIC, binary) == 0.3


def test_the_same_node_guard_counts_both_sides_and_lists_what_it_drops():
    rows = [
        node(1, 1, {"R1": 1, "R2": 0}),
        node(2, 0, {"R1": None, "R2": 0}),
        node(3, 2, {"R1": 2, "R2": 0}, score=None),
        node(4, 0, {"R1": None, "R2": 0}, score=None),
    ]
    used = common_nodes(endpoint_nodes(rows, Endpoint.METASTASIS), [MODEL, "R1"])
    assert [row.node for row in used.rows] == ["N1"]
    assert used.available == {MODEL: 2, "R1": 2}
    assert [(left.node, left.side, left.reason) for left in used.left_out] == [
        ("N2", "R1", Reason.READER_CALL_MISSING),
        ("N3", MODEL, Reason.MODEL_SCORE_MISSING),
        ("N4", MODEL, Reason.MODEL_SCORE_MISSING),
        ("N4", "R1", Reason.READER_CALL_MISSING),
    ]
    assert scores(used, "R1", ReaderView.ORDINAL) == (1.0,)


def test_scores_refuse_a_set_that_was_not_made_for_the_side():
    nodes = endpoint_nodes([node(1, 1, {"R1": None, "R2": 0})], Endpoint.METASTASIS)
    with pytest.raises(ValueError, match="use common_nodes first"):
        scores(nodes, "R1", ReaderView.BINARY)
    with pytest.raises(ValueError, match="at least one reader"):
        common_nodes(nodes, [])


def test_one_identifier_in_two_cohorts_is_two_patients():
    nodes = endpoint_nodes([node(1, 0), node(1, 0, cohort="B")], Endpoint.ENE)
    assert len(set(nodes.patients)) == 2


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([node(1, 0), node(1, 1)], "listed twice"),
        ([node(1, 9)], "truth must be 0, 1, 2 or None"),
        ([node(1, 0, {"R1": 3, "R2": 0})], "R1 must be"),
        ([node(1, 0, {"R1": 0})], "exactly the readers"),
        ([node(1, 0, score=math.nan)], "finite"),
    ],
)
def test_a_table_that_cannot_be_analysed_is_refused(rows, words):
    with pytest.raises(ValueError, match=words):
        StudyTable(readers=("R1", "R2"), rows=tuple(rows))


@pytest.mark.parametrize("readers", [("R1", "R1"), ("R1", MODEL)])
def test_reader_labels_must_differ_from_each_other_and_the_model(readers):
    with pytest.raises(ValueError, match="readers must differ"):
        StudyTable(readers=readers, rows=())


category = st.one_of(st.none(), st.integers(0, 2))


@given(st.lists(st.tuples(category, category, st.one_of(st.none(), st.floats(0, 1)))))
def test_every_node_is_used_or_listed_as_left_out(values):
    rows = [
        node(k, truth, {"R1": call, "R2": 0}, score=score)
        for k, (truth, call, score) in enumerate(values)
    ]
    for endpoint in Endpoint:
        nodes = endpoint_nodes(rows, endpoint)
        used = common_nodes(nodes, [MODEL, "R1"])
        assert len(nodes.rows) + len(nodes.left_out) == len(rows)
        dropped = {left.node for left in used.left_out}
        assert dropped.isdisjoint(row.node for row in used.rows)
        assert len(used.rows) + len(dropped) == len(nodes.rows)
        assert len(used.rows) <= min(used.available.values())
