"""Reads and prepares the next batch of nodes while the network is busy with this one."""

import threading
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from inference.models import PredictionItem
from inference.pipeline.compute import LoadedModel, NodeInputs
from inference.pipeline.heart import Heart, Stopped
from inference.pipeline.stored_nodes import SliceStore


@dataclass(frozen=True, kw_only=True, eq=False)
class PreparedItem:
    """A node's inputs, or what was raised instead."""

    item: PredictionItem
    inputs: NodeInputs | None = None
    problem: Exception | None = None


def prepared_ahead(
    batches: Iterable[Sequence[PredictionItem]], model: LoadedModel, heart: Heart
) -> Generator[list[PreparedItem], None, None]:
    """Yield each batch prepared, the next one being prepared meanwhile in a thread.

    Parameters
    ----------
    batches : iterable of sequences of PredictionItem
        Drawn in the caller's thread, one ahead of what is yielded.
    model : LoadedModel
        Prepares the nodes.
    heart : Heart
        Beats while the caller would wait.

    Yields
    ------
    list of PreparedItem
        As long as the batch; a node that cannot be prepared does not harm the others.
    """
    drawn, slices, stop = iter(batches), SliceStore(), threading.Event()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="prepare") as beside:
        try:
            following = beside.submit(_prepared, next(drawn, ()), model, slices, stop)
            while batch := heart.wait_for(following, stop):
                following = beside.submit(_prepared, next(drawn, ()), model, slices, stop)
                yield batch
        finally:
            stop.set()


def _prepared(
    items: Sequence[PredictionItem],
    model: LoadedModel,
    slices: SliceStore,
    stop: threading.Event,
) -> list[PreparedItem]:
    """Prepare one batch; ``stop`` ends it after the node it is at."""
    prepared = []
    for item in items:
        if stop.is_set():
            raise Stopped
        prepared.append(prepare_item(item, model, slices))
    return prepared


def prepare_item(
    item: PredictionItem, model: LoadedModel, slices: SliceStore | None = None
) -> PreparedItem:
    """Prepare one node; what it raises is kept beside it."""
    try:
        return PreparedItem(item=item, inputs=model.prepare(item.mask, slices))
    except Exception as problem:  # noqa: BLE001 - whatever it is, it is this node's alone
        return PreparedItem(item=item, problem=problem)
