"""cohorts.click_segmentation: the lymph node around a click, proposed from CT values and edges.

The steps, all deterministic and without learnt weights:

1. Values around the click and the histogram of the crop say what looks like node (`intensity`).
2. The best star-shaped surface around the click is found exactly (`surface`, `closure`).
3. Where nearly all around it is brighter soft tissue, it is the core of a node (necrosis, fatty
   hilum) and not a node: it counts as inside, and the rim is the model of another surface.
4. Model and centre are taken from what was found, and the surface is fitted once more.
5. The boundary moves to the halfway value between both sides of it (`boundary`).

Strokes and the other nodes bind every step; the limit of the short axis is kept at the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import binary_erosion, gaussian_filter

from cohorts.click_segmentation.boundary import sharpened
from cohorts.click_segmentation.closure import RAYS
from cohorts.click_segmentation.constraints import bound
from cohorts.click_segmentation.grid import distances_mm
from cohorts.click_segmentation.intensity import LogOdds, background_of
from cohorts.click_segmentation.refusals import ClickRefused
from cohorts.click_segmentation.surface import Field, Surface, fit_surface, voxels_inside
from cohorts.dicom.geometry import BoundingBox, bounding_box_of

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Voxel = tuple[int, int, int]

REACH_MM, MARGIN_MM = 26.0, 4.0
"""No part of a node lies farther from the centre; the crop has room for smoothing beyond."""
SHORT_AXIS_LIMITS_MM = (4.0, 50.0)
SMOOTHING_MM, SEED_MM, BACKGROUND_MM = 0.8, 1.6, 25.0
AIR_HU, BONE_HU = -300.0, 300.0
FARTHEST_MM = REACH_MM + MARGIN_MM
"""Slices farther from the click than this change nothing."""
BRIGHTER_HU, SOFT_TISSUE_HU = 15.0, (0.0, 180.0)
CORE_SHARE, MOST_CORES = 0.75, 2
FEW_VOXELS = 20
SHARPENINGS = 2


@dataclass(frozen=True, kw_only=True)
class Stroke:
    """One stroke of correction.

    Attributes
    ----------
    voxels_zyx : array_like of int, shape (n, 3)
        Voxels the stroke passes, on the grid of the volume.
    is_added : bool
        Whether they belong to the node; otherwise they do not.
    """

    voxels_zyx: ArrayLike
    is_added: bool


@dataclass(frozen=True, kw_only=True)
class ClickedNode:
    """A proposed node: its box on the grid of the volume, its voxels and short axis."""

    box: BoundingBox
    mask: BoolArray
    short_axis_mm: float


def segment_at_click(
    volume_zyx: NDArray[np.int16],
    spacing_zyx_mm: Sequence[float],
    click_zyx: Voxel,
    *,
    protected_zyx: BoolArray | None = None,
    short_axis_limit_mm: float | None = None,
    strokes: Sequence[Stroke] = (),
) -> ClickedNode:
    """Propose the node around a click.

    Parameters
    ----------
    volume_zyx : ndarray of int16, axes (z, y, x), HU
        The CT, or slices of it; what is farther than 30 mm from the click is not looked at.
    spacing_zyx_mm : sequence of three float, mm
        Rows and columns need not be as far apart as slices.
    click_zyx : tuple of int
        A voxel inside the node.
    protected_zyx : ndarray of bool, shape of `volume_zyx`, optional
        Voxels of other nodes.
    short_axis_limit_mm : float, optional
        The short axis of the result, measured as everywhere (`cohorts.dicom.measurements`), is at
        most this long. From 4 to 50 mm.
    strokes : sequence of Stroke

    Returns
    -------
    ClickedNode
        One piece (26-connectivity) that holds the click and every added voxel, and no removed and
        no protected one.

    Raises
    ------
    ClickRefused
        `outside_volume`, `click_in_air`, `click_in_bone`, `click_on_other_node`,
        `limit_out_of_range`, `stroke_outside_volume`, `stroke_out_of_reach`,
        `stroke_on_other_node`, `stroke_on_click`, `stroke_beyond_limit`.
    ValueError
        If the arrays do not fit each other or a spacing is not positive.

    References
    ----------
    Beichel RR, Wang Y. Med Phys 2012;39:5419-5428. doi:10.1118/1.4742845
    """
    spacing = _checked_spacing(volume_zyx, spacing_zyx_mm, protected_zyx)
    _check_click(volume_zyx.shape, click_zyx, protected_zyx)
    reach = _reach_mm(short_axis_limit_mm)
    field, hu, origin = _crop(volume_zyx, spacing, click_zyx, protected_zyx, reach)
    click = _voxel(np.asarray(click_zyx) - origin)
    _check_tissue(float(field.smooth_hu[click]))
    field = replace(
        field,
        added=_stroke_voxels(strokes, volume_zyx.shape, origin, is_added=True),
        removed=_stroke_voxels(strokes, volume_zyx.shape, origin, is_added=False),
    )
    _check_strokes(field, click)
    mask = _grown(field, hu, click)
    mask, short_axis = bound(mask, field, click, short_axis_limit_mm)
    box = bounding_box_of(np.argwhere(mask))
    return ClickedNode(
        box=BoundingBox(_voxel(box.start_zyx + origin), _voxel(box.stop_zyx + origin)),
        mask=mask[box.slices],
        short_axis_mm=short_axis,
    )


def _voxel(values: Any) -> Voxel:
    z, y, x = (int(value) for value in values)
    return z, y, x


def _checked_spacing(
    volume: NDArray[np.int16], spacing_mm: Sequence[float], protected: BoolArray | None
) -> FloatArray:
    spacing = np.asarray(spacing_mm, dtype=np.float64)
    if volume.ndim != 3 or spacing.shape != (3,):
        raise ValueError(
            f"volume_zyx has shape {volume.shape} and spacing_zyx_mm {spacing.shape}: three axes "
            "and three spacings are needed."
        )
    if not (np.isfinite(spacing).all() and (spacing > 0).all()):
        raise ValueError(f"spacing_zyx_mm must be positive, not {spacing_mm}.")
    if protected is not None and protected.shape != volume.shape:
        raise ValueError(f"protected_zyx has shape {protected.shape}, the volume {volume.shape}.")
    return spacing


def _is_inside(voxels: NDArray[np.int64], shape: tuple[int, ...]) -> bool:
    return bool(((voxels >= 0) & (voxels < np.asarray(shape))).all())


def _check_click(shape: tuple[int, ...], click: Voxel, protected: BoolArray | None) -> None:
    if not _is_inside(np.asarray(click), shape):
        raise ClickRefused(
            "outside_volume",
            f"The click at voxel {tuple(click)} lies outside the volume of {shape} voxels.",
        )
    if protected is not None and protected[click]:
        raise ClickRefused(
            "click_on_other_node",
            "The click lies on another node: refine that one, or split it in two.",
        )


def _reach_mm(limit_mm: float | None) -> float:
    if limit_mm is None:
        return REACH_MM
    low, high = SHORT_AXIS_LIMITS_MM
    if not low <= limit_mm <= high:
        raise ClickRefused(
            "limit_out_of_range",
            f"The limit of the short axis is {limit_mm:g} mm: give {low:g} to {high:g} mm.",
        )
    # Half of a long axis twice as long as the short one.
    return min(limit_mm, REACH_MM)


def _check_tissue(value_hu: float) -> None:
    if value_hu < AIR_HU:
        raise ClickRefused(
            "click_in_air", f"The click lies in air ({value_hu:.0f} HU): click inside the node."
        )
    if value_hu > BONE_HU:
        raise ClickRefused(
            "click_in_bone",
            f"The click lies in bone or metal ({value_hu:.0f} HU): click inside the node.",
        )


def _crop(
    volume: NDArray[np.int16],
    spacing: FloatArray,
    click: Voxel,
    protected: BoolArray | None,
    reach: float,
) -> tuple[Field, NDArray[np.float32], NDArray[np.int64]]:
    """Return the surroundings of the click, its values as they are, and its first voxel."""
    half = np.ceil((max(reach, BACKGROUND_MM) + MARGIN_MM) / spacing).astype(np.int64)
    low = np.maximum(np.asarray(click) - half, 0)
    high = np.minimum(np.asarray(click) + half + 1, volume.shape)
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    hu = volume[box].astype(np.float32)
    blocked = np.zeros(hu.shape, np.bool_) if protected is None else protected[box].copy()
    smooth = gaussian_filter(hu, SMOOTHING_MM / spacing)
    return Field(smooth_hu=smooth, blocked=blocked, spacing_mm=spacing, reach_mm=reach), hu, low


def _stroke_voxels(
    strokes: Sequence[Stroke], shape: tuple[int, ...], origin: NDArray[np.int64], *, is_added: bool
) -> NDArray[np.int64]:
    """Return the voxels of all strokes of one kind on the grid of the crop, each once."""
    chosen = [
        np.asarray(stroke.voxels_zyx, dtype=np.int64).reshape(-1, 3)
        for stroke in strokes
        if stroke.is_added == is_added
    ]
    voxels = np.concatenate([*chosen, np.empty((0, 3), dtype=np.int64)])
    if not _is_inside(voxels, shape):
        raise ClickRefused(
            "stroke_outside_volume", f"A stroke leaves the volume of {shape} voxels."
        )
    return np.unique(voxels, axis=0) - origin


def _check_strokes(field: Field, click: Voxel) -> None:
    offsets = (field.added - np.asarray(click)) * field.spacing_mm
    if (np.linalg.norm(offsets, axis=1) > field.reach_mm).any():
        raise ClickRefused(
            "stroke_out_of_reach",
            f"A stroke adds voxels more than {field.reach_mm:g} mm from the click: raise the limit "
            "of the short axis, or paint them with the brush.",
        )
    if field.blocked[tuple(field.added.T)].any():
        raise ClickRefused("stroke_on_other_node", "A stroke adds voxels of another node.")
    both = {tuple(voxel) for voxel in field.removed.tolist()}
    if both & {click, *map(tuple, field.added.tolist())}:
        raise ClickRefused(
            "stroke_on_click", "A stroke removes the click, or what another stroke adds."
        )


def _grown(field: Field, hu: NDArray[np.float32], click: Voxel) -> BoolArray:
    """Return the node as values and edges have it, not yet bound by limit and strokes."""
    distance = distances_mm(hu.shape, np.asarray(click, np.float64), field.spacing_mm)
    background = background_of(field.smooth_hu[distance <= BACKGROUND_MM])
    odds = LogOdds.of(field.smooth_hu[distance <= SEED_MM], background)
    first, core_mm = _with_core(field, click, odds, background)
    mask = _with_click(voxels_inside(field, first), click)
    mask = _fitted_again(field, mask, first, core_mm, background, click)
    for _ in range(SHARPENINGS):
        mask = sharpened(hu, mask, field.spacing_mm, click)
    return mask


def _with_click(mask: BoolArray, click: Voxel) -> BoolArray:
    mask[click] = True
    return mask


def _with_core(
    field: Field, click: Voxel, odds: LogOdds, background: FloatArray
) -> tuple[Surface, FloatArray | None]:
    """Fit around the click; where that is a core, fit the rim around it. Returns the core too."""
    centre = np.asarray(click, dtype=np.float64)
    surface, core_mm = fit_surface(field, centre, odds), None
    for _ in range(MOST_CORES):
        inner, outer = surface.mean_hu(-1.0, 0.0), surface.mean_hu(1.0, 2.5)
        low, high = SOFT_TISSUE_HU
        is_rim = (outer - inner > BRIGHTER_HU) & (outer > low) & (outer < high)
        if np.count_nonzero(is_rim) < CORE_SHARE * RAYS:
            break
        core_mm = surface.radii_mm + 1.0
        # The lowest quarter may lie beyond a thin rim already.
        rim = np.sort(outer[is_rim])
        odds = LogOdds.of(rim[len(rim) // 4 :], background)
        surface = fit_surface(field, centre, odds, core_mm)
    return surface, core_mm


def _fitted_again(
    field: Field,
    mask: BoolArray,
    first: Surface,
    core_mm: FloatArray | None,
    background: FloatArray,
    click: Voxel,
) -> BoolArray:
    """Fit once more around the middle of what was found, with the values found there."""
    middle = np.argwhere(mask).mean(axis=0)
    if not mask[_voxel(np.round(middle))]:
        return mask
    deep = binary_erosion(mask)
    values = field.smooth_hu[deep if np.count_nonzero(deep) > FEW_VOXELS else mask]
    if core_mm is not None:
        values = values[values >= np.quantile(values, 0.4)]
        core = voxels_inside(field, replace(first, radii_mm=core_mm))
        filled = np.where(core, np.float32(np.median(values)), field.smooth_hu)
        field = replace(field, smooth_hu=filled)
    again = fit_surface(field, middle, LogOdds.of(values, background))
    return _with_click(voxels_inside(field, again), click)
