"""Statistics library: calibration of predicted probabilities, reliability and Brier score."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from readerstudy.statistics.inputs import (
    DEFAULT_LEVEL,
    BoolArray,
    FloatArray,
    IntArray,
    checked_labels,
    checked_level,
    checked_scores,
)
from readerstudy.statistics.proportions import Proportion, proportion
from readerstudy.statistics.results import Estimate, Status, TestResult
from readerstudy.statistics.tails import (
    ROUNDING,
    normal_quantile,
    normal_test,
    undefined_test,
    wald_interval,
)

DEFAULT_BINS = 10
STEPS = 100
Binning = Literal["width", "count"]


@dataclass(frozen=True, kw_only=True)
class CalibrationBin:
    """Nodes whose prediction falls into one bin; ``observed`` is the share with disease."""

    lower: float
    upper: float
    mean_prediction: float
    observed: Proportion


@dataclass(frozen=True, kw_only=True)
class BrierScore:
    """Mean squared error of the predictions and its exact decomposition over the bins.

    score = reliability - resolution + uncertainty + within_variance - within_covariance; the last
    two vanish when all predictions of a bin are equal (Murphy's original three terms).
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    within_variance: float
    within_covariance: float


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How well predicted probabilities meet observed shares.

    Attributes
    ----------
    bins : tuple of CalibrationBin
        Filled bins only.
    expected_error, largest_error : float or None
        ECE, the mean of abs(observed - mean prediction) weighted by nodes, and its maximum. Both
        depend on the bins: print their number and kind beside them.
    spiegelhalter : TestResult
        Test that the predictions are the true probabilities.
    slope, intercept : Estimate
        Of logit P(y = 1) = a + b logit(p); ideal 1 and 0.
    in_the_large : Estimate
        Intercept with the slope fixed at 1; ideal 0.
    """

    n: int
    n_positive: int
    binning: str
    n_bins: int
    bins: tuple[CalibrationBin, ...]
    expected_error: float | None
    largest_error: float | None
    brier: BrierScore | None
    spiegelhalter: TestResult
    slope: Estimate
    intercept: Estimate
    in_the_large: Estimate
    status: Status


def calibration(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    *,
    bins: int = DEFAULT_BINS,
    binning: Binning = "width",
    level: float = DEFAULT_LEVEL,
) -> Calibration:
    """Describe the calibration of predicted probabilities.

    Parameters
    ----------
    labels : array_like, shape (nodes,)
        1 disease present, 0 absent.
    probabilities : array_like, shape (nodes,)
        Predicted probabilities of disease, within [0, 1]. Rank scores are not probabilities.
    bins : int
        Number of bins.
    binning : {"width", "count"}
        Bins of equal width, [0, 0.1), ..., [0.9, 1]; or with equally many nodes, ties kept
        together.
    level : float
        Confidence level (Wilson in the bins, Wald for slope and intercepts).

    Returns
    -------
    Calibration
        Without nodes everything is None (``too_few_nodes``). Slope and intercepts are undefined
        with one class (``class_missing``), predictions of exactly 0 or 1
        (``prediction_at_border``), equal predictions (``zero_variance``) or when the predictions
        separate the classes (``separated``).

    Raises
    ------
    ValueError
        If a prediction lies outside [0, 1], bins < 1, or the arrays do not fit.

    References
    ----------
    Murphy AH. J Appl Meteorol 1973;12:595.
    doi:10.1175/1520-0450(1973)012<0595:ANVPOT>2.0.CO;2
    Stephenson DB et al. Weather Forecast 2008;23:752. doi:10.1175/2007WAF2006116.1
    Spiegelhalter DJ. Stat Med 1986;5:421. doi:10.1002/sim.4780050506
    Cox DR. Biometrika 1958;45:562. doi:10.1093/biomet/45.3-4.562
    """
    checked_level(level)
    present = checked_labels(labels)
    p = checked_scores(probabilities, n_nodes=present.size, name="probabilities")
    if ((p < 0) | (p > 1)).any():
        raise ValueError("probabilities must lie within [0, 1]; scores of another kind have none")
    if bins < 1:
        raise ValueError(f"bins must be at least 1, not {bins}")
    number = _bin_numbers(p, bins, binning)
    filled = _bins(present, p, number, bins, binning, level)
    errors = [abs((part.observed.value or 0.0) - part.mean_prediction) for part in filled]
    sizes = [part.observed.denominator for part in filled]
    slope, intercept = _recalibration(present, p, level)
    return Calibration(
        n=present.size,
        n_positive=int(present.sum()),
        binning=binning,
        n_bins=bins,
        bins=filled,
        expected_error=float(np.average(errors, weights=sizes)) if filled else None,
        largest_error=max(errors) if filled else None,
        brier=_brier(present, p, number) if present.size else None,
        spiegelhalter=_spiegelhalter(present, p),
        slope=slope,
        intercept=intercept,
        in_the_large=_in_the_large(present, p, level),
        status=Status.OK if present.size else Status.TOO_FEW_NODES,
    )


def _bin_numbers(p: FloatArray, bins: int, binning: Binning) -> IntArray:
    if binning == "width":
        return np.minimum((p * bins).astype(np.int64), bins - 1)
    if binning == "count":
        # A tied value goes where the first of its ranks goes.
        first = np.searchsorted(np.sort(p), p, side="left")
        return np.asarray(first * bins // max(p.size, 1), dtype=np.int64)
    raise ValueError(f"binning must be width or count, not {binning}")


def _bins(
    present: BoolArray,
    p: FloatArray,
    number: IntArray,
    bins: int,
    binning: Binning,
    level: float,
) -> tuple[CalibrationBin, ...]:
    parts = []
    for k in np.unique(number).tolist():
        inside = number == k
        edges = (k / bins, (k + 1) / bins)
        if binning == "count":
            edges = float(p[inside].min()), float(p[inside].max())
        hits = int(present[inside].sum())
        parts.append(
            CalibrationBin(
                lower=edges[0],
                upper=edges[1],
                mean_prediction=float(p[inside].mean()),
                observed=proportion(hits, int(inside.sum()), level=level),
            )
        )
    return tuple(parts)


def _brier(present: BoolArray, p: FloatArray, number: IntArray) -> BrierScore:
    n, y = p.size, present.astype(np.float64)
    sizes = np.bincount(number)
    used = sizes > 0
    predicted = np.bincount(number, p)[used] / sizes[used]
    observed = np.bincount(number, y)[used] / sizes[used]
    rate, share = float(y.mean()), sizes[used] / n
    place = np.cumsum(used)[number] - 1
    apart = p - predicted[place]
    return BrierScore(
        score=float(((p - y) ** 2).mean()),
        reliability=float(share @ (predicted - observed) ** 2),
        resolution=float(share @ (observed - rate) ** 2),
        uncertainty=rate * (1 - rate),
        within_variance=float((apart**2).mean()),
        within_covariance=float(2 * (apart * (y - observed[place])).mean()),
    )


def _spiegelhalter(present: BoolArray, p: FloatArray) -> TestResult:
    variance = float(((1 - 2 * p) ** 2 * p * (1 - p)).sum())
    if variance <= ROUNDING**2:
        return undefined_test(Status.ZERO_VARIANCE)
    return normal_test(float(((present - p) * (1 - 2 * p)).sum()) / math.sqrt(variance))


def _fit_status(present: BoolArray, p: FloatArray) -> Status:
    if present.all() or not present.any():
        return Status.CLASS_MISSING
    return Status.PREDICTION_AT_BORDER if ((p == 0) | (p == 1)).any() else Status.OK


def _recalibration(present: BoolArray, p: FloatArray, level: float) -> tuple[Estimate, Estimate]:
    status = _fit_status(present, p)
    if status is Status.OK and np.ptp(p) == 0:
        status = Status.ZERO_VARIANCE
    if status is Status.OK and _separated(present, p):
        status = Status.SEPARATED
    if status is not Status.OK:
        return _no_fit(p.size, status), _no_fit(p.size, status)
    logits = special.logit(p)
    design = np.column_stack([np.ones(p.size), logits])
    fit = _logistic(design, present, np.zeros(p.size))
    if fit is None:
        return _no_fit(p.size, Status.SEPARATED), _no_fit(p.size, Status.SEPARATED)
    beta, variance = fit
    intercept, slope = (
        _estimate(float(beta[k]), float(variance[k, k]), p.size, level) for k in range(2)
    )
    return slope, intercept


def _separated(present: BoolArray, p: FloatArray) -> bool:
    one, two = p[present], p[~present]
    return bool(one.min() >= two.max() or one.max() <= two.min())


def _in_the_large(present: BoolArray, p: FloatArray, level: float) -> Estimate:
    status = _fit_status(present, p)
    if status is not Status.OK:
        return _no_fit(p.size, status)
    fit = _logistic(np.ones((p.size, 1)), present, special.logit(p))
    if fit is None:
        return _no_fit(p.size, Status.SEPARATED)
    return _estimate(float(fit[0][0]), float(fit[1][0, 0]), p.size, level)


def _logistic(
    design: FloatArray, present: BoolArray, offset: FloatArray
) -> tuple[FloatArray, FloatArray] | None:
    """Fit a logistic regression by Newton's method with halved steps; None when it runs away."""
    beta = np.zeros(design.shape[1])

    def loss(values: FloatArray) -> float:
        eta = design @ values + offset
        return float(np.logaddexp(0.0, np.where(present, -eta, eta)).sum())

    current = loss(beta)
    for _ in range(STEPS):
        mean = special.expit(design @ beta + offset)
        weight = mean * (1 - mean)
        information = design.T @ (weight[:, None] * design)
        if np.linalg.cond(information) > 1 / ROUNDING:
            return None
        step = np.linalg.solve(information, design.T @ (present - mean))
        scale = 1.0
        # Near the optimum the loss changes by less than its own rounding: that is no increase.
        allowed = current + ROUNDING * max(1.0, current)
        while loss(beta + scale * step) > allowed and scale > ROUNDING:
            scale /= 2
        beta = beta + scale * step
        current = loss(beta)
        if np.abs(step).max() <= ROUNDING * max(1.0, float(np.abs(beta).max())):
            return beta, np.linalg.inv(information)
    return None


def _estimate(value: float, variance: float, n: int, level: float) -> Estimate:
    standard_error = math.sqrt(variance)
    return Estimate(
        estimate=value,
        standard_error=standard_error,
        interval=wald_interval(
            value,
            standard_error,
            quantile=normal_quantile(level),
            level=level,
            method="logistic_wald",
            bounds=(-math.inf, math.inf),
        ),
        n=n,
        status=Status.OK,
    )


def _no_fit(n: int, status: Status) -> Estimate:
    return Estimate(estimate=None, standard_error=None, interval=None, n=n, status=status)
