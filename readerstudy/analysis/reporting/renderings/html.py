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
        "blocks": [_block(block) for block in section.blocks],
        "sections": [_section(inner, min(level + 1, _DEEPEST)) for inner in section.sections],
    }


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Figure):
        return {"kind": "figure", "figure": block}
    kind = "note" if isinstance(block, Note) else "paragraph"
    return {"kind": kind, "text": block.text, "warning": getattr(block, "warning", False)}


def _table(table: Table) -> dict[str, Any]:
    numbers = [column.align == "number" for column in table.columns]
    rows = []
    for row in table.rows:
        aligned = [False] if row.heading else numbers
        cells = [
            {"text": text, "number": number}
            for text, number in zip(row.cells, aligned, strict=True)
        ]
        rows.append({"heading": row.heading, "first": cells[0], "rest": cells[1:]})
    return {
        "kind": "table",
        "key": table.key,
        "title": table.title,
        "columns": [
            {"title": column.title, "number": number}
            for column, number in zip(table.columns, numbers, strict=True)
        ],
        "width": len(table.columns),
        "rows": rows,
        "notes": table.notes,
        "long_notes": sum(len(note) for note in table.notes) > _LONG,
    }
