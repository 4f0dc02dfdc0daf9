"""Statistics library: AUC with DeLong variance, comparisons and linear contrasts of curves."""

import math
from collections.abc import Mapping, Sequence

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
from readerstudy.statistics.results import (
    AucEstimate,
    Comparison,
    Covariance,
    Interval,
    Status,
    TestResult,
)
from readerstudy.statistics.roc import Placements, placements, placements_checked
from readerstudy.statistics.tails import (
    ROUNDING,
    chi2_test,
    comparison,
    normal_quantile,
    t_test,
    undefined_test,
    wald_interval,
)

FEWEST_PER_CLASS = 2
"""Sample variances have divisors m - 1 and n - 1."""


def single(
    labels: npt.ArrayLike, scores: npt.ArrayLike, *, level: float = DEFAULT_LEVEL
) -> AucEstimate:
    """Estimate one AUC with DeLong's variance and a Wald interval cut at [0, 1].

    Parameters
    ----------
    labels : array_like, shape (nodes,)
        1 disease present, 0 absent.
    scores : array_like, shape (nodes,)
        A higher score is more suspicious; the curve is never flipped.
    level : float
        Confidence level.

    Returns
    -------
    AucEstimate
        Status ``zero_variance`` for AUC 0 or 1 and constant scores (degenerate interval),
        ``variance_undefined`` when a class has one node, ``class_missing`` when it has none.

    Raises
    ------
    ValueError
        If the arrays do not fit, hold missing values, or the level is out of range.

    References
    ----------
    DeLong ER et al. Biometrics 1988;44:837. doi:10.2307/2531595
    """
    checked_level(level)
    present = checked_labels(labels)
    placed = placements(labels, scores)
    variance = contrast_variance([placed], np.ones(1))
    counts = int(present.sum()), int((~present).sum())
    return auc_estimate(placed.auc, variance, counts=counts, level=level, method="delong_wald")


def auc_estimate(
    auc: float | None,
    variance: float | None,
    *,
    counts: tuple[int, int],
    level: float,
    method: str,
) -> AucEstimate:
    """Assemble an AUC from its variance (exactly 0 when degenerate, None when undefined)."""
    interval = logit = standard_error = None
    status = _single_status(auc, variance)
    if auc is not None and variance is not None and variance >= 0:
        standard_error = math.sqrt(variance)
        interval = wald_interval(
            auc,
            standard_error,
            quantile=normal_quantile(level),
            level=level,
            method=method,
            bounds=(0.0, 1.0),
        )
        logit = _logit_interval(auc, standard_error, level=level, method=f"{method}_logit")
    return AucEstimate(
        estimate=auc,
        variance=variance,
        standard_error=standard_error,
        interval=interval,
        logit_interval=logit,
        n=sum(counts),
        n_positive=counts[0],
        n_negative=counts[1],
        status=status,
    )


def _single_status(auc: float | None, variance: float | None) -> Status:
    if auc is None:
        return Status.CLASS_MISSING
    if variance is None:
        return Status.VARIANCE_UNDEFINED
    if variance < 0:
        return Status.VARIANCE_NEGATIVE
    return Status.ZERO_VARIANCE if variance == 0 else Status.OK


def _logit_interval(
    auc: float, standard_error: float, *, level: float, method: str
) -> Interval | None:
    if not 0 < auc < 1:
        return None
    centre = math.log(auc / (1 - auc))
    # Delta method: d logit(A) / dA = 1 / (A (1 - A)).
    half = normal_quantile(level) * standard_error / (auc * (1 - auc))
    lower = 1 / (1 + math.exp(half - centre))
    upper = 1 / (1 + math.exp(-half - centre))
    return Interval(
        lower=lower,
        upper=upper,
        lower_unclipped=lower,
        upper_unclipped=upper,
        method=method,
        level=level,
        degenerate=standard_error == 0,
    )


