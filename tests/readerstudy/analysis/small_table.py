"""One small frozen table, and the lines of its file."""

import csv
import io

from readerstudy.analysis.computing.endpoints import NodeRow, StudyTable
from readerstudy.analysis.frozen_table import FrozenTable, PatientRow, to_csv

DIGEST = "ab" * 32


def row(node="1", *, patient="P1", **changes):
    values = {
        "cohort": "A",
        "patient": patient,
        "node": node,
        "truth": 1,
        "calls": {"R1": 2, "R2": None},
        "score_metastasis": 0.1 + 0.2,
        "score_ene": None,
    }
    return NodeRow(**values | changes)


def table_of(*rows, readers=("R1", "R2"), sources=None, **parts):
    rows = rows or (row(),)
    return FrozenTable(
        sources=sources or {},
        table=StudyTable(readers=readers, rows=rows),
        mask_digests=dict.fromkeys((one.key for one in rows), DIGEST),
        **{"patients": ()} | parts,
    )


def described(patient="P1", **known):
    return PatientRow(cohort="A", patient=patient, model_ene=0, note="", **known)


def lines_of(frozen):
    return list(csv.DictReader(io.StringIO(to_csv(frozen))))
