"""Statistics library: unbiased (U-statistic) covariance of AUCs on the same nodes."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from readerstudy.statistics.delong import to_nested
from readerstudy.statistics.inputs import (
    BoolArray,
    FloatArray,
    checked_curves,
    checked_labels,
)
from readerstudy.statistics.results import Covariance, Status
from readerstudy.statistics.roc import placements_checked

FEWEST = 2
PAIRS_AT_ONCE = 4_000_000


def unbiased_covariance(labels: npt.ArrayLike, curves: Mapping[str, npt.ArrayLike]) -> Covariance:
    """Return AUCs and the unbiased estimate of their covariance matrix.

    cov(A, B) = A B - mean of psi_A(i, j) psi_B(k, l) over i != k, j != l: the last term is an
    unbiased estimate of the product of the two true areas. The diagonal can be negative in very
    small samples. Work grows with positives x negatives x curves, unlike DeLong's matrix.

    Parameters
    ----------
    labels : array_like, shape (nodes,)
        1 disease present, 0 absent.
    curves : mapping of str to array_like, shape (nodes,)
        Scores per curve name.

    Returns
    -------
    Covariance
        Status ``variance_undefined`` when a class has one node.

    Raises
    ------
    ValueError
        If an array does not fit the nodes or holds missing values.

    References
    ----------
    Gallas BD. Acad Radiol 2006;13:353. doi:10.1016/j.acra.2005.11.030
    Gallas BD et al. Commun Stat Theory Methods 2009;38:2586. doi:10.1080/03610920802610084
    """
    present = checked_labels(labels)
    names, scores = checked_curves(curves, n_nodes=present.size)
    m, n = int(present.sum()), int((~present).sum())
    placed = [placements_checked(present, row) for row in scores]
    aucs = [curve.auc for curve in placed if curve.auc is not None]
    matrix = None
    status = Status.OK if aucs else Status.CLASS_MISSING
    if aucs and min(m, n) < FEWEST:
        status = Status.VARIANCE_UNDEFINED
    elif aucs:
        rows = np.stack([curve.positive for curve in placed]) * n
        columns = np.stack([curve.negative for curve in placed]) * m
        total = np.array(aucs) * m * n
        apart = np.outer(total, total) - rows @ rows.T - columns @ columns.T
        apart += pair_products(present, scores)
        products = np.outer(aucs, aucs)
        matrix = to_nested(products - apart / (m * (m - 1) * n * (n - 1)))
    return Covariance(
        names=names,
        estimates=tuple(aucs) if aucs else None,
        matrix=matrix,
        method="unbiased",
        n=m + n,
        n_positive=m,
        n_negative=n,
        status=status,
    )


def pair_products(present: BoolArray, scores: FloatArray) -> FloatArray:
    """Sum psi_A(i, j) psi_B(i, j) over all pairs, shape (curves, curves).

    Parameters
    ----------
    present : ndarray of bool, shape (nodes,)
    scores : ndarray of float64, shape (curves, nodes)
    """
    positive, negative = scores[:, present], scores[:, ~present]
    sums = np.zeros((len(scores), len(scores)))
    step = max(1, PAIRS_AT_ONCE // max(1, negative.shape[1] * len(scores)))
    for start in range(0, positive.shape[1], step):
        part = positive[:, start : start + step, None]
        won = (part > negative[:, None, :]) + 0.5 * (part == negative[:, None, :])
        flat = won.reshape(len(scores), -1)
        sums += flat @ flat.T
    return sums
