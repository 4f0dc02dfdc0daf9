"""Statistics library: Fisher's exact test of r x c tables by enumeration in two halves."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

from readerstudy.statistics.inputs import (
    DEFAULT_LEVEL,
    FloatArray,
    IntArray,
    checked_level,
    checked_table,
)
from readerstudy.statistics.results import Interval, Status

FEWEST = 2
TIE = 1e-7
"""Tables this much (relatively) more probable than the observed one still count as ties."""
MOST_WORK = 2e9
"""Products of table halves beyond which the test is simulated."""
REPLICATES = 100_000


@dataclass(frozen=True, kw_only=True)
class FisherResult:
    """Fisher's exact test, two-sided (tables at most as probable as the observed one).

    Attributes
    ----------
    p : float or None
    method : str
        ``"exact"`` or ``"simulated"``; a simulated p depends on the generator's seed.
    standard_error : float or None
        Monte Carlo error of a simulated p.
    odds_ratio : float or None
        Conditional maximum likelihood estimate (2 x 2 only); None when infinite or undefined.
    odds_ratio_interval : Interval or None
        Exact conditional limits; ``upper`` is infinite with a zero cell.
    sample_odds_ratio : float or None
        Cross product; None with a zero cell in its denominator.
    """

    p: float | None
    method: str
    standard_error: float | None
    odds_ratio: float | None
    odds_ratio_interval: Interval | None
    sample_odds_ratio: float | None
    status: Status


def fisher_exact(
    table: Sequence[Sequence[int]] | npt.ArrayLike,
    *,
    generator: np.random.Generator | None = None,
    replicates: int = REPLICATES,
    level: float = DEFAULT_LEVEL,
) -> FisherResult:
    """Test independence by Fisher's exact test, conditional on both margins.

    P(table) = prod r_i! prod c_j! / (n! prod x_ij!); p is the sum over all tables with
    P <= P(observed) (1 + 1e-7). The columns are split into two halves: tables of the left half
    are met by row sums with those of the right half, so that their products are never listed.

    Parameters
    ----------
    table : array_like of int, shape (rows, columns)
        Empty rows and columns are left out.
    generator : numpy.random.Generator, optional
        Needed only for a table too large to enumerate; its seed belongs in the record.
    replicates : int
        Tables to simulate then.
    level : float
        Confidence level of the odds ratio (2 x 2).

    Returns
    -------
    FisherResult
        Status ``too_few_categories`` when fewer than two rows or columns hold a count.

    Raises
    ------
    ValueError
        If the table does not hold whole counts, or is too large and no generator was given.

    References
    ----------
    Freeman GH, Halton JH. Biometrika 1951;38:141. doi:10.1093/biomet/38.1-2.141
    Mehta CR, Patel NR. J Am Stat Assoc 1983;78:427. doi:10.1080/01621459.1983.10477989
    """
    checked_level(level)
    counts, _ = checked_table(table)
    if min(counts.shape) < FEWEST:
        return _result(None, "exact", None, counts, level, Status.TOO_FEW_CATEGORIES)
    if counts.shape == (FEWEST, FEWEST):
        p = _two_by_two(counts)
        return _result(p, "exact", None, counts, level, Status.OK)
    arranged = _arranged(counts)
    if _work(arranged) > MOST_WORK:
        if generator is None:
            raise ValueError(
                "the table is too large to enumerate; pass a numpy Generator to simulate it"
            )
        p, error = _simulated(counts, generator, replicates)
        return _result(p, "simulated", error, counts, level, Status.OK)
    return _result(_enumerated(arranged), "exact", None, counts, level, Status.OK)


def _two_by_two(counts: IntArray) -> float:
    (a, b), (c, d) = counts.tolist()
    lowest, highest = max(0, a - d), min(a + b, a + c)
    chances = _hypergeometric(lowest, highest, a + b, a + c, d - a)
    observed = chances[a - lowest]
    return min(1.0, float(chances[chances <= observed * (1 + TIE)].sum()))


def _hypergeometric(lowest: int, highest: int, row: int, column: int, shift: int) -> FloatArray:
    """Return the chances of every first cell, ``shift`` more nodes standing in the last one.

    By the ratio of neighbours: the closed form takes seconds where thousands of cells are possible.
    """
    x = np.arange(lowest, highest, dtype=np.float64)
    ratios = (row - x) / (x + 1) * (column - x) / (x + 1 + shift)
    logs = np.concatenate([[0.0], np.cumsum(np.log(ratios))])
    chances = np.exp(logs - logs.max())
    return np.asarray(chances / chances.sum(), dtype=np.float64)


def _log_factorials(n: int) -> FloatArray:
    return np.asarray(special.gammaln(np.arange(n + 1) + 1.0), dtype=np.float64)


def _arranged(counts: IntArray) -> IntArray:
    """Give the shorter side the rows, and put the smallest columns into the left half."""
    turned = counts if counts.shape[0] <= counts.shape[1] else counts.T
    best = min(
        (turned[:, np.argsort(turned.sum(axis=0), kind="stable")], _right_order(turned)),
        key=_work,
    )
    other = turned.T
    swapped = min(
        (other[:, np.argsort(other.sum(axis=0), kind="stable")], _right_order(other)), key=_work
    )
    return min((best, swapped), key=_work)


def _right_order(counts: IntArray) -> IntArray:
    """Order columns small, large, small ... so that both halves hold a large one."""
    order = np.argsort(counts.sum(axis=0), kind="stable")
    return counts[:, np.concatenate([order[::2], order[1::2]])]


def _split(counts: IntArray) -> int:
    return max(1, int(counts.shape[1]) // 2)


def _work(counts: IntArray) -> float:
    """Bound the number of half tables: meeting points x right tables, plus left tables."""
    rows = counts.shape[0]
    columns = counts.sum(axis=0)
    split = _split(counts)

    def compositions(total: int) -> float:
        return float(special.comb(int(total) + rows - 1, rows - 1))

    meeting = compositions(columns[:split].sum())
    # The last column of a half follows from the others.
    left, right = (
        math.prod(compositions(c) for c in sorted(half)[:-1])
        for half in (columns[:split], columns[split:])
    )
    return meeting * (left + right)


def _columns(total: int, limits: IntArray) -> IntArray:
    """List every column with this total and cells within the limits, shape (columns, rows)."""
    if len(limits) == 1:
        fits = total <= limits[0]
        return np.full((int(fits), 1), total, dtype=np.int64)
    rest = int(limits[1:].sum())
    parts = []
    for first in range(max(0, total - rest), min(total, int(limits[0])) + 1):
        tail = _columns(total - first, limits[1:])
        head = np.full((len(tail), 1), first, dtype=np.int64)
        parts.append(np.hstack([head, tail]))
    return np.concatenate(parts) if parts else np.empty((0, len(limits)), dtype=np.int64)


def _enumerated(counts: IntArray) -> float:
    rows, columns = counts.sum(axis=1), counts.sum(axis=0)
    log_factorial = _log_factorials(int(rows.sum()))
    constant = log_factorial[rows].sum() + log_factorial[columns].sum() - log_factorial[rows.sum()]
    observed = constant - log_factorial[counts].sum() + math.log1p(TIE)
    split = _split(counts)
    halves = [
        [np.asfortranarray(_columns(total, rows)) for total in sorted(half.tolist())[:-1]]
        for half in (columns[:split], columns[split:])
    ]
    limits = (observed, float(log_factorial[columns[split:]].sum()))
    meeting = _columns(int(columns[:split].sum()), rows)
    mass = _meeting_mass(meeting, rows, log_factorial)
    # Where all tables together are rare enough, each of them is.
    total = float(np.exp(mass[mass <= observed]).sum())
    for used in meeting[mass > observed]:
        left = constant + _half(used, halves[0], log_factorial)
        total += _meet(rows - used, halves[1], log_factorial, left, limits)
    return min(1.0, total)


def _meeting_mass(meeting: IntArray, rows: IntArray, log_factorial: FloatArray) -> FloatArray:
    """Return the log probability of the left half's row sums (multivariate hypergeometric)."""
    n, left = int(rows.sum()), int(meeting[0].sum())
    ways = log_factorial[rows].sum() - log_factorial[meeting].sum(axis=1)
    ways = ways - log_factorial[rows - meeting].sum(axis=1)
    whole = log_factorial[n] - log_factorial[left] - log_factorial[n - left]
    return np.asarray(ways - whole, dtype=np.float64)


