import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import UID, JPEGLSLossless, JPEGLSNearLossless, RLELossless

from cohorts.dicom.codestreams import is_lossless
from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.pixels import without_unused_bits
from cohorts.dicom.series import order_series
from cohorts.dicom.volumes import stack_series
from cohorts.dicom.warnings import WarningCode
from tests.cohorts.dicom.series_files import hu_of, only_patient, ordered, write_series

EXPECTED = np.stack([hu_of(index) for index in range(3)])


def compressed(folder, syntax, *, near=0, claimed=None, change=None):
    """A series of three slices, compressed, and maybe claimed to be something else."""
    for path in write_series(folder, 3).iterdir():
        ds = pydicom.dcmread(path)
        options = {"jls_error": near} if near else {}
        ds.compress(UID(syntax), generate_instance_uid=False, **options)
        if claimed is not None:
            ds.file_meta.TransferSyntaxUID = UID(claimed)
        if "LossyImageCompression" in ds:
            del ds.LossyImageCompression
        if change is not None:
            (frame,) = generate_frames(ds.PixelData, number_of_frames=1)
            ds.PixelData = encapsulate([change(frame)])
        ds.save_as(path)
    return folder


def refusal_of(folder):
    with pytest.raises(IntakeError) as caught:
        stack_series(ordered(folder))
    return caught.value.code


def test_near_lossless_pixels_without_loss_are_taken(tmp_path):
    folder = compressed(tmp_path, JPEGLSLossless, claimed=JPEGLSNearLossless)
    volume, _ = stack_series(ordered(folder))
    assert np.array_equal(volume, EXPECTED)


def test_near_lossless_pixels_with_loss_are_refused(tmp_path):
    assert refusal_of(compressed(tmp_path, JPEGLSNearLossless, near=2)) is RefusalCode.LOSSY


def test_pixels_with_loss_that_are_called_lossless_are_refused(tmp_path):
    folder = compressed(tmp_path, JPEGLSNearLossless, near=2, claimed=JPEGLSLossless)
    assert refusal_of(folder) is RefusalCode.LOSSY


def test_a_compressed_slice_that_is_cut_off_is_refused(tmp_path):
    folder = compressed(tmp_path, JPEGLSLossless, change=lambda frame: frame[:-12])
    assert refusal_of(folder) is RefusalCode.PIXELS_TRUNCATED
    folder = compressed(tmp_path / "rle", RLELossless, change=lambda frame: frame[:80])
    assert refusal_of(folder) is RefusalCode.PIXELS_UNDECODABLE


def test_a_decoder_that_panics_is_a_refusal(tmp_path):
    def more_than_the_frame(frame):
        second = int.from_bytes(frame[8:12], "little")
        return frame[:64] + b"\x81\x00" * ((second - 64) // 2) + frame[second:]

    folder = compressed(tmp_path, RLELossless, change=more_than_the_frame)
    assert refusal_of(folder) is RefusalCode.PIXELS_UNDECODABLE


@pytest.mark.parametrize(("at", "value"), [(6, 127), (6, 255), (10, 0)])
def test_a_frame_on_which_gdcm_ends_the_process_is_a_refusal(tmp_path, at, value):
    """Precision and width in the frame header (ITU-T T.87 C.2.2) that no image has."""

    def damaged(frame):
        return frame[:at] + bytes([value]) + frame[at + 1 :]

    folder = compressed(tmp_path, JPEGLSLossless, change=damaged)
    assert refusal_of(folder) is RefusalCode.PIXELS_UNDECODABLE


@pytest.mark.parametrize(
    ("wavelet", "lossless"),
    [(1, True), (0, False)],
)
def test_the_wavelet_of_a_jpeg_2000_codestream_is_read(wavelet, lossless):
    size = b"\xff\x51\x00\x04\x00\x00"
    style = b"\xff\x52\x00\x0c\x00" + b"\x00\x00\x01\x00\x05\x04\x04\x00" + bytes([wavelet])
    frame = b"\xff\x4f" + size + style + b"\xff\x90\x00\x0a" + bytes(8) + b"\xff\xd9"
    assert is_lossless("1.2.840.10008.1.2.4.90", frame) is lossless


@pytest.mark.parametrize(("process", "lossless"), [(0xC3, True), (0xC1, False)])
def test_the_process_of_a_jpeg_codestream_is_read(process, lossless):
    frame = b"\xff\xd8\xff" + bytes([process]) + b"\x00\x04\x00\x00\xff\xda\x00\x04\x00\x00"
    assert is_lossless("1.2.840.10008.1.2.4.70", frame) is lossless


@pytest.mark.parametrize("signed", [False, True])
def test_bits_above_the_stored_ones_are_ignored_and_told(tmp_path, signed):
    def edit(ds, index):
        ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 12, 11, int(signed)
        ds.RescaleIntercept = "-24" if signed else "-1024"
        stored = (hu_of(index) + (24 if signed else 1024)) & 0x0FFF
        overlay = 0x4000 * (np.arange(stored.size).reshape(stored.shape) % 2)
        ds.PixelData = (stored | overlay).astype("<u2").tobytes()

    volume, warnings = stack_series(ordered(write_series(tmp_path, 3, edit=edit)))
    assert np.array_equal(volume, EXPECTED)
    assert [warning.code for warning in warnings] == [WarningCode.BITS_IGNORED]


def test_a_sign_in_the_unused_bits_is_no_reason_for_a_warning():
    stored = np.array([[-2000, 2047]], dtype=np.int16)
    values, changed = without_unused_bits(stored, 12)
    assert np.array_equal(values, stored)
    assert not changed


@pytest.mark.parametrize(("stored", "high"), [(12, 15), (17, 16), (0, -1)])
def test_bits_in_other_places_are_refused(tmp_path, stored, high):
    def edit(ds, index):
        ds.BitsStored, ds.HighBit = stored, max(high, 0)

    folder = write_series(tmp_path, 3, edit=edit)
    with pytest.raises(IntakeError) as caught:
        order_series(only_patient(folder).ct_files)
    assert caught.value.code is RefusalCode.ATTRIBUTE_INVALID
