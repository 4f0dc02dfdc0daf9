"""Content: what is missing, by the plan's rule, counted and listed (pure)."""

from collections.abc import Iterator

from readerstudy.analysis.reporting.content import cells
from readerstudy.analysis.reporting.content.cells import Result
from readerstudy.analysis.reporting.content.material import (
    ENDPOINT_TITLES,
    Material,
    counted,
    listed,
)
from readerstudy.analysis.reporting.document import Block, Paragraph, Row, Section, Table
from readerstudy.reading.plan_words import WORDS

MOST_LISTED = 200
MODEL = "model"
COMPLETE_ALL = "complete_all"
AS_WRONG, LEAVE_OUT = "as_wrong", "leave_out"
INCOMPLETE = "A reader made no call for this node, or the model has no score for it."


KEPT = "Kept: every reader's call and the model's score are there."


def section(material: Material) -> Section:
    """Return the rule, the counts and the list."""
    rule = material.plan.missing
    blocks: list[Block] = [
        Paragraph(
            text=f"Missing calls: {WORDS[rule.calls]}. Nodes whose reference standard is not "
            f"determinable: {WORDS[rule.undetermined]}. {_imputed(material)}"
        )
    ]
    counts, missing = list(_counts(material)), material.tables["missing"]
    if counts:
        blocks.append(_count_table(counts))
    else:
        blocks.append(Paragraph(text="No node was left out."))
    if missing:
        blocks.append(_list_table(material, missing))
    return Section(key="missing", title="Missing data", blocks=tuple(blocks))


def _imputed(material: Material) -> str:
    """Say how many values the plan's rule has filled in."""
    rule, missing = material.plan.missing, material.tables["missing"]
    calls = sum(entry["side"] not in (None, MODEL) for entry in missing)
    undetermined = sum(entry["side"] is None for entry in missing)
    filled = []
    if rule.calls == AS_WRONG:
        filled.append(counted(calls, "call"))
    if rule.undetermined != LEAVE_OUT:
        filled.append(f"the category of {counted(undetermined, 'node')}")
    if not filled:
        return "Nothing is imputed."
    return f"Imputed by these rules, not observed: {listed(filled)}. Scores are never imputed."


def _counts(material: Material) -> Iterator[Row]:
    for part in material.printed:
        for endpoint in material.endpoints:
            block = part["endpoints"][endpoint]
            rows = [
                cells.row(material.tables["reasons"][reason], _whose(side), str(n))
                for (reason, side), n in _left_out(block).items()
            ]
            incomplete = _incomplete(block)
            if material.plan.missing.calls == COMPLETE_ALL and incomplete:
                rows.append(cells.row(INCOMPLETE, "all", str(incomplete)))
                rows.append(cells.row(KEPT, "all", str(block["complete"]["n"])))
            if rows:
                yield cells.heading(f"{part['name']} – {ENDPOINT_TITLES[endpoint]}")
                yield from rows


def _left_out(block: Result) -> dict[tuple[str, str | None], int]:
    """Return how many nodes were left out, by reason and side, each counted once."""
    model = block["model"]
    of_sides = [reader["nodes"] for reader in block["readers"]]
    of_model = [] if model is None else [model["nodes"]]
    complete = [block["complete"]] if block["complete"] is not None else []
    return {
        (entry["reason"], entry["side"]): entry["n"]
        for nodes in (block["nodes"], *complete, *of_model, *of_sides)
        for entry in nodes["left_out"]
    }


def _incomplete(block: Result) -> int:
    """Return how many nodes were dropped before any side was looked at."""
    kept = block["nodes"] if block["complete"] is None else block["complete"]
    dropped: int = block["nodes"]["n"] - kept["n"]
    return dropped


def _whose(side: str | None) -> str:
    if side is None:
        return "all"
    return "Model" if side == MODEL else f"Reader {side}"


def _count_table(rows: list[Row]) -> Table:
    return Table(
        key="table-s11",
        title="Table S11. Nodes left out",
        columns=cells.columns("Reason", "Of", "Nodes"),
        rows=tuple(rows),
        notes=(
            "Comparisons use the nodes that both sides have; every table says how many these are.",
        ),
    )


def _list_table(material: Material, missing: list[Result]) -> Table:
    left = len(missing) - MOST_LISTED
    notes = (
        (f"{counted(left, 'more line')} in the file of left-out nodes (CSV).",) if left > 0 else ()
    )
    return Table(
        key="table-s12",
        title="Table S12. Missing values by node",
        columns=cells.columns("Cohort", "Patient", "Node", "Reason", "Of"),
        rows=tuple(
            cells.row(
                entry["cohort"],
                entry["patient"],
                entry["node"],
                material.tables["reasons"][entry["reason"]],
                _whose(entry["side"]),
            )
            for entry in missing[:MOST_LISTED]
        ),
        notes=notes,
    )
