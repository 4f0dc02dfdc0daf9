"""Out-of-fold scores and thresholds: who may be looked at, and the rules."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.training.member_scores import (
    MemberScores,
    ScoresError,
    mean_validation_logits,
    out_of_fold_logits,
)
from inference.training.settings import settings_of
from inference.training.splits import nested_splits
from inference.training.thresholds import chosen_thresholds, sigmoid, threshold
from tests.inference.training.tiny import tiny_data

SETTINGS = settings_of("DeepENE", folds=3, inner_folds=2, runs=2)
SAMPLES, _ = tiny_data(18)
SPLITS = nested_splits([sample.labels for sample in SAMPLES], SETTINGS)
KEYS = {sample.key: sample for sample in SAMPLES}


def scores_of(seed=0):
    """Draw logits that know a little, for every member's inner validation and outer fold."""
    random, scores = np.random.default_rng(seed), []
    for member in SPLITS.members:
        patients = {*member.validation, *member.outer}
        logits = {
            s.key: (random.normal(2 * s.metastasis), random.normal(2 * s.ene))
            for s in SAMPLES
            if s.patient in patients
        }
        scores.append(MemberScores(run=member.run, fold=member.fold, logits=logits))
    return scores


SCORES = scores_of()


def with_outer_changed(fold):
    """Return the scores with other logits wherever a patient is the outer test of the fold."""
    outer = set(SPLITS.outer[fold])
    return [
        dataclasses.replace(
            one,
            logits={
                k: (-p[0] * 9, -p[1] * 9) if KEYS[k].patient in outer and one.fold == fold else p
                for k, p in one.logits.items()
            },
        )
        for one in SCORES
    ]


def with_labels_changed(fold):
    outer = set(SPLITS.outer[fold])
    return [
        dataclasses.replace(s, metastasis=1, ene=1 - (s.ene or 0)) if s.patient in outer else s
        for s in SAMPLES
    ]


def test_a_node_has_the_mean_of_the_members_that_never_saw_its_patient():
    found = out_of_fold_logits(SAMPLES, SPLITS, SCORES)
    assert set(found) == set(KEYS)
    for key, pair in found.items():
        fold = SPLITS.fold_of(KEYS[key].patient)
        own = [one.logits[key] for one in SCORES if one.fold == fold]
        assert len(own) == 2
        assert pair == pytest.approx(np.mean(own, axis=0))


def test_the_order_of_the_members_changes_no_bit():
    assert out_of_fold_logits(SAMPLES, SPLITS, SCORES[::-1]) == out_of_fold_logits(
        SAMPLES, SPLITS, SCORES
    )


def test_members_that_are_missing_or_incomplete_are_refused():
    with pytest.raises(ScoresError, match="each once"):
        out_of_fold_logits(SAMPLES, SPLITS, SCORES[1:])
    with pytest.raises(ScoresError, match="each once"):
        out_of_fold_logits(SAMPLES, SPLITS, [*SCORES, SCORES[0]])
    key = next(s.key for s in SAMPLES if s.patient in SPLITS.outer[0])
    without = {k: v for k, v in SCORES[0].logits.items() if k != key}
    with pytest.raises(ScoresError, match=f"run 0 fold 0: no logits of node mask {key}"):
        out_of_fold_logits(
            SAMPLES, SPLITS, [dataclasses.replace(SCORES[0], logits=without), *SCORES[1:]]
        )
    broken = {**SCORES[0].logits, key: (float("inf"), 0.0)}
    with pytest.raises(ScoresError, match="not finite"):
        out_of_fold_logits(
            SAMPLES, SPLITS, [dataclasses.replace(SCORES[0], logits=broken), *SCORES[1:]]
        )


def test_validation_logits_are_those_of_members_that_validated_on_the_patient():
    found = mean_validation_logits(SAMPLES, SPLITS, SCORES)
    for key, pair in found.items():
        own = [
            one.logits[key]
            for one in SCORES
            if KEYS[key].patient in SPLITS.member(one.run, one.fold).validation
        ]
        assert pair == pytest.approx(np.mean(own, axis=0))


