"""cohorts.dicom: put a case into the axes in which every case is read, by moving voxels only.

Readers look at axial slices with the patient's left on the right of the picture and the back below;
slices run from feet to head. Scans come in other orders too: prone, feet first, coronal, sagittal.
A permutation and reversal of the axes brings them there. Nothing is resampled: each voxel keeps its
value and its place in the patient, and only its index changes. Masks are read on the grid of the
source and moved with it.
"""

from dataclasses import dataclass, replace
from itertools import permutations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.dicom.geometry import BoundingBox, FloatArray, SeriesGeometry, as_vector

Triple = tuple[int, int, int]
STANDARD_AXES = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
"""Where z, y and x grow to, in LPS: head, posterior, left."""

AXIS_TOLERANCE = 0.005
"""Direction cosines this near to 0 and 1 (0.3 degrees) count as along a patient axis."""


@dataclass(frozen=True)
class Reorientation:
    """A permutation and reversal of volume axes.

    Attributes
    ----------
    axes : tuple of int
        Source axis (0 = z, 1 = y, 2 = x) of each new axis.
    flips : tuple of bool
        Whether the new axis runs against its source axis.
    """

    axes: Triple
    flips: tuple[bool, bool, bool]

    @property
    def is_identity(self) -> bool:
        """Say whether everything stays as it is."""
        return self.axes == (0, 1, 2) and not any(self.flips)

    @property
    def keeps_slices(self) -> bool:
        """Say whether new slices are the source's slices."""
        return self.axes[0] == 0

    def apply(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return an array (z, y, x) in the new order of axes; a view, not a copy."""
        steps = tuple(slice(None, None, -1 if flip else None) for flip in self.flips)
        return array.transpose(self.axes)[steps]

    def box(self, box: BoundingBox, shape_zyx: Triple) -> BoundingBox:
        """Return where a box lies now.

        Parameters
        ----------
        box : BoundingBox
            On the source grid.
        shape_zyx : tuple of int
            Shape of the source volume.
        """
        start, stop = [0, 0, 0], [0, 0, 0]
        for new, (old, flip) in enumerate(zip(self.axes, self.flips, strict=True)):
            first, last = box.start_zyx[old], box.stop_zyx[old]
            size = shape_zyx[old]
            start[new], stop[new] = (size - last, size - first) if flip else (first, last)
        return BoundingBox((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))

    def geometry(self, source: SeriesGeometry) -> SeriesGeometry:
        """Return the grid in the new order of axes; voxels stay where they are in the patient."""
        if self.is_identity:
            return source
        directions = _directions(source)[list(self.axes)]
        directions[list(self.flips)] *= -1
        directions += 0.0  # no negative zeros
        corner = np.zeros(3)
        for old, flip in zip(self.axes, self.flips, strict=True):
            corner[old] = source.shape_zyx[old] - 1 if flip else 0
        z, y, x = (source.shape_zyx[axis] for axis in self.axes)
        return replace(
            source,
            shape_zyx=(z, y, x),
            spacing_zyx_mm=as_vector(source.spacing_zyx_mm[axis] for axis in self.axes),
            origin_lps_mm=as_vector(np.round(source.voxel_to_lps_mm(corner), 6)),
            row_direction=as_vector(directions[2]),
            column_direction=as_vector(directions[1]),
        )


def _proper_rotations() -> tuple[Reorientation, ...]:
    """Return the 24 ways to turn a box onto itself; a mirrored patient is not among them."""
    return tuple(
        Reorientation((a, b, c), (flip_z, flip_y, flip_x))
        for a, b, c in permutations(range(3))
        for flip_z, flip_y, flip_x in product((False, True), repeat=3)
        if ((a > b) + (a > c) + (b > c) + flip_z + flip_y + flip_x) % 2 == 0
    )


PROPER_ROTATIONS = _proper_rotations()


def _directions(geometry: SeriesGeometry) -> FloatArray:
    """Return the unit vectors of z, y and x as rows, in LPS."""
    return np.array([geometry.normal, geometry.column_direction, geometry.row_direction])


def is_along_axes(geometry: SeriesGeometry) -> bool:
    """Say whether all three grid axes run along patient axes."""
    cosines = np.abs(_directions(geometry))
    return bool((np.minimum(cosines, np.abs(1 - cosines)) <= AXIS_TOLERANCE).all())


def obliquity_degrees(geometry: SeriesGeometry) -> float:
    """Return the largest angle between a grid axis and the patient axis it is nearest to."""
    nearest = np.abs(_directions(geometry)).max(axis=1)
    return float(np.degrees(np.arccos(np.clip(nearest, -1, 1))).max())


def to_standard_axes(geometry: SeriesGeometry) -> Reorientation:
    """Return the reorientation after which z, y and x grow to head, posterior and left.

    For an oblique grid each axis goes to the patient axis that it is nearest to, all in all; what
    is left of the angle stays in the geometry.

    Parameters
    ----------
    geometry : SeriesGeometry
        Of the series as acquired.
    """
    cosines = STANDARD_AXES @ _directions(geometry).T
    return max(
        PROPER_ROTATIONS,
        key=lambda turn: sum(
            -cosines[new, old] if flip else cosines[new, old]
            for new, (old, flip) in enumerate(zip(turn.axes, turn.flips, strict=True))
        ),
    )


def plane_name(geometry: SeriesGeometry) -> str:
    """Return "axial", "coronal" or "sagittal": the patient plane that slices are nearest to."""
    axis = int(np.abs(geometry.normal).argmax())
    return ("sagittal", "coronal", "axial")[axis]
