"""Statistics library: McNemar tests and intervals for the difference of paired proportions."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy import stats

from readerstudy.statistics.inputs import DEFAULT_LEVEL, checked_level
from readerstudy.statistics.proportions import wilson
from readerstudy.statistics.results import Interval, Status, TestResult
from readerstudy.statistics.tails import chi2_test, normal_quantile, undefined_test

BISECTIONS = 60


@dataclass(frozen=True, kw_only=True)
class PairedCounts:
    """A paired 2 x 2 table: how many nodes both, only the first, only the second, neither has.

    Raises
    ------
    ValueError
        If a count is negative.
    """

    both: int
    first_only: int
    second_only: int
    neither: int

    def __post_init__(self) -> None:
        """Refuse negative counts."""
        if min(self.both, self.first_only, self.second_only, self.neither) < 0:
            raise ValueError(f"paired counts must not be negative: {self}")

    @property
    def total(self) -> int:
        """Number of pairs."""
        return self.both + self.first_only + self.second_only + self.neither


@dataclass(frozen=True, kw_only=True)
class McNemarResult:
    """All McNemar tests of one table; proportions and intervals None when it is empty."""

    counts: PairedCounts
    proportion_first: float | None
    proportion_second: float | None
    difference: float | None
    exact_p: float
    mid_p: float
    chi2: TestResult
    chi2_corrected: TestResult
    newcombe: Interval | None
    tango: Interval | None
    wald: Interval | None
    status: Status


def mcnemar(counts: PairedCounts, *, level: float = DEFAULT_LEVEL) -> McNemarResult:
    """Compare two paired proportions (first minus second).

    Parameters
    ----------
    counts : PairedCounts
    level : float
        Confidence level of the intervals of the difference.

    Returns
    -------
    McNemarResult
        ``exact_p`` and ``mid_p`` are two-sided; both are 1 without discordant pairs, and the
        chi-square tests are then undefined.

    Raises
    ------
    ValueError
        If the level is out of range.

    References
    ----------
    Fagerland MW et al. BMC Med Res Methodol 2013;13:91. doi:10.1186/1471-2288-13-91
    """
    checked_level(level)
    n = counts.total
    empty = n == 0
    first, second = counts.both + counts.first_only, counts.both + counts.second_only
    exact_p, mid_p = _binomial_p(counts)
    return McNemarResult(
        counts=counts,
        proportion_first=None if empty else first / n,
        proportion_second=None if empty else second / n,
        difference=None if empty else (first - second) / n,
        exact_p=exact_p,
        mid_p=mid_p,
        chi2=_chi2(counts, correction=0),
        chi2_corrected=_chi2(counts, correction=1),
        newcombe=None if empty else newcombe(counts, level=level),
        tango=None if empty else tango(counts, level=level),
        wald=None if empty else wald(counts, level=level),
        status=Status.DENOMINATOR_ZERO if empty else Status.OK,
    )


def _binomial_p(counts: PairedCounts) -> tuple[float, float]:
    discordant = counts.first_only + counts.second_only
    if discordant == 0:
        return 1.0, 1.0
    smaller = min(counts.first_only, counts.second_only)
    # Sums only: a tail minus half a term can fall below zero where both are close to underflow.
    below = float(stats.binom.cdf(smaller - 1, discordant, 0.5))
    observed = float(stats.binom.pmf(smaller, discordant, 0.5))
    if counts.first_only == counts.second_only:
        # Both tails meet: Fagerland 2013 takes half of the observed table off once.
        return 1.0, 1 - observed / 2
    return min(1.0, 2 * (below + observed)), min(1.0, 2 * below + observed)


def _chi2(counts: PairedCounts, *, correction: int) -> TestResult:
    discordant = counts.first_only + counts.second_only
    if discordant == 0:
        return undefined_test(Status.ZERO_VARIANCE_ZERO_DIFFERENCE, "chi2")
    distance = max(0, abs(counts.first_only - counts.second_only) - correction)
    return chi2_test(distance**2 / discordant, 1)


def _interval(lower: float, upper: float, *, method: str, level: float) -> Interval:
    return Interval(
        lower=max(-1.0, lower),
        upper=min(1.0, upper),
        lower_unclipped=lower,
        upper_unclipped=upper,
        method=method,
        level=level,
    )


def wald(counts: PairedCounts, *, level: float = DEFAULT_LEVEL) -> Interval:
    """Return the Wald interval; too narrow in small tables, given for comparison only."""
    b, c, n = counts.first_only, counts.second_only, counts.total
    half = normal_quantile(level) * math.sqrt(max(0.0, b + c - (b - c) ** 2 / n)) / n
    return _interval((b - c) / n - half, (b - c) / n + half, method="wald", level=level)


def newcombe(counts: PairedCounts, *, level: float = DEFAULT_LEVEL) -> Interval:
    """Return Newcombe's square-and-add interval (1998, method 10) of the paired difference.

    References
    ----------
    Newcombe RG. Stat Med 1998;17:2635.
    """
    a, b, c, n = counts.both, counts.first_only, counts.second_only, counts.total
    one, two = wilson(a + b, n, level=level), wilson(a + c, n, level=level)
    p1, p2 = (a + b) / n, (a + c) / n
    phi = _correlation(counts)
    low1, up1 = p1 - one.lower, one.upper - p1
    low2, up2 = p2 - two.lower, two.upper - p2
    below = math.sqrt(max(0.0, low1**2 - 2 * phi * low1 * up2 + up2**2))
    above = math.sqrt(max(0.0, up1**2 - 2 * phi * up1 * low2 + low2**2))
    difference = (b - c) / n
    return _interval(difference - below, difference + above, method="newcombe", level=level)


def _correlation(counts: PairedCounts) -> float:
    a, b, c, d = counts.both, counts.first_only, counts.second_only, counts.neither
    product = (a + b) * (c + d) * (a + c) * (b + d)
    if product == 0:
        return 0.0
    determinant: float = a * d - b * c
    # Newcombe's method 10 shrinks a positive correlation by a continuity correction n/2.
    if determinant > 0:
        determinant = max(determinant - counts.total / 2, 0.0)
    return determinant / math.sqrt(product)


def tango(counts: PairedCounts, *, level: float = DEFAULT_LEVEL) -> Interval:
    """Return Tango's score interval of the paired difference.

    References
    ----------
    Tango T. Stat Med 1998;17:891.
    """
    z2 = normal_quantile(level) ** 2
    difference = (counts.first_only - counts.second_only) / counts.total

    def excess(delta: float) -> float:
        b, c, n = counts.first_only, counts.second_only, counts.total
        return (b - c - n * delta) ** 2 - z2 * n * restricted_variance(counts, delta)

    lower = _root(excess, -1.0, difference)
    upper = _root(excess, 1.0, difference)
    return _interval(lower, upper, method="tango", level=level)


def restricted_variance(counts: PairedCounts, delta: float) -> float:
    """Return n times the variance of the difference, estimated where the difference is delta."""
    b, c, n = counts.first_only, counts.second_only, counts.total
    # Larger root of the quadratic for the restricted estimate of p21 (Tango 1998, eq. 8).
    linear = -b - c + (2 * n - b + c) * delta
    constant = -c * delta * (1 - delta)
    p21 = (math.sqrt(max(0.0, linear**2 - 8 * n * constant)) - linear) / (4 * n)
    return max(0.0, 2 * p21 + delta * (1 - delta))


def _root(excess: Callable[[float], float], border: float, inside: float) -> float:
    """Bisect between a border and the estimate, where the excess is at most zero."""
    if excess(border) <= 0:
        return border
    outer, inner = border, inside
    for _ in range(BISECTIONS):
        middle = (outer + inner) / 2
        # Without discordant pairs the excess is 0 at the estimate itself, a second root.
        outer, inner = (middle, inner) if excess(middle) > 0 else (outer, middle)
    return outer
