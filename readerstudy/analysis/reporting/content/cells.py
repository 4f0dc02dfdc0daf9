"""Content: results to the text of cells (pure; rounding only in display)."""

from collections.abc import Mapping, Sequence
from typing import Any

from readerstudy.analysis.reporting import display
from readerstudy.analysis.reporting.display import UNDEFINED
from readerstudy.analysis.reporting.document import Column, Row

Result = Mapping[str, Any]


def columns(first: str, *numbers: str) -> tuple[Column, ...]:
    """Return a column of names and columns of numbers."""
    return (Column(title=first), *(Column(title=title, align="number") for title in numbers))


def heading(text: str) -> Row:
    """Return a line over all columns."""
    return Row(cells=(text,), heading=True)


def row(*cells: str) -> Row:
    """Return a line."""
    return Row(cells=cells)


def limits_of(result: Result | None) -> tuple[float | None, float | None]:
    """Return the confidence limits of a result; None where undefined."""
    found = (result or {}).get("interval")
    return (None, None) if found is None else (found["lower"], found["upper"])


def estimate(result: Result | None, *, places: int = 2) -> str:
    """Return for example ``0.88 (0.81, 0.95)``; a dash where undefined."""
    value = None if result is None else result["estimate"]
    return display.with_limits(value, *limits_of(result), places=places)


def interval(result: Result | None) -> str:
    """Return the limits alone."""
    return display.limits(*limits_of(result))


def area(result: Result | None) -> str:
    """Return an area with its limits cut at 0 and 1: those of a mean of areas are not cut yet."""
    return estimate(_cut(result))


def area_interval(result: Result | None) -> str:
    """Return the limits of an area alone, cut at 0 and 1."""
    return interval(_cut(result))


def _cut(result: Result | None) -> Result | None:
    lower, upper = limits_of(result)
    if result is None or lower is None or upper is None:
        return result
    found = {**result["interval"], "lower": max(lower, 0.0), "upper": min(upper, 1.0)}
    return {**result, "interval": found}


def p_of(result: Result | None) -> float | None:
    """Return the two-sided P value of a result, unrounded; None where undefined."""
    test = (result or {}).get("test")
    return None if test is None else test["p_two_sided"]


def p(result: Result | None) -> str:
    """Return the two-sided P value as printed."""
    return display.p_value(p_of(result))


def share(proportion: Result | None) -> str:
    """Return for example ``79 (26/33)``; a dash where the denominator is 0."""
    if proportion is None or proportion["denominator"] == 0:
        return UNDEFINED
    return display.percent_with_counts(proportion["numerator"], proportion["denominator"])


def exact_percent(mean: Result | None) -> str:
    """Return the percentage of a mean of proportions, kept as one exact fraction."""
    if mean is None:
        return UNDEFINED
    numerator, denominator = mean["fraction"]
    return display.percent(numerator, denominator)


def counted(nodes: Result) -> str:
    """Return nodes and how many of them have the endpoint's disease."""
    return f"{nodes['n']} ({nodes['n_positive']})"


def counted_in(result: Result | None, nodes: Result) -> str:
    """Return the nodes a result rests on; those of its line where the result does not say.

    The reader's own confidence can be missing where a call was made: the nodes are fewer then.
    """
    if result is None or result.get("n") is None:
        return counted(nodes)
    return f"{result['n']} ({result['n_positive']})"


def turned(result: Result | None) -> Result | None:
    """Return readers minus model as model minus readers."""
    if result is None or result["estimate"] is None:
        return result
    lower, upper = limits_of(result)
    found = None
    if lower is not None and upper is not None:
        found = {**result["interval"], "lower": -upper, "upper": -lower}
    return {**result, "estimate": -result["estimate"], "interval": found}


def padded(cells: Sequence[str], width: int) -> Row:
    """Return a line whose last cells are empty."""
    return Row(cells=(*cells, *("",) * (width - len(cells))))
