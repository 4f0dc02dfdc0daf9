"""cohorts.click_segmentation: how far voxels lie from a point, in mm."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def offsets_mm(
    low: NDArray[np.int64], high: NDArray[np.int64], point: FloatArray, spacing_mm: FloatArray
) -> FloatArray:
    """Return the offset of each voxel of a box from a point.

    Parameters
    ----------
    low, high : ndarray of int, shape (3,)
        The box, half-open, axes (z, y, x).
    point : ndarray, shape (3,), voxels
    spacing_mm : ndarray, shape (3,)

    Returns
    -------
    ndarray of float64, shape (z, y, x, 3)
    """
    offsets = np.empty((*(high - low), 3))
    for axis in range(3):
        along = (np.arange(low[axis], high[axis]) - point[axis]) * spacing_mm[axis]
        offsets[..., axis] = along.reshape([-1 if axis == other else 1 for other in range(3)])
    return offsets


def distances_mm(shape: tuple[int, ...], point: FloatArray, spacing_mm: FloatArray) -> FloatArray:
    """Return the distance of each voxel of a crop from a point, shape (z, y, x)."""
    offsets = offsets_mm(np.zeros(3, np.int64), np.array(shape), point, spacing_mm)
    distance: FloatArray = np.sqrt((offsets**2).sum(axis=-1))
    return distance
