"""Search and pull against a real DICOMweb archive (Orthanc), in the worker's own code."""

import json
from datetime import date
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from accounts.errors import Conflict
from accounts.models import AuditEvent
from cohorts import archive_pipeline, archive_selectors, pipeline
from cohorts.channels.dicomweb import is_within
from cohorts.dicom.options import IntakeOptions
from cohorts.models import ArchivePull, ArchiveSearch, IntakeUpload, Patient
from cohorts.services import archives
from jobs.models import JobState
from tests.cohorts.channels.conftest import DATA
from tests.cohorts.conftest import files_below
from tests.cohorts.inputs import write_patient

pytestmark = [pytest.mark.django_db]
PATIENT_ID = "OKBP-133"


def search(people, cohort, *terms, keyword="PatientID", **studied):
    asked = archives.request_search(
        by=people.coordinator,
        cohort=cohort,
        archive="hospital",
        keyword=keyword,
        terms=terms,
        **studied,
    )
    archive_pipeline.take_up_search(asked.pk)
    asked.refresh_from_db()
    return asked


def pull(people, found, positions=None, **decided):
    if positions is None:
        positions = range(found.found_count)
    told = {"by": people.coordinator, "search": found, "positions": positions}
    asked = archives.request_pull(**told, **decided)
    archive_pipeline.take_up_pull(asked.pk)
    asked.refresh_from_db()
    return asked


def test_a_patient_is_found_pulled_and_taken_in_with_the_right_voxels(
    people, cohort, archive, may_ask, reference, settings
):
    archive.send(reference)
    found = search(people, cohort, PATIENT_ID)
    assert found.state == JobState.DONE, found.error
    series = archive_selectors.found_series(found)
    assert sorted((one["modality"], one["instances"]) for one in series) == [
        ("CT", 32),
        ("SEG", 1),
    ]
    done = pull(people, found)
    assert done.state == JobState.DONE, done.error
    assert (done.progress_done, done.progress_total) == (33, 33)
    assert done.bytes_arrived > 32 * 128 * 128 * 2
    pipeline.take_up(done.upload_id)
    truth = json.loads((DATA / "manifest.json").read_text())["12_geometry_variants"][
        "axial_reference"
    ]
    patient = Patient.objects.get()
    assert patient.series.hu_sha256 == truth["hu_int16_sha256"]
    assert patient.nodes.count() > 0
    assert files_below(settings.PULL_DIR) == []


def test_files_arrive_byte_for_byte(people, cohort, archive, may_ask, tmp_path, settings):
    place = write_patient(tmp_path / "in", "BYTES-1", nodes=0)
    archive.send(place / "ct")
    done = pull(people, search(people, cohort, "BYTES-1"))
    drop = settings.DROP_DIR / IntakeUpload.objects.get(pk=done.upload_id).drop_name
    sent = sorted(path.read_bytes() for path in files_below(place))
    arrived = sorted(
        path.read_bytes() for path in files_below(drop) if b"DICM" in path.read_bytes()[:132]
    )
    assert arrived == sent


def test_ids_are_sealed_while_needed_and_erased_after(people, cohort, archive, may_ask, reference):
    archive.send(reference)
    found = search(people, cohort, PATIENT_ID)
    assert PATIENT_ID not in found.sealed_found + found.sealed_terms
    asked = archives.request_pull(by=people.coordinator, search=found, positions=[0, 1])
    assert asked.sealed_series
    assert "1.2.826" not in asked.sealed_series
    archive_pipeline.take_up_pull(asked.pk)
    for model in (ArchiveSearch, ArchivePull):
        for row in model.objects.values():
            assert not any(value for name, value in row.items() if name.startswith("sealed_")), row
    trail = json.dumps(list(AuditEvent.objects.values("old", "new", "reason")))
    assert "search_archive" in AuditEvent.objects.values_list("verb", flat=True)
    assert PATIENT_ID not in trail
    assert "1.2.826" not in trail


