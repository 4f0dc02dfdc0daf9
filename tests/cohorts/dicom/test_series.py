import numpy as np
import pytest

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.patients import scan_folder
from cohorts.dicom.volumes import hu_int16_sha256, stack_series
from tests.cohorts.dicom.series_files import (
    SPACING_MM,
    ct_slice,
    hu_of,
    ordered,
    refusal_of,
    write_series,
)


def test_slices_are_stacked_by_position_whatever_their_names_and_numbers(tmp_path):
    series = ordered(write_series(tmp_path, 5))

    volume, _ = stack_series(series)

    assert np.array_equal(volume, np.stack([hu_of(index) for index in range(5)]))
    assert series.geometry.spacing_zyx_mm == (SPACING_MM, 0.9, 0.7)
    assert series.geometry.origin_lps_mm == (-10, -20, 0)


def test_the_digest_is_that_of_little_endian_int16(tmp_path):
    import hashlib

    volume, _ = stack_series(ordered(write_series(tmp_path, 3)))
    expected = b"".join(hu_of(index).astype("<i2").tobytes() for index in range(3))
    assert hu_int16_sha256(volume) == hashlib.sha256(expected).hexdigest()


def test_slope_may_differ_per_slice(tmp_path):
    def edit(ds, index):
        ds.RescaleSlope = str(index + 0.5)

    volume, _ = stack_series(ordered(write_series(tmp_path, 3, edit=edit)))
    stored = hu_of(2).astype(int) + 1024
    assert np.array_equal(volume[2], np.rint(stored * 2.5 - 1024))


def test_signed_values_below_air_are_kept(tmp_path):
    def edit(ds, index):
        ds.PixelRepresentation, ds.RescaleIntercept = 1, "-24"
        ds.PixelData = (hu_of(index) - 2000).astype("<i2").tobytes()

    volume, _ = stack_series(ordered(write_series(tmp_path, 2, edit=edit)))
    assert np.array_equal(volume[1], hu_of(1) - 2024)


def test_rounding_noise_of_positions_is_accepted(tmp_path):
    def edit(ds, index):
        ds.ImagePositionPatient = [-10, -20, index * SPACING_MM + (-1) ** index * 0.004]

    assert ordered(write_series(tmp_path, 6, edit=edit)).geometry.shape_zyx[0] == 6


def test_prone_and_feet_first_are_accepted(tmp_path):
    def edit(ds, index):
        ds.ImageOrientationPatient = [-1, 0, 0, 0, 1, 0]

    series = ordered(write_series(tmp_path, 4, edit=edit))
    assert series.geometry.normal == (0, 0, -1)
    assert series.geometry.origin_lps_mm[2] == 3 * SPACING_MM
    assert np.array_equal(stack_series(series)[0][0], hu_of(3))


def test_an_exact_copy_is_left_out_with_a_note(tmp_path):
    write_series(tmp_path, 3)
    (tmp_path / "copy.dcm").write_bytes((tmp_path / "07.dcm").read_bytes())

    series = ordered(tmp_path)

    assert series.geometry.shape_zyx[0] == 3
    assert any("exact copy" in note for note in series.notes)


def move(ds, index, **at):
    z = at.get("z", index * SPACING_MM)
    ds.ImagePositionPatient = [-10, at.get("y", -20), z]


