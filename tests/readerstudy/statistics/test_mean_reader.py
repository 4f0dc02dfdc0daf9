"""Model against the mean reader: the reference study, hand values, undefined cases, invariants."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from readerstudy.statistics import delong
from readerstudy.statistics.contrasts import linear_contrast
from readerstudy.statistics.jackknife import node_jackknife, patient_jackknife
from readerstudy.statistics.mean_reader import model_against_mean_reader
from readerstudy.statistics.random_readers import (
    readers_minus_model,
    readers_minus_model_fixed_cases,
)
from readerstudy.statistics.results import Status
from tests.readerstudy.statistics.reference import SHARED, close, close_interval, load
from tests.readerstudy.statistics.study_data import READERS, TASKS, study

P = {"rel": 1e-6, "absolute": 0.0}
LOOSE = {"rel": 1e-8, "absolute": 1e-11}
needs_study = pytest.mark.skipif(
    not (SHARED / "study_set2").is_dir(),
    reason="reference study absent: shared/reference/statistics/study_set2",
)


@pytest.mark.golden
@needs_study
@pytest.mark.parametrize("measure", ["sensitivity", "specificity"])
@pytest.mark.parametrize("point", ["youden", "fpr10"])
@pytest.mark.parametrize("task", TASKS)
def test_the_reference_study(task, point, measure):
    expected = load(f"study_set2/expected_{task}.json")
    wanted = expected["reader_mean"][f"{measure}_vs_model"][point]
    labels, scores, calls, patients = study(task)
    threshold = expected["model"]["operating_points"][point]["threshold"]
    chosen = labels if measure == "sensitivity" else ~labels
    model_correct = ((scores >= threshold) == labels)[chosen]
    readers_correct = (calls == labels[:, None])[chosen]
    result = model_against_mean_reader(
        model_correct.astype(int),
        readers_correct.astype(int),
        patients=[who for who, keep in zip(patients, chosen, strict=True) if keep],
    )
    assert result.model.numerator == wanted["model"]["numerator"]
    close(result.reader_mean, wanted["reader_mean"])
    for ours, value in zip(result.reader_values, wanted["reader_values"], strict=True):
        close(ours, value)
    close(result.difference, wanted["difference_model_minus_mean"])
    check_mean(result.node_level, wanted["node_level"])
    assert result.patient_clustered.n == wanted["patient_clustered"]["n_patients"]
    check_mean(result.patient_clustered, wanted["patient_clustered"])
    sample = result.readers_as_sample
    close(sample.t.statistic, wanted["readers_as_sample_t"]["t"], **LOOSE)
    assert sample.t.degrees_of_freedom == wanted["readers_as_sample_t"]["df"]
    close(sample.t.p_two_sided, wanted["readers_as_sample_t"]["p"], **P)
    random, reference = result.random_readers, wanted["obuchowski_rockette_random_readers"]
    close(random.cov2, reference["cov2"], **LOOSE)
    close(random.ms_reader, reference["MSR"], **LOOSE)
    close(random.standard_error, reference["se"], **LOOSE)
    close(random.degrees_of_freedom, reference["df"], **LOOSE)
    close(random.test.statistic, reference["t"], **LOOSE)
    close(random.test.p_two_sided, reference["p"], **P)
    vote, votes = result.majority_vote, wanted["majority_vote_mcnemar"]
    assert vote.majority.numerator == votes["majority"]["numerator"]
    assert (vote.model_only, vote.majority_only) == (votes["model_only"], votes["majority_only"])
    close(vote.test.exact_p, votes["exact_p"], **P)
    close(result.naive.pooled_chi2.p_two_sided, wanted["pooled_unpaired_chi2_p"], **P)
    close(result.naive.pooled_chi2_yates.p_two_sided, wanted["pooled_unpaired_chi2_yates_p"], **P)
    close(result.naive.pooled_fisher_p, wanted["pooled_unpaired_fisher_p"], **P)
    # The reference ranks floats, where 1 - 4/5 and 1/5 differ in their last bit; we rank votes.
    floats = model_correct - readers_correct.mean(axis=1)
    untied = stats.wilcoxon(floats, method="asymptotic", correction=False).pvalue
    close(untied, wanted["wilcoxon_signed_rank_p_asymptotic"], **P)
    votes = np.rint(5 * floats)
    tied = stats.wilcoxon(votes, method="asymptotic", correction=False).pvalue
    close(result.naive.signed_rank_p, tied, **P)
    if len(np.unique(np.abs(floats))) == len(np.unique(np.abs(votes))):
        close(result.naive.signed_rank_p, wanted["wilcoxon_signed_rank_p_asymptotic"], **P)


def check_mean(ours, wanted):
    close(ours.standard_error, wanted["se"])
    close(ours.normal.statistic, wanted["z"])
    close(ours.normal.p_two_sided, wanted["p_normal"], **P)
    close(ours.t.p_two_sided, wanted["p_t"], **P)
    close_interval(ours.interval, wanted["ci_lower"], wanted["ci_upper"])


@pytest.mark.golden
@needs_study
@pytest.mark.parametrize("task", TASKS)
def test_areas_of_the_reference_study_by_jackknife(task):
    expected = load(f"study_set2/expected_{task}.json")
    labels, scores, calls, patients = study(task)
    curves = {"model": scores} | {r: calls[:, k] for k, r in enumerate(READERS)}
    by_patient = patient_jackknife(labels, curves, patients)
    close(
        math.sqrt(by_patient.matrix[0][0]), expected["model"]["patient_jackknife_se"], what="model"
    )
    weights = delong.reader_mean_weights("model", READERS)
    contrast = linear_contrast(by_patient, weights)
    wanted = expected["reader_mean"]["contrast_patient_jackknife"]
    close(contrast.estimate, wanted["estimate_model_minus_mean"])
    close(contrast.standard_error, wanted["se"])
    close(contrast.test.p_two_sided, wanted["p"], **P)
    close_interval(contrast.interval, wanted["ci_lower"], wanted["ci_upper"])
    reference = expected["reader_mean"]["readers_vs_model_hillis"]
    nodes = node_jackknife(labels, curves)
    random = readers_minus_model(nodes, READERS, model="model")
    close(random.cov2, reference["jackknife"]["cov2"], **LOOSE)
    close(random.standard_error, reference["jackknife"]["rrrc"]["se"], **LOOSE)
    close(random.degrees_of_freedom, reference["jackknife"]["rrrc"]["df"], **LOOSE)
    close(random.test.p_two_sided, reference["jackknife"]["rrrc"]["p"], **P)
    fixed = linear_contrast(nodes, weights)
    close(fixed.standard_error, reference["jackknife"]["frrc"]["se"], **LOOSE)
    over_readers = readers_minus_model_fixed_cases(nodes, READERS, model="model")
    close(over_readers.test.statistic, reference["rrfc"]["t"], **LOOSE)
    close(over_readers.test.p_two_sided, reference["rrfc"]["p"], **P)


def test_values_computed_by_hand():
    # d = 1 - 1/2, 1 - 0, 0 - 1/2, 1 - 1 = 1/2, 1, -1/2, 0: mean 1/4, variance 5/12 -> /4.
    result = model_against_mean_reader(
        [1, 1, 0, 1], [[1, 0], [0, 0], [0, 1], [1, 1]], patients=["a", "a", "b", "b"]
    )
    assert result.difference == pytest.approx(0.25)
    assert result.node_level.standard_error == pytest.approx(math.sqrt(5 / 48))
    # Residual sums of patients: 1/4 + 3/4 = 1 and -3/4 - 1/4 = -1: 2/1 * 2/16.
    assert result.patient_clustered.standard_error == pytest.approx(0.5)
    assert result.patient_clustered.t.degrees_of_freedom == 1
    # Two readers right on node 4 only; ties count as wrong.
    assert result.majority_vote.majority.numerator == 1
    assert result.majority_vote.model_only == 2


def test_one_node_per_patient_is_the_node_level_result():
    rng = np.random.default_rng(2)
    model, readers = rng.integers(0, 2, 30), rng.integers(0, 2, (30, 4))
    result = model_against_mean_reader(model, readers, patients=range(30))
    assert result.patient_clustered.standard_error == pytest.approx(
        result.node_level.standard_error
    )


def test_undefined_cases_are_named():
    none = model_against_mean_reader(np.empty(0, int), np.empty((0, 3), int), patients=[])
    assert (none.status, none.difference) == (Status.TOO_FEW_NODES, None)
    assert none.model.status is Status.DENOMINATOR_ZERO
    one = model_against_mean_reader([1], [[0, 1]], patients=["a"])
    assert one.node_level.status is Status.TOO_FEW_NODES
    assert one.naive.signed_rank_p is None
    alone = model_against_mean_reader([1, 0], [[0], [0]], patients=["a", "a"])
    assert alone.random_readers.status is Status.TOO_FEW_READERS
    assert alone.readers_as_sample.status is Status.TOO_FEW_READERS
    assert alone.patient_clustered.status is Status.TOO_FEW_PATIENTS
    same = model_against_mean_reader([1, 0], [[1, 1], [0, 0]])
    assert same.node_level.status is Status.ZERO_VARIANCE_ZERO_DIFFERENCE
    assert same.random_readers.status is Status.ZERO_VARIANCE
    assert same.naive.signed_rank_p == 1
    better = model_against_mean_reader([1, 1], [[0, 0], [0, 0]])
    assert better.node_level.status is Status.ZERO_VARIANCE_NONZERO_DIFFERENCE
    assert better.node_level.normal.p_two_sided is None


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="readers_correct must have shape"):
        model_against_mean_reader([1, 0], [[1, 0]])
    with pytest.raises(ValueError, match="patients must have length"):
        model_against_mean_reader([1, 0], [[1], [0]], patients=["a"])
    with pytest.raises(ValueError, match="labels must be 0"):
        model_against_mean_reader([1, 2], [[1], [0]])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_order_of_nodes_and_readers_does_not_matter_and_wrong_mirrors_right(seed, random):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 15))
    model, readers = rng.integers(0, 2, n), rng.integers(0, 2, (n, 3))
    patients = [int(x) for x in rng.integers(0, 4, n)]
    order, columns = random.sample(range(n), n), random.sample(range(3), 3)
    one = model_against_mean_reader(model, readers, patients=patients)
    two = model_against_mean_reader(
        model[order], readers[order][:, columns], patients=[patients[k] for k in order]
    )
    wrong = model_against_mean_reader(1 - model, 1 - readers, patients=patients)
    for name in ("node_level", "patient_clustered", "random_readers"):
        left, right, mirror = (getattr(r, name) for r in (one, two, wrong))
        assert left.status is right.status is mirror.status
        assert left.estimate == pytest.approx(-mirror.estimate, abs=1e-12)
        if left.standard_error is not None:
            assert left.standard_error == pytest.approx(right.standard_error)
            assert left.standard_error == pytest.approx(mirror.standard_error)
