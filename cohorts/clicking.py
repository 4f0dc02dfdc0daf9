"""A click on a stored case -> a proposed mask: only the slices around the click are decoded."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from numpy.typing import NDArray

from cohorts.click_segmentation.refusals import ClickRefused
from cohorts.click_segmentation.segment import (
    FARTHEST_MM,
    ClickedNode,
    Stroke,
    Voxel,
    segment_at_click,
)
from cohorts.dicom.geometry import BoundingBox, SeriesGeometry
from cohorts.dicom.runs import encode_mask
from cohorts.mask_selectors import protected_in
from cohorts.models import Node, Patient
from cohorts.selectors import frames_hu

KEPT_SLABS = 2
"""Per process, of some 30 MB each: a stroke is answered without decoding the slices again."""


def proposed_mask(
    patient: Patient,
    click: Voxel,
    *,
    redrawn: Node | None = None,
    short_axis_limit_mm: float | None = None,
    strokes: Sequence[Stroke] = (),
) -> tuple[bytes, ClickedNode]:
    """Return the proposed mask in its canonical bytes, and as it was found.

    ``redrawn`` is the node whose mask is to be replaced: every other node is protected.
    """
    geometry = SeriesGeometry.from_dict(patient.series.geometry)
    slab = _slab(geometry, click[0])
    first, stop = slab.start_zyx[0], slab.stop_zyx[0]
    keys = [frame["sha256"] for frame in patient.series.frames]
    down = np.array((first, 0, 0))
    try:
        found = segment_at_click(
            _slab_hu(tuple(keys[first:stop]), patient.series.hu_offset),
            geometry.spacing_zyx_mm,
            (click[0] - first, click[1], click[2]),
            protected_zyx=protected_in(patient, slab, [redrawn] if redrawn else []),
            short_axis_limit_mm=short_axis_limit_mm,
            strokes=[
                Stroke(voxels_zyx=np.asarray(one.voxels_zyx) - down, is_added=one.is_added)
                for one in strokes
            ],
        )
    except ClickRefused as refusal:
        raise ValidationError(str(refusal), code=refusal.code) from refusal
    (z0, y0, x0), (z1, y1, x1) = found.box.start_zyx, found.box.stop_zyx
    box = BoundingBox((z0 + first, y0, x0), (z1 + first, y1, x1))
    moved = ClickedNode(box=box, mask=found.mask, short_axis_mm=found.short_axis_mm)
    return encode_mask(box, found.mask, geometry.shape_zyx), moved


@lru_cache(maxsize=KEPT_SLABS)
def _slab_hu(keys: tuple[str, ...], offset_hu: int) -> NDArray[np.int16]:
    """Return slices by what they hold, so that what is kept is never another case's."""
    slab = frames_hu(keys, offset_hu)
    slab.flags.writeable = False
    return slab


def _slab(geometry: SeriesGeometry, z: int) -> BoundingBox:
    """Return the slices that a click in slice ``z`` depends on, whole."""
    slices, rows, columns = geometry.shape_zyx
    if not 0 <= z < slices:
        raise ValidationError(
            f"Slice {z} does not exist: the series has {slices} slices, counted from 0.",
            code="outside_volume",
        )
    reach = int(np.ceil(FARTHEST_MM / geometry.spacing_zyx_mm[0])) + 1
    start = (max(z - reach, 0), 0, 0)
    return BoundingBox(start, (min(z + reach + 1, slices), rows, columns))


def strokes_of(given: Sequence[dict[str, Any]]) -> list[Stroke]:
    """Return the strokes of a request."""
    return [Stroke(voxels_zyx=one["voxels_zyx"], is_added=one["add"]) for one in given]
