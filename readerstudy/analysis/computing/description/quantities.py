"""Analysis room: a quantity summarised, values thinned for figures, counts that must add up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from readerstudy.analysis.computing.self_checks import TableInconsistentError
from readerstudy.statistics.inputs import FloatArray, IntArray
from readerstudy.statistics.results import Status

FEWEST = 2
MOST_VALUES = 2000
"""Values kept per group for a figure."""
QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A quantity of one group; quartiles interpolate linearly (R type 7).

    Attributes
    ----------
    n, unknown : int
        Units with a value, and without.
    standard_deviation : float or None
        Divisor n - 1.
    status : Status
        Why something is None: with no value everything is, with one the standard deviation.
    """

    n: int
    unknown: int
    mean: float | None
    standard_deviation: float | None
    median: float | None
    lower_quartile: float | None
    upper_quartile: float | None
    minimum: float | None
    maximum: float | None
    total: float | None
    status: Status


def quantity(values: FloatArray, *, too_few: Status) -> Quantity:
    """Summarise values; NaN is unknown.

    Parameters
    ----------
    values : ndarray of float64, shape (units,)
    too_few : Status
        What to say of fewer than two values: too few nodes, or too few patients.
    """
    known = known_values(values)
    quartiles: Sequence[float | None] = (None,) * 3
    if known.size:
        quartiles = [float(value) for value in np.quantile(known, QUARTILES)]
    return Quantity(
        n=int(known.size),
        unknown=int(values.size - known.size),
        mean=float(known.mean()) if known.size else None,
        standard_deviation=float(known.std(ddof=1)) if known.size >= FEWEST else None,
        median=quartiles[1],
        lower_quartile=quartiles[0],
        upper_quartile=quartiles[2],
        minimum=float(known[0]) if known.size else None,
        maximum=float(known[-1]) if known.size else None,
        total=float(known.sum()) if known.size else None,
        status=Status.OK if known.size >= FEWEST else too_few,
    )


def known_values(values: FloatArray) -> FloatArray:
    """Return the values that are known, ascending: sums then do not depend on the rows' order."""
    return np.sort(values[~np.isnan(values)])


def floats(values: Iterable[float | None]) -> FloatArray:
    """Return values as floats, NaN where unknown."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def thinned(ascending: FloatArray, most: int = MOST_VALUES) -> list[float]:
    """Return all values, or ``most`` of them at even ranks, the smallest and largest included."""
    n = ascending.size
    if n > most:
        ranks: IntArray = np.arange(most, dtype=np.int64) * (n - 1) // (most - 1)
        ascending = ascending[ranks]
    return [float(value) for value in ascending]


def require(holds: bool, place: str, rule: str) -> None:
    """Refuse a table that contradicts itself.

    Raises
    ------
    TableInconsistentError
        Naming the place and the rule.
    """
    if not holds:
        raise TableInconsistentError(f"{place}: {rule}")


def require_sum(parts: Iterable[int], whole: int, place: str) -> None:
    """Refuse counts that do not add up to their total."""
    total = sum(parts)
    require(total == whole, place, f"the parts hold {total}, the whole {whole}")
