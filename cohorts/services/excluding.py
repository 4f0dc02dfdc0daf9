"""Leaving patients out of the analysis set, and taking that back."""

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import audit
from accounts.errors import Conflict
from accounts.models import User
from cohorts.exclusion import ExclusionCode
from cohorts.models import Patient
from cohorts.services.authority import refuse_unless_coordinator


def _required(reason: str) -> str:
    if not reason.strip():
        raise ValidationError(
            "A reason is needed: say in a few words why, it is kept in the audit trail.",
            code="reason_missing",
        )
    return reason.strip()


@transaction.atomic
def exclude_patient(*, by: User | None, patient: Patient, code: str, reason: str) -> Patient:
    """Leave the patient out under a code; nothing of the patient is deleted."""
    refuse_unless_coordinator(by, patient.cohort)
    if code not in set(ExclusionCode):
        raise ValidationError(
            f"'{code[:40]}' is not an exclusion code: choose one of {', '.join(ExclusionCode)}.",
            code="exclusion_code",
        )
    return _set_exclusion(by, patient, "exclude_patient", code, _required(reason))


@transaction.atomic
def include_patient(*, by: User | None, patient: Patient, reason: str) -> Patient:
    """Take an exclusion back."""
    refuse_unless_coordinator(by, patient.cohort)
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
