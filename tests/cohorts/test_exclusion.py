"""Leaving patients out, and back in."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from accounts.errors import Conflict
from accounts.models import AuditEvent
from cohorts import selectors, services
from cohorts.models import IntakeUpload, Patient
from cohorts.vocabulary import CohortKind
from tests.cases import store_case
from tests.cohorts.inputs import break_patient, write_patient


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


def report_on(cohort, **patients):
    """An upload's report: key of a patient -> suggested code, None if it was stored."""
    entries = [
        {
            "source_key": key,
            "outcome": "accepted" if code is None else "refused",
            "exclusion_code": code or "",
        }
        for key, code in patients.items()
    ]
    IntakeUpload.objects.create(
        cohort=cohort, drop_name="", shown_name="a.zip", report={"patients": entries}
    )


class TestRefusedAtIntake:
    """The patient flow begins with those that never got in."""

    def test_they_are_counted_by_the_code_suggested(self, cohort):
        report_on(cohort, a="incomplete_ct", b="incomplete_ct", c="no_node", d="", e=None)
        told = selectors.refused_at_intake(cohort)
        assert told == [("", 1), ("incomplete_ct", 2), ("no_node", 1)]

    def test_the_last_upload_of_a_patient_counts(self, cohort):
        report_on(cohort, a="incomplete_ct", b="incomplete_ct", c=None)
        report_on(cohort, a=None, b="image_quality")
        assert selectors.refused_at_intake(cohort) == [("image_quality", 1)]

    def test_who_is_in_the_cohort_is_not_refused(self, cohort, patient):
        """A patient stored before, of whom a changed copy was refused later."""
        Patient.objects.filter(pk=patient.pk).update(source_key="a")
        report_on(cohort, a="incomplete_ct")
        assert selectors.refused_at_intake(cohort) == []

    def test_what_has_no_key_and_what_could_not_be_read_is_left_out(self, cohort):
        """Patients without PatientID cannot be told apart, so they cannot be counted."""
        report_on(cohort, **{"": "incomplete_ct"})
        IntakeUpload.objects.create(cohort=cohort, drop_name="", shown_name="b.zip", report={})
        assert selectors.refused_at_intake(cohort) == []

    def test_other_cohorts_do_not_count(self, people, cohort):
        other = services.create_cohort(
            by=people.coordinator, name="Other", kind=CohortKind.DEVELOPMENT
        )
        report_on(other, a="no_node")
        assert selectors.refused_at_intake(cohort) == []

    @pytest.mark.usefixtures("data_dir")
    def test_from_the_files_to_the_page(self, client, people, cohort, tmp_path):
        """One patient is refused, and the page says so until a better export comes."""
        told = {"by": people.coordinator, "cohort": cohort, "keep_patient_ids": False}
        break_patient(write_patient(tmp_path / "in", "A1"))
        services.import_folder(path=tmp_path / "in", **told)
        (entry,) = IntakeUpload.objects.get().report["patients"]
        assert (entry["code"], entry["exclusion_code"]) == ("missing_slice", "incomplete_ct")
        client.force_login(people.coordinator)
        page = reverse("cohorts:cohort", args=[cohort.public_id])
        words = "refused at intake and not brought again: 1 (CT does not cover the neck)"
        assert words in " ".join(client.get(page).text.split())
        write_patient(tmp_path / "again", "A1")
        services.import_folder(path=tmp_path / "again", **told)
        assert "refused at intake" not in client.get(page).text
