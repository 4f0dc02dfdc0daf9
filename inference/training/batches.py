"""The order in which training shows its nodes, prepared ahead (inference.training, pure).

Every draw has a generator of its own, seeded by what it is for; so nothing depends on which thread
prepares a node, or when.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from enum import IntEnum
from typing import TypeVar

import numpy as np
import numpy.typing as npt

AHEAD = 3
"""Batches prepared before they are asked for."""

Item = TypeVar("Item")
Made = TypeVar("Made")


class Purpose(IntEnum):
    """What random numbers are for; each purpose has streams of its own."""

    WEIGHTS = 1
    ORDER = 2
    DROPOUT = 3
    AUGMENTATION = 4


def generator(seed: int, purpose: Purpose, *place: int) -> np.random.Generator:
    """Return the generator of one purpose at one place (run, fold, epoch, node ...)."""
    return np.random.default_rng((seed, int(purpose), *place))


def torch_seed(seed: int, purpose: Purpose, *place: int) -> int:
    """Return a seed for torch, likewise."""
    return int(generator(seed, purpose, *place).integers(2**63))


def epoch_batches(
    count: int, batch_size: int, random: np.random.Generator
) -> list[npt.NDArray[np.intp]]:
    """Divide the nodes of an epoch into batches, in a random order.

    Parameters
    ----------
    count : int
        Nodes; at least two.
    batch_size : int
        Largest batch, at least two.
    random : numpy.random.Generator
        Decides the order.

    Returns
    -------
    list of ndarray of int
        `ceil(count / batch_size)` batches of almost equal size. Batch norm needs more than one
        node: rather than a batch of one, there is a batch with one node more.

    Raises
    ------
    ValueError
        If there are fewer than two nodes.
    """
    if count < 2:
        raise ValueError(f"an epoch needs at least two training nodes, not {count}.")
    return np.array_split(random.permutation(count), _batches(count, batch_size))


def plain_batches(count: int, batch_size: int) -> list[npt.NDArray[np.intp]]:
    """Divide nodes into batches in their own order; as `epoch_batches`, but one node will do."""
    return np.array_split(np.arange(count), _batches(count, batch_size))


def steps_per_epoch(count: int, batch_size: int) -> int:
    """Return how many batches an epoch has."""
    return _batches(count, batch_size)


def _batches(count: int, batch_size: int) -> int:
    return max(1, min(-(-count // batch_size), count // 2))


def prepared_ahead(items: Sequence[Item], make: Callable[[Item], Made]) -> Iterator[Made]:
    """Make things one after the other in a second thread, a few before they are asked for.

    Parameters
    ----------
    items : sequence
        What to make them from.
    make : callable
        Its exceptions are raised where the thing is asked for.

    Yields
    ------
    Made
        In the order of the items. A caller that stops early stops the second thread, too.
    """
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="batches") as thread:
        try:
            for item in items:
                waiting.append(thread.submit(make, item))
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
