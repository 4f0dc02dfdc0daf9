"""Made-up studies for the tests of the tables, and short ways to look at results."""

import random

from readerstudy.analysis.computing.endpoints import NodeRow, StudyTable
from readerstudy.analysis.computing.model_calls import ModelRule
from readerstudy.analysis.computing.tables import study_tables
from readerstudy.analysis.frozen_table import PatientRow
from readerstudy.reading.plan import default_plan, plan_from

READERS = ("R1", "R2", "R3")
SUBGROUPS = [
    {"variable": "sad", "edges": [6.0, 10.0]},
    {"variable": "level"},
    {"variable": "age", "edges": [60]},
    {"variable": "sex"},
]
THRESHOLDS = {"metastasis": 0.55, "ene": 0.6}


def node(number, truth, calls=None, score=0.5, **changes):
    """One node of one patient of cohort A; two readers unless told."""
    fields = {
        "cohort": "A",
        "patient": "P1",
        "node": f"N{number}",
        "truth": truth,
        "calls": calls or {"R1": 0, "R2": 0},
        "score_metastasis": score,
        "score_ene": score,
    }
    return NodeRow(**{**fields, **changes})


def study(seed=7, n_patients=12, missing=0.0, with_model=True, nodes=(3, 7), confidence=False):
    """A study of two cohorts; a reader's call is the truth in about 8 of 10 nodes."""
    rng = random.Random(seed)
    rows = []
    for patient in range(n_patients):
        for number in range(rng.randint(*nodes)):
            truth = rng.choice((0, 0, 0, 1, 2))
            rows.append(
                NodeRow(
                    cohort="AB"[patient % 2],
                    patient=f"P{patient // 2}",
                    node=f"N{number}",
                    truth=None if rng.random() < missing else truth,
                    calls={reader: call_of(rng, truth, missing) for reader in READERS},
                    score_metastasis=score_of(rng, truth >= 1, missing, with_model),
                    score_ene=score_of(rng, truth == 2, missing, with_model),
                    short_axis_mm=rng.choice((None, 4.0, 6.0, 9.5, 10.0, 14.0)),
                    level=rng.choice(("", "II", "III")),
                    confidence_metastasis=confidence_of(rng, truth >= 1, confidence),
                    confidence_ene=confidence_of(rng, truth == 2, confidence),
                )
            )
    return StudyTable(readers=READERS, rows=tuple(rows))


def call_of(rng, truth, missing):
    call = truth if rng.random() < 0.7 else rng.choice((0, 1, 2))
    return None if rng.random() < missing else call


def score_of(rng, disease, missing, with_model):
    score = round(min(1.0, max(0.0, rng.gauss(0.7 if disease else 0.4, 0.2))), 2)
    return score if with_model and rng.random() >= missing else None


def confidence_of(rng, disease, given):
    low = 40 if disease else 0
    return {reader: float(rng.randint(low, low + 60)) for reader in READERS if given}


def patients_of(table):
    """Ages and sexes of most patients of a study, by their number."""
    names = sorted({(row.cohort, row.patient) for row in table.rows})
    return [
        PatientRow(
            cohort=cohort,
            patient=patient,
            model_ene=None,
            note="",
            age_years=None if number % 5 == 4 else 50 + 5 * (number % 4),
            sex=("", "F", "M")[number % 3],
        )
        for number, (cohort, patient) in enumerate(names)
        if number % 7 != 6
    ]


def planned(**changes):
    """A plan; ``primary`` and ``missing`` change the default ones key by key."""
    document = default_plan() | {"bootstrap_replicates": 200, "subgroups": []}
    for name in ("primary", "missing"):
        changes[name] = document[name] | changes.get(name, {})
    return plan_from(document | changes)


def tables(table, **changes):
    """All tables of a study under a changed plan, with fixed thresholds."""
    model = ModelRule(thresholds=THRESHOLDS)
    return study_tables(table, plan=planned(**changes), model=model, patients=patients_of(table))


def part(result, key="pooled"):
    """One part of a result by its key."""
    return next(entry for entry in result["parts"] if entry["key"] == key)


def block(result, endpoint="metastasis", key="pooled"):
    """One endpoint of one part."""
    return part(result, key)["endpoints"][endpoint]
