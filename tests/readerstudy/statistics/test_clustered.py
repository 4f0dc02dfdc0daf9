"""Clustered AUC and patient bootstrap: reference suite, hand values, invariants."""

import numpy as np
import pytest
from scipy import stats

from readerstudy.statistics import bootstrap, delong
from readerstudy.statistics.bootstrap import bootstrap_covariance, patient_bootstrap
from readerstudy.statistics.clustered import (
    clustered_auc,
    clustered_contrast,
    clustered_covariance,
)
from readerstudy.statistics.jackknife import patient_jackknife
from readerstudy.statistics.results import Status
from tests.readerstudy.statistics.reference import cases, close, close_matrix


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("clustered/clustered_auc.json"))
def test_clustered_areas_agree_with_the_reference(case):
    expected, labels, patients = case["expected"], case["labels"], case["cluster"]
    curves = {name: case["scores"][name] for name in case["curves"]}
    cov, parts = clustered_covariance(labels, curves, patients)
    assert (parts.n_patients, parts.n_patients_positive, parts.n_patients_negative) == (
        expected["n_clusters"],
        expected["clusters_with_positive"],
        expected["clusters_with_negative"],
    )
    for key, matrix in (("S10", parts.s10), ("S01", parts.s01), ("S11", parts.s11)):
        close_matrix(matrix, expected[key], what=key)
    close_matrix(cov.matrix, expected["covariance_obuchowski"])
    for k, name in enumerate(case["curves"]):
        result = clustered_auc(labels, curves[name], patients)
        close(result.estimate, expected["auc"][k])
        close(result.standard_error, expected["se_obuchowski"][k])
        close(result.interval.lower_unclipped, expected["ci_lower_unclipped"][k])
        close(result.interval.upper_unclipped, expected["ci_upper_unclipped"][k])
    weights = dict(zip(case["curves"], case["contrast"], strict=True))
    result = clustered_contrast(labels, curves, weights, patients)
    close(result.estimate, expected["contrast_estimate"])
    close(result.standard_error, expected["contrast_se_obuchowski"])
    close(result.test.statistic, expected["contrast_z"])
    close(result.test.p_two_sided, expected["contrast_p_two_sided"], rel=1e-6, absolute=0)
    plain = delong.contrast(labels, curves, weights)
    close(plain.standard_error, expected["contrast_se_delong_ignoring_clusters"])


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("clustered/clustered_auc.json")[:1])
def test_the_published_example_is_met_to_its_printed_digits(case):
    published = case["published"]
    curves = {name: case["scores"][name] for name in case["curves"]}
    _, parts = clustered_covariance(case["labels"], curves, case["cluster"])
    assert parts.s10[0][0] == pytest.approx(published["S10_1"], abs=5e-11)
    assert parts.s11[1][0] == pytest.approx(published["S11_21"], abs=5e-11)
    contrast = clustered_contrast(
        case["labels"], curves, {"reader1": -1, "reader2": 1}, case["cluster"]
    )
    assert contrast.interval.lower == pytest.approx(published["ci_difference"][0], abs=5e-5)
    assert contrast.interval.upper == pytest.approx(published["ci_difference"][1], abs=5e-5)
    assert contrast.test.p_two_sided == pytest.approx(published["p"], abs=5e-5)


def test_a_variance_worked_by_hand():
    # Placements of [3, 1 | 2, 0]: V10 - A = (1/4, -1/4), V01 - A = (-1/4, 1/4); patients a, b
    # hold (3, 2) and (1, 0). S10 = S01 = 2/(1*2) * 1/8 = 1/8, S11 = 2 * (-1/8) = -1/4,
    # variance 1/16 + 1/16 + 2 * (-1/4) / 4 = 0.
    result = clustered_auc([1, 1, 0, 0], [3, 1, 2, 0], ["a", "b", "a", "b"])
    assert result.estimate == 0.75
    assert result.variance == 0
    assert result.status is Status.ZERO_VARIANCE


def test_one_node_per_patient_gives_nearly_delong():
    rng = np.random.default_rng(5)
    labels = np.array([1] * 30 + [0] * 70)
    scores = rng.normal(labels, 1)
    alone = clustered_auc(labels, scores, range(100))
    plain = delong.single(labels, scores)
    assert alone.variance == pytest.approx(plain.variance, rel=1e-9)


def test_too_few_patients_are_named():
    result = clustered_auc([1, 1, 0, 0], [3, 1, 2, 0], ["a", "a", "b", "c"])
    assert (result.estimate, result.status) == (0.75, Status.TOO_FEW_PATIENTS)
    assert result.interval is None
    contrast = clustered_contrast([1, 0], {"a": [1, 0]}, {"a": 1}, ["x", "x"])
    assert contrast.status is Status.TOO_FEW_PATIENTS
    assert clustered_auc([1, 1], [1, 2], "ab").status is Status.CLASS_MISSING


def test_equal_curves_differ_by_nothing():
    labels, scores = [1, 1, 0, 0, 1, 0], [3, 1, 2, 0, 5, 4]
    result = clustered_contrast(
        labels, {"a": scores, "b": scores}, {"a": 1, "b": -1}, ["p", "q", "p", "q", "r", "r"]
    )
    assert result.status is Status.ZERO_VARIANCE_ZERO_DIFFERENCE
    assert result.test.p_two_sided == 1


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="patients must have length"):
        clustered_auc([1, 0], [1, 0], ["a"])
    with pytest.raises(ValueError, match="weights must name"):
        clustered_contrast([1, 0], {"a": [1, 0]}, {}, ["a", "b"])


