"""Registering a model version from a folder of checkpoints."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts import audit
from accounts.models import User
from cohorts import storage
from inference import selectors
from inference.deepene.parameters import PreprocessingParameters
from inference.member_inventory import CheckedMember, check_members, version_digest
from inference.models import (
    ModelMember,
    ModelVersion,
    Provenance,
)

ARCHITECTURE = "DeepENE"
EXTERNAL_ARCHITECTURE = "external"
THRESHOLD_NAMES = ("metastasis", "ene")
UNTRAINED_MARK = "UNTRAINED"


def register_model_version(
    *,
    by: User | None,
    name: str,
    folder: Path,
    provenance: str,
    parameters: Mapping[str, Any],
    thresholds: Mapping[str, float] | None = None,
    expected_members: int = 25,
    note: str = "",
) -> ModelVersion:
    """Check every checkpoint of the folder, keep the files, and record the model version.

    ``by=None`` is the operator at the command line. Fewer members than expected are allowed and
    shown as such wherever the model is named.
    """
    if by is not None:
        _refuse_unless_runs_cohorts(by)
    fixed = _checked_parameters(parameters)
    cuts = _checked_thresholds(thresholds or {})
    _refuse_foreign_provenance(provenance)
    _refuse_taken_name(name)
    try:
        members = check_members(folder)
    except ValueError as refusal:
        raise ValidationError(str(refusal), code="checkpoint") from refusal
    _refuse_unsuited(members, provenance, expected_members)
    _keep_files(members)
    version = ModelVersion(
        name=name,
        architecture=ARCHITECTURE,
        provenance=provenance,
        parameters=fixed,
        thresholds=cuts,
        expected_members=expected_members,
        note=note,
        registered_by=by,
        digest=version_digest(
            architecture=ARCHITECTURE,
            members=[(member.run, member.fold, member.sha256) for member in members],
            parameters=fixed,
            thresholds=cuts,
            provenance=provenance,
        ),
    )
    return _store_version(by, version, members)


@transaction.atomic
def _store_version(
    by: User | None, version: ModelVersion, members: Sequence[CheckedMember]
) -> ModelVersion:
    same = ModelVersion.objects.filter(digest=version.digest).first()
    if same is not None:
        raise ValidationError(
            f"This very model (same files, preprocessing, thresholds, provenance) is registered as "
            f"'{same.name}': use that one.",
            code="registered_already",
        )
    version.full_clean()
    version.save()
    ModelMember.objects.bulk_create(
        ModelMember(model_version=version, run=member.run, fold=member.fold, sha256=member.sha256)
        for member in members
    )
    audit.record(
        by=by,
        verb="register_model_version",
        target=version,
        new={
            "name": version.name,
            "digest": version.digest,
            "provenance": version.provenance,
            "members": len(members),
            "expected_members": version.expected_members,
        },
    )
    return version


def _refuse_unless_runs_cohorts(by: User) -> None:
    if not selectors.coordinates(by):
        raise PermissionDenied("Only coordinators register models: ask one of them.")


def _checked_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters with every default written out, as they enter the digest."""
    try:
        return PreprocessingParameters.from_dict(parameters).to_dict()
    except (ValueError, TypeError) as refusal:
        raise ValidationError(f"Preprocessing: {refusal}", code="parameters") from refusal


def _checked_thresholds(thresholds: Mapping[str, float]) -> dict[str, float]:
    for name, value in thresholds.items():
        if name not in THRESHOLD_NAMES:
            raise ValidationError(
                f"Thresholds: '{name}' is not known; known are {', '.join(THRESHOLD_NAMES)}.",
                code="thresholds",
            )
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value) or not 0 < value < 1:
            raise ValidationError(
                f"Thresholds: {name} must be a probability between 0 and 1, not {value!r}.",
                code="thresholds",
            )
    return {name: float(thresholds[name]) for name in sorted(thresholds)}


def _refuse_foreign_provenance(provenance: str) -> None:
    allowed = [word for word in Provenance.values if word != Provenance.EXTERNAL]
    if provenance not in allowed:
        raise ValidationError(
            f"Provenance must be one of {', '.join(allowed)}, not '{provenance}'.",
            code="provenance",
        )


def _refuse_taken_name(name: str) -> None:
    if selectors.model_named(name) is not None:
        raise ValidationError(
            f"A model version named '{name}' exists: choose another name.", code="name_taken"
        )


def _refuse_unsuited(
    members: Sequence[CheckedMember], provenance: str, expected_members: int
) -> None:
    """Refuse more members than expected, and untrained files under another provenance."""
    if not 1 <= expected_members <= 25:
        raise ValidationError(
            f"Expected members must be 1 to 25, not {expected_members}.", code="members"
        )
    if len(members) > expected_members:
        raise ValidationError(
            f"The folder holds {len(members)} members, but {expected_members} are expected: "
            "state the right number.",
            code="members",
        )
    untrained = [member.name for member in members if member.note.startswith(UNTRAINED_MARK)]
    if untrained and provenance != Provenance.UNTRAINED:
        raise ValidationError(
            f"{untrained[0]} says of itself that it is untrained: register the folder with "
            f"provenance '{Provenance.UNTRAINED}', or use other files.",
            code="untrained",
        )


def _keep_files(members: Sequence[CheckedMember]) -> None:
    for member in members:
        if storage.put_file(member.path) != member.sha256:
            raise ValidationError(
                f"{member.path}: the file changed while it was being registered. Start again "
                "when nothing writes to it.",
                code="checkpoint",
            )
