"""Statistics library: empirical ROC curve, mid-rank placements and the area under it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from readerstudy.statistics.inputs import (
    BoolArray,
    FloatArray,
    IntArray,
    checked_labels,
    checked_scores,
)


@dataclass(frozen=True, kw_only=True)
class Placements:
    """Placement values of one curve.

    Attributes
    ----------
    positive : ndarray of float64, shape (positives,)
        Share of negatives below each positive, ties one half (V10 of DeLong 1988).
    negative : ndarray of float64, shape (negatives,)
        Share of positives above each negative, ties one half (V01).
    auc : float or None
        Area under the curve, from an exact integer count; None when a class is missing.
    """

    positive: FloatArray
    negative: FloatArray
    auc: float | None


@dataclass(frozen=True, kw_only=True)
class RocPoint:
    """One point of the empirical curve: called positive when score >= threshold.

    ``threshold`` None means plus infinity: nothing is called positive.
    """

    threshold: float | None
    true_positives: int
    false_positives: int


@dataclass(frozen=True, kw_only=True, eq=False)
class RocCurve:
    """Every point of the empirical curve as columns, from plus infinity to the lowest score.

    Attributes
    ----------
    thresholds : ndarray of float64, shape (points,)
        Descending; the first is plus infinity, then each distinct observed score.
    true_positives, false_positives : ndarray of int64, shape (points,)
    """

    thresholds: FloatArray
    true_positives: IntArray
    false_positives: IntArray

    def __len__(self) -> int:
        return len(self.thresholds)

    @property
    def n_positive(self) -> int:
        """Nodes with disease."""
        return int(self.true_positives[-1])

    @property
    def n_negative(self) -> int:
        """Nodes without disease."""
        return int(self.false_positives[-1])

    def threshold(self, at: int) -> float | None:
        """Return a threshold, None for plus infinity."""
        return float(self.thresholds[at]) if at else None

    def point(self, at: int) -> RocPoint:
        """Return one point of the curve."""
        return RocPoint(
            threshold=self.threshold(at),
            true_positives=int(self.true_positives[at]),
            false_positives=int(self.false_positives[at]),
        )


def placements(labels: npt.ArrayLike, scores: npt.ArrayLike) -> Placements:
    """Compute placement values in O(n log n).

    Parameters
    ----------
    labels : array_like, shape (nodes,)
        1 disease present, 0 absent.
    scores : array_like, shape (nodes,)
        A higher score is more suspicious; the curve is never flipped.

    Returns
    -------
    Placements

    Raises
    ------
    ValueError
        If the arrays do not fit or hold missing values.

    References
    ----------
    DeLong ER et al. Biometrics 1988;44:837. doi:10.2307/2531595
    Sun X, Xu W. IEEE Signal Process Lett 2014;21:1389. doi:10.1109/LSP.2014.2337313
    """
    present = checked_labels(labels)
    return placements_checked(present, checked_scores(scores, n_nodes=present.size))


def placements_checked(present: BoolArray, scores: FloatArray) -> Placements:
    """Compute placement values of arrays that were checked before."""
    positive, negative = scores[present], scores[~present]
    m, n = positive.size, negative.size
    if not m or not n:
        return Placements(positive=np.empty(0), negative=np.empty(0), auc=None)
    of_positive, of_negative = np.argsort(positive), np.argsort(negative)
    sorted_positive, sorted_negative = positive[of_positive], negative[of_negative]
    # Twice the count keeps ties (one half) in integers, so equal curves give equal bits. Needles
    # in ascending order keep the search within the processor's cache.
    below, not_above = np.empty(m, dtype=np.int64), np.empty(n, dtype=np.int64)
    below[of_positive] = np.searchsorted(
        sorted_negative, sorted_positive, "left"
    ) + np.searchsorted(sorted_negative, sorted_positive, "right")
    not_above[of_negative] = np.searchsorted(
        sorted_positive, sorted_negative, "left"
    ) + np.searchsorted(sorted_positive, sorted_negative, "right")
    return Placements(
        positive=below / (2.0 * n),
        negative=(2 * m - not_above) / (2.0 * m),
        auc=int(below.sum()) / (2 * m * n),
    )


def roc_curve(labels: npt.ArrayLike, scores: npt.ArrayLike) -> RocCurve:
    """Return the empirical curve as columns.

    Parameters
    ----------
    labels : array_like, shape (nodes,)
        1 disease present, 0 absent.
    scores : array_like, shape (nodes,)

    Returns
    -------
    RocCurve

    Raises
    ------
    ValueError
        If the arrays do not fit or hold missing values.
    """
    present = checked_labels(labels)
    values = checked_scores(scores, n_nodes=present.size)
    order = np.argsort(-values, kind="stable")
    ordered, hits = values[order], present[order]
    last_of_tie = (
        np.append(ordered[1:] != ordered[:-1], True) if ordered.size else np.empty(0, bool)
    )
    none = np.zeros(1, dtype=np.int64)
    return RocCurve(
        thresholds=np.concatenate([[np.inf], ordered[last_of_tie]]),
        true_positives=np.concatenate([none, np.cumsum(hits)[last_of_tie]]),
        false_positives=np.concatenate([none, np.cumsum(~hits)[last_of_tie]]),
    )


def roc_points(labels: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[RocPoint, ...]:
    """Return every point of the empirical curve, from plus infinity to the lowest score.

    Parameters
    ----------
    labels, scores : array_like, shape (nodes,)
        As for ``roc_curve``.

    Returns
    -------
    tuple of RocPoint
        Descending thresholds: plus infinity, then each distinct observed score.

    Raises
    ------
    ValueError
        If the arrays do not fit or hold missing values.
    """
    curve = roc_curve(labels, scores)
    return tuple(curve.point(at) for at in range(len(curve)))
