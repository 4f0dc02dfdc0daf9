"""Writes of the ground floor: cohorts, their members, exclusions, and the start of intake.

``by=None`` is the operator at the command line, who needs no role; pages and API always pass the
signed-in person.
"""

from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts import audit
from accounts.errors import Conflict
from accounts.models import User
from cohorts import drop, pipeline, roles, selectors, tasks
from cohorts.exclusion import ExclusionCode
from cohorts.models import Cohort, CohortMember, IntakeUpload, PastMember, Patient
from cohorts.vocabulary import CohortKind, CohortRole
from jobs import leases


def _require_coordinator(by: User | None, cohort: Cohort) -> None:
    if by is not None and not selectors.has_role(by, cohort, CohortRole.COORDINATOR):
        raise PermissionDenied(f"Only a coordinator of '{cohort.name}' may do this.")


def _required(reason: str) -> str:
    if not reason.strip():
        raise ValidationError(
            "A reason is needed: say in a few words why, it is kept in the audit trail.",
            code="reason_missing",
        )
    return reason.strip()


@transaction.atomic
def create_cohort(*, by: User | None, name: str, kind: CohortKind) -> Cohort:
    """Create an empty cohort; whoever creates it becomes its coordinator."""
    if by is not None and not by.may_create_cohorts:
        raise PermissionDenied(
            "Your account may not create cohorts: ask the operator for this permission."
        )
    cohort = Cohort(name=name.strip(), kind=kind, created_by=by)
    if Cohort.objects.filter(name__iexact=cohort.name).exists():
        raise ValidationError(
            f"There is already a cohort named '{cohort.name}': choose another name.",
            code="name_taken",
        )
    cohort.full_clean(exclude=["created_by"] if by is None else None)
    cohort.save()
    audit.record(
        by=by, verb="create_cohort", target=cohort, new={"name": cohort.name, "kind": cohort.kind}
    )
    if by is not None:
        _give_role(by=by, cohort=cohort, user=by, role=CohortRole.COORDINATOR)
    return cohort


@transaction.atomic
def add_member(*, by: User | None, cohort: Cohort, user: User, role: CohortRole) -> CohortMember:
    """Give a person one role in the cohort."""
    _require_coordinator(by, cohort)
    return _give_role(by=by, cohort=cohort, user=user, role=role)


def _give_role(*, by: User | None, cohort: Cohort, user: User, role: CohortRole) -> CohortMember:
    # Locked: the checks of two roles given at the same moment must see each other.
    Cohort.objects.select_for_update().get(pk=cohort.pk)
    if selectors.has_role(user, cohort, role):
        raise ValidationError(
            f"{user.username} is {role.value} of '{cohort.name}' already.", code="already_member"
        )
    roles.refuse_conflicts(user=user, cohort=cohort, role=role)
    member = CohortMember(cohort=cohort, user=user, role=role)
    member.full_clean()
    member.save()
    audit.record(by=by, verb="add_member", target=cohort, new=_membership(user, role))
    return member


@transaction.atomic
def remove_member(*, by: User | None, cohort: Cohort, user: User, role: CohortRole) -> Cohort:
    """Take a role from a person; the last coordinator stays."""
    _require_coordinator(by, cohort)
    Cohort.objects.select_for_update().get(pk=cohort.pk)
    if not selectors.has_role(user, cohort, role):
        raise ValidationError(
            f"{user.username} is not {role.value} of '{cohort.name}'.", code="not_a_member"
        )
    holders = CohortMember.objects.filter(cohort=cohort, role=role)
    if role is CohortRole.COORDINATOR and holders.count() == 1:
        raise ValidationError(
            f"{user.username} is the last coordinator of '{cohort.name}': "
            "add another coordinator first.",
            code="last_coordinator",
        )
    holders.filter(user=user).delete()
    PastMember.objects.create(cohort=cohort, user=user, role=role)
    audit.record(by=by, verb="remove_member", target=cohort, old=_membership(user, role))
    return cohort


def _membership(user: User, role: CohortRole) -> dict[str, str]:
    return {"user": user.username, "role": role.value}


@transaction.atomic
def exclude_patient(*, by: User | None, patient: Patient, code: str, reason: str) -> Patient:
    """Leave the patient out under a code; nothing of the patient is deleted."""
    _require_coordinator(by, patient.cohort)
    if code not in set(ExclusionCode):
        raise ValidationError(
            f"'{code[:40]}' is not an exclusion code: choose one of {', '.join(ExclusionCode)}.",
            code="exclusion_code",
        )
    return _set_exclusion(by, patient, "exclude_patient", code, _required(reason))


