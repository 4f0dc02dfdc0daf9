"""Analysis room: the frozen table as canonical bytes, and back (pure)."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from operator import attrgetter
from typing import Any

from annotation.reference_identifiability import SettledLevel, settled_levels
from cohorts.spreadsheet import harmless
from readerstudy.analysis.comparator import LABELS, labels_of
from readerstudy.analysis.computing.endpoints import NodeRow, StudyTable
from readerstudy.reading.plan import document_of, plan_from

SCHEMA_VERSION = 4
BEFORE_PATIENTS, BEFORE_COVARIATES, BEFORE_IDENTIFIABILITY = 1, 2, 3
"""Tables frozen before patients were counted, or described, or it was known how far pathology
settles which nodes are positive: read as they are, not written again."""

SCORES = ("score_metastasis", "score_ene")
MEASURES = ("short_axis_mm", "level")
CONFIDENCES = ("confidence_metastasis", "confidence_ene")
COVARIATES = ("age_years", "sex", "primary_site", "scanner", "slice_thickness_mm")
NAMES = (
    ("cohort", "Name of the cohort."),
    ("patient", "Pseudonym, unique within its cohort."),
    ("node", "Number of the node, unique within its patient."),
    ("mask_digest", "Digest of the mask version that was read."),
    (
        "truth",
        "Reference standard: 0 benign, 1 metastasis without ENE, 2 metastasis with ENE; empty: "
        "none, or not determinable.",
    ),
)
NUMBERS = (
    ("score_metastasis", "The model's metastasis score; higher is more suspicious."),
    ("score_ene", "The model's ENE score; higher is more suspicious."),
    ("short_axis_mm", "Short-axis diameter of the mask in mm."),
    ("level", "Lymph node level; empty: not recorded."),
    ("age_years", "Age of the patient in years."),
    ("sex", "Sex of the patient, as recorded."),
    ("primary_site", "Site of the primary tumour."),
    ("scanner", "Manufacturer of the CT scanner."),
    ("slice_thickness_mm", "Slice thickness in mm."),
)
MODEL_COLUMNS = (
    ("model", "Name of the model version."),
    ("model_provenance", "published, trained_here, untrained or external."),
    ("model_members", "Members of the ensemble there are, of those expected."),
    ("model_role", "primary or exploratory."),
    ("model_notice", "What must be said with an exploratory model's numbers."),
)


@dataclass(frozen=True, kw_only=True, slots=True)
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


@dataclass(frozen=True, kw_only=True, slots=True)
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


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeLabels:
    """What the two annotators labelled one node, each alone (0, 1, 2 or 9: not determinable)."""

    cohort: str
    patient: str
    node: str
    first: int
    second: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowCount:
    """Patients and nodes of a cohort under one exclusion code; empty code: included."""

    cohort: str
    exclusion_code: str
    patients: int
    nodes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PatientIdentifiability:
    """What one patient's pathology report leaves open, as released with the reference standard.

    ``stored`` has the keys of `annotation.reference_identifiability` without ``patient`` and
    ``levels``, which stand in the rows.
    """

    cohort: str
    patient: str
    stored: Mapping[str, Any]


Entry = PatientRow | CaseReading | NodeLabels | FlowCount | PatientIdentifiability


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
        None in tables of schema 1.
    readings : tuple of CaseReading
    labels : tuple of NodeLabels
    flow : tuple of FlowCount
    identifiability : tuple of PatientIdentifiability
        One per patient of every cohort whose reference standard keeps it; empty before schema 4.
    """

    sources: Mapping[str, Any]
    table: StudyTable
    mask_digests: Mapping[tuple[str, str, str], str]
    patients: tuple[PatientRow, ...] | None = None
    readings: tuple[CaseReading, ...] = ()
    labels: tuple[NodeLabels, ...] = ()
    flow: tuple[FlowCount, ...] = ()
    identifiability: tuple[PatientIdentifiability, ...] = ()


