"""Studies to make files of: the reference one, and invented ones with gaps."""

import csv
import functools
import json
import random

from readerstudy.analysis.computing.endpoints import NodeRow, StudyTable
from readerstudy.analysis.computing.tables import study_tables
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
    )


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


def results_of(table: StudyTable) -> dict:
    """Results as they come out of storage."""
    tables = json.loads(json.dumps(study_tables(table)))
    return {"sources": {"model": MODEL}, "tables": tables}


@functools.cache
def invented_results(seed: int) -> dict:
    """Computed once; nobody writes to it."""
    return results_of(invented(seed))
