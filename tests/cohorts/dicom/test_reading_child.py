import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import RLELossless

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.frames import decode_frame, frame_digest
from cohorts.dicom.reading_child import ReadingLimits, prepare
from cohorts.dicom.runs import full_mask, mask_digest
from tests.cohorts.dicom.series_files import (
    COLUMNS,
    ROWS,
    ct_slice,
    hu_of,
    write_label_map,
    write_series,
)


@pytest.fixture
def source(tmp_path):
    for name in ("A", "B", "C"):
        write_series(tmp_path / "in" / name / "ct", patient=f"secret-{name}")
        labels = np.zeros((4, ROWS, COLUMNS), dtype=np.uint8)
        labels[1, 2:4, 2:5] = 3
        write_label_map(tmp_path / "in" / name / "nodes.nii.gz", labels)
    return tmp_path / "in"


def test_an_accepted_patient_is_a_folder_ready_to_serve(source, tmp_path):
    seen = []
    result = prepare(source, tmp_path / "out", progress=seen.append)

    assert [p.folder for p in result.accepted] == ["A/ct", "B/ct", "C/ct"]
    assert [p.source_patient_id for p in result.patients] == ["secret-A", "secret-B", "secret-C"]
    folder = result.patients[1].directory
    case = json.loads((folder / "case.json").read_text())
    for index, frame in enumerate(case["frames"]):
        data = (folder / frame["file"]).read_bytes()
        assert (frame_digest(data), len(data)) == (frame["sha256"], frame["bytes"])
        assert np.array_equal(decode_frame(data, case["hu_min"]), hu_of(index))
    (node,) = case["nodes"]
    data = (folder / node["mask"]["file"]).read_bytes()
    assert mask_digest(data) == node["mask"]["sha256"]
    assert (node["label"], node["voxels"], full_mask(data).sum()) == (3, 6, 6)
    assert seen[-1].patient == seen[-1].patients == 3
    assert seen[-1].done == seen[-1].total == 8
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "patient-0001",
        "patient-0002",
        "patient-0003",
    ]


def test_the_case_holds_no_uid_of_the_source(source, tmp_path):
    result = prepare(source, tmp_path / "out")
    text = (result.patients[0].directory / "case.json").read_text()
    header = pydicom.dcmread(source / "A" / "ct" / "00.dcm")
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        assert str(header[keyword].value) not in text


def test_a_refused_patient_does_not_stop_the_others_and_leaves_nothing(source, tmp_path):
    path = source / "B" / "ct" / "07.dcm"
    path.write_bytes(path.read_bytes()[:-4])

    result = prepare(source, tmp_path / "out")

    assert [p.folder for p in result.accepted] == ["A/ct", "C/ct"]
    (refused,) = result.refused
    assert (refused.refusal.code, refused.refusal.file) == (
        RefusalCode.PIXELS_TRUNCATED,
        "B/ct/07.dcm",
    )
    assert not (tmp_path / "out" / "patient-0002").exists()


def children_of(pid):
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(pid) for task in tasks for pid in task.read_text().split()]


def is_reader(pid):
    return b"cohorts.dicom.reading_child" in Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the child in /proc")
def test_a_child_that_dies_costs_one_patient(source, tmp_path):
    killed = []

    def kill_at_second(progress):
        if progress.patient == 2 and not killed:
            (child,) = [pid for pid in children_of(os.getpid()) if is_reader(pid)]
            (pid,) = children_of(child)
            os.kill(pid, signal.SIGSTOP)
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)

    # Large enough that the child is still at it when the signal comes.
    shutil.rmtree(source / "B" / "ct")
    write_big(source / "B" / "ct", "secret-B")
    (source / "B" / "nodes.nii.gz").unlink()

    result = prepare(source, tmp_path / "out", progress=kill_at_second)

    assert killed
    assert [(p.folder, p.refusal.code) for p in result.refused] == [
        ("B/ct", RefusalCode.READER_DIED)
    ]
    assert [p.folder for p in result.accepted] == ["A/ct", "C/ct"]
    assert not (tmp_path / "out" / "patient-0002").exists()


def write_big(folder, patient, size=512, count=40):
    def edit(ds, index):
        ds.Rows = ds.Columns = size
        noise = np.random.default_rng(index).integers(0, 4000, size * size, np.uint16)
        ds.PixelData = noise.tobytes()

    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        ds = ct_slice(index, patient=patient)
        edit(ds, index)
        ds.save_as(folder / f"{index:03d}.dcm", enforce_file_format=True)


def test_a_series_beyond_the_memory_limit_is_refused_alone(source, tmp_path):
    # Files of a few kB each that would fill 2 GB.
    folder = source / "D" / "ct"
    folder.mkdir(parents=True)
    first = ct_slice(0, patient="big", Rows=4096, Columns=4096, PixelData=bytes(4096 * 4096 * 2))
    first.compress(RLELossless)
    packed = first.PixelData
    for index in range(64):
        ds = ct_slice(index, patient="big", Rows=4096, Columns=4096, PixelData=packed)
        ds.file_meta.TransferSyntaxUID = RLELossless
        ds["PixelData"].is_undefined_length = True
        ds["PixelData"].VR = "OB"
        ds.save_as(folder / f"{index:03d}.dcm", enforce_file_format=True)

    limits = ReadingLimits(memory_bytes=1536 * 1024**2)
    result = prepare(source, tmp_path / "out", limits=limits)

    assert len(result.accepted) == 3
    assert [(p.folder, p.refusal.code) for p in result.refused] == [
        ("D/ct", RefusalCode.OUT_OF_MEMORY)
    ]


def test_a_reader_beyond_its_time_is_stopped(source, tmp_path):
    with pytest.raises(IntakeError) as caught:
        prepare(source, tmp_path / "out", limits=ReadingLimits(wall_seconds=0))
    assert caught.value.code is RefusalCode.OUT_OF_TIME
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_without_ct_is_refused_whole(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("x")
    with pytest.raises(IntakeError) as caught:
        prepare(tmp_path / "in", tmp_path / "out")
    assert caught.value.code is RefusalCode.NO_CT
    assert "notes.txt" in caught.value.message
