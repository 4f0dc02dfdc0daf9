"""How much of something lies near a node's boundary (inference.explanation, pure)."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

SHELL_MM = 2.0
"""Half width: a voxel belongs to the shell when its centre is no further from the boundary."""

_ALLOWANCE_MM = 1e-6


def boundary_distance_mm(
    mask_zyx: npt.NDArray[np.bool_], spacing_zyx_mm: Sequence[float]
) -> npt.NDArray[np.float64]:
    """Return how far each voxel's centre lies from the node's boundary, inside or outside.

    The boundary is made of the faces between a voxel of the node and one outside it; what lies
    beyond the array counts as outside. Distances are to the centre of the nearest such face.

    Parameters
    ----------
    mask_zyx : ndarray of bool, shape (z, y, x)
        The node's mask, not empty.
    spacing_zyx_mm : sequence of float
        Voxel spacing (z, y, x) in mm.

    Returns
    -------
    ndarray of float64, shape (z, y, x)
        Distances in mm, 3-D.

    Raises
    ------
    ValueError
        If the mask is empty.
    """
    if not mask_zyx.any():
        raise ValueError("mask_zyx is empty: there is no boundary.")
    padded = np.pad(mask_zyx, 1)
    # A grid twice as fine: voxel centres at even places, centres of faces at one odd place.
    elsewhere = np.ones([2 * size - 1 for size in padded.shape], dtype=bool)
    for axis in range(3):
        at: list[slice] = [slice(None, None, 2)] * 3
        at[axis] = slice(1, None, 2)
        elsewhere[tuple(at)] = ~np.diff(padded, axis=axis)
    half = [size / 2 for size in spacing_zyx_mm]
    fine: npt.NDArray[np.float64] = distance_transform_edt(elsewhere, sampling=half)
    return fine[2:-2:2, 2:-2:2, 2:-2:2]


def boundary_shell(
    mask_zyx: npt.NDArray[np.bool_],
    spacing_zyx_mm: Sequence[float],
    half_width_mm: float = SHELL_MM,
) -> npt.NDArray[np.bool_]:
    """Return the voxels whose centre lies within the half width of the node's boundary.

    Parameters
    ----------
    mask_zyx : ndarray of bool, shape (z, y, x)
        The node's mask, not empty.
    spacing_zyx_mm : sequence of float
        Voxel spacing (z, y, x) in mm.
    half_width_mm : float, optional
        On both sides of the boundary, in mm.

    Returns
    -------
    ndarray of bool, shape (z, y, x)

    Raises
    ------
    ValueError
        If the mask is empty.
    """
    distance_mm = boundary_distance_mm(mask_zyx, spacing_zyx_mm)
    return np.asarray(distance_mm <= half_width_mm + _ALLOWANCE_MM)


def fraction_inside(
    amounts_zyx: npt.NDArray[np.float64], region_zyx: npt.NDArray[np.bool_]
) -> float:
    """Return the share of the absolute amounts that lies in a region; 0 where all are zero."""
    sizes = np.abs(amounts_zyx)
    total = float(sizes.sum())
    return float(sizes[region_zyx].sum()) / total if total else 0.0
