"""Who is P001: told to coordinators who hold the PatientIDs, encrypted, and never stored."""

import io

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command

from accounts.models import AuditEvent
from cohorts.deidentification.mapping import (
    MappingUnreadableError,
    decrypt_mapping,
    encrypt_mapping,
)
from cohorts.intake import source_key_of
from cohorts.models import Patient
from cohorts.services.mapping import make_mapping

PASSPHRASE = "four random words here"


@pytest.fixture
def patients(cohort, settings):
    settings.MAPPING = "coordinator"
    for number in (1, 2):
        key = source_key_of(cohort, f"MRN-{number}")
        Patient.objects.create(cohort=cohort, pseudonym=f"P00{number}", source_key=key)
    return cohort


def test_a_mapping_opens_with_its_passphrase_alone():
    document = encrypt_mapping({"MRN-1": "P001"}, PASSPHRASE)
    assert b"MRN" not in document
    assert b"P001" not in document
    assert decrypt_mapping(document, PASSPHRASE) == {"MRN-1": "P001"}
    assert encrypt_mapping({"MRN-1": "P001"}, PASSPHRASE) != document
    for changed, passphrase in ((document, "another passphrase"), (b"{}", PASSPHRASE)):
        with pytest.raises(MappingUnreadableError):
            decrypt_mapping(changed, passphrase)
    with pytest.raises(MappingUnreadableError):
        decrypt_mapping(document.replace(b'"sealed": "', b'"sealed": "AA'), PASSPHRASE)


@pytest.mark.parametrize("passphrase", ["", "short", "thirteen char", "aaaaaaaaaaaaaaaaaaaa"])
def test_passphrases_that_can_be_guessed_are_refused(passphrase, patients, people):
    with pytest.raises(ValidationError, match="too short"):
        make_mapping(
            by=people.coordinator, cohort=patients, patient_ids=["MRN-1"], passphrase=passphrase
        )


def test_coordinators_get_the_pseudonyms_of_the_ids_they_bring(patients, people):
    document = make_mapping(
        by=people.coordinator,
        cohort=patients,
        patient_ids=["MRN-2", " MRN-1 ", "unknown", ""],
        passphrase=PASSPHRASE,
    )
    assert decrypt_mapping(document, PASSPHRASE) == {
        "MRN-1": "P001",
        "MRN-2": "P002",
        "unknown": "",
    }
    event = AuditEvent.objects.latest("sequence")
    assert (event.verb, event.new) == ("make_mapping", {"asked": 3, "found": 2})
    assert "MRN" not in str(event.__dict__)


@pytest.mark.parametrize("who", ["annotator_one", "statistician", "outsider", "reader_one"])
def test_nobody_else_gets_any(patients, people, who):
    with pytest.raises(PermissionDenied):
        make_mapping(
            by=getattr(people, who), cohort=patients, patient_ids=["MRN-1"], passphrase=PASSPHRASE
        )


def test_an_installation_may_never_tell(patients, people, settings):
    settings.MAPPING = "never"
    with pytest.raises(PermissionDenied, match="never says"):
        make_mapping(
            by=people.coordinator, cohort=patients, patient_ids=["MRN-1"], passphrase=PASSPHRASE
        )
    with pytest.raises(PermissionDenied):
        make_mapping(by=None, cohort=patients, patient_ids=["MRN-1"], passphrase=PASSPHRASE)


def test_the_command_writes_and_opens(patients, tmp_path):
    ids, secret, file = (tmp_path / name for name in ("ids", "passphrase", "mapping.json"))
    ids.write_text("MRN-1\nMRN-2\n", encoding="utf-8")
    secret.write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    call_command(
        "mapping_key",
        file,
        cohort=patients.name,
        ids=ids,
        passphrase_file=secret,
        stdout=io.StringIO(),
    )
    out = io.StringIO()
    call_command("mapping_key", file, passphrase_file=secret, stdout=out)
    assert out.getvalue().split() == ["patient_id,pseudonym", "MRN-1,P001", "MRN-2,P002"]
    secret.write_text("another passphrase", encoding="utf-8")
    with pytest.raises(CommandError, match="cannot be opened"):
        call_command("mapping_key", file, passphrase_file=secret)
