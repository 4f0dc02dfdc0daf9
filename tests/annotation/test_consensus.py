"""Two labels become agreement, disagreement, or nothing yet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.consensus import LABELS, SOURCES, Outcome, anonymous_order, consensus
from cohorts.vocabulary import NOT_DETERMINABLE, NodeCategory

labels = st.sampled_from(sorted(LABELS))
maybe = st.none() | labels
words = st.tuples(maybe, maybe)


@pytest.mark.parametrize(
    ("first", "second", "discussed", "decision", "outcome", "label"),
    [
        (None, None, (None, None), None, Outcome.WAITING, None),
        (1, None, (None, None), None, Outcome.WAITING, None),
        (1, None, (2, 2), 1, Outcome.WAITING, None),
        (0, 0, (None, None), None, Outcome.AGREED, 0),
        (9, 9, (None, None), None, Outcome.AGREED, 9),
        (2, 2, (1, 1), 0, Outcome.AGREED, 2),
        (0, 2, (None, None), None, Outcome.TO_DISCUSS, None),
        (0, 2, (2, None), None, Outcome.TO_DISCUSS, None),
        (1, 9, (9, 9), None, Outcome.AGREED_IN_DISCUSSION, 9),
        (0, 2, (2, 2), 1, Outcome.AGREED_IN_DISCUSSION, 2),
        (0, 2, (0, 2), None, Outcome.TO_ADJUDICATE, None),
        (0, 2, (2, 0), None, Outcome.TO_ADJUDICATE, None),
        (0, 2, (0, 2), 1, Outcome.ADJUDICATED, 1),
        (1, 9, (None, None), 9, Outcome.ADJUDICATED, 9),
    ],
)
def test_outcomes(first, second, discussed, decision, outcome, label):
    found = consensus(first, second, decision, discussed=discussed)
    assert (found.outcome, found.label) == (outcome, label)


@given(maybe, maybe, words, maybe)
def test_annotators_are_interchangeable(first, second, said, decision):
    assert consensus(first, second, decision, discussed=said) == consensus(
        second, first, decision, discussed=said[::-1]
    )


@given(labels, words, maybe)
def test_an_agreement_stands_whatever_anybody_says_or_decides(label, said, decision):
    found = consensus(label, label, decision, discussed=said)
    assert (found.outcome, found.label) == (Outcome.AGREED, label)


@given(maybe, maybe, words, maybe)
def test_there_is_a_final_label_exactly_when_the_outcome_is_final(first, second, said, decision):
    found = consensus(first, second, decision, discussed=said)
    assert found.is_final == (found.outcome in SOURCES)
    assert found.is_final or found.category is None


@given(labels, labels, words, maybe)
def test_the_final_label_was_given_by_somebody(first, second, said, decision):
    found = consensus(first, second, decision, discussed=said)
    assert found.label is None or found.label in {first, second, decision, *said}


def test_not_determinable_is_final_but_no_category():
    found = consensus(NOT_DETERMINABLE, NOT_DETERMINABLE)
    assert found.is_final
    assert found.category is None
    assert consensus(2, 2).category is NodeCategory.METASTASIS_ENE


@pytest.mark.parametrize("arguments", [(3, 0, None), (0, -1, None), (0, 1, 8)])
def test_an_unknown_label_is_refused(arguments):
    with pytest.raises(ValueError, match="is no label"):
        consensus(*arguments)


def test_an_unknown_label_in_the_discussion_is_refused():
    with pytest.raises(ValueError, match="discussed_second=3 is no label"):
        consensus(0, 1, discussed=(0, 3))


@given(st.text(min_size=1), st.binary(min_size=1))
def test_the_order_of_the_two_is_fixed_per_node(node, key):
    once = anonymous_order("one", "two", node=node, key=key)
    assert once == anonymous_order("one", "two", node=node, key=key)
    assert set(once) == {"one", "two"}
    assert anonymous_order("two", "one", node=node, key=key) == once[::-1]


def test_neither_annotator_is_mostly_a():
    orders = [anonymous_order(0, 1, node=f"node {n}", key=b"secret")[0] for n in range(400)]
    assert 150 < sum(orders) < 250


def test_the_order_depends_on_the_secret():
    def order(key):
        return [anonymous_order(0, 1, node=f"node {n}", key=key) for n in range(64)]

    assert order(b"secret") != order(b"another")


def test_an_order_without_a_secret_is_refused():
    with pytest.raises(ValueError, match="key is empty"):
        anonymous_order(0, 1, node="n", key=b"")
