"""cohorts.dicom: one slice as a JPEG-LS frame ready to send, and what a viewer must know."""

import hashlib
from typing import Any

import jpeg_ls
import numpy as np
from numpy.typing import NDArray

from cohorts.dicom.geometry import SeriesGeometry

JPEG_LS_LOSSLESS = "1.2.840.10008.1.2.4.80"
BITS_STORED = 16
SOFT_TISSUE_WINDOW_HU = (50, 400)
"""Centre and width that a series is shown with first."""


def encode_frame(slice_hu: NDArray[np.int16], offset_hu: int) -> bytes:
    """Encode one slice losslessly.

    The stored values are HU - offset, not negative: JPEG-LS predicts from neighbours, and a sign
    jump between air and water would cost both size and viewers' care with signed samples.

    Parameters
    ----------
    slice_hu : ndarray of int16, shape (rows, columns), HU
    offset_hu : int
        Lowest HU of the series, the same for all its slices.

    Raises
    ------
    ValueError
        If a value lies below the offset.
    """
    if int(slice_hu.min()) < offset_hu:
        raise ValueError(f"slice holds {slice_hu.min()} HU, below the offset {offset_hu} HU")
    stored = (slice_hu.astype(np.int32) - offset_hu).astype(np.uint16)
    rows, columns = stored.shape
    # The precision is said, not left to the encoder: it would take the smallest that holds the
    # slice and then misread 16-bit samples of slices that need 8 bits or fewer (air only).
    encoded = jpeg_ls.encode_buffer(stored.astype("<u2").tobytes(), rows, columns, 1, BITS_STORED)
    return bytes(encoded)


def decode_frame(data: bytes, offset_hu: int) -> NDArray[np.int16]:
    """Return the slice (rows, columns) in HU that `encode_frame` encoded."""
    stored = jpeg_ls.decode(np.frombuffer(data, dtype=np.uint8))
    slice_hu: NDArray[np.int16] = (stored.astype(np.int32) + offset_hu).astype(np.int16)
    return slice_hu


def frame_digest(data: bytes) -> str:
    """Return the SHA-256 of a frame's bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def frame_metadata(
    geometry: SeriesGeometry, *, offset_hu: int, highest_hu: int
) -> dict[str, int | float | str | list[float]]:
    """Return what is equal for all frames of a series, by DICOM keyword, as plain JSON values.

    Parameters
    ----------
    geometry : SeriesGeometry
    offset_hu, highest_hu : int
        Lowest and highest HU of the series.
    """
    centre_hu, width_hu = SOFT_TISSUE_WINDOW_HU
    _, rows, columns = geometry.shape_zyx
    spacing_z, spacing_y, spacing_x = geometry.spacing_zyx_mm
    metadata: dict[str, Any] = {
        "Rows": rows,
        "Columns": columns,
        "PixelSpacing": [spacing_y, spacing_x],
        "SliceThickness": spacing_z,
        "SpacingBetweenSlices": spacing_z,
        "ImageOrientationPatient": [*geometry.row_direction, *geometry.column_direction],
        "BitsAllocated": 16,
        "BitsStored": BITS_STORED,
        "HighBit": 15,
        "PixelRepresentation": 0,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "RescaleSlope": 1,
        "RescaleIntercept": offset_hu,
        "SmallestImagePixelValue": 0,
        "LargestImagePixelValue": highest_hu - offset_hu,
        "WindowCenter": centre_hu,
        "WindowWidth": width_hu,
        "TransferSyntaxUID": JPEG_LS_LOSSLESS,
    }
    return metadata
