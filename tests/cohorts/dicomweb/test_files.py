"""The files are what the standard asks for, and hold the stored voxels, for readers of others."""

import io
import json
import shutil
import subprocess

import highdicom
import numpy as np
import pydicom
import pytest

from cohorts import storage
from cohorts.dicom.ct_images import derived_uid
from cohorts.dicom.references import ScanReference
from cohorts.dicom.segmentation import open_segmentation
from cohorts.dicom.source_files import SourceFile
from cohorts.dicomweb.cases import ServedCase
from cohorts.models import CTSeries
from tests.cohorts.dicomweb.conftest import EXPLICIT, JPEG_LS

TYPE_1 = (
    *("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality"),
    *("FrameOfReferenceUID", "ImageType", "PixelSpacing", "ImageOrientationPatient"),
    *("ImagePositionPatient", "SamplesPerPixel", "Rows", "Columns", "PhotometricInterpretation"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
    *("RescaleIntercept", "RescaleSlope", "PatientID", "PatientName"),
)


def file_of(pieces):
    return b"".join(pieces)


def read(pieces):
    return pydicom.dcmread(io.BytesIO(file_of(pieces)))


@pytest.mark.parametrize("syntax", [EXPLICIT, JPEG_LS])
def test_every_slice_has_its_hounsfield_values_and_place(case, volume_hu, syntax):
    uids = set()
    for z in range(case.slices):
        image = read(case.ct_file(z, syntax))
        assert image.file_meta.TransferSyntaxUID == syntax
        hu = image.pixel_array * float(image.RescaleSlope) + float(image.RescaleIntercept)
        assert np.array_equal(hu, volume_hu[z])
        assert image.ImagePositionPatient == [0, 0, 3.0 * z]
        assert (image.PatientID, image.PatientIdentityRemoved) == ("P001", "YES")
        assert [keyword for keyword in TYPE_1 if not str(image.get(keyword, ""))] == []
        uids.add(image.SOPInstanceUID)
    assert len(uids) == case.slices


def test_highdicom_finds_one_regular_volume(case, volume_hu):
    images = [read(case.ct_file(z, EXPLICIT)) for z in range(case.slices)]
    volume = highdicom.get_volume_from_series(images[::-1])
    assert volume.spacing == (3.0, 0.8, 0.8)
    array = volume.array if volume.array[0, 0, 1] == volume_hu[0, 0, 1] else volume.array[::-1]
    assert np.array_equal(array, volume_hu)


def test_the_header_of_intake_is_served_and_geometry_wins(patient, case):
    header = {
        "version": 1,
        "common": {
            "00080020": {"vr": "DA", "Value": ["20111213"]},
            "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
            "00180050": {"vr": "DS", "Value": [2.5]},
            "00181120": {"vr": "DS", "Value": [12]},
            "00200037": {"vr": "DS", "Value": [0, 1, 0, 1, 0, 0]},
            "00280010": {"vr": "US", "Value": [1]},
            "00280120": {"vr": "US", "Value": [0]},
            "00120063": {"vr": "LO", "Value": ["Basic profile"]},
        },
        "instances": [{"00080018": {"vr": "UI", "Value": [f"2.25.{z + 7}"]}} for z in range(12)],
    }
    key = storage.put(json.dumps(header).encode())
    CTSeries.objects.filter(patient=patient).update(
        header_key=key, study_uid="2.25.5", series_uid="2.25.6"
    )
    patient.series.refresh_from_db()
    image = read(ServedCase(patient).ct_file(3, JPEG_LS))
    assert (image.StudyDate, image.SliceThickness) == ("20111213", 2.5)
    assert image.ImageOrientationPatient == [1, 0, 0, 0, 1, 0]
    assert (image.Rows, image.SOPInstanceUID) == (64, "2.25.10")
    assert (image.StudyInstanceUID, image.SeriesInstanceUID) == ("2.25.5", "2.25.6")
    assert image.DeidentificationMethod == "Basic profile"
    assert "GantryDetectorTilt" not in image
    assert "PixelPaddingValue" not in image


def test_our_own_reader_gets_every_voxel_of_every_node_back(case, masks, tmp_path):
    path = tmp_path / "nodes.dcm"
    path.write_bytes(file_of(case.segmentation_file()))
    scan = ScanReference(
        frame_of_reference_uid=case.names.frame_of_reference_uid,
        series_uid=case.names.ct_series_uid,
    )
    opened = open_segmentation(SourceFile(path=path, name="nodes.dcm"), case.geometry, scan)
    assert [one.name for one in opened.structures] == [f"Node {number}" for number in masks]
    nodes = opened.read([1, 2, 3, 4]).found
    assert (opened.notes, len(nodes), len(masks)) == ((), 4, 4)
    for node, mask in zip(nodes, masks.values(), strict=True):
        found = np.zeros(mask.shape, bool)
        found[node.box.slices] = node.mask
        assert np.array_equal(found, mask)


def test_highdicom_reads_the_same_segments(case, masks):
    nodes = highdicom.seg.segread(io.BytesIO(file_of(case.segmentation_file())))
    assert nodes.number_of_segments == 4
    assert {segment.SegmentLabel for segment in nodes.SegmentSequence} == {
        f"Node {number}" for number in masks
    }
    planes = nodes.get_pixels_by_source_instance(
        case.images.uids(),
        combine_segments=False,
        ignore_spatial_locations=False,
        assert_missing_frames_are_empty=True,
    )
    for segment, mask in enumerate(masks.values()):
        assert np.array_equal(planes[..., segment].astype(bool), mask)


def test_overlapping_nodes_keep_their_voxels(case, masks):
    twice = np.sum([mask.astype(int) for mask in masks.values()], axis=0)
    first = case.nodes[0]
    case.nodes.append(first)
    case.masks.append(case.masks[0])
    nodes = highdicom.seg.segread(io.BytesIO(file_of(case.segmentation_file())))
    planes = nodes.get_pixels_by_source_instance(
        case.images.uids(), assert_missing_frames_are_empty=True
    )
    assert np.array_equal(planes[..., 0], planes[..., 4])
    assert planes.sum() == twice.sum() + first.voxels.sum()


def test_another_mask_makes_another_instance(case, patient):
    before = case.segmentation_uid
    assert ServedCase(patient).segmentation_uid == before
    case.masks.pop()
    del case.__dict__["segmentation_source"]
    assert case.segmentation_uid != before


@pytest.mark.parametrize("what", ["ct", "nodes"])
def test_dcmtk_reads_the_files(case, tmp_path, what):
    dcmdump = shutil.which("dcmdump")
    if dcmdump is None:
        pytest.skip("dcmtk is not installed: no second reader of the files")
    path = tmp_path / "one.dcm"
    pieces = case.ct_file(0, JPEG_LS) if what == "ct" else case.segmentation_file()
    path.write_bytes(file_of(pieces))
    done = subprocess.run([dcmdump, str(path)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_validator_finds_no_error(case, tmp_path):
    dciodvfy = shutil.which("dciodvfy")
    if dciodvfy is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed: the IODs are not validated")
    for pieces in (case.ct_file(0, EXPLICIT), case.segmentation_file()):
        path = tmp_path / "one.dcm"
        path.write_bytes(file_of(pieces))
        done = subprocess.run([dciodvfy, str(path)], capture_output=True, text=True)
        errors = [line for line in done.stderr.splitlines() if line.startswith("Error")]
        assert errors == []


def test_derived_uids_are_valid_and_their_own():
    uids = {derived_uid("a", number) for number in range(1000)}
    assert len(uids) == 1000
    assert all(pydicom.uid.UID(uid).is_valid for uid in uids)
    assert derived_uid("a", 1) == derived_uid("a", 1) != derived_uid("a1")
