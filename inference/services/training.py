"""Starting, stopping and resuming the training of a model."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts import audit
from accounts.errors import Conflict
from accounts.models import User
from cohorts.models import Cohort
from inference import selectors
from inference.models import ModelVersion, TrainingDataset, TrainingMember, TrainingRun
from inference.runner import ARCHITECTURES
from inference.services.predicting import NOT_YET
from inference.tasks import run_training
from inference.training.samples import check_samples
from inference.training.settings import TrainingSettings, settings_of
from inference.training.splits import nested_splits
from jobs import leases


def start_training(
    *,
    by: User,
    dataset: TrainingDataset,
    name: str,
    architecture: str,
    settings: Mapping[str, Any],
) -> TrainingRun:
    """Ask the worker to train every member of a new model on the dataset.

    ``settings`` are changes to the architecture's published training. Whether the patients can be
    split as they ask is found out before anything is written.
    """
    _refuse_unless_trainer(by, dataset.cohort)
    chosen = _checked_settings(architecture, settings)
    _refuse_taken_name(name)
    _refuse_unsplittable(dataset, chosen)
    run = TrainingRun(
        dataset=dataset,
        name=name,
        architecture=architecture,
        settings=chosen.to_dict(),
        requested_by=by,
        progress_total=len(chosen.members()),
    )
    run.full_clean(exclude=NOT_YET)
    with transaction.atomic():
        run.save()
        TrainingMember.objects.bulk_create(
            TrainingMember(training_run=run, run=number, fold=fold)
            for number, fold in chosen.members()
        )
        audit.record(
            by=by,
            verb="start_training",
            target=run,
            new={"name": name, "dataset": dataset.table_key, "settings": chosen.digest()},
        )
        transaction.on_commit(partial(run_training.enqueue, run.pk))
    return run


@transaction.atomic
def stop_training(*, by: User, run: TrainingRun) -> TrainingRun:
    """Ask the worker to end after the epoch it is at; what is stored stays, to resume from."""
    _refuse_unless_trainer(by, run.dataset.cohort)
    if leases.ask_to_end(run, what="training", to="stop"):
        audit.record(by=by, verb="stop_training", target=run, new={"cancel_requested": True})
        transaction.on_commit(partial(run_training.enqueue, run.pk))
    return run


@transaction.atomic
def resume_training(*, by: User, run: TrainingRun) -> TrainingRun:
    """Let a stopped or failed run go on from its stored states, to the same result to the bit."""
    _refuse_unless_trainer(by, run.dataset.cohort)
    reopened = leases.reopen(run)
    run.refresh_from_db()
    if not reopened:
        raise Conflict(
            f"This training is {run.get_state_display().lower()}: only one that was stopped or "
            "failed can be resumed.",
            code="not_stopped",
            current={"state": run.state},
        )
    audit.record(by=by, verb="resume_training", target=run, new={"state": run.state})
    transaction.on_commit(partial(run_training.enqueue, run.pk))
    return run


def _refuse_unless_trainer(by: User, cohort: Cohort) -> None:
    if not selectors.may_train(by, cohort):
        raise PermissionDenied(
            f"Only a coordinator or statistician of '{cohort.name}' who judges none of its nodes "
            "may train on it: ask one of them."
        )


def _checked_settings(architecture: str, changes: Mapping[str, Any]) -> TrainingSettings:
    if architecture not in ARCHITECTURES:
        raise ValidationError(
            f"Architecture must be one of {', '.join(ARCHITECTURES)}, not '{architecture}'.",
            code="architecture",
        )
    if changes.get("architecture", architecture) != architecture:
        raise ValidationError(
            f"These settings are for {changes['architecture']}, not for {architecture}.",
            code="settings",
        )
    wanted = {key: value for key, value in changes.items() if key != "architecture"}
    try:
        return settings_of(architecture, **wanted)
    except (ValueError, TypeError) as refusal:
        raise ValidationError(str(refusal), code="settings") from refusal


def _refuse_taken_name(name: str) -> None:
    taken = TrainingRun.objects.filter(name=name).exists()
    if taken or ModelVersion.objects.filter(name=name).exists():
        raise ValidationError(
            f"A {'training' if taken else 'model version'} named '{name}' exists: choose another "
            "name.",
            code="name_taken",
        )


def _refuse_unsplittable(dataset: TrainingDataset, settings: TrainingSettings) -> None:
    samples = selectors.training_samples(dataset)
    try:
        check_samples(samples)
        nested_splits([sample.labels for sample in samples], settings)
    except ValueError as refusal:
        raise ValidationError(str(refusal), code="cannot_split") from refusal