def test_only_the_patient_asked_for_is_found(people, cohort, archive, may_ask, tmp_path):
    for name in ("ONE", "ONE-B", "TWO"):
        archive.send(write_patient(tmp_path, name, seed=len(name) + ord(name[-1]), nodes=0) / "ct")
    done = search(people, cohort, "nobody", "ONE")
    assert [one["term"] for one in archive_selectors.found_series(done)] == ["ONE"]
    assert archive_selectors.terms_without_series(done) == ["nobody"]


def test_search_by_study_uid(people, cohort, archive, may_ask, reference):
    archive.send(reference)
    study = archive.ask("/studies")[0]
    uid = archive.ask(f"/studies/{study}")["MainDicomTags"]["StudyInstanceUID"]
    assert search(people, cohort, uid, keyword="StudyInstanceUID").found_count == 2


def test_only_studies_of_these_days_are_found(people, cohort, archive, may_ask, reference):
    archive.send(reference)
    told = archive.ask("/studies?expand")[0]["MainDicomTags"]["StudyDate"]
    day = date(int(told[:4]), int(told[4:6]), int(told[6:]))
    found = search(people, cohort, PATIENT_ID, studied_from=day, studied_until=day)
    dates = {one["study_date"] for one in archive_selectors.found_series(found)}
    assert dates == {day.isoformat()}
    later = date.fromordinal(day.toordinal() + 1)
    assert search(people, cohort, PATIENT_ID, studied_from=later).found_count == 0


@pytest.mark.parametrize(
    ("studied", "day", "expected"),
    [
        ("20200101-20201231", "20200101", True),
        ("20200101-20201231", "20201231", True),
        ("20200101-20201231", "20210101", False),
        ("20200101-", "20191231", False),
        ("20200101-", "20300101", True),
        ("-20201231", "19990101", True),
        ("-20201231", "20210101", False),
        # A study without a date matches no range (PS3.4 C.2.2.2.5).
        ("20200101-", "", False),
        ("-20201231", "unknown", False),
    ],
)
def test_a_study_date_within_a_range(studied, day, expected):
    assert is_within(studied, day) is expected


def test_dates_the_wrong_way_round(people, cohort, settings):
    settings.ARCHIVES = [{"name": "Hospital", "url": "https://x.org", "cohorts": [cohort.name]}]
    with pytest.raises(ValidationError, match="swap the dates") as refusal:
        search(people, cohort, "1", studied_from=date(2021, 1, 1), studied_until=date(2020, 1, 1))
    assert refusal.value.code == "dates_reversed"


def test_more_series_than_one_search_may_find(
    people, cohort, archive, may_ask, reference, monkeypatch
):
    monkeypatch.setattr("cohorts.archive_pipeline.MAX_FOUND", 1)
    archive.send(reference)
    failed = search(people, cohort, PATIENT_ID)
    assert "(remote_too_large)" in failed.error
    assert failed.sealed_found == ""


def test_a_search_that_is_cancelled_forgets_what_was_asked(people, cohort, may_ask):
    asked = archives.request_search(
        by=people.coordinator, cohort=cohort, archive="Hospital", keyword="PatientID", terms=["1"]
    )
    assert archive_selectors.has_open_archive_work(cohort)
    archives.cancel_search(by=people.coordinator, search=asked)
    archive_pipeline.take_up_search(asked.pk)
    asked.refresh_from_db()
    assert asked.state == JobState.CANCELLED
    assert asked.is_forgotten
    assert not archive_selectors.has_open_archive_work(cohort)
    with pytest.raises(Conflict):
        archives.cancel_search(by=people.coordinator, search=asked)


def test_a_wrong_password_is_named(people, cohort, archive, may_ask, monkeypatch):
    monkeypatch.setenv("TEST_ARCHIVE_PASSWORD", "wrong")
    failed = search(people, cohort, PATIENT_ID)
    assert failed.state == JobState.FAILED
    assert "(remote_authentication)" in failed.error
    assert "HTTP 401" in failed.error


