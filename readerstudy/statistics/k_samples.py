"""Statistics library: several independent samples: one-way ANOVA and Kruskal-Wallis."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from readerstudy.statistics.inputs import FloatArray
from readerstudy.statistics.results import Status

FEWEST = 2


@dataclass(frozen=True, kw_only=True)
class KSamplesResult:
    """A test of equal location over several samples; large statistics speak against it.

    Attributes
    ----------
    statistic : float or None
        F of the analysis of variance, H of Kruskal and Wallis.
    degrees_of_freedom : float or None
        Samples - 1.
    degrees_of_freedom_within : float or None
        Values - samples, for F only.
    p : float or None
        Upper tail.
    n : tuple of int
        Values of each sample given; empty samples take no part.
    """

    statistic: float | None
    degrees_of_freedom: float | None
    degrees_of_freedom_within: float | None
    p: float | None
    n: tuple[int, ...]
    status: Status


def one_way_anova(samples: Sequence[npt.ArrayLike]) -> KSamplesResult:
    """Test whether the means of several samples are equal, assuming equal variances.

    F = [sum n_i (mean_i - mean)^2/(k - 1)] / [sum (n_i - 1) s_i^2/(N - k)] on k - 1 and N - k df.

    Parameters
    ----------
    samples : sequence of array_like, shape (values,)
        Without missing values; empty ones are left out.

    Returns
    -------
    KSamplesResult
        Status ``too_few_categories`` with fewer than two samples that hold a value,
        ``too_few_nodes`` when no sample has two, ``zero_variance_...`` when all are constant.

    Raises
    ------
    ValueError
        If a sample has more than one axis or holds missing values.

    References
    ----------
    Fisher RA. Statistical methods for research workers. 1925, chapter 7.
    """
    checked = [_checked(sample, number) for number, sample in enumerate(samples)]
    used = [sample for sample in checked if sample.size]
    status = _anova_status(used)
    if status is not Status.OK:
        return _undefined(checked, status)
    found = stats.f_oneway(*used)
    values = sum(sample.size for sample in used)
    return KSamplesResult(
        statistic=float(found.statistic),
        degrees_of_freedom=float(len(used) - 1),
        degrees_of_freedom_within=float(values - len(used)),
        p=float(found.pvalue),
        n=_sizes(checked),
        status=Status.OK,
    )


def kruskal_wallis(samples: Sequence[npt.ArrayLike]) -> KSamplesResult:
    """Test whether several samples have the same distribution, by ranks.

    H = [12/(N (N + 1)) sum R_i^2/n_i - 3 (N + 1)] / [1 - sum (t^3 - t)/(N^3 - N)] from mid-ranks,
    referred to chi-square with k - 1 df.

    Parameters
    ----------
    samples : sequence of array_like, shape (values,)
        Without missing values; empty ones are left out.

    Returns
    -------
    KSamplesResult
        Status ``too_few_categories`` with fewer than two samples that hold a value,
        ``zero_variance_zero_difference`` when every value is equal.

    Raises
    ------
    ValueError
        If a sample has more than one axis or holds missing values.

    References
    ----------
    Kruskal WH, Wallis WA. J Am Stat Assoc 1952;47:583. doi:10.1080/01621459.1952.10483441
    """
    checked = [_checked(sample, number) for number, sample in enumerate(samples)]
    used = [sample for sample in checked if sample.size]
    if len(used) < FEWEST:
        return _undefined(checked, Status.TOO_FEW_CATEGORIES)
    if np.ptp(np.concatenate(used)) == 0:
        return _undefined(checked, Status.ZERO_VARIANCE_ZERO_DIFFERENCE)
    found = stats.kruskal(*used)
    return KSamplesResult(
        statistic=float(found.statistic),
        degrees_of_freedom=float(len(used) - 1),
        degrees_of_freedom_within=None,
        p=float(found.pvalue),
        n=_sizes(checked),
        status=Status.OK,
    )


def _checked(sample: npt.ArrayLike, number: int) -> FloatArray:
    array = np.asarray(sample, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"sample {number} must have one axis (values), not shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"sample {number} holds missing values; leave them out and count them")
    return array


def _anova_status(used: Sequence[FloatArray]) -> Status:
    if len(used) < FEWEST:
        return Status.TOO_FEW_CATEGORIES
    if max(sample.size for sample in used) < FEWEST:
        return Status.TOO_FEW_NODES
    if any(np.ptp(sample) > 0 for sample in used):
        return Status.OK
    equal = np.ptp([sample[0] for sample in used]) == 0
    return (
        Status.ZERO_VARIANCE_ZERO_DIFFERENCE if equal else Status.ZERO_VARIANCE_NONZERO_DIFFERENCE
    )


def _sizes(samples: Sequence[FloatArray]) -> tuple[int, ...]:
    return tuple(int(sample.size) for sample in samples)


def _undefined(samples: Sequence[FloatArray], status: Status) -> KSamplesResult:
    return KSamplesResult(
        statistic=None,
        degrees_of_freedom=None,
        degrees_of_freedom_within=None,
        p=None,
        n=_sizes(samples),
        status=status,
    )
