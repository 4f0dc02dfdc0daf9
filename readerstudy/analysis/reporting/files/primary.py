"""Analysis room: the planned comparison as lines of the long table (pure)."""

from collections.abc import Iterator, Mapping
from typing import Any

from readerstudy.analysis.reporting.files.numbers import Line, flat

POOLED = "pooled"
MEASURE = "primary_difference"


def primary_lines(block: Mapping[str, Any]) -> Iterator[Line]:
    """Yield the planned tests of all cohorts together, of each cohort, and the bootstrap."""
    if not block:
        return
    yield from _part_lines(POOLED, block)
    for key, found in (block.get("by_cohort") or {}).items():
        yield from _part_lines(key, found)
    bootstrap = block.get("bootstrap") or {}
    for key in ("result", "replicates", "skipped"):
        method = "bootstrap" if key == "result" else f"bootstrap.{key}"
        for line in flat(bootstrap.get(key), method):
            yield _frame(POOLED, block, "reader mean") | line


def _part_lines(part: str, block: Mapping[str, Any]) -> Iterator[Line]:
    for test in block["tests"]:
        frame, method = _frame(part, block, test["subject"]), block["test"]
        yield frame | {
            "method": method,
            "estimate": test["estimate"],
            "standard_error": test["standard_error"],
            "degrees_of_freedom": test["degrees_of_freedom"],
            "lower": test["lower"],
            "upper": test["upper"],
            "p_two_sided": test["p"],
            "n": test["n"],
        }
        for key in ("tested_p", "adjusted_p", "non_inferiority"):
            for line in flat(test[key], f"{method}.{key}"):
                yield frame | line


def _frame(part: str, block: Mapping[str, Any], subject: str) -> Line:
    return {
        "part": part,
        "endpoint": block["endpoint"],
        "subject": f"model minus {subject}",
        "view": block["view"],
        "measure": MEASURE,
    }
