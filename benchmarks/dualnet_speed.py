"""DualNet: preparing a node, and its network plain, folded, and computed where the node is.

The networks take turns in one process, so that a busy machine slows all; what counts is the ratio.
Weights are random: they do not change what has to be computed. The node does: the larger it is, the
less of the box is background.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch

from inference.dualnet.fast_network import LocalDualNet
from inference.dualnet.network import DualNetNetwork, folded
from inference.dualnet.preparation import PREPARATION
from inference.dualnet.runner import RUNNER
from inference.runner import ComputeSettings, MemberWeights

SHAPE, SPACING = (110, 512, 512), (2.0, 0.5, 0.5)
CENTRE, RADII = (60, 250, 300), (5, 18, 14)


def node() -> tuple[np.ndarray, np.ndarray]:
    """A noisy neck-sized CT and one node of 20 x 18 x 14 mm."""
    grid = np.ogrid[tuple(slice(0, size) for size in SHAPE)]
    mask = sum(((g - c) / r) ** 2 for g, c, r in zip(grid, CENTRE, RADII, strict=True)) <= 1
    return np.random.default_rng(1).integers(-300, 400, SHAPE).astype(np.int16), mask


def milliseconds(work) -> float:
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000


def prepared(repeats: int) -> tuple[tuple[np.ndarray, ...], float]:
    """The node's inputs, and the median milliseconds it took to make them."""
    ct, mask = node()
    indices = np.argwhere(mask)
    box = tuple(indices.min(0).tolist()), tuple((indices.max(0) + 1).tolist())
    start, stop = PREPARATION.needed_box(box, SHAPE, SPACING, {})
    at = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    part, inside, place = ct[at], mask[at], {"origin_zyx": start, "full_shape_zyx": SHAPE}

    def prepare() -> tuple[np.ndarray, ...]:
        return PREPARATION.prepare(part, inside, SPACING, {}, **place)

    return prepare(), statistics.median(milliseconds(prepare) for _ in range(repeats))


def networks_ms(network: DualNetNetwork, inputs: tuple, repeats: int) -> np.ndarray:
    """Milliseconds of the plain, the folded and the local network, one row per repeat."""
    box, small = (torch.from_numpy(values)[None] for values in inputs)
    paths = (network, folded(network), LocalDualNet(network))
    with torch.inference_mode():
        for path in paths:
            path(box, small)
        rows = [[milliseconds(lambda p=p: p(box, small)) for p in paths] for _ in range(repeats)]
    return np.array(rows)


def ensemble_ms(network: DualNetNetwork, inputs: tuple, threads: int, members: int) -> float:
    """Milliseconds per node and member of several members that share the threads."""
    state = network.state_dict()
    weights = [MemberWeights(run=0, fold=f, load=lambda: state) for f in range(members)]
    ensemble = RUNNER.ensemble(weights, ComputeSettings(threads=threads))
    nodes = tuple(np.stack([values, values]) for values in inputs)
    ensemble.predict(tuple(values[:1] for values in nodes))
    return milliseconds(lambda: ensemble.predict(nodes)) / (2 * members)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=9)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    network = DualNetNetwork().eval().requires_grad_(False)
    inputs, preparing = prepared(asked.repeats)
    times = networks_ms(network, inputs, asked.repeats)
    plain, quick, local = np.median(times, axis=0)
    of_folded, of_local = np.median(times[:, :1] / times[:, 1:], axis=0)
    members = max(2, asked.threads)
    shared = ensemble_ms(network, inputs, asked.threads, members)
    print(f"threads                                    {asked.threads:8d}")
    print(f"prepare one node, needed part              {preparing:8.0f} ms")
    print(f"network, plain                             {plain:8.0f} ms")
    print(f"network, batch norms folded                {quick:8.0f} ms")
    print(f"network, where the node is                 {local:8.0f} ms")
    print(f"plain / folded                             {of_folded:8.2f} x")
    print(f"plain / where the node is                  {of_local:8.2f} x")
    print(f"{members} members share the threads, each        {shared:8.0f} ms")


if __name__ == "__main__":
    main()
