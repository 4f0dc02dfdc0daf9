"""Readers: added, removed, invited by a link that works once."""

import hashlib
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.utils import timezone

from accounts.models import AuditEvent, User
from cohorts.models import Cohort, Patient
from cohorts.services import add_member, remove_member
from cohorts.vocabulary import CohortRole
from readerstudy.reading.models import Invitation, StudyReader
from readerstudy.reading.services import (
    NewAccount,
    accept_invitation,
    add_reader,
    invite_reader,
    open_study,
    remove_reader,
    revoke_invitation,
)
from tests.people import PASSWORD, join

ACCOUNT = NewAccount(username="newcomer", password=PASSWORD)


def code_of(refusal):
    return refusal.value.error_list[0].code


@pytest.fixture
def invited(draft, people):
    return invite_reader(by=people.coordinator, study=draft, email="new@example.org")


def test_readers_are_numbered_as_they_come(people, draft):
    reader = add_reader(by=people.coordinator, study=draft, user=people.outsider)
    assert reader.number == 3
    assert AuditEvent.objects.last().new == {"reader": 3, "user": people.outsider.pk}


def test_nobody_reads_twice(people, draft):
    with pytest.raises(ValidationError) as refusal:
        add_reader(by=people.coordinator, study=draft, user=people.reader_one)
    assert code_of(refusal) == "reader_already"


def test_nobody_joins_an_open_study(people, study):
    with pytest.raises(ValidationError) as refusal:
        add_reader(by=people.coordinator, study=study, user=people.outsider)
    assert code_of(refusal) == "study_not_draft"


def test_only_a_coordinator_adds(people, draft):
    with pytest.raises(PermissionDenied):
        add_reader(by=people.reader_one, study=draft, user=people.outsider)


def test_a_reader_is_removed_from_a_draft(people, draft):
    remove_reader(by=people.coordinator, reader=draft.readers.get(number=2))
    assert [reader.number for reader in draft.readers.all()] == [1]
    assert AuditEvent.objects.last().old == {"reader": 2, "user": people.reader_two.pk}


def test_no_reader_is_removed_from_an_open_study(people, study):
    with pytest.raises(ValidationError) as refusal:
        remove_reader(by=people.coordinator, reader=study.readers.first())
    assert code_of(refusal) == "study_not_draft"


def test_only_a_coordinator_removes(people, draft):
    with pytest.raises(PermissionDenied):
        remove_reader(by=people.outsider, reader=draft.readers.first())


def test_only_the_digest_of_a_token_is_stored(invited):
    invitation, token = invited
    assert invitation.token_digest == hashlib.sha256(token.encode()).hexdigest()
    stored = {str(value) for row in Invitation.objects.values() for value in row.values()}
    assert token not in stored
    assert all(token not in str([e.old, e.new, e.reason]) for e in AuditEvent.objects.all())


def test_only_a_coordinator_invites(people, draft):
    with pytest.raises(PermissionDenied):
        invite_reader(by=people.annotator_one, study=draft, email="new@example.org")


def test_nobody_is_invited_into_an_open_study(people, study):
    with pytest.raises(ValidationError) as refusal:
        invite_reader(by=people.coordinator, study=study, email="new@example.org")
    assert code_of(refusal) == "study_not_draft"


def test_an_address_must_be_one(people, draft):
    with pytest.raises(ValidationError, match="valid email"):
        invite_reader(by=people.coordinator, study=draft, email="nobody")


def test_a_signed_in_person_accepts(people, draft, invited):
    reader = accept_invitation(by=people.outsider, token=invited[1])
    assert (reader.user, reader.number, reader.study) == (people.outsider, 3, draft)
    invited[0].refresh_from_db()
    assert invited[0].accepted_by == people.outsider
    assert AuditEvent.objects.last().verb == "accept_invitation"


def test_accepting_twice_changes_nothing(people, draft, invited):
    first = accept_invitation(by=people.outsider, token=invited[1])
    assert accept_invitation(by=people.outsider, token=invited[1]) == first
    assert draft.readers.count() == 3


def test_a_new_account_is_made_and_joins(draft, invited):
    reader = accept_invitation(by=None, token=invited[1], account=ACCOUNT)
    user = User.objects.get(username="newcomer")
    assert reader.user == user
    assert user.email == "new@example.org"
    assert user.check_password(PASSWORD)


