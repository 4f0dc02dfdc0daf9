"""From files to rows: pseudonyms, second imports, refusals that leave nothing behind."""

import hashlib
import json
import logging
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.storage import default_storage

from accounts.models import AuditEvent
from cohorts import drop, intake, intake_report, pipeline, selectors, services, storage
from cohorts.dicom.intake import prepare_patient
from cohorts.dicom.patients import scan_folder
from cohorts.models import Cohort, CTSeries, IntakeUpload, Node, NodeMask, Patient
from cohorts.vocabulary import CohortRole
from jobs import leases
from tests.cohorts.conftest import files_below
from tests.cohorts.inputs import SLICES, break_patient, write_patient
from tests.people import join

pytestmark = pytest.mark.usefixtures("data_dir")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def take_in(people, cohort, path, *, keep=False):
    return services.import_folder(
        by=people.coordinator, cohort=cohort, path=path, keep_patient_ids=keep
    )


def outcomes(upload):
    return [(entry["outcome"], entry["pseudonym"]) for entry in upload.report["patients"]]


def only_refusal(upload):
    (entry,) = [entry for entry in upload.report["patients"] if entry["outcome"] == "refused"]
    return entry


def rows():
    return [model.objects.count() for model in (Patient, CTSeries, Node, NodeMask)]


def blobs():
    return {path.name for path in files_below(Path(default_storage.location))}


def referenced():
    keys = set(NodeMask.objects.values_list("runs_key", flat=True))
    keys |= set(CTSeries.objects.values_list("header_key", flat=True))
    for frames in CTSeries.objects.values_list("frames", flat=True):
        keys.update(frame["sha256"] for frame in frames)
    return keys


def test_patients_are_numbered_and_counted(people, cohort, source):
    for number in (1, 2):
        write_patient(source, f"SECRET-{number}", seed=number)
    upload = take_in(people, cohort, source)
    assert upload.state == "done"
    assert outcomes(upload) == [("accepted", "P001"), ("accepted", "P002")]
    assert [entry["slices"] for entry in upload.report["patients"]] == [SLICES, SLICES]
    assert selectors.cohort_counts(cohort) == {"patients": 2, "included": 2, "nodes": 4}
    assert (upload.progress_done, upload.progress_total) == (2, 2)


def test_a_stored_case_can_be_served_and_measured(people, cohort, source):
    write_patient(source, "A1")
    take_in(people, cohort, source)
    series = CTSeries.objects.get()
    volume = selectors.volume_hu(series, 0, SLICES - 1)
    assert hashlib.sha256(volume.astype("<i2").tobytes()).hexdigest() == series.hu_sha256
    mask = selectors.current_masks(series.patient)[0]
    box, voxels = selectors.mask_array(mask)
    assert (mask.voxels, int(voxels.sum())) == (108, 108)
    assert box.to_list() == mask.bounding_box == [[1, 4], [20, 26], [12, 18]]
    assert mask.volume_ml == pytest.approx(108 * 3 / 1000)
    assert mask.digest == (
        hashlib.sha256(series.hu_sha256.encode() + storage.get(mask.runs_key)).hexdigest()
    )


def test_nothing_lies_around_after_an_import(people, cohort, source, data_dir):
    write_patient(source, "A1")
    take_in(people, cohort, source)
    assert files_below(data_dir / "drop") == []
    assert list((data_dir / "drop").iterdir()) == []
    assert blobs() == referenced()


def test_numbers_go_on_where_they_stopped(people, cohort, source):
    Patient.objects.create(cohort=cohort, pseudonym="P007", source_key="x")
    Patient.objects.create(cohort=cohort, pseudonym="HELLO", source_key="y")
    write_patient(source, "A1")
    assert outcomes(take_in(people, cohort, source)) == [("accepted", "P008")]


def test_patient_ids_are_kept_on_request(people, cohort, source):
    write_patient(source, "NECK_01")
    upload = take_in(people, cohort, source, keep=True)
    assert outcomes(upload) == [("accepted", "NECK_01")]
    assert upload.report["patients"][0]["file"] == ""


@pytest.mark.parametrize("patient_id", ["Smith^John", "-A1", "A" * 33, ""])
def test_a_patient_id_that_is_no_pseudonym_is_refused(people, cohort, source, patient_id):
    folder = write_patient(source, patient_id)
    folder.rename(source / "folder")
    upload = take_in(people, cohort, source, keep=True)
    entry = only_refusal(upload)
    assert entry["code"] == "pseudonym_form"
    assert "1 to 32 letters" in entry["sentence"]
    assert rows() == [0, 0, 0, 0]
    assert blobs() == set()


def test_a_kept_id_that_is_taken_is_refused(people, cohort, source):
    Patient.objects.create(cohort=cohort, pseudonym="P001", source_key="somebody else")
    write_patient(source, "P001")
    upload = take_in(people, cohort, source, keep=True)
    assert only_refusal(upload)["code"] == "pseudonym_taken"
    assert Patient.objects.count() == 1


