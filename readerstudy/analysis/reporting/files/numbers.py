"""Analysis room: any block of results as flat lines of numbers, whatever it holds (pure)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Line = dict[str, Any]

UNREPORTED = frozenset(
    {
        # Drawn, or named elsewhere; no number of the report.
        "categories",
        "level",
        "names",
        "readers",
        "roc",
        "roc_point",
        "tied_thresholds",
        # Inputs of numbers that are listed themselves.
        "fraction",
        "matrix",
        "estimates",
        "variance",
        "delong_covariance",
        "patient_clustered_covariance",
        "degenerate",
    }
)
"""Keys of results that are no line of the file."""

CONSUMED = frozenset(
    {"estimate", "standard_error", "interval", "test", "n", "n_positive", "degrees_of_freedom"}
)


def flat(block: Any, method: str) -> Iterator[Line]:
    """Yield one line per number of a block; ``method`` is the dotted way to it.

    Parameters
    ----------
    block : results
        A dictionary, list or number of ``study_tables``; None and sentences give no line.
    method : str
        What the block itself is called.

    Yields
    ------
    dict
        ``method`` and the columns that hold a number.
    """
    if isinstance(block, Mapping):
        yield from _of_mapping(block, method)
    elif isinstance(block, list | tuple):
        for name, item in _named(block):
            yield from flat(item, _joined(method, name))
    elif isinstance(block, int | float) and not isinstance(block, bool):
        last = method.rpartition(".")[2]
        is_p = last == "p" or last.startswith("p_") or last.endswith("_p")
        yield {"method": method, "p_two_sided" if is_p else "estimate": block}


def _of_mapping(block: Mapping[str, Any], method: str) -> Iterator[Line]:
    if "numerator" in block and "wilson" in block:
        yield from _proportion(block, method)
    elif "estimate" in block:
        yield from _estimate(block, method)
    elif "statistic" in block:
        yield {"method": method, **_test(block), "status": block.get("status")}
    elif "lower" in block and "upper" in block and "method" in block:
        yield {"method": method, **_limits(block)}
    else:
        yield from _items(block, method)


def _items(
    block: Mapping[str, Any], method: str, without: frozenset[str] = frozenset()
) -> Iterator[Line]:
    for key, value in block.items():
        if key not in UNREPORTED and key not in without:
            yield from flat(value, _joined(method, key))


def _proportion(block: Mapping[str, Any], method: str) -> Iterator[Line]:
    for name in ("wilson", "clopper_pearson"):
        yield {
            "method": _joined(method, name),
            "estimate": block["value"],
            **_limits(block[name]),
            "numerator": block["numerator"],
            "denominator": block["denominator"],
            "status": block["status"],
        }


def _estimate(block: Mapping[str, Any], method: str) -> Iterator[Line]:
    yield {
        "method": method,
        "estimate": block["estimate"],
        "standard_error": block.get("standard_error"),
        **_limits(block.get("interval")),
        "degrees_of_freedom": block.get("degrees_of_freedom"),
        **_test(block.get("test")),
        "n": block.get("n"),
        "n_positive": block.get("n_positive"),
        "status": block.get("status"),
    }
    yield from _items(block, method, CONSUMED | {"n_negative"})


def _limits(interval: Mapping[str, Any] | None) -> Line:
    return {} if interval is None else {"lower": interval["lower"], "upper": interval["upper"]}


def _test(test: Mapping[str, Any] | None) -> Line:
    if test is None:
        return {}
    found = {key: test.get(key) for key in ("statistic", "p_two_sided")}
    freedom = test.get("degrees_of_freedom")
    return found if freedom is None else {**found, "degrees_of_freedom": freedom}


def _named(items: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """Name the items of a list by what they are of, else by their number from 0."""
    for number, item in enumerate(items):
        if isinstance(item, Mapping):
            named = [str(item[key]) for key in NAMING if item.get(key) not in (None, "")]
            rest = {key: value for key, value in item.items() if key not in NAMING}
            yield " ".join(named) or str(number), rest
        else:
            yield str(number), item


NAMING = ("name", "variable", "cohort", "reader", "first_cohort", "second_cohort", "reason", "side")
"""Keys that name an item of a list; their values become part of the method."""


def _joined(method: str, name: str) -> str:
    return f"{method}.{name}" if method else name
