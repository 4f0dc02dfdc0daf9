import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.label_map import open_nifti
from cohorts.dicom.masks import MaskParts, merge_nodes, node_from_voxels, overlap_warnings
from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.patient_masks import read_masks
from cohorts.dicom.patients import scan_folder
from cohorts.dicom.references import ScanReference
from cohorts.dicom.segmentation import open_segmentation
from cohorts.dicom.series import order_series
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
    mask_file = open_nifti(SourceFile(path.name, path), series.geometry)
    return mask_file.read([one.number for one in mask_file.structures]).found


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
    first = series.slices[0]
    scan = ScanReference(
        frame_of_reference_uid=series.geometry.frame_of_reference_uid, series_uid=first.series_uid
    )
    mask_file = open_segmentation(SourceFile(path.name, path), series.geometry, scan)
    return mask_file.read([one.number for one in mask_file.structures])


def test_overlapping_segments_stay_whole_and_empty_ones_are_named(tmp_path, series):
    path = write_seg(tmp_path / "s.dcm", list(series.slices), segments())

    found = read_seg(path, series)
    nodes = found.found

    assert [node.label for node in nodes] == [1, 2]
    for node in nodes:
        volume = np.zeros(SHAPE, dtype=bool)
        volume[node.box.slices] = node.mask
        assert np.array_equal(volume, segments()[..., node.label - 1])
    assert found.empty == [3]


def wide_series(folder):
    """Slices wide enough for wavelets of five levels."""
    pixels = np.zeros((40, 44), "<u2").tobytes()
    return ordered(write_series(folder, Rows=40, Columns=44, PixelData=pixels))


@pytest.mark.parametrize(
    ("kind", "syntax"),
    [
        ("BINARY", JPEG2000Lossless),
        ("LABELMAP", ExplicitVRLittleEndian),
        ("LABELMAP", RLELossless),
        ("LABELMAP", JPEGLSLossless),
        ("LABELMAP", JPEG2000Lossless),
    ],
)
def test_label_maps_and_compressed_segmentations_come_out_as_they_went_in(tmp_path, kind, syntax):
    series = wide_series(tmp_path / "ct")
    masks = np.zeros((4, 40, 44, 2), dtype=bool)
    masks[0:2, 1:4, 30:44, 0] = True
    masks[1:3, 5:40, 3:7, 1] = True
    path = write_seg(tmp_path / "s.dcm", list(series.slices), masks, kind, syntax)
    written = pydicom.dcmread(path)
    assert (written.SegmentationType, written.file_meta.TransferSyntaxUID) == (kind, syntax)
    found = read_seg(path, series)
    assert [node.label for node in found.found] == [1, 2]
    for node in found.found:
        volume = np.zeros(masks.shape[:3], dtype=bool)
        volume[node.box.slices] = node.mask
        assert np.array_equal(volume, masks[..., node.label - 1])


def test_a_deflated_segmentation_is_read_alike(tmp_path, series):
    path = write_seg(tmp_path / "s.dcm", list(series.slices), segments())
    plain = read_seg(path, series).found
    ds = pydicom.dcmread(path)
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    ds.save_as(path)
    for one, other in zip(plain, read_seg(path, series).found, strict=True):
        assert (one.label, one.box) == (other.label, other.box)
        assert np.array_equal(one.mask, other.mask)


def test_labels_above_255_and_a_value_without_segment(tmp_path, series):
    masks = np.zeros((*SHAPE, 300), dtype=bool)
    masks[1, 2:4, 2:5, 299] = True
    path = write_seg(tmp_path / "s.dcm", list(series.slices), masks, "LABELMAP")
    assert [node.label for node in read_seg(path, series).found] == [300]
    ds = pydicom.dcmread(path)
    del ds.SegmentSequence[-1]
    ds.save_as(path)
    with pytest.raises(IntakeError) as caught:
        read_seg(path, series)
    assert caught.value.code is RefusalCode.MASK_VALUES


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


def test_a_map_with_contradicting_orientations_or_none_is_refused(tmp_path, series):
    path = write_label_map(tmp_path / "n.nii.gz", labels())
    image = nibabel.load(path)
    flipped = ras_affine()
    flipped[:3, 3] += flipped[:3, 0] * (COLUMNS - 1)
    flipped[:3, 0] *= -1
    image.set_qform(flipped, 1)
    nibabel.save(image, path)
    with pytest.raises(IntakeError) as caught:
        read_nifti(path, series)
    assert caught.value.code is RefusalCode.MASK_AMBIGUOUS
    image.header["sform_code"] = image.header["qform_code"] = 0
    nibabel.save(nibabel.Nifti1Image(image.dataobj, None, image.header), path)
    with pytest.raises(IntakeError) as caught:
        read_nifti(path, series)
    assert caught.value.code is RefusalCode.MASK_GRID


def test_one_volume_of_four_axes_is_a_map_and_two_are_not(tmp_path, series):
    volume = labels().transpose(2, 1, 0)[..., np.newaxis]
    path = tmp_path / "n.nii.gz"
    nibabel.save(nibabel.Nifti1Image(volume, ras_affine()), path)
    assert np.array_equal(in_place(read_nifti(path, series)), labels())
    nibabel.save(nibabel.Nifti1Image(np.repeat(volume, 2, axis=3), ras_affine()), path)
    with pytest.raises(IntakeError) as caught:
        read_nifti(path, series)
    assert caught.value.code is RefusalCode.MASK_VALUES


