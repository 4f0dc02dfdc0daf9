"""Studies to make files of: the reference one, and invented ones with gaps."""

import csv
import functools
import json
import random

from readerstudy.analysis.computing.endpoints import NodeRow, StudyTable
from readerstudy.analysis.computing.model_calls import ModelRule
from readerstudy.analysis.computing.tables import study_tables
from readerstudy.analysis.frozen_table import PatientRow
from readerstudy.reading.plan import Plan, default_plan, document_of, plan_from
from tests.readerstudy.statistics.reference import SHARED

MODEL = {"name": "M", "provenance": "external", "members": 1, "expected_members": 1}


def invented(seed: int, *, readers: int = 3, cohorts: int = 3) -> StudyTable:
    """Three cohorts of few patients; calls, scores and categories of the truth are missing."""
    draw = random.Random(seed)
    labels = tuple(f"R{number}" for number in range(1, readers + 1))
    rows = []
    for cohort in range(cohorts):
        for patient in range(draw.randint(6, 12)):
            for node in range(draw.randint(1, 5)):
                rows.append(_node(draw, f"Cohort {cohort}", f"P{patient}", f"N{node}", labels))
    return StudyTable(readers=labels, rows=tuple(rows))


def _node(
    draw: random.Random, cohort: str, patient: str, node: str, readers: tuple[str, ...]
) -> NodeRow:
    truth = draw.choice([0, 0, 0, 1, 2, 2, None])
    shown = truth or 0

    def call() -> int | None:
        found = min(2, max(0, round(shown + draw.gauss(0, 0.8))))
        return None if draw.random() < 0.06 else found

    def score() -> float | None:
        found = 1 / (1 + 2.718 ** (1 - shown - draw.gauss(0, 1)))
        return None if draw.random() < 0.05 else round(found, draw.choice([1, 2, 6]))

    return NodeRow(
        cohort=cohort,
        patient=patient,
        node=node,
        truth=truth,
        calls={reader: call() for reader in readers},
        score_metastasis=score(),
        score_ene=score(),
        short_axis_mm=draw.choice([None, 6.5, 9.75, 10.0, 14.2]),
        level=draw.choice(["", "II", "III"]),
        confidence_metastasis=_confidence(draw, readers, shown),
        confidence_ene=_confidence(draw, readers, shown - 1),
    )


def _confidence(draw: random.Random, readers: tuple[str, ...], shown: int) -> dict[str, float]:
    drawn = {reader: round(min(100, max(0, 40 * shown + draw.gauss(30, 25)))) for reader in readers}
    return {reader: float(value) for reader, value in drawn.items() if draw.random() > 0.05}


def patients_of(table: StudyTable) -> tuple[PatientRow, ...]:
    """Age and sex of every patient, some of them not known."""
    draw = random.Random(len(table.rows))
    names = sorted({(row.cohort, row.patient) for row in table.rows})
    return tuple(
        PatientRow(
            cohort=cohort,
            patient=patient,
            model_ene=None,
            note="",
            age_years=draw.choice([None, 48, 60, 71]),
            sex=draw.choice(["", "F", "M"]),
        )
        for cohort, patient in names
    )


FIXED = ModelRule(thresholds={"metastasis": 0.5, "ene": 0.4}, strict=True)


def planned(**changes: object) -> Plan:
    """The default plan with these entries of its document replaced; few bootstrap samples."""
    return plan_from({**default_plan(), "bootstrap_replicates": 200, **changes})


def reference() -> StudyTable:
    """The reference study; the caller skips where the folder is absent."""
    readers = tuple(f"R{number}" for number in range(1, 6))
    with (SHARED / "study_set2" / "reader_study.csv").open() as file:
        rows = [
            NodeRow(
                cohort=f"set {row['cohort']}",
                patient=row["patient_id"],
                node=row["node_id"],
                truth=int(row["truth"]),
                calls={reader: int(row[f"call_{reader}"]) for reader in readers},
                score_metastasis=float(row["score_metastasis"]),
                score_ene=float(row["score_ene"]),
            )
            for row in csv.DictReader(file)
        ]
    return StudyTable(readers=readers, rows=tuple(rows))


def results_of(table: StudyTable, plan: Plan | None = None, model: ModelRule | None = None) -> dict:
    """Results as they come out of storage."""
    plan = plan or planned()
    found = study_tables(table, plan=plan, model=model, patients=patients_of(table))
    sources = {"model": MODEL, "plan": document_of(plan)}
    return {"sources": sources, "tables": json.loads(json.dumps(found))}


@functools.cache
def invented_results(seed: int) -> dict:
    """Computed once; nobody writes to it."""
    return results_of(invented(seed))
