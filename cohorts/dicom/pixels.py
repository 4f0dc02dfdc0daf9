"""cohorts.dicom: the pixels of one CT slice in HU, decoded exactly or refused."""

from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UID

from cohorts.dicom.errors import UNREADABLE_ERRORS, IntakeError, RefusalCode
from cohorts.dicom.headers import DicomFile

NATIVE_SYNTAXES = frozenset(
    {
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.1.99",
        "1.2.840.10008.1.2.2",
    }
)
LOSSLESS_SYNTAXES = NATIVE_SYNTAXES | {
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.202",
    "1.2.840.10008.1.2.5",
}
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


def decode_stored_values(dicom_file: DicomFile) -> NDArray[Any]:
    """Decode the stored values of one slice.

    Returns
    -------
    ndarray, shape (rows, columns), int16 or uint16

    Raises
    ------
    IntakeError
        If pixel data is absent, shorter than the header says, or does not decode.
    """
    try:
        dataset = pydicom.dcmread(
            dicom_file.file.path, specific_tags=list(PIXEL_KEYWORDS), force=True
        )
        _check_length(dicom_file, dataset)
        stored: NDArray[Any] = dataset.pixel_array
    except IntakeError:
        raise
    except UNREADABLE_ERRORS as error:
        raise IntakeError(
            RefusalCode.PIXELS_UNDECODABLE,
            "the pixel data cannot be decoded; the file is damaged or incomplete, copy it again",
            dicom_file.name,
        ) from error
    if stored.ndim != 2:
        raise IntakeError(
            RefusalCode.ATTRIBUTE_INVALID, "holds more than one frame or colour", dicom_file.name
        )
    return stored


def _check_length(dicom_file: DicomFile, dataset: Dataset) -> None:
    """Compare native pixel data with the size the header claims (PS3.5 section 8.1.1)."""
    found = len(dataset.get("PixelData") or b"")
    native = (dicom_file.transfer_syntax or "1.2.840.10008.1.2") in NATIVE_SYNTAXES
    expected = int(dataset.Rows) * int(dataset.Columns) * 2 if native else 1
    if found < expected:
        raise IntakeError(
            RefusalCode.PIXELS_TRUNCATED,
            f"holds {found} of {expected} bytes of pixel data; the file is cut off, copy it again",
            dicom_file.name,
        )


def slice_in_hu(dicom_file: DicomFile, out: NDArray[np.int16]) -> None:
    """Decode one slice into HU.

    Parameters
    ----------
    dicom_file : DicomFile
        Checked by `check_pixel_header`.
    out : ndarray of int16, shape (rows, columns)
        Receives stored value x slope + intercept, rounded; padding values stay as they are.

    Raises
    ------
    IntakeError
        If the slice does not decode, or a value does not fit 16 bits.

    References
    ----------
    DICOM PS3.3 C.11.1.1.2.
    """
    stored = decode_stored_values(dicom_file)
    slope = dicom_file.numbers("RescaleSlope", 1, RefusalCode.NO_RESCALE)[0]
    intercept = dicom_file.numbers("RescaleIntercept", 1, RefusalCode.NO_RESCALE)[0]
    ends = sorted(int(end) * slope + intercept for end in (stored.min(), stored.max()))
    if ends[0] < INT16.min or ends[1] > INT16.max:
        raise IntakeError(
            RefusalCode.NOT_HOUNSFIELD,
            f"values reach {ends[0]:.0f} to {ends[1]:.0f} HU, beyond 16 bits; "
            "check RescaleSlope and RescaleIntercept",
            dicom_file.name,
        )
    if slope == 1 and intercept.is_integer():
        # Wrapping 16-bit addition: the ends were checked, so the sum itself fits.
        offset = np.uint16(int(intercept) & 0xFFFF)
        native = stored.astype(stored.dtype.newbyteorder("="), copy=False)
        np.add(native.view(np.uint16), offset, out=out.view(np.uint16))
    else:
        out[...] = np.rint(stored * slope + intercept)
