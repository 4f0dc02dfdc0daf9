"""The page and the API that tell coordinators who is who: refusals, roles, a file that opens."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import AuditEvent
from cohorts.deidentification.mapping import decrypt_mapping
from cohorts.intake import source_key_of
from cohorts.models import Patient

PASSPHRASE = "four random words here"
FORM = {"patient_ids": "MRN-1\n MRN-9 ", "passphrase": PASSPHRASE, "passphrase_again": PASSPHRASE}


@pytest.fixture
def patients(cohort, settings):
    settings.MAPPING = "coordinator"
    for number in (1, 2):
        key = source_key_of(cohort, f"MRN-{number}")
        Patient.objects.create(cohort=cohort, pseudonym=f"P00{number}", source_key=key)
    return cohort


def on_page(client, who, cohort, **changes):
    client.force_login(who)
    return client.post(reverse("cohorts:mapping", args=[cohort.public_id]), FORM | changes)


def by_api(client, who, cohort, **changes):
    client.force_login(who)
    body = {"patient_ids": ["MRN-2"], "passphrase": PASSPHRASE} | changes
    address = reverse("cohorts-api:mapping", args=[cohort.public_id])
    return client.post(address, body, content_type="application/json")


def table(text, name="ids.csv"):
    return SimpleUploadedFile(name, text.encode(), "text/csv")


def test_the_page_gives_a_file_that_opens(client, people, patients):
    client.force_login(people.coordinator)
    shown = client.get(reverse("cohorts:mapping", args=[patients.public_id]))
    assert "manage.py mapping_key FILE" in shown.text
    given = on_page(client, people.coordinator, patients)
    assert given.status_code == 200
    assert given["Content-Disposition"].startswith('attachment; filename="who-is-who-')
    assert given["Cache-Control"] == "no-store"
    assert b"MRN" not in given.content
    assert decrypt_mapping(given.content, PASSPHRASE) == {"MRN-1": "P001", "MRN-9": ""}


def test_a_table_and_typed_ids_are_taken_together(client, people, patients):
    file = table("name,patient_id\nx,MRN-2\ny,\n")
    given = on_page(client, people.coordinator, patients, table_file=file)
    assert decrypt_mapping(given.content, PASSPHRASE) == {
        "MRN-1": "P001",
        "MRN-2": "P002",
        "MRN-9": "",
    }


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"passphrase_again": "four random words her"}, "The two passphrases differ"),
        ({"passphrase": "short", "passphrase_again": "short"}, "The passphrase is too short"),
        ({"passphrase": "", "passphrase_again": ""}, "This field is required"),
        ({"patient_ids": " \n"}, "Give 1 to 100000 PatientIDs"),
        ({"patient_ids": "MRN-7"}, "None of these PatientIDs is in the cohort"),
        ({"table_file": table("id\nMRN-1\n")}, "The table has no column"),
        ({"table_file": table("")}, "Row 1: "),
    ],
)
def test_the_page_refuses_with_a_sentence_and_leaves_no_trace(
    client, people, patients, changes, sentence
):
    events = AuditEvent.objects.count()
    refused = on_page(client, people.coordinator, patients, **changes)
    assert refused.status_code == 422
    assert sentence in refused.text
    assert PASSPHRASE not in refused.text
    assert AuditEvent.objects.count() == events


def test_an_installation_that_never_tells_says_so(client, people, patients, settings):
    settings.MAPPING = "never"
    client.force_login(people.coordinator)
    page = client.get(reverse("cohorts:mapping", args=[patients.public_id])).text
    assert "This installation never says who is who" in page
    assert 'name="passphrase"' not in page
    refused = on_page(client, people.coordinator, patients)
    assert (refused.status_code, "attachment" in str(refused.headers)) == (422, False)
    api = by_api(client, people.coordinator, patients)
    assert api.status_code == 403
    assert "never says who is who" in api.json()["message"]


@pytest.mark.parametrize(
    "who", ["annotator_one", "adjudicator", "statistician", "reader_one", "outsider"]
)
def test_for_everybody_else_there_is_no_such_page(client, people, patients, who):
    assert on_page(client, getattr(people, who), patients).status_code == 404
    assert by_api(client, getattr(people, who), patients).status_code == 404


def test_the_api_gives_a_file_that_opens(client, people, patients):
    given = by_api(client, people.coordinator, patients)
    assert (given.status_code, given["Cache-Control"]) == (200, "no-store")
    assert decrypt_mapping(given.content, PASSPHRASE) == {"MRN-2": "P002"}


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"patient_ids": []}, 400, "invalid"),
        ({"passphrase": ""}, 400, "invalid"),
        ({"passphrase": "short"}, 422, "passphrase_short"),
        ({"patient_ids": ["MRN-7"]}, 422, "none_found"),
    ],
)
def test_the_api_refuses_with_a_code(client, people, patients, changes, status, code):
    refused = by_api(client, people.coordinator, patients, **changes)
    assert (refused.status_code, refused.json()["code"]) == (status, code)


def test_the_trail_has_numbers_alone(client, people, patients):
    on_page(client, people.coordinator, patients)
    event = AuditEvent.objects.latest("sequence")
    assert (event.verb, event.new) == ("make_mapping", {"asked": 2, "found": 1})
    assert "MRN" not in str(vars(event))