@transaction.atomic
def include_patient(*, by: User | None, patient: Patient, reason: str) -> Patient:
    """Take an exclusion back."""
    _require_coordinator(by, patient.cohort)
    return _set_exclusion(by, patient, "include_patient", "", _required(reason))


def _set_exclusion(by: User | None, patient: Patient, verb: str, code: str, reason: str) -> Patient:
    locked = Patient.objects.select_for_update().get(pk=patient.pk)
    if locked.exclusion_code == code:
        state = "excluded for this reason" if code else "included"
        raise Conflict(
            f"{locked.pseudonym} is {state} already: reload the page.",
            code="already_so",
            current={"exclusion_code": code},
        )
    old, locked.exclusion_code = locked.exclusion_code, code
    locked.save(update_fields=["exclusion_code"])
    audit.record(
        by=by,
        verb=verb,
        target=locked,
        old={"exclusion_code": old},
        new={"exclusion_code": code},
        reason=reason,
    )
    return locked


def request_intake(
    *, by: User, cohort: Cohort, upload: "UploadedFile[Any]", keep_patient_ids: bool
) -> IntakeUpload:
    """Store an uploaded zip in the drop folder and ask the worker to take it in."""
    _require_coordinator(by, cohort)
    # Outside the transaction: gigabytes are copied while nobody waits for the database.
    name = drop.write(upload.chunks())
    try:
        return _enqueue_intake(
            by=by,
            cohort=cohort,
            drop_name=name,
            shown_name=_shown(upload.name or "upload.zip"),
            keep_patient_ids=keep_patient_ids,
        )
    except BaseException:
        drop.discard(name)
        raise


@transaction.atomic
def _enqueue_intake(
    *, by: User, cohort: Cohort, drop_name: str, shown_name: str, keep_patient_ids: bool
) -> IntakeUpload:
    asked = _new_intake(by, cohort, drop_name, shown_name, keep_patient_ids)
    transaction.on_commit(lambda: tasks.run_intake.enqueue(asked.pk))
    return asked


def _new_intake(
    by: User | None, cohort: Cohort, drop_name: str, shown_name: str, keep_patient_ids: bool
) -> IntakeUpload:
    asked = IntakeUpload.objects.create(
        cohort=cohort,
        requested_by=by,
        drop_name=drop_name,
        shown_name=shown_name,
        keep_patient_ids=keep_patient_ids,
    )
    # File names may name patients: they are shown to coordinators, not written into the trail.
    audit.record(
        by=by,
        verb="request_intake",
        target=asked,
        new={"cohort": cohort.name, "keep_patient_ids": keep_patient_ids},
    )
    return asked


def _shown(name: str) -> str:
    last = PurePath(name.replace("\\", "/")).name
    return "".join(char if char.isprintable() else "?" for char in last)[:120] or "upload"


def import_folder(
    *,
    by: User | None,
    cohort: Cohort,
    path: Path,
    keep_patient_ids: bool,
    progress: Callable[[pipeline.IntakeProgress], None] | None = None,
) -> IntakeUpload:
    """Take in a folder or zip of this machine at once, without the worker; return what happened."""
    _require_coordinator(by, cohort)
    if not path.exists():
        raise ValidationError(
            f"There is nothing at '{path}': give a folder or a zip file.", code="no_such_path"
        )
    with transaction.atomic():
        asked = _new_intake(by, cohort, "", _shown(path.resolve().name), keep_patient_ids)
        # Claimed in the same transaction, so that no worker ever sees it free.
        held = leases.claim(IntakeUpload, asked.pk, owner=leases.owner_name())
    if held is None:
        raise RuntimeError("a new intake could not be claimed")
    pipeline.run_held(held, path, progress=progress)
    held.refresh_from_db()
    return held


@transaction.atomic
def cancel_intake(*, by: User | None, upload: IntakeUpload) -> IntakeUpload:
    """Ask the worker to stop; patients already stored stay."""
    _require_coordinator(by, upload.cohort)
    locked = IntakeUpload.objects.select_for_update().get(pk=upload.pk)
    if locked.is_over:
        raise Conflict(
            f"This upload is over already ({locked.get_state_display().lower()}).",
            code="already_over",
            current={"state": locked.state},
        )
    locked.cancel_requested = True
    locked.save(update_fields=["cancel_requested"])
    audit.record(by=by, verb="cancel_intake", target=locked)
    return locked
