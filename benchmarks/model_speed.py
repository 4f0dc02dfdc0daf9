"""(d) DeepENE: the fast path against the plain one, in one process, interleaved.

    python benchmarks/model_speed.py [--rounds 3] [--members 25] [--growth 16 160 800]

Plain: every step as the published code takes it, one after the other (`prepare_node`, `Ensemble`),
with as many torch threads as cores. Published script: the same, but every node prepared anew for
every member, as it does; measured with a few members and multiplied. Fast: what predictions use
(`runner_of("DeepENE")`). Growth is measured in a process of its own, which holds nothing else:
`--growth 16 160 800 10000` takes some minutes more. Times are the best of the rounds; CPU is what
all cores together spent, and says more than the time where others use the machine.
"""

import argparse
import os
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import stage

sys.path.insert(0, str(stage.ROOT))

NODES = 16
PUBLISHED_MEMBERS = 2
BATCH = 64


def made_nodes(count):
    """Nodes of 6 to 20 mm in noise, in the spacings of usual neck CT; only what is needed."""
    random = np.random.default_rng(2024)
    for _ in range(count):
        spacing = (
            float(random.choice([1.0, 2.5, 3.0, 3.0, 5.0])),
            *[float(random.choice([0.36, 0.4, 0.46, 0.488, 0.55]))] * 2,
        )
        radii = random.uniform((4, 3, 3), (12, 8, 10)) / spacing
        shape = tuple(
            int(2 * (r + m / s) + 2) for r, m, s in zip(radii, (18, 20, 20), spacing, strict=True)
        )
        grids = np.meshgrid(*[np.arange(n) - n / 2 for n in shape], indexing="ij", sparse=True)
        mask = sum((g / r) ** 2 for g, r in zip(grids, radii, strict=True)) <= 1
        ct = random.normal(40, 60, shape).round().astype(np.int16)
        yield ct, mask, spacing


def made_states(count):
    from inference.deepene.untrained import untrained_state

    return [untrained_state(100 + number) for number in range(count)]


class Clock:
    """Best wall and CPU seconds by name."""

    def __init__(self):
        self.wall, self.cpu = defaultdict(list), defaultdict(list)

    def time(self, name, work):
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        self.wall[name].append(time.perf_counter() - wall)
        self.cpu[name].append(time.process_time() - cpu)
        return result

    def row(self, what, plain, fast, goal, nodes=1, factor=1.0):
        values = [min(self.wall[name]) * 1000 / nodes for name in (plain, fast)]
        spent = [min(self.cpu[name]) * 1000 / nodes for name in (plain, fast)]
        values[0], spent[0] = values[0] * factor, spent[0] * factor
        print(
            f"| {what} | {values[0]:.1f} | {values[1]:.1f} | {values[0] / values[1]:.1f} "
            f"| {goal} | {spent[0]:.1f} | {spent[1]:.1f} | {spent[0] / spent[1]:.1f} |"
        )


class Sides:
    """The plain and the fast path on the same members and nodes."""

    def __init__(self, options):
        from inference.deepene.parameters import REFERENCE_FINGERPRINT, PreprocessingParameters
        from inference.runner import ComputeSettings, MemberWeights, preparation_of, runner_of

        states = made_states(options.members)
        self.parameters = PreprocessingParameters(fingerprint=REFERENCE_FINGERPRINT)
        self.written = self.parameters.to_dict()
        self.plain, self.few = plain_ensemble(states), plain_ensemble(states[:1])
        self.preparation = preparation_of("DeepENE")
        self.fast = runner_of("DeepENE").ensemble(
            [MemberWeights(run=0, fold=i, load=lambda s=s: s) for i, s in enumerate(states)],
            ComputeSettings(threads=options.threads),
        )
        self.nodes = list(made_nodes(NODES))

    def prepare_plain(self, nodes):
        from inference.deepene.preprocessing import prepare_node

        return np.stack([prepare_node(*node, self.parameters).network_input for node in nodes])

    def prepare_fast(self, nodes):
        return np.stack([self.preparation.prepare(*node, self.written)[0] for node in nodes])

    def run_plain(self, nodes):
        return self.plain.predict(self.prepare_plain(nodes), batch_size=NODES)

    def run_fast(self, nodes):
        return self.fast.predict((self.prepare_fast(nodes),))

    def run_published(self):
        for _ in range(PUBLISHED_MEMBERS):
            self.few.predict(self.prepare_plain(self.nodes), batch_size=NODES)


