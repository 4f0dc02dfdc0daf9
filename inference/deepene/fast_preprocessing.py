"""From CT, node mask and spacing to the network's input, fast (inference.deepene, pure).

The same as `preprocessing`, within rounding: slices are resampled and cropped by one matrix per
axis, and only where the network will look. Nodes that are resampled in three dimensions, and the
published rounding of ties, take the plain path.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from inference.deepene.dual_crop import DEPTH, nine_slices
from inference.deepene.geometry import IN_PLANE, STREAMS
from inference.deepene.parameters import PreprocessingParameters, Triple
from inference.deepene.patch import DISTANCE_ALLOWANCE_MM, Patch, Shape, cut_patch, mask_box
from inference.deepene.preprocessing import (
    NodeInput,
    checked_node,
    checked_spacing,
    normalise,
    prepare_patch,
)
from inference.deepene.resampling import nearest_source, resampled_shape, separate_axis
from inference.deepene.separable import (
    Matrix,
    crop_cubic,
    crop_linear,
    zoom_cubic,
    zoom_linear,
)

_NEGLIGIBLE = 1e-9
"""Weights of a matrix below this are left out: HU times this is nothing."""

_NEGLIGIBLE_SLICE = 1e-8
"""The same between slices, where values are some standard deviations at most."""

_UNSHARED = 250_000
"""Multiplications up to which OpenBLAS keeps a product to one thread (4 * 65,536)."""

_Z = 0

F = TypeVar("F", np.float32, np.float64)


@dataclass(frozen=True, eq=False)
class _Inset:
    """A mask, cut to where it is; nothing of it lies elsewhere in its grid."""

    values: npt.NDArray[np.bool_]
    start_zyx: Shape

    def along(self, axis: int) -> slice:
        """Where it lies on an axis of its grid."""
        start = self.start_zyx[axis]
        return slice(start, start + self.values.shape[axis])


@dataclass(frozen=True, eq=False)
class _Seen:
    """The part of one stream that is not masked away.

    Attributes
    ----------
    inside : ndarray of bool, shape (slices, rows, columns)
        The stream's dilated mask there.
    rows, columns : slice
        Where that is in the crop.
    sample_rows, sample_columns : Matrix
        From the resampled patch to there.
    """

    inside: npt.NDArray[np.bool_]
    rows: slice
    columns: slice
    sample_rows: Matrix
    sample_columns: Matrix


def prepare_node_fast(
    volume_hu_zyx: npt.ArrayLike,
    mask_zyx: npt.ArrayLike,
    spacing_zyx_mm: Sequence[float],
    parameters: PreprocessingParameters,
) -> NodeInput:
    """Prepare one node for the network; as `preprocessing.prepare_node`.

    Parameters
    ----------
    volume_hu_zyx, mask_zyx : array_like, shape (z, y, x)
        CT in HU and the node's mask.
    spacing_zyx_mm : sequence of float
        Voxel spacing (z, y, x) in mm.
    parameters : PreprocessingParameters
        The model version's parameters.

    Returns
    -------
    NodeInput
        CT within 0.0001 of the plain path's, all else equal.

    Raises
    ------
    ValueError
        As `preprocessing.prepare_node`.
    """
    volume, mask = checked_node(volume_hu_zyx, mask_zyx)
    spacing = checked_spacing(spacing_zyx_mm)
    patch = cut_patch(volume, mask, spacing, parameters, dilate=dilate_in_plane_fast)
    return prepare_patch_fast(patch, spacing, parameters)


def prepare_patch_fast(
    patch: Patch, spacing_zyx_mm: Sequence[float], parameters: PreprocessingParameters
) -> NodeInput:
    """Prepare a node whose patch has been cut; as `preprocessing.prepare_patch`.

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
        CT within 0.0001 of the plain path's, all else equal.

    Raises
    ------
    ValueError
        As `preprocessing.prepare_patch`.
    """
    spacing = checked_spacing(spacing_zyx_mm)
    shape = resampled_shape(patch.ct_hu.shape, spacing, parameters.target_spacing_zyx_mm)
    if not _is_separable(patch, spacing, parameters, shape):
        return prepare_patch(patch, spacing, parameters)
    if not np.isfinite(patch.ct_hu).all():
        raise ValueError("volume_hu_zyx has values that are not finite HU near the node.")
    source = nearest_source(patch.ct_hu.shape[_Z], shape[_Z], flipped=True)
    raw, dilated = (
        _resampled_mask(mask, shape, source, parameters.inside_from)
        for mask in (patch.raw_mask, patch.dilated_mask)
    )
    if raw is None or dilated is None:
        return prepare_patch(patch, spacing, parameters)
    dilated_box = mask_box(dilated.values).shape
    slices = nine_slices(_cropped(raw, shape, 1.0, parameters.inside_from))
    ratio = max(dilated_box[1:]) / IN_PLANE
    return NodeInput(
        network_input=_network_input(patch, dilated, source, shape, slices, ratio, parameters),
        slices=slices,
        scale_ratio=ratio,
        patch_box=patch.box,
        resampled_shape=shape,
        dilated_box_zyx=dilated_box,
        raw_voxels=int(patch.raw_mask.sum()),
        dilated_voxels=int(patch.dilated_mask.sum()),
    )


def _is_separable(
    patch: Patch, spacing: Triple, parameters: PreprocessingParameters, shape: Shape
) -> bool:
    """Whether z is treated separately, ties are decided by rule, and the masks are in order."""
    target = parameters.target_spacing_zyx_mm
    return (
        parameters.ties_inside
        and (shape == patch.ct_hu.shape or separate_axis(spacing, target) == _Z)
        and bool(patch.raw_mask.any())
        and not bool((patch.raw_mask & ~patch.dilated_mask).any())
    )


def _resampled_mask(
    mask_zyx: npt.NDArray[np.bool_],
    shape: Shape,
    source: npt.NDArray[np.intp],
    inside_from: float,
) -> _Inset | None:
    """Resample a mask where it is; None if it vanishes."""
    box = mask_box(mask_zyx)
    picked = np.flatnonzero((source >= box.start_zyx[_Z]) & (source < box.stop_zyx[_Z]))
    planes = mask_zyx[box.slices].astype(np.float64)
    start = list(box.start_zyx)
    for axis in (1, 2):
        matrix, start[axis] = _filled_rows(
            zoom_linear(mask_zyx.shape[axis], shape[axis])[:, box.slices[axis]]
        )
        planes = np.swapaxes(_product(matrix, np.swapaxes(planes, 1, axis)), 1, axis)
    values = (planes >= inside_from)[source[picked] - box.start_zyx[_Z]]
    if not values.any():
        return None
    return _Inset(values, (int(picked[0]), start[1], start[2]))


def _filled_rows(matrix: Matrix) -> tuple[Matrix, int]:
    """Return the rows of a matrix that are not zero, and the first one's index."""
    filled = _filled(np.asarray(np.abs(matrix).max(axis=1) > _NEGLIGIBLE))
    return matrix[filled], filled.start