def test_a_scale_that_changes_labels_is_refused(tmp_path, series):
    image = nibabel.Nifti1Image(labels().transpose(2, 1, 0), ras_affine())
    image.header.set_slope_inter(2, 0)
    nibabel.save(image, tmp_path / "n.nii")
    with pytest.raises(IntakeError) as caught:
        read_nifti(tmp_path / "n.nii", series)
    assert "scl_slope" in caught.value.message


def test_frames_in_reverse_order_are_placed_by_position(tmp_path, series):
    path = write_seg(tmp_path / "s.dcm", list(series.slices), segments())
    ds = pydicom.dcmread(path)
    frames = ds.pixel_array[::-1]
    ds.PerFrameFunctionalGroupsSequence = ds.PerFrameFunctionalGroupsSequence[::-1]
    ds.PixelData = np.packbits(frames.ravel(), bitorder="little").tobytes()
    ds.save_as(path)
    found = read_seg(path, series)
    assert [(node.label, node.voxels) for node in found.found] == [(1, 24), (2, 24)]
    assert found.found[0].box.start_zyx == (0, 1, 1)


def patient_masks(folder, options=None):
    (patient,) = scan_folder(folder).patients
    return read_masks(patient, order_series(patient.ct_files), options or IntakeOptions())


def one_node(column):
    volume = np.zeros(SHAPE, dtype=np.uint8)
    volume[1, 2:4, column] = 1
    return volume


def test_one_file_per_node_is_numbered_in_order_of_names(tmp_path, series):
    for name, column in (("node10", 1), ("node2", 5), ("node1", 3)):
        write_label_map(tmp_path / f"{name}.nii.gz", one_node(column))
    nodes = patient_masks(tmp_path).nodes
    assert [(node.label, node.box.start_zyx[2]) for node in nodes] == [(1, 3), (2, 5), (3, 1)]


def test_one_node_in_two_files_is_refused(tmp_path, series):
    for name in ("a", "b"):
        write_label_map(tmp_path / f"{name}.nii.gz", one_node(3))
    with pytest.raises(IntakeError) as caught:
        patient_masks(tmp_path)
    assert caught.value.code is RefusalCode.MASK_TWICE


def test_files_with_other_mixtures_of_labels_are_refused(tmp_path, series):
    write_label_map(tmp_path / "a.nii.gz", one_node(1))
    write_label_map(tmp_path / "b.nii.gz", one_node(3))
    write_label_map(tmp_path / "c.nii.gz", one_node(5) * 2)
    with pytest.raises(IntakeError) as caught:
        patient_masks(tmp_path)
    assert caught.value.code is RefusalCode.MASK_LABELS_CLASH


def test_a_map_named_levels_holds_stations(tmp_path, series):
    write_label_map(tmp_path / "nodes.nii.gz", one_node(3))
    write_label_map(tmp_path / "levels.nii.gz", one_node(4) * 13)
    masks = patient_masks(tmp_path)
    assert [node.label for node in masks.nodes] == [1]
    assert [station.name for station in masks.stations] == ["Level IIa left"]
    (tmp_path / "levels.labels.csv").write_text("value,name\n13,right level III\n")
    assert [station.name for station in patient_masks(tmp_path).stations] == ["right level III"]


@pytest.mark.parametrize("text", ["value,name\nx,a\n", "value,name\n1,a\n1,b\n", "a;b\n", ""])
def test_a_table_that_names_no_values_is_refused(tmp_path, series, text):
    write_label_map(tmp_path / "levels.nii.gz", one_node(4))
    (tmp_path / "levels.labels.csv").write_text(text)
    with pytest.raises(IntakeError) as caught:
        patient_masks(tmp_path)
    assert (caught.value.code, caught.value.file) == (RefusalCode.LABEL_TABLE, "levels.labels.csv")


def test_a_station_without_a_known_number_is_refused(tmp_path, series):
    write_label_map(tmp_path / "stations.nii.gz", one_node(4) * 40)
    with pytest.raises(IntakeError) as caught:
        patient_masks(tmp_path)
    assert caught.value.code is RefusalCode.MASK_VALUES


def test_nodes_that_share_voxels_are_told_by_number_only():
    nodes = [
        node_from_voxels(1, "secret", np.argwhere(segments()[..., 0])),
        node_from_voxels(2, "secret", np.argwhere(segments()[..., 1])),
        node_from_voxels(3, "secret", np.array([[3, 5, 7]])),
    ]
    (warning,) = overlap_warnings(nodes)
    shared = int((segments()[..., 0] & segments()[..., 1]).sum())
    assert warning.node == 2
    assert warning.message == f"shares {shared} voxels with node 1; both are kept whole"


def test_blocks_of_one_structure_are_united():
    parts = MaskParts()
    parts.add((1, 0, 0), np.array([[[True, False], [True, True]]]))
    parts.add((1, 0, 0), np.array([[[False, True], [True, False]]]))
    parts.add((0, 0, 1), np.array([[[False, True]]]))
    node = parts.node(3, "")
    assert (node.box.start_zyx, node.box.shape_zyx) == ((0, 0, 0), (2, 2, 3))
    assert np.argwhere(~node.mask[1, :, :2]).size == 0
    assert node.voxels == 5
    assert MaskParts().node(3, "") is None
