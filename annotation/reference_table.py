"""The rows of a reference standard: their order, digest and download (pure: no Django)."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypedDict

from cohorts.spreadsheet import harmless
from cohorts.vocabulary import LABEL_CHOICES

COLUMNS = ("patient", "node", "mask_digest", "label", "label_name", "source")
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


def digest_of(rows: Sequence[ReferenceRow]) -> str:
    """Return the SHA-256 of the rows as canonical JSON.

    Canonical: the rows in their given order, keys sorted, no spaces, ASCII escapes. Anybody can
    recompute it from the JSON download.
    """
    text = json.dumps(list(rows), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def as_csv(rows: Iterable[ReferenceRow]) -> str:
    """Return the rows as CSV with a header line, safe to open in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        cells = {**row, "label_name": NAMES[row["label"]]}
        writer.writerow([harmless(str(cells[column])) for column in COLUMNS])
    return out.getvalue()
