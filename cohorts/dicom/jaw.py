"""cohorts.dicom: the chin, from bone: where a face begins in a CT of head and neck.

Slices are looked at from below. A slice belongs to neck or head if the body in it is narrower than
shoulders; it shows the jaw if dense bone spans the front of it, as the arch of the mandible does
and neither hyoid, larynx nor spine do. The chin is the lowest slice of the first tall run of such
slices that has a spine behind it; below it must be a piece of neck without jaw.
"""

from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from cohorts.dicom.body import solid_body_of_plane
from cohorts.dicom.geometry import Vector

COARSE_MM = 2.0
BONE_HU = 500
"""Cortical bone and teeth; calcified cartilage and most of the hyoid have less."""
WIDEST_HEAD_MM = 230.0
FRONT_SHARE = 0.45
"""The front of a slice, as a share of the depth of the body in the midline."""
ARCH_WIDTH_MM, ARCH_AREA_MM2 = 35.0, 100.0
SPINE_AREA_MM2 = 50.0
WIDEST_ARCH_MM = 60.0
"""Some slice of a jaw is at least this wide; a hyoid is about 40 mm wide, a jaw 90 mm."""
RUN_MM, NECK_BELOW_MM, GAP_MM = 20.0, 10.0, 6.0
LOWER_FACE_MM = 80.0
"""From chin to above the hard palate: the lower face (menton to anterior nasal spine) is about 67
mm high in women and 75 mm in men, standard deviation 4 to 5 mm (McNamara, Am J Orthod
1984;86:449-469, doi:10.1016/S0002-9416(84)90352-X)."""
MIDLINE_HALF_MM = 25.0
THIN_MM = 10.0


class FaceNotFoundError(ValueError):
    """No face can be located; the message says why."""


@dataclass(frozen=True)
class Jaw:
    """Where the jaw lies, in slices, rows and columns of the volume.

    Attributes
    ----------
    chin_slice : int
        The lowest slice of the mandible.
    front_row : int
        The row farthest to the front that bone of the lower face reaches.
    columns : tuple of int
        First and last column of that bone.
    """

    chin_slice: int
    front_row: int
    columns: tuple[int, int]


@dataclass(frozen=True)
class _Profile:
    """One slice, in mm from its corner; `arch` is (front, left end, right end) of its bone."""

    is_neck: bool
    is_wide: bool
    has_spine: bool
    arch: tuple[float, float, float] | None

    @property
    def width_mm(self) -> float:
        return self.arch[2] - self.arch[1] if self.arch else 0.0


def find_jaw(volume_zyx: NDArray[np.int16], spacing_zyx_mm: Vector) -> Jaw:
    """Find the jaw.

    Parameters
    ----------
    volume_zyx : ndarray of int16, axes (z, y, x) growing to head, back and left, HU
    spacing_zyx_mm : tuple of float

    Raises
    ------
    FaceNotFoundError
        If there is no jaw, or its lower end is not in the volume.
    """
    profiles = [_profile(plane, spacing_zyx_mm) for plane in volume_zyx]
    slice_mm = spacing_zyx_mm[0]
    runs = _runs([profile.arch is not None for profile in profiles], slice_mm)
    for first, stop in runs:
        run = [profile for profile in profiles[first:stop] if profile.arch]
        if not _is_jaw(run, slice_mm):
            continue
        _check_below(profiles[:first], profiles[stop:], slice_mm)
        return _jaw(first, run, spacing_zyx_mm)
    raise FaceNotFoundError("no mandible was found in the volume")


def _check_below(below: list[_Profile], above: list[_Profile], slice_mm: float) -> None:
    """Check that a neck ends below the jaw, and that no shoulders stand on the head."""
    neck = below[-int(np.ceil(NECK_BELOW_MM / slice_mm)) :]
    if len(neck) * slice_mm < NECK_BELOW_MM or not all(one.is_neck for one in neck):
        raise FaceNotFoundError("the lower end of the jaw is not in the volume, or no neck is")
    if any(one.is_wide for one in above) and not any(one.is_wide for one in below):
        raise FaceNotFoundError("the shoulders lie above the jaw: the volume seems upside down")


