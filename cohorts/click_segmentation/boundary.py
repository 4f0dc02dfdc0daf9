"""cohorts.click_segmentation: move a boundary to where the values are halfway between both sides.

References
----------
Lankton S, Tannenbaum A. Localizing region-based active contours. IEEE Trans Image Process
2008;17:2029-2039. doi:10.1109/TIP.2008.2004611 (means of the neighbourhood on either side).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (
    binary_fill_holes,
    binary_opening,
    distance_transform_edt,
    gaussian_filter,
    generate_binary_structure,
    label,
)

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SIDE_MM, NEIGHBOURHOOD_MM = 1.0, 2.0
"""Distance from the boundary beyond which a voxel is sure, and how far sure voxels speak."""
OUTSIDE_MM = 3.5
SMALLEST_CONTRAST_HU = 20.0
LITTLE = 0.003
"""Below this share of sure voxels around, a side is not known."""
MARGIN_MM = 6.0
_SHARP_MM = 0.5
_IN_PLANE = generate_binary_structure(3, 1)[1:2]
_ALL_26 = generate_binary_structure(3, 3)


def sharpened(
    hu: NDArray[np.float32], mask: BoolArray, spacing_mm: FloatArray, click: tuple[int, int, int]
) -> BoolArray:
    """Return the mask with its boundary moved by at most about `SIDE_MM`.

    Parameters
    ----------
    hu : ndarray of float32, axes (z, y, x), HU
    mask : ndarray of bool, shape of `hu`
    spacing_mm : ndarray, shape (3,)
    click : tuple of int
        Voxel (z, y, x) that stays inside.
    """
    box = _around(mask, spacing_mm)
    start = [part.start for part in box]
    here = (click[0] - start[0], click[1] - start[1], click[2] - start[2])
    found = np.zeros_like(mask)
    found[box] = _sharpened(hu[box], mask[box], spacing_mm, here)
    return found


def _around(mask: BoolArray, spacing_mm: FloatArray) -> tuple[slice, slice, slice]:
    index = np.argwhere(mask)
    margin = np.ceil(MARGIN_MM / spacing_mm).astype(np.int64)
    low = np.maximum(index.min(axis=0) - margin, 0)
    high = np.minimum(index.max(axis=0) + margin + 1, mask.shape)
    z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return z, y, x


def _sharpened(
    hu: NDArray[np.float32], mask: BoolArray, spacing_mm: FloatArray, click: tuple[int, int, int]
) -> BoolArray:
    depth = distance_transform_edt(mask, sampling=spacing_mm)
    away = distance_transform_edt(~mask, sampling=spacing_mm)
    near = np.where(mask, depth, away) <= SIDE_MM + 0.5 * float(spacing_mm.min())
    inner, inner_share = _local_mean(hu, mask & (depth > 0.9 * SIDE_MM), spacing_mm)
    shell = ~mask & (away > 0.9 * SIDE_MM) & (away < OUTSIDE_MM)
    outer, outer_share = _local_mean(hu, shell, spacing_mm)
    is_known = (inner_share > LITTLE) & (outer_share > LITTLE)
    is_known &= np.abs(inner - outer) > SMALLEST_CONTRAST_HU
    sharp = gaussian_filter(hu, _SHARP_MM / spacing_mm)
    is_like_inner = np.abs(sharp - inner) < np.abs(sharp - outer)
    moved = np.where(near & is_known, is_like_inner, mask)
    # Specks and threads of one pixel go; what was deep stays.
    moved = binary_opening(moved, _IN_PLANE) | (moved & (depth > 0.8 * SIDE_MM))
    moved[click] = True
    return np.asarray(binary_fill_holes(piece_with(moved, click)), dtype=np.bool_)


def _local_mean(
    hu: NDArray[np.float32], where: BoolArray, spacing_mm: FloatArray
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and share of the chosen voxels in the neighbourhood of each voxel."""
    width = NEIGHBOURHOOD_MM / spacing_mm
    share = gaussian_filter(where.astype(np.float32), width)
    total = gaussian_filter(np.where(where, hu, np.float32(0)), width)
    return total / np.maximum(share, np.float32(1e-4)), share


def piece_with(mask: BoolArray, voxel: tuple[int, int, int]) -> BoolArray:
    """Return the piece of the mask (26-connectivity) that holds a voxel of it."""
    pieces = label(mask, _ALL_26)[0]
    piece: BoolArray = pieces == pieces[voxel]
    return piece
