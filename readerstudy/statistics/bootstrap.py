"""Statistics library: bootstrap of AUCs by patient, from an explicit random generator."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from readerstudy.statistics.delong import to_nested
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
from readerstudy.statistics.jackknife import deleted_patient_aucs
from readerstudy.statistics.results import Covariance, Estimate, Interval, Status

CHUNK = 2000
MOST_KERNEL_CELLS = 200_000_000
"""Patients squared times curves; eight bytes each."""
FEWEST = 2
Limits = Literal["percentile", "bca"]


@dataclass(frozen=True, kw_only=True)
class BootstrapResult:
    """AUC per curve and, if asked for, one contrast; percentile or BCa intervals.

    ``n`` of each estimate counts patients; resamples lacking a class are skipped and counted.
    """

    estimates: dict[str, Estimate]
    contrast: Estimate | None
    replicates: int
    skipped: int


@dataclass(frozen=True, kw_only=True)
class _Study:
    """Checked arrays with the pair scores summed by patient."""

    names: tuple[str, ...]
    present: BoolArray
    scores: FloatArray
    indices: IntArray
    n_patients: int
    kernels: FloatArray
    sizes: tuple[IntArray, IntArray]


def patient_bootstrap(
    labels: npt.ArrayLike,
    curves: Mapping[str, npt.ArrayLike],
    patients: Identifiers,
    *,
    generator: np.random.Generator,
    replicates: int,
    weights: Mapping[str, float] | None = None,
    level: float = DEFAULT_LEVEL,
    limits: Limits = "percentile",
) -> BootstrapResult:
    """Resample patients with replacement and recompute every AUC.

    Parameters
    ----------
    labels : array_like, shape (nodes,)
    curves : mapping of str to array_like, shape (nodes,)
    patients : sequence, length nodes
    generator : numpy.random.Generator
        Its seed belongs in the record of the analysis.
    replicates : int
        Number of resamples, at least 2.
    weights : mapping of str to float, optional
        A linear contrast of the curves.
    level : float
        Confidence level of the intervals.
    limits : {"percentile", "bca"}
        Percentiles of the resamples, or bias-corrected and accelerated ones (acceleration from
        the delete-one-patient jackknife).

    Returns
    -------
    BootstrapResult
        BCa limits are undefined (``resamples_one_sided``) when no resample, or every resample,
        lies below the estimate, or a deleted patient leaves no node of a class.

    Raises
    ------
    ValueError
        If an array does not fit, the weights do not name the curves, or replicates < 2.

    References
    ----------
    Rutter CM. Acad Radiol 2000;7:413. doi:10.1016/S1076-6332(00)80381-5
    Efron B. J Am Stat Assoc 1987;82:171. doi:10.1080/01621459.1987.10478410
    """
    checked_level(level)
    study = _study(labels, curves, patients, replicates)
    names = study.names
    if weights is not None and set(weights) != set(names):
        raise ValueError(f"weights must name exactly the curves {sorted(names)}")
    point = _resampled_aucs(study.kernels, study.sizes, np.ones((1, study.n_patients)))
    drawn = _draw(study.kernels, study.sizes, generator, replicates)
    columns = [np.eye(len(names))[k] for k in range(len(names))]
    if weights is not None:
        columns.append(np.array([weights[name] for name in names]))
    deleted = None
    if limits == "bca" and len(point):
        deleted = deleted_patient_aucs(study.present, study.scores, study.indices, study.n_patients)
    rows = []
    for column in columns:
        row = _summary(point @ column, drawn @ column, study.n_patients, level)
        if limits == "bca" and row.interval is not None:
            row = _with_bca(row, drawn @ column, None if deleted is None else column @ deleted)
        rows.append(row)
    return BootstrapResult(
        estimates=dict(zip(names, rows, strict=False)),
        contrast=None if weights is None else rows[-1],
        replicates=replicates,
        skipped=replicates - len(drawn),
    )


def bootstrap_covariance(
    labels: npt.ArrayLike,
    curves: Mapping[str, npt.ArrayLike],
    patients: Identifiers,
    *,
    generator: np.random.Generator,
    replicates: int,
) -> Covariance:
    """Return AUCs and their covariance over resampled patients.

    Parameters
    ----------
    labels : array_like, shape (nodes,)
    curves : mapping of str to array_like, shape (nodes,)
    patients : sequence, length nodes
        The node's own number gives the bootstrap of independent nodes.
    generator : numpy.random.Generator
        Its seed belongs in the record of the analysis.
    replicates : int
        Number of resamples, at least 2; those lacking a class are skipped.

    Returns
    -------
    Covariance
        For ``obuchowski_rockette`` or ``contrasts.linear_contrast``; stochastic.

    Raises
    ------
    ValueError
        If an array does not fit or replicates < 2.
    """
    study = _study(labels, curves, patients, replicates)
    point = _resampled_aucs(study.kernels, study.sizes, np.ones((1, study.n_patients)))
    drawn = _draw(study.kernels, study.sizes, generator, replicates)
    usable = len(drawn) >= FEWEST
    k = len(study.names)
    status = Status.OK if usable else Status.TOO_FEW_PATIENTS
    m = int(study.present.sum())
    return Covariance(
        names=study.names,
        estimates=tuple(map(float, point[0])) if len(point) else None,
        matrix=to_nested(np.cov(drawn.T, ddof=1).reshape(k, k)) if usable else None,
        method="patient_bootstrap",
        n=int(study.present.size),
        n_positive=m,
        n_negative=int(study.present.size) - m,
        status=status if len(point) else Status.CLASS_MISSING,
    )


def _study(
    labels: npt.ArrayLike,
    curves: Mapping[str, npt.ArrayLike],
    patients: Identifiers,
    replicates: int,
) -> _Study:
    present = checked_labels(labels)
    names, scores = checked_curves(curves, n_nodes=present.size)
    if len(patients) != present.size or replicates < FEWEST:
        raise ValueError(f"need one patient per node and replicates >= 2, not {replicates}")
    indices, n_patients = group_indices(patients)
    if n_patients**2 * len(names) > MOST_KERNEL_CELLS:
        raise ValueError(
            f"{n_patients} patients and {len(names)} curves are too many to resample in memory; "
            "use clustered_covariance, which agrees closely with that many patients"
        )
    return _Study(
        names=names,
        present=present,
        scores=scores,
        indices=indices,
        n_patients=n_patients,
        kernels=np.stack([_kernel(present, row, indices, n_patients) for row in scores]),
        sizes=(
            np.bincount(indices[present], minlength=n_patients),
            np.bincount(indices[~present], minlength=n_patients),
        ),
    )


def _kernel(present: npt.NDArray[np.bool_], row: FloatArray, at: IntArray, n: int) -> FloatArray:
    """Sum the pair scores over (patient of the positive, patient of the negative)."""
    positive, negative = row[present][:, None], row[~present][None, :]
    pairs = (positive > negative) + 0.5 * (positive == negative)
    kernel = np.zeros((n, n))
    np.add.at(kernel, (at[present][:, None], at[~present][None, :]), pairs)
    return kernel


def _resampled_aucs(
    kernels: FloatArray, sizes: tuple[IntArray, IntArray], multiplicities: FloatArray
) -> FloatArray:
    pairs = (multiplicities @ sizes[0]) * (multiplicities @ sizes[1])
    kept = multiplicities[pairs > 0]
    # AUC of a resample = w'Kw / (w'm w'n).
    sums = np.einsum("rg,cgh,rh->rc", kept, kernels, kept, optimize=True)
    return np.asarray(sums / pairs[pairs > 0][:, None], dtype=np.float64)


def _draw(
    kernels: FloatArray,
    sizes: tuple[IntArray, IntArray],
    generator: np.random.Generator,
    replicates: int,
) -> FloatArray:
    n = kernels.shape[1]
    blocks = []
    for start in range(0, replicates, CHUNK):
        size = min(CHUNK, replicates - start)
        drawn = generator.multinomial(n, np.full(n, 1 / n), size=size) if n else np.empty((size, 0))
        blocks.append(_resampled_aucs(kernels, sizes, drawn.astype(np.float64)))
    return np.concatenate(blocks)


def _summary(point: FloatArray, drawn: FloatArray, n_patients: int, level: float) -> Estimate:
    if not len(point) or len(drawn) < FEWEST:
        status = Status.CLASS_MISSING if not len(point) else Status.TOO_FEW_PATIENTS
        return Estimate(
            estimate=float(point[0]) if len(point) else None,
            standard_error=None,
            interval=None,
            n=n_patients,
            status=status,
        )
    lower, upper = map(float, np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2]))
    standard_error = float(drawn.std(ddof=1))
    return Estimate(
        estimate=float(point[0]),
        standard_error=standard_error,
        interval=Interval(
            lower=lower,
            upper=upper,
            lower_unclipped=lower,
            upper_unclipped=upper,
            method="patient_bootstrap_percentile",
            level=level,
            degenerate=lower == upper,
        ),
        n=n_patients,
        status=Status.OK if lower < upper else Status.ZERO_VARIANCE,
    )


def _with_bca(row: Estimate, drawn: FloatArray, deleted: FloatArray | None) -> Estimate:
    """Replace percentile limits by Efron's BCa limits (1987, eqs. 2.3 and 6.6)."""
    if row.interval is None or row.estimate is None or row.interval.degenerate:
        return row
    level = row.interval.level
    below = float(((drawn < row.estimate) + 0.5 * (drawn == row.estimate)).mean())
    if deleted is None or not 0 < below < 1:
        return Estimate(**{**vars(row), "interval": None, "status": Status.RESAMPLES_ONE_SIDED})
    bias = float(special.ndtri(below))
    away = deleted.mean() - deleted
    scale = float((away**2).sum()) ** 1.5
    acceleration = float((away**3).sum()) / (6 * scale) if scale > 0 else 0.0
    shares = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        shifted = bias + float(special.ndtri(tail))
        shares.append(float(special.ndtr(bias + shifted / (1 - acceleration * shifted))))
    lower, upper = map(float, np.quantile(drawn, shares))
    interval = Interval(
        lower=lower,
        upper=upper,
        lower_unclipped=lower,
        upper_unclipped=upper,
        method="patient_bootstrap_bca",
        level=level,
        degenerate=lower == upper,
    )
    return Estimate(**{**vars(row), "interval": interval})
