"""Damaged zips through the whole of reading: the real child, its forks, and what is left behind."""

import random
import zipfile
from pathlib import Path

import pytest

from cohorts.dicom.errors import IntakeError
from cohorts.dicom.reading_child import PreparedIntake, prepare
from tests.cohorts.dicom.series_files import write_series
from tests.cohorts.hostile.mutations import mutated, recipe
from tests.cohorts.inputs import zip_of

pytestmark = pytest.mark.no_database
PATIENTS, ZIPS = 120, 6


def read(archive: Path, out: Path) -> PreparedIntake | None:
    """Return the answers for all patients; None where the zip was refused whole."""
    try:
        return prepare(archive, out)
    except IntakeError:
        return None


def assert_only_cases_are_left(result: PreparedIntake | None, out: Path) -> None:
    kept = {patient.directory for patient in result.patients} - {None} if result else set()
    assert (set(out.iterdir()) if out.exists() else set()) == kept


def test_each_of_many_damaged_patients_has_an_answer_of_its_own(tmp_path):
    for number in range(PATIENTS):
        folder = write_series(tmp_path / "in" / f"A{number}", count=3, patient=f"A{number}")
        dice = random.Random(number)
        file = dice.choice(sorted(folder.iterdir()))
        file.write_bytes(mutated(file.read_bytes(), recipe(dice), inside=True))
    result = read(zip_of(tmp_path / "in", tmp_path / "in.zip"), tmp_path / "out")
    assert result
    refused = [patient.refusal for patient in result.patients if patient.refusal]
    accepted = [patient for patient in result.patients if patient.directory]
    # A damaged PatientID makes a patient of its own.
    assert PATIENTS <= len(result.patients) <= PATIENTS * 1.2
    assert len(accepted) > PATIENTS // 10
    assert len({refusal.code for refusal in refused}) >= 8
    assert all(refusal.message.isprintable() for refusal in refused)
    assert_only_cases_are_left(result, tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"in", "in.zip", "out"}


def test_a_damaged_zip_is_refused_or_read_and_leaves_only_its_cases(tmp_path):
    write_series(tmp_path / "in" / "A", count=3)
    with zipfile.ZipFile(tmp_path / "good.zip", "w", zipfile.ZIP_DEFLATED) as opened:
        for file in sorted((tmp_path / "in").rglob("*.dcm")):
            opened.write(file, file.relative_to(tmp_path / "in"))
    good, outcomes = (tmp_path / "good.zip").read_bytes(), []
    for number in range(ZIPS):
        archive, out = tmp_path / "given.zip", tmp_path / f"out-{number}"
        archive.write_bytes(mutated(good, recipe(random.Random(number)), inside=False))
        result = read(archive, out)
        outcomes.append(result is None)
        assert_only_cases_are_left(result, out)
    assert any(outcomes)
    assert {path.name.split("-")[0] for path in tmp_path.iterdir()} == {
        "in", "good.zip", "given.zip", "out",
    }  # fmt: skip