def _runs(flags: list[bool], slice_mm: float) -> list[tuple[int, int]]:
    """Return first and stop of runs of true slices, small gaps bridged."""
    runs: list[tuple[int, int]] = []
    for value, group in groupby(enumerate(flags), key=lambda item: item[1]):
        indices = [index for index, _ in group]
        if not value:
            continue
        if runs and (indices[0] - runs[-1][1]) * slice_mm <= GAP_MM:
            runs[-1] = (runs[-1][0], indices[-1] + 1)
        else:
            runs.append((indices[0], indices[-1] + 1))
    return runs


def _is_jaw(run: list[_Profile], slice_mm: float) -> bool:
    tall = len(run) * slice_mm >= RUN_MM
    wide = max(profile.width_mm for profile in run) >= WIDEST_ARCH_MM
    spine = sum(profile.has_spine for profile in run) >= len(run) / 2
    return tall and wide and spine


def _jaw(first: int, run: list[_Profile], spacing_zyx_mm: Vector) -> Jaw:
    slice_mm, row_mm, column_mm = spacing_zyx_mm
    arches = np.array([profile.arch for profile in run[: int(LOWER_FACE_MM / slice_mm) + 1]])
    return Jaw(
        chin_slice=first,
        front_row=int(arches[:, 0].min() / row_mm),
        columns=(int(arches[:, 1].min() / column_mm), int(arches[:, 2].max() / column_mm)),
    )


def _profile(plane_hu: NDArray[np.int16], spacing_zyx_mm: Vector) -> _Profile:
    """Describe one slice, on pixels of about `COARSE_MM`."""
    _, row_mm, column_mm = spacing_zyx_mm
    steps = max(1, int(COARSE_MM / row_mm)), max(1, int(COARSE_MM / column_mm))
    coarse = plane_hu[:: steps[0], :: steps[1]]
    row_mm, column_mm = row_mm * steps[0], column_mm * steps[1]
    body = solid_body_of_plane(coarse, min(row_mm, column_mm), THIN_MM)
    columns = np.flatnonzero(body.any(axis=0))
    wide = _is_wide(columns, body.shape[1], column_mm)
    if len(columns) == 0 or wide:
        return _Profile(is_neck=False, is_wide=wide, has_spine=False, arch=None)
    middle = (columns[0] + columns[-1]) / 2
    near = np.abs(np.arange(body.shape[1]) - middle) * column_mm <= MIDLINE_HALF_MM
    rows = np.flatnonzero(body[:, near].any(axis=1))
    if len(rows) == 0:
        return _Profile(is_neck=True, is_wide=False, has_spine=False, arch=None)
    limit = int(rows[0] + FRONT_SHARE * (rows[-1] - rows[0] + 1))
    bone = body & (coarse > BONE_HU)
    spine_mm2 = np.count_nonzero(bone[limit:, near]) * row_mm * column_mm
    return _Profile(
        is_neck=True,
        is_wide=False,
        has_spine=bool(spine_mm2 >= SPINE_AREA_MM2),
        arch=_arch(bone[:limit], row_mm, column_mm),
    )


def _is_wide(columns: NDArray[np.int64], of: int, column_mm: float) -> bool:
    """Say whether a body is too wide for a head, or cut at a side so that nobody knows."""
    if len(columns) == 0:
        return False
    width_mm = float(columns[-1] - columns[0] + 1) * column_mm
    return width_mm > WIDEST_HEAD_MM or bool(columns[0] == 0 or columns[-1] == of - 1)


def _arch(
    front: NDArray[np.bool_], row_mm: float, column_mm: float
) -> tuple[float, float, float] | None:
    """Return the front and both ends, in mm, of the bone in front, if it spans the slice."""
    y, x = np.nonzero(front)
    if len(y) * row_mm * column_mm < ARCH_AREA_MM2:
        return None
    low, high = float(x.min()) * column_mm, float(x.max() + 1) * column_mm
    if high - low < ARCH_WIDTH_MM:
        return None
    return (float(y.min()) * row_mm, low, high)
