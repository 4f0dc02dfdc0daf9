"""The two 12 x 60 x 60 crops and the choice of nine slices (inference.deepene, pure)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates, spline_filter

from inference.deepene.geometry import IN_PLANE, SLICES
from inference.deepene.patch import mask_box

DEPTH = 12
"""Slices of a crop, of which the network sees nine."""


@dataclass(frozen=True, eq=False)
class DualCrop:
    """A node seen twice: at its size (stream 0), and scaled to fill the crop (stream 1).

    Attributes
    ----------
    ct : ndarray of float32, shape (2, 12, 60, 60)
        Normalised CT; 0, the mean intensity, outside the patch.
    raw_mask, dilated_mask : ndarray of bool, shape (2, 12, 60, 60)
        The node's mask and the dilated one.
    """

    ct: npt.NDArray[np.float32]
    raw_mask: npt.NDArray[np.bool_]
    dilated_mask: npt.NDArray[np.bool_]


def scale_ratio(dilated_mask_zyx: npt.NDArray[np.bool_]) -> float:
    """Return by how much the size-invariant stream shrinks the node in-plane.

    Parameters
    ----------
    dilated_mask_zyx : ndarray of bool, shape (z, y, x)
        Dilated mask at target spacing, not empty.

    Returns
    -------
    float
        Longer in-plane side of its bounding box over the crop's side of 60.
    """
    return max(mask_box(dilated_mask_zyx).shape[1:]) / IN_PLANE


def dual_crop(
    ct_zyx: npt.NDArray[np.float32],
    raw_mask_zyx: npt.NDArray[np.bool_],
    dilated_mask_zyx: npt.NDArray[np.bool_],
    inside_from: float,
) -> DualCrop:
    """Crop both streams about the patch centre.

    Parameters
    ----------
    ct_zyx : ndarray of float32, shape (z, y, x)
        Normalised CT patch at target spacing.
    raw_mask_zyx, dilated_mask_zyx : ndarray of bool, shape (z, y, x)
        Masks on the same grid.
    inside_from : float
        Smallest interpolated mask value that counts as inside.

    Returns
    -------
    DualCrop
        All zero if both masks are empty.

    Raises
    ------
    ValueError
        If the dilated mask does not contain the raw mask.
    """
    if (raw_mask_zyx & ~dilated_mask_zyx).any():
        raise ValueError("dilated_mask_zyx must contain raw_mask_zyx.")
    shape = (2, DEPTH, IN_PLANE, IN_PLANE)
    crop = DualCrop(np.zeros(shape, np.float32), np.zeros(shape, bool), np.zeros(shape, bool))
    if not dilated_mask_zyx.any():
        return crop
    # map_coordinates would filter again for each stream; mirroring is what its mode implies.
    coefficients = spline_filter(ct_zyx.astype(np.float64), order=3, mode="mirror")
    for stream, ratio in enumerate((1.0, scale_ratio(dilated_mask_zyx))):
        at = _sampling_grid(ct_zyx.shape, ratio)
        crop.ct[stream] = map_coordinates(
            coefficients, at, order=3, mode="constant", cval=0.0, prefilter=False
        )
        crop.raw_mask[stream] = _sampled_mask(raw_mask_zyx, at, inside_from)
        crop.dilated_mask[stream] = _sampled_mask(dilated_mask_zyx, at, inside_from)
    return crop


def _sampling_grid(shape_zyx: Sequence[int], ratio: float) -> npt.NDArray[np.float64]:
    """Patch coordinates of every crop voxel, shape (3, 12, 60, 60); z keeps its scale."""
    centre = [size / 2 - 0.5 for size in shape_zyx]
    in_plane = (np.arange(IN_PLANE) - (IN_PLANE - 1) / 2) * ratio
    depth = np.arange(DEPTH) - (DEPTH - 1) / 2
    axes = (depth + centre[0], in_plane + centre[1], in_plane + centre[2])
    return np.stack(np.meshgrid(*axes, indexing="ij"))


def _sampled_mask(
    mask_zyx: npt.NDArray[np.bool_], at: npt.NDArray[np.float64], inside_from: float
) -> npt.NDArray[np.bool_]:
    values = map_coordinates(mask_zyx.astype(np.float64), at, order=1, mode="constant", cval=0.0)
    return np.asarray(values >= inside_from)


def nine_slices(raw_mask_zyx: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    """Choose the nine slices shown to the network.

    Parameters
    ----------
    raw_mask_zyx : ndarray of bool, shape (12, 60, 60)
        Raw mask of the size-preserving crop.

    Returns
    -------
    tuple of int
        The middle nine of the slices with mask; with fewer, the first and the last are repeated,
        the last one more often where they cannot be so equally. Without mask, slices 0 to 8.
    """
    filled = np.flatnonzero(raw_mask_zyx.any(axis=(1, 2))).tolist()
    if not filled:
        return tuple(range(SLICES))
    if len(filled) >= SLICES:
        skipped = (len(filled) - SLICES) // 2
        return tuple(filled[skipped : skipped + SLICES])
    missing = SLICES - len(filled)
    before = missing // 2
    return tuple([filled[0]] * before + filled + [filled[-1]] * (missing - before))
