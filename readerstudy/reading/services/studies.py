"""A study's life: made, described, closed; and a submitted case given back to its reader."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User
from cohorts.models import Cohort
from cohorts.selectors import has_role
from cohorts.vocabulary import CohortRole
from readerstudy.reading.models import (
    Assignment,
    AssignmentState,
    Reopening,
    Study,
    StudyState,
)
from readerstudy.reading.plan import default_plan
from readerstudy.reading.services.access import (
    lock_study,
    managed_study,
    require_state,
    require_text,
)


@transaction.atomic
def create_study(*, by: User, title: str, cohorts: Iterable[Cohort]) -> Study:
    """Create a draft on cohorts that the person coordinates, with the default analysis plan."""
    chosen = sorted(set(cohorts), key=lambda cohort: cohort.name)
    if not chosen:
        raise ValidationError("Choose at least one cohort to read.", code="no_cohort")
    for cohort in chosen:
        if not has_role(by, cohort, CohortRole.COORDINATOR):
            raise PermissionDenied(
                f"You are not a coordinator of '{cohort.name}': ask one of its coordinators."
            )
    study = Study(title=title.strip(), plan=default_plan(), created_by=by)
    study.full_clean()
    study.save()
    study.cohorts.set(chosen)
    names = [cohort.name for cohort in chosen]
    audit.record(
        by=by, verb="create_study", target=study, new={"title": study.title, "cohorts": names}
    )
    return study


@transaction.atomic
def update_protocol(*, by: User, study: Study, protocol: str, title: str | None = None) -> Study:
    """Change the text readers see; a draft only, because opening locks it under a digest."""
    study = lock_study(by, study)
    require_state(study, StudyState.DRAFT, "changing the protocol")
    old = {"title": study.title, "protocol": study.protocol}
    study.protocol = protocol.strip()
    study.title = study.title if title is None else title.strip()
    study.full_clean()
    study.save(update_fields=["protocol", "title"])
    new = {"title": study.title, "protocol": study.protocol}
    audit.record(by=by, verb="update_protocol", target=study, old=old, new=new)
    return study


@transaction.atomic
def close_study(
    *, by: User, study: Study, confirm_incomplete: bool = False, reason: str = ""
) -> Study:
    """End the reading for good; with cases unsubmitted only on confirmation and with a reason.

    Every case's row is locked first: a save under way ends before, a later one finds it closed.
    """
    study = lock_study(by, study)
    require_state(study, StudyState.OPEN, "closing it")
    states = list(
        Assignment.objects.select_for_update(of=("self",))
        .filter(reader__study=study)
        .order_by("pk")
        .values_list("state", flat=True)
    )
    left = sum(state != AssignmentState.SUBMITTED for state in states)
    reason = _closing_reason(left, len(states), confirm_incomplete, reason)
    study.state, study.closed_at = StudyState.CLOSED, timezone.now()
    study.save(update_fields=["state", "closed_at"])
    audit.record(
        by=by,
        verb="close_study",
        target=study,
        old={"state": StudyState.OPEN.value},
        new={"state": StudyState.CLOSED.value, "cases": len(states), "unsubmitted": left},
        reason=reason,
    )
    return study


def _closing_reason(left: int, total: int, confirmed: bool, reason: str) -> str:
    if left == 0:
        return reason.strip()
    if not confirmed:
        raise ValidationError(
            f"{left} of {total} cases are not submitted and their calls would be left out of the "
            "analysis: confirm that the study is to be closed all the same, and give the reason.",
            code="incomplete",
        )
    return require_text(
        reason,
        f"Give the reason for closing with {left} of {total} cases not submitted.",
        "reason_missing",
    )


@transaction.atomic
def reopen_case(*, by: User, assignment: Assignment, reason: str) -> Assignment:
    """Give a submitted case back to its reader.

    The version moves on, so that a submit of the time before cannot lock the case again.
    """
    case = Assignment.objects.select_for_update().get(pk=assignment.pk)
    # The study's own row stays unlocked: closing locks the study first, then its cases.
    study = managed_study(by, case.reader.study_id)
    require_state(study, StudyState.OPEN, "reopening a case")
    reason = require_text(reason, "Give the reason for reopening the case.", "reason_missing")
    if case.state != AssignmentState.SUBMITTED:
        raise ValidationError(
            f"Case {case.position} of {case.reader} is {case.state}: only a submitted case can be "
            "reopened.",
            code="case_not_submitted",
        )
    case.state, case.version = AssignmentState.REOPENED, case.version + 1
    case.save(update_fields=["state", "version"])
    reopening = Reopening(assignment=case, by=by, reason=reason, version=case.version)
    reopening.full_clean()
    reopening.save()
    _audit_reopening(by, case, reason)
    return case


def _audit_reopening(by: User, case: Assignment, reason: str) -> None:
    new: dict[str, Any] = {
        "state": AssignmentState.REOPENED.value,
        "version": case.version,
        "reader": case.reader.number,
    }
    old = {"state": AssignmentState.SUBMITTED.value}
    audit.record(by=by, verb="reopen_case", target=case, old=old, new=new, reason=reason)