def _filled(flags: npt.NDArray[np.bool_]) -> slice:
    indices = np.flatnonzero(flags)
    return slice(int(indices[0]), int(indices[-1]) + 1) if indices.size else slice(0, 0)


def _cropped(
    mask: _Inset,
    shape: Shape,
    ratio: float,
    inside_from: float,
    chosen: Sequence[int] | None = None,
) -> npt.NDArray[np.bool_]:
    """Return one stream of a mask, shape (12 or those chosen, 60, 60)."""
    depth = crop_linear(shape[_Z], DEPTH, 1.0)[:, mask.along(_Z)]
    depth = depth if chosen is None else depth[list(chosen)]
    rows = crop_linear(shape[1], IN_PLANE, ratio)[:, mask.along(1)]
    columns = crop_linear(shape[2], IN_PLANE, ratio)[:, mask.along(2)]
    planes = _between_slices(depth, mask.values.astype(np.float64))
    return np.asarray(_product(rows, planes @ columns.T) >= inside_from)


def _network_input(
    patch: Patch,
    dilated: _Inset,
    source: npt.NDArray[np.intp],
    shape: Shape,
    slices: tuple[int, ...],
    ratio: float,
    parameters: PreprocessingParameters,
) -> npt.NDArray[np.float32]:
    chosen = sorted(set(slices))
    streams = [
        _seen(_cropped(dilated, shape, scale, parameters.inside_from, chosen), shape, scale)
        for scale in (1.0, ratio)
    ]
    rows = _reach([stream.sample_rows for stream in streams])
    columns = _reach([stream.sample_columns for stream in streams])
    ct = _resampled_slices(patch, source, shape, chosen, (rows, columns), parameters)
    result = np.zeros((STREAMS, len(chosen), IN_PLANE, IN_PLANE), np.float32)
    for stream, cropped in zip(streams, result, strict=True):
        sample_rows = stream.sample_rows[:, rows].astype(np.float32)
        sample_columns = stream.sample_columns[:, columns].astype(np.float32)
        values = sample_rows @ (ct @ sample_columns.T)
        cropped[:, stream.rows, stream.columns] = np.where(stream.inside, values, np.float32(0))
    return result[:, [chosen.index(index) for index in slices]][None]


