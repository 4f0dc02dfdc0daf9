"""Names of files and folders that tell nothing of a patient, and what becomes of the others."""

import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from cohorts import intake_report, pipeline, retention, services
from cohorts.models import ArrivingUpload, IntakeUpload
from cohorts.neutral_names import is_neutral, neutral_note, neutral_path
from jobs import reconcile
from tests.cohorts.inputs import break_patient, write_patient, zip_of
from tests.cohorts.test_questions import write_two_parts

NEUTRAL = (
    "IM0001.dcm DICOM CT SE000001 ST00001 1-07.dcm slice_12 nodes.nii.gz DICOMDIR batch-3.zip "
    "LN_left_12.nrrd Thumbs.db 007"
)
TELLING = (
    "Mueller CT_Mueller 19560403 03041956 00123456 PA123456 123-456 QX0017083 4711 56-04-03 "
    "Müller^Hans HM.dcm imhans [PatientID]"
)


def test_names_of_scanners_and_media_are_neutral():
    assert [name for name in NEUTRAL.split() if not is_neutral(name)] == []


def test_what_may_be_a_name_is_not():
    assert [name for name in TELLING.split() if is_neutral(name)] == []


def test_paths_and_remarks_lose_their_names_alone():
    assert neutral_path("Mueller/CT/IM0001.dcm") == "…/CT/IM0001.dcm"
    said = neutral_note("Mueller 56/IM1.dcm: left out, an exact copy of Mueller 56/IM2.dcm")
    assert said == "…/IM1.dcm: left out, an exact copy of …/IM2.dcm"
    assert neutral_note("Mueller: left out, a localizer") == "…: left out, a localizer"
    assert neutral_note("a.dcm: 'Hans' is no node") == "a.dcm: '…' is no node"
    assert neutral_note("a.dcm: of 4711-0815") == "a.dcm: of …"
    general = "no node mask was given; the case has no nodes"
    assert neutral_note(general) == general


def taken_in(people, cohort, archive, name="Secretname.zip"):
    upload = services.request_intake(
        by=people.coordinator,
        cohort=cohort,
        upload=SimpleUploadedFile(name, archive.read_bytes()),
        keep_patient_ids=False,
    )
    return again(upload)


def again(upload):
    pipeline.take_up(upload.pk)
    upload.refresh_from_db()
    return upload


def kept(upload):
    rows = IntakeUpload.objects.filter(pk=upload.pk).values()
    return json.dumps(list(rows), default=str).casefold()


def write_named(folder, seed):
    """One patient in a folder with a name that is no PatientID, and a file of no use."""
    place = write_patient(folder, f"A{seed}", seed=seed)
    (place / "Secretname.txt").write_text("a letter")
    return place.rename(folder / f"Secretname {seed}")


def finished_long_ago():
    """Let days pass, and the worker's next minute."""
    days = timedelta(days=15)
    IntakeUpload.objects.update(finished_at=timezone.now() - days)
    IntakeUpload.objects.filter(kept_until__isnull=False).update(kept_until=timezone.now())
    reconcile.run_once()


@pytest.mark.django_db
@pytest.mark.usefixtures("data_dir")
class TestReports:
    def test_an_upload_of_stored_patients_keeps_no_name(self, people, cohort, tmp_path):
        write_named(tmp_path / "in", 1)
        upload = taken_in(people, cohort, zip_of(tmp_path / "in", tmp_path / "x.zip"))
        assert (upload.state, upload.report["patients"][0]["outcome"]) == ("done", "accepted")
        assert upload.shown_name == "files"
        assert upload.report["notes"] == ["…/….txt: left out, not DICOM"]
        assert "secretname" not in kept(upload)

    def test_names_of_refused_patients_stay_some_days(self, people, cohort, tmp_path):
        write_named(tmp_path / "in", 1)
        break_patient(write_named(tmp_path / "in", 2))
        upload = taken_in(people, cohort, zip_of(tmp_path / "in", tmp_path / "x.zip"))
        stored, refused = upload.report["patients"]
        assert (stored["outcome"], stored["file"]) == ("accepted", "")
        assert refused["file"].startswith("Secretname 2")
        assert upload.shown_name == "Secretname.zip"
        finished_long_ago()
        upload.refresh_from_db()
        assert "secretname" not in kept(upload)
        assert upload.report["patients"][1]["code"] == "missing_slice"
        assert upload.report["patients"][1]["sentence"] == intake_report.REMOVED

    def test_questions_lose_their_names_when_nobody_answers(self, people, cohort, tmp_path):
        write_two_parts(write_named(tmp_path / "in", 1))
        upload = taken_in(people, cohort, zip_of(tmp_path / "in", tmp_path / "x.zip"))
        assert "secretname" in kept(upload)
        IntakeUpload.objects.update(finished_at=timezone.now() - timedelta(days=15))
        reconcile.run_once()
        assert again(upload).report["patients"][0]["questions"]
        finished_long_ago()
        upload.refresh_from_db()
        (entry,) = upload.report["patients"]
        assert (entry["code"], entry["questions"]) == ("not_answered", [])
        assert "secretname" not in kept(upload)

    def test_questions_lose_their_names_when_answered(self, people, cohort, tmp_path):
        write_two_parts(write_named(tmp_path / "in", 1))
        upload = taken_in(people, cohort, zip_of(tmp_path / "in", tmp_path / "x.zip"))
        (question,) = intake_report.open_questions(upload.report)
        told = {question["id"]: ["one"]}
        services.answer_intake(by=people.coordinator, upload=upload, answers=told)
        assert again(upload).report["patients"][0]["outcome"] == "accepted"
        assert "secretname" not in kept(upload)

    def test_an_upload_refused_whole_loses_its_names_too(self, people, cohort, tmp_path):
        (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 cut")
        upload = taken_in(people, cohort, tmp_path / "bad.zip")
        assert upload.report["refusal"]["file"] == "Secretname.zip"
        finished_long_ago()
        upload.refresh_from_db()
        assert "secretname" not in kept(upload)
        assert upload.report["refusal"]["code"]

    def test_what_never_arrived_whole_is_forgotten(self, people, cohort):
        for age in (13, 15):
            ArrivingUpload.objects.create(
                cohort=cohort,
                sender=people.coordinator,
                drop_name=f"{age:032x}.files",
                shown_name=f"Secretname {age}",
                listing_digest=str(age),
                file_count=1,
                total_bytes=1,
                last_piece_at=timezone.now() - timedelta(days=age),
            )
        retention.forget_old_names()
        assert [one.shown_name for one in ArrivingUpload.objects.all()] == ["Secretname 13"]
