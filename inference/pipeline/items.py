"""How one node of a prediction run ends: predicted, parked, or due for another try.

Only the worker that holds the run's lease writes here. A node's prediction, its item and the run's
progress are written in one transaction, so that a kill leaves all of them or none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from cohorts import storage
from inference.models import ItemState, ModelVersion, Prediction, PredictionItem, PredictionRun
from inference.pipeline.compute import ModelUnusable
from inference.pipeline.scores import Scores
from inference.pipeline.stored_nodes import RefusedNode
from inference.runner import ComputeSettings
from inference.selectors import items as selectors
from jobs import leases
from jobs.code_version import code_version

MAX_TRIES = 3
"""A node that raises, or at which the worker is lost, is parked after this many tries."""

BFLOAT16 = ".bfloat16"
CODE_VERSION_LENGTH = 40


class Contradiction(Exception):
    """Another run stored other scores for the same node and model."""


@dataclass
class Ledger:
    """One run as its worker writes it: what is done, counted once and then kept."""

    run: PredictionRun
    computed_by: str
    predicted: int
    parked: int
    total: int
    precision_is_settled: bool = False

    @classmethod
    def of(cls, run: PredictionRun, compute: ComputeSettings) -> "Ledger":
        """Count the run's nodes."""
        predicted, parked, total = selectors.finished_counts(run)
        return cls(run, labelled(compute), predicted, parked, total)

    @property
    def done(self) -> int:
        """Nodes that are predicted or parked."""
        return self.predicted + self.parked

    @property
    def sentence(self) -> str:
        """How the run stands, for people."""
        parked = f", {self.parked} parked" if self.parked else ""
        return f"{self.predicted} of {self.total} nodes predicted{parked}"

    def begin_together(self, items: Sequence[PredictionItem]) -> None:
        """Note that these nodes are being worked on: a lost worker sends them on alone."""
        now, keys = timezone.now(), [item.pk for item in items]
        PredictionItem.objects.filter(pk__in=keys).update(not_before=now)

    def begin_alone(self, item: PredictionItem) -> None:
        """Count a try before the node is prepared; without an error, a worker was lost at it."""
        item.attempts, item.error = item.attempts + 1, ""
        item.save(update_fields=["attempts", "error"])

    def survived(self, item: PredictionItem) -> None:
        """Take the try back: a worker that is lost from here on is lost to something else."""
        item.attempts -= 1
        item.save(update_fields=["attempts"])

    def store(self, item: PredictionItem, scores: Scores | None) -> None:
        """Write the prediction (``None``: it is there already), the item and the progress."""
        with transaction.atomic():
            self._end(item, ItemState.DONE, "")
            if scores is not None:
                self._store_scores(item, scores)
            # With the row, or a worker lost right after it would count as lost without progress.
            leases.forget_losses(self.run)
        self.predicted += 1

    def park(self, item: PredictionItem, sentence: str) -> None:
        """End the node without a prediction."""
        with transaction.atomic():
            self._end(item, ItemState.PARKED, sentence)
            leases.forget_losses(self.run)
        self.parked += 1

    def settle(self, item: PredictionItem, problem: Exception, *, tries: int) -> None:
        """Park the node after what was raised, or let it wait for another try.

        What the node's own voxels forbid is refused at once; all else may be a disk or a memory
        that was full for a moment.
        """
        item.attempts = tries
        if isinstance(problem, RefusedNode | Contradiction) or tries >= MAX_TRIES:
            self.park(item, sentence_of(problem))
            return
        item.error = sentence_of(problem)
        item.not_before = timezone.now() + timedelta(seconds=backoff_s(tries))
        item.save(update_fields=["attempts", "error", "not_before"])

    def refuse_mixed_precision(self) -> None:
        """Raise ModelUnusable if the model's predictions were computed in another precision."""
        first = selectors.first_code_version(self.run.model_version)
        if first is None:
            return
        if first.endswith(BFLOAT16) != self.computed_by.endswith(BFLOAT16):
            theirs = "bfloat16" if first.endswith(BFLOAT16) else "float32"
            raise ModelUnusable(
                f"Predictions of '{self.run.model_version.name}' were computed in {theirs}, and "
                "one model's scores do not mix precisions: set NODEWISE_INFERENCE_PRECISION to "
                f"{theirs} on every worker, and request again."
            )
        self.precision_is_settled = True

    def _end(self, item: PredictionItem, state: ItemState, error: str) -> None:
        """End the item and count it; raise LeaseLost before anything is written not ours."""
        PredictionItem.objects.filter(pk=item.pk).update(
            state=state, error=error, attempts=item.attempts
        )
        done = self.done + 1
        leases.renew(self.run, done=done, note=f"node {done} of {self.total}")

    def _store_scores(self, item: PredictionItem, scores: Scores) -> None:
        if not self.precision_is_settled:
            # Two workers could both believe that theirs is the model's first prediction.
            ModelVersion.objects.select_for_update().get(pk=self.run.model_version_id)
            self.refuse_mixed_precision()
        values = vars(scores)
        row, is_new = Prediction.objects.get_or_create(
            model_version=self.run.model_version,
            mask_digest=item.mask.digest,
            defaults={**values, "node": item.node, "code_version": self.computed_by},
        )
        if not is_new and any(getattr(row, name) != value for name, value in values.items()):
            raise Contradiction(
                "Another run stored other scores for this node while it was being computed; those "
                "stand. Check that all workers use the same release, processor type and settings."
            )


def labelled(compute: ComputeSettings) -> str:
    """Return the code version with a label for what is not float32 on the processor."""
    label = ".cuda" if compute.device == "cuda" else ""
    label += BFLOAT16 if compute.precision == "bfloat16" else ""
    return code_version()[: CODE_VERSION_LENGTH - len(label)] + label


def backoff_s(tries: int) -> float:
    """Return how long a node waits after its n-th try."""
    waits = settings.INFERENCE_RETRY_SECONDS
    return float(waits[min(tries, len(waits)) - 1]) if waits else 0.0


def sentence_of(problem: Exception) -> str:
    """Return what was raised as a sentence for people."""
    if isinstance(problem, FileNotFoundError):
        return "A stored blob of this node is missing: restore it from a backup, and request again."
    text = str(problem).strip() or "no further details"
    known = isinstance(problem, ValueError | Contradiction | storage.DamagedBlob)
    return (text if known else f"{type(problem).__name__}: {text}")[:1000]
