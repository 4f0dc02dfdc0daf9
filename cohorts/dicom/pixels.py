"""cohorts.dicom: the pixels of CT slices in HU, decoded exactly or refused."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels.utils import iter_pixels
from pydicom.uid import UID

from cohorts.dicom.bounded_reading import read_bounded
from cohorts.dicom.codestreams import is_lossless, is_of_size, is_whole
from cohorts.dicom.errors import UNREADABLE_ERRORS, IntakeError, RefusalCode
from cohorts.dicom.headers import DicomFile

IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2"
NATIVE_SYNTAXES = frozenset(
    {
        IMPLICIT_LITTLE_ENDIAN,
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.1.99",
        "1.2.840.10008.1.2.2",
    }
)
LOSSLESS_SYNTAXES = NATIVE_SYNTAXES | {
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.202",
    "1.2.840.10008.1.2.5",
}
"""Near-lossless JPEG-LS (.81) is among them: its frames say whether they are lossless after all.
JPEG 2000 (.91) is not: a reversible codestream may have lost layers, and does not tell."""

DECODERS = {
    "1.2.840.10008.1.2.4.80": "pyjpegls",
    "1.2.840.10008.1.2.4.81": "pyjpegls",
    "1.2.840.10008.1.2.4.90": "pylibjpeg",
}
"""Which of pydicom's decoders is taken. It would take GDCM first, which ends the process on some
damaged frames; where GDCM is the only one (JPEG lossless) the reading child ends, and says so."""
UNDECODABLE_SYNTAXES = frozenset({"1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55"})
LARGEST_EDGE = 4096
INT16 = np.iinfo(np.int16)

PIXEL_KEYWORDS = [
    "Rows",
    "Columns",
    "NumberOfFrames",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelData",
]
"""All that decoding needs; the rest of the header is not parsed a second time."""


def check_pixel_header(dicom_file: DicomFile) -> None:
    """Refuse pixels that would not be exact Hounsfield units, before any is decoded.

    Raises
    ------
    IntakeError
        For a lossy or unknown transfer syntax, a claimed size beyond reason, colour, other than
        16-bit storage, or missing or foreign rescale attributes.
    """
    _check_transfer_syntax(dicom_file)
    _check_layout(dicom_file)
    _check_bits(dicom_file)
    for keyword in ("RescaleSlope", "RescaleIntercept"):
        dicom_file.numbers(keyword, 1, RefusalCode.NO_RESCALE)
    if dicom_file.text("RescaleType") not in {"", "HU", "US"}:
        raise IntakeError(
            RefusalCode.NOT_HOUNSFIELD,
            "RescaleType is not HU; only images in Hounsfield units can be used",
            dicom_file.name,
        )


def _check_transfer_syntax(dicom_file: DicomFile) -> None:
    syntax = dicom_file.transfer_syntax
    if syntax in UNDECODABLE_SYNTAXES:
        raise IntakeError(
            RefusalCode.TRANSFER_SYNTAX,
            f"compressed as {UID(syntax).name}, which cannot be decoded here; "
            "export the series uncompressed or in a lossless transfer syntax",
            dicom_file.name,
        )
    if syntax and syntax not in LOSSLESS_SYNTAXES:
        known = UID(syntax).name if UID(syntax).is_transfer_syntax else "an unknown way"
        raise IntakeError(
            RefusalCode.LOSSY,
            f"compressed as {known}, which may change Hounsfield units; "
            "export the series uncompressed or in a lossless transfer syntax",
            dicom_file.name,
        )
    if dicom_file.text("LossyImageCompression") == "01":
        raise IntakeError(
            RefusalCode.LOSSY,
            "LossyImageCompression says the image was once compressed with loss; "
            "export the original series",
            dicom_file.name,
        )


def _check_layout(dicom_file: DicomFile) -> None:
    rows, columns = (
        int(dicom_file.numbers(keyword, 1, RefusalCode.ATTRIBUTE_MISSING)[0])
        for keyword in ("Rows", "Columns")
    )
    if not (2 <= rows <= LARGEST_EDGE and 2 <= columns <= LARGEST_EDGE):
        raise IntakeError(
            RefusalCode.IMAGE_TOO_LARGE,
            f"claims {rows} rows and {columns} columns; 2 to {LARGEST_EDGE} are accepted",
            dicom_file.name,
        )
    expected = {
        "NumberOfFrames": {"", "1"},
        "SamplesPerPixel": {"1"},
        "PhotometricInterpretation": {"MONOCHROME2"},
        "BitsAllocated": {"16"},
    }
    for keyword, allowed in expected.items():
        if dicom_file.text(keyword) not in allowed:
            raise IntakeError(
                RefusalCode.ATTRIBUTE_INVALID,
                f"{keyword} must be {max(allowed)} for a CT slice; export the series again",
                dicom_file.name,
            )


def _check_bits(dicom_file: DicomFile) -> None:
    """Check that the stored bits are the lower ones (PS3.5 section 8.1.1)."""
    stored = dicom_file.numbers("BitsStored", 1, RefusalCode.ATTRIBUTE_MISSING)[0]
    high = dicom_file.numbers("HighBit", 1, RefusalCode.ATTRIBUTE_MISSING)[0]
    if not 1 <= stored <= 16 or high != stored - 1:
        raise IntakeError(
            RefusalCode.ATTRIBUTE_INVALID,
            "BitsStored must be 1 to 16 and HighBit one less; export the series again",
            dicom_file.name,
        )


def stored_frames(plane: DicomFile) -> Iterator[NDArray[Any]]:
    """Decode the frames of a file one at a time.

    Parameters
    ----------
    plane : DicomFile
        The file, or any plane of it, checked by `check_pixel_header`.

    Yields
    ------
    ndarray, shape (rows, columns), int16 or uint16
        Stored values in the order of the file. Bits outside BitsStored are as found.

    Raises
    ------
    IntakeError
        If pixel data is absent, shorter than the header says, with loss, or does not decode.
    """
    place = plane.file.name
    try:
        dataset = read_bounded(plane.file.path, name=place, keywords=PIXEL_KEYWORDS, force=True)
        if not plane.transfer_syntax:
            dataset.file_meta.TransferSyntaxUID = UID(IMPLICIT_LITTLE_ENDIAN)
        _check_length(place, dataset, plane.transfer_syntax or IMPLICIT_LITTLE_ENDIAN)
        for stored in decoded_frames(dataset, correct_unused_bits=False):
            _check_shape(place, stored, plane)
            yield stored
    except IntakeError:
        raise
    except UNREADABLE_ERRORS as error:
        raise IntakeError(
            RefusalCode.PIXELS_UNDECODABLE,
            "the pixel data cannot be decoded; the file is damaged or incomplete, copy it again",
            place,
        ) from error


def decoded_frames(dataset: Dataset, **options: Any) -> Iterator[NDArray[Any]]:
    """Yield the frames of a dataset one at a time, as pydicom decodes them.

    Raises
    ------
    RuntimeError
        If a decoder panics: the one for RLE is written in Rust, and its panics are no `Exception`.
    """
    try:
        syntax = str(dataset.file_meta.TransferSyntaxUID)
        yield from iter_pixels(dataset, decoding_plugin=DECODERS.get(syntax, ""), **options)
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise RuntimeError("the decoder panicked") from error


def _check_length(place: str, dataset: Dataset, syntax: str) -> None:
    """Check before decoding that all pixels are there, and without loss."""
    frames = int(dataset.get("NumberOfFrames") or 1)
    pixels = dataset.get("PixelData") or b""
    if syntax not in NATIVE_SYNTAXES:
        for frame in generate_frames(pixels, number_of_frames=frames):
            _check_codestream(place, syntax, frame)
            check_coded_size(place, syntax, frame, dataset)
        return
    expected = frames * int(dataset.Rows) * int(dataset.Columns) * 2
    if len(pixels) < expected:
        raise _cut_off(place, f"holds {len(pixels)} of {expected} bytes of pixel data")


def _check_codestream(place: str, syntax: str, frame: bytes) -> None:
    if not is_whole(syntax, frame):
        raise _cut_off(place, "holds a compressed frame without its end")
    if not is_lossless(syntax, frame):
        raise IntakeError(
            RefusalCode.LOSSY,
            "the compressed pixels themselves say that they were encoded with loss, which changes "
            "Hounsfield units; export the series uncompressed or in a lossless transfer syntax",
            place,
        )


def check_coded_size(place: str, syntax: str, frame: bytes, dataset: Dataset) -> None:
    """Refuse a compressed frame of another size than Rows and Columns say.

    Raises
    ------
    IntakeError
        If the frame claims, or unpacks to, another size.
    ValueError, IndexError, struct.error
        If its markers cannot be followed.
    """
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    if not is_of_size(syntax, frame, rows, columns):
        raise IntakeError(
            RefusalCode.PIXELS_UNDECODABLE,
            f"a compressed frame is not of {rows} rows and {columns} columns, as the header says; "
            "the file is damaged, export it again",
            place,
        )


def _cut_off(place: str, found: str) -> IntakeError:
    return IntakeError(
        RefusalCode.PIXELS_TRUNCATED, f"{found}; the file is cut off, copy it again", place
    )


def _check_shape(place: str, stored: NDArray[Any], plane: DicomFile) -> None:
    if stored.shape != (int(plane.header.Rows), int(plane.header.Columns)):
        raise IntakeError(
            RefusalCode.ATTRIBUTE_INVALID, "holds more than one frame or colour", place
        )


def without_unused_bits(stored: NDArray[Any], bits_stored: int) -> tuple[NDArray[Any], bool]:
    """Return stored values without the bits that hold none.

    Parameters
    ----------
    stored : ndarray, shape (rows, columns), int16 or uint16
    bits_stored : int
        1 to 16; the highest of them is the sign of a signed value.

    Returns
    -------
    values : ndarray of the same shape and type
    changed : bool
        Whether a bit above was set that a value has not (as old overlays were).

    References
    ----------
    DICOM PS3.5 section 8.1.1.
    """
    above = stored.dtype.itemsize * 8 - bits_stored
    if above == 0:
        return stored, False
    values = (stored << above) >> above
    return values, not np.array_equal(values, stored)


def plane_in_hu(plane: DicomFile, stored: NDArray[Any], out: NDArray[np.int16]) -> bool:
    """Turn the stored values of one plane into HU.

    Parameters
    ----------
    plane : DicomFile
        Checked by `check_pixel_header`.
    stored : ndarray, shape (rows, columns), int16 or uint16
        As `stored_frames` yields them.
    out : ndarray of int16, shape (rows, columns)
        Receives stored value x slope + intercept, rounded; padding is treated like any value.

    Returns
    -------
    bool
        Whether bits outside BitsStored were set; they are ignored.

    Raises
    ------
    IntakeError
        If a value does not fit 16 bits.

    References
    ----------
    DICOM PS3.3 C.11.1.1.2.
    """
    slope = plane.numbers("RescaleSlope", 1, RefusalCode.NO_RESCALE)[0]
    intercept = plane.numbers("RescaleIntercept", 1, RefusalCode.NO_RESCALE)[0]
    values, changed = without_unused_bits(stored, int(plane.header.BitsStored))
    ends = sorted(int(end) * slope + intercept for end in (values.min(), values.max()))
    if ends[0] < INT16.min or ends[1] > INT16.max:
        raise IntakeError(
            RefusalCode.NOT_HOUNSFIELD,
            f"values reach {ends[0]:.0f} to {ends[1]:.0f} HU, beyond 16 bits; "
            "check RescaleSlope and RescaleIntercept",
            plane.name,
        )
    if slope == 1 and intercept.is_integer():
        # Wrapping 16-bit addition: the ends were checked, so the sum itself fits.
        offset = np.uint16(int(intercept) & 0xFFFF)
        native = values.astype(values.dtype.newbyteorder("="), copy=False)
        np.add(native.view(np.uint16), offset, out=out.view(np.uint16))
    else:
        out[...] = np.rint(values * slope + intercept)
    return changed
