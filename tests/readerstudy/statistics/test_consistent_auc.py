"""The range of AUCs over all assignments equals what trying every assignment gives."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readerstudy.statistics.consistent_auc import consistent_auc, identified_auc, n_assignments
from readerstudy.statistics.consistent_auc_within import NestedGroup, consistent_auc_within
from readerstudy.statistics.consistent_labels import LabelGroup, PositiveUnits
from readerstudy.statistics.results import Status
from readerstudy.statistics.roc import placements


def exactly(n):
    return PositiveUnits(fewest=n, fewest_plain=n, most=n)


def singles(*nodes, positive):
    return LabelGroup(units=tuple((node,) for node in nodes), positive=positive)


def sets_of(group, positive):
    """Every set of units allowed, by trying all."""
    units = range(len(group.units))
    for size in range(len(group.units) + 1):
        for chosen in combinations(units, size):
            if positive.allows(size, has_absorbing=bool(group.absorbing & set(chosen))):
                yield chosen


def nodes_of(group, chosen):
    return [node for at in chosen for node in group.units[at]]


def all_aucs(scores, groups):
    for parts in product(*(list(sets_of(group, group.positive)) for group in groups)):
        labels = np.zeros(len(scores), dtype=int)
        for group, chosen in zip(groups, parts, strict=True):
            labels[nodes_of(group, chosen)] = 1
        yield placements(labels, scores).auc


def all_aucs_within(scores, groups):
    def labelled(group):
        for analysed in sets_of(group.analysed, group.analysed.positive):
            for positive in sets_of(group.analysed, group.positive):
                if set(positive) <= set(analysed):
                    yield (
                        nodes_of(group.analysed, positive),
                        nodes_of(group.analysed, set(analysed) - set(positive)),
                    )

    for parts in product(*(list(labelled(group)) for group in groups)):
        ones = [node for positive, _ in parts for node in positive]
        zeros = [node for _, negative in parts for node in negative]
        labels = [1] * len(ones) + [0] * len(zeros)
        yield placements(labels, np.asarray(scores)[ones + zeros]).auc


@st.composite
def positives(draw, n_units, *, absorbing):
    most = draw(st.integers(0, n_units))
    plain = draw(st.integers(0, most))
    fewest = draw(st.integers(0, plain)) if absorbing else plain
    return PositiveUnits(fewest=fewest, fewest_plain=plain, most=most)


@st.composite
def studies(draw, *, plain=False):
    groups, at = [], 0
    for _ in range(draw(st.integers(1, 3))):
        sizes = draw(st.lists(st.integers(1, 1 if plain else 2), min_size=1, max_size=4))
        units = []
        for size in sizes:
            units.append(tuple(range(at, at + size)))
            at += size
        lumps = (
            frozenset() if plain else frozenset(draw(st.sets(st.sampled_from(range(len(sizes))))))
        )
        known = draw(positives(len(sizes), absorbing=bool(lumps)))
        groups.append(LabelGroup(units=tuple(units), positive=known, absorbing=lumps))
    scores = draw(st.lists(st.integers(0, 5), min_size=at, max_size=at))
    return np.array(scores, dtype=float), groups


@st.composite
def nested_studies(draw, *, plain):
    scores, groups = draw(studies(plain=plain))
    nested = [
        NestedGroup(
            analysed=group,
            positive=draw(positives(len(group.units), absorbing=bool(group.absorbing))),
        )
        for group in groups
    ]
    return scores, nested


@settings(max_examples=200, deadline=None)
@given(studies())
def test_the_range_is_that_of_all_assignments(study):
    scores, groups = study
    tried = list(all_aucs(scores, groups))
    found = consistent_auc(scores, groups)
    assert found.n_assignments == len(tried)
    aucs = [auc for auc in tried if auc is not None]
    assert (found.status is Status.OK) == bool(aucs)
    if aucs:
        assert found.is_exact
        assert found.lowest == pytest.approx(min(aucs), abs=1e-12)
        assert found.highest == pytest.approx(max(aucs), abs=1e-12)


@settings(max_examples=150, deadline=None)
@given(nested_studies(plain=True))
def test_the_range_within_analysed_nodes_is_exact_for_single_nodes(study):
    scores, groups = study
    tried = list(all_aucs_within(scores, groups))
    found = consistent_auc_within(scores, groups)
    aucs = [auc for auc in tried if auc is not None]
    assert (found.status is Status.OK) == bool(aucs)
    if aucs:
        assert found.is_exact
        assert found.n_assignments == len(tried)
        assert found.lowest == pytest.approx(min(aucs), abs=1e-12)
        assert found.highest == pytest.approx(max(aucs), abs=1e-12)


@settings(max_examples=200, deadline=None)
@given(st.booleans().flatmap(lambda plain: nested_studies(plain=plain)))
def test_bounds_hold_for_every_assignment(study):
    scores, groups = study
    aucs = [auc for auc in all_aucs_within(scores, groups) if auc is not None]
    found = consistent_auc_within(scores, groups, most_sizes=0)
    if aucs:
        assert not found.is_exact
        assert found.lowest <= min(aucs) + 1e-12
        assert found.highest >= max(aucs) - 1e-12


def test_bounds_close_in_where_nothing_is_left_open():
    groups = [
        NestedGroup(analysed=singles(0, 1, positive=exactly(2)), positive=exactly(0)),
        NestedGroup(analysed=singles(2, 3, positive=exactly(2)), positive=exactly(2)),
    ]
    scores = [1.0, 3.0, 2.0, 4.0]
    bounded = consistent_auc_within(scores, groups, most_sizes=0)
    exact = consistent_auc_within(scores, groups)
    assert (bounded.lowest, bounded.highest) == (exact.lowest, exact.highest) == (0.75, 0.75)


def test_ten_patients_of_ten_nodes_are_exact_at_once():
    """10^25 assignments: the extremes are the highest and lowest scores of each group."""
    scores = np.random.default_rng(5).normal(size=100)
    groups = [singles(*range(at, at + 10), positive=exactly(5)) for at in range(0, 100, 10)]
    found = consistent_auc(scores, groups)
    labels = np.zeros(100, dtype=int)
    for group in groups:
        labels[group.nodes[np.argsort(scores[group.nodes])[5:]]] = 1
    assert found.highest == pytest.approx(placements(labels, scores).auc)
    assert found.lowest == pytest.approx(placements(1 - labels, scores).auc)
    assert found.n_assignments == 252**10


def test_forced_nodes_and_all_nodes_are_told_apart():
    groups = [
        singles(0, 1, positive=exactly(0)),
        singles(2, 3, positive=exactly(2)),
        singles(4, 5, positive=exactly(1)),
    ]
    scores = [0.1, 0.6, 0.5, 0.9, 0.2, 0.8]
    found = identified_auc([0, 0, 1, 1, 1, 0], scores, groups)
    assert (found.n_nodes, found.n_forced, found.contradicting) == (6, 4, 0)
    assert found.on_forced == 0.75
    assert found.on_all == pytest.approx(5 / 9)
    assert found.range.lowest == pytest.approx(5 / 9)
    assert found.range.highest == pytest.approx(8 / 9)
    other = identified_auc([0, 1, 1, 1, 1, 1], scores, groups)
    assert other.contradicting == 2


def test_one_class_in_every_assignment_has_no_range():
    found = consistent_auc([1.0, 2.0], [singles(0, 1, positive=exactly(0))])
    assert (found.lowest, found.highest) == (None, None)
    assert found.status is Status.CLASS_MISSING
    assert consistent_auc([], []).status is Status.CLASS_MISSING
    assert consistent_auc_within([], []).status is Status.CLASS_MISSING
    nested = [NestedGroup(analysed=singles(0, 1, positive=exactly(2)), positive=exactly(0))]
    for most_sizes in (0, 10):
        found = consistent_auc_within([1.0, 2.0], nested, most_sizes)
        assert found.status is Status.CLASS_MISSING


@pytest.mark.parametrize(
    "groups",
    [
        [singles(0, positive=exactly(0))],
        [singles(0, 1, 1, positive=exactly(0))],
        [singles(0, 2, positive=exactly(0))],
        [singles(0, 1, positive=exactly(3))],
        [singles(0, 1, positive=PositiveUnits(fewest=2, fewest_plain=1, most=2))],
        [LabelGroup(units=((0, 1), ()), positive=exactly(1))],
    ],
)
def test_groups_that_do_not_fit_are_refused(groups):
    with pytest.raises(ValueError, match="groups"):
        consistent_auc([1.0, 2.0], groups)


def test_labels_split_within_a_unit_contradict_it():
    group = LabelGroup(units=((0, 1),), positive=exactly(1), absorbing=frozenset({0}))
    assert group.allows(np.array([True, True]))
    assert not group.allows(np.array([True, False]))
    assert n_assignments([group]) == 1
