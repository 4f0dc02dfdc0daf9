"""Analysis room: the report as PDF, set by typst from data that it never evaluates."""

import json
from pathlib import Path
from typing import Any, Literal

import typst

from readerstudy.analysis.reporting.document import (
    Block,
    Document,
    Figure,
    Note,
    Section,
    Table,
)
from readerstudy.analysis.reporting.renderings.archives import printable
from readerstudy.analysis.reporting.renderings.fonts import FAMILY, fonts, with_font
from readerstudy.analysis.reporting.renderings.widths import setting_of

_TEMPLATE = Path(__file__).with_name("pdf.typ")
_EPOCH = 946684800  # a fixed time, so that equal reports are equal bytes


def pdf_bytes(document: Document) -> bytes:
    """Write a document as tagged PDF: PDF/UA-1 where the typeface has every sign.

    Parameters
    ----------
    document : Document

    Returns
    -------
    bytes
        Equal for equal documents.
    """
    content = {
        "title": document.title,
        "subtitle": document.subtitle,
        "banners": document.banners,
        "colophon": document.colophon,
        "font": FAMILY,
        "sections": [_section(section) for section in document.sections],
    }
    data = json.dumps(_clean(content))
    try:
        return _compiled(data, "ua-1")
    except typst.TypstError:
        # PDF/UA refuses signs that the typeface lacks; a study's name may hold some.
        return _compiled(data, None)


def _compiled(data: str, standard: Literal["ua-1"] | None) -> bytes:
    return bytes(
        typst.compile(
            _TEMPLATE.read_bytes(),
            format="pdf",
            font_paths=fonts(),
            sys_inputs={"document": data},
            pdf_standards=standard or [],
            timestamp=_EPOCH,
        )
    )


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {name: _clean(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(inner) for inner in value]
    return value


def _section(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "blocks": [_block(block) for block in section.blocks],
        "sections": [_section(inner) for inner in section.sections],
    }


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Figure):
        return {
            "kind": "figure",
            "title": block.title,
            "svg": with_font(block.svg),
            "alt": block.alt,
            "caption": block.caption,
        }
    if isinstance(block, Note):
        return {"kind": "note", "text": block.text, "warning": block.warning}
    return {"kind": "paragraph", "text": block.text}


def _table(table: Table) -> dict[str, Any]:
    setting = setting_of(table)
    return {
        "kind": "table",
        "title": table.title,
        "columns": [{"title": c.title, "align": c.align} for c in table.columns],
        "rows": [{"heading": row.heading, "cells": row.cells} for row in table.rows],
        "notes": table.notes,
        "landscape": setting.landscape,
        "running": setting.running,
        "size": setting.size,
        "widths": setting.widths,
    }
