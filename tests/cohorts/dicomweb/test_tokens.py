"""Tokens: shown once, kept as a digest, good for one person, one cohort and a time."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.models import AuditEvent
from cohorts.dicomweb.services import create_token, revoke_token
from cohorts.models import Cohort, CohortMember, DicomwebToken
from cohorts.vocabulary import CohortRole
from tests.people import join


@pytest.fixture
def made(people, cohort, patient):
    return create_token(by=people.coordinator, cohort=cohort, name="Slicer", days=30)


def ask(client, root, secret, path="studies"):
    return client.get(f"{root}/{path}", headers={"authorization": f"Bearer {secret}"})


def test_a_token_opens_its_cohort(client, root, made):
    assert ask(client, root, made[1]).status_code == 200


def test_the_secret_is_not_kept(made):
    token, secret = made
    row = DicomwebToken.objects.filter(pk=token.pk).values().get()
    assert secret not in str(row)
    assert secret not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize("what", ["unknown", "empty", "expired", "revoked", "inactive"])
def test_a_token_that_is_no_good_is_refused(client, people, root, made, what):
    token, secret = made
    if what == "expired":
        DicomwebToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif what == "revoked":
        revoke_token(by=people.coordinator, token=token)
    elif what == "inactive":
        people.coordinator.is_active = False
        people.coordinator.save(update_fields=["is_active"])
    answer = ask(client, root, {"unknown": "x", "empty": ""}.get(what, secret))
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")


def test_it_is_worth_no_more_than_the_persons_role(client, people, cohort, root, made):
    CohortMember.objects.filter(user=people.coordinator, cohort=cohort).delete()
    assert ask(client, root, made[1]).status_code == 404


def test_it_opens_no_other_cohort_of_the_same_person(client, people, made):
    other = Cohort.objects.create(name="Other")
    join(other, people.coordinator, CohortRole.COORDINATOR)
    assert ask(client, f"/dicomweb/{other.public_id}", made[1]).status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/cohorts/", "/api/v1/reading/studies/"])
def test_it_opens_nothing_but_dicomweb(client, made, path):
    answer = client.get(path, headers={"authorization": f"Bearer {made[1]}"})
    assert answer.status_code == 401


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_it_reads_only(client, root, made, method):
    answer = getattr(client, method)(
        f"{root}/studies", headers={"authorization": f"Bearer {made[1]}"}
    )
    assert answer.status_code == 405


@pytest.mark.parametrize(
    "name", ["annotator_one", "adjudicator", "statistician", "reader_one", "outsider"]
)
def test_only_a_coordinator_makes_one(people, cohort, name):
    with pytest.raises(PermissionDenied):
        create_token(by=getattr(people, name), cohort=cohort, name="x", days=1)


@pytest.mark.parametrize(("name", "days"), [("", 1), ("x", 0), ("x", 91), ("x" * 61, 1)])
def test_a_token_needs_a_name_and_an_end(people, cohort, name, days):
    with pytest.raises(ValidationError):
        create_token(by=people.coordinator, cohort=cohort, name=name, days=days)


def test_making_and_revoking_are_in_the_trail(people, made):
    with pytest.raises(PermissionDenied):
        revoke_token(by=people.annotator_one, token=made[0])
    for _ in range(2):
        revoke_token(by=people.coordinator, token=made[0])
    verbs = list(AuditEvent.objects.values_list("verb", flat=True))
    assert verbs == ["create_dicomweb_token", "revoke_dicomweb_token"]


def test_the_page_shows_a_new_token_once_and_revokes_it(coordinator, client, cohort, root, patient):
    page = f"/cohorts/{cohort.public_id}/viewers/"
    answer = coordinator.post(page, {"name": "OHIF here", "days": 7})
    secret = answer.context["secret"]
    assert secret in answer.text
    assert root in answer.text
    assert secret not in coordinator.get(page).text
    assert "OHIF here" in coordinator.get(page).text
    token = DicomwebToken.objects.get()
    coordinator.post(f"{page}{token.public_id}/revoke/")
    assert ask(client, root, secret).status_code == 401
    assert "OHIF here" not in coordinator.get(page).text


def test_the_patients_page_names_the_study(coordinator, patient, case):
    assert case.names.study_uid in coordinator.get(f"/cohorts/patients/{patient.public_id}/").text