def test_the_patient_id_is_stored_nowhere(people, cohort, source, caplog):
    caplog.set_level(logging.DEBUG)
    place = write_patient(source, "HOSPITAL-4711")
    (place / "nodes.nii.gz").rename(place / "HOSPITAL-4711.nii.gz")
    break_patient(write_patient(source, "HOSPITAL-4712", seed=2))
    named_by_id = take_in(people, cohort, place)
    assert named_by_id.shown_name == "files"
    upload = take_in(people, cohort, source)
    kept = json.dumps(
        [
            list(model.objects.values())
            for model in (Patient, CTSeries, Node, NodeMask, IntakeUpload, AuditEvent)
        ],
        default=str,
    )
    assert "HOSPITAL" not in kept
    assert "HOSPITAL" not in caplog.text
    assert only_refusal(upload)["file"].startswith(intake_report.HIDDEN)
    assert "Nobody^Real" not in kept


def test_a_second_import_changes_nothing(people, cohort, source):
    write_patient(source, "A1")
    take_in(people, cohort, source)
    before, stored = rows(), blobs()
    upload = take_in(people, cohort, source)
    assert outcomes(upload) == [("already_there", "P001")]
    assert (rows(), blobs()) == (before, stored)


def test_a_second_import_is_compared_with_what_was_imported(people, cohort, source):
    """A mask refined since then is another version and no conflict."""
    write_patient(source, "A1", nodes=1)
    take_in(people, cohort, source)
    first = NodeMask.objects.get()
    NodeMask.objects.update(is_current=False)
    first.pk, first.version, first.is_current, first.digest = None, 2, True, "f" * 64
    first.save()
    assert outcomes(take_in(people, cohort, source)) == [("already_there", "P001")]


def test_the_same_patient_with_another_ct_is_a_conflict(people, cohort, source, tmp_path):
    write_patient(source, "A1")
    take_in(people, cohort, source)
    before, stored = rows(), blobs()
    write_patient(tmp_path / "again", "A1", seed=99)
    upload = take_in(people, cohort, tmp_path / "again")
    entry = only_refusal(upload)
    assert entry["code"] == "conflicting_ct"
    assert "as P001 with another CT; nothing was changed" in entry["sentence"]
    assert (rows(), blobs()) == (before, stored)


@pytest.mark.parametrize("changes", [{"mask_shift": 1}, {"nodes": 3}, {"nodes": 1}, {"nodes": 0}])
def test_the_same_ct_with_other_masks_is_a_conflict(people, cohort, source, tmp_path, changes):
    write_patient(source, "A1")
    take_in(people, cohort, source)
    before, stored = rows(), blobs()
    write_patient(tmp_path / "again", "A1", **changes)
    upload = take_in(people, cohort, tmp_path / "again")
    assert only_refusal(upload)["code"] == "conflicting_masks"
    assert (rows(), blobs()) == (before, stored)


def test_a_face_protected_case_has_masks_of_its_own(people, cohort, source):
    """A prediction is found by the mask's digest: it must not be one of the unprotected voxels."""
    write_patient(source, "A1")
    folder = source / "case"
    folder.mkdir()
    (patient,) = scan_folder(source).patients
    prepare_patient(patient, folder)
    take_in(people, cohort, source / "A1")
    stored = dict(NodeMask.objects.values_list("node__number", "digest"))
    case = intake.Case.load(folder)
    assert case.mask_digests() == stored
    blanked = {"applied": True, "stored_hu_int16_sha256": "0" * 64}
    case.record["deidentification"]["face_protection"] = blanked
    assert not set(stored.values()) & set(case.mask_digests().values())
    with pytest.raises(intake.CannotStoreError) as refused:
        intake._known(cohort, case)
    assert refused.value.code == "conflicting_protection"


def test_one_ct_under_two_patient_ids_is_refused(people, cohort, source):
    write_patient(source, "A1")
    write_patient(source, "A2")
    upload = take_in(people, cohort, source)
    assert outcomes(upload) == [("accepted", "P001"), ("refused", "")]
    assert "the same CT is in the cohort as P001" in only_refusal(upload)["sentence"]


def test_two_cohorts_may_hold_one_patient_and_cannot_be_joined_by_key(people, cohort, source):
    other = Cohort.objects.create(name="Other")
    join(other, people.coordinator, CohortRole.COORDINATOR)
    write_patient(source, "A1")
    take_in(people, cohort, source)
    take_in(people, other, source)
    keys = set(Patient.objects.values_list("source_key", flat=True))
    assert len(keys) == 2
    assert blobs() == referenced()