def _seen(inside: npt.NDArray[np.bool_], shape: Shape, ratio: float) -> _Seen:
    rows, columns = (_filled(np.asarray(inside.any(axis=others))) for others in ((0, 2), (0, 1)))
    return _Seen(
        inside=inside[:, rows, columns],
        rows=rows,
        columns=columns,
        sample_rows=crop_cubic(shape[1], IN_PLANE, ratio)[rows],
        sample_columns=crop_cubic(shape[2], IN_PLANE, ratio)[columns],
    )


def _reach(matrices: Sequence[Matrix]) -> slice:
    """Which inputs the matrices look at."""
    weights = np.concatenate([np.abs(matrix) for matrix in matrices])
    return _filled(np.asarray(weights.max(axis=0) > _NEGLIGIBLE))


def _resampled_slices(
    patch: Patch,
    source: npt.NDArray[np.intp],
    shape: Shape,
    chosen: Sequence[int],
    window: tuple[slice, slice],
    parameters: PreprocessingParameters,
) -> npt.NDArray[np.float32]:
    """Resample and normalise CT in a window, at the z positions of the chosen crop slices."""
    depth = crop_cubic(shape[_Z], DEPTH, 1.0)[list(chosen)]
    depth = np.where(np.abs(depth) > _NEGLIGIBLE_SLICE, depth, 0)
    needed, back = np.unique(source[depth.any(axis=0)], return_inverse=True)
    weights = np.zeros((len(chosen), len(needed)))
    for column, target in zip(depth[:, depth.any(axis=0)].T, back, strict=True):
        weights[:, target] += column
    planes = patch.ct_hu[needed]
    ct = normalise(_zoomed_window(planes, shape, window), parameters.fingerprint)
    return _between_slices(weights.astype(np.float32), ct)


def _zoomed_window(
    planes: npt.NDArray[np.float32], shape: Shape, window: tuple[slice, slice]
) -> npt.NDArray[np.float32]:
    """Resample slices in-plane, only the window of each."""
    rows, columns = window
    if planes.shape[1:] == shape[1:]:
        return planes[:, rows, columns]
    zoom_rows = zoom_cubic(planes.shape[1], shape[1])[rows]
    zoom_columns = zoom_cubic(planes.shape[2], shape[2])[columns]
    y, x = _reach([zoom_rows]), _reach([zoom_columns])
    values = planes[:, y, x].astype(np.float64)
    across = _product(values.reshape(-1, values.shape[2]), zoom_columns[:, x].T)
    zoomed = _product(zoom_rows[:, y], across.reshape(*values.shape[:2], -1))
    low, high = planes.min(axis=(1, 2), keepdims=True), planes.max(axis=(1, 2), keepdims=True)
    return np.clip(zoomed, low, high).astype(np.float32)


