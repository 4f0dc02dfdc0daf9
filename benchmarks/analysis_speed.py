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

from benchmarks.large_study import plan_document, study
from readerstudy.analysis.computing.model_calls import ModelRule
from readerstudy.analysis.computing.tables import study_tables
from readerstudy.reading.plan import plan_from

GOAL_SECONDS, GOAL_GIB = 30.0, 1.0
SORTS = 100


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
    return study_tables(
        table, plan=plan_from(plan_document()), model=model, patients=patients, seed=1
    )


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
