"""Convention P1: from a volume and a node's mask to the patch around it (inference.deepene, pure).

The public inference code takes patches and dilated masks as files and does not say how they are
made. P1 is this project's convention; its numbers are `PreprocessingParameters`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from inference.deepene.parameters import PreprocessingParameters, Triple, check_spacing

DISTANCE_ALLOWANCE_MM = 1e-6

MAX_PATCH_VOXELS = 32_000_000
"""Patches beyond this are refused: the mask is not that of one lymph node."""

Shape = tuple[int, int, int]

Dilation = Callable[[npt.NDArray[np.bool_], Sequence[float], float], npt.NDArray[np.bool_]]


@dataclass(frozen=True)
class Box:
    """A box of voxels: first index and one past the last, each (z, y, x).

    A node's patch may reach outside the volume, so indices may be negative.
    """

    start_zyx: Shape
    stop_zyx: Shape

    @property
    def shape(self) -> Shape:
        """Number of voxels along z, y, x."""
        z, y, x = (b - a for a, b in zip(self.start_zyx, self.stop_zyx, strict=True))
        return z, y, x

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Index expression of a box that lies inside its volume."""
        z, y, x = (slice(a, b) for a, b in zip(self.start_zyx, self.stop_zyx, strict=True))
        return z, y, x

    def clipped(self, shape_zyx: Sequence[int]) -> "Box":
        """Return the part of this box inside a volume of the given shape."""
        start = [min(max(a, 0), n) for a, n in zip(self.start_zyx, shape_zyx, strict=True)]
        stop = [min(max(b, 0), n) for b, n in zip(self.stop_zyx, shape_zyx, strict=True)]
        return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))

    def moved(self, by_zyx: Sequence[int]) -> "Box":
        """Return this box in the indices of a volume whose origin lies at `-by_zyx`."""
        start = [a + d for a, d in zip(self.start_zyx, by_zyx, strict=True)]
        stop = [b + d for b, d in zip(self.stop_zyx, by_zyx, strict=True)]
        return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


@dataclass(frozen=True, eq=False)
class Patch:
    """A node's surroundings on the CT grid.

    Attributes
    ----------
    ct_hu : ndarray of float32, shape (z, y, x)
        CT in HU, padded where the box leaves the volume.
    raw_mask, dilated_mask : ndarray of bool, shape (z, y, x)
        The node's mask, and the same dilated in-plane.
    box : Box
        Where the patch lies in the volume.
    """

    ct_hu: npt.NDArray[np.float32]
    raw_mask: npt.NDArray[np.bool_]
    dilated_mask: npt.NDArray[np.bool_]
    box: Box


def mask_box(mask_zyx: npt.NDArray[np.bool_]) -> Box:
    """Return the bounding box of a mask.

    Parameters
    ----------
    mask_zyx : ndarray of bool, shape (z, y, x)
        A mask with at least one voxel.

    Returns
    -------
    Box

    Raises
    ------
    ValueError
        If the mask is empty.
    """
    start, stop = [], []
    part = mask_zyx
    for axis, others in enumerate(((1, 2), (0, 2), (0, 1))):
        indices = np.flatnonzero(part.any(axis=others))
        if indices.size == 0:
            raise ValueError("mask_zyx is empty: there is no node to look at.")
        start.append(int(indices[0]))
        stop.append(int(indices[-1]) + 1)
        if axis == 0:
            part = mask_zyx[start[0] : stop[0]]  # the other slices have nothing to look through
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def patch_box(
    box: Box, spacing_zyx_mm: Sequence[float], parameters: PreprocessingParameters
) -> Box:
    """Grow a node's bounding box by the margin; the result may reach outside the volume.

    Parameters
    ----------
    box : Box
        Bounding box of the node's mask.
    spacing_zyx_mm : sequence of float
        Voxel spacing (z, y, x) in mm.
    parameters : PreprocessingParameters
        Of them, `patch_margin_zyx_mm`.

    Returns
    -------
    Box
        Centred on the given box.

    Raises
    ------
    ValueError
        If the spacing is not that of a CT, or the patch exceeds `MAX_PATCH_VOXELS`.
    """
    check_spacing("spacing_zyx_mm", spacing_zyx_mm)
    z, y, x = (
        math.ceil(margin / spacing)
        for margin, spacing in zip(parameters.patch_margin_zyx_mm, spacing_zyx_mm, strict=True)
    )
    first, past = box.start_zyx, box.stop_zyx
    grown = Box((first[0] - z, first[1] - y, first[2] - x), (past[0] + z, past[1] + y, past[2] + x))
    if math.prod(grown.shape) > MAX_PATCH_VOXELS:
        raise ValueError(
            f"mask_zyx spans {box.shape} voxels (z, y, x), with its margin {grown.shape}: more "
            f"than {MAX_PATCH_VOXELS} voxels. This is not one lymph node; check the mask."
        )
    return grown