def test_the_bootstrap_is_reproducible_and_close_to_the_formula():
    rng = np.random.default_rng(11)
    patients = np.repeat(np.arange(60), 5)
    labels = (rng.random(300) < 0.4).astype(int)
    scores = rng.normal(labels + rng.normal(0, 0.5, 60)[patients], 1)
    runs = [
        patient_bootstrap(
            labels,
            {"m": scores, "r": (scores > 0.5).astype(int)},
            patients.tolist(),
            generator=np.random.default_rng(3),
            replicates=3000,
            weights={"m": 1, "r": -1},
        )
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    formula = clustered_auc(labels, scores, patients.tolist())
    result = runs[0].estimates["m"]
    assert result.estimate == pytest.approx(formula.estimate, abs=1e-12)
    assert result.standard_error == pytest.approx(formula.standard_error, rel=0.1)
    assert result.interval.lower < formula.estimate < result.interval.upper
    assert runs[0].contrast.n == 60


def test_resamples_without_a_class_are_skipped_and_counted():
    result = patient_bootstrap(
        [1, 0, 0],
        {"m": [3, 1, 2]},
        ["a", "b", "c"],
        generator=np.random.default_rng(1),
        replicates=500,
    )
    # A resample misses patient a with probability (2/3)**3 = 0.296, or holds only a: 1/27.
    assert 0.25 < result.skipped / 500 < 0.42
    empty = patient_bootstrap(
        [1, 1], {"m": [1, 2]}, "ab", generator=np.random.default_rng(1), replicates=10
    )
    assert empty.estimates["m"].status is Status.CLASS_MISSING
    assert empty.skipped == 10


def test_bootstrap_refuses_bad_input():
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="replicates"):
        patient_bootstrap([1, 0], {"m": [1, 2]}, "ab", generator=rng, replicates=1)
    with pytest.raises(ValueError, match="weights must name"):
        patient_bootstrap(
            [1, 0], {"m": [1, 2]}, "ab", generator=rng, replicates=5, weights={"x": 1}
        )


def nodes_in_patients(seed=11, patients=40, per_patient=4):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(patients), per_patient)
    labels = (rng.random(groups.size) < 0.4).astype(int)
    scores = rng.normal(1.5 * labels + rng.normal(0, 0.5, patients)[groups], 1)
    return labels, scores, groups.tolist()


def test_bias_corrected_limits_agree_with_scipy():
    labels, scores, patients = nodes_in_patients()
    ours = patient_bootstrap(
        labels,
        {"m": scores},
        patients,
        generator=np.random.default_rng(5),
        replicates=6000,
        limits="bca",
    ).estimates["m"]
    groups = np.array(patients)

    def area(chosen):
        rows = np.concatenate([np.flatnonzero(groups == g) for g in np.asarray(chosen, dtype=int)])
        return delong.single(labels[rows], scores[rows]).estimate

    theirs = stats.bootstrap(
        (np.unique(groups),),
        area,
        vectorized=False,
        n_resamples=3000,
        method="BCa",
        rng=np.random.default_rng(6),
    )
    assert ours.interval.method == "patient_bootstrap_bca"
    assert ours.interval.lower == pytest.approx(theirs.confidence_interval.low, abs=0.012)
    assert ours.interval.upper == pytest.approx(theirs.confidence_interval.high, abs=0.012)
    plain = patient_bootstrap(
        labels, {"m": scores}, patients, generator=np.random.default_rng(5), replicates=6000
    ).estimates["m"]
    assert plain.standard_error == ours.standard_error
    assert plain.interval.upper > ours.interval.upper


def test_limits_of_a_perfect_curve_are_degenerate_and_a_one_sided_one_is_named():
    perfect = {"generator": np.random.default_rng(1), "replicates": 50, "limits": "bca"}
    result = patient_bootstrap([1, 1, 0, 0], {"m": [4, 3, 2, 1]}, "abcd", **perfect)
    assert result.estimates["m"].interval.degenerate
    lonely = patient_bootstrap([1, 0, 0], {"m": [2, 1, 3]}, "abc", **perfect)
    assert lonely.estimates["m"].status is Status.RESAMPLES_ONE_SIDED
    assert lonely.estimates["m"].interval is None


def test_the_covariance_of_resamples_is_near_the_jackknife():
    labels, scores, patients = nodes_in_patients()
    curves = {"m": scores, "r": (scores > 0.5).astype(int)}
    cov = bootstrap_covariance(
        labels, curves, patients, generator=np.random.default_rng(3), replicates=8000
    )
    expected = np.array(patient_jackknife(labels, curves, patients).matrix)
    assert np.array(cov.matrix) == pytest.approx(expected, rel=0.15)
    empty = bootstrap_covariance(
        [1, 1], {"m": [1, 2]}, "ab", generator=np.random.default_rng(3), replicates=5
    )
    assert (empty.status, empty.matrix) == (Status.CLASS_MISSING, None)


def test_more_patients_than_memory_holds_are_refused(monkeypatch):
    monkeypatch.setattr(bootstrap, "MOST_KERNEL_CELLS", 3)
    with pytest.raises(ValueError, match="clustered_covariance"):
        patient_bootstrap(
            [1, 0], {"m": [2, 1]}, "ab", generator=np.random.default_rng(1), replicates=5
        )
