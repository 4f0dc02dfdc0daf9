"""Masks as a browser sends them: the run-length JSON the viewers get, bounded and checked.

The same form in both directions (``cohorts.dicom.runs``): a mask has exactly one encoding, so that
an unchanged mask comes back with an unchanged digest.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from numpy.typing import NDArray

from cohorts.dicom.geometry import BoundingBox, bounding_box_of
from cohorts.dicom.runs import decode_mask, encode_mask
from cohorts.models import CTSeries

MOST_VOXELS = 2_000_000
"""More than the largest lymph node has: one of 100 mm at 0.7 mm has 1.5 million."""
MOST_NUMBERS = 200_000


@dataclass(frozen=True, kw_only=True)
class ReceivedMask:
    """A checked mask: its box on the grid of the series, and its voxels in it (z, y, x)."""

    box: BoundingBox
    voxels: NDArray[np.bool_]


def received_mask(series: CTSeries, runs: Any) -> ReceivedMask:
    """Check and expand a mask; ValidationError with a sentence where it is none of this series."""
    shape = tuple(int(size) for size in series.geometry["shape_zyx"])
    try:
        _check_size(runs, shape)
        document = {"shape": runs["shape"], "slices": runs["slices"]}
        box, voxels = decode_mask(json.dumps(document).encode())
    except (ValueError, TypeError, LookupError, OverflowError) as fault:
        raise ValidationError(
            f"The mask cannot be read: {fault}. Load the case again and repeat the change.",
            code="mask_unreadable",
        ) from fault
    return ReceivedMask(box=box, voxels=voxels)


def _check_size(runs: Any, shape: tuple[int, ...]) -> None:
    """Raise ValueError before anything large is built from a few numbers."""
    if not isinstance(runs, dict) or tuple(runs["shape"]) != shape:
        raise ValueError(f"it is not on the grid of this CT, {shape}")
    numbers = [item[1] for item in runs["slices"]]
    if sum(map(len, numbers)) > MOST_NUMBERS:
        raise ValueError(f"it has more than {MOST_NUMBERS} numbers")
    if sum(sum(row[1::2]) for row in numbers) > MOST_VOXELS:
        raise ValueError(f"it has more than {MOST_VOXELS} voxels and is no lymph node")


def encoded(series: CTSeries, mask: ReceivedMask) -> bytes:
    """Return the canonical bytes of a mask of the series."""
    z, y, x = (int(size) for size in series.geometry["shape_zyx"])
    return encode_mask(mask.box, mask.voxels, (z, y, x))


def placed(mask: ReceivedMask, box: BoundingBox) -> NDArray[np.bool_]:
    """Return the mask's voxels that lie in another box, in that box (z, y, x)."""
    voxels = np.zeros(box.shape_zyx, dtype=np.bool_)
    here, there = [], []
    for axis in range(3):
        low = max(box.start_zyx[axis], mask.box.start_zyx[axis])
        high = max(min(box.stop_zyx[axis], mask.box.stop_zyx[axis]), low)
        here.append(slice(low - box.start_zyx[axis], high - box.start_zyx[axis]))
        there.append(slice(low - mask.box.start_zyx[axis], high - mask.box.start_zyx[axis]))
    voxels[tuple(here)] = mask.voxels[tuple(there)]
    return voxels


def trimmed(box: BoundingBox, voxels: NDArray[np.bool_]) -> ReceivedMask:
    """Return voxels within a box as a mask in its smallest box; ValueError where there are none."""
    inner = bounding_box_of(np.argwhere(voxels))
    z, y, x = box.start_zyx
    (z0, y0, x0), (z1, y1, x1) = inner.start_zyx, inner.stop_zyx
    around = BoundingBox((z + z0, y + y0, x + x0), (z + z1, y + y1, x + x1))
    return ReceivedMask(box=around, voxels=voxels[inner.slices])
