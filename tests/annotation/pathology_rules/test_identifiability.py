"""What a report leaves open is the set of labelings consistent with it, no more and no less."""

import json
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings

from annotation.pathology_rules.counting import allotted
from annotation.pathology_rules.identifiability import (
    Choice,
    Identifiability,
    Seen,
    identify,
    judge,
    n_labelings,
    n_sets,
    sets_of,
)
from annotation.pathology_rules.identifiability_json import from_json, to_json
from annotation.pathology_rules.labels import Basis, LabelledNode
from annotation.pathology_rules.report import EneClass
from tests.annotation.pathology_rules.reports import lumped, place, report, rows
from tests.annotation.pathology_rules.truths import truths


def on_ct(where, *sizes_mm, matted=()):
    return [
        LabelledNode(
            number=number,
            own=place(where),
            label=0,
            sad_mm=mm,
            basis=Basis.GUESS,
            matted="lump" if number in matted else "",
        )
        for number, mm in enumerate(sizes_mm, start=1)
    ]


def one_group(counts, *sizes_mm, matted=(), seen=Seen.EVERY_POSITIVE, **fields):
    (group,) = identify(
        report(*rows(L_III=counts), **fields), on_ct("L III", *sizes_mm, matted=matted), seen
    )
    return group


@pytest.mark.parametrize(
    ("counts", "sizes_mm", "expected"),
    [
        ((9, 0, 0), (8, 9, 10), Identifiability.FORCED),
        ((9, 3, 0), (8, 9, 10), Identifiability.FORCED),
        ((9, 5, 0), (8, 9, 10), Identifiability.FORCED),
        ((9, 1, 0), (8, 9, 11), Identifiability.SIZE_MATCHED),
        ((9, 1, 0), (8, 9, 10.9), Identifiability.AMBIGUOUS),
        ((9, 2, 0), (5, 7, 7), Identifiability.SIZE_MATCHED),
        ((9, 2, 0), (5, 5, 7), Identifiability.AMBIGUOUS),
    ],
)
def test_forced_size_matched_or_ambiguous(counts, sizes_mm, expected):
    group = one_group(counts, *sizes_mm)
    assert judge(group, group.metastasis) is expected


def test_a_level_that_was_not_dissected_settles_nothing():
    group = one_group(None, 8, 9)
    assert judge(group, group.metastasis) is Identifiability.NOT_DETERMINABLE
    assert n_labelings(group) is None


def test_the_sets_are_all_choices_of_m_among_n():
    group = one_group((9, 2, 1), 8, 9, 10)
    assert sets_of(group, group.metastasis) == ((1, 2), (1, 3), (2, 3))
    assert sets_of(group, group.ene) == ((1,), (2,), (3,))
    assert n_labelings(group) == 6
    assert sets_of(group, group.metastasis, most=2) is None


def test_unseen_positives_leave_more_open_until_the_negatives_run_out():
    some = {"seen": Seen.SOME_UNSEEN}
    group = one_group((9, 2, 0), 8, 9, 10, **some)
    assert group.metastasis == Choice(fewest=0, fewest_unmatted=0, most=2)
    assert n_sets(group, group.metastasis) == 1 + 3 + 3
    group = one_group((4, 2, 0), 8, 9, 10, **some)
    assert group.metastasis == Choice(fewest=1, fewest_unmatted=1, most=2)
    group = one_group((3, 3, 0), 8, 9, **some)
    assert judge(group, group.metastasis) is Identifiability.FORCED
    group = one_group((2, 2, 0), 8, 9, 10, **some)
    assert group.metastasis == Choice(fewest=0, fewest_unmatted=0, most=2)


def test_a_matted_lump_may_make_up_the_count_alone():
    group = one_group((9, 3, 0), 8, 9, 10, 11, matted=(3, 4))
    assert sets_of(group, group.metastasis) == ((3, 4), (1, 3, 4), (2, 3, 4), (1, 2, 3, 4))
    group = one_group((9, 2, 0), 8, 9, 10, 11, matted=(3, 4))
    assert (1, 2) in sets_of(group, group.metastasis)
    assert (1,) not in sets_of(group, group.metastasis)


def test_ene_that_is_not_counted_may_be_in_any_metastasis_or_in_none():
    group = one_group((9, 2, None), 8, 9, 10, ene_class=EneClass.MINOR)
    assert group.ene == Choice(fewest=0, fewest_unmatted=0, most=2)
    group = one_group((9, 2, None), 8, 9, 10, ene_class=EneClass.NONE)
    assert judge(group, group.ene) is Identifiability.FORCED


def test_lumped_levels_are_one_group():
    levels = lumped("a", "L III", "L IV", counts=(9, 1, 0))
    second = replace(on_ct("L IV", 9)[0], number=2)
    (group,) = identify(report(*levels), [*on_ct("L III", 8), second])
    assert group.nodes == (1, 2)
    assert n_sets(group, group.metastasis) == 2


@settings(deadline=None)
@given(truths())
def test_what_really_is_positive_is_always_among_the_sets(truth):
    """Whatever CT shows of a consistent truth is allowed once positives may be unseen."""
    groups = identify(truth.report, truth.labelling.nodes, Seen.SOME_UNSEEN)
    of_places = {
        one.group.places: one.nodes for one in allotted(truth.report, truth.labelling.nodes)
    }
    for group in groups:
        if group.metastasis is None or any(unit.is_matted for unit in group.units):
            continue
        nodes = of_places[group.places]
        positive = sum(node.is_metastatic for node in nodes)
        with_ene = sum(node.has_ene for node in nodes)
        assert group.metastasis.allows(plain=positive, matted=0)
        assert group.ene.allows(plain=with_ene, matted=0)


@settings(deadline=None)
@given(truths())
def test_counting_is_listing(truth):
    for group in identify(truth.report, truth.labelling.nodes):
        if group.metastasis is None or len(group.units) > 9:
            continue
        positive = sets_of(group, group.metastasis)
        with_ene = sets_of(group, group.ene)
        assert len(set(positive)) == len(positive) == n_sets(group, group.metastasis) > 0
        assert len(set(with_ene)) == len(with_ene) == n_sets(group, group.ene) > 0
        pairs = product(positive, with_ene)
        assert n_labelings(group) == sum(set(inner) <= set(outer) for outer, inner in pairs) > 0


@settings(deadline=None)
@given(truths())
def test_the_stored_form_comes_back(truth):
    groups = identify(truth.report, truth.labelling.nodes)
    text = to_json(groups, Seen.EVERY_POSITIVE)
    assert from_json(text) == (groups, Seen.EVERY_POSITIVE)


def test_the_stored_form_lists_sets_up_to_a_bound_and_counts_them_beyond():
    stored = json.loads(to_json([one_group((40, 1, 0), 8, 9)], Seen.EVERY_POSITIVE))
    (found,) = stored["groups"]
    assert found["metastasis"]["sets"] == [[1], [2]]
    assert found["metastasis"]["identifiability"] == "ambiguous"
    many = json.loads(to_json([one_group((40, 10, 0), *range(8, 28))], Seen.EVERY_POSITIVE))
    (found,) = many["groups"]
    assert found["metastasis"]["sets"] is None
    assert found["metastasis"]["n_sets"] == 184_756


@pytest.mark.parametrize("text", ["{}", "[]", '{"format":2,"groups":[],"seen":"x"}', "no"])
def test_a_strange_stored_form_is_refused(text):
    with pytest.raises(ValueError, match=r"\w"):
        from_json(text)
