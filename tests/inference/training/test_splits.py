"""Nested splits: nobody on two sides, everybody tested once, ENE dealt out, refusals."""

import dataclasses
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.training.settings import settings_of
from inference.training.splits import (
    LabelledNode,
    NestedSplits,
    SplitError,
    check_no_leak,
    nested_splits,
)


def nodes_of(kinds):
    """One patient per kind, each with two benign nodes besides."""
    nodes = []
    for number, kind in enumerate(kinds):
        patient = f"P{number:03}"
        nodes += [LabelledNode(patient=patient, metastasis=0, ene=0)] * 2
        nodes.append(LabelledNode(patient=patient, metastasis=int(kind > 0), ene=int(kind == 2)))
    return nodes


KINDS = [2] * 11 + [1] * 12 + [0] * 17
NODES = nodes_of(KINDS)
SETTINGS = settings_of("DeepENE")
SPLITS = nested_splits(NODES, SETTINGS)
PATIENTS = {node.patient for node in NODES}


@st.composite
def cohorts(draw):
    folds, inner = draw(st.integers(2, 5)), draw(st.integers(2, 5))
    enough = st.integers(folds * inner + folds, 40)
    kinds = [2] * draw(enough) + [1] * draw(enough) + [0] * draw(enough)
    kinds = draw(st.permutations(kinds))
    runs, seed = draw(st.integers(1, 5)), draw(st.integers(0, 2**32 - 1))
    settings = settings_of("DeepENE", folds=folds, inner_folds=inner, runs=runs, fold_seed=seed)
    return nodes_of(kinds), settings


@given(cohorts())
def test_no_patient_is_ever_on_two_sides(cohort):
    nodes, settings = cohort
    everyone = {node.patient for node in nodes}
    splits = nested_splits(nodes, settings)
    assert Counter(p for fold in splits.outer for p in fold) == Counter(everyone)
    assert [(m.run, m.fold) for m in splits.members] == list(settings.members())
    for member in splits.members:
        sides = [set(member.training), set(member.validation), set(member.outer)]
        assert all(sides)
        assert sum(map(len, sides)) == len(everyone) == len(set.union(*sides))
        assert sides[2] == set(splits.outer[member.fold])
        assert splits.outer_training(member.fold) == member.outer_training


def test_fold_sizes_and_ene_patients_differ_by_one_at_most():
    for kind in (0, 1, 2):
        own = {f"P{i:03}" for i, k in enumerate(KINDS) if k == kind}
        counts = [len(own & set(fold)) for fold in SPLITS.outer]
        assert max(counts) - min(counts) <= 1
    sizes = [len(fold) for fold in SPLITS.outer]
    assert max(sizes) - min(sizes) <= 1


def test_the_same_nodes_in_any_order_give_the_same_plan():
    assert nested_splits(reversed(NODES), SETTINGS) == SPLITS


def test_another_seed_gives_another_plan():
    other = nested_splits(NODES, dataclasses.replace(SETTINGS, fold_seed=1))
    assert other.outer != SPLITS.outer


def test_runs_share_outer_folds_and_validate_on_others():
    for fold in range(5):
        of_fold = [SPLITS.member(run, fold) for run in range(5)]
        assert len({member.outer for member in of_fold}) == 1
        assert len({member.validation for member in of_fold}) == 5
        first_four = [set(member.validation) for member in of_fold[:4]]
        assert set.union(*first_four) == set(of_fold[0].outer_training)
        assert sum(map(len, first_four)) == len(of_fold[0].outer_training)


def test_the_fold_of_a_patient_is_found():
    assert all(p in SPLITS.outer[SPLITS.fold_of(p)] for p in PATIENTS)
    with pytest.raises(SplitError, match="patient P999 is in no outer fold"):
        SPLITS.fold_of("P999")
    with pytest.raises(SplitError, match="no run 5 fold 0"):
        SPLITS.member(5, 0)


@pytest.mark.parametrize(
    ("kinds", "changes", "sentence"),
    [
        ([2, 1, 0, 0], {}, "4 patients cannot be split into 5 folds"),
        ([2, 1, 0, 0, 0], {"inner_folds": 5}, "too few for 5 inner folds"),
        ([0] * 30, {}, "lacks a metastatic node"),
        ([1] * 30, {}, "lacks a node with ENE"),
        ([2] * 30, {}, "lacks a metastatic node known to be without ENE"),
        ([2] + [1] * 29, {}, "the training side lacks a node with ENE"),
    ],
)
def test_data_that_cannot_be_split_are_refused(kinds, changes, sentence):
    with pytest.raises(SplitError, match=sentence):
        nested_splits(nodes_of(kinds), dataclasses.replace(SETTINGS, **changes))


def test_without_benign_nodes_there_is_nothing_to_learn():
    metastatic = [node for node in NODES if node.metastasis]
    with pytest.raises(SplitError, match="lacks a benign node"):
        nested_splits(metastatic, SETTINGS)


def changed(run, fold, **sides) -> NestedSplits:
    members = tuple(
        dataclasses.replace(m, **sides) if (m.run, m.fold) == (run, fold) else m
        for m in SPLITS.members
    )
    return dataclasses.replace(SPLITS, members=members)


FIRST = SPLITS.member(0, 0)
LEAKS = {
    "outer into training": (
        changed(0, 0, training=(*FIRST.training, FIRST.outer[0])),
        f"patient {FIRST.outer[0]} is on 2 sides",
    ),
    "outer into validation": (
        changed(0, 0, validation=(*FIRST.validation, FIRST.outer[0])),
        f"patient {FIRST.outer[0]} is on 2 sides",
    ),
    "validation into training": (
        changed(0, 0, training=(*FIRST.training, FIRST.validation[0])),
        f"patient {FIRST.validation[0]} is on 2 sides",
    ),
    "a patient left out": (
        changed(0, 0, training=FIRST.training[1:]),
        f"patient {FIRST.training[0]} is on 0 sides",
    ),
    "a stranger": (
        changed(0, 0, training=(*FIRST.training, "P999")),
        "patient P999 is on 1 sides",
    ),
    "another fold's outer": (
        changed(0, 0, outer=SPLITS.outer[1]),
        "its outer patients are not those of its outer fold",
    ),
    "tested twice": (
        dataclasses.replace(SPLITS, outer=(SPLITS.outer[0], *SPLITS.outer[:4])),
        "is in 2 outer folds",
    ),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_leak_is_found_and_the_patient_named(name):
    splits, sentence = LEAKS[name]
    with pytest.raises(SplitError, match=sentence):
        check_no_leak(splits, PATIENTS)
