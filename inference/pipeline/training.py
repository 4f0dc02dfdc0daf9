"""Frozen training data in, a model version out: what the worker does with a training run.

A worker may die at any instruction. A member's state, its curves and its epoch are written in one
transaction; the next worker goes on from there and ends in the very same bits, because everything
random of an epoch follows from the settings, the member and the epoch's number alone.
"""

import logging
import tempfile
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction

from cohorts import storage
from inference import selectors
from inference.models import TrainingMember, TrainingPoint, TrainingRun
from inference.pipeline.heart import Heart
from inference.pipeline.training_patches import CannotPrepare, PatchCache
from inference.pipeline.training_result import KnownModel, conclude, keep_scores
from inference.runner import Preparation, Runner, parameters_of_fold, preparation_of, runner_of
from inference.training.fingerprint import version_parameters
from inference.training.member import MemberTask, MemberTraining, TrainingFailed
from inference.training.member_state import StateError
from inference.training.metrics import EpochResult
from inference.training.samples import Sample, of_patients
from inference.training.settings import TrainingSettings
from inference.training.splits import NestedSplits, nested_splits
from jobs import leases
from jobs.code_version import code_version
from jobs.models import JobState

logger = logging.getLogger("nodewise.inference")

REMEMBERED_EPOCHS = 20
FINAL = (CannotPrepare, StateError, TrainingFailed, KnownModel, storage.DamagedBlob)


class PatientHeart(Heart):
    """Keeps the lease through an epoch even when the run is to stop: the epoch is ended first."""

    def beat(self, note: str | None = None) -> None:
        """Renew the lease if it is time; raise LeaseLost when the job is not ours."""
        try:
            super().beat(note)
        except leases.Cancelled:
            leases.renew(self.job, note="Stopping after this epoch", despite_cancel=True)
            self.beaten_at_s = time.monotonic()


@dataclass
class _Work:
    """What the members of a run share."""

    run: TrainingRun
    settings: TrainingSettings
    samples: list[Sample]
    splits: NestedSplits
    preparation: Preparation
    runner: Runner
    patches: PatchCache
    parameters: Mapping[str, Any] = field(default_factory=dict)
    heart: Heart = field(init=False)
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED_EPOCHS))

    def __post_init__(self) -> None:
        self.heart = PatientHeart(self.run)


def run_training(run_id: int) -> None:
    """Train every member of the run; safe to run twice and to kill at any time."""
    run = leases.claim(TrainingRun, run_id, owner=leases.owner_name())
    if run is None:
        return
    try:
        _train(run)
    except leases.Cancelled:
        leases.finish(run, state=JobState.CANCELLED)
    except leases.LeaseLost:
        logger.warning("training run %s was taken over", run.pk)
    except FINAL as refusal:
        # The same data give the same refusal: trying again would not help.
        leases.finish(run, state=JobState.FAILED, error=str(refusal)[:2000])
    except Exception as problem:
        leases.give_back(run, error=f"{type(problem).__name__}: {problem}")
        raise


def _train(run: TrainingRun) -> None:
    work = _prepared(run)
    while (member := selectors.next_training_member(run)) is not None:
        _train_member(work, member)
    leases.renew(run, note="Fixing thresholds and keeping the model")
    conclude(
        run,
        settings=work.settings,
        samples=work.samples,
        splits=work.splits,
        parameters=work.parameters,
    )
    work.patches.remove()


def _prepared(run: TrainingRun) -> _Work:
    """Prepare every node once, and derive what follows from the training folds."""
    settings = TrainingSettings.from_dict(run.settings)
    if not run.code_version:
        TrainingRun.objects.filter(pk=run.pk).update(code_version=code_version())
        run.refresh_from_db(fields=["code_version"])
    samples = selectors.training_samples(run.dataset)
    preparation = preparation_of(run.architecture)
    work = _Work(
        run=run,
        settings=settings,
        samples=samples,
        splits=nested_splits([sample.labels for sample in samples], settings),
        preparation=preparation,
        runner=runner_of(run.architecture),
        patches=PatchCache(run, preparation),
    )
    total = len(settings.members()) * settings.epochs
    leases.renew(run, total=total, done=_epochs_done(work))
    beats = Heart(run)
    work.patches.prepare(samples, lambda done, of: beats.beat(f"Preparing node {done + 1} of {of}"))
    work.parameters = version_parameters(preparation, samples, work.splits, work.patches)
    return work


