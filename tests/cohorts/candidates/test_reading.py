"""What a provider left is read in a process of its own: damage and excess end that one alone."""

import contextlib
import dataclasses
from pathlib import Path

import pytest

from cohorts.candidates import reading
from cohorts.candidates.mask_folder import read_proposals
from cohorts.candidates.reading import read_in_child
from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.references import ScanReference
from tests.cohorts.candidates.cases import (
    FRAME,
    GRID,
    SERIES,
    asked,
    write_contours,
    write_nifti,
    write_segmentation,
)

WITH_PATTERNS = IntakeOptions(station_structures=("Level*",))
SCAN = ScanReference(frame_of_reference_uid=FRAME, series_uid=SERIES)


@pytest.fixture
def masks(tmp_path):
    write_nifti(tmp_path / "masks" / "a.nii.gz")
    write_segmentation(tmp_path / "masks" / "b.dcm")
    write_contours(tmp_path / "masks" / "c.dcm", "Level IIa left")
    (tmp_path / "masks" / "scores.json").write_text('{"a.nii.gz": {"3": 0.25}}')
    return tmp_path / "masks"


def limited(monkeypatch, **limits):
    monkeypatch.setattr(reading, "LIMITS", dataclasses.replace(reading.LIMITS, **limits))


def refusal(masks, tmp_path, **given):
    with pytest.raises(IntakeError) as caught:
        read_in_child(masks, asked(tmp_path / "work", **given), WITH_PATTERNS)
    return caught.value


def plain(answer):
    found = [
        (one.kind, one.station, one.score, one.box, one.voxels.tolist()) for one in answer.found
    ]
    return found, answer.notes


def test_the_answer_is_that_of_reading_here(tmp_path, masks):
    here = read_proposals(masks, GRID, SCAN, WITH_PATTERNS)
    there = read_in_child(masks, asked(tmp_path / "work"), WITH_PATTERNS)
    assert plain(there) == plain(here)
    assert len(there.found) > 4
    assert 0.25 in [one.score for one in there.found]


def test_a_refusal_keeps_its_code_words_and_file(tmp_path, masks):
    (masks / "a.nii.gz").write_bytes(b"\x1f\x8b damaged")
    found = refusal(masks, tmp_path)
    with pytest.raises(IntakeError) as here:
        read_proposals(masks, GRID, SCAN, WITH_PATTERNS)
    assert found.as_dict() == here.value.as_dict()
    assert found.file == "a.nii.gz"


def test_too_little_memory_is_a_refusal(tmp_path, masks, monkeypatch):
    limited(monkeypatch, memory_bytes=1)
    assert refusal(masks, tmp_path).code in {RefusalCode.OUT_OF_MEMORY, RefusalCode.READER_DIED}


def test_too_little_time_is_a_refusal(tmp_path, masks, monkeypatch):
    limited(monkeypatch, wall_seconds=0)
    assert refusal(masks, tmp_path).code == RefusalCode.OUT_OF_TIME


def test_a_run_that_is_stopped_ends_the_process(tmp_path, masks):
    class StoppedError(Exception):
        pass

    def stop(_):
        raise StoppedError

    with pytest.raises(StoppedError):
        read_in_child(masks, asked(tmp_path / "work", stop), WITH_PATTERNS)
    assert not running(str(tmp_path))


def running(words):
    """Whether a process of these words is there."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(words.encode() in file.read_bytes())
    return any(found)
