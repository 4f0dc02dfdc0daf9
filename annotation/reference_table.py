"""The rows of a reference standard: their order, digest and download (pure: no Django)."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypedDict

from cohorts.spreadsheet import harmless
from cohorts.vocabulary import LABEL_CHOICES

COLUMNS = ("patient", "node", "mask_digest", "label", "label_name", "source")
SETTLED_COLUMNS = ("level", "settled_metastasis", "settled_ene")
"""Empty in versions from before they were kept."""
NAMES = dict(LABEL_CHOICES)


class ReferenceRow(TypedDict):
    """One node of a reference standard; ``source`` is one of `consensus.SOURCES`."""

    patient: str
    node: int
    mask_digest: str
    label: int
    source: str


def in_fixed_order(rows: Iterable[ReferenceRow]) -> list[ReferenceRow]:
    """Return the rows by patient pseudonym and node number.

    Raises
    ------
    ValueError
        If a node occurs twice.
    """
    ordered = sorted(rows, key=lambda row: (row["patient"], row["node"]))
    for one, next_one in pairwise(ordered):
        if (one["patient"], one["node"]) == (next_one["patient"], next_one["node"]):
            raise ValueError(f"rows: node {one['node']} of {one['patient']} occurs twice.")
    return ordered


def digest_of(
    rows: Sequence[ReferenceRow], identifiability: Sequence[Mapping[str, Any]] | None = None
) -> str:
    """Return the SHA-256 of a version as canonical JSON.

    Of the rows alone in versions that keep no identifiability; else of
    ``{"content": rows, "identifiability": identifiability}``. Canonical: lists in their given
    order, keys sorted, no spaces, ASCII escapes. Anybody can recompute it from the JSON download.
    """
    whole: Any = list(rows)
    if identifiability is not None:
        whole = {"content": whole, "identifiability": list(identifiability)}
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def as_csv(
    rows: Iterable[ReferenceRow], settled: Mapping[tuple[str, int], Mapping[str, str]]
) -> str:
    """Return the rows as CSV with a header line, safe to open in a spreadsheet.

    ``settled`` gives level and what pathology settles, by patient and node number.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow((*COLUMNS, *SETTLED_COLUMNS))
    for row in rows:
        cells = {**row, "label_name": NAMES[row["label"]]}
        told = settled.get((row["patient"], row["node"]), {})
        line = [str(cells[column]) for column in COLUMNS]
        line += [told.get(column, "") for column in SETTLED_COLUMNS]
        writer.writerow([harmless(cell) for cell in line])
    return out.getvalue()
