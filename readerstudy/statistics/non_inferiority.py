"""Statistics library: non-inferiority against a margin, and superiority after it."""

import math
from dataclasses import dataclass

from scipy import stats

from readerstudy.statistics.mcnemar import PairedCounts, restricted_variance, tango
from readerstudy.statistics.results import Status
from readerstudy.statistics.tails import normal_test, t_test

DEFAULT_ALPHA = 0.025
HALF = 0.5


@dataclass(frozen=True, kw_only=True)
class NonInferiority:
    """New minus reference against a margin; one-sided.

    Attributes
    ----------
    margin : float
        The largest loss that would still be accepted, as a positive number.
    lower_limit : float or None
        One-sided lower confidence limit of the difference at 1 - alpha.
    statistic, p : float or None
        Of the hypothesis that the loss is the margin or more.
    non_inferior : bool or None
        Whether the lower limit lies above -margin; None where undefined.
    superior : bool or None
        Whether it lies above 0 as well: needs no correction, the two are tested in order.
    """

    estimate: float | None
    margin: float
    alpha: float
    lower_limit: float | None
    statistic: float | None
    p: float | None
    non_inferior: bool | None
    superior: bool | None
    status: Status


def non_inferiority(
    estimate: float | None,
    standard_error: float | None,
    *,
    margin: float,
    degrees_of_freedom: float | None = None,
    alpha: float = DEFAULT_ALPHA,
) -> NonInferiority:
    """Test a difference (new minus reference, larger is better) against -margin.

    z = (estimate + margin)/SE; lower limit = estimate - q(1 - alpha) SE, with the normal or t
    quantile. Serves DeLong, clustered, jackknife and random-reader results alike.

    Parameters
    ----------
    estimate, standard_error : float or None
        None where undefined.
    margin : float
        Positive, fixed in the analysis plan before the data are seen.
    degrees_of_freedom : float, optional
        Of the t reference; normal when None.
    alpha : float
        One-sided error; 0.025 belongs to a two-sided 95% interval.

    Returns
    -------
    NonInferiority
        Nothing is concluded (None) when the standard error is zero or undefined.

    Raises
    ------
    ValueError
        If the margin is not positive, alpha outside (0, 0.5], or the standard error negative.

    References
    ----------
    ICH E9 Statistical principles for clinical trials, 1998, section 3.3.2.
    Chen W, Petrick NA, Sahiner B. Acad Radiol 2012;19:1158. doi:10.1016/j.acra.2012.04.011
    """
    _check(margin, alpha)
    if standard_error is not None and standard_error < 0:
        raise ValueError(f"standard_error must not be negative: {standard_error}")
    if estimate is None or not standard_error:
        status = Status.ZERO_VARIANCE if standard_error == 0 else Status.VARIANCE_UNDEFINED
        return _undefined(estimate, margin, alpha, status)
    z = (estimate + margin) / standard_error
    if degrees_of_freedom is None:
        quantile, test = float(stats.norm.isf(alpha)), normal_test(z)
    else:
        quantile = float(stats.t.isf(alpha, degrees_of_freedom))
        test = t_test(z, degrees_of_freedom)
    lower = estimate - quantile * standard_error
    return NonInferiority(
        estimate=estimate,
        margin=margin,
        alpha=alpha,
        lower_limit=lower,
        statistic=z,
        p=test.p_greater,
        non_inferior=lower > -margin,
        superior=lower > 0,
        status=Status.OK,
    )


def non_inferiority_of_proportions(
    counts: PairedCounts, *, margin: float, alpha: float = DEFAULT_ALPHA
) -> NonInferiority:
    """Test two paired proportions (first = new) against -margin by Tango's score test.

    Z = (b - c + n margin)/sqrt(n (2 p21 - margin (1 + margin))) with p21 estimated under the
    hypothesis; the lower limit is that of the score interval.

    Parameters
    ----------
    counts : PairedCounts
        Correct by both, by the new one only, by the reference only, by neither.
    margin : float
        Positive and below 1.
    alpha : float
        One-sided error.

    Returns
    -------
    NonInferiority

    Raises
    ------
    ValueError
        If the margin is not within (0, 1) or alpha outside (0, 0.5].

    References
    ----------
    Tango T. Stat Med 1998;17:891.
    """
    _check(margin, alpha)
    if margin >= 1:
        raise ValueError(f"margin of a difference of proportions must be below 1, not {margin}")
    n = counts.total
    if n == 0:
        return _undefined(None, margin, alpha, Status.DENOMINATOR_ZERO)
    net = counts.first_only - counts.second_only
    z = (net + n * margin) / math.sqrt(n * restricted_variance(counts, -margin))
    lower = tango(counts, level=1 - 2 * alpha).lower if alpha < HALF else net / n
    return NonInferiority(
        estimate=net / n,
        margin=margin,
        alpha=alpha,
        lower_limit=lower,
        statistic=z,
        p=normal_test(z).p_greater,
        non_inferior=lower > -margin,
        superior=lower > 0,
        status=Status.OK,
    )


def _check(margin: float, alpha: float) -> None:
    if not margin > 0:
        raise ValueError(f"margin must be a positive number, the accepted loss, not {margin}")
    if not 0 < alpha <= HALF:
        raise ValueError(f"alpha is one-sided and must lie within (0, 0.5], not {alpha}")


def _undefined(
    estimate: float | None, margin: float, alpha: float, status: Status
) -> NonInferiority:
    return NonInferiority(
        estimate=estimate,
        margin=margin,
        alpha=alpha,
        lower_limit=None,
        statistic=None,
        p=None,
        non_inferior=None,
        superior=None,
        status=status,
    )
