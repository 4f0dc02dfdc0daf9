"""What of a prediction run is left to do: the worker's questions."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Case, Count, Min, Q, QuerySet, Value, When

from inference.models import ItemState, ModelVersion, Prediction, PredictionItem, PredictionRun


def fresh_item_ids(run: PredictionRun) -> list[int]:
    """Return the waiting nodes that no worker has begun, in the order of the request."""
    fresh = run.items.filter(state=ItemState.WAITING, not_before__isnull=True)
    return list(fresh.order_by("pk").values_list("pk", flat=True))


def items_with_voxels(item_ids: Sequence[int]) -> list[PredictionItem]:
    """Return these items with all that reading their voxels needs."""
    return list(_with_voxels(PredictionItem.objects.filter(pk__in=item_ids)).order_by("pk"))


def next_item_again(
    run: PredictionRun, *, now: datetime, besides: Sequence[int] = ()
) -> PredictionItem | None:
    """Return the next node to be prepared alone: begun before, due, and not one of ``besides``.

    Nodes at which a worker was lost come first, the one tried most often before all: whatever kills
    workers is found at once. Nodes that raised come in the order in which they are due.
    """
    due = run.items.filter(state=ItemState.WAITING, not_before__lte=now).exclude(pk__in=besides)
    raised = Case(When(error="", then=Value(0)), default=Value(1))
    tries = Case(When(error="", then="attempts"), default=Value(0))
    return _with_voxels(due).order_by(raised, tries.desc(), "not_before", "pk").first()


def next_try(run: PredictionRun) -> tuple[datetime | None, int]:
    """Return when the next waiting node is due (None: no node waits), and how many wait."""
    told = run.items.filter(state=ItemState.WAITING).aggregate(
        due=Min("not_before"), all=Count("pk")
    )
    return told["due"], told["all"]


def finished_counts(run: PredictionRun) -> tuple[int, int, int]:
    """Return how many of the run's nodes are predicted, are parked, and are there at all."""
    told = run.items.aggregate(
        done=Count("pk", filter=Q(state=ItemState.DONE)),
        parked=Count("pk", filter=Q(state=ItemState.PARKED)),
        all=Count("pk"),
    )
    return told["done"], told["parked"], told["all"]


def stored_digests(version: ModelVersion, digests: Sequence[str]) -> set[str]:
    """Return which of these masks have a prediction by this model."""
    rows = Prediction.objects.filter(model_version=version, mask_digest__in=digests)
    return set(rows.values_list("mask_digest", flat=True))


def first_code_version(version: ModelVersion) -> str | None:
    """Return the code that computed the model's oldest prediction."""
    rows = Prediction.objects.filter(model_version=version).order_by("pk")
    return rows.values_list("code_version", flat=True).first()


def _with_voxels(items: QuerySet[PredictionItem]) -> QuerySet[PredictionItem]:
    return items.select_related("node__patient", "mask__node__patient__series")
