"""A plan is changed in a draft, and amended with a reason afterwards; nothing is overwritten."""

import hashlib
import json

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from django.http import Http404

from accounts.errors import Conflict
from accounts.models import AuditEvent
from cohorts.models import Cohort
from cohorts.vocabulary import CohortRole
from readerstudy.reading.models import PlanAmendment, Study
from readerstudy.reading.plan import default_plan
from readerstudy.reading.protocol import digest
from readerstudy.reading.selectors import (
    amendments_of,
    may_plan,
    plan_of,
    study_plan_for,
)
from readerstudy.reading.services import amend_plan, change_plan, close_study, save_plan
from tests.people import join, person
from tests.readerstudy.reading.test_plan import OLD

STRICT = default_plan() | {"alpha": 0.01}
STRICTER = default_plan() | {"alpha": 0.005}
BAD = default_plan() | {"alpha": 7}
PLANNERS = ("coordinator", "statistician")
OTHERS = ("annotator_one", "adjudicator", "reader_one", "outsider")


def code_of(refusal):
    return refusal.value.error_list[0].code


def amend(people, study, plan=STRICT, reason="A referee asked.", **given):
    return amend_plan(by=people.statistician, study=study, plan=plan, reason=reason, **given)


# in a draft


@pytest.mark.parametrize("name", PLANNERS)
def test_the_plan_of_a_draft_is_changed(people, draft, name):
    change_plan(by=getattr(people, name), study=draft, plan=STRICT)
    draft.refresh_from_db()
    assert draft.plan == STRICT == plan_of(draft)
    event = AuditEvent.objects.get(verb="change_plan")
    assert (event.actor.username, event.old, event.new) == (
        name,
        {"plan": default_plan()},
        {"plan": STRICT},
    )


def test_a_plan_is_stored_in_one_form(people, draft):
    change_plan(by=people.coordinator, study=draft, plan=STRICT | {"endpoints": ["ene"]})
    change_plan(by=people.coordinator, study=draft, plan=OLD)
    draft.refresh_from_db()
    assert draft.plan["schema_version"] == 2
    assert draft.plan["primary"]["test"] == "delong"


@pytest.mark.parametrize("name", OTHERS)
def test_nobody_else_changes_the_plan(people, draft, name):
    with pytest.raises(PermissionDenied):
        change_plan(by=getattr(people, name), study=draft, plan=STRICT)


def test_the_plan_is_locked_at_opening(people, study):
    with pytest.raises(ValidationError) as refusal:
        change_plan(by=people.coordinator, study=study, plan=STRICT)
    assert code_of(refusal) == "study_not_draft"
    study.refresh_from_db()
    assert study.plan == default_plan()


def test_a_bad_plan_is_refused_by_field(people, draft):
    with pytest.raises(ValidationError) as refusal:
        change_plan(by=people.coordinator, study=draft, plan=BAD)
    assert refusal.value.message_dict == {
        "alpha": ["alpha: 7: give a number above 0 and at most 0.2."]
    }
    draft.refresh_from_db()
    assert draft.plan == default_plan()


def test_a_plan_that_somebody_else_has_changed_is_not_overwritten(people, draft):
    seen = study_plan_for(people.coordinator, draft.public_id).digest
    change_plan(by=people.statistician, study=draft, plan=STRICT, based_on=seen)
    with pytest.raises(Conflict) as refusal:
        change_plan(by=people.coordinator, study=draft, plan=STRICTER, based_on=seen)
    assert code_of(refusal) == "stale_plan"
    assert refusal.value.current == {"digest": digest(STRICT)}
    draft.refresh_from_db()
    assert draft.plan == STRICT


def test_the_opening_locks_the_changed_plan(people, draft):
    from readerstudy.reading.services import open_study

    digests = []
    for plan in (default_plan(), STRICT):
        with transaction.atomic():
            change_plan(by=people.coordinator, study=draft, plan=plan)
            opened = open_study(by=people.coordinator, study=draft, seed=1)
            digests.append(opened.protocol_digest)
            transaction.set_rollback(True)
    assert digests[0] != digests[1]


# afterwards


@pytest.mark.parametrize("name", PLANNERS)
def test_an_amendment_puts_another_plan_in_force(people, study, name):
    locked = study.protocol_digest
    made = amend_plan(by=getattr(people, name), study=study, plan=STRICT, reason=" A referee. ")
    study.refresh_from_db()
    assert (study.plan, study.protocol_digest) == (default_plan(), locked)
    assert plan_of(study) == STRICT
    assert (made.number, made.reason, made.by.username) == (1, "A referee.", name)
    event = AuditEvent.objects.get(verb="amend_plan")
    assert event.old == {"plan": default_plan()}
    assert event.new == {"plan": STRICT, "number": 1, "digest": made.digest}
    assert event.reason == "A referee."


def test_a_closed_study_can_be_amended(people, study):
    close_study(by=people.coordinator, study=study, confirm_incomplete=True, reason="Over.")
    assert amend(people, study).number == 1


def test_amendments_form_a_chain(people, study):
    """Computed here from the bytes themselves, not with the room's own functions."""
    for plan, reason in ((STRICT, "First."), (STRICTER, "Secönd."), (default_plan(), "Back.")):
        amend(people, study, plan=plan, reason=reason)
    previous = study.protocol_digest
    rows = amendments_of(study)
    assert [row.number for row in rows] == [1, 2, 3]
    for row in rows:
        told = {
            "protocol_digest": study.protocol_digest,
            "number": row.number,
            "previous": previous,
            "plan": row.plan,
            "reason": row.reason,
        }
        text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        assert row.digest == hashlib.sha256(text.encode()).hexdigest()
        previous = row.digest
    assert len({row.digest for row in rows}) == 3
    assert plan_of(study) == default_plan()


