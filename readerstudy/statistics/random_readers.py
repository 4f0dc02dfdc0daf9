"""Statistics library: readers taken as a sample, alone and against the model (Hillis 2007)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from readerstudy.statistics.inputs import DEFAULT_LEVEL, FloatArray, checked_level
from readerstudy.statistics.results import Covariance, Interval, Status, TestResult
from readerstudy.statistics.tails import (
    ROUNDING,
    t_quantile,
    t_test,
    undefined_test,
    wald_interval,
)

FEWEST = 2


@dataclass(frozen=True, kw_only=True)
class RandomReaderResult:
    """Mean over readers who are a sample, on cases that are a sample.

    Attributes
    ----------
    estimate : float or None
        Mean AUC, or mean of reader minus model.
    ms_reader : float or None
        Variance of the values between readers.
    cov2 : float or None
        Mean covariance of two readers' values.
    degrees_of_freedom : float or None
        Hillis' degrees of freedom.
    """

    estimate: float | None
    ms_reader: float | None
    cov2: float | None
    standard_error: float | None
    degrees_of_freedom: float | None
    interval: Interval | None
    test: TestResult
    n_readers: int
    status: Status


def mean_of_readers(
    cov: Covariance, readers: Sequence[str], *, level: float = DEFAULT_LEVEL
) -> RandomReaderResult:
    """Estimate the mean AUC of the population the readers come from.

    Parameters
    ----------
    cov : Covariance
        AUCs and covariance matrix, with every reader in it.
    readers : sequence of str
    level : float

    Returns
    -------
    RandomReaderResult
        The test is of a mean of zero and seldom of interest.

    Raises
    ------
    ValueError
        If a reader is not in the covariance.
    """
    weights = np.zeros((len(readers), len(cov.names)))
    for row, reader in enumerate(readers):
        weights[row, _position(cov, reader)] = 1.0
    return _random_readers(cov, weights, level)


def readers_minus_model(
    cov: Covariance, readers: Sequence[str], *, model: str, level: float = DEFAULT_LEVEL
) -> RandomReaderResult:
    """Test the mean of reader minus model, readers and cases both random.

    Parameters
    ----------
    cov : Covariance
        AUCs and covariance matrix, with the model and every reader in it.
    readers : sequence of str
    model : str
    level : float

    Returns
    -------
    RandomReaderResult

    Raises
    ------
    ValueError
        If a curve is not in the covariance.

    References
    ----------
    Hillis SL. Stat Med 2007;26:596, section 5.3. doi:10.1002/sim.2532
    """
    weights = np.zeros((len(readers), len(cov.names)))
    for row, reader in enumerate(readers):
        weights[row, _position(cov, reader)] = 1.0
        weights[row, _position(cov, model)] -= 1.0
    return _random_readers(cov, weights, level)


def readers_minus_model_fixed_cases(
    cov: Covariance, readers: Sequence[str], *, model: str, level: float = DEFAULT_LEVEL
) -> RandomReaderResult:
    """Test the mean of reader minus model with the cases fixed: a one-sample t over the readers.

    t = mean(psi) / sqrt(MSR / J), J - 1 df. The conclusion holds for these cases only. For fixed
    readers use ``contrasts.linear_contrast`` with weights 1/J and -1.

    Parameters
    ----------
    cov : Covariance
        AUCs of the model and every reader; the matrix is not used.
    readers : sequence of str
    model : str
    level : float

    Returns
    -------
    RandomReaderResult
        ``cov2`` is None.

    Raises
    ------
    ValueError
        If a curve is not in the covariance.

    References
    ----------
    Hillis SL. Stat Med 2007;26:596, section 5.3. doi:10.1002/sim.2532
    """
    checked_level(level)
    weights = np.zeros((len(readers), len(cov.names)))
    for row, reader in enumerate(readers):
        weights[row, _position(cov, reader)] = 1.0
        weights[row, _position(cov, model)] -= 1.0
    if cov.estimates is None or len(readers) < FEWEST:
        return _undefined(cov, weights)
    values = weights @ np.array(cov.estimates)
    ms_reader, estimate = float(values.var(ddof=1)), float(values.mean())
    if ms_reader <= ROUNDING**2:
        return _undefined(cov, weights, Status.ZERO_VARIANCE)
    df, standard_error = len(readers) - 1, math.sqrt(ms_reader / len(readers))
    return RandomReaderResult(
        estimate=estimate,
        ms_reader=ms_reader,
        cov2=None,
        standard_error=standard_error,
        degrees_of_freedom=float(df),
        interval=wald_interval(
            estimate,
            standard_error,
            quantile=t_quantile(level, df),
            level=level,
            method="fixed_cases_t",
            bounds=(-math.inf, math.inf),
        ),
        test=t_test(estimate / standard_error, df),
        n_readers=len(readers),
        status=Status.OK,
    )


def _position(cov: Covariance, name: str) -> int:
    if name not in cov.names:
        raise ValueError(f"curve {name} is not among {cov.names}")
    return cov.names.index(name)


def _random_readers(cov: Covariance, weights: FloatArray, level: float) -> RandomReaderResult:
    checked_level(level)
    n_readers = len(weights)
    if cov.estimates is None or cov.matrix is None or n_readers < FEWEST:
        return _undefined(cov, weights)
    values = weights @ np.array(cov.estimates)
    matrix = weights @ np.array(cov.matrix) @ weights.T
    cov2 = float(matrix[~np.eye(n_readers, dtype=bool)].mean())
    ms_reader = float(values.var(ddof=1))
    # Hillis 2007: a negative covariance is set to zero.
    spread = ms_reader + max(n_readers * cov2, 0.0)
    if ms_reader == 0:
        return _undefined(cov, weights, Status.ZERO_VARIANCE)
    df = spread**2 / (ms_reader**2 / (n_readers - 1))
    standard_error, estimate = math.sqrt(spread / n_readers), float(values.mean())
    return RandomReaderResult(
        estimate=estimate,
        ms_reader=ms_reader,
        cov2=cov2,
        standard_error=standard_error,
        degrees_of_freedom=df,
        interval=wald_interval(
            estimate,
            standard_error,
            quantile=t_quantile(level, df),
            level=level,
            method="obuchowski_rockette_hillis",
            bounds=(-math.inf, math.inf),
        ),
        test=t_test(estimate / standard_error, df),
        n_readers=n_readers,
        status=Status.OK,
    )


def _undefined(
    cov: Covariance, weights: FloatArray, status: Status | None = None
) -> RandomReaderResult:
    if status is None:
        status = Status.TOO_FEW_READERS if len(weights) < FEWEST else cov.status
    estimate = None
    if cov.estimates is not None and len(weights):
        estimate = float((weights @ np.array(cov.estimates)).mean())
    return RandomReaderResult(
        estimate=estimate,
        ms_reader=None,
        cov2=None,
        standard_error=None,
        degrees_of_freedom=None,
        interval=None,
        test=undefined_test(status, "t"),
        n_readers=len(weights),
        status=status,
    )
