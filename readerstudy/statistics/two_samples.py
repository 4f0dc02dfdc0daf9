"""Statistics library: two independent samples: Student, Welch and Mann-Whitney."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from readerstudy.statistics.inputs import DEFAULT_LEVEL, FloatArray, checked_level
from readerstudy.statistics.results import Interval, Status, TestResult
from readerstudy.statistics.tails import (
    ROUNDING,
    normal_test,
    t_quantile,
    t_test,
    undefined_test,
    wald_interval,
)

FEWEST = 2
EXACT_BELOW = 50
"""The rule takes the exact Mann-Whitney test when both samples are smaller and untied."""
MOST_FOR_EXACT = 200
"""Largest number of values for which the exact distribution is computed at all."""
QUARTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, kw_only=True)
class SampleSummary:
    """One sample; quantiles (minimum, quartiles, maximum) interpolate linearly (R type 7)."""

    n: int
    mean: float | None
    standard_deviation: float | None
    quantiles: tuple[float, ...] | None


@dataclass(frozen=True, kw_only=True)
class MannWhitney:
    """Mann-Whitney test, two-sided.

    Attributes
    ----------
    u : float
        U of the first sample (R's W).
    asymptotic_p : float or None
        Normal approximation with tie and continuity correction.
    asymptotic_uncorrected_p : float or None
        The same without continuity correction.
    exact_p : float or None
        Permutation distribution of the mid-ranks, P(|U - E| >= |u - E|); conditional on ties.
        None beyond 200 values.
    p : float or None
        The one the rule prints: exact when both samples have fewer than 50 values and nothing is
        tied, else asymptotic with continuity correction.
    """

    u: float
    has_ties: bool
    asymptotic_p: float | None
    asymptotic_uncorrected_p: float | None
    exact_p: float | None
    p: float | None
    status: Status


@dataclass(frozen=True, kw_only=True)
class TwoSamples:
    """Means and ranks of two independent samples compared (first minus second)."""

    first: SampleSummary
    second: SampleSummary
    difference: float | None
    student: TestResult
    student_interval: Interval | None
    welch: TestResult
    welch_interval: Interval | None
    mann_whitney: MannWhitney | None
    status: Status


def two_samples(
    first: npt.ArrayLike, second: npt.ArrayLike, *, level: float = DEFAULT_LEVEL
) -> TwoSamples:
    """Compare two independent samples of a quantity.

    Student: t = (mean_1 - mean_2)/sqrt(s_p^2 (1/n_1 + 1/n_2)), n_1 + n_2 - 2 df. Welch:
    t = (mean_1 - mean_2)/sqrt(s_1^2/n_1 + s_2^2/n_2), Satterthwaite's df.

    Parameters
    ----------
    first, second : array_like, shape (values,)
        Without missing values.
    level : float
        Confidence level of the difference of the means.

    Returns
    -------
    TwoSamples
        Status ``too_few_nodes`` when a sample has fewer than two values (no t test),
        ``zero_variance_...`` when both samples are constant.

    Raises
    ------
    ValueError
        If a sample has more than one axis or holds missing values.

    References
    ----------
    Welch BL. Biometrika 1947;34:28. doi:10.1093/biomet/34.1-2.28
    Mann HB, Whitney DR. Ann Math Stat 1947;18:50. doi:10.1214/aoms/1177730491
    """
    checked_level(level)
    one, two = _checked(first, "first"), _checked(second, "second")
    difference = float(one.mean() - two.mean()) if one.size and two.size else None
    status = _status(one, two, difference)
    student: tuple[TestResult, Interval | None] = (undefined_test(status, "t"), None)
    welch = student
    if status is Status.OK and difference is not None:
        student = _student(one, two, difference, level)
        welch = _welch(one, two, difference, level)
    return TwoSamples(
        first=_summary(one),
        second=_summary(two),
        difference=difference,
        student=student[0],
        student_interval=student[1],
        welch=welch[0],
        welch_interval=welch[1],
        mann_whitney=mann_whitney(one, two) if one.size and two.size else None,
        status=status,
    )


def _checked(values: npt.ArrayLike, name: str) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"{name} must have one axis (values), not shape {array.shape}")
    if np.isnan(array).any():
        raise ValueError(f"{name} holds missing values; leave them out and count them first")
    return array


def _status(one: FloatArray, two: FloatArray, difference: float | None) -> Status:
    if min(one.size, two.size) < FEWEST:
        return Status.TOO_FEW_NODES
    if np.ptp(one) == 0 and np.ptp(two) == 0:
        equal = abs(difference or 0.0) <= ROUNDING
        return (
            Status.ZERO_VARIANCE_ZERO_DIFFERENCE
            if equal
            else Status.ZERO_VARIANCE_NONZERO_DIFFERENCE
        )
    return Status.OK


def _summary(values: FloatArray) -> SampleSummary:
    return SampleSummary(
        n=values.size,
        mean=float(values.mean()) if values.size else None,
        standard_deviation=float(values.std(ddof=1)) if values.size >= FEWEST else None,
        quantiles=tuple(map(float, np.quantile(values, QUARTILES))) if values.size else None,
    )


def _student(
    one: FloatArray, two: FloatArray, difference: float, level: float
) -> tuple[TestResult, Interval]:
    df = one.size + two.size - 2
    pooled = ((one.size - 1) * one.var(ddof=1) + (two.size - 1) * two.var(ddof=1)) / df
    error = math.sqrt(float(pooled) * (1 / one.size + 1 / two.size))
    return t_test(difference / error, df), _interval(difference, error, df, "student", level)


def _welch(
    one: FloatArray, two: FloatArray, difference: float, level: float
) -> tuple[TestResult, Interval]:
    parts = float(one.var(ddof=1)) / one.size, float(two.var(ddof=1)) / two.size
    total = sum(parts)
    df = total**2 / (parts[0] ** 2 / (one.size - 1) + parts[1] ** 2 / (two.size - 1))
    error = math.sqrt(total)
    return t_test(difference / error, df), _interval(difference, error, df, "welch", level)


def _interval(difference: float, error: float, df: float, method: str, level: float) -> Interval:
    return wald_interval(
        difference,
        error,
        quantile=t_quantile(level, df),
        level=level,
        method=method,
        bounds=(-math.inf, math.inf),
    )


def mann_whitney(one: FloatArray, two: FloatArray) -> MannWhitney:
    """Compare the ranks of two samples, each of at least one value.

    U = R_1 - n_1 (n_1 + 1)/2 from mid-ranks; variance n_1 n_2/12 (N + 1 - sum(t^3 - t)/(N(N - 1))).

    Parameters
    ----------
    one, two : ndarray of float64, shape (values,)

    Returns
    -------
    MannWhitney
        All p values None (``zero_variance_zero_difference``) when every value is equal.
    """
    ranks = stats.rankdata(np.concatenate([one, two]))
    n, total = one.size, one.size + two.size
    u = float(ranks[:n].sum()) - n * (n + 1) / 2
    ties = np.unique(ranks, return_counts=True)[1].astype(np.float64)
    has_ties = bool((ties > 1).any())
    variance = n * two.size / 12 * (total + 1 - (ties**3 - ties).sum() / (total * (total - 1)))
    if ties.size == 1:
        return MannWhitney(
            u=u,
            has_ties=has_ties,
            asymptotic_p=None,
            asymptotic_uncorrected_p=None,
            exact_p=None,
            p=None,
            status=Status.ZERO_VARIANCE_ZERO_DIFFERENCE,
        )
    distance = abs(u - n * two.size / 2)
    corrected = normal_test(max(distance - 0.5, 0.0) / math.sqrt(variance)).p_two_sided
    exact = _exact_p(ranks, n) if total <= MOST_FOR_EXACT else None
    use_exact = not has_ties and max(n, two.size) < EXACT_BELOW
    return MannWhitney(
        u=u,
        has_ties=has_ties,
        asymptotic_p=corrected,
        asymptotic_uncorrected_p=normal_test(distance / math.sqrt(variance)).p_two_sided,
        exact_p=exact,
        p=exact if use_exact else corrected,
        status=Status.OK,
    )


def _exact_p(ranks: FloatArray, n: int) -> float:
    """Sum the permutation distribution of the first sample's rank sum (ranks doubled: whole)."""
    doubled = np.rint(2 * ranks).astype(np.int64)
    highest = int(np.sort(doubled)[-n:].sum())
    ways = np.zeros((n + 1, highest + 1))
    ways[0, 0] = 1.0
    for value in doubled.tolist():
        # Backwards, so that each value is used at most once.
        for chosen in range(n, 0, -1):
            ways[chosen, value:] += ways[chosen - 1, : highest + 1 - value]
    sums = np.arange(highest + 1)
    # Twice the rank sum times N against its mean n * sum: all whole numbers.
    centre = n * int(doubled.sum())
    distances = np.abs(sums * ranks.size - centre)
    observed = abs(int(doubled[:n].sum()) * ranks.size - centre)
    tail = ways[n][distances >= observed].sum()
    return min(1.0, float(tail / ways[n].sum()))