def test_an_amendment_is_told_as_a_plain_row(people, study):
    made = amend(people, study)
    (row,) = amendments_of(study)
    assert (row.number, row.reason, row.by) == (1, "A referee asked.", "statistician")
    assert (row.at, row.digest, row.plan) == (made.created_at, made.digest, STRICT)


def test_a_draft_has_no_amendment(people, draft):
    with pytest.raises(ValidationError) as refusal:
        amend(people, draft)
    assert code_of(refusal) == "study_is_draft"


def test_an_amendment_needs_a_reason(people, study):
    with pytest.raises(ValidationError) as refusal:
        amend(people, study, reason="  ")
    assert code_of(refusal) == "reason_missing"


def test_the_plan_in_force_is_no_amendment(people, study):
    amend(people, study)
    with pytest.raises(ValidationError) as refusal:
        amend(people, study, plan=STRICT | {"endpoints": STRICT["endpoints"][::-1]})
    assert code_of(refusal) == "plan_unchanged"
    assert PlanAmendment.objects.count() == 1


def test_a_bad_amendment_is_refused_by_field(people, study):
    with pytest.raises(ValidationError) as refusal:
        amend(people, study, plan=BAD)
    assert list(refusal.value.message_dict) == ["alpha"]


def test_a_stale_amendment_is_refused(people, study):
    seen = study_plan_for(people.coordinator, study.public_id).digest
    amend(people, study, based_on=seen)
    with pytest.raises(Conflict) as refusal:
        amend(people, study, plan=STRICTER, based_on=seen)
    assert code_of(refusal) == "stale_plan"


@pytest.mark.parametrize("name", OTHERS)
def test_nobody_else_amends(people, study, name):
    with pytest.raises(PermissionDenied):
        amend_plan(by=getattr(people, name), study=study, plan=STRICT, reason="Because.")


def test_one_door_for_both(people, draft):
    saved = save_plan(by=people.coordinator, study=draft, plan=STRICT)
    assert saved.plan == STRICT
    with pytest.raises(ValidationError) as refusal:
        save_plan(by=people.coordinator, study=draft, plan=STRICTER, reason="No need.")
    assert code_of(refusal) == "study_is_draft"
    Study.objects.filter(pk=draft.pk).update(state="open", protocol_digest="0" * 64)
    with pytest.raises(ValidationError) as refusal:
        save_plan(by=people.coordinator, study=saved, plan=STRICTER)
    assert code_of(refusal) == "study_not_draft"
    saved.refresh_from_db()
    save_plan(by=people.coordinator, study=saved, plan=STRICTER, reason="Now there is.")
    assert plan_of(saved) == STRICTER


# studies locked before plans could be changed


def test_a_plan_locked_before_stays_as_it_is_and_can_be_amended(people, study):
    Study.objects.filter(pk=study.pk).update(plan=OLD)
    study.refresh_from_db()
    assert plan_of(study) == OLD
    today = study_plan_for(people.statistician, study.public_id).document
    with pytest.raises(ValidationError) as refusal:
        amend(people, study, plan=today)
    assert code_of(refusal) == "plan_unchanged"
    amend(people, study, plan=today | {"alpha": 0.01})
    study.refresh_from_db()
    assert study.plan == OLD
    (story,) = study_plan_for(people.statistician, study.public_id).amendments
    assert [change.heading for change in story.changes] == ["Significance level"]


# the database


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.update(reason="Another reason."),
        lambda rows: rows._raw_delete(rows.db),
    ],
)
def test_the_database_refuses_to_change_an_amendment(people, study, change):
    amend(people, study)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change(PlanAmendment.objects.all())
    assert amendments_of(study)[0].reason == "A referee asked."


@pytest.mark.parametrize(("number", "rule"), [(1, "number"), (0, "counted_from_1|CHECK")])
def test_the_database_keeps_the_chain_linear(people, study, number, rule):
    made = amend(people, study)
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        PlanAmendment.objects.create(
            study=study, number=number, plan={}, reason="x", by=people.outsider, digest=made.digest
        )


# who sees it


@pytest.mark.parametrize("name", PLANNERS)
def test_who_plans_sees_the_plan(people, study, name):
    found = study_plan_for(getattr(people, name), study.public_id)
    assert (found.document, found.amendments) == (default_plan(), ())
    assert found.digest == digest(default_plan())
    assert found.may_manage == (name == "coordinator")


@pytest.mark.parametrize("name", OTHERS)
def test_for_others_there_is_no_plan(people, study, name):
    assert not may_plan(getattr(people, name), study)
    with pytest.raises(Http404):
        study_plan_for(getattr(people, name), study.public_id)


@pytest.mark.parametrize("role", [CohortRole.COORDINATOR, CohortRole.STATISTICIAN])
def test_a_reader_who_got_a_role_by_mistake_sees_no_plan(people, cohort, study, role):
    join(cohort, people.reader_one, role)
    with pytest.raises(Http404):
        study_plan_for(people.reader_one, study.public_id)


def test_two_half_roles_make_no_whole_one(people, cohort, study):
    other = Cohort.objects.create(name="Another hospital")
    study.cohorts.add(other)
    assert not may_plan(people.coordinator, study)
    mixed = person("mixed")
    join(cohort, mixed, CohortRole.COORDINATOR)
    join(other, mixed, CohortRole.STATISTICIAN)
    assert not may_plan(mixed, study)
    join(cohort, mixed, CohortRole.STATISTICIAN)
    assert may_plan(mixed, study)


def test_a_study_that_is_unknown_is_not_found(people, study):
    import uuid

    with pytest.raises(Http404):
        study_plan_for(people.coordinator, uuid.uuid4())