def tip(ds, index, *, degrees):
    """Turn slice and stack around the patient's left-right axis."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    ds.ImageOrientationPatient = [1, 0, 0, 0, cosine, sine]
    height = index * SPACING_MM
    ds.ImagePositionPatient = [-10, -sine * height, cosine * height]


REFUSALS = {
    RefusalCode.NO_POSITION: lambda ds, i: delattr(ds, "ImagePositionPatient"),
    RefusalCode.NO_RESCALE: lambda ds, i: delattr(ds, "RescaleIntercept"),
    RefusalCode.NOT_HOUNSFIELD: lambda ds, i: setattr(ds, "RescaleType", "OD"),
    RefusalCode.UID_MISSING: lambda ds, i: setattr(ds, "SeriesInstanceUID", ""),
    RefusalCode.BURNED_IN: lambda ds, i: setattr(ds, "BurnedInAnnotation", "YES"),
    RefusalCode.NOT_CT_MODALITY: lambda ds, i: setattr(ds, "Modality", "MR"),
    RefusalCode.LOSSY: lambda ds, i: setattr(ds, "LossyImageCompression", "01"),
    RefusalCode.GANTRY_TILT: lambda ds, i: move(ds, i, y=-20 + i * 0.8),
    RefusalCode.NOT_AXIAL: lambda ds, i: tip(ds, i, degrees=40),
    RefusalCode.MISSING_SLICE: lambda ds, i: move(ds, i, z=(i + (i > 2)) * SPACING_MM),
    RefusalCode.UNEQUAL_SPACING: lambda ds, i: move(ds, i, z=i * SPACING_MM + (i > 2) * 0.6),
    RefusalCode.DUPLICATE_POSITION: lambda ds, i: move(ds, i, z=max(i, 1) * SPACING_MM),
    RefusalCode.MIXED_ORIENTATIONS: lambda ds, i: setattr(
        ds, "ImageOrientationPatient", [1, 0, 0, 0, 1, 0] if i else [1, 0, 0, 0, -1, 0]
    ),
    RefusalCode.MIXED_FRAMES_OF_REFERENCE: lambda ds, i: setattr(
        ds, "FrameOfReferenceUID", f"1.2.{i}"
    ),
    RefusalCode.DUPLICATE_INSTANCE: lambda ds, i: setattr(ds, "SOPInstanceUID", "1.2.3"),
    RefusalCode.SECONDARY_CAPTURE: lambda ds, i: setattr(
        ds, "SOPClassUID", "1.2.840.10008.5.1.4.1.1.7"
    ),
    RefusalCode.NOT_PRIMARY: lambda ds, i: setattr(
        ds, "ImageType", ["DERIVED", "SECONDARY", "SCREEN SAVE"]
    ),
    RefusalCode.TWO_SERIES: lambda ds, i: setattr(ds, "SeriesInstanceUID", f"1.2.{i % 2}"),
    RefusalCode.IMAGE_TOO_LARGE: lambda ds, i: setattr(ds, "Rows", 65535),
    RefusalCode.ATTRIBUTE_INVALID: lambda ds, i: setattr(ds, "BitsAllocated", 8),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_a_series_is_refused_with_the_file_and_the_reason(tmp_path, code):
    error = refusal_of(write_series(tmp_path, 6, edit=REFUSALS[code]))
    assert error.code is code
    assert error.file.endswith(".dcm")
    assert len(error.message) > 20


def test_an_invalid_uid_is_refused(tmp_path):
    def edit(ds, index):
        ds["StudyInstanceUID"]._value = "../../etc/passwd"

    assert refusal_of(write_series(tmp_path, 3, edit=edit)).code is RefusalCode.UID_INVALID


def test_mixed_matrices_are_refused(tmp_path):
    def edit(ds, index):
        if index == 2:
            ds.Rows, ds.PixelData = 3, ds.PixelData[: 3 * 8 * 2]

    assert refusal_of(write_series(tmp_path, 4, edit=edit)).code is RefusalCode.MIXED_SHAPES


def test_one_slice_is_too_few(tmp_path):
    assert refusal_of(write_series(tmp_path, 1)).code is RefusalCode.TOO_FEW_SLICES


def test_cut_off_pixels_are_refused_by_name(tmp_path):
    write_series(tmp_path, 3)
    path = tmp_path / "03.dcm"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(IntakeError) as caught:
        stack_series(ordered(tmp_path))
    assert (caught.value.code, caught.value.file) == (RefusalCode.PIXELS_TRUNCATED, "03.dcm")


def test_values_beyond_16_bits_are_refused(tmp_path):
    def edit(ds, index):
        ds.RescaleSlope = "100"

    with pytest.raises(IntakeError) as caught:
        stack_series(ordered(write_series(tmp_path, 2, edit=edit)))
    assert caught.value.code is RefusalCode.NOT_HOUNSFIELD


def test_a_localizer_stays_out_with_a_note(tmp_path):
    write_series(tmp_path, 3)
    scout = ct_slice(77, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    scout.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    scout.save_as(tmp_path / "scout.dcm", enforce_file_format=True)

    (patient,) = scan_folder(tmp_path).patients

    assert len(patient.ct_files) == 3
    assert patient.notes == ["scout.dcm: left out, a localizer"]
