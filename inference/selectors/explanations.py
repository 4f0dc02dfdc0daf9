"""Attribution runs and maps. Whatever depends on a person takes it first.

Maps are scores by another name: whoever judges nodes of a cohort sees none of them.
"""

import math
import statistics
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import Count, Q, QuerySet
from django.http import Http404
from numpy.typing import NDArray

from accounts.models import User
from cohorts import storage
from cohorts.models import Cohort, NodeMask
from cohorts.selectors import cohorts_of, current_masks_in
from inference.explanation.map_bytes import unpacked
from inference.models import (
    AttributionItem,
    AttributionMap,
    AttributionRun,
    ItemState,
    ModelVersion,
    Provenance,
)
from inference.runner import EXPLAINED_ARCHITECTURES
from inference.selectors.predictions import JUDGE, masks_learnt, predictions_of
from inference.selectors.versions import SEE_RUNS, model_versions
from jobs.leases import OPEN


@dataclass(frozen=True, kw_only=True)
class ExplainedNode:
    """One node of a cohort, with the model's map of its current mask if there is one."""

    node: uuid.UUID
    patient: str
    number: int
    ene_probability: float | None
    map: AttributionMap | None


@dataclass(frozen=True, kw_only=True)
class Quartiles:
    """Median and quartiles of one measure over the nodes."""

    median: float
    lower: float
    upper: float


@dataclass(frozen=True, kw_only=True)
class ExplanationSummary:
    """What the maps of a cohort say together."""

    maps: int
    shell_mm: float
    shell_fraction: Quartiles
    shell_volume_fraction: Quartiles
    enrichment: Quartiles


def explained_cohorts_for(user: User) -> QuerySet[Cohort]:
    """Return the cohorts whose maps the person may see: runs them, and judges none of their nodes.

    The same rule as `may_see_scores`.
    """
    return cohorts_of(user, *SEE_RUNS).exclude(pk__in=cohorts_of(user, *JUDGE).values("pk"))


def explained_cohort_for(user: User, public_id: uuid.UUID) -> Cohort:
    """Return the cohort; Http404 unless the person may see its maps."""
    found = explained_cohorts_for(user).filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def explainable_models_for(user: User) -> QuerySet[ModelVersion]:
    """Return the model versions whose scores can be explained; none for whoever sees no maps."""
    if not explained_cohorts_for(user).exists():
        return model_versions().none()
    return (
        model_versions()
        .filter(architecture__in=EXPLAINED_ARCHITECTURES)
        .exclude(provenance=Provenance.EXTERNAL)
    )


def explainable_model_for(user: User, public_id: uuid.UUID) -> ModelVersion:
    """Return the model version; Http404 when absent, or nothing the person could have explained."""
    found = explainable_models_for(user).filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def attribution_runs_for(user: User, cohort: Cohort) -> QuerySet[AttributionRun]:
    """Return the cohort's attribution runs, newest first; none for whoever may not see them."""
    return _runs().filter(cohort=cohort, cohort__in=explained_cohorts_for(user))


def attribution_run_for(user: User, public_id: uuid.UUID) -> AttributionRun:
    """Return the run with counts of its items; Http404 unless the person may see its maps."""
    runs = _runs().filter(cohort__in=explained_cohorts_for(user))
    found = runs.filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def _runs() -> QuerySet[AttributionRun]:
    of_state = {
        f"{state}_count": Count("items", filter=Q(items__state=state)) for state in ItemState
    }
    return (
        AttributionRun.objects.select_related("cohort", "model_version", "requested_by")
        .annotate(item_count=Count("items"), **of_state)
        .order_by("-pk")
    )


def parked_attribution_items(run: AttributionRun) -> QuerySet[AttributionItem]:
    """Return the run's nodes that could not be explained, with their patients."""
    return (
        run.items.filter(state=ItemState.PARKED)
        .select_related("node__patient")
        .order_by("node__patient__pseudonym", "node__number")
    )


def next_attribution_item(run: AttributionRun) -> AttributionItem | None:
    """Return the next waiting node; those begun before come after the fresh ones."""
    return (
        run.items.filter(state=ItemState.WAITING)
        .select_related("node__patient", "mask__node__patient__series")
        .order_by("attempts", "pk")
        .first()
    )


def attribution_counts(run: AttributionRun) -> tuple[int, int, int]:
    """Return how many of the run's nodes are explained, are parked, and are there at all."""
    told = run.items.aggregate(
        done=Count("pk", filter=Q(state=ItemState.DONE)),
        parked=Count("pk", filter=Q(state=ItemState.PARKED)),
        all=Count("pk"),
    )
    return told["done"], told["parked"], told["all"]


