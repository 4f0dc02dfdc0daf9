"""How fast the statistics library is, each figure as a ratio to a named reference in the same run.

Both sides are timed in turn and the smallest of several rounds counts, so that other work on the
machine slows both alike. Results are compared before any time is printed.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from readerstudy.statistics import delong
from readerstudy.statistics.bootstrap import patient_bootstrap


def inputs(n):
    i = np.arange(n, dtype=np.int64)
    y = ((i * 7919) % 10 < 3).astype(int)
    u = ((i + 1) * 1103515245 % 2147483647) / 2147483647
    v = ((i + 1) * 1220703125 % 2147483647) / 2147483647
    return y, u + 0.35 * y, 0.5 * u + 0.5 * v + 0.2 * y


def sun_xu(y, curves):
    """Sun and Xu 2014: mid-ranks of all, of the positives and of the negatives, in scipy."""
    m, n = int(y.sum()), int(len(y) - y.sum())
    v10, v01, areas = [], [], []
    for row in curves:
        positive, negative = row[y == 1], row[y == 0]
        ranks = stats.rankdata(np.concatenate([positive, negative]))
        v10.append((ranks[:m] - stats.rankdata(positive)) / n)
        v01.append(1 - (ranks[m:] - stats.rankdata(negative)) / m)
        areas.append(v10[-1].mean())
    return np.array(areas), np.cov(v10) / m + np.cov(v01) / n


def full_kernel(y, curves):
    """The definition: every positive against every negative."""
    v10, v01, areas = [], [], []
    for row in curves:
        positive, negative = row[y == 1][:, None], row[y == 0][None, :]
        won = (positive > negative) + 0.5 * (positive == negative)
        v10.append(won.mean(axis=1))
        v01.append(won.mean(axis=0))
        areas.append(won.mean())
    m, n = len(v10[0]), len(v01[0])
    return np.array(areas), np.cov(v10) / m + np.cov(v01) / n


def looped_bootstrap(y, curves, patients, replicates, rng):
    members = [np.flatnonzero(patients == g) for g in np.unique(patients)]
    draws = []
    for _ in range(replicates):
        rows = np.concatenate([members[g] for g in rng.integers(0, len(members), len(members))])
        if 0 < y[rows].sum() < len(rows):
            draws.append([delong.placements(y[rows], row[rows]).auc for row in curves])
    return np.std(draws, axis=0, ddof=1)


def fastest(work, rounds):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def interleaved(ours, reference, rounds):
    pairs = [(fastest(ours, 1), fastest(reference, 1)) for _ in range(rounds)]
    return min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)


def line(work, ours, reference, name, goal):
    verdict = "met" if ours <= goal else "missed"
    print(
        f"| {work} | {ours:.4f} s | {reference:.4f} s ({name}) | {reference / ours:.1f} x "
        f"| <= {goal} s: {verdict} |",
        flush=True,
    )


def paired(n, rounds):
    y, a, b = inputs(n)
    areas, matrix = sun_xu(y, [a, b])
    cov = delong.covariance(y, {"a": a, "b": b})
    np.testing.assert_allclose(cov.estimates, areas, rtol=1e-12)
    np.testing.assert_allclose(np.array(cov.matrix), matrix, rtol=1e-8)
    ours, theirs = interleaved(lambda: delong.paired(y, a, b), lambda: sun_xu(y, [a, b]), rounds)
    line(f"paired DeLong, n = {n:,}", ours, theirs, "Sun-Xu by scipy mid-ranks", 0.3)


def six_curves(rounds):
    y, a, b = inputs(943)
    curves = {"a": a, "b": b} | {f"r{k}": (a > 0.3 + 0.1 * k).astype(int) for k in range(4)}
    areas, matrix = full_kernel(y, list(curves.values()))
    cov = delong.covariance(y, curves)
    np.testing.assert_allclose(cov.estimates, areas, rtol=1e-12)
    np.testing.assert_allclose(np.array(cov.matrix), matrix, rtol=1e-8, atol=1e-15)
    ours, theirs = interleaved(
        lambda: delong.covariance(y, curves),
        lambda: full_kernel(y, list(curves.values())),
        10 * rounds,
    )
    line("six curves with covariance, 943 nodes", ours, theirs, "every pair", 0.001)


def bootstrap(rounds):
    y, a, b = inputs(194)
    patients = np.arange(194) % 25
    curves = {"a": a, "b": b} | {f"r{k}": (a > 0.3 + 0.1 * k).astype(int) for k in range(4)}
    few = 400

    def ours(replicates=20_000):
        return patient_bootstrap(
            y,
            curves,
            patients.tolist(),
            generator=np.random.default_rng(1),
            replicates=replicates,
        )

    def loop():
        return looped_bootstrap(y, list(curves.values()), patients, few, np.random.default_rng(2))

    errors = [row.standard_error for row in ours().estimates.values()]
    np.testing.assert_allclose(errors, loop(), rtol=0.2)
    mine, theirs = interleaved(ours, loop, rounds)
    line(
        "20,000 patient bootstraps, six curves",
        mine,
        theirs * 20_000 / few,
        f"loop over resamples, {few} timed",
        0.5,
    )


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--nodes", type=int, default=1_000_000)
parser.add_argument("--rounds", type=int, default=5)
options = parser.parse_args()
print("| work | ours | reference | ratio | goal |\n|---|---|---|---|---|")
paired(options.nodes, options.rounds)
six_curves(options.rounds)
bootstrap(options.rounds)
