"""Analysis room: every table is checked against itself before anyone sees it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from readerstudy.analysis.computing.plain import Plain

SLACK = 1e-9


class TableInconsistentError(ValueError):
    """A computed table contradicts itself; nothing of it may be reported."""


def check_result(result: Plain) -> None:
    """Check a whole result, wherever its parts lie.

    Parameters
    ----------
    result : dict
        From ``tables.study_tables``.

    Raises
    ------
    TableInconsistentError
        Naming the place and the rule that does not hold.
    """
    _walk(result, "result")


def _walk(value: Plain, place: str) -> None:
    if isinstance(value, dict):
        for rule in _RULES:
            rule(value, place)
        for key, item in value.items():
            _walk(item, f"{place}.{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            _walk(item, f"{place}[{number}]")
    elif isinstance(value, float) and not math.isfinite(value):
        raise TableInconsistentError(f"{place}: {value} is not a finite number")


def _number(value: Plain) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _require(holds: bool, place: str, rule: str) -> None:
    if not holds:
        raise TableInconsistentError(f"{place}: {rule}")


def _holds(interval: Plain, value: float | None, place: str) -> None:
    if not isinstance(interval, dict) or value is None:
        return
    lower, upper = _number(interval["lower"]), _number(interval["upper"])
    inside = lower is not None and upper is not None and lower - SLACK <= value <= upper + SLACK
    _require(inside, place, f"interval {lower} to {upper} does not hold the estimate {value}")


def _interval_holds_estimate(part: dict[str, Plain], place: str) -> None:
    if "estimate" in part and "interval" in part:
        _holds(part["interval"], _number(part["estimate"]), place)


def _proportion(part: dict[str, Plain], place: str) -> None:
    if "numerator" not in part or "wilson" not in part:
        return
    numerator, denominator = _number(part["numerator"]), _number(part["denominator"])
    fits = numerator is not None and denominator is not None and 0 <= numerator <= denominator
    _require(fits, place, "the numerator exceeds the denominator")
    for method in ("wilson", "clopper_pearson"):
        _holds(part[method], _number(part["value"]), f"{place}.{method}")


def _counts(part: dict[str, Plain], place: str) -> None:
    if "true_negatives" not in part:
        return
    tp, fn, fp, tn = (
        _number(part[key])
        for key in ("true_positives", "false_negatives", "false_positives", "true_negatives")
    )
    accuracy, sensitivity = part["accuracy"], part["sensitivity"]
    if None in (tp, fn, fp, tn) or not isinstance(accuracy, dict):
        raise TableInconsistentError(f"{place}: a count is missing")
    total = (tp or 0) + (fn or 0) + (fp or 0) + (tn or 0)
    _require(accuracy["denominator"] == total, place, "the four counts do not add up to n")
    if isinstance(sensitivity, dict):
        fits = sensitivity["denominator"] == (tp or 0) + (fn or 0)
        _require(fits, place, "the positives do not add up")


def _probability(part: dict[str, Plain], place: str) -> None:
    for key in ("p_two_sided", "p_greater", "p_less", "exact_p", "mid_p"):
        p = _number(part.get(key))
        _require(p is None or 0 <= p <= 1, f"{place}.{key}", f"{p} is not a probability")


def _nodes(part: dict[str, Plain], place: str) -> None:
    if "n_positive" in part and "n_negative" in part and "n" in part:
        total = (_number(part["n_positive"]) or 0) + (_number(part["n_negative"]) or 0)
        _require(part["n"] == total, place, "positives and negatives do not add up to n")
    nodes = part.get("nodes")
    if isinstance(nodes, dict):
        for key, item in part.items():
            if key != "nodes" and "confidence" not in key:
                _same_n(item, nodes["n"], f"{place}.{key}")


def _same_n(value: Plain, n: Plain, place: str) -> None:
    """Every number with its own n rests on the nodes the block declares."""
    if isinstance(value, dict):
        if "n_positive" in value and "n" in value and "available" not in value:
            _require(value["n"] == n, place, f"n = {value['n']} differs from the {n} nodes listed")
        for key, item in value.items():
            # The confidence view has nodes of its own: those every reader gave a confidence for.
            if "nodes" not in value and "confidence" not in key:
                _same_n(item, n, f"{place}.{key}")


def _confusion(part: dict[str, Plain], place: str) -> None:
    """Every node of a part lies in one cell, or is undetermined or without a call."""
    counted = part.get("confusion")
    if not isinstance(counted, dict):
        return
    sides, missing = counted["sides"], counted["missing"]
    if not isinstance(sides, dict) or not isinstance(missing, dict):
        raise TableInconsistentError(f"{place}.confusion: a side has no counts")
    totals = {
        side: sum(map(sum, cast("list[list[int]]", rows))) + cast("int", missing[side])
        for side, rows in sides.items()
        if isinstance(rows, list)
    }
    whole = cast("int", part["n_nodes"]) - cast("int", counted["undetermined"])
    for side, total in totals.items():
        rule = f"{total} nodes are counted where {whole} have a reference standard"
        _require(total == whole, f"{place}.confusion.{side}", rule)


def _adjusted(part: dict[str, Plain], place: str) -> None:
    adjusted, tested = _number(part.get("adjusted_p")), _number(part.get("tested_p"))
    if adjusted is not None and tested is not None:
        _require(adjusted >= tested - SLACK, place, "an adjusted P lies below the P it adjusts")


_RULES = (
    _interval_holds_estimate,
    _proportion,
    _counts,
    _probability,
    _nodes,
    _confusion,
    _adjusted,
)


def check_subgroups_add_up(parts: Sequence[Mapping[str, Any]]) -> None:
    """Check that every subgroup variable splits all nodes, none twice.

    Raises
    ------
    TableInconsistentError
        Naming the variable.
    """
    whole = next(part["n_nodes"] for part in parts if part["kind"] == "pooled")
    totals: dict[str, int] = {}
    for part in parts:
        if part["kind"] == "subgroup":
            totals[part["variable"]] = totals.get(part["variable"], 0) + part["n_nodes"]
    for variable, total in totals.items():
        _require(total == whole, variable, f"its subgroups hold {total} nodes, all hold {whole}")


def check_parts_add_up(pooled: dict[str, Plain], parts: list[dict[str, Plain]]) -> None:
    """Check that node counts of the cohorts add up to the pooled ones.

    Raises
    ------
    TableInconsistentError
        If an endpoint's counts differ.
    """
    endpoints = pooled["endpoints"]
    if not isinstance(endpoints, dict):
        raise TableInconsistentError("result: a cohort has no endpoints")
    for name in endpoints:
        for key in ("n", "n_positive", "n_negative", "n_patients"):
            whole, total = _count(pooled, name, key), sum(_count(p, name, key) for p in parts)
            _require(whole == total, f"{name}.{key}", f"cohorts hold {total}, pooled {whole}")


def _count(cohort: dict[str, Plain], endpoint: str, key: str) -> int:
    value: Plain = cohort
    for step in ("endpoints", endpoint, "nodes", key):
        value = value[step] if isinstance(value, dict) else None
    if not isinstance(value, int):
        raise TableInconsistentError(f"{endpoint}.{key}: not a count: {value!r}")
    return value
