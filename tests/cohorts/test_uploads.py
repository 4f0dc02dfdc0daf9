"""From the page to the worker to the report; kills, cancels and refused files."""

import io
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse

from accounts.errors import Conflict
from cohorts import drop, pipeline, services, tasks
from cohorts.models import IntakeUpload, NodeMask, Patient
from jobs import leases, reconcile
from tests.cohorts.conftest import files_below
from tests.cohorts.inputs import SPACING_Z, break_patient, write_patient, zip_of

pytestmark = pytest.mark.usefixtures("data_dir")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A zip with two patients."""
    for number in (1, 2):
        write_patient(tmp_path / "in", f"A{number}", seed=number)
    return zip_of(tmp_path / "in", tmp_path / "two.zip")


def ask(people, cohort, archive, **changes):
    upload = SimpleUploadedFile("two.zip", archive.read_bytes())
    told = {"upload": upload, "keep_patient_ids": False} | changes
    return services.request_intake(by=people.coordinator, cohort=cohort, **told)


def dropped(data_dir):
    return files_below(data_dir / "drop")


def outcomes(upload):
    upload.refresh_from_db()
    return [entry["outcome"] for entry in upload.report["patients"]]


@pytest.mark.django_db(transaction=True)
def test_upload_through_the_page_worker_and_report(
    transactional_db, client, people, cohort, archive, data_dir
):
    client.force_login(people.coordinator)
    with archive.open("rb") as file:
        answer = client.post(
            reverse("cohorts:start-intake", args=[cohort.public_id]), {"file": file}
        )
    upload = IntakeUpload.objects.get()
    page = reverse("cohorts:upload", args=[upload.public_id])
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert len(dropped(data_dir)) == 1
    assert "Waiting for the worker" in client.get(page).text

    call_command("run_worker", batch=True, interval=0)

    upload.refresh_from_db()
    assert (upload.state, outcomes(upload)) == ("done", ["accepted", "accepted"])
    assert dropped(data_dir) == []
    report = client.get(page).text
    assert "P001" in report
    assert "Accepted" in report
    assert 'hx-trigger="every 1s"' not in report
    patient = Patient.objects.get(pseudonym="P001")
    assert patient.nodes.first().masks.get().border_mm == SPACING_Z
    assert "below 5 mm" not in client.get(f"/cohorts/patients/{patient.public_id}/").text


def test_the_job_is_enqueued_only_when_the_row_is_there(
    people, cohort, archive, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as callbacks:
        ask(people, cohort, archive)
    assert len(callbacks) == 1


@pytest.mark.parametrize("who", ["annotator_one", "adjudicator", "statistician", "outsider"])
def test_only_a_coordinator_uploads(people, cohort, archive, data_dir, who):
    with pytest.raises(PermissionDenied):
        services.request_intake(
            by=getattr(people, who),
            cohort=cohort,
            upload=SimpleUploadedFile("two.zip", archive.read_bytes()),
            keep_patient_ids=False,
        )
    assert dropped(data_dir) == []


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "not_a_zip"), (b"hello, I am no zip", "not_a_zip")]
)
def test_what_is_no_zip_is_refused_at_once(people, cohort, archive, data_dir, content, code):
    with pytest.raises(ValidationError) as refusal:
        ask(people, cohort, archive, upload=SimpleUploadedFile("x.zip", content))
    assert refusal.value.code == code
    assert dropped(data_dir) == []
    assert not IntakeUpload.objects.exists()


def test_what_is_too_large_is_refused_while_it_is_read(people, cohort, archive, data_dir, settings):
    settings.INTAKE_MAX_BYTES = 1000
    with pytest.raises(ValidationError, match="larger than") as refusal:
        ask(people, cohort, archive)
    assert refusal.value.code == "too_large"
    assert dropped(data_dir) == []


def test_a_name_is_shown_without_its_folders(people, cohort, archive):
    upload = SimpleUploadedFile("two.zip", archive.read_bytes())
    upload._name = "..\\C:\\data/x\x07.zip"
    assert ask(people, cohort, archive, upload=upload).shown_name == "x?.zip"


def test_a_damaged_zip_ends_with_its_reason(people, cohort, archive, data_dir):
    cut = SimpleUploadedFile("cut.zip", archive.read_bytes()[:-400])
    upload = ask(people, cohort, archive, upload=cut)
    pipeline.take_up(upload.pk)
    upload.refresh_from_db()
    assert upload.state == "failed"
    assert upload.report["refusal"]["code"] == "archive_damaged"
    assert upload.report["refusal"]["file"] == "cut.zip"
    assert dropped(data_dir) == []


def test_taking_up_a_finished_upload_does_nothing(people, cohort, archive):
    upload = ask(people, cohort, archive)
    tasks.run_intake.func(upload.pk)
    before = list(NodeMask.objects.values())
    tasks.run_intake.func(upload.pk)
    assert outcomes(upload) == ["accepted", "accepted"]
    assert list(NodeMask.objects.values()) == before


def test_an_attempt_that_stored_one_patient_is_gone_on_with(people, cohort, archive, data_dir):
    """As after a kill: one patient stored and reported, the lease run out, a work folder left."""
    upload = ask(people, cohort, archive)
    held = leases.claim(IntakeUpload, upload.pk, owner="killed")
    stop = []

    def stop_at_the_second(progress):
        if progress.stage == "Storing patient 2 of 2":
            stop.append(progress)
            raise SystemExit

    with pytest.raises(SystemExit):
        pipeline.run_held(held, None, progress=stop_at_the_second)
    left = data_dir / "drop" / f"{upload.public_id.hex}.work1"
    left.mkdir()
    (left / "half.jls").write_bytes(b"x")
    assert stop
    assert Patient.objects.count() == 1
    assert outcomes(upload) == ["accepted"]

    pipeline.take_up(upload.pk)

    assert outcomes(upload) == ["accepted", "accepted"]
    assert (upload.state, upload.attempts) == ("done", 2)
    assert list(Patient.objects.values_list("pseudonym", flat=True)) == ["P001", "P002"]
    assert NodeMask.objects.count() == 4
    assert list((data_dir / "drop").iterdir()) == []


def test_a_waiting_upload_is_put_back_into_the_queue(people, cohort, archive):
    ask(people, cohort, archive)
    assert reconcile.run_once() == 1
    assert reconcile.run_once() == 0


def test_two_workers_cannot_hold_one_upload(people, cohort, archive):
    upload = ask(people, cohort, archive)
    leases.claim(IntakeUpload, upload.pk, owner="first")
    pipeline.take_up(upload.pk)
    assert not Patient.objects.exists()
    upload.refresh_from_db()
    assert (upload.state, upload.lease_owner) == ("running", "first")


def test_a_worker_that_lost_its_lease_stops_writing(people, cohort, archive, data_dir):
    upload = ask(people, cohort, archive)
    held = leases.claim(IntakeUpload, upload.pk, owner="first")

    def lose(progress):
        IntakeUpload.objects.update(lease_owner="second", attempts=2)

    pipeline.run_held(held, None, progress=lose)
    assert not Patient.objects.exists()
    upload.refresh_from_db()
    assert (upload.state, upload.report) == ("running", {})
    assert [path.name for path in dropped(data_dir)] == [upload.drop_name]


def test_a_cancelled_upload_keeps_what_was_stored(people, cohort, archive, data_dir):
    upload = ask(people, cohort, archive)
    held = leases.claim(IntakeUpload, upload.pk, owner="worker")

    def cancel_at_the_second(progress):
        if progress.stage == "Storing patient 2 of 2":
            services.cancel_intake(by=people.coordinator, upload=upload)

    pipeline.run_held(held, None, progress=cancel_at_the_second)
    pipeline.discard_if_over(upload.pk)
    assert outcomes(upload) == ["accepted"]
    assert upload.state == "cancelled"
    assert list((data_dir / "drop").iterdir()) == []


def test_an_upload_cancelled_before_it_began_is_deleted(people, cohort, archive, data_dir):
    upload = ask(people, cohort, archive)
    services.cancel_intake(by=people.coordinator, upload=upload)
    pipeline.take_up(upload.pk)
    upload.refresh_from_db()
    assert upload.state == "cancelled"
    assert dropped(data_dir) == []


def test_an_upload_that_is_over_cannot_be_cancelled(people, cohort, archive):
    upload = ask(people, cohort, archive)
    pipeline.take_up(upload.pk)
    with pytest.raises(Conflict, match="over already"):
        services.cancel_intake(by=people.coordinator, upload=upload)
    with pytest.raises(PermissionDenied):
        services.cancel_intake(by=people.annotator_one, upload=upload)


def test_a_lost_file_is_told(people, cohort, archive):
    upload = ask(people, cohort, archive)
    drop.discard(upload.drop_name)
    pipeline.take_up(upload.pk)
    upload.refresh_from_db()
    assert (upload.state, "upload it again" in upload.error) == ("failed", True)


def test_a_refused_patient_is_named_in_the_report(people, cohort, tmp_path, client):
    break_patient(write_patient(tmp_path / "in", "A1"))
    upload = ask(people, cohort, zip_of(tmp_path / "in", tmp_path / "one.zip"))
    pipeline.take_up(upload.pk)
    client.force_login(people.coordinator)
    page = client.get(reverse("cohorts:upload", args=[upload.public_id])).text
    assert "Refused" in page
    assert "missing_slice" in page
    assert "IM001.dcm" in page
    assert not Patient.objects.exists()


def test_only_abandoned_files_are_swept(people, cohort, archive, data_dir, monkeypatch):
    kept = ask(people, cohort, archive)
    orphan = drop.write(iter([b"PK\x03\x04 orphan"]))
    (data_dir / "drop" / "0123.work2").mkdir()
    drop.sweep()
    assert len(list((data_dir / "drop").iterdir())) == 3
    monkeypatch.setattr(drop, "ABANDONED_SECONDS", -1.0)
    drop.sweep()
    assert [path.name for path in (data_dir / "drop").iterdir()] == [kept.drop_name]
    assert orphan != kept.drop_name


def test_an_empty_read_is_not_stored(data_dir):
    with pytest.raises(ValidationError, match="empty"):
        drop.write(iter(lambda: io.BytesIO().read(), b""))