def test_patients_without_an_id_are_told_apart_by_their_images(people, cohort, source):
    write_patient(source, "", seed=1).rename(source / "one")
    write_patient(source, "", seed=2).rename(source / "two")
    assert outcomes(take_in(people, cohort, source)) == [
        ("accepted", "P001"),
        ("accepted", "P002"),
    ]
    assert {outcome for outcome, _ in outcomes(take_in(people, cohort, source))} == {
        "already_there"
    }


def test_a_broken_patient_leaves_nothing_and_the_others_enter(people, cohort, source, data_dir):
    write_patient(source, "A1", seed=1)
    break_patient(write_patient(source, "A2", seed=2))
    write_patient(source, "A3", seed=3)
    upload = take_in(people, cohort, source)
    assert outcomes(upload) == [("accepted", "P001"), ("refused", ""), ("accepted", "P002")]
    entry = only_refusal(upload)
    assert entry["code"] == "missing_slice"
    assert entry["file"].endswith("IM001.dcm")
    assert "missing" in entry["sentence"]
    assert (entry["slices"], entry["nodes"], entry["patient"]) == (0, 0, None)
    assert rows() == [2, 2, 4, 4]
    assert blobs() == referenced()
    assert list((data_dir / "drop").iterdir()) == []


def test_an_upload_without_any_ct_is_refused_whole(people, cohort, source, data_dir):
    (source / "readme.txt").write_text("no images")
    upload = take_in(people, cohort, source)
    assert upload.state == "failed"
    assert upload.report["refusal"]["code"] == "no_ct"
    assert "no CT image was found" in upload.error
    assert list((data_dir / "drop").iterdir()) == []


def test_a_failure_between_blobs_and_rows_leaves_neither(people, cohort, source, data_dir):
    """A pseudonym longer than its column breaks the rows after the blobs are written."""
    Patient.objects.create(cohort=cohort, pseudonym="P" + "9" * 31, source_key="x")
    write_patient(source, "A1")
    with pytest.raises(ValidationError):
        take_in(people, cohort, source)
    assert rows() == [1, 0, 0, 0]
    assert blobs() == set()
    assert list((data_dir / "drop").iterdir()) == []
    upload = IntakeUpload.objects.get()
    assert upload.state == "failed"
    assert "Run the command again" in upload.error


def test_a_failure_keeps_the_blobs_that_a_stored_patient_has(people, cohort, source):
    other = Cohort.objects.create(name="Other")
    join(other, people.coordinator, CohortRole.COORDINATOR)
    write_patient(source, "A1")
    take_in(people, cohort, source)
    stored = blobs()
    Patient.objects.create(cohort=other, pseudonym="P" + "9" * 31, source_key="x")
    with pytest.raises(ValidationError):
        take_in(people, other, source)
    assert blobs() == stored == referenced()


def test_only_a_coordinator_imports(people, cohort, source):
    with pytest.raises(PermissionDenied):
        services.import_folder(
            by=people.annotator_one, cohort=cohort, path=source, keep_patient_ids=False
        )
    assert not IntakeUpload.objects.exists()


def test_a_path_must_be_there(people, cohort, source):
    with pytest.raises(ValidationError, match="There is nothing at") as refusal:
        take_in(people, cohort, source / "absent")
    assert refusal.value.code == "no_such_path"


def test_progress_names_patient_and_slice(people, cohort, source):
    for number in (1, 2):
        write_patient(source, f"A{number}", seed=number)
    told = []
    services.import_folder(
        by=people.coordinator,
        cohort=cohort,
        path=source,
        keep_patient_ids=False,
        progress=told.append,
    )
    stages = [progress.stage for progress in told]
    assert stages[-1] == "Done"
    assert "Storing patient 2 of 2" in stages


def test_a_reader_event_is_put_into_words():
    event = pipeline.ReadingProgress(stage="slices", patient=2, patients=12, done=80, total=180)
    assert pipeline._in_words(event).note == "Patient 2 of 12, slice 40 of 90"


def test_an_import_in_progress_is_not_free_for_a_worker(people, cohort, source):
    """The row of a running command carries a lease; a killed command's ends as failed."""
    upload = IntakeUpload.objects.create(cohort=cohort, requested_by=people.coordinator)
    held = leases.claim(IntakeUpload, upload.pk, owner="command")
    pipeline.take_up(upload.pk)
    upload.refresh_from_db()
    assert (upload.state, upload.attempts) == ("running", 1)
    leases.give_back(held, error="")
    pipeline.take_up(upload.pk)
    upload.refresh_from_db()
    assert upload.state == "failed"
    assert "import_cases' again" in upload.error


def test_names_of_the_drop_folder_lead_nowhere_else():
    for name in ("../x.zip", "/etc/passwd", "a.zip", ""):
        with pytest.raises(ValueError, match="not a name of the drop folder"):
            drop.path_of(name)
