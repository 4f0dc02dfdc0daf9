"""From CT, node mask and spacing to the network's input (inference.deepene, pure).

The plain path, step by step as the reference describes it; every faster path is measured by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inference.deepene.dual_crop import dual_crop, nine_slices, scale_ratio
from inference.deepene.parameters import (
    IntensityFingerprint,
    PreprocessingParameters,
    Triple,
    check_spacing,
)
from inference.deepene.patch import Box, Patch, Shape, cut_patch, mask_box
from inference.deepene.resampling import resample_ct, resample_mask


@dataclass(frozen=True, eq=False, kw_only=True)
class NodeInput:
    """What the network sees of one node, and where it comes from.

    Attributes
    ----------
    network_input : ndarray of float32, shape (1, 2, 9, 60, 60)
        Singleton, stream, slice, y, x; zero outside the dilated mask.
    slices : tuple of int
        The nine z indices (0 to 11) of the crops that were taken.
    scale_ratio : float
        In-plane shrinking of the size-invariant stream; 0 if the masks vanished.
    patch_box : Box
        The patch in the voxels of the volume given; it may reach outside.
    resampled_shape : tuple of int
        Shape (z, y, x) of the patch at target spacing.
    dilated_box_zyx : tuple of int
        Size of the dilated mask's bounding box at target spacing; zeros if it vanished.
    raw_voxels, dilated_voxels : int
        Sizes of the two masks on the CT grid.
    """

    network_input: npt.NDArray[np.float32]
    slices: tuple[int, ...]
    scale_ratio: float
    patch_box: Box
    resampled_shape: Shape
    dilated_box_zyx: Shape
    raw_voxels: int
    dilated_voxels: int


def prepare_node(
    volume_hu_zyx: npt.ArrayLike,
    mask_zyx: npt.ArrayLike,
    spacing_zyx_mm: Sequence[float],
    parameters: PreprocessingParameters,
) -> NodeInput:
    """Prepare one node for the network.

    Parameters
    ----------
    volume_hu_zyx : array_like, shape (z, y, x)
        CT in HU: the whole volume, or the sub-volume that `patch.needed_box` names.
    mask_zyx : array_like, shape (z, y, x)
        The node's mask on the same grid; every non-zero voxel belongs to the node.
    spacing_zyx_mm : sequence of float
        Voxel spacing (z, y, x) in mm.
    parameters : PreprocessingParameters
        The model version's parameters.

    Returns
    -------
    NodeInput

    Raises
    ------
    ValueError
        If the shapes differ, the mask is empty or too large for a node, the spacing is not that
        of a CT, or a CT value of the patch is not finite.
    """
    volume, mask = checked_node(volume_hu_zyx, mask_zyx)
    patch = cut_patch(volume, mask, checked_spacing(spacing_zyx_mm), parameters)
    return prepare_patch(patch, spacing_zyx_mm, parameters)


def prepare_patch(
    patch: Patch, spacing_zyx_mm: Sequence[float], parameters: PreprocessingParameters
) -> NodeInput:
    """Prepare a node whose patch has been cut and whose mask has been dilated already.

    Parameters
    ----------
    patch : Patch
        CT in HU and both masks around the node.
    spacing_zyx_mm : sequence of float
        Voxel spacing (z, y, x) in mm.
    parameters : PreprocessingParameters
        The model version's parameters.

    Returns
    -------
    NodeInput

    Raises
    ------
    ValueError
        If the spacing is not that of a CT, a CT value is not finite, or the dilated mask does not
        contain the raw mask.
    """
    if not np.isfinite(patch.ct_hu).all():
        raise ValueError("volume_hu_zyx has values that are not finite HU near the node.")
    spacing, target = checked_spacing(spacing_zyx_mm), parameters.target_spacing_zyx_mm
    ct = normalise(resample_ct(patch.ct_hu, spacing, target), parameters.fingerprint)
    raw = resample_mask(patch.raw_mask, spacing, target, parameters.inside_from)
    dilated = resample_mask(patch.dilated_mask, spacing, target, parameters.inside_from)
    crop = dual_crop(ct, raw, dilated, parameters.inside_from)
    slices = nine_slices(crop.raw_mask[0])
    chosen = list(slices)
    return NodeInput(
        network_input=_masked(crop.ct[:, chosen], crop.dilated_mask[:, chosen])[None],
        slices=slices,
        scale_ratio=scale_ratio(dilated) if dilated.any() else 0.0,
        patch_box=patch.box,
        resampled_shape=ct.shape,
        dilated_box_zyx=mask_box(dilated).shape if dilated.any() else (0, 0, 0),
        raw_voxels=int(patch.raw_mask.sum()),
        dilated_voxels=int(patch.dilated_mask.sum()),
    )


def normalise(
    ct_hu: npt.NDArray[np.float32], fingerprint: IntensityFingerprint
) -> npt.NDArray[np.float32]:
    """Clip CT to the training data's range and standardise it.

    Parameters
    ----------
    ct_hu : ndarray of float32
        CT in HU.
    fingerprint : IntensityFingerprint
        Range, mean and standard deviation in HU.

    Returns
    -------
    ndarray of float32
        In standard deviations from the mean.
    """
    low, high = fingerprint.percentile_00_5_hu, fingerprint.percentile_99_5_hu
    clipped = np.clip(ct_hu, np.float32(low), np.float32(high))
    return (clipped - np.float32(fingerprint.mean_hu)) / np.float32(fingerprint.sd_hu)


def _masked(ct: npt.NDArray[np.float32], inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    return np.where(inside, ct, np.float32(0))


def checked_node(
    volume_hu_zyx: npt.ArrayLike, mask_zyx: npt.ArrayLike
) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.bool_]]:
    """Return CT and mask as arrays; ValueError if they are not of one three-dimensional grid."""
    volume, mask = np.asarray(volume_hu_zyx), np.asarray(mask_zyx)
    mask = mask if mask.dtype == np.bool_ else mask != 0
    if volume.ndim != 3 or volume.shape != mask.shape:
        raise ValueError(
            "volume_hu_zyx and mask_zyx must have the same three axes (z, y, x), not "
            f"{volume.shape} and {mask.shape}."
        )
    return volume, mask


def checked_spacing(spacing_zyx_mm: Sequence[float]) -> Triple:
    """Return a spacing (z, y, x) as floats; ValueError if it is not that of a CT."""
    check_spacing("spacing_zyx_mm", spacing_zyx_mm)
    z, y, x = (float(value) for value in spacing_zyx_mm)
    return z, y, x
