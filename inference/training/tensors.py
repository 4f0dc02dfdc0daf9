"""Between arrays and torch: batches, labels, and runs that repeat (inference.training, pure)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from inference.runner import Inputs
from inference.training.samples import Sample, label_arrays


@contextmanager
def repeatable(threads: int) -> Iterator[None]:
    """Let the same work give the same bits, and leave torch as it was."""
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1])


def stacked(nodes: Sequence[Inputs]) -> Inputs:
    """Put nodes together, along a new first axis."""
    return tuple(np.stack(arrays) for arrays in zip(*nodes, strict=True))


def tensors(inputs: Inputs) -> list[Tensor]:
    """Hand arrays to torch, without copying them."""
    return [torch.from_numpy(array) for array in inputs]


def labels(samples: Sequence[Sample], shown: Inputs | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Return the labels; a node of which nothing is shown is labelled benign, as published."""
    metastasis, ene, known = label_arrays(samples)
    if shown is not None:
        is_there = np.any([a.reshape(len(samples), -1).any(axis=1) for a in shown], axis=0)
        metastasis, known = metastasis * is_there, known * is_there
    return (
        torch.from_numpy(metastasis.astype(np.float32)),
        torch.from_numpy(ene.astype(np.float32)),
        torch.from_numpy(known.astype(np.float32)),
    )
