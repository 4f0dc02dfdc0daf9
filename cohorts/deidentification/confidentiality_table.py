"""cohorts.deidentification: the standard's table of attributes and what to do with each.

References
----------
DICOM PS3.15 Table E.1-1, edition in `EDITION`; see NOTICE.md for the source of the data.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from pydicom.tag import BaseTag, Tag


class Action(StrEnum):
    """The action codes of the table (PS3.15 E.1.1)."""

    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    UID = "U"
    EMPTY_OR_DUMMY = "Z/D"
    REMOVE_OR_EMPTY = "X/Z"
    REMOVE_OR_DUMMY = "X/D"
    REMOVE_OR_EMPTY_OR_DUMMY = "X/Z/D"
    REMOVE_OR_EMPTY_OR_UIDS = "X/Z/U*"


@dataclass(frozen=True)
class Row:
    """One attribute of the table; `X` in `tag` stands for any hexadecimal digit."""

    tag: str
    name: str
    action: Action


def _document() -> dict[str, Any]:
    file = resources.files("cohorts.deidentification") / "confidentiality_table.json"
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


_DOCUMENT = _document()
EDITION: str = _DOCUMENT["edition"]
ROWS = tuple(Row(row["tag"], row["name"], Action(row["action"])) for row in _DOCUMENT["rows"])


def _single(row: Row) -> bool:
    return "X" not in row.tag


_SINGLE = {Tag(int(row.tag[1:5] + row.tag[6:10], 16)): row.action for row in ROWS if _single(row)}
_REPEATING = tuple(row for row in ROWS if not _single(row))


@cache
def action_for(tag: BaseTag) -> Action | None:
    """Return the table's action for an attribute; None if the table does not name it."""
    found = _SINGLE.get(tag)
    if found is not None:
        return found
    text = f"({tag.group:04X},{tag.element:04X})"
    for row in _REPEATING:
        if all(mask in ("X", char) for mask, char in zip(row.tag, text, strict=True)):
            return row.action
    return None
