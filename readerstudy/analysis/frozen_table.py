"""Analysis room: the frozen table as canonical bytes, and back (pure)."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cohorts.spreadsheet import harmless
from readerstudy.analysis.comparator import LABELS, labels_of
from readerstudy.analysis.computing.endpoints import NodeRow, StudyTable

SCHEMA_VERSION = 2
BEFORE_PATIENTS = 1
"""Tables frozen before patients were counted: read as they are, and never written again."""


@dataclass(frozen=True, kw_only=True)
class PatientRow:
    """How many of one patient's nodes the model calls ENE, by the rule frozen with the table.

    Attributes
    ----------
    cohort, patient : str
    model_ene : int or None
        None without a model, without its threshold, or where it has not scored every node.
    note : str
        ``no node found``, ``2 of 3 nodes predicted`` and the like.
    age_years : int or None
    sex, primary_site, pt, pn, staging_edition, scanner : str
        Empty where not known.
    slice_thickness_mm : float or None
    """

    cohort: str
    patient: str
    model_ene: int | None
    note: str
    age_years: int | None = None
    sex: str = ""
    primary_site: str = ""
    pt: str = ""
    pn: str = ""
    staging_edition: str = ""
    scanner: str = ""
    slice_thickness_mm: float | None = None


@dataclass(frozen=True, kw_only=True)
class CaseReading:
    """How long one reader had one submitted case in front.

    Attributes
    ----------
    reader, cohort, patient : str
    nodes : int
    active_seconds : float or None
        While the page was visible and the reader did something; None where not recorded.
    total_seconds : float or None
        From the first opening to the submission, by the server's clock.
    changed_calls : int
        Calls that superseded an earlier one.
    """

    reader: str
    cohort: str
    patient: str
    nodes: int
    active_seconds: float | None
    total_seconds: float | None
    changed_calls: int


@dataclass(frozen=True, kw_only=True)
class NodeLabels:
    """What the two annotators labelled one node, each alone (0, 1, 2 or 9: not determinable)."""

    cohort: str
    patient: str
    node: str
    first: int
    second: int


@dataclass(frozen=True, kw_only=True)
class FlowCount:
    """Patients and nodes of a cohort under one exclusion code; empty code: included."""

    cohort: str
    exclusion_code: str
    patients: int
    nodes: int


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
    patients : tuple of PatientRow or None
        None in tables of the schema before.
    readings : tuple of CaseReading
    labels : tuple of NodeLabels
    flow : tuple of FlowCount
    """

    sources: Mapping[str, Any]
    table: StudyTable
    mask_digests: Mapping[tuple[str, str, str], str]
    patients: tuple[PatientRow, ...] | None = None
    readings: tuple[CaseReading, ...] = ()
    labels: tuple[NodeLabels, ...] = ()
    flow: tuple[FlowCount, ...] = ()


def to_bytes(frozen: FrozenTable) -> bytes:
    """Return canonical JSON: rows by cohort, patient and node, keys sorted, ASCII, no spaces."""
    rows = sorted(frozen.table.rows, key=lambda row: row.key)
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION if frozen.patients is not None else BEFORE_PATIENTS,
        "sources": frozen.sources,
        "readers": list(frozen.table.readers),
        "rows": [_row_document(row, frozen.mask_digests[row.key]) for row in rows],
    }
    if frozen.patients is not None:
        patients = sorted(frozen.patients, key=lambda one: (one.cohort, one.patient))
        document["patients"] = [asdict(one) for one in patients]
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
    found = document.get("schema_version")
    if found not in (BEFORE_PATIENTS, SCHEMA_VERSION):
        raise ValueError(f"schema_version: up to {SCHEMA_VERSION} was expected, {found!r} found")
    rows, masks = [], {}
    for entry in document["rows"]:
        fields = {key: value for key, value in entry.items() if key != "mask_digest"}
        row = NodeRow(**fields)
        rows.append(row)
        masks[row.key] = entry["mask_digest"]
    table = StudyTable(readers=tuple(document["readers"]), rows=tuple(rows))
    return FrozenTable(
        sources=document["sources"],
        table=table,
        mask_digests=masks,
        patients=None
        if found == BEFORE_PATIENTS
        else tuple(PatientRow(**entry) for entry in document["patients"]),
    )


def to_csv(frozen: FrozenTable) -> str:
    """Return one line per node; empty cells are missing values; safe to open in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    readers = frozen.table.readers
    scores = ["score_metastasis", "score_ene"]
    labels = labels_of(frozen.sources)
    whose = [harmless(labels[key]) for key in LABELS]
    head = ["cohort", "patient", "node", "mask_digest", "truth"]
    writer.writerow([*head, *readers, *scores, *LABELS])
    for row in sorted(frozen.table.rows, key=lambda row: row.key):
        names = [harmless(part) for part in row.key]
        values = [row.truth, *(row.calls[reader] for reader in readers)]
        numbers = [_exact(row.score_metastasis), _exact(row.score_ene)]
        mask = frozen.mask_digests[row.key]
        writer.writerow([*names, mask, *map(_cell, values), *numbers, *whose])
    return out.getvalue()


def _cell(value: int | None) -> str:
    return "" if value is None else str(value)


def _exact(value: float | None) -> str:
    # repr keeps every bit, so that the numbers can be recomputed from the file.
    return "" if value is None else repr(value)