def attribution_map_of(version: ModelVersion, mask_digest: str) -> AttributionMap | None:
    """Return the stored map of a mask, if there is one."""
    return AttributionMap.objects.filter(model_version=version, mask_digest=mask_digest).first()


def masks_to_explain(
    cohort: Cohort, version: ModelVersion, nodes: Sequence[uuid.UUID] | None = None
) -> QuerySet[NodeMask]:
    """Return the current masks (of these nodes) without a map that no open run will explain.

    Patients the model was trained on are left out, as they are of predictions: most members would
    explain what they have learnt, and not the out-of-fold score that is stored.
    """
    waiting = AttributionItem.objects.filter(
        state=ItemState.WAITING,
        run__model_version=version,
        run__state__in=OPEN,
        run__cancel_requested=False,
    )
    explained = AttributionMap.objects.filter(model_version=version)
    masks = current_masks_in(cohort).exclude(digest__in=explained.values("mask_digest"))
    masks = masks.exclude(pk__in=masks_learnt(cohort, version).values("pk"))
    if nodes is not None:
        masks = masks.filter(node__public_id__in=nodes)
    return masks.exclude(digest__in=waiting.values("mask__digest"))


def models_with_maps(cohort: Cohort) -> QuerySet[ModelVersion]:
    """Return the model versions that have explained at least one current mask of the cohort."""
    digests = current_masks_in(cohort).order_by().values("digest")
    maps = AttributionMap.objects.filter(mask_digest__in=digests)
    return model_versions().filter(pk__in=maps.values("model_version"))


def explained_nodes_of(cohort: Cohort, version: ModelVersion) -> list[ExplainedNode]:
    """Return every node of the cohort with the model's map, by pseudonym and number."""
    masks = current_masks_in(cohort)
    digests = masks.order_by().values("digest")
    maps = AttributionMap.objects.filter(model_version=version, mask_digest__in=digests)
    by_digest = {row.mask_digest: row for row in maps}
    scores = {row.mask_digest: row for row in predictions_of(cohort, version)}
    return [
        ExplainedNode(
            node=mask.node.public_id,
            patient=mask.node.patient.pseudonym,
            number=mask.node.number,
            ene_probability=getattr(scores.get(mask.digest), "ene_probability", None),
            map=by_digest.get(mask.digest),
        )
        for mask in masks
    ]


def explanation_summary(maps: Sequence[AttributionMap]) -> ExplanationSummary | None:
    """Summarise maps; None where there is none. Node-wise, whatever the nodes' patients."""
    if not maps:
        return None
    return ExplanationSummary(
        maps=len(maps),
        shell_mm=maps[0].shell_mm,
        shell_fraction=_quartiles([one.shell_fraction for one in maps]),
        shell_volume_fraction=_quartiles([one.shell_volume_fraction for one in maps]),
        enrichment=_quartiles([enrichment_of(one) for one in maps]),
    )


def enrichment_of(found: AttributionMap) -> float:
    """Return how many times more attribution lies near the boundary than voxels do."""
    expected = found.shell_volume_fraction
    return found.shell_fraction / expected if expected else 0.0


def probability_of(found: AttributionMap) -> float:
    """Return the ENE probability that belongs to the map's logit."""
    return 1.0 / (1.0 + math.exp(-max(min(found.ene_score, 700.0), -700.0)))


def _quartiles(values: Sequence[float]) -> Quartiles:
    if len(values) == 1:
        return Quartiles(median=values[0], lower=values[0], upper=values[0])
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
    return Quartiles(median=median, lower=lower, upper=upper)


def attribution_map_for(user: User, public_id: uuid.UUID) -> tuple[AttributionMap, NodeMask]:
    """Return the map and the mask it explains, in a cohort whose maps the person may see.

    The same mask may have been taken into two cohorts; the map belongs to the mask. Http404 when
    absent or not theirs.
    """
    maps = AttributionMap.objects.select_related("model_version")
    found = maps.filter(public_id=public_id).first()
    mask = (
        NodeMask.objects.select_related("node__patient__series", "node__patient__cohort")
        .filter(
            digest=found.mask_digest,
            node__patient__cohort__in=explained_cohorts_for(user),
            node__patient__exclusion_code="",
        )
        .order_by("-is_current", "pk")
        .first()
        if found
        else None
    )
    if found is None or mask is None:
        raise Http404
    return found, mask


def attribution_values(found: AttributionMap) -> NDArray[np.float32]:
    """Return the map's values in its box (z, y, x), in logits per voxel; digest checked."""
    start, stop = found.box
    z, y, x = (b - a for a, b in zip(start, stop, strict=True))
    return unpacked(storage.get_checked(found.map_key), (z, y, x))
