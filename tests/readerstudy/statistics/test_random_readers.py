"""Readers as a sample against the model: reference suite, published and hand values."""

import math

import pytest

from readerstudy.statistics import delong
from readerstudy.statistics.contrasts import linear_contrast
from readerstudy.statistics.jackknife import node_jackknife
from readerstudy.statistics.random_readers import (
    mean_of_readers,
    readers_minus_model,
    readers_minus_model_fixed_cases,
)
from readerstudy.statistics.results import Covariance, Status
from tests.readerstudy.statistics.reference import cases, close, close_interval

P = {"rel": 1e-6, "absolute": 0.0}


def curves_of(case):
    readers = case["scores_readers"]
    named = readers if isinstance(readers, dict) else dict(enumerate(readers))
    return {str(name): scores for name, scores in named.items()}


LOOSE = {"rel": 1e-8, "absolute": 1e-11}


def check_test(result, wanted, statistic):
    close(result.standard_error, wanted["se"], **LOOSE)
    close(result.test.statistic, wanted[statistic], **LOOSE)
    close(result.test.p_two_sided, wanted["p"], **P)
    close_interval(result.interval, wanted["lower"], wanted["upper"], **LOOSE)


@pytest.mark.golden
@pytest.mark.parametrize(
    ("method", "estimator"), [("delong", delong.covariance), ("jackknife", node_jackknife)]
)
@pytest.mark.parametrize("case", cases("mrmc/readers_vs_ai.json"))
def test_readers_against_the_model_agree_with_the_reference(case, method, estimator):
    readers, expected = curves_of(case), case["expected"]
    cov = estimator(case["labels"], {"ai": case["scores_ai"], **readers})
    names = list(readers)
    result = readers_minus_model(cov, names, model="ai")
    close(result.estimate, expected["difference_readers_minus_ai"], rel=1e-8)
    close(result.ms_reader, expected["MSR"], rel=1e-8)
    close(result.cov2, expected[method]["cov2"], **LOOSE)
    close(result.degrees_of_freedom, expected[method]["rrrc"]["df"], rel=1e-8)
    check_test(result, expected[method]["rrrc"], "t")
    fixed = linear_contrast(cov, {"ai": -1} | {name: 1 / len(names) for name in names})
    check_test(fixed, expected[method]["frrc"], "z")
    over_readers = readers_minus_model_fixed_cases(cov, names, model="ai")
    assert over_readers.degrees_of_freedom == expected["rrfc"]["df"]
    close(over_readers.test.statistic, expected["rrfc"]["t"], **LOOSE)
    close(over_readers.test.p_two_sided, expected["rrfc"]["p"], **P)
    close_interval(
        over_readers.interval, expected["rrfc"]["lower"], expected["rrfc"]["upper"], **LOOSE
    )
    published = case.get("published")
    if published and method == "jackknife":
        assert result.test.statistic == pytest.approx(published["t"], abs=5.1e-8)
        assert result.degrees_of_freedom == pytest.approx(published["df"], abs=5.1e-5)
        assert result.test.p_two_sided == pytest.approx(published["p"], abs=5.1e-8)


def covariance(estimates, matrix, names=("model", "a", "b")):
    return Covariance(
        names=names,
        estimates=estimates,
        matrix=matrix,
        method="delong",
        n=10,
        n_positive=5,
        n_negative=5,
        status=Status.OK,
    )


def test_values_computed_by_hand():
    # Readers 0.8 and 0.6: MSR 0.02; cov2 0.01: se = sqrt((0.02 + 2 * 0.01) / 2), df = 4.
    matrix = ((0.0, 0.0, 0.0), (0.0, 0.03, 0.01), (0.0, 0.01, 0.03))
    result = mean_of_readers(covariance((0.9, 0.8, 0.6), matrix), ["a", "b"])
    assert result.estimate == pytest.approx(0.7)
    assert result.standard_error == pytest.approx(math.sqrt(0.02))
    assert result.degrees_of_freedom == pytest.approx(4)


def test_a_negative_covariance_counts_as_zero():
    matrix = ((0.0, 0.0, 0.0), (0.0, 0.03, -0.01), (0.0, -0.01, 0.03))
    result = mean_of_readers(covariance((0.9, 0.8, 0.6), matrix), ["a", "b"])
    assert result.standard_error == pytest.approx(math.sqrt(0.02 / 2))
    assert result.degrees_of_freedom == pytest.approx(1)


def test_undefined_cases_are_named():
    matrix = ((0.1, 0.0, 0.0), (0.0, 0.1, 0.0), (0.0, 0.0, 0.1))
    cov = covariance((0.9, 0.7, 0.7), matrix)
    assert mean_of_readers(cov, ["a"]).status is Status.TOO_FEW_READERS
    assert mean_of_readers(cov, ["a", "b"]).status is Status.ZERO_VARIANCE
    assert mean_of_readers(cov, ["a", "b"]).estimate == pytest.approx(0.7)
    fixed = readers_minus_model_fixed_cases(cov, ["a", "b"], model="model")
    assert (fixed.status, fixed.test.p_two_sided) == (Status.ZERO_VARIANCE, None)
    alone = readers_minus_model_fixed_cases(cov, ["a"], model="model")
    assert alone.status is Status.TOO_FEW_READERS
    with pytest.raises(ValueError, match="not among"):
        readers_minus_model(cov, ["a", "b"], model="other")
