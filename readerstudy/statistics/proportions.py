"""Statistics library: proportions with numerator, denominator and 95% intervals."""

import math
from dataclasses import dataclass

from scipy import special

from readerstudy.statistics.inputs import DEFAULT_LEVEL, checked_level
from readerstudy.statistics.results import Interval, Status
from readerstudy.statistics.tails import normal_quantile


@dataclass(frozen=True, kw_only=True)
class Proportion:
    """A proportion with its counts; value and intervals are None when the denominator is 0."""

    numerator: int
    denominator: int
    value: float | None
    wilson: Interval | None
    clopper_pearson: Interval | None
    status: Status


def proportion(numerator: int, denominator: int, *, level: float = DEFAULT_LEVEL) -> Proportion:
    """Return a proportion with its Wilson and Clopper-Pearson intervals.

    Parameters
    ----------
    numerator, denominator : int
        Counts, 0 <= numerator <= denominator.
    level : float
        Confidence level.

    Returns
    -------
    Proportion
        Status ``denominator_zero`` when nothing was counted.

    Raises
    ------
    ValueError
        If the counts or the level are impossible.

    References
    ----------
    Wilson EB. J Am Stat Assoc 1927;22:209. doi:10.1080/01621459.1927.10502953
    Clopper CJ, Pearson ES. Biometrika 1934;26:404. doi:10.1093/biomet/26.4.404
    """
    _check_counts(numerator, denominator)
    checked_level(level)
    if denominator == 0:
        return Proportion(
            numerator=0,
            denominator=0,
            value=None,
            wilson=None,
            clopper_pearson=None,
            status=Status.DENOMINATOR_ZERO,
        )
    return Proportion(
        numerator=numerator,
        denominator=denominator,
        value=numerator / denominator,
        wilson=wilson(numerator, denominator, level=level),
        clopper_pearson=clopper_pearson(numerator, denominator, level=level),
        status=Status.OK,
    )


def _check_counts(numerator: int, denominator: int) -> None:
    if not 0 <= numerator <= denominator:
        raise ValueError(f"counts must satisfy 0 <= {numerator} <= {denominator}")


def _interval(lower: float, upper: float, *, method: str, level: float) -> Interval:
    return Interval(
        lower=max(0.0, lower),
        upper=min(1.0, upper),
        lower_unclipped=lower,
        upper_unclipped=upper,
        method=method,
        level=level,
    )


def wilson(numerator: int, denominator: int, *, level: float = DEFAULT_LEVEL) -> Interval:
    """Return Wilson's score interval (denominator > 0)."""
    z2 = normal_quantile(level) ** 2
    x, n = numerator, denominator
    centre = (x + z2 / 2) / (n + z2)
    half = math.sqrt(z2) / (n + z2) * math.sqrt(x * (n - x) / n + z2 / 4)
    # At the borders the limit is the border itself; the formula leaves 1e-17 there.
    lower = 0.0 if x == 0 else centre - half
    upper = 1.0 if x == n else centre + half
    return _interval(lower, upper, method="wilson", level=level)


def wilson_continuity(
    numerator: int, denominator: int, *, level: float = DEFAULT_LEVEL
) -> Interval:
    """Return Wilson's interval with continuity correction (denominator > 0).

    References
    ----------
    Newcombe RG. Stat Med 1998;17:857, method 4.
    """
    z = normal_quantile(level)
    n, p = denominator, numerator / denominator
    q = 1 - p
    base, scale = 2 * n * p + z**2, 2 * (n + z**2)
    lower = upper = 0.0
    if numerator > 0:
        lower = (base - 1 - z * math.sqrt(z**2 - 2 - 1 / n + 4 * p * (n * q + 1))) / scale
    upper = 1.0
    if numerator < denominator:
        upper = (base + 1 + z * math.sqrt(z**2 + 2 - 1 / n + 4 * p * (n * q - 1))) / scale
    return _interval(lower, upper, method="wilson_continuity", level=level)


def clopper_pearson(numerator: int, denominator: int, *, level: float = DEFAULT_LEVEL) -> Interval:
    """Return the exact interval of Clopper and Pearson (denominator > 0)."""
    x, n, tail = numerator, denominator, (1 - level) / 2
    lower = 0.0 if x == 0 else float(special.betaincinv(x, n - x + 1, tail))
    upper = 1.0 if x == n else float(special.betaincinv(x + 1, n - x, 1 - tail))
    return _interval(lower, upper, method="clopper_pearson", level=level)


def agresti_coull(numerator: int, denominator: int, *, level: float = DEFAULT_LEVEL) -> Interval:
    """Return the interval of Agresti and Coull (denominator > 0), also beyond [0, 1].

    References
    ----------
    Agresti A, Coull BA. Am Stat 1998;52:119. doi:10.1080/00031305.1998.10480550
    """
    z = normal_quantile(level)
    n = denominator + z**2
    p = (numerator + z**2 / 2) / n
    half = z * math.sqrt(p * (1 - p) / n)
    return _interval(p - half, p + half, method="agresti_coull", level=level)
