"""Statistics library: Youden point and false-positive-rate targets, with their real counts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from readerstudy.statistics.inputs import DEFAULT_LEVEL, checked_labels
from readerstudy.statistics.proportions import Proportion, proportion
from readerstudy.statistics.results import Status
from readerstudy.statistics.roc import RocCurve, RocPoint, roc_curve

PERCENT = 100


@dataclass(frozen=True, kw_only=True)
class CountedPoint:
    """Calls against truth: the four counts and the proportions made of them."""

    true_positives: int
    false_negatives: int
    false_positives: int
    true_negatives: int
    sensitivity: Proportion
    specificity: Proportion
    accuracy: Proportion
    ppv: Proportion
    npv: Proportion


@dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """A threshold (None = plus infinity, nothing called positive) with its counts."""

    threshold: float | None
    counts: CountedPoint


@dataclass(frozen=True, kw_only=True)
class YoudenPoint:
    """The point of largest sensitivity + specificity - 1; ties go to the highest threshold."""

    j: float | None
    tied_thresholds: tuple[float | None, ...]
    point: OperatingPoint | None
    status: Status


@dataclass(frozen=True, kw_only=True)
class InterpolatedPoint:
    """A point read off the ROC polygon: it has no numerator, and no node was called so."""

    sensitivity: float
    specificity: float
    accuracy: float


@dataclass(frozen=True, kw_only=True)
class FalsePositiveTarget:
    """A false-positive-rate target: the attainable point, and the interpolated one beside it."""

    target_percent: int
    attainable: OperatingPoint | None
    interpolated: InterpolatedPoint | None
    status: Status


def counted(*, tp: int, fn: int, fp: int, tn: int, level: float = DEFAULT_LEVEL) -> CountedPoint:
    """Return the proportions that follow from four counts.

    Parameters
    ----------
    tp, fn, fp, tn : int
        True positives, false negatives, false positives, true negatives.
    level : float
        Confidence level of the intervals.

    Returns
    -------
    CountedPoint

    Raises
    ------
    ValueError
        If a count is negative.
    """
    return CountedPoint(
        true_positives=tp,
        false_negatives=fn,
        false_positives=fp,
        true_negatives=tn,
        sensitivity=proportion(tp, tp + fn, level=level),
        specificity=proportion(tn, fp + tn, level=level),
        accuracy=proportion(tp + tn, tp + fn + fp + tn, level=level),
        ppv=proportion(tp, tp + fp, level=level),
        npv=proportion(tn, tn + fn, level=level),
    )


def counted_calls(
    labels: npt.ArrayLike, calls: npt.ArrayLike, *, level: float = DEFAULT_LEVEL
) -> CountedPoint:
    """Count binary calls (1 = called positive) against labels.

    Raises
    ------
    ValueError
        If either array holds anything but 0 and 1, or the lengths differ.
    """
    present, called = checked_labels(labels), checked_labels(calls)
    if present.shape != called.shape:
        raise ValueError(f"calls must have shape {present.shape}, not {called.shape}")
    return counted(
        tp=int((present & called).sum()),
        fn=int((present & ~called).sum()),
        fp=int((~present & called).sum()),
        tn=int((~present & ~called).sum()),
        level=level,
    )


def _operating_point(
    point: RocPoint, n_positive: int, n_negative: int, level: float
) -> OperatingPoint:
    return OperatingPoint(
        threshold=point.threshold,
        counts=counted(
            tp=point.true_positives,
            fn=n_positive - point.true_positives,
            fp=point.false_positives,
            tn=n_negative - point.false_positives,
            level=level,
        ),
    )


def youden(
    labels: npt.ArrayLike, scores: npt.ArrayLike, *, level: float = DEFAULT_LEVEL
) -> YoudenPoint:
    """Find the Youden point among all observed scores and plus infinity.

    Parameters
    ----------
    labels, scores : array_like, shape (nodes,)
        Called positive when score >= threshold.
    level : float
        Confidence level of the intervals.

    Returns
    -------
    YoudenPoint
        Maximises TP x N - FP x P in integers; ties give the highest threshold (fewest false
        positives) and are listed. Status ``class_missing`` without both classes.

    Raises
    ------
    ValueError
        If the arrays do not fit or hold missing values.

    References
    ----------
    Youden WJ. Cancer 1950;3:32.
    """
    curve = roc_curve(labels, scores)
    n_positive, n_negative = curve.n_positive, curve.n_negative
    if not n_positive or not n_negative:
        return YoudenPoint(j=None, tied_thresholds=(), point=None, status=Status.CLASS_MISSING)
    gains = curve.true_positives * n_negative - curve.false_positives * n_positive
    best = int(gains.max())
    tied = np.flatnonzero(gains == best).tolist()
    return YoudenPoint(
        j=best / (n_positive * n_negative),
        tied_thresholds=tuple(curve.threshold(at) for at in tied),
        point=_operating_point(curve.point(tied[0]), n_positive, n_negative, level),
        status=Status.OK,
    )


def false_positive_target(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    target_percent: int,
    *,
    level: float = DEFAULT_LEVEL,
) -> FalsePositiveTarget:
    """Find the operating point for a false-positive rate of at most a whole percentage.

    Parameters
    ----------
    labels, scores : array_like, shape (nodes,)
    target_percent : int
        Target false-positive rate in percent, 0 to 100.
    level : float
        Confidence level of the intervals.

    Returns
    -------
    FalsePositiveTarget
        *attainable*: lowest observed threshold with 100 FP <= target x N (integers), plus
        infinity when even the top score exceeds it. *interpolated*: the ROC polygon at exactly
        the target (upper value on a vertical step).

    Raises
    ------
    ValueError
        If the target is not a whole percentage or the arrays do not fit.
    """
    if target_percent != int(target_percent) or not 0 <= target_percent <= PERCENT:
        raise ValueError(f"target_percent must be a whole number 0 to 100, not {target_percent}")
    curve = roc_curve(labels, scores)
    n_positive, n_negative = curve.n_positive, curve.n_negative
    if not n_positive or not n_negative:
        return FalsePositiveTarget(
            target_percent=target_percent,
            attainable=None,
            interpolated=None,
            status=Status.CLASS_MISSING,
        )
    # False positives only grow along the curve, so the allowed points come first.
    n_allowed = int((PERCENT * curve.false_positives <= target_percent * n_negative).sum())
    return FalsePositiveTarget(
        target_percent=target_percent,
        attainable=_operating_point(curve.point(n_allowed - 1), n_positive, n_negative, level),
        interpolated=_interpolated(curve, n_allowed, target_percent),
        status=Status.OK,
    )


def _interpolated(curve: RocCurve, n_allowed: int, target_percent: int) -> InterpolatedPoint:
    n_positive, n_negative = curve.n_positive, curve.n_negative
    left = curve.point(n_allowed - 1)
    hits = float(left.true_positives)
    if n_allowed < len(curve):
        right = curve.point(n_allowed)
        # Integers until the one division, so a target met exactly stays exact.
        excess = target_percent * n_negative - PERCENT * left.false_positives
        width = PERCENT * (right.false_positives - left.false_positives)
        hits += excess * (right.true_positives - left.true_positives) / width
    sensitivity = hits / n_positive
    specificity = 1 - target_percent / PERCENT
    accuracy = (sensitivity * n_positive + specificity * n_negative) / (n_positive + n_negative)
    return InterpolatedPoint(sensitivity=sensitivity, specificity=specificity, accuracy=accuracy)
