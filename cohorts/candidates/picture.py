"""cohorts.candidates: what a proposed mask looks like on the CT, as a small PNG."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cohorts.dicom.frames import SOFT_TISSUE_WINDOW_HU

HALF_EDGE = 48
"""Pixels of the CT to each side of the middle of the mask."""
ENLARGED = 3
OUTLINE_RGB = (255, 176, 0)


def outlined_png(plane_hu: NDArray[np.int16], mask: NDArray[np.bool_]) -> bytes:
    """Return a part of a slice around a mask, enlarged, with the mask's outline.

    Parameters
    ----------
    plane_hu : ndarray of int16, axes (rows, columns), HU
    mask : ndarray of bool, same shape
        With at least one voxel.

    Returns
    -------
    bytes
        A PNG of `ENLARGED` × at most 2 `HALF_EDGE` pixels along each edge, in the window of soft
        tissue. The outline lies on the mask's own outermost pixels.

    Raises
    ------
    ValueError
        If the mask is empty.
    """
    if not mask.any():
        raise ValueError("a picture needs a mask with a voxel in its slice")
    rows, columns = (
        _around(np.flatnonzero(mask.any(axis=axis)), mask.shape[1 - axis]) for axis in (1, 0)
    )
    centre, width = SOFT_TISSUE_WINDOW_HU
    shown = (plane_hu[rows, columns].astype(np.float64) - (centre - width / 2)) / width
    grey = np.rint(np.clip(shown, 0, 1) * 255).astype(np.uint8)
    picture = np.repeat(_enlarged(grey)[:, :, np.newaxis], 3, axis=2)
    inside = _enlarged(mask[rows, columns])
    picture[inside & ~ndimage.binary_erosion(inside)] = OUTLINE_RGB
    return _png(picture)


def _around(hits: NDArray[np.intp], size: int) -> slice:
    """Return the part of an axis around the middle of a mask, inside the slice."""
    middle = int(hits[0] + hits[-1]) // 2
    return slice(max(middle - HALF_EDGE, 0), min(middle + HALF_EDGE, size))


def _enlarged(plane: NDArray[np.generic]) -> NDArray[np.generic]:
    return plane.repeat(ENLARGED, axis=0).repeat(ENLARGED, axis=1)


def _png(rgb: NDArray[np.uint8]) -> bytes:
    """Write rows of RGB pixels (PNG specification, ISO/IEC 15948)."""
    height, width, _ = rgb.shape
    lines = np.zeros((height, 1 + 3 * width), dtype=np.uint8)  # each begins with filter 0
    lines[:, 1:] = rgb.reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
