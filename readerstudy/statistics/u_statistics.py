"""Statistics library: mean area over random readers and cases by U-statistics (Gallas 2009)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from readerstudy.statistics.inputs import (
    DEFAULT_LEVEL,
    BoolArray,
    FloatArray,
    checked_curves,
    checked_labels,
    checked_level,
)
from readerstudy.statistics.results import Interval, Status, TestResult
from readerstudy.statistics.roc import placements_checked
from readerstudy.statistics.tails import (
    normal_quantile,
    normal_test,
    t_quantile,
    t_test,
    undefined_test,
    wald_interval,
)
from readerstudy.statistics.unbiased import PAIRS_AT_ONCE

FEWEST = 2
LARGEST_T_DF = 50
"""Beyond this many degrees of freedom the reference is the normal distribution."""
CHANCE = 0.5

# Rows: biased sums of products to sums over index sets that are all different
# (Gallas 2009, eq. 12): for one reader, and the same with a second reader.
_ONE_READER = np.array([[1, 0, 0, 0], [-1, 1, 0, 0], [-1, 0, 1, 0], [1, -1, -1, 1]])
_TO_UNBIASED = np.block(
    [[_ONE_READER, np.zeros((4, 4), dtype=np.int64)], [-_ONE_READER, _ONE_READER]]
)


@dataclass(frozen=True, kw_only=True)
class UStatisticEffect:
    """A reader-averaged area, or the difference of two, readers and cases both random.

    Attributes
    ----------
    covariance : float or None
        For a difference: the covariance of the two means.
    variance : float or None
        Unbiased, hence possibly negative (then no test: ``variance_negative``).
    degrees_of_freedom : float or None
        Satterthwaite over readers, positives and negatives; not below the smallest of them.
    test : TestResult
        Area against 1/2, difference against 0; t with the df cut to a whole number, normal
        beyond 50.
    """

    first: str
    second: str
    estimate: float | None
    covariance: float | None
    variance: float | None
    degrees_of_freedom: float | None
    interval: Interval | None
    test: TestResult
    status: Status


@dataclass(frozen=True, kw_only=True)
class _Moments:
    covariance: float
    components: FloatArray


def u_statistics(
    labels: npt.ArrayLike,
    treatments: Mapping[str, Mapping[str, npt.ArrayLike]],
    *,
    level: float = DEFAULT_LEVEL,
) -> tuple[UStatisticEffect, ...]:
    """Estimate reader-averaged areas and their differences with unbiased variances.

    Parameters
    ----------
    labels : array_like, shape (nodes,)
        1 disease present, 0 absent.
    treatments : mapping of str to mapping of str to array_like
        Scores of shape (nodes,) per treatment and reader; every reader in every treatment.
    level : float
        Confidence level.

    Returns
    -------
    tuple of UStatisticEffect
        First each treatment (``first == second``), then each pair.

    Raises
    ------
    ValueError
        If the readers differ between treatments or an array does not fit.

    References
    ----------
    Gallas BD et al. Commun Stat Theory Methods 2009;38:2586. doi:10.1080/03610920802610084
    Obuchowski NA, Gallas BD, Hillis SL. Acad Radiol 2012;19:1508. doi:10.1016/j.acra.2012.09.012
    """
    checked_level(level)
    present = checked_labels(labels)
    readers = {tuple(curves) for curves in treatments.values()}
    if len(readers) != 1:
        raise ValueError(f"treatments must each list the same readers in order, not {readers}")
    names = tuple(treatments)
    scores = {name: checked_curves(treatments[name], n_nodes=present.size)[1] for name in names}
    counts = (len(next(iter(readers))), int(present.sum()), int((~present).sum()))
    status = _status(counts)
    areas = {
        name: float(np.mean([placements_checked(present, row).auc for row in scores[name]]))
        for name in names
        if status is not Status.CLASS_MISSING
    }
    pairs = [(a, a) for a in names]
    pairs += [(a, b) for k, a in enumerate(names) for b in names[k + 1 :]]
    if status is not Status.OK:
        return tuple(_undefined(pair, areas, status) for pair in pairs)
    moments = {pair: _moments(present, scores[pair[0]], scores[pair[1]]) for pair in pairs}
    return tuple(_effect(pair, areas, moments, counts, level) for pair in pairs)


def _status(counts: tuple[int, int, int]) -> Status:
    if min(counts[1:]) < 1:
        return Status.CLASS_MISSING
    if counts[0] < FEWEST:
        return Status.TOO_FEW_READERS
    return Status.OK if min(counts[1:]) >= FEWEST else Status.VARIANCE_UNDEFINED


def _sums(present: BoolArray, first: FloatArray, second: FloatArray) -> FloatArray:
    """Sum products of pair scores: same pair, same positive, same negative, any; two blocks.

    The first four sums are over one reader, the last four over all pairs of readers.
    """
    one, two = ([placements_checked(present, row) for row in part] for part in (first, second))
    m, n = one[0].positive.size, one[0].negative.size
    rows = [np.stack([curve.positive for curve in part]) * n for part in (one, two)]
    columns = [np.stack([curve.negative for curve in part]) * m for part in (one, two)]
    same_reader, any_reader = _pair_sums(present, first, second)
    totals = [part.sum(axis=1) for part in rows]
    own = [
        same_reader,
        (rows[0] * rows[1]).sum(),
        (columns[0] * columns[1]).sum(),
        totals[0] @ totals[1],
    ]
    across = [
        any_reader,
        rows[0].sum(axis=0) @ rows[1].sum(axis=0),
        columns[0].sum(axis=0) @ columns[1].sum(axis=0),
        totals[0].sum() * totals[1].sum(),
    ]
    return np.array(own + across, dtype=np.float64)


def _pair_sums(present: BoolArray, first: FloatArray, second: FloatArray) -> tuple[float, float]:
    negatives = first[:, None, ~present], second[:, None, ~present]
    positives = first[:, present], second[:, present]
    step = max(1, PAIRS_AT_ONCE // max(1, negatives[0].size))
    own = across = 0.0
    for start in range(0, positives[0].shape[1], step):
        one, two = (
            (part[:, start : start + step, None] > other)
            + 0.5 * (part[:, start : start + step, None] == other)
            for part, other in zip(positives, negatives, strict=True)
        )
        own += float((one * two).sum())
        across += float((one.sum(axis=0) * two.sum(axis=0)).sum())
    return own, across


def _moments(present: BoolArray, first: FloatArray, second: FloatArray) -> _Moments:
    r, m, n = len(first), int(present.sum()), int((~present).sum())
    one = np.array([m * n, m * n * n, n * m * m, m * m * n * n], dtype=np.float64)
    sizes = np.concatenate([r * one, r * r * one])
    sums = _sums(present, first, second)
    apart, apart_sizes = _TO_UNBIASED @ sums, _TO_UNBIASED @ sizes
    moments = apart / apart_sizes
    coefficients = apart_sizes / sizes[-1]
    coefficients[-1] -= 1
    plain = sums / sizes
    # Biased moments keep the three components that carry the degrees of freedom non-negative:
    # same negative, same positive, same reader, each minus nothing shared.
    components = np.array([plain[6], plain[5], plain[3]]) - plain[7]
    return _Moments(covariance=float(coefficients @ moments), components=components)


def _effect(
    pair: tuple[str, str],
    areas: Mapping[str, float],
    moments: Mapping[tuple[str, str], _Moments],
    counts: tuple[int, int, int],
    level: float,
) -> UStatisticEffect:
    first, second = pair
    single = first == second
    own = moments[pair]
    variance, components, covariance = own.covariance, own.components, None
    estimate, null = areas[first], CHANCE
    if not single:
        one, two = moments[first, first], moments[second, second]
        covariance = own.covariance
        variance = one.covariance + two.covariance - 2 * covariance
        components = one.components + two.components - 2 * components
        estimate, null = areas[first] - areas[second], 0.0
    if variance <= 0:
        status = Status.VARIANCE_NEGATIVE if variance < 0 else Status.ZERO_VARIANCE
        result = _undefined(pair, areas, status)
        return UStatisticEffect(**{**vars(result), "covariance": covariance, "variance": variance})
    df = _degrees_of_freedom(variance, components, counts)
    standard_error = math.sqrt(variance)
    normal = df > LARGEST_T_DF
    z, whole = (estimate - null) / standard_error, math.floor(df) if not normal else 0
    return UStatisticEffect(
        first=first,
        second=second,
        estimate=estimate,
        covariance=covariance,
        variance=variance,
        degrees_of_freedom=df,
        interval=wald_interval(
            estimate,
            standard_error,
            quantile=normal_quantile(level) if normal else t_quantile(level, whole),
            level=level,
            method="u_statistic_bdg",
            bounds=(-math.inf, math.inf),
        ),
        test=normal_test(z) if normal else t_test(z, whole),
        status=Status.OK,
    )


def _degrees_of_freedom(
    variance: float, components: FloatArray, counts: tuple[int, int, int]
) -> float:
    # Satterthwaite over negatives, positives and readers: component^2 / units^2 / units.
    own = np.array([counts[2] - 1, counts[1] - 1, counts[0] - 1], dtype=np.float64)
    spread = float((components**2 / own**3).sum())
    return max(variance**2 / spread, float(own.min())) if spread > 0 else math.inf


def _undefined(
    pair: tuple[str, str], areas: Mapping[str, float], status: Status
) -> UStatisticEffect:
    first, second = pair
    estimate = None
    if areas:
        estimate = areas[first] if first == second else areas[first] - areas[second]
    return UStatisticEffect(
        first=first,
        second=second,
        estimate=estimate,
        covariance=None,
        variance=None,
        degrees_of_freedom=None,
        interval=None,
        test=undefined_test(status, "t"),
        status=status,
    )
