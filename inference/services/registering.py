"""Registering model versions that people bring; the trainer records its own when it ends."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts import audit
from accounts.errors import Conflict
from accounts.models import User
from cohorts import storage
from inference import selectors
from inference.member_inventory import CheckedMember, check_members, member_name, version_digest
from inference.models import ModelMember, ModelUpload, ModelVersion, Provenance
from inference.runner import ARCHITECTURES, preparation_of
from inference.thresholds import THRESHOLD_NAMES

EXTERNAL_ARCHITECTURE = "external"
UNTRAINED_MARK = "UNTRAINED"
MOST_MEMBERS = 25
BROUGHT = (Provenance.PUBLISHED, Provenance.UNTRAINED)
"""What whoever brings files can say of them; 'trained here' is said by the trainer alone."""


@dataclass(frozen=True, kw_only=True)
class _Member:
    """A member as it is recorded."""

    run: int
    fold: int
    sha256: str
    note: str = ""


def register_model_version(
    *,
    by: User | None,
    name: str,
    folder: Path,
    provenance: str,
    parameters: Mapping[str, Any],
    thresholds: Mapping[str, float] | None = None,
    architecture: str = ARCHITECTURES[0],
    expected_members: int | None = None,
    note: str = "",
) -> ModelVersion:
    """Check every checkpoint of the folder, keep the files, and record the model version.

    ``by=None`` is the operator at the command line. Fewer members than expected are allowed and
    shown as such wherever the model is named.
    """
    refuse_unless_registers(by)
    refuse_unbrought_provenance(provenance)
    version = _draft(
        name=name,
        architecture=architecture,
        provenance=provenance,
        parameters=parameters,
        thresholds=thresholds or {},
        expected_members=expected_members,
        note=note,
    )
    try:
        found = check_members(folder, architecture)
    except ValueError as refusal:
        raise ValidationError(str(refusal), code="checkpoint") from refusal
    members = [_Member(run=m.run, fold=m.fold, sha256=m.sha256, note=m.note) for m in found]
    _refuse_unsuited(members, provenance, version.expected_members)
    _keep_files(found)
    return _store(by, version, members)


@transaction.atomic
def register_upload(
    *,
    by: User,
    upload: ModelUpload,
    name: str,
    provenance: str,
    parameters: Mapping[str, Any],
    thresholds: Mapping[str, float] | None = None,
    note: str = "",
) -> ModelVersion:
    """Record the members of an upload as a model version; its files were checked one by one.

    Missing members are allowed and shown; a refused file is not: it must be removed or replaced,
    so that nobody takes its absence for intention.
    """
    refuse_unless_registers(by)
    held = ModelUpload.objects.select_for_update().get(pk=upload.pk)
    if held.model_version_id is not None:
        raise Conflict("These files are registered already.", code="registered_already")
    refuse_unbrought_provenance(provenance)
    members = _members_of(held)
    version = _draft(
        name=name,
        architecture=held.architecture,
        provenance=provenance,
        parameters=parameters,
        thresholds=thresholds or {},
        expected_members=None,
        note=note,
    )
    _refuse_unsuited(members, provenance, version.expected_members)
    stored = _store(by, version, members)
    held.model_version = stored
    held.full_clean()
    held.save()
    upload.model_version = stored
    return stored


def _members_of(upload: ModelUpload) -> list[_Member]:
    files = list(upload.files.all())
    refused = [file for file in files if file.problem]
    if refused:
        raise ValidationError(
            f"{refused[0].path} was refused: remove it or send it again before registering. "
            f"({len(refused)} of {len(files)} files)",
            code="checkpoint",
        )
    members = [
        _Member(run=file.run, fold=file.fold, sha256=file.sha256, note=file.note)
        for file in files
        if file.run is not None and file.fold is not None
    ]
    if not members:
        raise ValidationError("No member is there yet: send its file first.", code="members")
    _refuse_lost_files(members)
    return members


def _draft(
    *,
    name: str,
    architecture: str,
    provenance: str,
    parameters: Mapping[str, Any],
    thresholds: Mapping[str, float],
    expected_members: int | None,
    note: str,
) -> ModelVersion:
    """Return the unsaved version with all that decides a prediction checked, but its files."""
    _refuse_foreign_architecture(architecture)
    _refuse_unusable_name(name)
    expected = expected_members
    if expected is None:
        expected = preparation_of(architecture).expected_members
    if not 1 <= expected <= MOST_MEMBERS:
        raise ValidationError(
            f"Expected members must be 1 to {MOST_MEMBERS}, not {expected}.", code="members"
        )
    return ModelVersion(
        name=name,
        architecture=architecture,
        provenance=provenance,
        parameters=_checked_parameters(architecture, parameters),
        thresholds=_checked_thresholds(thresholds),
        expected_members=expected,
        note=note,
    )


@transaction.atomic
def _store(by: User | None, version: ModelVersion, members: Sequence[_Member]) -> ModelVersion:
    version.registered_by = by
    version.digest = version_digest(
        architecture=version.architecture,
        members=[(member.run, member.fold, member.sha256) for member in members],
        parameters=version.parameters,
        thresholds=version.thresholds,
        provenance=version.provenance,
    )
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
            "architecture": version.architecture,
            "digest": version.digest,
            "provenance": version.provenance,
            "members": len(members),
            "expected_members": version.expected_members,
        },
    )
    return version


def refuse_unless_registers(by: User | None) -> None:
    """Refuse whoever is neither the operator (None) nor a coordinator."""
    if by is not None and not selectors.coordinates(by):
        raise PermissionDenied("Only coordinators register models: ask one of them.")


def refuse_unbrought_provenance(provenance: str) -> None:
    """Refuse a provenance that files brought from outside cannot have."""
    if provenance == Provenance.TRAINED_HERE:
        raise ValidationError(
            "'trained_here' is given by training on this installation alone, with its record: "
            f"choose {' or '.join(BROUGHT)}.",
            code="provenance",
        )
    if provenance not in BROUGHT:
        raise ValidationError(
            f"Provenance must be {' or '.join(BROUGHT)}, not '{provenance}'.", code="provenance"
        )


def _checked_parameters(architecture: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters with every default written out, as they enter the digest."""
    try:
        return preparation_of(architecture).checked_parameters(parameters)
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


