"""What intake asks: answered on the page or by the API, given up, or left too long."""

import csv
import io
from datetime import timedelta
from pathlib import Path

import nibabel
import numpy as np
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.errors import Conflict
from cohorts import intake_report, pipeline, services
from cohorts.dicom.options import IntakeOptions
from cohorts.models import IntakeUpload, Patient
from jobs import reconcile
from tests.cohorts.conftest import files_below
from tests.cohorts.inputs import (
    SIZE,
    SLICES,
    SPACING,
    SPACING_Z,
    break_patient,
    write_patient,
    zip_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_dir")]


def write_two_parts(place: Path) -> None:
    """One structure in two places: a node and a stray part, or two nodes?"""
    labels = np.zeros((SLICES, SIZE, SIZE), np.uint8)
    labels[1:4, 20:26, 8:14] = 1
    labels[1:4, 20:26, 30:37] = 1
    affine = np.diag([-SPACING, -SPACING, SPACING_Z, 1.0])
    nibabel.save(nibabel.Nifti1Image(labels.transpose(2, 1, 0), affine), place / "nodes.nii.gz")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A clear patient, and two with a structure of two parts."""
    write_patient(tmp_path / "in", "A1", seed=1)
    for number in (2, 3):
        write_two_parts(write_patient(tmp_path / "in", f"A{number}", seed=number))
    return zip_of(tmp_path / "in", tmp_path / "three.zip")


@pytest.fixture
def asked(people, cohort, archive) -> IntakeUpload:
    """The upload of the three, read once."""
    return taken_in(people, cohort, archive)


def taken_in(people, cohort, archive: Path, **options) -> IntakeUpload:
    upload = services.request_intake(
        by=people.coordinator,
        cohort=cohort,
        upload=SimpleUploadedFile("three.zip", archive.read_bytes()),
        keep_patient_ids=False,
        options=IntakeOptions(**options),
    )
    return read(upload)


def read(upload: IntakeUpload) -> IntakeUpload:
    pipeline.take_up(upload.pk)
    upload.refresh_from_db()
    return upload


def outcomes(upload: IntakeUpload) -> list[str]:
    return [entry["outcome"] for entry in upload.report["patients"]]


def question_ids(upload: IntakeUpload) -> list[str]:
    return [question["id"] for question in intake_report.open_questions(upload.report)]


def test_what_is_not_clear_is_asked_and_the_bytes_stay(asked, data_dir):
    assert (asked.state, outcomes(asked)) == ("done", ["accepted", "asked", "asked"])
    assert Patient.objects.count() == 1
    assert asked.kept_until > timezone.now() + timedelta(days=13)
    assert [path.name for path in files_below(data_dir / "drop")] == [asked.drop_name]
    assert len(question_ids(asked)) == 2


def test_names_that_are_patient_ids_are_hidden_in_questions(asked):
    text = str(asked.report)
    assert "A2/" not in text
    assert "[PatientID]/nodes.nii.gz" in text


def test_one_answer_reads_one_patient_and_the_other_is_asked_again(people, asked, data_dir):
    first, second = question_ids(asked)
    before = Patient.objects.get()
    services.answer_intake(by=people.coordinator, upload=asked, answers={first: ["several"]})
    read(asked)
    assert outcomes(asked) == ["accepted", "accepted", "asked"]
    assert question_ids(asked) == [second]
    assert asked.report["patients"][1]["nodes"] == 2
    assert Patient.objects.filter(pk=before.pk).exists()

    services.answer_intake(by=people.coordinator, upload=asked, answers={second: ["one"]})
    read(asked)
    assert outcomes(asked) == ["accepted", "accepted", "accepted"]
    assert asked.report["patients"][2]["nodes"] == 1
    assert asked.kept_until is None
    assert files_below(data_dir / "drop") == []


def test_a_decision_for_the_whole_upload_asks_nothing(people, cohort, archive):
    upload = taken_in(people, cohort, archive, multi_part="one")
    assert outcomes(upload) == ["accepted"] * 3


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({}, "no_answer"),
        ({"0123456789abcdef": ["one"]}, "no_such_question"),
        ({"first": ["both"]}, "no_such_choice"),
        ({"first": []}, "no_such_choice"),
        ({"first": ["one", "several"]}, "one_choice"),
    ],
)
def test_answers_that_fit_no_question_are_refused(people, asked, answers, code):
    told = {name.replace("first", question_ids(asked)[0]): given for name, given in answers.items()}
    with pytest.raises(ValidationError) as refusal:
        services.answer_intake(by=people.coordinator, upload=asked, answers=told)
    assert refusal.value.code == code
    asked.refresh_from_db()
    assert (asked.state, asked.options["answers"]) == ("done", {})


def test_only_a_coordinator_answers(people, asked):
    answers = {question_ids(asked)[0]: ["one"]}
    with pytest.raises(PermissionDenied):
        services.answer_intake(by=people.annotator_one, upload=asked, answers=answers)
    with pytest.raises(PermissionDenied):
        services.give_up_questions(by=people.annotator_one, upload=asked)


def test_an_answer_in_a_second_tab_comes_too_late(people, asked):
    first, second = question_ids(asked)
    services.answer_intake(by=people.coordinator, upload=asked, answers={first: ["one"]})
    with pytest.raises(Conflict, match="Nothing is asked"):
        services.answer_intake(by=people.coordinator, upload=asked, answers={second: ["one"]})


def test_giving_up_refuses_and_removes(people, asked, data_dir):
    services.give_up_questions(by=people.coordinator, upload=asked)
    asked.refresh_from_db()
    assert outcomes(asked) == ["accepted", "refused", "refused"]
    assert asked.report["patients"][1]["code"] == "not_answered"
    assert files_below(data_dir / "drop") == []
    with pytest.raises(Conflict):
        services.give_up_questions(by=people.coordinator, upload=asked)


def test_questions_left_too_long_are_closed_though_nothing_is_uploaded(asked, data_dir):
    reconcile.run_once()
    asked.refresh_from_db()
    assert outcomes(asked) == ["accepted", "asked", "asked"]
    IntakeUpload.objects.update(kept_until=timezone.now() - timedelta(seconds=1))
    reconcile.run_once()
    asked.refresh_from_db()
    assert outcomes(asked) == ["accepted", "refused", "refused"]
    assert (asked.kept_until, files_below(data_dir / "drop")) == (None, [])


def test_on_the_pages(client, people, asked):
    client.force_login(people.coordinator)
    page = client.get(reverse("cohorts:upload", args=[asked.public_id])).text
    assert "2 patients wait for your answer." in " ".join(page.split())
    address = reverse("cohorts:questions", args=[asked.public_id])
    first, second = question_ids(asked)
    shown = client.get(address).text
    assert shown.count('type="radio"') == 4
    assert shown.count("data-similar=") == 2
    assert len({shown.split('data-similar="')[i][:16] for i in (1, 2)}) == 1
    assert client.post(address, {first: "neither"}).status_code == 422
    assert client.post(address, {}).status_code == 422
    answer = client.post(address, {first: "one", second: "several"})
    assert answer.status_code == 302
    assert outcomes(read(asked)) == ["accepted"] * 3
    assert client.get(address).status_code == 302


def test_by_the_api(client, people, asked):
    client.force_login(people.coordinator)
    detail = client.get(reverse("cohorts-api:upload", args=[asked.public_id])).json()
    questions = [one for entry in detail["report"]["patients"] for one in entry["questions"]]
    assert [choice["value"] for choice in questions[0]["choices"]] == ["one", "several"]
    address = reverse("cohorts-api:upload-questions", args=[asked.public_id])
    body = {"answers": {one["id"]: ["one"] for one in questions}}
    answer = client.post(address, body, content_type="application/json")
    assert (answer.status_code, answer.json()["state"]) == (200, "requested")
    assert outcomes(read(asked)) == ["accepted"] * 3
    assert client.post(address, body, content_type="application/json").status_code == 409


def test_the_page_counts_and_filters(client, people, cohort, tmp_path):
    write_patient(tmp_path / "in", "A1", seed=1, nodes=0)
    write_patient(tmp_path / "in", "A2", seed=2)
    break_patient(write_patient(tmp_path / "in", "A3", seed=3))
    upload = taken_in(people, cohort, zip_of(tmp_path / "in", tmp_path / "x.zip"))
    client.force_login(people.coordinator)
    address = reverse("cohorts:upload", args=[upload.public_id])
    page = client.get(address).text
    assert "All 3" in page
    assert "Refused 1" in page
    assert "incomplete_ct" in page
    refused = client.get(address + "?outcome=refused").text
    assert "missing_slice" in refused
    assert "P001" not in refused
    assert client.get(address + "?outcome=nonsense").text.count("<tr>") == page.count("<tr>")


def test_the_table_of_the_report_runs_no_formula(client, people, cohort, tmp_path):
    break_patient(write_patient(tmp_path / "in", "A1"))
    (tmp_path / "in" / "A1").rename(tmp_path / "in" / "=HYPERLINK(1)")
    upload = taken_in(people, cohort, zip_of(tmp_path / "in", tmp_path / "x.zip"))
    client.force_login(people.coordinator)
    answer = client.get(reverse("cohorts:upload-report", args=[upload.public_id]))
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert row["file"].startswith("'=HYPERLINK(1)")
    assert (row["outcome"], row["refusal_code"]) == ("Refused", "missing_slice")
    assert row["suggested_exclusion_code"] == "incomplete_ct"
