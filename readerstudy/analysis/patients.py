"""Analysis room: how many ENE nodes each patient has, by the reference, the model, each reader.

Pure: from the frozen table alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cohorts.spreadsheet import harmless
from cohorts.vocabulary import NodeCategory
from readerstudy.analysis.comparator import LABELS, labels_of
from readerstudy.analysis.computing.endpoints import NodeRow
from readerstudy.analysis.frozen_table import (
    MODEL_COLUMNS,
    FrozenTable,
    PatientRow,
    cell,
    written,
)

DESCRIBED = (
    "age_years",
    "sex",
    "primary_site",
    "pt",
    "pn",
    "staging_edition",
    "scanner",
    "slice_thickness_mm",
)
DICTIONARY = (
    ("cohort", "Name of the cohort."),
    (
        "patient",
        "Pseudonym. Patients of the study's cases, and those of its cohorts without nodes.",
    ),
    ("nodes", "Nodes of the patient in the study."),
    (
        "reference_ene",
        "Nodes that the reference standard calls metastasis with ENE; nodes that are not "
        "determinable are not counted.",
    ),
    ("reference_undetermined", "Nodes without a category in the reference standard."),
    (
        "model_ene",
        "Nodes that the model calls ENE (AI-ENE), by the rule in model_rule; empty where the model "
        "has no ENE threshold or has not scored every node.",
    ),
    (
        "<reader>",
        "Nodes that this reader calls metastasis with ENE; empty where a call is missing.",
    ),
    ("note", "'no node found' (counts 0 everywhere), or which nodes the model has not scored."),
    ("age_years", "Age in years; empty: not known, as in the columns that follow."),
    ("sex", "Sex, as recorded."),
    ("primary_site", "Site of the primary tumour."),
    ("pt", "Pathological T category."),
    ("pn", "Pathological N category."),
    ("staging_edition", "Edition of the staging."),
    ("scanner", "Manufacturer of the CT scanner."),
    ("slice_thickness_mm", "Slice thickness in mm."),
    ("model_rule", "When a node is called ENE, or why it cannot be said."),
    *MODEL_COLUMNS,
)


@dataclass(frozen=True, kw_only=True)
class PatientCounts:
    """ENE nodes of one patient.

    Attributes
    ----------
    cohort, patient : str
    nodes : int
        Nodes of the patient in the study.
    reference_ene, reference_undetermined : int
        By the reference standard; nodes without a category in it.
    model_ene : int or None
        As frozen; None where it is not available.
    readers : mapping of str to int or None
        Per reader label; None where a call is missing.
    note : str
    """

    cohort: str
    patient: str
    nodes: int
    reference_ene: int
    reference_undetermined: int
    model_ene: int | None
    readers: dict[str, int | None]
    note: str


def patient_counts(frozen: FrozenTable) -> list[PatientCounts]:
    """Count each patient's ENE nodes, by cohort and patient; empty for tables frozen without."""
    nodes: dict[tuple[str, str], list[NodeRow]] = defaultdict(list)
    for row in frozen.table.rows:
        nodes[row.cohort, row.patient].append(row)
    return [
        _counted(patient, nodes[patient.cohort, patient.patient], frozen.table.readers)
        for patient in sorted(frozen.patients or (), key=lambda one: (one.cohort, one.patient))
    ]


def _counted(patient: PatientRow, rows: Sequence[NodeRow], readers: Sequence[str]) -> PatientCounts:
    truth = [row.truth for row in rows]
    return PatientCounts(
        cohort=patient.cohort,
        patient=patient.patient,
        nodes=len(rows),
        reference_ene=truth.count(NodeCategory.METASTASIS_ENE),
        reference_undetermined=truth.count(None),
        model_ene=patient.model_ene,
        readers={reader: _ene([row.calls[reader] for row in rows]) for reader in readers},
        note=patient.note,
    )


def _ene(calls: Sequence[int | None]) -> int | None:
    return None if None in calls else calls.count(NodeCategory.METASTASIS_ENE)


def to_csv(frozen: FrozenTable) -> str:
    """Return one line per patient; safe to open in a spreadsheet."""
    readers, labels = frozen.table.readers, labels_of(frozen.sources)
    rule = str(frozen.sources.get("ene_rule", ""))
    whose = [harmless(rule), *(harmless(labels[key]) for key in LABELS)]
    head = ["cohort", "patient", "nodes", "reference_ene", "reference_undetermined", "model_ene"]
    rows = [[*head, *readers, "note", *DESCRIBED, "model_rule", *LABELS]]
    known = {(one.cohort, one.patient): one for one in frozen.patients or ()}
    for one in patient_counts(frozen):
        patient = known[one.cohort, one.patient]
        counts = [one.nodes, one.reference_ene, one.reference_undetermined, one.model_ene]
        numbers = [*counts, *(one.readers[reader] for reader in readers)]
        names = [harmless(one.cohort), harmless(one.patient)]
        described = [cell(getattr(patient, name)) for name in DESCRIBED]
        rows.append([*names, *map(cell, numbers), one.note, *described, *whose])
    return written(rows)


def dictionary_csv(readers: Iterable[str]) -> str:
    """Return what each column of the patients' file means."""
    rows = [["column", "meaning"]]
    for column, meaning in DICTIONARY:
        names = list(readers) if column == "<reader>" else [column]
        rows.extend([name, meaning] for name in names)
    return written(rows)
