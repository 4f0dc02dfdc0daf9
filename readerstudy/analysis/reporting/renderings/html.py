"""Analysis room: the report as nested values for the page's templates, which escape every text."""

from typing import Any

from readerstudy.analysis.reporting.document import (
    Block,
    Document,
    Figure,
    Note,
    Section,
    Table,
)

_LONG = 400
_RUNNING = 40
_DEEPEST = 6


def html_context(document: Document) -> dict[str, Any]:
    """Return what ``analysis/_document.html`` prints.

    Parameters
    ----------
    document : Document

    Returns
    -------
    dict
        ``title``, ``subtitle``, ``banners``, ``colophon`` and ``sections``; each section has
        ``key``, ``title``, ``level`` (of its heading), ``blocks`` and ``sections``.
    """
    return {
        "title": document.title,
        "subtitle": document.subtitle,
        "banners": document.banners,
        "colophon": document.colophon,
        "sections": [_section(section, 2) for section in document.sections],
    }


def _section(section: Section, level: int) -> dict[str, Any]:
    return {
        "key": section.key,
        "title": section.title,
        "level": level,
        "blocks": _blocks(section.blocks),
        "sections": [_section(inner, min(level + 1, _DEEPEST)) for inner in section.sections],
    }


def _blocks(blocks: tuple[Block, ...]) -> list[dict[str, Any]]:
    """Return blocks; figures that follow each other stand together, side by side if they can."""
    found: list[dict[str, Any]] = []
    for block in blocks:
        if isinstance(block, Figure) and found and found[-1]["kind"] == "figures":
            found[-1]["figures"].append(block)
        else:
            found.append(_block(block))
    return found


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Figure):
        return {"kind": "figures", "figures": [block]}
    kind = "note" if isinstance(block, Note) else "paragraph"
    return {"kind": kind, "text": block.text, "warning": getattr(block, "warning", False)}


def _table(table: Table) -> dict[str, Any]:
    numbers = [column.align == "number" for column in table.columns]
    running = [_is_running(table, index) for index in range(len(numbers))]
    rows = []
    for row in table.rows:
        cells = [
            {"text": text, "number": number, "running": long}
            for text, number, long in zip(
                row.cells,
                [False] if row.heading else numbers,
                [False] if row.heading else running,
                strict=True,
            )
        ]
        rows.append({"heading": row.heading, "first": cells[0], "rest": cells[1:]})
    return {
        "kind": "table",
        "key": table.key,
        "title": table.title,
        "columns": [
            {"title": column.title, "number": number, "running": long}
            for column, number, long in zip(table.columns, numbers, running, strict=True)
        ],
        "width": len(table.columns),
        "rows": rows,
        "notes": table.notes,
        "long_notes": sum(len(note) for note in table.notes) > _LONG,
    }


def _is_running(table: Table, index: int) -> bool:
    """Say whether a column holds sentences, which may go on in further lines."""
    cells = (row.cells[index] for row in table.rows if not row.heading)
    return table.columns[index].align == "text" and any(len(cell) > _RUNNING for cell in cells)