def to_bytes(frozen: FrozenTable) -> bytes:
    """Return canonical JSON: rows by cohort, patient and node, keys sorted, ASCII, no spaces.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "sources": frozen.sources,
        "readers": list(frozen.table.readers),
        "rows": [
            _row_document(row, frozen.mask_digests[row.key])
            for row in sorted(frozen.table.rows, key=lambda row: row.key)
        ],
        "patients": _listed(frozen.patients or ()),
        "readings": _listed(frozen.readings),
        "labels": _listed(frozen.labels),
        "flow": _listed(frozen.flow),
        "identifiability": _listed(frozen.identifiability),
    }
    text = json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
    return text.encode("ascii")


def _listed(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return rows in an order that does not depend on how they came: by their first columns."""
    if not entries:
        return []
    names = _names(type(entries[0]))
    values = attrgetter(*names)
    rows = sorted(map(values, entries), key=lambda row: tuple(map(repr, row)))
    return [dict(zip(names, row, strict=True)) for row in rows]


def _names(kind: type[Entry]) -> list[str]:
    return [field.name for field in fields(kind)]


def _row_document(row: NodeRow, mask_digest: str) -> dict[str, Any]:
    document: dict[str, Any] = {
        "cohort": row.cohort,
        "patient": row.patient,
        "node": row.node,
        "mask_digest": mask_digest,
        "truth": row.truth,
        "calls": dict(row.calls),
        "score_metastasis": row.score_metastasis,
        "score_ene": row.score_ene,
        "short_axis_mm": row.short_axis_mm,
        "level": row.level,
    }
    # Few studies ask for confidence: the others need no empty columns for 100,000 nodes.
    for name in CONFIDENCES:
        if given := getattr(row, name):
            document[name] = dict(given)
    return document


def from_bytes(data: bytes) -> FrozenTable:
    """Read a table written by ``to_bytes``, of this schema or an earlier one.

    The plan of an earlier schema is given in today's words.

    Raises
    ------
    ValueError
        If the document is of another schema version, or its rows cannot be analysed.
    """
    document = json.loads(data)
    found = document.get("schema_version")
    if found not in (BEFORE_PATIENTS, BEFORE_COVARIATES, BEFORE_IDENTIFIABILITY, SCHEMA_VERSION):
        raise ValueError(f"schema_version: up to {SCHEMA_VERSION} was expected, {found!r} found")
    rows, masks = [], {}
    for entry in document["rows"]:
        digest = entry.pop("mask_digest")
        row = NodeRow(**entry)
        rows.append(row)
        masks[row.key] = digest
    table = StudyTable(readers=tuple(document["readers"]), rows=tuple(rows))
    sources = document["sources"]
    return FrozenTable(
        sources=sources if found > BEFORE_COVARIATES else _in_todays_words(sources),
        table=table,
        mask_digests=masks,
        patients=None
        if found == BEFORE_PATIENTS
        else tuple(PatientRow(**entry) for entry in document["patients"]),
        readings=tuple(CaseReading(**entry) for entry in document.get("readings", ())),
        labels=tuple(NodeLabels(**entry) for entry in document.get("labels", ())),
        flow=tuple(FlowCount(**entry) for entry in document.get("flow", ())),
        identifiability=tuple(
            PatientIdentifiability(**entry) for entry in document.get("identifiability", ())
        ),
    )


def _in_todays_words(sources: Mapping[str, Any]) -> dict[str, Any]:
    """Return sources of an earlier schema as they are written now."""
    told = {"amendments": [], **sources, "plan": document_of(plan_from(sources["plan"]))}
    if told["model"] is not None:
        told["model"] = {"thresholds": {}, **told["model"]}
    return told