def test_no_archive_at_the_address(people, cohort, may_ask, settings, monkeypatch):
    monkeypatch.setattr("cohorts.channels.dicomweb.RETRY_WAITS_S", (0.01,))
    settings.ARCHIVES = [may_ask | {"url": "http://127.0.0.1:9/dicom-web"}]
    failed = search(people, cohort, PATIENT_ID)
    assert "(remote_unreachable)" in failed.error


def test_an_address_that_is_no_dicomweb_service(people, cohort, archive, may_ask, settings):
    settings.ARCHIVES = [may_ask | {"url": archive.base + "/nothing"}]
    assert "(remote_not_found)" in search(people, cohort, PATIENT_ID).error


def test_a_series_that_lost_an_instance_since_the_search(
    people, cohort, archive, may_ask, reference
):
    archive.send(reference)
    found = search(people, cohort, PATIENT_ID)
    ct = next(
        one for one in archive.ask("/series?expand") if one["MainDicomTags"]["Modality"] == "CT"
    )
    archive.ask(f"/instances/{ct['Instances'][5]}", method="DELETE")
    failed = pull(people, found)
    assert failed.state == JobState.FAILED
    assert "(remote_count)" in failed.error
    assert "31" in failed.error
    assert "32" in failed.error
    assert not Patient.objects.exists()
    assert failed.upload is None


def test_an_instance_whose_file_is_gone_and_going_on_once_it_is_back(
    people, cohort, archive, archive_server, may_ask, reference, monkeypatch, settings
):
    monkeypatch.setattr("cohorts.channels.dicomweb.RETRY_WAITS_S", (0.01,))
    archive.send(reference)
    found = search(people, cohort, PATIENT_ID)
    images = sorted(path for path in _stored(archive) if path.stat().st_size > 30_000)
    hidden = images[7].with_suffix(".hidden")
    images[7].rename(hidden)
    failed = pull(people, found)
    assert failed.state == JobState.FAILED
    assert "(remote_" in failed.error
    kept = len(files_below(settings.PULL_DIR))
    assert 0 <= kept < 33
    hidden.rename(images[7])
    archives.resume_pull(by=people.coordinator, pull=failed)
    archive_pipeline.take_up_pull(failed.pk)
    failed.refresh_from_db()
    assert failed.state == JobState.DONE, failed.error


def _stored(archive):
    return [path for path in files_below(Path(archive.folder) / "images") if path.suffix == ""]


def test_larger_than_the_limit(people, cohort, archive, may_ask, reference, settings):
    archive.send(reference)
    settings.ARCHIVES = [may_ask | {"max_bytes": 100_000}]
    failed = pull(people, search(people, cohort, PATIENT_ID))
    assert "(remote_too_large)" in failed.error
    settings.ARCHIVES = [may_ask | {"max_instances": 5}]
    archives.resume_pull(by=people.coordinator, pull=failed)
    archive_pipeline.take_up_pull(failed.pk)
    failed.refresh_from_db()
    assert "(remote_too_large)" in failed.error


def test_running_the_same_pull_twice_makes_one_upload(people, cohort, archive, may_ask, reference):
    archive.send(reference)
    decided = IntakeOptions(protect_faces=True, node_structures=("LN*",))
    done = pull(people, search(people, cohort, PATIENT_ID), options=decided)
    archive_pipeline.take_up_pull(done.pk)
    upload = IntakeUpload.objects.get()
    # What was decided for all patients goes along.
    assert (upload.options["protect_faces"], upload.options["node_structures"]) == (True, ["LN*"])


def test_a_cancelled_pull_leaves_nothing(people, cohort, archive, may_ask, reference, settings):
    archive.send(reference)
    found = search(people, cohort, PATIENT_ID)
    asked = archives.request_pull(by=people.coordinator, search=found, positions=[0, 1])
    archives.cancel_pull(by=people.coordinator, pull=asked)
    archive_pipeline.take_up_pull(asked.pk)
    asked.refresh_from_db()
    assert asked.state == JobState.CANCELLED
    assert asked.sealed_series == ""
    assert files_below(settings.PULL_DIR) == []
    assert not IntakeUpload.objects.exists()
