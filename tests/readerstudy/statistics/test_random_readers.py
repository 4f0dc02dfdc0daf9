"""Readers as a sample, and clustered McNemar: reference suites and hand values."""

import math

import pytest

from readerstudy.statistics import delong
from readerstudy.statistics.clustered_mcnemar import clustered_mcnemar
from readerstudy.statistics.mcnemar import PairedCounts
from readerstudy.statistics.random_readers import mean_of_readers, readers_minus_model
from readerstudy.statistics.results import Covariance, Status
from tests.readerstudy.statistics.reference import cases, close, close_interval

P = {"rel": 1e-6, "absolute": 0.0}
CELLS = ("both", "first_only", "second_only", "neither")


def curves_of(case):
    readers = case["scores_readers"]
    named = readers if isinstance(readers, dict) else dict(enumerate(readers))
    return {str(name): scores for name, scores in named.items()}


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("mrmc/readers_vs_ai.json"))
def test_readers_against_the_model_agree_with_the_reference(case):
    readers, expected = curves_of(case), case["expected"]
    cov = delong.covariance(case["labels"], {"ai": case["scores_ai"], **readers})
    result = readers_minus_model(cov, list(readers), model="ai")
    close(result.estimate, expected["difference_readers_minus_ai"], rel=1e-8)
    close(result.ms_reader, expected["MSR"], rel=1e-8)
    close(result.cov2, expected["delong"]["cov2"], rel=1e-8, absolute=1e-11)
    wanted = expected["delong"]["rrrc"]
    close(result.standard_error, wanted["se"], rel=1e-8)
    close(result.degrees_of_freedom, wanted["df"], rel=1e-8)
    close(result.test.statistic, wanted["t"], rel=1e-8)
    close(result.test.p_two_sided, wanted["p"], **P)
    close_interval(result.interval, wanted["lower"], wanted["upper"], rel=1e-8, absolute=1e-11)


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
    with pytest.raises(ValueError, match="not among"):
        readers_minus_model(cov, ["a", "b"], model="other")


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("clustered/clustered_mcnemar.json"))
def test_clustered_mcnemar_agrees_with_the_reference(case):
    expected = case["expected"]
    tables = [
        PairedCounts(**dict(zip(CELLS, cells, strict=True)))
        for cells in zip(*(case[cell] for cell in CELLS), strict=True)
    ]
    result = clustered_mcnemar(tables)
    for method in ("obuchowski", "durkalski"):
        test = getattr(result, method)
        close(test.statistic, expected[f"{method}_chi2"])
        close(test.p_two_sided, expected[f"{method}_p"], **P)


def test_clustered_mcnemar_by_hand_and_undefined():
    one = PairedCounts(both=0, first_only=2, second_only=0, neither=0)
    two = PairedCounts(both=1, first_only=0, second_only=1, neither=0)
    # Net 2 and -1: (1/2) * 1 / 5; shares 1 and -1/2: (1/4) / (5/4).
    result = clustered_mcnemar([one, two])
    assert result.obuchowski.statistic == pytest.approx(0.1)
    assert result.durkalski.statistic == pytest.approx(0.2)
    assert clustered_mcnemar([one]).obuchowski.status is Status.TOO_FEW_PATIENTS
    even = PairedCounts(both=1, first_only=1, second_only=1, neither=0)
    status = clustered_mcnemar([even, even]).obuchowski.status
    assert status is Status.ZERO_VARIANCE_ZERO_DIFFERENCE
    with pytest.raises(ValueError, match="at least one node"):
        clustered_mcnemar([PairedCounts(both=0, first_only=0, second_only=0, neither=0)])
