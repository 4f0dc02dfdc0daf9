import copy

import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    JPEGLSLossless,
    RLELossless,
)

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.multiframe import planes_of
from cohorts.dicom.series import order_series
from cohorts.dicom.volumes import stack_series
from tests.cohorts.dicom.multi_frame_files import write_enhanced
from tests.cohorts.dicom.series_files import SPACING_MM, hu_of, only_patient, write_series


def planes_in(folder):
    patient = only_patient(folder)
    if patient.refusal is not None:
        raise patient.refusal
    return [plane for file in patient.ct_files for plane in planes_of(file)]


def volume_in(folder):
    return stack_series(order_series(planes_in(folder)))[0]


EXPECTED = np.stack([hu_of(index) for index in range(4)])


def test_frames_are_placed_by_their_own_position(tmp_path):
    series = order_series(planes_in(write_enhanced(tmp_path)))
    assert [plane.frame for plane in series.slices] == [1, 3, 0, 2]
    assert series.slices[0].name == "mf.dcm (frame 2)"
    assert series.geometry.spacing_zyx_mm == (SPACING_MM, 0.9, 0.7)
    assert np.array_equal(stack_series(series)[0], EXPECTED)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
def test_compressed_frames_are_decoded_exactly(tmp_path, syntax):
    assert np.array_equal(volume_in(write_enhanced(tmp_path, syntax=syntax)), EXPECTED)


def test_a_deflated_multi_frame_image_is_read(tmp_path):
    def edit(ds):
        ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian

    assert np.array_equal(volume_in(write_enhanced(tmp_path, edit=edit)), EXPECTED)


def test_each_frame_has_its_own_rescale(tmp_path):
    def edit_slice(ds, index):
        ds.RescaleSlope = str(index + 1)

    volume = volume_in(write_enhanced(tmp_path, edit_slice=edit_slice))
    stored = hu_of(3).astype(int) + 1024
    assert np.array_equal(volume[3], stored * 4 - 1024)


def test_frames_of_one_series_may_come_in_several_files(tmp_path):
    write_enhanced(tmp_path, (3, 1), name="a.dcm")
    write_enhanced(tmp_path, (0, 2), name="b.dcm", edit=lambda ds: rename(ds, "1.2.3"))
    assert np.array_equal(volume_in(tmp_path), EXPECTED)


def rename(ds, uid):
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = uid


def at(z):
    return lambda ds, index: setattr(ds, "ImagePositionPatient", [-10, -20, z(index)])


REFUSALS = {
    RefusalCode.DUPLICATE_POSITION: {"edit_slice": at(lambda i: max(i, 1) * SPACING_MM)},
    RefusalCode.MISSING_SLICE: {"edit_slice": at(lambda i: (i + (i > 2)) * SPACING_MM)},
    RefusalCode.UNEQUAL_SPACING: {"edit_slice": at(lambda i: i * SPACING_MM + (i > 1) * 0.9)},
    RefusalCode.GANTRY_TILT: {
        "edit_slice": lambda ds, i: setattr(
            ds, "ImagePositionPatient", [-10, i * 0.8, i * SPACING_MM]
        )
    },
    RefusalCode.NOT_HOUNSFIELD: {"edit_slice": lambda ds, i: setattr(ds, "RescaleType", "OD")},
    RefusalCode.NO_POSITION: {
        "edit": lambda ds: delattr(ds.PerFrameFunctionalGroupsSequence[2], "PlanePositionSequence")
    },
    RefusalCode.NO_RESCALE: {
        "edit": lambda ds: delattr(
            ds.PerFrameFunctionalGroupsSequence[2], "PixelValueTransformationSequence"
        )
    },
    RefusalCode.ENHANCED_MULTI_FRAME: {
        "edit": lambda ds: ds.PerFrameFunctionalGroupsSequence.pop()
    },
    RefusalCode.LOSSY: {"edit": lambda ds: setattr(ds, "LossyImageCompression", "01")},
    RefusalCode.BURNED_IN: {"edit": lambda ds: setattr(ds, "BurnedInAnnotation", "YES")},
    RefusalCode.PIXELS_TRUNCATED: {"edit": lambda ds: setattr(ds, "PixelData", ds.PixelData[:-20])},
}


@pytest.mark.parametrize("code", REFUSALS)
def test_a_multi_frame_image_is_refused_like_single_slices(tmp_path, code):
    write_enhanced(tmp_path, (2, 0, 3, 1, 5, 4), **REFUSALS[code])
    with pytest.raises(IntakeError) as caught:
        volume_in(tmp_path)
    assert caught.value.code is code
    assert caught.value.file.startswith("mf.dcm")


def test_a_position_of_the_file_is_not_that_of_its_frames(tmp_path):
    def edit(ds):
        del ds.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence
        ds.ImagePositionPatient = [0, 0, 0]

    with pytest.raises(IntakeError) as caught:
        volume_in(write_enhanced(tmp_path, edit=edit))
    assert (caught.value.code, caught.value.file) == (
        RefusalCode.NO_POSITION,
        "mf.dcm (frame 2)",
    )


def test_single_slices_among_the_frames_are_no_second_volume(tmp_path):
    write_series(tmp_path)
    write_enhanced(tmp_path)
    with pytest.raises(IntakeError) as caught:
        volume_in(tmp_path)
    assert caught.value.code is RefusalCode.DUPLICATE_POSITION


def test_a_compressed_frame_that_is_not_there_is_missed(tmp_path):
    write_enhanced(tmp_path, syntax=RLELossless)
    ds = pydicom.dcmread(tmp_path / "mf.dcm")
    group = copy.deepcopy(ds.PerFrameFunctionalGroupsSequence[0])
    group.PlanePositionSequence[0].ImagePositionPatient = [-10, -20, 4 * SPACING_MM]
    ds.PerFrameFunctionalGroupsSequence.append(group)
    ds.NumberOfFrames = 5
    ds.save_as(tmp_path / "mf.dcm")
    with pytest.raises(IntakeError) as caught:
        volume_in(tmp_path)
    assert caught.value.code in {RefusalCode.PIXELS_TRUNCATED, RefusalCode.PIXELS_UNDECODABLE}
