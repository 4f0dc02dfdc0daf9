"""Statistics library: tail probabilities, Wald intervals and contrasts that all methods share."""

import math

from scipy import special, stats

from readerstudy.statistics.results import (
    STATUS_SENTENCES,
    Comparison,
    Interval,
    Status,
    TestResult,
)

ROUNDING = 1e-12
"""A contrast this close to zero differs from zero by rounding alone (all quantities are <= 1)."""


def normal_quantile(level: float) -> float:
    """Return the two-sided standard normal quantile of a confidence level."""
    return float(special.ndtri((1 + level) / 2))


def t_quantile(level: float, degrees_of_freedom: float) -> float:
    """Return the two-sided quantile of Student's t."""
    return float(stats.t.ppf((1 + level) / 2, degrees_of_freedom))


def normal_test(statistic: float) -> TestResult:
    """Refer a statistic to the standard normal; tails from the survival function."""
    # ndtr(-x) keeps tails of 1e-138 that 1 - cdf(x) returns as 0.
    return TestResult(
        statistic=statistic,
        p_two_sided=min(1.0, 2 * float(special.ndtr(-abs(statistic)))),
        p_greater=float(special.ndtr(-statistic)),
        p_less=float(special.ndtr(statistic)),
        degrees_of_freedom=None,
        reference="normal",
        status=Status.OK,
    )


def t_test(statistic: float, degrees_of_freedom: float) -> TestResult:
    """Refer a statistic to Student's t."""
    distribution = stats.t(degrees_of_freedom)
    return TestResult(
        statistic=statistic,
        p_two_sided=min(1.0, 2 * float(distribution.sf(abs(statistic)))),
        p_greater=float(distribution.sf(statistic)),
        p_less=float(distribution.cdf(statistic)),
        degrees_of_freedom=degrees_of_freedom,
        reference="t",
        status=Status.OK,
    )


def chi2_test(statistic: float, degrees_of_freedom: int) -> TestResult:
    """Refer a statistic to the chi-square distribution."""
    return TestResult(
        statistic=statistic,
        p_two_sided=float(stats.chi2.sf(statistic, degrees_of_freedom)),
        p_greater=None,
        p_less=None,
        degrees_of_freedom=float(degrees_of_freedom),
        reference="chi2",
        status=Status.OK,
    )


def undefined_test(status: Status, reference: str = "normal") -> TestResult:
    """Return a test without statistic, with the reason."""
    return TestResult(
        statistic=None,
        p_two_sided=None,
        p_greater=None,
        p_less=None,
        degrees_of_freedom=None,
        reference=reference,
        status=status,
    )


def wald_interval(
    estimate: float,
    standard_error: float,
    *,
    quantile: float,
    level: float,
    method: str,
    bounds: tuple[float, float],
) -> Interval:
    """Return estimate +/- quantile x SE, cut at the bounds, marked when it has no width."""
    lower = estimate - quantile * standard_error
    upper = estimate + quantile * standard_error
    degenerate = standard_error == 0
    return Interval(
        lower=max(bounds[0], lower),
        upper=min(bounds[1], upper),
        lower_unclipped=lower,
        upper_unclipped=upper,
        method=method,
        level=level,
        degenerate=degenerate,
        warning=STATUS_SENTENCES[Status.ZERO_VARIANCE] if degenerate else None,
    )


def contrast_status(estimate: float | None, variance: float | None) -> Status:
    """Name the case a contrast is in; the variance is exactly 0 when degenerate."""
    if estimate is None:
        return Status.CLASS_MISSING
    if variance is None:
        return Status.VARIANCE_UNDEFINED
    if variance < 0:
        return Status.VARIANCE_NEGATIVE
    if variance == 0:
        if abs(estimate) <= ROUNDING:
            return Status.ZERO_VARIANCE_ZERO_DIFFERENCE
        return Status.ZERO_VARIANCE_NONZERO_DIFFERENCE
    return Status.OK


def contrast_test(estimate: float, standard_error: float, status: Status) -> TestResult:
    """Return the normal test of a contrast, with the degenerate cases named."""
    if status is Status.ZERO_VARIANCE_ZERO_DIFFERENCE:
        zero = normal_test(0.0)
        return TestResult(**{**vars(zero), "status": status})
    if status is not Status.OK:
        return undefined_test(status)
    return normal_test(estimate / standard_error)


def comparison(
    estimate: float | None,
    variance: float | None,
    *,
    counts: tuple[int, int],
    level: float,
    method: str,
) -> Comparison:
    """Assemble a contrast: status, interval (not cut) and normal test.

    Parameters
    ----------
    estimate : float or None
        The contrast; None when a class is missing.
    variance : float or None
        Its variance, exactly 0 when degenerate; None when undefined.
    counts : tuple of int
        Positive and negative nodes used.
    level : float
        Confidence level.
    method : str
        Name of the interval's method.

    Returns
    -------
    Comparison
    """
    status = contrast_status(estimate, variance)
    usable = estimate is not None and variance is not None and variance >= 0
    standard_error = math.sqrt(variance) if usable and variance is not None else None
    interval = None
    test = undefined_test(status)
    if standard_error is not None and estimate is not None:
        interval = wald_interval(
            estimate,
            standard_error,
            quantile=normal_quantile(level),
            level=level,
            method=method,
            bounds=(-math.inf, math.inf),
        )
        test = contrast_test(estimate, standard_error, status)
    return Comparison(
        estimate=estimate,
        standard_error=standard_error,
        interval=interval,
        test=test,
        n=sum(counts),
        n_positive=counts[0],
        n_negative=counts[1],
        status=status,
    )
