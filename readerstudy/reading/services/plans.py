"""Changes of an analysis plan: in a draft as often as wanted, afterwards as amendments."""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts import audit
from accounts.errors import Conflict
from accounts.models import User
from readerstudy.reading.models import PlanAmendment, Study, StudyState
from readerstudy.reading.plan import Plan, PlanError, document_of, plan_from
from readerstudy.reading.protocol import amendment_digest, digest
from readerstudy.reading.selectors.plans import last_amendment, may_plan, plan_of
from readerstudy.reading.services.access import require_state, require_text


@transaction.atomic
def change_plan(
    *, by: User, study: Study, plan: dict[str, Any], based_on: str | None = None
) -> Study:
    """Replace the plan of a draft; opening locks it under the protocol's digest.

    ``based_on`` is the digest of the plan the person saw (``StudyPlan.digest``): given, a plan
    that somebody else has changed since is not overwritten.
    """
    study = _lock(by, study)
    require_state(study, StudyState.DRAFT, "changing the plan without an amendment")
    current = plan_from(study.plan)
    _refuse_stale(current, based_on)
    document = document_of(_checked(plan))
    old, study.plan = study.plan, document
    study.full_clean()
    study.save(update_fields=["plan"])
    audit.record(by=by, verb="change_plan", target=study, old={"plan": old}, new={"plan": document})
    return study


@transaction.atomic
def amend_plan(
    *, by: User, study: Study, plan: dict[str, Any], reason: str, based_on: str | None = None
) -> PlanAmendment:
    """Put another plan in force after the opening; the plan before and the reason stay on record.

    ``based_on`` as in ``change_plan``.
    """
    study = _lock(by, study)
    if study.state == StudyState.DRAFT:
        raise ValidationError(
            "The study is a draft: its plan is not locked yet and is changed without an amendment.",
            code="study_is_draft",
        )
    reason = require_text(reason, "Give the reason for amending the plan.", "reason_missing")
    current = plan_from(plan_of(study))
    _refuse_stale(current, based_on)
    wanted = _checked(plan)
    if wanted == current:
        raise ValidationError(
            "This is the plan in force: change something, or leave it as it is.",
            code="plan_unchanged",
        )
    return _append(by, study, document_of(wanted), reason)


def save_plan(
    *, by: User, study: Study, plan: dict[str, Any], reason: str = "", based_on: str | None = None
) -> Study:
    """Change the plan of a draft, or amend the plan of any other study."""
    if study.state == StudyState.DRAFT and not reason.strip():
        return change_plan(by=by, study=study, plan=plan, based_on=based_on)
    return amend_plan(by=by, study=study, plan=plan, reason=reason, based_on=based_on).study


def _lock(by: User, study: Study) -> Study:
    locked = Study.objects.select_for_update().get(pk=study.pk)
    if not may_plan(by, locked):
        raise PermissionDenied(
            "Only who coordinates every cohort of this study, or is statistician of every one, "
            "may change its analysis plan."
        )
    return locked


def _checked(plan: dict[str, Any]) -> Plan:
    try:
        return plan_from(plan)
    except PlanError as refusal:
        # By field: the page shows it beside the field, the API under "fields".
        told = ValidationError(str(refusal), code="plan_invalid")
        raise ValidationError({refusal.field: told}) from refusal


def _refuse_stale(current: Plan, based_on: str | None) -> None:
    now = digest(document_of(current))
    if based_on is not None and based_on != now:
        raise Conflict(
            "Somebody else has changed the plan meanwhile: load the page again and look at it "
            "before you change it.",
            code="stale_plan",
            current={"digest": now},
        )


def _append(by: User, study: Study, document: dict[str, Any], reason: str) -> PlanAmendment:
    before = last_amendment(study)
    number = 1 if before is None else before.number + 1
    amendment = PlanAmendment(
        study=study,
        number=number,
        plan=document,
        reason=reason,
        by=by,
        digest=amendment_digest(
            protocol_digest=study.protocol_digest,
            number=number,
            previous=study.protocol_digest if before is None else before.digest,
            plan=document,
            reason=reason,
        ),
    )
    amendment.full_clean()
    amendment.save()
    audit.record(
        by=by,
        verb="amend_plan",
        target=study,
        old={"plan": study.plan if before is None else before.plan},
        new={"plan": document, "number": number, "digest": amendment.digest},
        reason=reason,
    )
    return amendment
