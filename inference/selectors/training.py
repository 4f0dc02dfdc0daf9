"""Training datasets, runs and their curves. Whatever depends on a person takes the person first.

Coordinators and statisticians of the dataset's cohort see them; whoever judges its nodes, and
every reader, does not.
"""

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.http import Http404

from accounts.models import User
from cohorts import storage
from cohorts.models import Cohort, NodeMask
from cohorts.selectors import cohorts_of, has_role
from inference.models import (
    ModelVersion,
    TrainingDataset,
    TrainingMember,
    TrainingPoint,
    TrainingRun,
)
from inference.selectors.predictions import JUDGE
from inference.selectors.versions import SEE_RUNS
from inference.training.samples import Sample


def training_cohorts_for(user: User) -> QuerySet[Cohort]:
    """Return the cohorts whose training the person may see and start."""
    return cohorts_of(user, *SEE_RUNS).exclude(pk__in=cohorts_of(user, *JUDGE).values("pk"))


def may_train(user: User, cohort: Cohort) -> bool:
    """Say whether the person may see and start training on the cohort."""
    return has_role(user, cohort, *SEE_RUNS) and not has_role(user, cohort, *JUDGE)


def training_datasets_for(user: User) -> QuerySet[TrainingDataset]:
    """Return the frozen datasets that the person may train on, newest first."""
    return (
        TrainingDataset.objects.filter(cohort__in=training_cohorts_for(user))
        .select_related("cohort", "frozen_by")
        .annotate(run_count=Count("runs"))
        .order_by("-pk")
    )


def training_dataset_for(user: User, public_id: uuid.UUID) -> TrainingDataset:
    """Return the dataset; Http404 when absent or not the person's to train on."""
    found = training_datasets_for(user).filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def training_datasets_of(cohort: Cohort) -> QuerySet[TrainingDataset]:
    """Return the datasets frozen from the cohort, newest first."""
    return TrainingDataset.objects.filter(cohort=cohort).select_related("frozen_by").order_by("-pk")


def may_see_training(user: User) -> bool:
    """Say whether the person looks after a cohort without judging its nodes."""
    return training_cohorts_for(user).exists()


def training_runs_for(user: User) -> QuerySet[TrainingRun]:
    """Return the runs that the person may see, newest first; Http404 for whoever sees none."""
    if not may_see_training(user):
        raise Http404
    return _runs().filter(dataset__cohort__in=training_cohorts_for(user))


def training_run_for(user: User, public_id: uuid.UUID) -> TrainingRun:
    """Return the run; Http404 when absent or not the person's to see."""
    found = (
        _runs().filter(public_id=public_id, dataset__cohort__in=training_cohorts_for(user)).first()
    )
    if found is None:
        raise Http404
    return found


def finished_training_run_for(user: User, public_id: uuid.UUID) -> TrainingRun:
    """Return a run that has a record; Http404 otherwise."""
    run = training_run_for(user, public_id)
    if not run.record_key:
        raise Http404
    return run


def training_run_of(user: User, version: ModelVersion) -> TrainingRun | None:
    """Return the run that made the model version, if there is one and the person may see it."""
    return (
        _runs()
        .filter(model_version=version, dataset__cohort__in=training_cohorts_for(user))
        .first()
    )


def training_run_named(name: str) -> TrainingRun | None:
    """Return the run of this name, if there is one (for the command line)."""
    return _runs().filter(name=name).first()


def _runs() -> QuerySet[TrainingRun]:
    return (
        TrainingRun.objects.select_related("dataset__cohort", "model_version", "requested_by")
        .annotate(
            member_count=Count("members"),
            done_count=Count("members", filter=Q(members__is_done=True)),
        )
        .order_by("-pk")
    )


def training_table(dataset: TrainingDataset) -> dict[str, Any]:
    """Return the frozen table; DamagedBlob when its bytes changed. It holds the truth."""
    table: dict[str, Any] = json.loads(storage.get_checked(dataset.table_key))
    return table


def training_samples(dataset: TrainingDataset) -> list[Sample]:
    """Return the labelled node masks of the frozen table; only worker and checks need them."""
    return [
        Sample(
            key=row["mask"], patient=row["patient"], metastasis=row["metastasis"], ene=row["ene"]
        )
        for row in training_table(dataset)["nodes"]
    ]


def masks_by_digest(digests: Iterable[str]) -> dict[str, NodeMask]:
    """Return the masks with node, patient and series, by digest."""
    wanted = list(digests)
    return {
        mask.digest: mask
        for start in range(0, len(wanted), 500)
        for mask in NodeMask.objects.filter(digest__in=wanted[start : start + 500]).select_related(
            "node__patient__series"
        )
    }


def next_training_member(run: TrainingRun) -> TrainingMember | None:
    """Return the first member that is not trained to its end, in the order (run, fold)."""
    return run.members.filter(is_done=False).order_by("run", "fold").first()


def training_state_is_needed(key: str) -> bool:
    """Say whether a member still goes on from this state (equal trainings share one blob)."""
    return TrainingMember.objects.filter(state_key=key).exists()


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """One evaluation of one member; the AUCs are those of its inner validation patients."""

    run: int
    fold: int
    epoch: int
    training_loss: float
    validation_loss: float | None
    metastasis_auc: float | None
    ene_auc: float | None
    ene_among_metastatic_auc: float | None


def curve_points(run: TrainingRun) -> list[CurvePoint]:
    """Return the points of all members by run, fold and epoch, in one query."""
    rows = (
        TrainingPoint.objects.filter(member__training_run=run)
        .annotate(fold=F("member__fold"), run=F("member__run"))
        .order_by("run", "fold", "epoch")
        .values(*CurvePoint.__dataclass_fields__)
    )
    return [CurvePoint(**row) for row in rows]


def training_record_bytes(run: TrainingRun) -> bytes:
    """Return the run's record as the canonical JSON that its digest is taken over."""
    return storage.get_checked(run.record_key)