def _meet(
    remaining: IntArray,
    listed: Sequence[IntArray],
    log_factorial: FloatArray,
    left: FloatArray,
    limits: tuple[float, float],
) -> float:
    """Sum the probabilities of all completions of one row-sum vector that are rare enough.

    ``limits`` holds the log probability not to exceed and the log of the columns' factorials.
    """
    observed, columns = limits
    # All completions together: n! / (prod r_i! prod c_j!).
    mass = log_factorial[remaining.sum()] - log_factorial[remaining].sum() - columns
    small = left + mass <= observed
    total = float(np.exp(left[small] + mass).sum())
    if small.all():
        return total
    left = left[~small]
    ordered = np.sort(_half(remaining, listed, log_factorial))
    highest = ordered[-1]
    sums = np.concatenate([[0.0], np.cumsum(np.exp(ordered - highest))])
    counted = sums[np.searchsorted(ordered, observed - left, side="right")]
    return total + float((np.exp(left + highest) * counted).sum())


def _half(remaining: IntArray, listed: Sequence[IntArray], log_factorial: FloatArray) -> FloatArray:
    """Return the log weights of every half table with these row sums.

    ``listed`` holds all its columns but the last, which follows from the row sums.
    """
    left_over, weights = remaining[None, :], np.zeros(1)
    for choices in listed[:-1]:
        rest = left_over[:, None, :] - choices[None, :, :]
        fits = (rest >= 0).all(axis=2)
        own = -log_factorial[choices].sum(axis=1)
        left_over, weights = rest[fits], (weights[:, None] + own[None, :])[fits]
    if not listed:
        return np.asarray(weights - log_factorial[left_over].sum(axis=1), dtype=np.float64)
    parts = [
        weight + _last_two(rest, listed[-1], log_factorial)
        for weight, rest in zip(weights, left_over, strict=True)
    ]
    return np.concatenate(parts)