@pytest.mark.parametrize("fold", range(3))
def test_a_folds_thresholds_never_see_its_outer_patients(fold):
    before = chosen_thresholds(SAMPLES, SPLITS, SCORES, SETTINGS)
    other_scores = chosen_thresholds(SAMPLES, SPLITS, with_outer_changed(fold), SETTINGS)
    assert other_scores == before  # the version's neither: it takes inner validations alone
    other_labels = chosen_thresholds(with_labels_changed(fold), SPLITS, SCORES, SETTINGS)
    assert other_labels.by_fold[fold] == before.by_fold[fold]
    assert other_labels.version != before.version  # they validate in other folds: this bites


@pytest.mark.parametrize("rule", ["youden", "false_positive_rate"])
def test_the_rule_of_the_settings_is_applied(rule):
    settings = dataclasses.replace(SETTINGS, threshold_rule=rule, false_positive_rate=0.1)
    chosen = chosen_thresholds(SAMPLES, SPLITS, SCORES, settings)
    logits = mean_validation_logits(SAMPLES, SPLITS, SCORES)
    keys = sorted(logits)
    values = sigmoid(np.array([logits[k][1] for k in keys]))
    truth = np.array([KEYS[k].ene == 1 for k in keys])
    bound = None if rule == "youden" else 0.1
    assert chosen.version["ene"] == threshold(values, truth, largest_false_positive_rate=bound)
    assert chosen.probabilities()["ene"] == chosen.version["ene"].probability
    assert set(chosen.of_fold(0)) == {"metastasis", "ene"}


def test_unknown_ene_takes_no_part():
    unknown = [
        dataclasses.replace(s, ene=None) if s.ene == 0 and s.metastasis else s for s in SAMPLES
    ]
    found = chosen_thresholds(unknown, SPLITS, SCORES, SETTINGS).version
    known = sum(s.ene is not None for s in unknown if s.key in validated())
    assert found["ene"].positives + found["ene"].negatives == known
    assert found["metastasis"].positives + found["metastasis"].negatives == len(validated())


def validated():
    return set(mean_validation_logits(SAMPLES, SPLITS, SCORES))


def test_without_both_kinds_there_is_no_threshold():
    benign = [dataclasses.replace(s, metastasis=0, ene=0) for s in SAMPLES]
    found = chosen_thresholds(benign, SPLITS, SCORES, SETTINGS)
    assert found.version == {"metastasis": None, "ene": None}
    assert found.probabilities() == {}


def test_youden_on_an_example():
    found = threshold(np.array([0.1, 0.2, 0.6, 0.8]), np.array([False, False, True, True]))
    assert found.probability == pytest.approx(0.4)
    assert (found.sensitivity, found.false_positive_rate) == (1.0, 0.0)


def test_a_fixed_rate_on_an_example():
    values = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    truth = np.array([True, False, True, False, True, False])
    strict = threshold(values, truth, largest_false_positive_rate=0.0)
    third = threshold(values, truth, largest_false_positive_rate=1 / 3)
    assert strict.probability == pytest.approx(0.85)
    assert third.probability == pytest.approx(0.65)
    assert third.sensitivity == pytest.approx(2 / 3)


NODES = st.lists(
    st.tuples(st.integers(0, 12).map(lambda n: n / 12), st.booleans()), min_size=2, max_size=30
)


@given(NODES, st.none() | st.floats(0, 1))
def test_no_other_cut_is_better_and_no_node_lies_on_it(nodes, bound):
    values = np.array([value for value, _ in nodes]) * 0.98 + 0.01
    truth = np.array([is_positive for _, is_positive in nodes])
    found = threshold(values, truth, largest_false_positive_rate=bound)
    if truth.all() or not truth.any():
        assert found is None
        return
    assert found.probability not in values
    called = values >= found.probability
    assert found.sensitivity == pytest.approx(called[truth].mean())
    assert found.false_positive_rate == pytest.approx(called[~truth].mean())
    for cut in (*values, 2.0):
        sensitivity, rate = (values[truth] >= cut).mean(), (values[~truth] >= cut).mean()
        if bound is None:
            assert sensitivity - rate <= found.sensitivity - found.false_positive_rate + 1e-12
        elif rate <= bound:
            assert sensitivity <= found.sensitivity


def test_probabilities_do_not_overflow():
    assert sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist() == [0.0, 0.5, 1.0]
