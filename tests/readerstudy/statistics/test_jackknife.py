"""Jackknife by node and patient: reference suites, brute force, undefined cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readerstudy.statistics import delong
from readerstudy.statistics.contrasts import linear_contrast
from readerstudy.statistics.jackknife import node_jackknife, patient_jackknife
from readerstudy.statistics.results import Status
from tests.readerstudy.statistics.reference import cases, close, close_matrix


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("clustered/clustered_auc.json"))
def test_deleting_patients_agrees_with_the_reference(case):
    curves = {name: case["scores"][name] for name in case["curves"]}
    cov = patient_jackknife(case["labels"], curves, case["cluster"])
    close_matrix(cov.matrix, case["expected"]["jackknife_covariance"])
    weights = dict(zip(case["curves"], case["contrast"], strict=True))
    contrast = linear_contrast(cov, weights)
    close(contrast.estimate, case["expected"]["contrast_estimate"])
    close(contrast.standard_error, case["expected"]["contrast_se_jackknife_cluster"])


def brute_force(labels, curves, groups):
    labels, groups = np.asarray(labels), np.asarray(groups)
    deleted = [
        [
            delong.single(labels[groups != g], np.asarray(row)[groups != g]).estimate
            for g in np.unique(groups)
        ]
        for row in curves.values()
    ]
    g = len(np.unique(groups))
    return (g - 1) ** 2 / g * np.cov(deleted)


def study(seed, patients):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, patients, 40)
    labels = (rng.random(40) < 0.5).astype(int)
    case = rng.integers(0, 4, 40)
    curves = {"a": case + labels, "b": rng.integers(0, 3, 40) + case}
    return labels, curves, groups


@pytest.mark.parametrize("seed", range(5))
def test_closed_forms_equal_deleting_one_by_one(seed):
    labels, curves, groups = study(seed, 9)
    cov = patient_jackknife(labels, curves, groups.tolist())
    assert np.array(cov.matrix) == pytest.approx(brute_force(labels, curves, groups), rel=1e-9)
    nodes = node_jackknife(labels, curves)
    expected = brute_force(labels, curves, np.arange(40))
    assert np.array(nodes.matrix) == pytest.approx(expected, rel=1e-9)


def test_undefined_cases_are_named():
    one_patient_positive = patient_jackknife([1, 1, 0, 0], {"a": [1, 2, 3, 4]}, "xxyz")
    assert one_patient_positive.status is Status.TOO_FEW_PATIENTS
    assert one_patient_positive.matrix is None
    assert one_patient_positive.estimates == (0.0,)
    contrast = linear_contrast(one_patient_positive, {"a": 1.0})
    assert (contrast.estimate, contrast.status) == (0.0, Status.TOO_FEW_PATIENTS)
    assert contrast.test.p_two_sided is None
    assert node_jackknife([1, 0, 0], {"a": [1, 2, 3]}).status is Status.VARIANCE_UNDEFINED
    for method in (node_jackknife([1], {"a": [2]}), patient_jackknife([1], {"a": [2]}, ["x"])):
        assert (method.status, method.estimates) == (Status.CLASS_MISSING, None)


def test_constant_scores_have_no_variance():
    cov = node_jackknife([1, 1, 0, 0], {"a": [5, 5, 5, 5]})
    assert cov.matrix == ((0.0,),)
    assert linear_contrast(cov, {"a": 1.0}).status is Status.ZERO_VARIANCE_NONZERO_DIFFERENCE


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="patients must have length"):
        patient_jackknife([1, 0], {"a": [1, 2]}, ["x"])


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_order_labels_of_patients_and_monotone_scores_do_not_matter(seed, random):
    labels, curves, groups = study(seed, 6)
    order = random.sample(range(40), 40)
    one = patient_jackknife(labels, curves, groups.tolist())
    mixed = {name: np.exp(row[order]) for name, row in curves.items()}
    two = patient_jackknife(labels[order], mixed, [f"p{g}" for g in groups[order]])
    assert one.status is two.status
    if one.matrix is not None:
        assert np.array(one.matrix) == pytest.approx(np.array(two.matrix), rel=1e-8, abs=1e-14)
        assert np.linalg.eigvalsh(np.array(one.matrix)).min() > -1e-14
