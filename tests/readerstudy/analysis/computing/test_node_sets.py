"""Node sets: which nodes belong to an endpoint, and the same-node guard."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.analysis.computing.endpoints import (
    MODEL,
    Endpoint,
    ReaderView,
    Reason,
    StudyTable,
    is_positive,
)
from readerstudy.analysis.computing.missing import MissingCalls, MissingRule, missing_values
from readerstudy.analysis.computing.node_sets import (
    columns_of,
    common_nodes,
    endpoint_nodes,
    is_scored,
    positive,
    scores,
    with_confidence,
)
from tests.readerstudy.analysis.computing.studies import node


def columns(rows, rule=None):
    return columns_of(StudyTable(readers=("R1", "R2"), rows=tuple(rows)), rule)


def nodes_of(rows, endpoint, rule=None):
    return endpoint_nodes(columns(rows, rule), np.arange(len(rows)), endpoint)


def names(nodes):
    return [nodes.columns.rows[at].node for at in nodes.index]


def left(nodes):
    return [(entry.reason, entry.side, entry.n) for entry in nodes.left_out]


@pytest.mark.parametrize(
    ("endpoint", "kept", "labels", "benign"),
    [
        (Endpoint.METASTASIS, ["N0", "N1", "N2"], [0, 1, 1], 0),
        (Endpoint.ENE, ["N0", "N1", "N2"], [0, 0, 1], 0),
        (Endpoint.ENE_AMONG_METASTATIC, ["N1", "N2"], [0, 1], 1),
    ],
)
def test_which_nodes_belong(endpoint, kept, labels, benign):
    nodes = nodes_of([node(3, None), node(2, 2), node(1, 1), node(0, 0)], endpoint)
    assert names(nodes) == kept
    assert nodes.labels.tolist() == labels
    assert nodes.n_positive == sum(labels)
    expected = [(Reason.REFERENCE_STANDARD_MISSING, None, 1)]
    expected += [(Reason.BENIGN_BY_REFERENCE_STANDARD, None, 1)] * benign
    assert left(nodes) == expected


def test_membership_depends_on_the_reference_standard_and_not_on_calls():
    nodes = nodes_of([node(1, 1, {"R1": 0, "R2": 0})], Endpoint.ENE_AMONG_METASTATIC)
    assert names(nodes) == ["N1"]


def test_an_index_chooses_among_the_rows():
    held = columns([node(0, 0), node(1, 1), node(2, 2)])
    nodes = endpoint_nodes(held, np.array([0, 2]), Endpoint.ENE)
    assert names(nodes) == ["N0", "N2"]
    assert len(nodes) == 2


def test_rows_are_sorted_by_name_whatever_their_order():
    rows = [node(2, 2), node(1, 1, cohort="B"), node(1, 1), node(9, 0, patient="P0")]
    held = columns(rows)
    assert [row.key for row in held.rows] == sorted(row.key for row in rows)
    assert held.truth.tolist() == [0, 1, 2, 1]
    assert held.patients.tolist() == [0, 1, 1, 2]
    assert held.cohorts.tolist() == [0, 0, 0, 1]


def test_how_calls_become_scores():
    rows = [node(1, 1, {"R1": 1, "R2": 2}, score_metastasis=0.8, score_ene=0.3)]

    def value(endpoint, side, view):
        return scores(nodes_of(rows, endpoint), side, view).tolist()

    binary, ordinal = ReaderView.BINARY, ReaderView.ORDINAL
    assert value(Endpoint.METASTASIS, "R1", binary) == [1]
    assert value(Endpoint.ENE, "R1", binary) == [0]
    assert value(Endpoint.ENE, "R2", binary) == [1]
    assert value(Endpoint.ENE, "R1", ordinal) == [1]
    assert value(Endpoint.ENE, "R2", ordinal) == [2]
    assert value(Endpoint.METASTASIS, MODEL, ordinal) == [0.8]
    assert value(Endpoint.ENE_AMONG_METASTATIC, MODEL, binary) == [0.3]


def test_the_columns_and_the_words_agree_on_disease():
    for endpoint in Endpoint:
        words = [is_positive(category, endpoint) for category in (0, 1, 2)]
        assert positive(np.arange(3), endpoint).tolist() == words
        # A missing call is never a positive one.
        assert not positive(np.array([-1]), endpoint).any()


def test_the_same_node_guard_counts_both_sides_and_what_it_drops():
    rows = [
        node(1, 1, {"R1": 1, "R2": 0}),
        node(2, 0, {"R1": None, "R2": 0}),
        node(3, 2, {"R1": 2, "R2": 0}, score=None),
        node(4, 0, {"R1": None, "R2": 0}, score=None),
    ]
    used = common_nodes(nodes_of(rows, Endpoint.METASTASIS), [MODEL, "R1"])
    assert names(used) == ["N1"]
    assert used.available == {MODEL: 2, "R1": 2}
    assert left(used) == [
        (Reason.MODEL_SCORE_MISSING, MODEL, 2),
        (Reason.READER_CALL_MISSING, "R1", 2),
    ]
    assert scores(used, "R1", ReaderView.ORDINAL).tolist() == [1.0]


def test_scores_refuse_a_set_that_was_not_made_for_the_side():
    nodes = nodes_of([node(0, 0), node(1, 1, {"R1": None, "R2": 0})], Endpoint.METASTASIS)
    with pytest.raises(
        ValueError, match=r"R1 has no value for node .*'N1'.*use common_nodes first"
    ):
        scores(nodes, "R1", ReaderView.BINARY)
    with pytest.raises(ValueError, match="at least one reader"):
        common_nodes(nodes, [])


def test_one_identifier_in_two_cohorts_is_two_patients():
    nodes = nodes_of([node(1, 0), node(1, 0, cohort="B")], Endpoint.ENE)
    assert len(set(nodes.patients.tolist())) == 2


def test_a_model_is_there_per_endpoint():
    rows = [node(1, 1, score_metastasis=0.4, score_ene=None)]
    assert is_scored(nodes_of(rows, Endpoint.METASTASIS))
    assert not is_scored(nodes_of(rows, Endpoint.ENE))


def test_the_confidence_view_keeps_nodes_every_reader_was_asked_on():
    both = {"R1": 10.0, "R2": 90.0}
    rows = [
        node(1, 1, confidence_ene=both, confidence_metastasis=both),
        node(2, 0, confidence_ene={"R1": 5.0}),
        node(3, 2),
    ]
    nodes = nodes_of(rows, Endpoint.ENE)
    seen = with_confidence(nodes, [MODEL, "R1", "R2"])
    assert names(seen) == ["N1"]
    assert left(seen) == [(Reason.CONFIDENCE_MISSING, None, 2)]
    assert scores(seen, "R2", ReaderView.CONFIDENCE).tolist() == [90.0]
    assert names(with_confidence(nodes, ["R1"])) == ["N1", "N2"]
    assert with_confidence(nodes_of([node(1, 1)], Endpoint.ENE), ["R1"]) is None
    assert nodes.columns.has_confidence()
    assert not columns([node(1, 1)]).has_confidence()


def test_every_missing_value_is_listed_by_node():
    rows = (
        node(2, None, {"R1": None, "R2": 0}, score=None),
        node(1, 1, score_metastasis=0.3, score_ene=None),
        node(3, 0),
    )
    found = missing_values(StudyTable(readers=("R1", "R2"), rows=rows))
    assert [(value.node, value.reason, value.side) for value in found] == [
        ("N1", Reason.MODEL_SCORE_MISSING, MODEL),
        ("N2", Reason.REFERENCE_STANDARD_MISSING, None),
        ("N2", Reason.READER_CALL_MISSING, "R1"),
        ("N2", Reason.MODEL_SCORE_MISSING, MODEL),
    ]


def test_without_a_model_no_score_is_missing():
    unscored = StudyTable(readers=("R1", "R2"), rows=(node(1, 1, score=None),))
    assert missing_values(unscored) == []
    half = node(1, 1, score_metastasis=None, score_ene=0.5)
    assert len(missing_values(StudyTable(readers=("R1", "R2"), rows=(half,)))) == 1


category = st.one_of(st.none(), st.integers(0, 2))
score = st.one_of(st.none(), st.floats(0, 1))


@given(st.lists(st.tuples(category, category, score)), st.sampled_from(list(MissingCalls)))
def test_every_node_is_used_or_counted_as_left_out(values, calls):
    rows = [
        node(k, truth, {"R1": call, "R2": 0}, score=value)
        for k, (truth, call, value) in enumerate(values)
    ]
    for endpoint in Endpoint:
        nodes = nodes_of(rows, endpoint, MissingRule(calls=calls))
        assert len(nodes) + sum(entry.n for entry in nodes.left_out) == len(rows)
        for side in (MODEL, "R1"):
            alone = common_nodes(nodes, [side])
            assert len(alone) + sum(entry.n for entry in alone.left_out) == len(nodes)
        used = common_nodes(nodes, [MODEL, "R1"])
        assert len(used) <= used.available[MODEL]
        # No value stands where none was given, except a call that counts as wrong.
        for side in (MODEL, "R1"):
            assert not any(map(math.isnan, scores(used, side, ReaderView.ORDINAL)))
        if calls is not MissingCalls.AS_WRONG:
            assert len(used) <= used.available["R1"]
            most = max((entry.n for entry in used.left_out), default=0)
            total = sum(entry.n for entry in used.left_out)
            assert most <= len(nodes) - len(used) <= total
