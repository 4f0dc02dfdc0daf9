"""From CT, node mask and spacing to a crop about the node (inference.dualnet, pure).

Resample, dilate, cut; step by step as the published code does it. Only what the crop needs is read
and resampled.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_dilation

from inference.dualnet.parameters import DualNetParameters, Triple
from inference.dualnet.resampling import (
    Grid,
    Shape,
    resampled_ct,
    resampled_mask,
    resampling_grid,
)

IndexBox = tuple[Shape, Shape]
"""Start and stop (z, y, x) in voxels of the series."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Crop:
    """A node's surroundings at target spacing, before normalisation.

    Attributes
    ----------
    ct_hu : ndarray, shape (32, 118, 118)
        CT in HU, padded outside the resampled series.
    mask : ndarray of bool, shape (32, 118, 118)
        The node's dilated mask.
    first_zyx : tuple of int
        Where the crop begins, in samples of the resampled series; may be negative.
    """

    ct_hu: npt.NDArray[np.generic]
    mask: npt.NDArray[np.bool_]
    first_zyx: Shape


@dataclass(frozen=True, eq=False, kw_only=True)
class DilatedMask:
    """A node's mask at target spacing, dilated: the part of the series that it lies in.

    Attributes
    ----------
    inside : ndarray of bool, shape (z, y, x)
        Every face of it touches the mask.
    first_zyx : tuple of int
        Where it begins, in samples of the resampled series.
    """

    inside: npt.NDArray[np.bool_]
    first_zyx: Shape

    @property
    def centre_zyx(self) -> Shape:
        """Middle of the bounding box, halves rounded down."""
        z, y, x = (
            (2 * first + size - 1) // 2
            for first, size in zip(self.first_zyx, self.inside.shape, strict=True)
        )
        return z, y, x


def needed_box(
    node_box: IndexBox,
    shape_zyx: Sequence[int],
    spacing_zyx_mm: Triple,
    parameters: DualNetParameters,
) -> IndexBox:
    """Return the part of the series that preparing a node reads.

    Parameters
    ----------
    node_box : pair of triples
        Start and stop (z, y, x) of a box that holds the node's mask, in voxels of the series.
    shape_zyx : sequence of int
        Shape of the series.
    spacing_zyx_mm : tuple of float
        Voxel spacing (z, y, x) in mm.
    parameters : DualNetParameters
        The model version's parameters.

    Returns
    -------
    pair of triples
        Inside the series: the crop wherever the centre of a mask in the node's box may come to
        lie, and the voxels that interpolation reads around it.

    Raises
    ------
    ValueError
        If the node's box is empty or not inside the series, or as `resampling_grid`.
    """
    starts, stops = node_box
    for start, stop, size in zip(starts, stops, shape_zyx, strict=True):
        if not 0 <= start < stop <= size:
            raise ValueError(
                f"the node's box {tuple(starts)} to {tuple(stops)} must be inside the series of "
                f"shape {tuple(shape_zyx)}, and not empty."
            )
    grid = resampling_grid(shape_zyx, spacing_zyx_mm, parameters.target_spacing_zyx_mm)
    reach = (0, parameters.dilation_voxels, parameters.dilation_voxels)
    begin, end = [], []
    for number, axis in enumerate(grid):
        first, last = axis.samples_near(starts[number], stops[number])
        half = parameters.box_shape_zyx[number] // 2
        first, last = first - reach[number] - half, last + reach[number] + half
        low, high = axis.voxels_under(max(first, 0), min(last, axis.samples - 1))
        begin.append(min(low, starts[number]))
        end.append(max(high, stops[number]))
    return (begin[0], begin[1], begin[2]), (end[0], end[1], end[2])


