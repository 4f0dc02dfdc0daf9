"""Content: what is missing, by the plan's rule, counted and listed (pure)."""

from collections.abc import Iterator

from readerstudy.analysis.reporting.content import cells
from readerstudy.analysis.reporting.content.cells import Result
from readerstudy.analysis.reporting.content.material import ENDPOINT_TITLES, Material, counted
from readerstudy.analysis.reporting.document import Block, Paragraph, Row, Section, Table
from readerstudy.reading.plan_words import WORDS

MOST_LISTED = 200
MODEL = "model"
COMPLETE_ALL = "complete_all"
INCOMPLETE = "A reader made no call for this node, or the model has no score for it."


def section(material: Material) -> Section:
    """Return the rule, the counts and the list."""
    rule = material.plan.missing
    blocks: list[Block] = [
        Paragraph(
            text=f"Missing calls: {WORDS[rule.calls]}. Nodes whose reference standard is not "
            f"determinable: {WORDS[rule.undetermined]}. Nothing is imputed."
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
            if rows:
                yield cells.heading(f"{part['name']} – {ENDPOINT_TITLES[endpoint]}")
                yield from rows


def _left_out(block: Result) -> dict[tuple[str, str | None], int]:
    """Return how many nodes were left out, by reason and side, each counted once."""
    model = block["model"]
    of_sides = [reader["nodes"] for reader in block["readers"]]
    of_model = [] if model is None else [model["nodes"]]
    return {
        (entry["reason"], entry["side"]): entry["n"]
        for nodes in (block["nodes"], *of_model, *of_sides)
        for entry in nodes["left_out"]
    }


def _incomplete(block: Result) -> int:
    """Return how many nodes were dropped before any side was looked at."""
    sides = block["readers"] or ([] if block["model"] is None else [block["model"]])
    kept: int = sides[0]["nodes"]["n"] if sides else block["nodes"]["n"]
    dropped: int = block["nodes"]["n"] - kept
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
