"""Statistics library: bootstrap of AUCs by patient, from an explicit random generator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from readerstudy.statistics.inputs import (
    DEFAULT_LEVEL,
    FloatArray,
    IntArray,
    checked_curves,
    checked_labels,
    checked_level,
    group_indices,
)
from readerstudy.statistics.results import Estimate, Interval, Status

CHUNK = 2000
FEWEST = 2


@dataclass(frozen=True, kw_only=True)
class BootstrapResult:
    """AUC per curve and, if asked for, one contrast; percentile intervals.

    ``n`` of each estimate counts patients; resamples lacking a class are skipped and counted.
    """

    estimates: dict[str, Estimate]
    contrast: Estimate | None
    replicates: int
    skipped: int


def patient_bootstrap(
    labels: npt.ArrayLike,
    curves: Mapping[str, npt.ArrayLike],
    patients: Sequence[object],
    *,
    generator: np.random.Generator,
    replicates: int,
    weights: Mapping[str, float] | None = None,
    level: float = DEFAULT_LEVEL,
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
        Confidence level of the percentile intervals.

    Returns
    -------
    BootstrapResult

    Raises
    ------
    ValueError
        If an array does not fit, the weights do not name the curves, or replicates < 2.

    References
    ----------
    Rutter CM. Acad Radiol 2000;7:413. doi:10.1016/S1076-6332(00)80381-5
    """
    checked_level(level)
    present = checked_labels(labels)
    names, scores = checked_curves(curves, n_nodes=present.size)
    if len(patients) != present.size or replicates < FEWEST:
        raise ValueError(f"need one patient per node and replicates >= 2, not {replicates}")
    if weights is not None and set(weights) != set(names):
        raise ValueError(f"weights must name exactly the curves {sorted(names)}")
    indices, n_patients = group_indices(patients)
    kernels = np.stack([_kernel(present, row, indices, n_patients) for row in scores])
    sizes = (
        np.bincount(indices[present], minlength=n_patients),
        np.bincount(indices[~present], minlength=n_patients),
    )
    point = _resampled_aucs(kernels, sizes, np.ones((1, n_patients)))
    drawn = _draw(kernels, sizes, generator, replicates)
    vector = np.array([weights[name] for name in names]) if weights is not None else None
    return BootstrapResult(
        estimates={
            name: _summary(point[:, k], drawn[:, k], n_patients, level)
            for k, name in enumerate(names)
        },
        contrast=None
        if vector is None
        else _summary(point @ vector, drawn @ vector, n_patients, level),
        replicates=replicates,
        skipped=replicates - len(drawn),
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
