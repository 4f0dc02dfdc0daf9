"""A made-up study of any size, for the benchmarks of tables and reports."""

import numpy as np

from readerstudy.analysis.computing.endpoints import NodeRow, StudyTable
from readerstudy.analysis.frozen_table import PatientRow
from readerstudy.reading.plan import default_plan

READERS = ("R1", "R2", "R3", "R4", "R5")
NODES_PER_PATIENT = 7.4


def study(n, missing=0.05, seed=3):
    """Return a table and its patients; a call is the truth in about four of five nodes."""
    rng = np.random.default_rng(seed)
    n_patients = max(1, round(n / NODES_PER_PATIENT))
    patient = np.sort(rng.integers(0, n_patients, n))
    truth = rng.choice(3, n, p=[0.83, 0.05, 0.12])
    calls = np.where(
        rng.random((n, 5)) < 0.8, truth[:, None], rng.choice(3, (n, 5), p=[0.6, 0.2, 0.2])
    )
    made = rng.random((n, 5)) >= missing
    scores = np.clip(rng.normal(0.35, 0.15, (n, 2)), 0, 1)
    scores[:, 0] = np.clip(scores[:, 0] + 0.3 * (truth >= 1), 0, 1)
    scores[:, 1] = np.clip(scores[:, 1] + 0.3 * (truth == 2), 0, 1)
    axis = rng.gamma(5, 1.8, n)
    rows = tuple(
        NodeRow(
            cohort=f"Set {patient[k] % 3 + 1}",
            patient=f"P{patient[k]:06d}",
            node=f"N{k:06d}",
            truth=int(truth[k]),
            calls={
                reader: int(calls[k, at]) if made[k, at] else None
                for at, reader in enumerate(READERS)
            },
            score_metastasis=float(scores[k, 0]),
            score_ene=float(scores[k, 1]),
            short_axis_mm=float(axis[k]),
        )
        for k in range(n)
    )
    patients = [
        PatientRow(
            cohort=f"Set {k % 3 + 1}", patient=f"P{k:06d}", model_ene=None, note="", sex="FM"[k % 2]
        )
        for k in range(n_patients)
    ]
    return StudyTable(readers=READERS, rows=rows), patients


def plan_document():
    """Return the default plan with two subgroup variables."""
    subgroups = [{"variable": "sad", "edges": [10.0]}, {"variable": "sex"}]
    return default_plan() | {"subgroups": subgroups}
