"""Prediction runs, their items, and the scores. Whatever depends on a person takes it first."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.http import Http404

from accounts.models import User
from cohorts.models import Cohort, NodeMask
from cohorts.selectors import cohort_for, cohorts_of, current_masks_in, has_role
from cohorts.vocabulary import CohortRole
from inference.models import (
    ItemState,
    ModelVersion,
    Prediction,
    PredictionItem,
    PredictionOrigin,
    PredictionRun,
)
from inference.selectors.versions import SEE_RUNS, model_versions
from jobs.leases import OPEN

JUDGE = (CohortRole.ANNOTATOR, CohortRole.ADJUDICATOR)


@dataclass(frozen=True, kw_only=True)
class PredictionRow:
    """One model's scores of one node's current mask."""

    patient: str
    node: int
    node_id: int
    mask_digest: str
    metastasis_score: float
    ene_score: float
    metastasis_probability: float | None
    ene_probability: float | None
    origin: str = PredictionOrigin.ALL_MEMBERS

    @property
    def is_out_of_fold(self) -> bool:
        """Made by members that did not train on the patient."""
        return self.origin == PredictionOrigin.OUT_OF_FOLD


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How many of a cohort's nodes one model has predicted."""

    model_version: ModelVersion
    predicted: int
    nodes: int


def inference_cohorts_for(user: User) -> QuerySet[Cohort]:
    """Return the cohorts whose prediction runs the person may see."""
    return cohorts_of(user, *SEE_RUNS)


def cohort_with_runs_for(user: User, public_id: uuid.UUID) -> Cohort:
    """Return the cohort; Http404 unless the person is its coordinator or statistician."""
    return cohort_for(user, public_id, *SEE_RUNS)


def cohort_to_import_for(user: User, public_id: uuid.UUID) -> Cohort:
    """Return the cohort; Http404 unless the person is its coordinator."""
    return cohort_for(user, public_id, CohortRole.COORDINATOR)


def may_request(user: User, cohort: Cohort) -> bool:
    """Say whether the person may ask for predictions of this cohort."""
    return has_role(user, cohort, CohortRole.COORDINATOR)


def may_see_scores(user: User, cohort: Cohort) -> bool:
    """Say whether the person may see scores: runs the cohort, and judges none of its nodes."""
    return has_role(user, cohort, *SEE_RUNS) and not has_role(user, cohort, *JUDGE)


def runs_for(user: User, cohort: Cohort) -> QuerySet[PredictionRun]:
    """Return the cohort's runs, newest first; none for whoever may not see them."""
    if not has_role(user, cohort, *SEE_RUNS):
        return PredictionRun.objects.none()
    return _runs().filter(cohort=cohort)


def run_for(user: User, public_id: uuid.UUID) -> PredictionRun:
    """Return the run with counts of its items; Http404 when absent or not the person's cohort."""
    runs = _runs().filter(cohort__in=cohorts_of(user, *SEE_RUNS))
    found = runs.filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def _runs() -> QuerySet[PredictionRun]:
    of_state = {
        f"{state}_count": Count("items", filter=Q(items__state=state)) for state in ItemState
    }
    return (
        PredictionRun.objects.select_related("cohort", "requested_by")
        # With their number of members: whose scores these are stands wherever a run stands.
        .prefetch_related(Prefetch("model_version", queryset=model_versions()))
        .annotate(item_count=Count("items"), **of_state)
        .order_by("-pk")
    )


def parked_items(run: PredictionRun) -> QuerySet[PredictionItem]:
    """Return the run's nodes that could not be predicted, with their patients."""
    return (
        run.items.filter(state=ItemState.PARKED)
        .select_related("node__patient")
        .order_by("node__patient__pseudonym", "node__number")
    )


def masks_without_prediction(cohort: Cohort, version: ModelVersion) -> QuerySet[NodeMask]:
    """Return the current masks that this model has not predicted and may predict.

    Patients it was trained on are left out, known by their CT, whatever the mask and the cohort:
    all members together would judge nodes that most of them have learnt by heart.
    """
    predicted = Prediction.objects.filter(model_version=version).values("mask_digest")
    masks = current_masks_in(cohort).exclude(digest__in=predicted)
    return masks.exclude(node__patient__series__hu_sha256__in=_learnt_ct(version))


def masks_learnt(cohort: Cohort, version: ModelVersion) -> QuerySet[NodeMask]:
    """Return the current masks of the patients that the model was trained on."""
    learnt = _learnt_ct(version)
    return current_masks_in(cohort).filter(node__patient__series__hu_sha256__in=learnt)


def _learnt_ct(version: ModelVersion) -> QuerySet[Any, Any]:
    """Return the CTs of the patients that a model trained here has out-of-fold scores of."""
    return Prediction.objects.filter(
        model_version=version, origin=PredictionOrigin.OUT_OF_FOLD
    ).values("node__patient__series__hu_sha256")


def masks_to_request(cohort: Cohort, version: ModelVersion) -> QuerySet[NodeMask]:
    """Return the masks without a prediction that no open run of this model will predict."""
    waiting = PredictionItem.objects.filter(
        state=ItemState.WAITING,
        run__model_version=version,
        run__state__in=OPEN,
        run__cancel_requested=False,
    )
    return masks_without_prediction(cohort, version).exclude(
        digest__in=waiting.values("mask__digest")
    )


def predictions_of(cohort: Cohort, version: ModelVersion) -> list[PredictionRow]:
    """Return the model's scores of the cohort's current masks, by pseudonym and node number."""
    stored = Prediction.objects.filter(model_version=version, mask_digest=OuterRef("digest"))
    columns = (
        "metastasis_score",
        "ene_score",
        "metastasis_probability",
        "ene_probability",
    )
    rows = (
        current_masks_in(cohort)
        .annotate(
            patient=F("node__patient__pseudonym"),
            number=F("node__number"),
            made_by=Subquery(stored.values("origin")[:1]),  # a mask has an origin of its own
            **{column: Subquery(stored.values(column)[:1]) for column in columns},
        )
        .filter(metastasis_score__isnull=False)
        .values("patient", "number", "node_id", "digest", "made_by", *columns)
    )
    return [
        PredictionRow(
            mask_digest=row.pop("digest"),
            node=row.pop("number"),
            origin=row.pop("made_by"),
            **row,
        )
        for row in rows
    ]


def predictions_for(user: User, cohort: Cohort, version: ModelVersion) -> list[PredictionRow]:
    """Return the scores; Http404 for annotators, adjudicators and people of other cohorts."""
    if not may_see_scores(user, cohort):
        raise Http404
    return predictions_of(cohort, version)


def coverage_of(cohort: Cohort) -> list[Coverage]:
    """Return how many of the cohort's current masks each model has predicted."""
    masks = current_masks_in(cohort)
    counts = (
        Prediction.objects.filter(mask_digest__in=masks.order_by().values("digest"))
        .order_by()
        .values_list("model_version")
        .annotate(rows=Count("pk"))
    )
    predicted, nodes = dict(counts), masks.count()
    versions = model_versions().filter(pk__in=predicted)
    return [
        Coverage(model_version=version, predicted=predicted[version.pk], nodes=nodes)
        for version in versions
    ]


def models_with_predictions(cohorts: Iterable[Cohort]) -> QuerySet[ModelVersion]:
    """Return the model versions that have predicted at least one current mask of these cohorts."""
    masks = NodeMask.objects.filter(is_current=True, node__patient__cohort__in=list(cohorts))
    predicted = Prediction.objects.filter(mask_digest__in=masks.values("digest"))
    return model_versions().filter(pk__in=predicted.values("model_version"))
