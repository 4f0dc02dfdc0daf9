"""Studies to make files of: the reference one, and invented ones with gaps."""

import csv
import functools
import json
import random

from readerstudy.analysis.computing.description import describe
from readerstudy.analysis.computing.endpoints import NodeRow, StudyTable
from readerstudy.analysis.computing.model_calls import ModelRule
from readerstudy.analysis.computing.tables import study_tables
from readerstudy.analysis.frozen_table import (
    CaseReading,
    FlowCount,
    FrozenTable,
    NodeLabels,
    PatientRow,
)
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
    """Every patient and one without nodes per cohort; of each, something may not be known."""
    draw = random.Random(len(table.rows))
    names = {(row.cohort, row.patient) for row in table.rows}
    names |= {(cohort, "without nodes") for cohort, _ in names}
    return tuple(
        PatientRow(
            cohort=cohort,
            patient=patient,
            model_ene=None,
            note="",
            age_years=draw.choice([None, *range(41, 80)]),
            sex=draw.choice(["", "F", "M"]),
            primary_site=draw.choice(["Larynx", "Larynx", "Oropharynx", "=Zunge, ö"]),
            pt=draw.choice(["", "1", "2", "4"]),
            scanner="Maker",
            slice_thickness_mm=draw.choice([None, 1.0, 1.25, 3.0]),
        )
        for cohort, patient in sorted(names)
    )


def frozen_of(table: StudyTable, *, told: bool = True) -> FrozenTable:
    """The table with its patients; ``told``: reading times, both annotators and the flow, too."""
    draw = random.Random(len(table.rows) + 1)
    patients = patients_of(table)
    cohorts = sorted({one.cohort for one in patients})
    readings = tuple(_reading(draw, table, one) for one in patients) if told else ()
    labels = tuple(_labelled(draw, row) for row in table.rows) if told else ()
    flow = tuple(
        FlowCount(cohort=cohort, exclusion_code=code, patients=draw.randint(1, 9), nodes=7)
        for cohort in cohorts[:-1]
        for code in ("", "motion", "no_ct")
        if told
    )
    return FrozenTable(
        sources={"model": MODEL},
        table=table,
        mask_digests={row.key: "mask" for row in table.rows},
        patients=patients,
        readings=readings,
        labels=labels,
        flow=flow,
    )


def _reading(draw: random.Random, table: StudyTable, one: PatientRow) -> CaseReading:
    mine = [row for row in table.rows if (row.cohort, row.patient) == (one.cohort, one.patient)]
    return CaseReading(
        reader=draw.choice([*table.readers, "Left early"]),
        cohort=one.cohort,
        patient=one.patient,
        nodes=len(mine),
        active_seconds=draw.choice([None, draw.uniform(20, 400)]),
        total_seconds=draw.uniform(400, 4000),
        changed_calls=draw.randint(0, 3),
    )


def _labelled(draw: random.Random, row: NodeRow) -> NodeLabels:
    first = draw.choice([0, 0, 1, 2, 9])
    second = first if draw.random() < 0.7 else draw.choice([0, 1, 2, 9])
    where = {"cohort": row.cohort, "patient": row.patient, "node": row.node}
    return NodeLabels(**where, first=first, second=second)


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


def results_of(
    table: StudyTable,
    plan: Plan | None = None,
    model: ModelRule | None = None,
    *,
    frozen: FrozenTable | None = None,
) -> dict:
    """Results as they come out of storage."""
    plan, frozen = plan or planned(), frozen or frozen_of(table)
    found = study_tables(table, plan=plan, model=model, patients=frozen.patients or ())
    found["description"] = describe(frozen, level=1 - plan.alpha)
    sources = {"model": MODEL, "plan": document_of(plan)}
    return {"sources": sources, "tables": json.loads(json.dumps(found))}


@functools.cache
def invented_results(seed: int) -> dict:
    """Computed once; nobody writes to it."""
    return results_of(invented(seed))
