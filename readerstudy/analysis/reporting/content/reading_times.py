"""Content: how long the readers took (pure)."""

from readerstudy.analysis.reporting import display
from readerstudy.analysis.reporting.content import cells
from readerstudy.analysis.reporting.content.cells import Result
from readerstudy.analysis.reporting.content.material import Material, groups_of
from readerstudy.analysis.reporting.display import UNDEFINED
from readerstudy.analysis.reporting.document import Block, Paragraph, Row, Section, Table


def section(material: Material) -> Section:
    """Return Table S10 and the figure."""
    title = "Reading times"
    found = material.description.get("reading_times") or {}
    if not found.get("recorded"):
        text = "Reading times were not recorded."
        return Section(key="reading-times", title=title, blocks=(Paragraph(text=text),))
    blocks: list[Block] = [_table(found["readers"]), *material.shown("reading-times")]
    return Section(key="reading-times", title=title, blocks=tuple(blocks))


def _table(readers: list[Result]) -> Table:
    names = [group["name"] for group in groups_of(readers[0]["groups"])]
    rows: list[Row] = []
    for at, name in enumerate(names):
        rows.append(cells.heading(name))
        rows += [_row(reader["reader"], reader["groups"][at]) for reader in readers]
    return Table(
        key="table-s10",
        title="Table S10. Reading times",
        columns=cells.columns(
            "Reader",
            "Cases",
            "Active per case, min:s, median [IQR]",
            "In all per case, min:s, median [IQR]",
            "Active per node, min:s, median [IQR]",
            "Cases without an active time",
            "Changed calls",
        ),
        rows=tuple(rows),
        notes=(
            "Active: while the page was in front and the reader did something; in all: from the "
            "first opening to the submission, pauses included. Submitted cases only. Times "
            "describe and are not tested.",
        ),
    )


def _row(reader: str, group: Result) -> Row:
    active, total = group["active"], group["total"]
    return cells.row(
        f"Reader {reader}",
        str(group["cases"]),
        _quartiles(active["per_case"]),
        _quartiles(total["per_case"]),
        _quartiles(active["per_node"]),
        str(active["per_case"]["unknown"]),
        str(group["changed_calls"]),
    )


def _quartiles(found: Result) -> str:
    if found["median"] is None:
        return UNDEFINED
    lower, upper = (
        display.minutes(found["lower_quartile"]),
        display.minutes(found["upper_quartile"]),
    )
    return f"{display.minutes(found['median'])} [{lower}, {upper}]"