def contrast_variance(placed: Sequence[Placements], weights: FloatArray) -> float | None:
    """Return DeLong's variance of a weighted sum of AUCs on the same nodes.

    The variance is taken of the weighted placements themselves: var_a + var_b - 2 cov loses all
    digits for nearly identical curves. Exactly 0 is returned when the weighted placements are
    constant but for rounding.

    Parameters
    ----------
    placed : sequence of Placements
        One per curve, on the same nodes.
    weights : ndarray of float64, shape (curves,)

    Returns
    -------
    float or None
        None when a class has fewer than two nodes.
    """
    m, n = placed[0].positive.size, placed[0].negative.size
    if m < FEWEST_PER_CLASS or n < FEWEST_PER_CLASS:
        return None
    positive = weights @ np.stack([curve.positive for curve in placed])
    negative = weights @ np.stack([curve.negative for curve in placed])
    if np.ptp(positive) <= ROUNDING and np.ptp(negative) <= ROUNDING:
        return 0.0
    return float(positive.var(ddof=1) / m + negative.var(ddof=1) / n)


def covariance(labels: npt.ArrayLike, curves: Mapping[str, npt.ArrayLike]) -> Covariance:
    """Return the AUCs of several curves on the same nodes and DeLong's covariance matrix.

    Parameters
    ----------
    labels : array_like, shape (nodes,)
    curves : mapping of str to array_like, shape (nodes,)
        Scores per curve name.

    Returns
    -------
    Covariance

    Raises
    ------
    ValueError
        If an array does not fit the nodes or holds missing values.
    """
    names, placed, counts = _place_all(labels, curves)
    aucs = [curve.auc for curve in placed if curve.auc is not None]
    matrix = None
    status = Status.OK if len(aucs) == len(placed) else Status.CLASS_MISSING
    if min(counts) < FEWEST_PER_CLASS:
        status = status if status is Status.CLASS_MISSING else Status.VARIANCE_UNDEFINED
    else:
        matrix = to_nested(_covariance_matrix(placed))
    return Covariance(
        names=names,
        estimates=tuple(aucs) if len(aucs) == len(placed) else None,
        matrix=matrix,
        method="delong",
        n=sum(counts),
        n_positive=counts[0],
        n_negative=counts[1],
        status=status,
    )


def to_nested(matrix: FloatArray) -> tuple[tuple[float, ...], ...]:
    """Return a matrix as nested tuples of floats."""
    return tuple(tuple(float(value) for value in row) for row in matrix)


def _covariance_matrix(placed: Sequence[Placements]) -> FloatArray:
    positive = np.stack([curve.positive for curve in placed])
    negative = np.stack([curve.negative for curve in placed])
    s10 = np.cov(positive, ddof=1).reshape(len(placed), len(placed))
    s01 = np.cov(negative, ddof=1).reshape(len(placed), len(placed))
    return np.asarray(s10 / positive.shape[1] + s01 / negative.shape[1], dtype=np.float64)


def _place_all(
    labels: npt.ArrayLike, curves: Mapping[str, npt.ArrayLike]
) -> tuple[tuple[str, ...], list[Placements], tuple[int, int]]:
    present: BoolArray = checked_labels(labels)
    names, scores = checked_curves(curves, n_nodes=present.size)
    placed = [placements_checked(present, row) for row in scores]
    return names, placed, (int(present.sum()), int((~present).sum()))


def contrast(
    labels: npt.ArrayLike,
    curves: Mapping[str, npt.ArrayLike],
    weights: Mapping[str, float],
    *,
    level: float = DEFAULT_LEVEL,
) -> Comparison:
    """Test a linear contrast of AUCs on the same nodes against zero.

    Parameters
    ----------
    labels : array_like, shape (nodes,)
    curves : mapping of str to array_like, shape (nodes,)
    weights : mapping of str to float
        One weight per curve.
    level : float
        Confidence level.

    Returns
    -------
    Comparison
        Standard normal reference; the readers are taken as fixed.

    Raises
    ------
    ValueError
        If the weights do not name exactly the curves, or an array does not fit.
    """
    checked_level(level)
    if set(weights) != set(curves):
        raise ValueError(f"weights must name exactly the curves {sorted(curves)}")
    names, placed, counts = _place_all(labels, curves)
    vector = np.array([weights[name] for name in names], dtype=np.float64)
    aucs = [curve.auc for curve in placed if curve.auc is not None]
    estimate = float(vector @ np.array(aucs)) if len(aucs) == len(names) else None
    variance = contrast_variance(placed, vector)
    return comparison(estimate, variance, counts=counts, level=level, method="delong_wald")