def needed_box(
    box: Box,
    volume_shape_zyx: Sequence[int],
    spacing_zyx_mm: Sequence[float],
    parameters: PreprocessingParameters,
) -> Box:
    """Return the part of the volume that preprocessing a node reads.

    Preparing the node from this sub-volume gives the same input as from the whole volume.

    Parameters
    ----------
    box : Box
        Bounding box of the node's mask in the volume.
    volume_shape_zyx : sequence of int
        Shape of the volume.
    spacing_zyx_mm : sequence of float
        Voxel spacing (z, y, x) in mm.
    parameters : PreprocessingParameters
        Of them, `patch_margin_zyx_mm`.

    Returns
    -------
    Box
        Inside the volume.

    Raises
    ------
    ValueError
        If the node's box is empty or not inside the volume, or as `patch_box`.
    """
    if min(box.shape) <= 0 or box.clipped(volume_shape_zyx) != box:
        raise ValueError(
            f"the node's box {box.start_zyx} to {box.stop_zyx} must be inside the volume of shape "
            f"{tuple(volume_shape_zyx)}, and not empty."
        )
    return patch_box(box, spacing_zyx_mm, parameters).clipped(volume_shape_zyx)


def dilate_in_plane(
    mask_zyx: npt.NDArray[np.bool_], pixel_spacing_yx_mm: Sequence[float], radius_mm: float
) -> npt.NDArray[np.bool_]:
    """Dilate a mask slice by slice with a disc.

    Parameters
    ----------
    mask_zyx : ndarray of bool, shape (z, y, x)
        The node's mask.
    pixel_spacing_yx_mm : sequence of float
        In-plane spacing (y, x) in mm.
    radius_mm : float
        Radius of the disc in mm.

    Returns
    -------
    ndarray of bool, shape (z, y, x)
        Pixels whose centre lies within the radius (and 0.000001 mm) of the centre of a mask pixel
        of the same slice. Slices without mask stay empty.
    """
    dilated = np.zeros_like(mask_zyx, dtype=bool)
    for plane, result in zip(mask_zyx, dilated, strict=True):
        if plane.any():
            distance_mm = distance_transform_edt(~plane, sampling=pixel_spacing_yx_mm)
            np.less_equal(distance_mm, radius_mm + DISTANCE_ALLOWANCE_MM, out=result)
    return dilated


def cut_patch(
    volume_hu_zyx: npt.NDArray[np.generic],
    mask_zyx: npt.NDArray[np.bool_],
    spacing_zyx_mm: Triple,
    parameters: PreprocessingParameters,
    *,
    dilate: Dilation = dilate_in_plane,
) -> Patch:
    """Cut the patch around a node and dilate its mask.

    Parameters
    ----------
    volume_hu_zyx : ndarray, shape (z, y, x)
        CT in HU, the whole volume or at least the node's `needed_box`.
    mask_zyx : ndarray of bool, shape (z, y, x)
        The node's mask on the same grid.
    spacing_zyx_mm : tuple of float
        Voxel spacing (z, y, x) in mm.
    parameters : PreprocessingParameters
        Margin, dilation radius and padding.
    dilate : callable, optional
        Dilates a mask as `dilate_in_plane` does.

    Returns
    -------
    Patch

    Raises
    ------
    ValueError
        If the mask is empty, or as `patch_box`.
    """
    box = patch_box(mask_box(mask_zyx), spacing_zyx_mm, parameters)
    inside = box.clipped(mask_zyx.shape)
    at = inside.moved([-first for first in box.start_zyx]).slices
    ct_hu = np.full(box.shape, parameters.padding_hu, dtype=np.float32)
    raw_mask, dilated_mask = np.zeros(box.shape, dtype=bool), np.zeros(box.shape, dtype=bool)
    ct_hu[at] = volume_hu_zyx[inside.slices]
    raw_mask[at] = mask_zyx[inside.slices]
    # Only voxels of the volume become part of the dilated mask, padding never does.
    dilated_mask[at] = dilate(raw_mask[at], spacing_zyx_mm[1:], parameters.dilation_radius_mm)
    return Patch(ct_hu, raw_mask, dilated_mask, box)
