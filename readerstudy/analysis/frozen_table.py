"""Analysis room: the frozen table as canonical bytes, and back (pure)."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cohorts.spreadsheet import harmless
from readerstudy.analysis.endpoints import NodeRow, StudyTable

SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class FrozenTable:
    """Truth, calls and predictions per node, with the digests of where they come from.

    Attributes
    ----------
    sources : mapping
        Study, protocol digest, reference standards, model, readers, counts; plain values.
    table : StudyTable
    mask_digests : mapping of (cohort, patient, node) to str
        The mask version every number of that node rests on.
    """

    sources: Mapping[str, Any]
    table: StudyTable
    mask_digests: Mapping[tuple[str, str, str], str]


def to_bytes(frozen: FrozenTable) -> bytes:
    """Return canonical JSON: rows by cohort, patient and node, keys sorted, ASCII, no spaces."""
    rows = sorted(frozen.table.rows, key=lambda row: row.key)
    document = {
        "schema_version": SCHEMA_VERSION,
        "sources": frozen.sources,
        "readers": list(frozen.table.readers),
        "rows": [_row_document(row, frozen.mask_digests[row.key]) for row in rows],
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return text.encode("ascii")


def _row_document(row: NodeRow, mask_digest: str) -> dict[str, Any]:
    return {
        "cohort": row.cohort,
        "patient": row.patient,
        "node": row.node,
        "mask_digest": mask_digest,
        "truth": row.truth,
        "calls": dict(row.calls),
        "score_metastasis": row.score_metastasis,
        "score_ene": row.score_ene,
    }


def from_bytes(data: bytes) -> FrozenTable:
    """Read a table written by ``to_bytes``.

    Raises
    ------
    ValueError
        If the document is of another schema version, or its rows cannot be analysed.
    """
    document = json.loads(data)
    if document.get("schema_version") != SCHEMA_VERSION:
        found = document.get("schema_version")
        raise ValueError(f"schema_version: {SCHEMA_VERSION} was expected, {found!r} found")
    rows, masks = [], {}
    for entry in document["rows"]:
        fields = {key: value for key, value in entry.items() if key != "mask_digest"}
        row = NodeRow(**fields)
        rows.append(row)
        masks[row.key] = entry["mask_digest"]
    table = StudyTable(readers=tuple(document["readers"]), rows=tuple(rows))
    return FrozenTable(sources=document["sources"], table=table, mask_digests=masks)


def to_csv(frozen: FrozenTable) -> str:
    """Return one line per node; empty cells are missing values; safe to open in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    readers = frozen.table.readers
    scores = ["score_metastasis", "score_ene"]
    writer.writerow(["cohort", "patient", "node", "mask_digest", "truth", *readers, *scores])
    for row in sorted(frozen.table.rows, key=lambda row: row.key):
        names = [harmless(part) for part in row.key]
        values = [row.truth, *(row.calls[reader] for reader in readers)]
        numbers = [_exact(row.score_metastasis), _exact(row.score_ene)]
        writer.writerow([*names, frozen.mask_digests[row.key], *map(_cell, values), *numbers])
    return out.getvalue()


def _cell(value: int | None) -> str:
    return "" if value is None else str(value)


def _exact(value: float | None) -> str:
    # repr keeps every bit, so that the numbers can be recomputed from the file.
    return "" if value is None else repr(value)