def paired(
    labels: npt.ArrayLike,
    scores_1: npt.ArrayLike,
    scores_2: npt.ArrayLike,
    *,
    level: float = DEFAULT_LEVEL,
) -> Comparison:
    """Compare two curves on the same nodes (first minus second), two-sided.

    Parameters
    ----------
    labels, scores_1, scores_2 : array_like, shape (nodes,)
        Complete on every node; see ``inputs.complete_nodes`` for missing calls.
    level : float
        Confidence level.

    Returns
    -------
    Comparison
        Status ``zero_variance_zero_difference`` (Z = 0, p = 1),
        ``zero_variance_nonzero_difference`` or ``variance_undefined`` (no Z) or ``ok``.

    Raises
    ------
    ValueError
        If the arrays do not fit or hold missing values.
    """
    weights = {"first": 1.0, "second": -1.0}
    return contrast(labels, {"first": scores_1, "second": scores_2}, weights, level=level)


def reader_mean_weights(model: str, readers: Sequence[str]) -> dict[str, float]:
    """Return the contrast *model minus mean of the readers*.

    Raises
    ------
    ValueError
        If there is no reader.
    """
    if not readers:
        raise ValueError("readers must name at least one reader")
    return {model: 1.0} | {reader: -1.0 / len(readers) for reader in readers}


def unpaired(
    first: AucEstimate, second: AucEstimate, *, level: float = DEFAULT_LEVEL
) -> tuple[Comparison, TestResult]:
    """Compare the AUCs of two independent cohorts (first minus second).

    Parameters
    ----------
    first, second : AucEstimate
        Results of ``single``, on different patients.
    level : float
        Confidence level of the (normal) interval of the difference.

    Returns
    -------
    comparison : Comparison
        Standard normal version; counts are those of both cohorts together.
    welch : TestResult
        t version with Welch's degrees of freedom, N = all nodes of a cohort.
    """
    checked_level(level)
    counts = (first.n_positive + second.n_positive, first.n_negative + second.n_negative)
    if first.estimate is None or second.estimate is None:
        result = comparison(None, None, counts=counts, level=level, method="delong_wald")
        return result, undefined_test(result.status, "t")
    variance = None
    if first.variance is not None and second.variance is not None:
        variance = first.variance + second.variance
    difference = first.estimate - second.estimate
    result = comparison(difference, variance, counts=counts, level=level, method="delong_wald")
    if result.status is not Status.OK or first.variance is None or second.variance is None:
        return result, undefined_test(result.status, "t")
    # Welch-Satterthwaite with N - 1 degrees of freedom per cohort.
    parts = first.variance**2 / (first.n - 1) + second.variance**2 / (second.n - 1)
    total = first.variance + second.variance
    return result, t_test(difference / math.sqrt(total), total**2 / parts)


def omnibus(cov: Covariance) -> TestResult:
    """Test whether all AUCs of a covariance result are equal (chi-square, curves - 1 df).

    Parameters
    ----------
    cov : Covariance
        From ``covariance``, at least two curves.

    Returns
    -------
    TestResult
        Status ``singular_covariance`` when two curves rank alike, so that no joint test exists.

    Raises
    ------
    ValueError
        If there are fewer than two curves.
    """
    k = len(cov.names)
    if k < FEWEST_PER_CLASS:
        raise ValueError(f"an omnibus test needs at least two curves, not {k}")
    if cov.matrix is None or cov.estimates is None:
        return undefined_test(cov.status, "chi2")
    contrasts = np.hstack([np.ones((k - 1, 1)), -np.eye(k - 1)])
    differences = contrasts @ np.array(cov.estimates)
    spread = contrasts @ np.array(cov.matrix) @ contrasts.T
    if np.linalg.matrix_rank(spread, tol=ROUNDING) < k - 1:
        return undefined_test(Status.SINGULAR_COVARIANCE, "chi2")
    return chi2_test(float(differences @ np.linalg.solve(spread, differences)), k - 1)