@pytest.mark.parametrize(
    ("account", "said"),
    [
        (NewAccount(username="reader_one", password=PASSWORD), "taken"),
        (NewAccount(username="newcomer", password="short"), "too short"),
        (None, "Sign in, or choose"),
    ],
)
def test_a_bad_account_is_not_made(people, draft, invited, account, said):
    with pytest.raises(ValidationError, match=said):
        accept_invitation(by=None, token=invited[1], account=account)
    assert not User.objects.filter(username="newcomer").exists()
    assert draft.readers.count() == 2


def test_an_address_with_an_account_signs_in_instead(draft, invited):
    User.objects.create(username="somebody", email="NEW@example.org")
    with pytest.raises(ValidationError) as refusal:
        accept_invitation(by=None, token=invited[1], account=ACCOUNT)
    assert code_of(refusal) == "account_exists"


def used(invitation, people):
    Invitation.objects.filter(pk=invitation.pk).update(
        accepted_at=timezone.now(), accepted_by=people.reader_one
    )


def expired(invitation, people):
    Invitation.objects.filter(pk=invitation.pk).update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )


def revoked(invitation, people):
    revoke_invitation(by=people.coordinator, invitation=invitation)


@pytest.mark.parametrize("spend", [used, expired, revoked])
def test_a_spent_link_is_worthless(people, draft, invited, spend):
    spend(invited[0], people)
    for by, account in ((people.outsider, None), (None, ACCOUNT)):
        with pytest.raises(ValidationError) as refusal:
            accept_invitation(by=by, token=invited[1], account=account)
        assert code_of(refusal) == "invitation_over"
    assert draft.readers.count() == 2


def test_a_link_ends_when_the_study_opens(people, draft, invited):
    open_study(by=people.coordinator, study=draft)
    with pytest.raises(ValidationError) as refusal:
        accept_invitation(by=people.outsider, token=invited[1])
    assert code_of(refusal) == "study_not_draft"


def test_a_person_with_a_role_cannot_accept(people, draft, invited):
    with pytest.raises(ValidationError) as refusal:
        accept_invitation(by=people.annotator_one, token=invited[1])
    assert code_of(refusal) == "role_conflict"
    invited[0].refresh_from_db()
    assert invited[0].accepted_at is None


def test_a_made_up_token_opens_nothing(people, draft):
    with pytest.raises(Http404):
        accept_invitation(by=people.outsider, token="x" * 43)


def test_an_accepted_invitation_is_not_revoked(people, invited):
    accept_invitation(by=people.outsider, token=invited[1])
    with pytest.raises(ValidationError) as refusal:
        revoke_invitation(by=people.coordinator, invitation=invited[0])
    assert code_of(refusal) == "invitation_accepted"


def test_only_a_coordinator_revokes(people, invited):
    with pytest.raises(PermissionDenied):
        revoke_invitation(by=people.outsider, invitation=invited[0])


def test_the_operator_sees_who_joined_by_which_link(people, draft, invited):
    accept_invitation(by=people.outsider, token=invited[1])
    event = AuditEvent.objects.last()
    assert event.actor == people.outsider
    assert event.new["invitation"] == invited[0].pk
    assert StudyReader.objects.get(user=people.outsider).number == event.new["reader"]


def test_who_once_held_a_role_in_the_cohort_cannot_read_it(people, cohort, draft):
    remove_member(
        by=people.coordinator,
        cohort=cohort,
        user=people.annotator_one,
        role=CohortRole.ANNOTATOR,
    )
    with pytest.raises(ValidationError, match="is or was annotator of") as refusal:
        add_reader(by=people.coordinator, study=draft, user=people.annotator_one)
    assert refusal.value.code == "role_conflict"


def test_a_role_in_another_cohort_with_the_same_ct_excludes_reading(people, cohort, draft):
    twin = Cohort.objects.create(name="The same patients again")
    original = cohort.patients.first().series
    patient = Patient.objects.create(cohort=twin, pseudonym="T1", source_key="t" * 64)
    original.pk, original.patient = None, patient
    original.save()
    join(twin, people.outsider, CohortRole.COORDINATOR)
    with pytest.raises(ValidationError, match="The same patients again"):
        add_reader(by=people.coordinator, study=draft, user=people.outsider)


def test_a_reader_gets_no_role_in_another_cohort_with_the_same_ct(people, cohort, draft):
    twin = Cohort.objects.create(name="The same patients again")
    original = cohort.patients.first().series
    patient = Patient.objects.create(cohort=twin, pseudonym="T1", source_key="t" * 64)
    original.pk, original.patient = None, patient
    original.save()
    join(twin, people.coordinator, CohortRole.COORDINATOR)
    with pytest.raises(ValidationError, match="blinded in the study"):
        add_member(
            by=people.coordinator, cohort=twin, user=people.reader_one, role=CohortRole.ANNOTATOR
        )