def _last_two(remaining: IntArray, choices: IntArray, log_factorial: FloatArray) -> FloatArray:
    """Return the log weights of the last two columns: one is listed, the other follows."""
    weights = np.zeros(len(choices))
    for cells, limit in zip(choices.T, remaining.tolist(), strict=True):
        values = np.arange(cells.max(initial=0) + 1)
        fits = values <= limit
        by_cell = np.full(values.size, -np.inf)
        by_cell[fits] = -log_factorial[values[fits]] - log_factorial[limit - values[fits]]
        weights += by_cell[cells]
    return weights[weights > -np.inf]


def _simulated(
    counts: IntArray, generator: np.random.Generator, replicates: int
) -> tuple[float, float]:
    rows, columns = counts.sum(axis=1), counts.sum(axis=0)
    drawn = stats.random_table(rows, columns).rvs(size=replicates, random_state=generator)
    log_factorial = _log_factorials(int(rows.sum()))
    weights = -log_factorial[drawn.astype(np.int64)].sum(axis=(1, 2))
    observed = -log_factorial[counts].sum() + math.log1p(TIE)
    hits = int((weights <= observed).sum())
    p = (hits + 1) / (replicates + 1)
    return p, math.sqrt(p * (1 - p) / replicates)


def _result(
    p: float | None,
    method: str,
    error: float | None,
    counts: IntArray,
    level: float,
    status: Status,
) -> FisherResult:
    ratio = interval = sample = None
    if counts.shape == (FEWEST, FEWEST):
        (a, b), (c, d) = counts.tolist()
        ratio, interval = _conditional_odds_ratio(counts, level)
        sample = a * d / (b * c) if b * c else None
    return FisherResult(
        p=p,
        method=method,
        standard_error=error,
        odds_ratio=ratio,
        odds_ratio_interval=interval,
        sample_odds_ratio=sample,
        status=status,
    )


def _conditional_odds_ratio(counts: IntArray, level: float) -> tuple[float | None, Interval]:
    (a, b), (c, d) = counts.tolist()
    support = np.arange(max(0, a - d), min(a + b, a + c) + 1)
    weights = stats.hypergeom.logpmf(support, a + b + c + d, a + c, a + b)

    def chances(log_ratio: float) -> FloatArray:
        tilted = weights + support * log_ratio
        scaled = np.exp(tilted - tilted.max())
        return np.asarray(scaled / scaled.sum(), dtype=np.float64)

    tail = (1 - level) / 2
    lowest, highest = int(support[0]), int(support[-1])
    lower, upper = 0.0, math.inf
    if a > lowest:
        lower = _root(lambda x: float(chances(x)[support >= a].sum()) - tail)
    if a < highest:
        upper = _root(lambda x: tail - float(chances(x)[support <= a].sum()))
    ratio: float | None = None
    if lowest < a < highest:
        ratio = _root(lambda x: float(chances(x) @ support) - a)
    elif a == lowest < highest:
        ratio = 0.0
    interval = Interval(
        lower=lower,
        upper=upper,
        lower_unclipped=lower,
        upper_unclipped=upper,
        method="exact_conditional",
        level=level,
    )
    return ratio, interval


def _root(excess: Callable[[float], float]) -> float:
    """Solve an increasing function of the log odds ratio for zero; return the odds ratio."""
    edge = 1.0
    while excess(-edge) > 0 or excess(edge) < 0:
        edge *= 2
    return math.exp(optimize.brentq(excess, -edge, edge, xtol=1e-13, rtol=1e-13))
