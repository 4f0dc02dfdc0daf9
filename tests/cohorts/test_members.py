"""Cohorts and who holds which role in them."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import AuditEvent
from cohorts import roles, selectors, services
from cohorts.models import Cohort, CohortMember
from cohorts.roles import register_conflict_check
from cohorts.vocabulary import CohortKind, CohortRole
from tests.people import join, person


def last_event():
    event = AuditEvent.objects.last()
    return event.verb, event.actor


def test_a_creator_becomes_the_coordinator(people):
    made = services.create_cohort(
        by=people.coordinator, name=" External test 2 ", kind=CohortKind.EXTERNAL_TEST
    )
    assert made.name == "External test 2"
    assert selectors.has_role(people.coordinator, made, CohortRole.COORDINATOR)
    verbs = list(AuditEvent.objects.values_list("verb", flat=True))
    assert verbs == ["create_cohort", "add_member"]


def test_without_the_permission_no_cohort_is_created(people):
    with pytest.raises(PermissionDenied, match="may not create cohorts"):
        services.create_cohort(by=people.outsider, name="Mine", kind=CohortKind.DEVELOPMENT)
    assert not Cohort.objects.filter(name="Mine").exists()


@pytest.mark.parametrize("name", ["External test 1", "EXTERNAL TEST 1", " external test 1 "])
def test_a_name_is_given_once_in_any_letter_case(people, name):
    with pytest.raises(ValidationError, match="already a cohort named") as refusal:
        services.create_cohort(by=people.coordinator, name=name, kind=CohortKind.DEVELOPMENT)
    assert refusal.value.code == "name_taken"


def test_a_name_is_needed(people):
    with pytest.raises(ValidationError) as refusal:
        services.create_cohort(by=people.coordinator, name="  ", kind=CohortKind.DEVELOPMENT)
    assert set(refusal.value.message_dict) == {"name"}


def test_a_coordinator_gives_a_role(people, cohort):
    services.add_member(
        by=people.coordinator, cohort=cohort, user=people.outsider, role=CohortRole.STATISTICIAN
    )
    assert selectors.has_role(people.outsider, cohort, CohortRole.STATISTICIAN)
    assert last_event() == ("add_member", people.coordinator)


@pytest.mark.parametrize("who", ["annotator_one", "adjudicator", "statistician", "outsider"])
def test_only_a_coordinator_gives_or_takes_roles(people, cohort, who):
    by = getattr(people, who)
    with pytest.raises(PermissionDenied):
        services.add_member(by=by, cohort=cohort, user=by, role=CohortRole.COORDINATOR)
    with pytest.raises(PermissionDenied):
        services.remove_member(
            by=by, cohort=cohort, user=people.annotator_two, role=CohortRole.ANNOTATOR
        )
    assert CohortMember.objects.count() == 5


def test_a_coordinator_of_another_cohort_is_nobody_here(people, cohort):
    other = Cohort.objects.create(name="Other")
    join(other, people.outsider, CohortRole.COORDINATOR)
    with pytest.raises(PermissionDenied):
        services.add_member(
            by=people.outsider, cohort=cohort, user=people.outsider, role=CohortRole.ANNOTATOR
        )


def test_a_role_is_held_once(people, cohort):
    with pytest.raises(ValidationError, match="is annotator of") as refusal:
        services.add_member(
            by=people.coordinator,
            cohort=cohort,
            user=people.annotator_one,
            role=CohortRole.ANNOTATOR,
        )
    assert refusal.value.code == "already_member"


@pytest.mark.parametrize(
    ("who", "role"),
    [
        ("annotator_one", CohortRole.ADJUDICATOR),
        ("annotator_one", CohortRole.STATISTICIAN),
        ("adjudicator", CohortRole.ANNOTATOR),
        ("statistician", CohortRole.ANNOTATOR),
    ],
)
def test_roles_that_exclude_each_other(people, cohort, who, role):
    with pytest.raises(ValidationError, match="choose another person") as refusal:
        services.add_member(
            by=people.coordinator, cohort=cohort, user=getattr(people, who), role=role
        )
    assert refusal.value.code == "role_conflict"


def test_an_upper_room_may_object(people, cohort, monkeypatch):
    monkeypatch.setattr(roles, "_conflict_checks", [])

    def objection(user, of):
        return "is reading it" if user == people.reader_one and of == cohort else None

    register_conflict_check(objection)
    with pytest.raises(ValidationError, match="is reading it"):
        services.add_member(
            by=people.coordinator,
            cohort=cohort,
            user=people.reader_one,
            role=CohortRole.ANNOTATOR,
        )


def test_a_role_is_taken(people, cohort):
    services.remove_member(
        by=people.coordinator,
        cohort=cohort,
        user=people.annotator_one,
        role=CohortRole.ANNOTATOR,
    )
    assert not selectors.has_role(people.annotator_one, cohort, CohortRole.ANNOTATOR)
    assert last_event() == ("remove_member", people.coordinator)


def test_the_last_coordinator_stays(people, cohort):
    with pytest.raises(ValidationError, match="last coordinator") as refusal:
        services.remove_member(
            by=people.coordinator,
            cohort=cohort,
            user=people.coordinator,
            role=CohortRole.COORDINATOR,
        )
    assert refusal.value.code == "last_coordinator"


def test_a_coordinator_leaves_when_there_is_another(people, cohort):
    second = person("second")
    join(cohort, second, CohortRole.COORDINATOR)
    services.remove_member(
        by=second, cohort=cohort, user=people.coordinator, role=CohortRole.COORDINATOR
    )
    assert not selectors.has_role(people.coordinator, cohort, CohortRole.COORDINATOR)


def test_a_role_that_is_not_held_cannot_be_taken(people, cohort):
    with pytest.raises(ValidationError, match="is not annotator"):
        services.remove_member(
            by=people.coordinator,
            cohort=cohort,
            user=people.outsider,
            role=CohortRole.ANNOTATOR,
        )


def test_a_former_statistician_cannot_become_annotator(people, cohort):
    gone = people.statistician
    services.remove_member(
        by=people.coordinator, cohort=cohort, user=gone, role=CohortRole.STATISTICIAN
    )
    with pytest.raises(ValidationError, match="is or was statistician"):
        services.add_member(
            by=people.coordinator, cohort=cohort, user=gone, role=CohortRole.ANNOTATOR
        )