def plain_ensemble(states):
    from inference.deepene.ensemble import Ensemble, EnsembleMember

    members = [EnsembleMember(0, i, lambda s=state: s) for i, state in enumerate(states)]
    return Ensemble(members, keep_in_memory=True)


def compare(options):
    """Time both sides in turns; print ratios and the largest difference of any logit."""
    sides, clock = Sides(options), Clock()
    nodes, one = sides.nodes, sides.nodes[:1]
    expected = sides.run_plain(nodes).member_logits  # both sides load first
    found = sides.fast.member_logits(sides.prepare_fast(nodes))
    sides.few.predict(sides.prepare_plain(one))
    for number in range(options.rounds):
        clock.time("prepare plain", lambda: sides.prepare_plain(nodes))
        clock.time("prepare fast", lambda: sides.prepare_fast(nodes))
        clock.time("16 plain", lambda: sides.run_plain(nodes))
        clock.time("16 fast", lambda: sides.run_fast(nodes))
        clock.time("1 plain", lambda: sides.run_plain(one))
        clock.time("1 fast", lambda: sides.run_fast(one))
        if number == 0:
            clock.time("published", sides.run_published)
    report(options, clock, sides.fast.threads)
    difference = float(np.abs(found - expected).max())
    print(f"\nLargest difference of any of {found.size} logits: {difference:.1e} (limit 1e-4)")


def report(options, clock, threads):
    import torch

    load = os.getloadavg()[0]
    print(
        f"{os.cpu_count()} cores, load {load:.1f}, torch {torch.__version__}, "
        f"{torch.get_num_threads()} torch threads (plain), {threads} threads (fast), "
        f"{options.members} members, best of {options.rounds} rounds\n"
    )
    print("| per node | plain ms | fast ms | ratio | goal | plain CPU ms | fast CPU ms | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    clock.row("preparing one node", "prepare plain", "prepare fast", ">= 8", nodes=NODES)
    clock.row("16 nodes, all members, prepared once", "16 plain", "16 fast", ">= 6", nodes=NODES)
    clock.row(
        "16 nodes, prepared for every member (published script)",
        *("published", "16 fast", ">= 40"),
        nodes=NODES,
        factor=options.members / PUBLISHED_MEMBERS,
    )
    clock.row("one node alone", "1 plain", "1 fast", ">= 4")


def peak_memory_gb():
    """The kernel's mark of this program alone; getrusage would tell that of its parent."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1e6


def grow(options):
    """Stream ever more nodes through the members; print what each costs and the peak memory."""
    from inference.deepene.parameters import REFERENCE_FINGERPRINT, PreprocessingParameters
    from inference.deepene.untrained import untrained_state
    from inference.runner import ComputeSettings, MemberWeights, preparation_of, runner_of

    written = PreprocessingParameters(fingerprint=REFERENCE_FINGERPRINT).to_dict()
    preparation = preparation_of("DeepENE")
    members = [
        MemberWeights(run=0, fold=i, load=lambda i=i: untrained_state(100 + i))
        for i in range(options.members)
    ]
    ensemble = runner_of("DeepENE").ensemble(members, ComputeSettings(threads=options.threads))
    samples = list(made_nodes(NODES))
    ensemble.predict((preparation.prepare(*samples[0], written)[0][None],))
    print(
        "\n| nodes streamed | ms per node | CPU ms per node | peak memory GB |\n|---|---|---|---|"
    )
    for count in options.growth:
        wall, cpu = time.perf_counter(), time.process_time()
        for begin in range(0, count, BATCH):
            inputs = [
                preparation.prepare(*samples[number % NODES], written)[0]
                for number in range(begin, min(begin + BATCH, count))
            ]
            ensemble.predict((np.stack(inputs),))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        spent = [f"{seconds / count * 1e3:.1f}" for seconds in (wall, cpu)]
        print(f"| {count} | {spent[0]} | {spent[1]} | {peak_memory_gb():.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--members", type=int, default=25)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--growth", type=int, nargs="*", default=[16, 160, 800])
    parser.add_argument("--only-growth", action="store_true")
    options = parser.parse_args()
    if options.only_growth:
        grow(options)
        return
    compare(options)
    if options.growth:
        sys.stdout.flush()
        subprocess.run([sys.executable, __file__, *sys.argv[1:], "--only-growth"], check=True)


if __name__ == "__main__":
    main()
