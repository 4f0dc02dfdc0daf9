"""A watched folder: what has come to rest goes in once, and gets a report."""

import os
import shutil
import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from cohorts import pipeline
from cohorts.channels import watching
from cohorts.models import Cohort, IntakeUpload, Patient
from tests.cohorts.conftest import files_below
from tests.cohorts.inputs import break_patient, write_patient, zip_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(data_dir, tmp_path):
    place = tmp_path / "watched"
    place.mkdir()
    return place


def look(folder, settle=0.0, cohort="External test 1"):
    call_command("watch_folder", cohort=cohort, folder=folder, once=True, settle=settle)


def work():
    for upload in IntakeUpload.objects.all():
        pipeline.take_up(upload.pk)


def bring(folder, name="P-1", **more):
    return write_patient(folder, name, **more)


def test_a_folder_is_taken_in_kept_and_reported(cohort, folder):
    bring(folder)
    sent = {path.name: path.read_bytes() for path in files_below(folder)}
    look(folder)
    assert not (folder / "P-1").exists()
    work()
    look(folder)
    patient = Patient.objects.get()
    assert patient.nodes.count() == 2
    kept = {path.name: path.read_bytes() for path in files_below(folder / "_taken" / "P-1")}
    assert kept == sent
    report = (folder / "_taken" / "P-1.report.txt").read_text()
    assert "P001: accepted, 5 slices, 2 nodes" in report
    assert list((folder / "_working").iterdir()) == []


def test_a_zip_is_taken_in(cohort, folder, tmp_path):
    bring(tmp_path / "elsewhere")
    zip_of(tmp_path / "elsewhere", folder / "patients.zip")
    look(folder)
    work()
    look(folder)
    assert Patient.objects.count() == 1
    assert (folder / "_taken" / "patients.zip").is_file()


def test_what_still_changes_is_waited_for(cohort, folder):
    bring(folder)
    look(folder, settle=60)
    assert (folder / "P-1").is_dir()
    assert not IntakeUpload.objects.exists()


def test_the_clock_starts_anew_with_each_file_even_an_old_one(cohort, folder):
    place = bring(folder)
    time.sleep(0.6)
    late = place / "ct" / "late.dcm"
    shutil.copy2(place / "ct" / "IM000.dcm", late)
    os.utime(late, (1, 1))  # as "cp -p" and rsync leave it
    look(folder, settle=0.5)
    assert (folder / "P-1").is_dir()


@pytest.mark.parametrize("name", [".part", ".filepart"])
def test_a_copy_that_says_it_is_not_complete_is_waited_for(cohort, folder, name):
    place = bring(folder)
    (place / "ct" / "IM004.dcm").rename(place / "ct" / f"IM004.dcm{name}")
    time.sleep(0.1)
    look(folder, settle=0.05)
    assert (folder / "P-1").is_dir()
    (place / "ct" / f"IM004.dcm{name}").rename(place / "ct" / "IM004.dcm")
    time.sleep(0.1)
    look(folder, settle=0.05)
    work()
    assert Patient.objects.get().series.geometry["shape_zyx"][0] == 5


def test_half_a_zip_is_waited_for(cohort, folder, tmp_path):
    bring(tmp_path / "elsewhere")
    whole = zip_of(tmp_path / "elsewhere", tmp_path / "whole.zip").read_bytes()
    (folder / "patients.zip").write_bytes(whole[: len(whole) // 2])
    time.sleep(0.1)
    look(folder, settle=0.05)
    assert (folder / "patients.zip").exists()
    (folder / "patients.zip").write_bytes(whole)
    time.sleep(0.1)
    look(folder, settle=0.05)
    work()
    assert Patient.objects.count() == 1


def test_half_a_zip_that_never_gets_whole_is_refused_with_a_sentence(cohort, folder):
    (folder / "patients.zip").write_bytes(b"PK\x03\x04" + b"0" * 100)
    time.sleep(0.3)
    look(folder, settle=0.01)
    work()
    look(folder)
    assert "zip file is damaged" in (folder / "_refused" / "patients.zip.report.txt").read_text()
    assert (folder / "_refused" / "patients.zip").read_bytes().startswith(b"PK")


def test_a_refused_patient_is_reported_with_the_reason(cohort, folder):
    break_patient(bring(folder))
    look(folder)
    work()
    look(folder)
    report = (folder / "_refused" / "P-1.report.txt").read_text()
    assert "refused" in report
    assert "missing_slice" in report or "unequal_spacing" in report
    assert not Patient.objects.exists()
    assert len(files_below(folder / "_refused" / "P-1")) == 5


def test_links_are_not_followed(cohort, folder, tmp_path):
    bring(tmp_path / "private")
    (folder / "link").symlink_to(tmp_path / "private")
    look(folder)
    assert not IntakeUpload.objects.exists()
    assert (folder / "_refused" / "link").is_symlink()
    assert "links are not followed" in (folder / "_refused" / "link.report.txt").read_text()
    assert len(files_below(tmp_path / "private")) == 6


def test_links_inside_a_folder_are_left_out(cohort, folder, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("private")
    place = bring(folder)
    (place / "ct" / "link.dcm").symlink_to(secret)
    look(folder)
    drop = next(Path(tmp_path / "drop").glob("*.files"))
    assert all(b"private" not in path.read_bytes() for path in files_below(drop))
    work()
    assert Patient.objects.count() == 1


def test_a_loose_file_is_refused_with_a_sentence(cohort, folder):
    (folder / "scan.dcm").write_bytes(b"anything")
    look(folder)
    assert "into a folder" in (folder / "_refused" / "scan.dcm.report.txt").read_text()


def test_killed_after_the_claim_it_is_taken_in_once(cohort, folder):
    bring(folder)
    next(watching.claim_settled(folder, 0.0))  # and the process ends here
    look(folder)
    assert IntakeUpload.objects.count() == 1
    look(folder)
    assert IntakeUpload.objects.count() == 1
    work()
    look(folder)
    assert Patient.objects.count() == 1
    assert (folder / "_taken" / "P-1").is_dir()


def test_killed_while_claiming_leaves_an_empty_folder_that_is_removed(cohort, folder):
    (folder / "_working" / "0123").mkdir(parents=True)
    look(folder)
    assert list((folder / "_working").iterdir()) == []


def test_the_same_copied_again_is_recognised(cohort, folder):
    bring(folder)
    look(folder)
    work()
    look(folder)
    bring(folder)
    look(folder)
    work()
    look(folder)
    assert Patient.objects.count() == 1
    assert "already there" in (folder / "_taken" / "P-1 (2).report.txt").read_text()


def test_one_folder_for_each_cohort(cohort, folder, settings):
    other = Cohort.objects.create(name="Second")
    settings.WATCH_DIR = str(folder)
    for name in ("External test 1", "Second", "No cohort"):
        bring(folder / name, name.replace(" ", ""), seed=len(name))
    call_command("watch_folder", once=True, settle=0)
    assert IntakeUpload.objects.get(cohort=other).shown_name == "Second"
    assert IntakeUpload.objects.count() == 2
    assert (folder / "No cohort" / "Nocohort").is_dir()


def test_unknown_cohorts_and_folders_are_named(cohort, folder, settings):
    with pytest.raises(CommandError, match="no cohort named 'Nothing'"):
        look(folder, cohort="Nothing")
    with pytest.raises(CommandError, match="no folder"):
        look(folder / "absent")
    settings.WATCH_DIR = ""
    with pytest.raises(CommandError, match="NODEWISE_WATCH_DIR"):
        call_command("watch_folder", once=True)
