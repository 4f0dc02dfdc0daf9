"""cohorts.dicom: where the voxels of a series lie in the patient (voxel index <-> LPS mm)."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = tuple[float, float, float]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SeriesGeometry:
    """The grid of one CT volume, array axes (z, y, x) = (slice, row, column).

    Attributes
    ----------
    shape_zyx : tuple of int
        Slices, rows, columns.
    spacing_zyx_mm : tuple of float
        Distance of neighbouring voxel centres along slice normal, column and row direction.
    origin_lps_mm : tuple of float
        Centre of voxel (0, 0, 0) in DICOM patient coordinates.
    row_direction : tuple of float
        Unit vector in which the column index (x) grows.
    column_direction : tuple of float
        Unit vector in which the row index (y) grows.
    frame_of_reference_uid : str
        As found in the series; empty if it had none.

    References
    ----------
    DICOM PS3.3 C.7.6.2.1.1, equation C.7.6.2.1-1.
    """

    shape_zyx: tuple[int, int, int]
    spacing_zyx_mm: Vector
    origin_lps_mm: Vector
    row_direction: Vector
    column_direction: Vector
    frame_of_reference_uid: str = ""

    @property
    def normal(self) -> Vector:
        """Unit vector in which the slice index grows: row x column direction."""
        normal = np.cross(self.row_direction, self.column_direction)
        x, y, z = (float(value) for value in normal)
        return (x, y, z)

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel in millilitres."""
        return float(np.prod(self.spacing_zyx_mm)) / 1000.0

    def affine_zyx_to_lps(self) -> FloatArray:
        """Return the 4x4 matrix from (z, y, x, 1) indices to (L, P, S, 1) in mm."""
        affine = np.eye(4)
        axes = (self.normal, self.column_direction, self.row_direction)
        for column, (axis, spacing) in enumerate(zip(axes, self.spacing_zyx_mm, strict=True)):
            affine[:3, column] = np.asarray(axis) * spacing
        affine[:3, 3] = self.origin_lps_mm
        return affine

    def voxel_to_lps_mm(self, index_zyx: Any) -> FloatArray:
        """Map indices of voxel centres to patient coordinates.

        Parameters
        ----------
        index_zyx : array_like, shape (..., 3)
            Indices in the order z, y, x; fractions are allowed.

        Returns
        -------
        ndarray, shape (..., 3), float64
            L, P, S in mm.
        """
        affine = self.affine_zyx_to_lps()
        index = np.asarray(index_zyx, dtype=np.float64)
        point: FloatArray = index @ affine[:3, :3].T + affine[:3, 3]
        return point

    def lps_mm_to_voxel(self, point_lps_mm: Any) -> FloatArray:
        """Map patient coordinates to fractional voxel indices.

        Parameters
        ----------
        point_lps_mm : array_like, shape (..., 3)
            L, P, S in mm.

        Returns
        -------
        ndarray, shape (..., 3), float64
            Indices in the order z, y, x.
        """
        inverse = np.linalg.inv(self.affine_zyx_to_lps())
        point = np.asarray(point_lps_mm, dtype=np.float64)
        index: FloatArray = point @ inverse[:3, :3].T + inverse[:3, 3]
        return index

    def to_dict(self) -> dict[str, Any]:
        """Return the geometry as plain JSON values."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "SeriesGeometry":
        """Build the geometry that `to_dict` described.

        Raises
        ------
        KeyError, ValueError
            If a field is absent or has not three values.
        """
        z, y, x = (int(value) for value in record["shape_zyx"])
        return cls(
            shape_zyx=(z, y, x),
            spacing_zyx_mm=as_vector(record["spacing_zyx_mm"]),
            origin_lps_mm=as_vector(record["origin_lps_mm"]),
            row_direction=as_vector(record["row_direction"]),
            column_direction=as_vector(record["column_direction"]),
            frame_of_reference_uid=str(record["frame_of_reference_uid"]),
        )


def as_vector(values: Any) -> Vector:
    """Return three numbers as a tuple of float.

    Raises
    ------
    ValueError
        If there are not exactly three, or one is not a finite number.
    """
    a, b, c = (float(value) for value in values)
    if not np.isfinite([a, b, c]).all():
        raise ValueError(f"expected three finite numbers, got {(a, b, c)}")
    return (a, b, c)


@dataclass(frozen=True, order=True)
class BoundingBox:
    """A half-open box of voxel indices: start <= index < stop on each axis (z, y, x)."""

    start_zyx: tuple[int, int, int]
    stop_zyx: tuple[int, int, int]

    @property
    def shape_zyx(self) -> tuple[int, int, int]:
        """Edge lengths in voxels."""
        (z0, y0, x0), (z1, y1, x1) = self.start_zyx, self.stop_zyx
        return (z1 - z0, y1 - y0, x1 - x0)

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Index a (z, y, x) volume with the box."""
        (z0, y0, x0), (z1, y1, x1) = self.start_zyx, self.stop_zyx
        return (slice(z0, z1), slice(y0, y1), slice(x0, x1))

    def touches_border_of(self, shape_zyx: tuple[int, int, int]) -> bool:
        """Say whether the box reaches the first or last index of any axis of the volume."""
        ends = zip(self.stop_zyx, shape_zyx, strict=True)
        return min(self.start_zyx) <= 0 or any(stop >= size for stop, size in ends)

    def to_list(self) -> list[list[int]]:
        """Return [[z0, z1], [y0, y1], [x0, x1]], half-open."""
        return [[a, b] for a, b in zip(self.start_zyx, self.stop_zyx, strict=True)]


def bounding_box_of(index_zyx: NDArray[np.integer[Any]]) -> BoundingBox:
    """Return the smallest box around voxel indices.

    Parameters
    ----------
    index_zyx : ndarray, shape (n, 3), n >= 1

    Raises
    ------
    ValueError
        If there is no voxel.
    """
    if len(index_zyx) == 0:
        raise ValueError("a bounding box needs at least one voxel")
    z0, y0, x0 = (int(value) for value in index_zyx.min(axis=0))
    z1, y1, x1 = (int(value) + 1 for value in index_zyx.max(axis=0))
    return BoundingBox((z0, y0, x0), (z1, y1, x1))
