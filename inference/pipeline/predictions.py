"""Stored cases in, stored predictions out: what the worker does with a prediction run.

A worker may die at any instruction: what is still waiting is taken up by the next one. Nodes that
nobody has begun are prepared and predicted in batches; nodes that raised, or were being worked on
when a worker was lost, are prepared one by one, so that one of them is known to be at fault.
"""

import logging
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime

from django.db import DatabaseError, transaction
from django.utils import timezone

from inference.models import PredictionItem, PredictionRun
from inference.pipeline.batches import PreparedItem, prepare_item, prepared_ahead
from inference.pipeline.compute import MODELS, LoadedModel, ModelUnusable, compute_settings
from inference.pipeline.heart import Heart
from inference.pipeline.items import MAX_TRIES, Contradiction, Ledger, sentence_of
from inference.pipeline.scores import Scores, combined
from inference.pipeline.stored_nodes import RefusedNode, SliceStore
from inference.runner import Progress
from inference.selectors import items as selectors
from jobs import leases
from jobs.models import JobState

logger = logging.getLogger("nodewise.inference")

NOT_THE_NODES = (leases.LeaseLost, DatabaseError, ModelUnusable)
"""What ends the run, or this worker's part in it, whichever node it was at."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """One run in this worker's hands."""

    run: PredictionRun
    model: LoadedModel
    heart: Heart
    ledger: Ledger
    slices: SliceStore = field(default_factory=SliceStore)

    def scores(self, prepared: list[PreparedItem]) -> list[Scores]:
        """Compute the scores of prepared nodes; raise for all of them if one is no number."""
        nodes = [one.inputs for one in prepared if one.inputs is not None]

        def predict(progress: Progress) -> list[Scores]:
            logits = self.model.predict(nodes, progress)
            return [combined(logits[:, node]) for node in range(len(nodes))]

        return self.heart.attend(predict, describe=self._describe(len(nodes)))

    def _describe(self, nodes: int) -> Callable[[int, int], str]:
        first, total = self.ledger.done + 1, self.ledger.total
        last = min(first + nodes - 1, total)
        place = f"node {first} of {total}" if nodes == 1 else f"nodes {first} to {last} of {total}"
        return lambda done, steps: f"{place}, {100 * done // steps} %"


def run_predictions(run_id: int) -> datetime | None:
    """Predict the run's waiting nodes; safe to run twice and to kill at any time.

    Returns
    -------
    datetime or None
        When to come back: the nodes that are left wait for another try.
    """
    run = leases.claim(PredictionRun, run_id, owner=leases.owner_name())
    if run is None:
        return None
    try:
        return _predict_waiting(run)
    except leases.Cancelled:
        leases.finish(run, state=JobState.CANCELLED)
    except leases.LeaseLost:
        logger.warning("prediction run %s was taken over", run.pk)
    except ModelUnusable as refusal:
        leases.finish(run, state=JobState.FAILED, error=str(refusal))
    except Exception as problem:
        leases.give_back(run, error=sentence_of(problem))
        raise
    return None


def _predict_waiting(run: PredictionRun) -> datetime | None:
    ledger = Ledger.of(run, compute_settings())
    ledger.refuse_mixed_precision()
    model = MODELS.model(run.model_version)
    note = f"{model.members} members, {ledger.sentence}"
    leases.renew(run, done=ledger.done, total=ledger.total, note=note)
    work = Work(run=run, model=model, heart=Heart(run), ledger=ledger)
    # Before any node is begun: a worker lost while it loads is no node's fault.
    work.heart.attend(model.fetch, describe=lambda at, all_: f"Loading member {at + 1} of {all_}")
    _predict_together(work)
    for batch in _prepared_again(work):
        _predict_batch(work, batch)
    due, waiting = selectors.next_try(run)
    with transaction.atomic():
        if due is None:
            leases.renew(run, done=ledger.done, note=ledger.sentence)
            leases.finish(run)
        else:
            note = f"{ledger.sentence}, {waiting} to be tried again"
            leases.renew(run, done=ledger.done, note=note)
            leases.postpone(run, until=due)
    return due


