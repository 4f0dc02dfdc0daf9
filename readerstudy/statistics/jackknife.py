"""Statistics library: jackknife covariance of AUCs, deleting one node or one patient."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from readerstudy.statistics.delong import to_nested
from readerstudy.statistics.inputs import (
    BoolArray,
    FloatArray,
    Identifiers,
    IntArray,
    checked_curves,
    checked_labels,
    group_indices,
)
from readerstudy.statistics.results import Covariance, Status
from readerstudy.statistics.roc import placements_checked

FEWEST = 2


def node_jackknife(labels: npt.ArrayLike, curves: Mapping[str, npt.ArrayLike]) -> Covariance:
    """Return AUCs and their delete-one-node jackknife covariance matrix.

    cov = (N - 1)/N sum (A_(-i) - mean)(A_(-i) - mean)', N = all nodes. The deleted AUCs follow
    from the placements, A_(-i) = (m A - V10_i)/(m - 1), so that nothing is recomputed.

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
    Hillis SL et al. Stat Med 2005;24:1579. doi:10.1002/sim.2024
    """
    present = checked_labels(labels)
    names, scores = checked_curves(curves, n_nodes=present.size)
    m, n = int(present.sum()), int((~present).sum())
    aucs = _aucs(present, scores)
    deleted = None
    if min(m, n) >= FEWEST:
        deleted = np.empty((len(names), m + n))
        for k, row in enumerate(scores):
            placed = placements_checked(present, row)
            area = aucs[k]
            # Deviation from the full area; the common area itself cancels in the covariance.
            deleted[k, :m] = (area - placed.positive) / (m - 1)
            deleted[k, m:] = (area - placed.negative) / (n - 1)
    status = Status.VARIANCE_UNDEFINED if m and n else Status.CLASS_MISSING
    return _result(names, aucs, deleted, (m, n), "jackknife", status)


def patient_jackknife(
    labels: npt.ArrayLike, curves: Mapping[str, npt.ArrayLike], patients: Identifiers
) -> Covariance:
    """Return AUCs and their delete-one-patient jackknife covariance matrix.

    cov = (G - 1)/G sum (A_(-g) - mean)(A_(-g) - mean)', G = patients.

    Parameters
    ----------
    labels : array_like, shape (nodes,)
    curves : mapping of str to array_like, shape (nodes,)
    patients : sequence, length nodes
        Patient of each node; any hashable identifier.

    Returns
    -------
    Covariance
        Status ``too_few_patients`` when one patient holds all nodes of a class.

    Raises
    ------
    ValueError
        If an array does not fit the nodes, holds missing values, or the lengths differ.
    """
    present = checked_labels(labels)
    names, scores = checked_curves(curves, n_nodes=present.size)
    if len(patients) != present.size:
        raise ValueError(f"patients must have length {present.size}, not {len(patients)}")
    indices, n_patients = group_indices(patients)
    m, n = int(present.sum()), int((~present).sum())
    deleted = None
    if m and n:
        deleted = deleted_patient_aucs(present, scores, indices, n_patients)
    status = Status.TOO_FEW_PATIENTS if m and n else Status.CLASS_MISSING
    return _result(names, _aucs(present, scores), deleted, (m, n), "patient_jackknife", status)


def deleted_patient_aucs(
    present: BoolArray, scores: FloatArray, indices: IntArray, n_patients: int
) -> FloatArray | None:
    """Return every AUC without each patient in turn, shape (curves, patients).

    None when leaving a patient out leaves no node of a class.
    """
    positive_of, negative_of = indices[present], indices[~present]
    m_left = positive_of.size - np.bincount(positive_of, minlength=n_patients)
    n_left = negative_of.size - np.bincount(negative_of, minlength=n_patients)
    if not n_patients or min(m_left.min(), n_left.min()) < 1:
        return None
    m, n = positive_of.size, negative_of.size
    deleted = np.empty((len(scores), n_patients))
    for k, row in enumerate(scores):
        placed = placements_checked(present, row)
        total = placed.positive.sum() * n
        # Pairs of the patient's positives with all, of its negatives with all, and inside it.
        own_positives = np.bincount(positive_of, placed.positive, n_patients) * n
        own_negatives = np.bincount(negative_of, placed.negative, n_patients) * m
        inside = _inside_pairs(row[present], row[~present], positive_of, negative_of, n_patients)
        deleted[k] = (total - own_positives - own_negatives + inside) / (m_left * n_left)
    return deleted


def _inside_pairs(
    positive: FloatArray,
    negative: FloatArray,
    positive_of: IntArray,
    negative_of: IntArray,
    n_patients: int,
) -> FloatArray:
    """Sum the pair scores whose two nodes lie in the same patient, shape (patients,)."""
    sums = np.zeros(n_patients)
    by_positive = np.argsort(positive_of, kind="stable")
    by_negative = np.argsort(negative_of, kind="stable")
    starts = np.searchsorted(positive_of[by_positive], np.arange(n_patients + 1))
    begins = np.searchsorted(negative_of[by_negative], np.arange(n_patients + 1))
    for g in range(n_patients):
        one = positive[by_positive[starts[g] : starts[g + 1]]]
        two = np.sort(negative[by_negative[begins[g] : begins[g + 1]]])
        if one.size and two.size:
            below = np.searchsorted(two, one, "left") + np.searchsorted(two, one, "right")
            sums[g] = below.sum() / 2
    return sums


def _aucs(present: BoolArray, scores: FloatArray) -> list[float]:
    areas = [placements_checked(present, row).auc for row in scores]
    return [area for area in areas if area is not None]


def _result(
    names: tuple[str, ...],
    aucs: list[float],
    deleted: FloatArray | None,
    counts: tuple[int, int],
    method: str,
    undefined: Status,
) -> Covariance:
    matrix = None
    if deleted is not None:
        units = deleted.shape[1]
        centred = deleted - deleted.mean(axis=1, keepdims=True)
        matrix = to_nested((units - 1) / units * (centred @ centred.T))
    return Covariance(
        names=names,
        estimates=tuple(aucs) if aucs else None,
        matrix=matrix,
        method=method,
        n=sum(counts),
        n_positive=counts[0],
        n_negative=counts[1],
        status=Status.OK if matrix is not None else undefined,
    )