def cut_crop(
    volume_hu_zyx: npt.NDArray[np.generic],
    mask_zyx: npt.NDArray[np.generic],
    spacing_zyx_mm: Triple,
    parameters: DualNetParameters,
    *,
    origin_zyx: Shape = (0, 0, 0),
    full_shape_zyx: Sequence[int] | None = None,
) -> Crop:
    """Resample a node and its surroundings, and cut the box about it.

    Parameters
    ----------
    volume_hu_zyx : ndarray, shape (z, y, x)
        CT in HU: the series, or the part of it that `needed_box` names.
    mask_zyx : ndarray of bool, shape (z, y, x)
        The node's mask on the same grid.
    spacing_zyx_mm : tuple of float
        Voxel spacing (z, y, x) in mm.
    parameters : DualNetParameters
        The model version's parameters.
    origin_zyx : tuple of int, optional
        Where the arrays begin in the series, in voxels.
    full_shape_zyx : sequence of int, optional
        Shape of the series; left out, the arrays are the series.

    Returns
    -------
    Crop

    Raises
    ------
    ValueError
        If the shapes differ, the mask is empty or vanishes at target spacing (D2), holds anything
        but 0 and 1 (D2), the spacing is not that of a CT, the arrays are less than `needed_box`
        names, or a CT value is not finite.
    """
    if volume_hu_zyx.ndim != 3 or volume_hu_zyx.shape != mask_zyx.shape:
        raise ValueError(
            "volume_hu_zyx and mask_zyx must have the same three axes (z, y, x), not "
            f"{volume_hu_zyx.shape} and {mask_zyx.shape}."
        )
    shape = volume_hu_zyx.shape if full_shape_zyx is None else tuple(full_shape_zyx)
    grid = resampling_grid(shape, spacing_zyx_mm, parameters.target_spacing_zyx_mm)
    dilated = dilated_mask(_binary(mask_zyx), grid, parameters, origin_zyx=origin_zyx)
    halves = [size // 2 for size in parameters.box_shape_zyx]
    first = [c - half for c, half in zip(dilated.centre_zyx, halves, strict=True)]
    ct_hu = _box_ct(volume_hu_zyx, grid, first, parameters, origin_zyx)
    mask = np.zeros(parameters.box_shape_zyx, dtype=bool)
    _paste(mask, dilated.inside, [a - b for a, b in zip(dilated.first_zyx, first, strict=True)])
    return Crop(ct_hu=ct_hu, mask=mask, first_zyx=(first[0], first[1], first[2]))


def _binary(mask_zyx: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    inside = np.asarray(mask_zyx != 0)
    if mask_zyx.dtype != np.bool_ and not np.array_equal(mask_zyx, inside):
        raise ValueError(
            "mask_zyx holds values other than 0 and 1, so the node cannot be prepared (rule D2). "
            "Pass the mask of one node."
        )
    if not inside.any():
        raise ValueError("mask_zyx is empty, so there is no node to prepare (rule D2).")
    return inside


def mask_box(inside: npt.NDArray[np.bool_]) -> tuple[slice, slice, slice]:
    """Return the bounding box of a mask.

    Parameters
    ----------
    inside : ndarray of bool, shape (z, y, x)
        With at least one voxel.

    Returns
    -------
    tuple of slice
        Along z, y, x.
    """
    slices = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        indices = np.flatnonzero(inside.any(axis=others))
        slices.append(slice(int(indices[0]), int(indices[-1]) + 1))
    return slices[0], slices[1], slices[2]


def dilated_mask(
    mask_zyx: npt.NDArray[np.bool_],
    grid: Grid,
    parameters: DualNetParameters,
    *,
    origin_zyx: Shape = (0, 0, 0),
) -> DilatedMask:
    """Resample a node's mask and dilate it in-plane with a square, within the resampled series.

    Parameters
    ----------
    mask_zyx : ndarray of bool, shape (z, y, x)
        The node's mask, not empty: of the series, or of a part of it that holds the node.
    grid : tuple of three Axis
        Of the whole series.
    parameters : DualNetParameters
        Of them, `dilation_voxels`.
    origin_zyx : tuple of int, optional
        Where the array begins in the series, in voxels.

    Returns
    -------
    DilatedMask

    Raises
    ------
    ValueError
        If no sample falls into the mask (D2).
    """
    near = [
        axis.samples_near(box.start + origin, box.stop + origin)
        for axis, box, origin in zip(grid, mask_box(mask_zyx), origin_zyx, strict=True)
    ]
    first, last = [low for low, _ in near], [high for _, high in near]
    inside = resampled_mask(mask_zyx, grid, first, last, origin_zyx=origin_zyx)
    if not inside.any():
        target = " x ".join(f"{value:g}" for value in parameters.target_spacing_zyx_mm)
        raise ValueError(
            f"mask_zyx vanishes when resampled to {target} mm (z, y, x): the node is too small to "
            "be prepared (rule D2)."
        )
    reach = parameters.dilation_voxels
    grown = np.pad(inside, ((0, 0), (reach, reach), (reach, reach)))
    if reach:
        for axis in ((1, 2 * reach + 1, 1), (1, 1, 2 * reach + 1)):
            grown = binary_dilation(grown, np.ones(axis, dtype=bool))
    start = (first[0], first[1] - reach, first[2] - reach)
    # Nothing grows beyond the border of the resampled series.
    within = [
        slice(max(-begin, 0), min(axis.samples - begin, size))
        for begin, axis, size in zip(start, grid, grown.shape, strict=True)
    ]
    grown = grown[within[0], within[1], within[2]]
    box = mask_box(grown)
    z, y, x = (
        begin + cut.start + side.start for begin, cut, side in zip(start, within, box, strict=True)
    )
    return DilatedMask(inside=grown[box], first_zyx=(z, y, x))


def _box_ct(
    volume_hu_zyx: npt.NDArray[np.generic],
    grid: Grid,
    first_zyx: Sequence[int],
    parameters: DualNetParameters,
    origin_zyx: Shape,
) -> npt.NDArray[np.generic]:
    """Resample the CT under the box; outside the resampled series it is padding."""
    first = [max(a, 0) for a in first_zyx]
    last = [
        min(a + size, axis.samples) - 1
        for a, size, axis in zip(first_zyx, parameters.box_shape_zyx, grid, strict=True)
    ]
    _refuse_less_than_needed(volume_hu_zyx.shape, grid, first, last, origin_zyx)
    sampled = resampled_ct(
        volume_hu_zyx,
        grid,
        first,
        last,
        origin_zyx=origin_zyx,
        beyond_hu=parameters.beyond_volume_hu,
    )
    if not np.isfinite(sampled).all():  # type: ignore[type-var]
        raise ValueError("volume_hu_zyx has values that are not finite HU near the node.")
    box = np.full(parameters.box_shape_zyx, parameters.padding_hu, dtype=sampled.dtype)
    _paste(box, sampled, [a - b for a, b in zip(first, first_zyx, strict=True)])
    return box


def _refuse_less_than_needed(
    shape_zyx: Sequence[int],
    grid: Grid,
    first_zyx: Sequence[int],
    last_zyx: Sequence[int],
    origin_zyx: Shape,
) -> None:
    """Refuse a sub-volume that ends where the series goes on: it would pass for the border."""
    for name, axis, first, last, origin, size in zip(
        "zyx", grid, first_zyx, last_zyx, origin_zyx, shape_zyx, strict=True
    ):
        start, stop = axis.voxels_under(first, last)
        if start < origin or stop > origin + size:
            raise ValueError(
                f"volume_hu_zyx covers voxels {origin} to {origin + size} of the series along "
                f"{name}, but the node needs {start} to {stop}; pass what needed_box names."
            )


def _paste(
    target: npt.NDArray[np.generic], source: npt.NDArray[np.generic], at_zyx: Sequence[int]
) -> None:
    """Copy the part of the source that falls into the target."""
    to, part = [], []
    for at, size, length in zip(at_zyx, target.shape, source.shape, strict=True):
        start, stop = max(at, 0), min(at + length, size)
        to.append(slice(start, max(stop, start)))
        part.append(slice(start - at, max(stop, start) - at))
    target[tuple(to)] = source[tuple(part)]