def to_csv(frozen: FrozenTable) -> str:
    """Return one line per node; empty cells are missing values; safe to open in a spreadsheet."""
    readers = frozen.table.readers
    labels = labels_of(frozen.sources)
    confidence = _confidence_columns(frozen)
    patients = {(one.cohort, one.patient): one for one in frozen.patients or ()}
    head = ["cohort", "patient", "node", "mask_digest", "truth", *map(harmless, readers)]
    head += [*SCORES, *MEASURES, *COVARIATES, *(name for name, *_ in confidence), *LABELS]
    rows: list[list[str]] = [head]
    whose = [harmless(labels[key]) for key in LABELS]
    for row in sorted(frozen.table.rows, key=lambda row: row.key):
        patient = patients.get((row.cohort, row.patient))
        values = [row.truth, *(row.calls[reader] for reader in readers)]
        values += [getattr(row, name) for name in (*SCORES, *MEASURES)]
        values += [getattr(patient, name, None) for name in COVARIATES]
        values += [getattr(row, field).get(reader) for _, field, reader in confidence]
        names = [harmless(part) for part in row.key]
        rows.append([*names, harmless(frozen.mask_digests[row.key]), *map(cell, values), *whose])
    return written(rows)


def _confidence_columns(frozen: FrozenTable) -> list[tuple[str, str, str]]:
    """Return column, field and reader of each confidence that anybody gave."""
    return [
        (f"{field}_{reader}", field, reader)
        for field in CONFIDENCES
        for reader in frozen.table.readers
        if any(reader in getattr(row, field) for row in frozen.table.rows)
    ]


def cell(value: str | float | None) -> str:
    """Return a value as it stands in a file: empty when missing, harmless, with every bit."""
    if value is None:
        return ""
    # repr keeps every bit, so that the numbers can be recomputed from the file.
    return harmless(value) if isinstance(value, str) else repr(value)


def dictionary_csv(frozen: FrozenTable) -> str:
    """Return what each column of the nodes' file means."""
    readers = [
        (harmless(name), "Category called by this reader; empty: no call.")
        for name in frozen.table.readers
    ]
    given = [
        (name, "Confidence of this reader in this disease, 0 to 100.")
        for name, *_ in _confidence_columns(frozen)
    ]
    rows = [*NAMES, *readers, *NUMBERS, *given, *MODEL_COLUMNS]
    return written([["column", "meaning"], *([name, meaning] for name, meaning in rows)])


def readings_csv(frozen: FrozenTable) -> str:
    """Return one line per reader and submitted case: how long it took."""
    return _table(frozen.readings, CaseReading)


def labels_csv(frozen: FrozenTable) -> str:
    """Return one line per node that both annotators labelled; the annotators have no names."""
    return _table(frozen.labels, NodeLabels)


def flow_csv(frozen: FrozenTable) -> str:
    """Return one line per cohort and exclusion code; an empty code means included."""
    return _table(frozen.flow, FlowCount)


def identifiability_csv(frozen: FrozenTable) -> str:
    """Return one line per patient and level: what pathology settles of which nodes."""
    rows = [
        [one.cohort, *astuple(level)]
        for one in sorted(frozen.identifiability, key=lambda one: (one.cohort, one.patient))
        for level in settled_levels([{**one.stored, "patient": one.patient}])
    ]
    head = ["cohort", *(field.name for field in fields(SettledLevel))]
    return written([head, *([_settled_cell(value) for value in row] for row in rows)])


def _settled_cell(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else cell(value)


def _table(entries: Sequence[Entry], kind: type[Entry]) -> str:
    names = _names(kind)
    rows = [[cell(entry[name]) for name in names] for entry in _listed(entries)]
    return written([names, *rows])


def written(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as CSV with plain line ends."""
    out = io.StringIO()
    plain = csv.writer(out, lineterminator="\n")
    careful = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in rows:
        # Python quotes only what is part of its line end, and others end a line at a return too.
        (careful if "\r" in "".join(row) else plain).writerow(row)
    return out.getvalue()
