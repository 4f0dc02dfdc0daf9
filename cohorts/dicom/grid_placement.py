"""cohorts.dicom: how a mask's grid lies on that of its CT, by affine; nothing is resampled."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.dicom.errors import IntakeError
from cohorts.dicom.geometry import BoundingBox, FloatArray, SeriesGeometry

GRID_TOLERANCE_VOXELS = 0.1
"""How far any corner of a mask may lie from the CT grid: rounding of headers, no more."""
LARGEST_INDEX = 10**6


@dataclass(frozen=True)
class GridPlacement:
    """A permutation and reversal of a mask's axes, and the box of the CT that it then fills.

    Attributes
    ----------
    axes : tuple of int
        The mask's axis that runs along z, y and x of the CT.
    flips : tuple of bool
        Whether it runs against it.
    box : BoundingBox
        On the CT grid; may reach beyond it.
    """

    axes: tuple[int, int, int]
    flips: tuple[bool, bool, bool]
    box: BoundingBox

    def oriented(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return the mask's array in the order z, y, x of the CT; a view, not a copy."""
        steps = tuple(slice(None, None, -1 if flip else None) for flip in self.flips)
        return array.transpose(self.axes)[steps]

    def is_within(self, shape_zyx: tuple[int, int, int]) -> bool:
        """Say whether the whole mask lies on the CT."""
        ends = zip(self.box.stop_zyx, shape_zyx, strict=True)
        return min(self.box.start_zyx) >= 0 and all(stop <= size for stop, size in ends)

    def fills(self, shape_zyx: tuple[int, int, int]) -> bool:
        """Say whether mask and CT are one and the same box."""
        return self.box.start_zyx == (0, 0, 0) and self.box.stop_zyx == shape_zyx


def place_on_grid(
    affine_to_lps: FloatArray,
    shape: tuple[int, ...],
    geometry: SeriesGeometry,
    refusal: Callable[[str], IntakeError],
) -> GridPlacement:
    """Find where a mask's voxels lie on the CT grid.

    Parameters
    ----------
    affine_to_lps : ndarray, shape (4, 4)
        From indices of the mask to LPS, mm.
    shape : tuple of int
        Of the mask, three axes.
    geometry : SeriesGeometry
        Grid of the CT.
    refusal : callable
        Makes the refusal from what was found.

    Raises
    ------
    IntakeError
        If the voxels of the mask are not voxels of the CT grid (within a tenth of a voxel at
        each corner), whether or not the CT holds them.
    """
    if not np.isfinite(affine_to_lps).all():
        raise refusal("has no usable affine")
    to_ct = np.linalg.inv(geometry.affine_zyx_to_lps()) @ affine_to_lps
    if not np.abs(to_ct).max() < LARGEST_INDEX:
        raise refusal("does not lie on the CT by its affine")
    turn, offset = np.rint(to_ct[:3, :3]), np.rint(to_ct[:3, 3])
    if not ((np.abs(turn).sum(axis=0) == 1) & (np.abs(turn).sum(axis=1) == 1)).all():
        raise refusal("has another spacing or orientation by its affine")
    corners = np.array(list(np.ndindex(2, 2, 2))) * (np.array(shape) - 1)
    rounded = corners @ turn.T + offset
    exact = corners @ to_ct[:3, :3].T + to_ct[:3, 3]
    if np.abs(exact - rounded).max() > GRID_TOLERANCE_VOXELS:
        raise refusal("lies beside the CT grid by its affine")
    z_axis, y_axis, x_axis = (int(axis) for axis in np.abs(turn).argmax(axis=1))
    flips = [bool(value < 0) for value in turn.sum(axis=1)]
    z0, y0, x0 = (int(value) for value in rounded.min(axis=0))
    z1, y1, x1 = (int(value) + 1 for value in rounded.max(axis=0))
    return GridPlacement(
        (z_axis, y_axis, x_axis),
        (flips[0], flips[1], flips[2]),
        BoundingBox((z0, y0, x0), (z1, y1, x1)),
    )