def _refuse_foreign_architecture(architecture: str) -> None:
    if architecture not in ARCHITECTURES:
        raise ValidationError(
            f"Architecture must be one of {', '.join(ARCHITECTURES)}, not '{architecture}'.",
            code="architecture",
        )


def _refuse_unusable_name(name: str) -> None:
    if not name.strip():
        raise ValidationError("Give the model version a name.", code="name")
    if selectors.model_named(name) is not None:
        raise ValidationError(
            f"A model version named '{name}' exists: choose another name.", code="name_taken"
        )


def _refuse_unsuited(members: Sequence[_Member], provenance: str, expected_members: int) -> None:
    """Refuse more members than expected, and untrained files under another provenance."""
    if len(members) > expected_members:
        raise ValidationError(
            f"There are {len(members)} members, but {expected_members} are expected: state the "
            "right number ('manage.py register_model --expected-members').",
            code="members",
        )
    untrained = [member for member in members if member.note.startswith(UNTRAINED_MARK)]
    if untrained and provenance != Provenance.UNTRAINED:
        raise ValidationError(
            f"{member_name(untrained[0].run, untrained[0].fold)} says of itself that it is "
            f"untrained: register the files with provenance '{Provenance.UNTRAINED}', or use "
            "other files.",
            code="untrained",
        )


def _refuse_lost_files(members: Sequence[_Member]) -> None:
    lost = [member for member in members if not storage.exists(member.sha256)]
    if lost:
        raise ValidationError(
            f"The file of {member_name(lost[0].run, lost[0].fold)} is no longer stored: remove it "
            "and send it again.",
            code="checkpoint",
        )


def _keep_files(members: Sequence[CheckedMember]) -> None:
    for member in members:
        if storage.put_file(member.path) != member.sha256:
            raise ValidationError(
                f"{member.path}: the file changed while it was being registered. Start again "
                "when nothing writes to it.",
                code="checkpoint",
            )
