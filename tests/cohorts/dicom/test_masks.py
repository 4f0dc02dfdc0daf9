import numpy as np
import pydicom
import pytest

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.label_map import read_label_map
from cohorts.dicom.masks import merge_nodes
from cohorts.dicom.segmentation import read_segmentation
from cohorts.dicom.source_files import SourceFile
from tests.cohorts.dicom.series_files import (
    COLUMNS,
    ROWS,
    ordered,
    ras_affine,
    write_label_map,
    write_seg,
    write_series,
)

SHAPE = (4, ROWS, COLUMNS)


@pytest.fixture
def series(tmp_path):
    return ordered(write_series(tmp_path / "ct"))


def labels():
    volume = np.zeros(SHAPE, dtype=np.int16)
    volume[0, 1:3, 2:5] = 7
    volume[1:3, 4, 6] = 1000
    return volume


def in_place(nodes):
    volume = np.zeros(SHAPE, dtype=np.int64)
    for node in nodes:
        volume[node.box.slices][node.mask] = node.label
    return volume


def read_nifti(path, series):
    return read_label_map(SourceFile(path.name, path), series.geometry)


def test_labels_keep_their_numbers_and_places(tmp_path, series):
    nodes = read_nifti(write_label_map(tmp_path / "n.nii.gz", labels()), series)
    assert [(node.label, node.voxels) for node in nodes] == [(7, 6), (1000, 2)]
    assert np.array_equal(in_place(nodes), labels())


def test_whole_numbers_stored_as_floats_are_labels(tmp_path, series):
    path = write_label_map(tmp_path / "n.nii", labels().astype(np.float32))
    assert np.array_equal(in_place(read_nifti(path, series)), labels())


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_flipped_map_is_placed_by_its_affine(tmp_path, series, axis):
    affine = ras_affine()
    column = 2 - axis
    affine[:3, 3] += affine[:3, column] * (SHAPE[axis] - 1)
    affine[:3, column] *= -1
    path = write_label_map(tmp_path / "n.nii.gz", np.flip(labels(), axis), affine)
    assert np.array_equal(in_place(read_nifti(path, series)), labels())


def test_a_map_with_permuted_axes_is_placed_by_its_affine(tmp_path, series):
    affine = ras_affine()[:, [1, 0, 2, 3]]
    path = write_label_map(tmp_path / "n.nii.gz", labels().transpose(0, 2, 1), affine)
    assert np.array_equal(in_place(read_nifti(path, series)), labels())


def shifted(mm):
    affine = ras_affine()
    affine[0, 3] += mm
    return affine


@pytest.mark.parametrize(
    ("volume", "affine", "code"),
    [
        (labels()[:, ::2], ras_affine(), RefusalCode.MASK_GRID),
        (labels(), shifted(400), RefusalCode.MASK_GRID),
        (labels(), shifted(0.7), RefusalCode.MASK_GRID),
        (labels(), shifted(0.2), RefusalCode.MASK_GRID),
        (labels(), np.diag((-1, -1, 1, 1)) @ ras_affine(), RefusalCode.MASK_GRID),
        (labels(), np.diag((0.9, 1, 1, 1)) @ ras_affine(), RefusalCode.MASK_GRID),
        (labels() * 0, ras_affine(), RefusalCode.MASK_EMPTY),
        (-labels(), ras_affine(), RefusalCode.MASK_VALUES),
        (labels() * np.float32(0.3), ras_affine(), RefusalCode.MASK_VALUES),
        (labels() * np.float32(np.nan), ras_affine(), RefusalCode.MASK_VALUES),
    ],
)
def test_a_map_that_is_not_on_the_ct_or_holds_no_labels_is_refused(
    tmp_path, series, volume, affine, code
):
    path = write_label_map(tmp_path / "n.nii.gz", volume, affine)
    with pytest.raises(IntakeError) as caught:
        read_nifti(path, series)
    assert (caught.value.code, caught.value.file) == (code, "n.nii.gz")


@pytest.mark.parametrize("content", [b"", b"not nifti", b"\x1f\x8b" + b"0" * 400])
def test_what_is_no_nifti_is_refused(tmp_path, series, content):
    path = tmp_path / "n.nii.gz"
    path.write_bytes(content)
    with pytest.raises(IntakeError) as caught:
        read_nifti(path, series)
    assert caught.value.code is RefusalCode.UNREADABLE


def test_a_cut_off_map_is_refused(tmp_path, series):
    path = write_label_map(tmp_path / "n.nii", labels())
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(IntakeError) as caught:
        read_nifti(path, series)
    assert caught.value.code is RefusalCode.UNREADABLE


def segments():
    masks = np.zeros((*SHAPE, 3), dtype=bool)
    masks[0:2, 1:4, 1:5, 0] = True
    masks[1:3, 2:5, 3:7, 1] = True
    return masks


def read_seg(path, series):
    return read_segmentation(SourceFile(path.name, path), series.geometry)


def test_overlapping_segments_stay_whole_and_empty_ones_are_named(tmp_path, series):
    path = write_seg(tmp_path / "s.dcm", list(series.slices), segments())

    nodes, notes = read_seg(path, series)

    assert [node.label for node in nodes] == [1, 2]
    for node in nodes:
        volume = np.zeros(SHAPE, dtype=bool)
        volume[node.box.slices] = node.mask
        assert np.array_equal(volume, segments()[..., node.label - 1])
    assert notes == ["s.dcm: segment 3 is empty and was left out"]


@pytest.mark.parametrize(
    ("keyword", "value", "code"),
    [
        ("FrameOfReferenceUID", "1.2.3", RefusalCode.MASK_FRAME_OF_REFERENCE),
        ("SegmentationType", "FRACTIONAL", RefusalCode.MASK_TYPE),
        ("Rows", ROWS + 1, RefusalCode.MASK_GRID),
        ("PixelData", b"\0\0", RefusalCode.PIXELS_TRUNCATED),
        ("NumberOfFrames", 3_000_000, RefusalCode.MASK_VALUES),
        ("SegmentSequence", [], RefusalCode.UNREADABLE),
    ],
)
def test_a_segmentation_that_does_not_fit_is_refused(tmp_path, series, keyword, value, code):
    path = write_seg(tmp_path / "s.dcm", list(series.slices), segments())
    ds = pydicom.dcmread(path)
    setattr(ds, keyword, value)
    if keyword == "SegmentSequence":
        del ds.SegmentSequence
    ds.save_as(path)
    with pytest.raises(IntakeError) as caught:
        read_seg(path, series)
    assert (caught.value.code, caught.value.file) == (code, "s.dcm")


def test_a_frame_beside_the_slices_is_refused(tmp_path, series):
    path = write_seg(tmp_path / "s.dcm", list(series.slices), segments())
    ds = pydicom.dcmread(path)
    plane = ds.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0]
    plane.ImagePositionPatient = [-10, -20, 1.2]
    ds.save_as(path)
    with pytest.raises(IntakeError) as caught:
        read_seg(path, series)
    assert caught.value.code is RefusalCode.MASK_GRID


def test_two_files_may_not_use_one_label(tmp_path, series):
    nodes = read_nifti(write_label_map(tmp_path / "n.nii.gz", labels()), series)
    with pytest.raises(IntakeError) as caught:
        merge_nodes([("a.nii", nodes), ("b.nii", nodes)])
    assert caught.value.code is RefusalCode.MASK_LABELS_CLASH
    assert "a.nii" in caught.value.message
