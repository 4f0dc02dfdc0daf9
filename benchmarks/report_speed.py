"""How long a whole report takes: tables, description, figures and every format.

A study of the source paper's size (three cohorts, five readers, 943 nodes), and with ``--nodes`` a
large one. The reference is 100 argsorts of 100,000 numbers in the same run, so that other work on
the machine slows both alike.
"""

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.large_study import plan_document, study
from readerstudy.analysis.comparator import rule_of
from readerstudy.analysis.computing.description import describe
from readerstudy.analysis.computing.tables import study_tables
from readerstudy.analysis.frozen_table import FrozenTable, from_bytes, to_bytes
from readerstudy.analysis.reporting.bundle import report_files
from readerstudy.analysis.reporting.content import Facts
from readerstudy.reading.plan import plan_from

PAPER_NODES = 943
SORTS, SORTED = 100, 100_000


def frozen_study(n):
    table, patients = study(n)
    sources = {
        "study": "Benchmark",
        "plan": plan_document(),
        "amendments": [],
        "interim": False,
        "reference_standards": [],
        "protocol_digest": "0" * 64,
        "cases_submitted": 5 * len(patients),
        "cases_not_submitted": 0,
        "role": "primary",
        "model": {
            "name": "Benchmark model",
            "digest": "1" * 64,
            "provenance": "external",
            "provenance_label": "Scores imported from outside",
            "architecture": "",
            "members": 0,
            "expected_members": 0,
            "thresholds": {"metastasis": 0.5, "ene": 0.5},
        },
    }
    masks = dict.fromkeys((row.key for row in table.rows), "2" * 64)
    return FrozenTable(sources=sources, table=table, mask_digests=masks, patients=tuple(patients))


def sorting():
    values = np.random.default_rng(1).random(SORTED)
    start = time.perf_counter()
    for _ in range(SORTS):
        np.argsort(values)
    return time.perf_counter() - start


def computed(frozen):
    plan = plan_from(frozen.sources["plan"])
    tables = study_tables(
        frozen.table, plan=plan, model=rule_of(frozen.sources), patients=frozen.patients, seed=1
    )
    tables["description"] = describe(frozen, level=1 - plan.alpha)
    results = {
        "schema_version": 3,
        "dataset_digest": "3" * 64,
        "code_version": "benchmark",
        "seed": 1,
        "sources": frozen.sources,
        "tables": tables,
        "patients": [],
    }
    return json.loads(json.dumps(results))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=PAPER_NODES)
    options = parser.parse_args()
    before = sorting()
    frozen = from_bytes(to_bytes(frozen_study(options.nodes)))
    marks = {"start": time.perf_counter()}
    results = computed(frozen)
    marks["tables"] = time.perf_counter()
    last, sizes = marks["tables"], {}
    facts = Facts(results_digest="4" * 64, frozen_at="2026-01-01T00:00:00+00:00", unblinding=1)
    pdf = 0.0
    for name, content in report_files(results, frozen, facts):
        now = time.perf_counter()
        sizes[name] = len(content)
        pdf += now - last if name == "report.pdf" else 0.0
        last = now
    whole = last - marks["start"]
    reference = min(before, sorting())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print("| work | tables | everything but PDF | PDF | reference | ratio | peak memory | files |")
    print("|---|---|---|---|---|---|---|---|")
    tables = marks["tables"] - marks["start"]
    print(
        f"| report of 5 readers, {options.nodes:,} nodes | {tables:.1f} s "
        f"| {whole - pdf:.1f} s | {pdf:.1f} s | {reference:.2f} s ({SORTS} argsorts) "
        f"| {(whole - pdf) / reference:.1f} x | {peak:.2f} GiB "
        f"| {len(sizes)}, {sum(sizes.values()) / 2**20:.1f} MiB |"
    )


main()