def _train_member(work: _Work, member: TrainingMember) -> None:
    """Bring one member to its end, from wherever it stands."""
    split = work.splits.member(member.run, member.fold)
    task = MemberTask(
        settings=work.settings,
        split=split,
        samples=of_patients(work.samples, (*split.training, *split.validation)),
        patch_of=work.patches,
        parameters=parameters_of_fold(work.parameters, member.fold),
        preparation=work.preparation,
        runner=work.runner,
    )
    state = storage.get_checked(member.state_key) if member.state_key else None
    leases.renew(work.run, note=_where(work, member))
    training = work.heart.attend(
        lambda _: MemberTraining.resume(task, state) if state else MemberTraining.start(task)
    )
    while not training.is_done:
        began = time.monotonic()
        result = work.heart.attend(lambda _: training.run_epoch())
        work.seconds.append(time.monotonic() - began)
        _after_epoch(work, member, training, result)
    _finish_member(work, member, training)


def _after_epoch(
    work: _Work, member: TrainingMember, training: MemberTraining, result: EpochResult
) -> None:
    """Tell how far it is; store the state after each evaluation, and before a stop."""
    stop: leases.Cancelled | None = None
    try:
        leases.renew(
            work.run,
            done=_epochs_done(work, member, result.epoch),
            note=_where(work, member, result.epoch),
        )
    except leases.Cancelled as asked:
        stop = asked
    if stop is not None or result.validation is not None:
        _store_state(work, member, training)
    if stop is not None:
        raise stop


def _store_state(work: _Work, member: TrainingMember, training: MemberTraining) -> None:
    """Write the state, the new points of the curves and the epoch at once."""
    before, key = member.state_key, storage.put(training.state())
    fresh = [point for point in training.curves if point.epoch > member.epoch]
    with transaction.atomic():
        leases.renew(work.run, despite_cancel=True)
        TrainingPoint.objects.bulk_create(_point(member, result) for result in fresh)
        member.epoch, member.state_key = training.epoch, key
        member.save(update_fields=["epoch", "state_key"])
    _remove_state(before, but=key)
    leases.forget_losses(work.run)


def _point(member: TrainingMember, result: EpochResult) -> TrainingPoint:
    seen = result.validation
    return TrainingPoint(
        member=member,
        epoch=result.epoch,
        training_loss=result.training_loss,
        validation_loss=None if seen is None else seen.loss,
        metastasis_auc=None if seen is None else seen.metastasis_auc,
        ene_auc=None if seen is None else seen.ene_auc,
        ene_among_metastatic_auc=None if seen is None else seen.ene_among_metastatic_auc,
    )


def _finish_member(work: _Work, member: TrainingMember, training: MemberTraining) -> None:
    """Keep the member's weights and what it says of the patients it did not train on."""
    split = work.splits.member(member.run, member.fold)
    judged = of_patients(work.samples, (*split.validation, *split.outer))
    logits = work.heart.attend(lambda _: training.logits(judged))
    note = f"Trained here, run {member.run} fold {member.fold}"
    with tempfile.TemporaryDirectory(prefix="nodewise-member-") as folder:
        # Name and note are part of the file's bytes: equal weights shall be equal files.
        path = Path(folder) / "last_epoch_ckpt.pth"
        work.runner.save_checkpoint(path, training.weights(), note=note)
        sha256 = storage.put_file(path)
    scores_key = keep_scores(judged, logits)
    before = member.state_key
    with transaction.atomic():
        leases.renew(work.run, despite_cancel=True, done=_epochs_done(work, member, None))
        member.is_done, member.state_key = True, ""
        member.checkpoint_sha256, member.scores_key = sha256, scores_key
        member.save(update_fields=["is_done", "state_key", "checkpoint_sha256", "scores_key"])
    _remove_state(before, but="")
    leases.forget_losses(work.run)


def _remove_state(key: str, *, but: str) -> None:
    """Delete a state that nothing goes on from; equal trainings share equal states."""
    if key and key != but and not selectors.training_state_is_needed(key):
        storage.remove(key)


def _epochs_done(work: _Work, member: TrainingMember | None = None, epoch: int | None = 0) -> int:
    """Count the epochs of all members; one that stopped early counts as whole."""
    others = work.run.members.exclude(pk=member.pk) if member else work.run.members.all()
    full = work.settings.epochs
    stored = sum(full if done else at for done, at in others.values_list("is_done", "epoch"))
    return stored + (0 if member is None else full if epoch is None else epoch)


def _where(work: _Work, member: TrainingMember, epoch: int | None = None) -> str:
    at = member.epoch if epoch is None else epoch
    note = f"Run {member.run}, fold {member.fold}: epoch {at} of {work.settings.epochs}"
    if not work.seconds:
        return note
    pace = sum(work.seconds) / len(work.seconds)
    total = len(work.settings.members()) * work.settings.epochs
    return f"{note}, about {_span((total - _epochs_done(work, member, at)) * pace)} left"


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
