"""cohorts.click_segmentation: what binds a proposed node: strokes, other nodes, the limit."""

import numpy as np
from numpy.typing import NDArray

from cohorts.click_segmentation.boundary import piece_with
from cohorts.click_segmentation.grid import distances_mm
from cohorts.click_segmentation.refusals import ClickRefused
from cohorts.click_segmentation.surface import Field
from cohorts.dicom.geometry import SeriesGeometry, bounding_box_of
from cohorts.dicom.measurements import measure_node

BoolArray = NDArray[np.bool_]
Voxel = tuple[int, int, int]

HALVINGS = 6


def bound(
    mask: BoolArray, field: Field, click: Voxel, limit_mm: float | None
) -> tuple[BoolArray, float]:
    """Return the mask as one piece that keeps to everything given, and its short axis in mm.

    Parameters
    ----------
    mask : ndarray of bool, axes (z, y, x)
        Holds the click.
    field : Field
        Of the same crop.
    click : tuple of int
    limit_mm : float or None

    Raises
    ------
    ClickRefused
        `stroke_out_of_reach` where an added voxel cannot be joined, `stroke_beyond_limit` where it
        makes the node too large.
    """
    found = _with_strokes(mask, field, click)
    short_axis = _short_axis_mm(found, field)
    if limit_mm is None or short_axis <= limit_mm:
        return found, short_axis
    return _within_limit(mask, field, click, limit_mm)


def _with_strokes(mask: BoolArray, field: Field, click: Voxel) -> BoolArray:
    shut = field.blocked.copy()
    shut[tuple(field.removed.T)] = True
    found = mask & ~shut
    found[click] = True
    found = piece_with(found, click)
    for voxel in field.added:
        if not found[tuple(voxel)]:
            _join(found, click, voxel)
    if (found & shut).any():
        raise ClickRefused(
            "stroke_out_of_reach",
            "Another node or a removed voxel lies between the click and an added one: paint the "
            "added part with the brush.",
        )
    return found


def _join(mask: BoolArray, click: Voxel, voxel: NDArray[np.int64]) -> None:
    """Add the straight line from the click to a voxel, in place."""
    steps = int(np.abs(voxel - np.asarray(click)).max())
    line = np.linspace(click, voxel, steps + 1)
    mask[tuple(np.rint(line).astype(np.int64).T)] = True


def _within_limit(
    mask: BoolArray, field: Field, click: Voxel, limit_mm: float
) -> tuple[BoolArray, float]:
    """Return the part of the mask in the largest ball around the click that keeps to the limit."""
    distance = distances_mm(mask.shape, np.asarray(click, np.float64), field.spacing_mm)
    low, high = 0.0, float(distance[mask].max())
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        found = _with_strokes(mask & (distance <= middle), field, click)
        low, high = (middle, high) if _short_axis_mm(found, field) <= limit_mm else (low, middle)
    found = _with_strokes(mask & (distance <= low), field, click)
    short_axis = _short_axis_mm(found, field)
    if short_axis > limit_mm:
        raise ClickRefused(
            "stroke_beyond_limit",
            f"With what a stroke adds the short axis is {short_axis:.1f} mm and the limit "
            f"{limit_mm:g} mm: raise the limit, or leave the stroke out.",
        )
    return found, short_axis


def _short_axis_mm(mask: BoolArray, field: Field) -> float:
    z, y, x = (float(value) for value in field.spacing_mm)
    geometry = SeriesGeometry(
        shape_zyx=mask.shape,
        spacing_zyx_mm=(z, y, x),
        origin_lps_mm=(0.0, 0.0, 0.0),
        row_direction=(1.0, 0.0, 0.0),
        column_direction=(0.0, 1.0, 0.0),
    )
    box = bounding_box_of(np.argwhere(mask))
    return measure_node(box, mask[box.slices], geometry).short_axis_mm
