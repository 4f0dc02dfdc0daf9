"""Resampling a patch to the spacing the network was trained on (inference.deepene, pure).

CT is resampled with cubic splines and masks linearly; an axis much coarser than the others is
treated separately by nearest neighbour.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.ndimage import zoom

from inference.deepene.parameters import Triple
from inference.deepene.patch import Shape

_ANISOTROPY = 3.0
"""An axis is treated separately when it is more than this much coarser than the finest one."""

_Z = 0
_FINEST_PERCENTILE = 10.0
_ABOVE_IN_PLANE_MM = 0.00001


def dataset_target_spacing(
    spacings_zyx_mm: npt.ArrayLike, sizes_zyx: npt.ArrayLike
) -> tuple[float, float, float]:
    """Choose the target spacing of a training set.

    Parameters
    ----------
    spacings_zyx_mm : array_like, shape (cases, 3)
        Voxel spacings (z, y, x) of the training cases, in mm.
    sizes_zyx : array_like, shape (cases, 3)
        Patch sizes (z, y, x) of the training cases, in voxels.

    Returns
    -------
    tuple of float
        Median spacing (z, y, x) in mm; on an axis that is coarse and has few voxels, the 10th
        percentile, but no finer than the other two.

    Raises
    ------
    ValueError
        If the two are not lists of equally many triples.
    """
    spacings, sizes = np.asarray(spacings_zyx_mm, dtype=float), np.asarray(sizes_zyx, dtype=float)
    if spacings.ndim != 2 or spacings.shape != sizes.shape or spacings.shape[1:] != (3,):
        raise ValueError(
            "spacings_zyx_mm and sizes_zyx must both have shape (cases, 3), not "
            f"{spacings.shape} and {sizes.shape}."
        )
    if not len(spacings):
        raise ValueError("spacings_zyx_mm is empty: a target spacing needs at least one case.")
    target, size = np.median(spacings, axis=0), np.median(sizes, axis=0)
    coarsest = int(target.argmax())
    others = [axis for axis in range(3) if axis != coarsest]
    in_plane = target[others].max()
    few = _ANISOTROPY * size[coarsest] < size[others].min()
    if target[coarsest] > _ANISOTROPY * in_plane and few:
        finest = np.percentile(spacings[:, coarsest], _FINEST_PERCENTILE)
        target[coarsest] = finest if finest >= in_plane else in_plane + _ABOVE_IN_PLANE_MM
    z, y, x = target.tolist()
    return z, y, x


def resampled_shape(
    shape_zyx: Sequence[int], spacing_zyx_mm: Sequence[float], target_zyx_mm: Sequence[float]
) -> Shape:
    """Return the shape of a patch after resampling; z is never downsampled.

    Parameters
    ----------
    shape_zyx : sequence of int
        Shape before.
    spacing_zyx_mm, target_zyx_mm : sequence of float
        Spacing (z, y, x) before and after, in mm.

    Returns
    -------
    tuple of int
        spacing / target * size per axis, halves rounded to even, at least one.
    """
    spacing, target = np.asarray(spacing_zyx_mm, float), np.asarray(target_zyx_mm, float)
    exact = spacing / target * np.asarray(shape_zyx)
    z, y, x = (max(1, int(size)) for size in np.round(exact))
    return max(z, int(shape_zyx[_Z])), y, x


def separate_axis(spacing_zyx_mm: Sequence[float], target_zyx_mm: Sequence[float]) -> int | None:
    """Return the axis to treat separately, or None.

    Parameters
    ----------
    spacing_zyx_mm, target_zyx_mm : sequence of float
        Spacing (z, y, x) before and after, in mm.

    Returns
    -------
    int or None
        The one coarsest axis of the first of the two that is anisotropic; None if neither is, or
        if two axes are equally coarse.
    """
    for spacing in (spacing_zyx_mm, target_zyx_mm):
        coarsest = max(spacing)
        if coarsest / min(spacing) > _ANISOTROPY:
            axes = [axis for axis, value in enumerate(spacing) if value == coarsest]
            return axes[0] if len(axes) == 1 else None
    return None


def resample_ct(
    ct_hu_zyx: npt.NDArray[np.float32], spacing_zyx_mm: Triple, target_zyx_mm: Triple
) -> npt.NDArray[np.float32]:
    """Resample CT with cubic splines, slice by slice where an axis is treated separately.

    Parameters
    ----------
    ct_hu_zyx : ndarray of float32, shape (z, y, x)
        CT in HU.
    spacing_zyx_mm, target_zyx_mm : tuple of float
        Spacing (z, y, x) before and after, in mm.

    Returns
    -------
    ndarray of float32, shape `resampled_shape(...)`
        In HU; no value beyond the extremes of its slice (or of the volume).
    """
    shape = resampled_shape(ct_hu_zyx.shape, spacing_zyx_mm, target_zyx_mm)
    if shape == ct_hu_zyx.shape:
        return ct_hu_zyx
    axis = separate_axis(spacing_zyx_mm, target_zyx_mm)
    if axis is None:
        # The published code flips z here; it decides which way rounding noise falls.
        return _zoomed_ct(ct_hu_zyx[::-1], shape)[::-1]
    in_plane = shape[:axis] + shape[axis + 1 :]
    planes = np.moveaxis(ct_hu_zyx, axis, 0)
    resampled = np.stack([_zoomed_ct(plane, in_plane) for plane in planes])
    picked = resampled[nearest_source(len(planes), shape[axis], flipped=axis == _Z)]
    return np.ascontiguousarray(np.moveaxis(picked, 0, axis))


def resample_mask(
    mask_zyx: npt.NDArray[np.bool_],
    spacing_zyx_mm: Triple,
    target_zyx_mm: Triple,
    inside_from: float,
) -> npt.NDArray[np.bool_]:
    """Resample a mask linearly, slice by slice where an axis is treated separately.

    Parameters
    ----------
    mask_zyx : ndarray of bool, shape (z, y, x)
        The mask.
    spacing_zyx_mm, target_zyx_mm : tuple of float
        Spacing (z, y, x) before and after, in mm.
    inside_from : float
        Smallest interpolated value that counts as inside.

    Returns
    -------
    ndarray of bool, shape `resampled_shape(...)`
    """
    shape = resampled_shape(mask_zyx.shape, spacing_zyx_mm, target_zyx_mm)
    if shape == mask_zyx.shape:
        return mask_zyx
    axis = separate_axis(spacing_zyx_mm, target_zyx_mm)
    if axis is None:
        return _zoomed_mask(mask_zyx[::-1], shape, inside_from)[::-1]
    in_plane = shape[:axis] + shape[axis + 1 :]
    planes = np.moveaxis(mask_zyx, axis, 0)
    resampled = np.zeros((len(planes), *in_plane), dtype=bool)
    for index in np.flatnonzero(planes.any(axis=(1, 2))):
        resampled[index] = _zoomed_mask(planes[index], in_plane, inside_from)
    picked = resampled[nearest_source(len(planes), shape[axis], flipped=axis == _Z)]
    return np.ascontiguousarray(np.moveaxis(picked, 0, axis))


def nearest_source(before: int, after: int, *, flipped: bool) -> npt.NDArray[np.intp]:
    """Return the source index of every output slice.

    Parameters
    ----------
    before, after : int
        Number of slices.
    flipped : bool
        Whether the published code counts them from the far end.

    Returns
    -------
    ndarray of int, shape (after,)
    """
    if before == after:
        return np.arange(before)
    output = np.arange(after)
    if flipped:
        source = before - 1 - np.floor(before / after * (after - 1 - output + 0.5))
    else:
        source = np.floor(before / after * (output + 0.5))
    return np.asarray(np.clip(source, 0, before - 1), dtype=np.intp)


def _zoomed(
    values: npt.NDArray[np.generic], shape: Sequence[int], order: int
) -> npt.NDArray[np.float64]:
    """Sample input coordinate (i + 0.5) n / n' - 0.5 for output i, with the edges extended."""
    factors = [after / before for after, before in zip(shape, values.shape, strict=True)]
    result = np.empty(shape, dtype=np.float64)
    zoom(
        values.astype(np.float64),
        factors,
        output=result,
        order=order,
        mode="nearest",
        grid_mode=True,
    )
    return result


def _zoomed_ct(ct_hu: npt.NDArray[np.float32], shape: Sequence[int]) -> npt.NDArray[np.float32]:
    return np.clip(_zoomed(ct_hu, shape, order=3), ct_hu.min(), ct_hu.max()).astype(np.float32)


def _zoomed_mask(
    mask: npt.NDArray[np.bool_], shape: Sequence[int], inside_from: float
) -> npt.NDArray[np.bool_]:
    return _zoomed(mask, shape, order=1) >= inside_from
