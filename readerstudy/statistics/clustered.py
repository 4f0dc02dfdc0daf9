"""Statistics library: AUC of nodes clustered in patients (Obuchowski 1997), and contrasts."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from readerstudy.statistics.delong import auc_estimate, to_nested
from readerstudy.statistics.inputs import (
    DEFAULT_LEVEL,
    BoolArray,
    FloatArray,
    Identifiers,
    IntArray,
    checked_curves,
    checked_labels,
    checked_level,
    group_indices,
)
from readerstudy.statistics.results import AucEstimate, Comparison, Covariance, Status
from readerstudy.statistics.roc import placements_checked
from readerstudy.statistics.tails import ROUNDING, comparison

FEWEST_PATIENTS_PER_CLASS = 2
FEW_PATIENTS = 40
"""Below this many patients the interval covers less than it says and a report must warn."""


@dataclass(frozen=True, kw_only=True)
class Components:
    """The parts of Obuchowski's covariance; each matrix has shape (curves, curves).

    Attributes
    ----------
    s10, s01, s11 : tuple of tuple of float
        Sums of squares of patients' positive nodes, negative nodes, and their products.
    n_patients, n_patients_positive, n_patients_negative : int
        All patients, and those with at least one node of the class.
    """

    s10: tuple[tuple[float, ...], ...]
    s01: tuple[tuple[float, ...], ...]
    s11: tuple[tuple[float, ...], ...]
    n_patients: int
    n_patients_positive: int
    n_patients_negative: int


@dataclass(frozen=True, kw_only=True)
class _PatientSums:
    """Residual placement sums, shape (curves, patients), and patients per class."""

    positive: FloatArray
    negative: FloatArray
    aucs: FloatArray
    n_patients_positive: int
    n_patients_negative: int
    counts: tuple[int, int]


def clustered_covariance(
    labels: npt.ArrayLike, curves: Mapping[str, npt.ArrayLike], patients: Identifiers
) -> tuple[Covariance, Components | None]:
    """Return the AUCs of several curves and their covariance matrix, allowing for patients.

    Parameters
    ----------
    labels : array_like, shape (nodes,)
        1 disease present, 0 absent.
    curves : mapping of str to array_like, shape (nodes,)
        Scores per curve name.
    patients : sequence, length nodes
        Patient of each node; any hashable identifier.

    Returns
    -------
    covariance : Covariance
        Status ``too_few_patients`` when a class lies in fewer than two patients.
    components : Components or None
        None when the covariance is undefined.

    Raises
    ------
    ValueError
        If an array does not fit the nodes or holds missing values.

    References
    ----------
    Obuchowski NA. Biometrics 1997;53:567. doi:10.2307/2533958
    """
    present = checked_labels(labels)
    names, scores = checked_curves(curves, n_nodes=present.size)
    indices, n_patients = _checked_patients(patients, present.size)
    sums = _patient_sums(present, scores, indices, n_patients)
    status = _status(sums)
    components = None
    matrix = None
    if sums is not None and status is Status.OK:
        components = _components(sums, n_patients)
        matrix = to_nested(_combine(components, sums.counts))
    return (
        Covariance(
            names=names,
            estimates=tuple(map(float, sums.aucs)) if sums is not None else None,
            matrix=matrix,
            method="obuchowski_clustered",
            n=int(present.size),
            n_positive=int(present.sum()),
            n_negative=int((~present).sum()),
            status=status,
        ),
        components,
    )


def _checked_patients(patients: Identifiers, n_nodes: int) -> tuple[IntArray, int]:
    if len(patients) != n_nodes:
        raise ValueError(f"patients must have length {n_nodes}, not {len(patients)}")
    return group_indices(patients)


def _status(sums: _PatientSums | None) -> Status:
    if sums is None:
        return Status.CLASS_MISSING
    fewest = min(sums.n_patients_positive, sums.n_patients_negative)
    return Status.OK if fewest >= FEWEST_PATIENTS_PER_CLASS else Status.TOO_FEW_PATIENTS


def _patient_sums(
    present: BoolArray, scores: FloatArray, indices: IntArray, n_patients: int
) -> _PatientSums | None:
    if present.all() or not present.any():
        return None
    of_positive, of_negative = indices[present], indices[~present]
    positive, negative, aucs = [], [], []
    for row in scores:
        placed = placements_checked(present, row)
        auc = float(placed.auc or 0.0)
        # X_i - m_i A and Y_i - n_i A as sums of residuals: constant placements give exact zeros.
        positive.append(np.bincount(of_positive, placed.positive - auc, n_patients))
        negative.append(np.bincount(of_negative, placed.negative - auc, n_patients))
        aucs.append(auc)
    return _PatientSums(
        positive=np.stack(positive),
        negative=np.stack(negative),
        aucs=np.array(aucs),
        n_patients_positive=np.unique(of_positive).size,
        n_patients_negative=np.unique(of_negative).size,
        counts=(int(present.sum()), int((~present).sum())),
    )


def _components(sums: _PatientSums, n_patients: int) -> Components:
    m, n = sums.counts
    i10, i01 = sums.n_patients_positive, sums.n_patients_negative
    # Obuchowski 1997, eqs. 6 to 8.
    s10 = i10 / ((i10 - 1) * m) * (sums.positive @ sums.positive.T)
    s01 = i01 / ((i01 - 1) * n) * (sums.negative @ sums.negative.T)
    s11 = n_patients / (n_patients - 1) * (sums.positive @ sums.negative.T)
    return Components(
        s10=to_nested(s10),
        s01=to_nested(s01),
        s11=to_nested(s11),
        n_patients=n_patients,
        n_patients_positive=i10,
        n_patients_negative=i01,
    )


def _combine(components: Components, counts: tuple[int, int]) -> FloatArray:
    m, n = counts
    s10, s01, s11 = (np.array(part) for part in (components.s10, components.s01, components.s11))
    return np.asarray(s10 / m + s01 / n + (s11 + s11.T) / (m * n), dtype=np.float64)


def clustered_auc(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    patients: Identifiers,
    *,
    level: float = DEFAULT_LEVEL,
) -> AucEstimate:
    """Estimate one AUC with Obuchowski's variance for nodes clustered in patients.

    Parameters
    ----------
    labels, scores : array_like, shape (nodes,)
    patients : sequence, length nodes
    level : float
        Confidence level.

    Returns
    -------
    AucEstimate
        Wald interval cut at [0, 1], the limits as computed beside it.

    Raises
    ------
    ValueError
        If the arrays do not fit, hold missing values, or the level is out of range.
    """
    checked_level(level)
    cov, _ = clustered_covariance(labels, {"curve": scores}, patients)
    auc = cov.estimates[0] if cov.estimates is not None else None
    result = auc_estimate(
        auc,
        _exact_zero(cov.matrix[0][0]) if cov.matrix is not None else None,
        counts=(cov.n_positive, cov.n_negative),
        level=level,
        method="obuchowski_wald",
    )
    if cov.status is Status.TOO_FEW_PATIENTS:
        return AucEstimate(**{**vars(result), "status": cov.status})
    return result


def _exact_zero(variance: float) -> float:
    return 0.0 if abs(variance) <= ROUNDING**2 else variance


def clustered_contrast(
    labels: npt.ArrayLike,
    curves: Mapping[str, npt.ArrayLike],
    weights: Mapping[str, float],
    patients: Identifiers,
    *,
    level: float = DEFAULT_LEVEL,
) -> Comparison:
    """Test a linear contrast of AUCs against zero, allowing for patients.

    Parameters
    ----------
    labels : array_like, shape (nodes,)
    curves : mapping of str to array_like, shape (nodes,)
    weights : mapping of str to float
        One weight per curve.
    patients : sequence, length nodes
    level : float
        Confidence level.

    Returns
    -------
    Comparison
        Standard normal reference.

    Raises
    ------
    ValueError
        If the weights do not name exactly the curves, or an array does not fit.
    """
    checked_level(level)
    if set(weights) != set(curves):
        raise ValueError(f"weights must name exactly the curves {sorted(curves)}")
    present = checked_labels(labels)
    names, scores = checked_curves(curves, n_nodes=present.size)
    indices, n_patients = _checked_patients(patients, present.size)
    vector = np.array([weights[name] for name in names], dtype=np.float64)
    sums = _patient_sums(present, scores, indices, n_patients)
    estimate = variance = None
    if sums is not None:
        estimate = float(vector @ sums.aucs)
        if _status(sums) is Status.OK:
            variance = _contrast_variance(sums, vector, n_patients)
    counts = (int(present.sum()), int((~present).sum()))
    result = comparison(estimate, variance, counts=counts, level=level, method="obuchowski_wald")
    if _status(sums) is Status.TOO_FEW_PATIENTS:
        return Comparison(**{**vars(result), "status": Status.TOO_FEW_PATIENTS})
    return result


def _contrast_variance(sums: _PatientSums, vector: FloatArray, n_patients: int) -> float:
    # The contrast of residual sums first: no digits are lost for nearly identical curves.
    weighted = _PatientSums(
        **{
            **vars(sums),
            "positive": (vector @ sums.positive)[None, :],
            "negative": (vector @ sums.negative)[None, :],
        }
    )
    return _exact_zero(float(_combine(_components(weighted, n_patients), sums.counts)[0, 0]))