def _predict_together(work: Work) -> None:
    """Predict the nodes that nobody has begun, in batches across patients."""
    with closing(prepared_ahead(_fresh_batches(work), work.model, work.heart)) as batches:
        for batch in batches:
            problem = _predict_batch(work, batch)
            if problem is not None and len(batch) > 1:
                # It is the machine, or the model: parking one node after the other would hide that.
                raise problem


def _fresh_batches(work: Work) -> Generator[list[PredictionItem], None, None]:
    fresh, size = selectors.fresh_item_ids(work.run), work.model.batch_size
    for begin in range(0, len(fresh), size):
        items = selectors.items_with_voxels(fresh[begin : begin + size])
        digests = [item.mask.digest for item in items]
        known = selectors.stored_digests(work.run.model_version, digests)
        for item in items:
            if item.mask.digest in known:
                work.ledger.store(item, None)
        if rest := [item for item in items if item.mask.digest not in known]:
            work.ledger.begin_together(rest)
            yield rest


def _predict_batch(work: Work, batch: list[PreparedItem]) -> Exception | None:
    """Predict what could be prepared, settle the rest; as `_predict_ready`."""
    ready = [one for one in batch if one.problem is None]
    for one in batch:
        if one.problem is not None:
            _settle(work, one.item, one.problem)
    return _predict_ready(work, ready) if ready else None


def _predict_ready(work: Work, ready: list[PreparedItem]) -> Exception | None:
    """Predict prepared nodes together; one by one if that raises.

    Returns
    -------
    Exception or None
        What was raised, if not one of the nodes could be predicted.
    """
    try:
        scores = work.scores(ready)
    except NOT_THE_NODES:
        raise
    except Exception as problem:
        if len(ready) == 1:
            _settle(work, ready[0].item, problem)
            return problem
        logger.warning("run %s: a batch is done one by one", work.run.pk, exc_info=problem)
        raised = [_predict_ready(work, [one]) for one in ready]
        return problem if all(raised) else None
    for one, of_node in zip(ready, scores, strict=True):
        _store(work, one.item, of_node)
    return None


def _prepared_again(work: Work) -> Generator[list[PreparedItem], None, None]:
    """Yield, in batches, the nodes that raised, or had a worker lost while it was at them.

    They are prepared one by one. Only there can a single node take a worker down: the network's
    inputs are as large for every node.
    """
    batch: list[PreparedItem] = []
    while True:
        item = _next_again(work, batch)
        if item is not None and not _needs_no_try(work, item):
            batch.append(_prepared_alone(work, item))
        if batch and (item is None or len(batch) == work.model.batch_size):
            yield batch
            batch = []
        elif item is None:
            return


def _needs_no_try(work: Work, item: PredictionItem) -> bool:
    """End a node that took three workers down, or whose prediction is there already."""
    if item.attempts >= MAX_TRIES:
        sentence = f"The worker was lost {item.attempts} times while it prepared this node."
        work.ledger.park(item, sentence)
        return True
    if selectors.stored_digests(work.run.model_version, [item.mask.digest]):
        work.ledger.store(item, None)
        return True
    return False


def _next_again(work: Work, batch: list[PreparedItem]) -> PredictionItem | None:
    taken = [one.item.pk for one in batch]
    return selectors.next_item_again(work.run, now=timezone.now(), besides=taken)


def _prepared_alone(work: Work, item: PredictionItem) -> PreparedItem:
    work.ledger.begin_alone(item)
    prepared = work.heart.attend(lambda progress: prepare_item(item, work.model, work.slices))
    work.ledger.survived(item)
    return prepared


def _store(work: Work, item: PredictionItem, scores: Scores) -> None:
    try:
        work.ledger.store(item, scores)
    except Contradiction as finding:
        work.ledger.park(item, str(finding))


def _settle(work: Work, item: PredictionItem, problem: Exception) -> None:
    if isinstance(problem, RefusedNode):
        logger.info("item %s of prediction run %s is refused", item.pk, work.run.pk)
    else:
        logger.warning("item %s of prediction run %s", item.pk, work.run.pk, exc_info=problem)
    work.ledger.settle(item, problem, tries=item.attempts + 1)
