"""The end of a training: thresholds, out-of-fold predictions, the model version, the record."""

import json
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from django.db import transaction
from numpy.typing import NDArray

from accounts import audit
from cohorts import storage
from inference import selectors
from inference.member_inventory import version_digest
from inference.models import (
    ModelMember,
    ModelVersion,
    Prediction,
    PredictionOrigin,
    Provenance,
    TrainingMember,
    TrainingRun,
)
from inference.pipeline.scores import sigmoid
from inference.training.member_scores import LogitPair, MemberScores, out_of_fold_logits
from inference.training.metrics import EpochResult, ValidationMetrics
from inference.training.record import MemberRecord, training_record
from inference.training.samples import Sample
from inference.training.settings import TrainingSettings
from inference.training.splits import NestedSplits
from inference.training.thresholds import ChosenThresholds, chosen_thresholds
from jobs import leases
from jobs.code_version import code_version

NAME_LENGTH = 80


class KnownModel(Exception):
    """Training gave a model that is there already: nothing new can be recorded."""


def keep_scores(samples: Sequence[Sample], logits: NDArray[np.float64]) -> str:
    """Keep a member's logits of the patients it did not train on; return the blob's key."""
    found = {
        sample.key: [float(value) for value in row]
        for sample, row in zip(samples, logits, strict=True)
    }
    text = json.dumps(found, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return storage.put(text.encode("ascii"))


def conclude(
    run: TrainingRun,
    *,
    settings: TrainingSettings,
    samples: Sequence[Sample],
    splits: NestedSplits,
    parameters: Mapping[str, Any],
) -> None:
    """Make a model version of the trained members, and end the run; all of it or nothing."""
    members = list(run.members.order_by("run", "fold"))
    scores = [_scores(member) for member in members]
    thresholds = chosen_thresholds(samples, splits, scores, settings)
    out_of_fold = out_of_fold_logits(samples, splits, scores)
    record_key = storage.put(
        training_record(
            data_digest=run.dataset.table_key,
            settings=settings,
            splits=splits,
            parameters=parameters,
            thresholds=thresholds,
            members=_records(run, members),
            versions=_versions(run),
        )
    )
    masks = selectors.masks_by_digest(out_of_fold)
    version = _version(run, members, parameters, thresholds)
    with transaction.atomic():
        _store_version(version, run, members)
        Prediction.objects.bulk_create(
            [
                _prediction(version, masks[key].node_id, key, pair)
                for key, pair in out_of_fold.items()
            ],
            batch_size=500,
        )
        TrainingRun.objects.filter(pk=run.pk).update(model_version=version, record_key=record_key)
        total = len(settings.members()) * settings.epochs
        leases.renew(run, done=total, total=total, note="The model is registered")
        leases.finish(run)


def _scores(member: TrainingMember) -> MemberScores:
    logits = json.loads(storage.get_checked(member.scores_key))
    return MemberScores(run=member.run, fold=member.fold, logits=logits)


def _records(run: TrainingRun, members: Sequence[TrainingMember]) -> list[MemberRecord]:
    points = selectors.curve_points(run)
    return [
        MemberRecord(
            run=member.run,
            fold=member.fold,
            checkpoint_sha256=member.checkpoint_sha256,
            curves=[
                _result(point)
                for point in points
                if (point.run, point.fold) == (member.run, member.fold)
            ],
        )
        for member in members
    ]


def _result(point: selectors.CurvePoint) -> EpochResult:
    validation = None
    if point.validation_loss is not None:
        validation = ValidationMetrics(
            loss=point.validation_loss,
            metastasis_auc=point.metastasis_auc,
            ene_auc=point.ene_auc,
            ene_among_metastatic_auc=point.ene_among_metastatic_auc,
        )
    return EpochResult(epoch=point.epoch, training_loss=point.training_loss, validation=validation)


def _versions(run: TrainingRun) -> dict[str, str]:
    return {
        "code": run.code_version,
        "code_at_the_end": code_version(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__,
    }


def _version(
    run: TrainingRun,
    members: Sequence[TrainingMember],
    parameters: Mapping[str, Any],
    thresholds: ChosenThresholds,
) -> ModelVersion:
    """Return the unsaved version; KnownModel if the very same one exists."""
    fixed, cuts = dict(parameters), thresholds.probabilities()
    digest = version_digest(
        architecture=run.architecture,
        members=[(member.run, member.fold, member.checkpoint_sha256) for member in members],
        parameters=fixed,
        thresholds=cuts,
        provenance=Provenance.TRAINED_HERE,
    )
    if (same := selectors.model_with_digest(digest)) is not None:
        raise KnownModel(
            f"This training gave, to the last bit, the model that is registered as '{same.name}': "
            "use that one. For another model choose another seed or other settings."
        )
    dataset = run.dataset
    return ModelVersion(
        name=_free_name(run),
        architecture=run.architecture,
        provenance=Provenance.TRAINED_HERE,
        parameters=fixed,
        thresholds=cuts,
        expected_members=len(members),
        digest=digest,
        note=f"Trained here on {dataset.nodes} nodes of {dataset.patients} patients of "
        f"'{dataset.cohort.name}'.",
        registered_by=run.requested_by,
    )


def _free_name(run: TrainingRun) -> str:
    """Return the run's name, or one beside it if somebody took it while training went on."""
    if selectors.model_named(run.name) is None:
        return run.name
    suffix = f" (training {run.pk})"
    return run.name[: NAME_LENGTH - len(suffix)] + suffix


def _store_version(
    version: ModelVersion, run: TrainingRun, members: Sequence[TrainingMember]
) -> None:
    version.full_clean()
    version.save()
    ModelMember.objects.bulk_create(
        ModelMember(
            model_version=version,
            run=member.run,
            fold=member.fold,
            sha256=member.checkpoint_sha256,
        )
        for member in members
    )
    audit.record(
        by=run.requested_by,
        verb="register_trained_model",
        target=version,
        new={
            "name": version.name,
            "digest": version.digest,
            "training": str(run.public_id),
            "data": run.dataset.table_key,
            "members": len(members),
        },
    )


def _prediction(version: ModelVersion, node_id: int, key: str, pair: LogitPair) -> Prediction:
    metastasis, ene = pair
    return Prediction(
        model_version=version,
        node_id=node_id,
        mask_digest=key,
        origin=PredictionOrigin.OUT_OF_FOLD,
        metastasis_score=metastasis,
        ene_score=ene,
        metastasis_probability=sigmoid(metastasis),
        ene_probability=sigmoid(ene),
        code_version=code_version(),
    )
