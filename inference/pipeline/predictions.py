"""Stored cases in, stored predictions out: what the worker does with a prediction run.

The only place of this room, with the check of checkpoints, that loads torch. A worker may die at
any instruction: a node's prediction, its item and the run's progress are written in one
transaction, and whatever is still waiting is taken up by the next worker.
"""

import logging
import math
import time
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import torch
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F
from numpy.typing import NDArray

from cohorts import storage
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.models import NodeMask
from cohorts.selectors import mask_array, volume_hu
from inference import selectors
from inference.deepene.checkpoints import CheckpointError, State, load_checkpoint
from inference.deepene.ensemble import Ensemble, EnsembleMember
from inference.deepene.parameters import PreprocessingParameters
from inference.deepene.patch import Box, needed_box
from inference.deepene.preprocessing import NodeInput, prepare_node
from inference.models import ItemState, Prediction, PredictionItem, PredictionRun
from jobs import leases
from jobs.code_version import code_version
from jobs.models import JobState

logger = logging.getLogger("nodewise.inference")

MAX_TRIES = 3
"""A node that raises is tried again after the others, and parked after this many tries."""

MemberKey = tuple[int, int, str]


class Contradiction(Exception):
    """Another run stored other scores for the same node and model."""


@dataclass(frozen=True, kw_only=True)
class Scores:
    """One node's scores by the whole ensemble."""

    metastasis_score: float
    ene_score: float
    metastasis_probability: float
    ene_probability: float


@dataclass
class Heart:
    """Renews the lease during long steps, often enough and no more often."""

    run: PredictionRun
    beaten_at_s: float = field(default_factory=time.monotonic)

    def beat(self, note: str | None = None) -> None:
        """Renew the lease if a quarter of it has passed; raise when the run is no longer ours."""
        if time.monotonic() - self.beaten_at_s < settings.LEASE_SECONDS / 4:
            return
        leases.renew(self.run, note=note)
        self.beaten_at_s = time.monotonic()


def run_predictions(run_id: int) -> None:
    """Predict every waiting node of the run; safe to run twice and to kill at any time."""
    run = leases.claim(PredictionRun, run_id, owner=leases.owner_name())
    if run is None:
        return
    try:
        _predict_waiting(run)
    except leases.Cancelled:
        leases.finish(run, state=JobState.CANCELLED)
    except leases.LeaseLost:
        logger.warning("prediction run %s was taken over", run.pk)
    except CheckpointError as damage:
        leases.finish(run, state=JobState.FAILED, error=str(damage))
    except Exception as problem:
        leases.give_back(run, error=_sentence(problem))
        raise


def _predict_waiting(run: PredictionRun) -> None:
    if settings.INFERENCE_THREADS:
        torch.set_num_threads(settings.INFERENCE_THREADS)
    version = run.model_version
    parameters = PreprocessingParameters.from_dict(version.parameters)
    ensemble = _ensemble(tuple(version.members.values_list("run", "fold", "sha256")))
    total, done = run.items.count(), selectors.finished_items(run)
    leases.renew(run, done=done, total=total, note=f"Loading {len(ensemble.members)} members")
    heart = Heart(run)
    while (item := selectors.next_item(run)) is not None:
        heart.beat()
        _predict_item(run, item, ensemble, parameters, heart)
    done = selectors.finished_items(run)
    parked = selectors.parked_items(run).count()
    note = f"{done - parked} of {total} nodes predicted" + (f", {parked} parked" if parked else "")
    with transaction.atomic():
        leases.renew(run, done=done, note=note)
        leases.finish(run)


@lru_cache(maxsize=1)
def _ensemble(members: tuple[MemberKey, ...]) -> Ensemble:
    """Return the ensemble; its weights stay in this process until another model is asked for."""
    return Ensemble([_member(*key) for key in members], keep_in_memory=True)


def _member(run: int, fold: int, sha256: str) -> EnsembleMember:
    def load_state() -> State:
        with storage.local_file(sha256) as path:
            try:
                return load_checkpoint(path, expected_sha256=sha256).state
            except CheckpointError as damage:
                # Where blobs lie on the server is nothing for the page that shows this.
                reason = str(damage).removeprefix(f"{path}: ")
                raise CheckpointError(f"Member RUN{run}/fold{fold}: {reason}") from damage

    return EnsembleMember(run, fold, load_state)


