"""cohorts.dicom: size and place of one node, from its mask and the series geometry."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.dicom.geometry import BoundingBox, SeriesGeometry, Vector, as_vector
from cohorts.dicom.short_axis import short_and_long_axis_mm

SQUARE_TOLERANCE = 0.001
"""Rows and columns whose sizes differ by less than this fraction count as square."""


@dataclass(frozen=True, kw_only=True)
class NodeMeasurements:
    """What is measured of one node; indices in the order z, y, x, coordinates in LPS mm.

    `border_mm` is the smallest distance from the node's outermost voxel faces to the border of the
    volume: 0 where the node reaches the first or last slice, row or column, and may be cut.
    """

    voxels: int
    volume_ml: float
    box: BoundingBox
    centroid_zyx: Vector
    centroid_lps_mm: Vector
    short_axis_mm: float
    long_axis_mm: float
    touches_border: bool
    border_mm: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; `box` as [[z0, z1], [y0, y1], [x0, x1]], half-open."""
        return {
            "voxels": self.voxels,
            "volume_ml": self.volume_ml,
            "box": self.box.to_list(),
            "centroid_zyx": list(self.centroid_zyx),
            "centroid_lps_mm": list(self.centroid_lps_mm),
            "short_axis_mm": self.short_axis_mm,
            "long_axis_mm": self.long_axis_mm,
            "touches_border": self.touches_border,
            "border_mm": self.border_mm,
        }


def measure_node(
    box: BoundingBox, sub_mask: NDArray[np.bool_], geometry: SeriesGeometry
) -> NodeMeasurements:
    """Measure a node given within its bounding box.

    Parameters
    ----------
    box : BoundingBox
    sub_mask : ndarray of bool, shape `box.shape_zyx`, axes (z, y, x)
    geometry : SeriesGeometry
        The grid of the series the mask belongs to.

    Raises
    ------
    ValueError
        If the mask is empty.
    """
    voxels = int(np.count_nonzero(sub_mask))
    if voxels == 0:
        raise ValueError("an empty mask cannot be measured")
    centroid = np.argwhere(sub_mask).mean(axis=0) + np.asarray(box.start_zyx)
    axes = short_and_long_axis_mm(*_on_square_pixels(sub_mask, geometry))
    return NodeMeasurements(
        voxels=voxels,
        volume_ml=round(voxels * geometry.voxel_ml, 6),
        box=box,
        centroid_zyx=as_vector(np.round(centroid, 4)),
        centroid_lps_mm=as_vector(np.round(geometry.voxel_to_lps_mm(centroid), 4)),
        short_axis_mm=round(float(axes.short_axis_mm), 3),
        long_axis_mm=round(float(axes.long_axis_mm), 3),
        touches_border=box.touches_border_of(geometry.shape_zyx),
        border_mm=round(_border_mm(box, geometry), 3),
    )


def _border_mm(box: BoundingBox, geometry: SeriesGeometry) -> float:
    below = np.asarray(box.start_zyx)
    above = np.asarray(geometry.shape_zyx) - np.asarray(box.stop_zyx)
    return float((np.minimum(below, above) * geometry.spacing_zyx_mm).min())


def _on_square_pixels(
    sub_mask: NDArray[np.bool_], geometry: SeriesGeometry
) -> tuple[NDArray[np.bool_], float]:
    """Return the mask and its pixel size, oblong pixels repeated to nearly square ones.

    Diameters are measured in pixels, so rows and columns must have one size.
    """
    _, size_y, size_x = geometry.spacing_zyx_mm
    if abs(size_y - size_x) <= SQUARE_TOLERANCE * min(size_y, size_x):
        return sub_mask, (size_y + size_x) / 2
    pixel_mm = min(size_y, size_x)
    _, rows, columns = sub_mask.shape
    y = (np.arange(round(rows * size_y / pixel_mm)) + 0.5) * pixel_mm / size_y
    x = (np.arange(round(columns * size_x / pixel_mm)) + 0.5) * pixel_mm / size_x
    y, x = np.minimum(y.astype(int), rows - 1), np.minimum(x.astype(int), columns - 1)
    return sub_mask[:, y][:, :, x], pixel_mm
