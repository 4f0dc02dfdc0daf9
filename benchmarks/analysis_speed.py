"""How long the tables of a large study take, and how much memory, against bare sorting.

Five readers, 100,000 nodes of about 13,500 patients in three cohorts, one call in twenty missing,
two subgroup variables and the patient level. The reference is 100 argsorts of 100,000 numbers,
timed before and after in the same run, so that other work on the machine slows both alike.
"""

import argparse
import cProfile
import json
import pstats
import resource
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from readerstudy.analysis.computing.endpoints import NodeRow, StudyTable
from readerstudy.analysis.computing.model_calls import ModelRule
from readerstudy.analysis.computing.tables import study_tables
from readerstudy.analysis.frozen_table import PatientRow
from readerstudy.reading.plan import default_plan, plan_from

READERS = ("R1", "R2", "R3", "R4", "R5")
NODES_PER_PATIENT = 7.4
GOAL_SECONDS, GOAL_GIB = 30.0, 1.0
SORTS = 100


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


def plan():
    """Return the default plan with two subgroup variables."""
    subgroups = [{"variable": "sad", "edges": [10.0]}, {"variable": "sex"}]
    return plan_from(default_plan() | {"subgroups": subgroups})


def sorting(n):
    """Time the reference."""
    values = np.random.default_rng(1).random(n)
    start = time.perf_counter()
    for _ in range(SORTS):
        np.argsort(values)
    return time.perf_counter() - start


def tables(table, patients):
    """Compute everything the report shows."""
    model = ModelRule(thresholds={"metastasis": 0.5, "ene": 0.5})
    return study_tables(table, plan=plan(), model=model, patients=patients, seed=1)


def peak_gib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--nodes", type=int, default=100_000)
parser.add_argument("--profile", action="store_true", help="print where the time goes")
options = parser.parse_args()
table, patients = study(options.nodes)
before_gib, before = peak_gib(), sorting(options.nodes)
profile = cProfile.Profile()
if options.profile:
    profile.enable()
start = time.perf_counter()
result = tables(table, patients)
seconds = time.perf_counter() - start
profile.disable()
reference = min(before, sorting(options.nodes))
size = len(json.dumps(result)) / 2**20
print("| work | time | reference | ratio | peak memory (table alone) | result | goal |")
print("|---|---|---|---|---|---|---|")
met = seconds <= GOAL_SECONDS and peak_gib() <= GOAL_GIB
print(
    f"| tables of 5 readers, {options.nodes:,} nodes, {len(patients):,} patients | {seconds:.1f} s "
    f"| {reference:.2f} s ({SORTS} argsorts) | {seconds / reference:.0f} x "
    f"| {peak_gib():.2f} GiB ({before_gib:.2f} GiB) | {size:.1f} MiB "
    f"| <= {GOAL_SECONDS:.0f} s, <= {GOAL_GIB:.0f} GiB: {'met' if met else 'missed'} |"
)
if options.profile:
    pstats.Stats(profile).sort_stats("cumulative").print_stats(45)