def _predict_item(
    run: PredictionRun,
    item: PredictionItem,
    ensemble: Ensemble,
    parameters: PreprocessingParameters,
    heart: Heart,
) -> None:
    """Bring one node one step further: predicted, parked, or waiting for another try."""
    if run.attempts >= leases.MAX_ATTEMPTS and item.attempts >= 2 and not item.error:
        _park(run, item, f"The worker was lost {item.attempts} times while it was at this node.")
        return
    PredictionItem.objects.filter(pk=item.pk).update(attempts=F("attempts") + 1)
    try:
        stored = selectors.prediction_of(run.model_version, item.mask.digest)
        _store(run, item, None if stored else _score(item.mask, ensemble, parameters, heart))
    except (leases.LeaseLost, DatabaseError, CheckpointError):
        raise
    except Contradiction as finding:
        _park(run, item, str(finding))
    except Exception as problem:
        logger.exception("item %s of prediction run %s", item.pk, run.pk)
        if item.attempts + 1 >= MAX_TRIES:
            _park(run, item, _sentence(problem))
        else:
            PredictionItem.objects.filter(pk=item.pk).update(error=_sentence(problem))


def _score(
    mask: NodeMask, ensemble: Ensemble, parameters: PreprocessingParameters, heart: Heart
) -> Scores:
    """Compute one node's scores.

    One node at a time: what a batch is made of changes the last bits of each of its results.
    """
    prepared = prepared_node(mask, parameters)
    members = len(ensemble.members)

    def beat(done: int, total: int) -> None:
        heart.beat()

    answer = ensemble.predict(prepared.network_input[np.newaxis], batch_size=1, progress=beat)
    scores = Scores(
        metastasis_score=float(answer.metastasis_score[0]),
        ene_score=float(answer.ene_score[0]),
        metastasis_probability=float(answer.metastasis_probability[0]),
        ene_probability=float(answer.ene_probability[0]),
    )
    if not all(map(math.isfinite, vars(scores).values())):
        raise ValueError(f"The {members} members gave a score that is not a finite number.")
    return scores


def prepared_node(mask: NodeMask, parameters: PreprocessingParameters) -> NodeInput:
    """Read the slices that preprocessing needs, and prepare the node."""
    series = mask.node.patient.series
    geometry = SeriesGeometry.from_dict(series.geometry)
    node_box, node_mask = mask_array(mask)
    needed = needed_box(
        Box(node_box.start_zyx, node_box.stop_zyx),
        geometry.shape_zyx,
        geometry.spacing_zyx_mm,
        parameters,
    )
    first, past = needed.start_zyx[0], needed.stop_zyx[0]
    _, rows, columns = needed.slices
    volume: NDArray[np.int16] = volume_hu(series, first, past - 1)[:, rows, columns]
    around: NDArray[np.bool_] = np.zeros(needed.shape, np.bool_)
    inside = Box(node_box.start_zyx, node_box.stop_zyx).moved([-a for a in needed.start_zyx])
    around[inside.slices] = node_mask
    return prepare_node(volume, around, geometry.spacing_zyx_mm, parameters)


def _store(run: PredictionRun, item: PredictionItem, scores: Scores | None) -> None:
    """Write the prediction (``None``: it is there already), the item and the progress at once."""
    with transaction.atomic():
        _end_item(run, item, state=ItemState.DONE, error="")
        if scores is not None:
            _store_scores(run, item, scores)
    leases.forget_losses(run)


def _store_scores(run: PredictionRun, item: PredictionItem, scores: Scores) -> None:
    values = vars(scores)
    row, is_new = Prediction.objects.get_or_create(
        model_version=run.model_version,
        mask_digest=item.mask.digest,
        defaults={**values, "node": item.node, "code_version": code_version()},
    )
    if not is_new and any(getattr(row, name) != value for name, value in values.items()):
        raise Contradiction(
            "Another run stored other scores for this node while it was being computed; those "
            "stand. Check that all workers use the same release, processor type and number of "
            "threads."
        )


def _park(run: PredictionRun, item: PredictionItem, sentence: str) -> None:
    with transaction.atomic():
        _end_item(run, item, state=ItemState.PARKED, error=sentence)
    leases.forget_losses(run)


def _end_item(run: PredictionRun, item: PredictionItem, *, state: ItemState, error: str) -> None:
    """End the item and count it; raise LeaseLost before anything is written that is not ours."""
    PredictionItem.objects.filter(pk=item.pk).update(state=state, error=error)
    done = selectors.finished_items(run)
    leases.renew(run, done=done, note=f"node {done} of {run.items.count()}")


def _sentence(problem: Exception) -> str:
    if isinstance(problem, FileNotFoundError):
        return "A stored blob of this node is missing: restore it from a backup, and request again."
    text = str(problem).strip() or "no further details"
    known = isinstance(problem, ValueError | storage.DamagedBlob)
    return (text if known else f"{type(problem).__name__}: {text}")[:1000]
