"""Damaged uploads: a million mutants of every format through the real parsers.

    python benchmarks/intake_fuzz.py [--mutants 1000000] [--run 1] [--first 0] [--workers 2]

Each mutant has 2 seconds and 512 MB, and must end accepted, asked or refused by a typed refusal,
with nothing left on the disk. A failure is printed with its number, which makes it again.
"""

import argparse
import os
import sys
import time
from collections import Counter

import stage

sys.path.insert(0, str(stage.ROOT))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=1_000_000)
    parser.add_argument("--run", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    from tests.cohorts.hostile.fuzz import run_fuzz

    started = time.perf_counter()
    report = run_fuzz(
        options.mutants, run=options.run, first=options.first, workers=options.workers
    )
    seconds = time.perf_counter() - started
    totals: Counter[str] = Counter()
    for outcome, count in report.outcomes.items():
        totals[outcome.split(":")[0]] += count
    print("| seed | mutants | accepted | failures |\n|---|---|---|---|")
    for seed, count in sorted(totals.items()):
        accepted = report.outcomes[f"{seed}: accepted"]
        failures = sum(failure.seed == seed for failure in report.failures)
        print(f"| {seed} | {count} | {accepted} | {failures} |")
    print(
        f"\n{report.mutants} mutants in {seconds:.0f} s, slowest {report.slowest_seconds:.2f} s, "
        f"peak {report.peak_bytes / 1024**2:.0f} MB above the start"
    )
    for failure in report.failures[:100]:
        print(failure)
    if report.failures:
        raise SystemExit(f"{len(report.failures)} failures")


if __name__ == "__main__":
    main()