def _product(left: npt.NDArray[F], right: npt.NDArray[F]) -> npt.NDArray[F]:
    """Multiply a matrix with another one, or with each of a stack, shape (..., n, columns).

    In parts so small that BLAS does not share them among threads: for matrices of this size its
    threads wait much longer than they work.
    """
    result = np.empty((*right.shape[:-2], len(left), right.shape[-1]), left.dtype)
    rows = max(1, _UNSHARED // max(1, right.shape[-2] * right.shape[-1]))
    for begin in range(0, len(left), rows):
        part = slice(begin, begin + rows)
        np.matmul(left[part], right, out=result[..., part, :])
    return result


def _between_slices(weights: npt.NDArray[F], planes: npt.NDArray[F]) -> npt.NDArray[F]:
    """Mix slices (n, y, x) by weights (m, n)."""
    mixed = _product(weights, planes.reshape(len(planes), -1))
    return mixed.reshape(len(weights), *planes.shape[1:])


def dilate_in_plane_fast(
    mask_zyx: npt.NDArray[np.bool_], pixel_spacing_yx_mm: Sequence[float], radius_mm: float
) -> npt.NDArray[np.bool_]:
    """Dilate a mask slice by slice with a disc; as `patch.dilate_in_plane`.

    Parameters
    ----------
    mask_zyx : ndarray of bool, shape (z, y, x)
        The node's mask, not empty.
    pixel_spacing_yx_mm : sequence of float
        In-plane spacing (y, x) in mm.
    radius_mm : float
        Radius of the disc in mm.

    Returns
    -------
    ndarray of bool, shape (z, y, x)
    """
    half_widths = _disc(*pixel_spacing_yx_mm, radius_mm + DISTANCE_ALLOWANCE_MM)
    reach_y, reach_x = len(half_widths) - 1, half_widths[0]
    box = mask_box(mask_zyx)
    inner = np.pad(mask_zyx[box.slices], ((0, 0), (reach_y, reach_y), (reach_x, reach_x)))
    grown = np.zeros_like(inner)
    for dy, half_width in enumerate(half_widths):
        row = _widened(inner, half_width)
        grown[:, dy:] |= row[:, : row.shape[1] - dy]
        grown[:, : row.shape[1] - dy] |= row[:, dy:]
    result = np.zeros_like(mask_zyx)
    (_, y0, x0), (_, y1, x1) = box.start_zyx, box.stop_zyx
    top, left = min(reach_y, y0), min(reach_x, x0)
    bottom = min(reach_y, mask_zyx.shape[1] - y1)
    right = min(reach_x, mask_zyx.shape[2] - x1)
    inside = grown[
        :,
        reach_y - top : grown.shape[1] - reach_y + bottom,
        reach_x - left : grown.shape[2] - reach_x + right,
    ]
    result[box.slices[_Z], y0 - top : y1 + bottom, x0 - left : x1 + right] = inside
    return result


@lru_cache(maxsize=64)
def _disc(height_mm: float, width_mm: float, radius_mm: float) -> tuple[int, ...]:
    """Pixels to either side that a disc covers, in its middle row and each one below."""
    widths: list[int] = []
    for dy in range(math.floor(radius_mm / height_mm) + 1):
        reach = math.floor(radius_mm / width_mm)
        while math.sqrt((dy * height_mm) ** 2 + (reach * width_mm) ** 2) > radius_mm:
            reach -= 1
            if reach < 0:
                return tuple(widths)
        widths.append(reach)
    return tuple(widths)


def _widened(mask: npt.NDArray[np.bool_], half_width: int) -> npt.NDArray[np.bool_]:
    """Dilate along x; nothing may reach beyond the array."""
    counts = np.zeros((*mask.shape[:2], mask.shape[2] + 1), np.int32)
    np.cumsum(mask, axis=2, dtype=np.int32, out=counts[:, :, 1:])
    size = mask.shape[2]
    first = np.maximum(np.arange(size) - half_width, 0)
    past = np.minimum(np.arange(size) + half_width + 1, size)
    return np.asarray(counts[:, :, past] > counts[:, :, first])
