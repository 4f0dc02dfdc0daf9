"""Analysis room: a report document as canonical JSON, and back (pure)."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from readerstudy.analysis.reporting.document import (
    Block,
    Column,
    Document,
    Figure,
    Note,
    Paragraph,
    Row,
    Section,
    Table,
)

NAME = "report.json"
SCHEMA_VERSION = 1
_BLOCKS: Mapping[str, type[Table | Figure | Paragraph | Note]] = {
    kind.__name__.lower(): kind for kind in (Table, Figure, Paragraph, Note)
}


def to_bytes(document: Document) -> bytes:
    """Return the document as canonical JSON: keys sorted, ASCII, no spaces."""
    described = {
        "schema_version": SCHEMA_VERSION,
        "title": document.title,
        "subtitle": document.subtitle,
        "banners": document.banners,
        "colophon": document.colophon,
        "sections": [_section(section) for section in document.sections],
    }
    text = json.dumps(described, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return text.encode("ascii")


def _section(section: Section) -> dict[str, Any]:
    return {
        "key": section.key,
        "title": section.title,
        "blocks": [asdict(block) | {"kind": _kind(block)} for block in section.blocks],
        "sections": [_section(inner) for inner in section.sections],
    }


def _kind(block: Block) -> str:
    return type(block).__name__.lower()


def from_bytes(data: bytes) -> Document:
    """Read a document written by ``to_bytes``.

    Raises
    ------
    ValueError
        If it is of another schema version.
    """
    found = json.loads(data)
    if found.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(
            f"schema_version: {SCHEMA_VERSION} was expected, {found.get('schema_version')!r} found"
        )
    return Document(
        title=found["title"],
        subtitle=found["subtitle"],
        banners=tuple(found["banners"]),
        colophon=tuple((name, value) for name, value in found["colophon"]),
        sections=tuple(_section_from(section) for section in found["sections"]),
    )


def _section_from(found: Mapping[str, Any]) -> Section:
    return Section(
        key=found["key"],
        title=found["title"],
        blocks=tuple(_block_from(block) for block in found["blocks"]),
        sections=tuple(_section_from(inner) for inner in found["sections"]),
    )


def _block_from(found: Mapping[str, Any]) -> Block:
    fields = {name: value for name, value in found.items() if name != "kind"}
    kind = _BLOCKS[found["kind"]]
    if kind is Table:
        return Table(
            key=fields["key"],
            title=fields["title"],
            columns=tuple(Column(**column) for column in fields["columns"]),
            rows=tuple(Row(**(row | {"cells": tuple(row["cells"])})) for row in fields["rows"]),
            notes=tuple(fields["notes"]),
        )
    if kind is Figure:
        return Figure(**(fields | {"data": tuple(fields["data"])}))
    return kind(**fields)
