"""Leaving patients out, and back in."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.errors import Conflict
from accounts.models import AuditEvent
from cohorts import selectors, services
from tests.cases import store_case


@pytest.fixture
def patient(cohort):
    return store_case(cohort, "P001")


def exclude(by, patient, **changes):
    told = {"code": "image_quality", "reason": "motion"} | changes
    return services.exclude_patient(by=by, patient=patient, **told)


def test_an_excluded_patient_is_counted_but_not_included(people, cohort, patient):
    exclude(people.coordinator, patient)
    assert selectors.cohort_counts(cohort) == {"patients": 1, "included": 0, "nodes": 0}
    event = AuditEvent.objects.last()
    assert (event.verb, event.reason) == ("exclude_patient", "motion")
    assert event.new == {"exclusion_code": "image_quality"}


def test_an_exclusion_is_taken_back(people, cohort, patient):
    excluded = exclude(people.coordinator, patient)
    services.include_patient(by=people.coordinator, patient=excluded, reason="found the report")
    assert selectors.cohort_counts(cohort) == {"patients": 1, "included": 1, "nodes": 3}
    assert AuditEvent.objects.last().old == {"exclusion_code": "image_quality"}


def test_another_code_replaces_the_first(people, patient):
    exclude(people.coordinator, patient)
    assert exclude(people.coordinator, patient, code="no_node").exclusion_code == "no_node"


@pytest.mark.parametrize("who", ["annotator_one", "adjudicator", "statistician", "outsider"])
def test_only_a_coordinator_excludes_or_includes(people, patient, who):
    with pytest.raises(PermissionDenied):
        exclude(getattr(people, who), patient)
    with pytest.raises(PermissionDenied):
        services.include_patient(by=getattr(people, who), patient=patient, reason="why not")


def test_the_code_is_one_of_the_list(people, patient):
    with pytest.raises(ValidationError, match="'ugly' is not an exclusion code") as refusal:
        exclude(people.coordinator, patient, code="ugly")
    assert refusal.value.code == "exclusion_code"


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_reason_is_needed(people, patient, reason):
    with pytest.raises(ValidationError, match="A reason is needed"):
        exclude(people.coordinator, patient, reason=reason)
    with pytest.raises(ValidationError, match="A reason is needed"):
        services.include_patient(by=people.coordinator, patient=patient, reason=reason)


def test_what_is_so_already_is_a_conflict(people, patient):
    with pytest.raises(Conflict, match="P001 is included already"):
        services.include_patient(by=people.coordinator, patient=patient, reason="again")
    exclude(people.coordinator, patient)
    with pytest.raises(Conflict, match="excluded for this reason already"):
        exclude(people.coordinator, patient)
