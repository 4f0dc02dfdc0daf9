"""cohorts.dicom: make the face in a CT of head and neck unrecognisable, away from the nodes.

Two things are done, in the axes of `reorientation` (slices to the head, rows to the back):

1. Crop: every slice above a plane becomes air. The plane lies `LOWER_FACE_MM` above the chin, which
   is above the hard palate, and above all nodes by the distance that is kept around them.
2. Shell: from just below the chin up to the plane, in front of and beside the jaw, everything from
   the front of the volume to `SHELL_MM` below the skin becomes air (distance in three dimensions).
   The skin is that of the solid body, so that noses, tubes and fixation masks go with the air; open
   mouths and other pits narrower than `PIT_MM` are bridged before the depth is measured.

No voxel within `KEEP_MM` of a node changes: the distance between voxel centres that is kept is
longer by the diagonal of a voxel, so it holds for any two points of the two voxels. Frames and grid
stay; the number of changed voxels, the plane and what was kept go into the case.

This removes the surface that renderings show. It is no proof of anonymity: ears, the back of the
head below the plane, teeth and bone remain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cohorts.dicom.body import TISSUE_HU, solid_body_of_plane
from cohorts.dicom.geometry import SeriesGeometry, Vector
from cohorts.dicom.jaw import LOWER_FACE_MM, THIN_MM, FaceNotFoundError, Jaw, find_jaw
from cohorts.dicom.masks import NodeMaskInput
from cohorts.dicom.warnings import IntakeWarning, WarningCode

METHOD_VERSION = 1
KEEP_MM = 20.0
SHELL_MM = 12.0
BELOW_CHIN_MM, BESIDE_JAW_MM, BEHIND_FRONT_MM = 10.0, 10.0, 40.0
PIT_MM = 30.0
AIR_HU = -1000
MOST_KEPT = 0.1
"""A warning says so when a larger share of the shell's tissue stays because of nodes."""
SMALLEST_AXIS_COSINE = 0.9

Mask = NDArray[np.bool_]
Volume = NDArray[np.int16]


@dataclass(frozen=True)
class FaceProtection:
    """What was done: `record` for the case's "deidentification", and warnings."""

    record: dict[str, Any]
    warnings: tuple[IntakeWarning, ...] = ()


@dataclass(frozen=True)
class _Region:
    """Where the shell may lie: slices, rows from the front, columns."""

    slices: slice
    rows: slice
    columns: slice


def protect_face(
    volume_zyx: Volume, geometry: SeriesGeometry, nodes: Sequence[NodeMaskInput]
) -> FaceProtection:
    """Blank the face in a volume, in place.

    Parameters
    ----------
    volume_zyx : ndarray of int16, axes (z, y, x) growing to head, back and left, HU
        Changed in place; nothing is changed where the face cannot be located.
    geometry : SeriesGeometry
        Its grid.
    nodes : sequence of NodeMaskInput
        On the same grid.

    Returns
    -------
    FaceProtection
        With `FACE_KEPT` where nothing could be done, or much was kept because of nodes.
    """
    try:
        _check_axes(geometry)
        jaw = find_jaw(volume_zyx, geometry.spacing_zyx_mm)
    except FaceNotFoundError as reason:
        record = {"version": METHOD_VERSION, "applied": False, "reason": str(reason)}
        return FaceProtection(record, (_kept(f"the face was not blanked: {reason}"),))
    kept = near_nodes(nodes, geometry.shape_zyx, geometry.spacing_zyx_mm)
    air = np.int16(max(AIR_HU, int(volume_zyx.min())))
    plane = _plane(jaw, nodes, geometry)
    region = _region(jaw, plane, geometry)
    shell = _shell(volume_zyx, region, geometry.spacing_zyx_mm)
    share = _share_kept(volume_zyx, region, shell, kept)
    changed = _blank(volume_zyx[plane:], ~kept[plane:], air)
    place = (region.slices, region.rows, region.columns)
    changed += _blank(volume_zyx[place], shell & ~kept[place], air)
    record = _record(jaw, plane, geometry) | {
        "air_hu": int(air),
        "voxels_changed": changed,
        "voxels_kept_near_nodes": int(np.count_nonzero(shell & kept[place])),
    }
    return FaceProtection(record, _kept_share(share))


def near_nodes(
    nodes: Sequence[NodeMaskInput], shape_zyx: tuple[int, int, int], spacing_zyx_mm: Vector
) -> Mask:
    """Return the voxels that must not change because a node is near.

    Parameters
    ----------
    nodes : sequence of NodeMaskInput
    shape_zyx : tuple of int
    spacing_zyx_mm : tuple of float

    Returns
    -------
    ndarray of bool, shape `shape_zyx`
        True within `KEEP_MM` of any part of a node's voxels: exact Euclidean distance of voxel
        centres up to `KEEP_MM` and one voxel diagonal (Maurer et al., IEEE Trans Pattern Anal Mach
        Intell 2003;25:265-270, doi:10.1109/TPAMI.2003.1177156).
    """
    kept = np.zeros(shape_zyx, dtype=np.bool_)
    reach_mm = _reach_mm(spacing_zyx_mm)
    margin = np.ceil(reach_mm / np.asarray(spacing_zyx_mm)).astype(int)
    for node in nodes:
        # Around one node at a time: a transform of the whole volume needs many times its memory.
        start = np.maximum(np.asarray(node.box.start_zyx) - margin, 0)
        stop = np.minimum(np.asarray(node.box.stop_zyx) + margin, shape_zyx)
        around = tuple(slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
        outside = np.ones(stop - start, dtype=np.bool_)
        offset = np.asarray(node.box.start_zyx) - start
        inner = tuple(slice(a, a + n) for a, n in zip(offset, node.mask.shape, strict=True))
        outside[inner] = ~node.mask
        distance = ndimage.distance_transform_edt(outside, sampling=spacing_zyx_mm)
        kept[around] |= distance <= reach_mm
    return kept


def _reach_mm(spacing_zyx_mm: Vector) -> float:
    return KEEP_MM + float(np.linalg.norm(spacing_zyx_mm))


def _check_axes(geometry: SeriesGeometry) -> None:
    cosines = (geometry.normal[2], geometry.column_direction[1], geometry.row_direction[0])
    if min(cosines) < SMALLEST_AXIS_COSINE:
        raise FaceNotFoundError("the volume does not lie along the patient's axes")


def _plane(jaw: Jaw, nodes: Sequence[NodeMaskInput], geometry: SeriesGeometry) -> int:
    """Return the first slice of the crop; the number of slices where nothing is cropped."""
    slice_mm = geometry.spacing_zyx_mm[0]
    above_chin = jaw.chin_slice + int(np.ceil(LOWER_FACE_MM / slice_mm))
    reach = int(np.floor(_reach_mm(geometry.spacing_zyx_mm) / slice_mm))
    above_nodes = max((node.box.stop_zyx[0] + reach for node in nodes), default=0)
    return min(max(above_chin, above_nodes), geometry.shape_zyx[0])


def _region(jaw: Jaw, plane: int, geometry: SeriesGeometry) -> _Region:
    slice_mm, row_mm, column_mm = geometry.spacing_zyx_mm
    beside = int(np.ceil(BESIDE_JAW_MM / column_mm))
    return _Region(
        slices=slice(max(0, jaw.chin_slice - int(np.ceil(BELOW_CHIN_MM / slice_mm))), plane),
        rows=slice(0, min(jaw.front_row + int(BEHIND_FRONT_MM / row_mm), geometry.shape_zyx[1])),
        columns=slice(max(0, jaw.columns[0] - beside), jaw.columns[1] + beside + 1),
    )


def _shell(volume_zyx: Volume, region: _Region, spacing_zyx_mm: Vector) -> Mask:
    """Return what lies in front of the skin or at most `SHELL_MM` below it, within the region."""
    slice_mm, row_mm, column_mm = spacing_zyx_mm
    # Wider than the region, so that depth is measured from the skin beside and behind it too.
    beside = int(np.ceil((SHELL_MM + PIT_MM) / column_mm))
    first = max(0, region.columns.start - beside)
    wide = slice(first, region.columns.stop + beside)
    deep = slice(0, region.rows.stop + int(np.ceil(SHELL_MM / row_mm)))
    skin = np.stack(
        [_skin_rows(plane, min(row_mm, column_mm))[wide] for plane in volume_zyx[region.slices]]
    )
    size = (int(PIT_MM / slice_mm) | 1, int(PIT_MM / column_mm) | 1)
    skin = ndimage.grey_opening(skin, size=size, mode="nearest")
    rows = np.arange(min(deep.stop, volume_zyx.shape[1]))
    body = rows[None, :, None] >= skin[:, None, :]
    depth = ndimage.distance_transform_edt(body, sampling=spacing_zyx_mm)
    inner = slice(region.columns.start - first, region.columns.stop - first)
    found: Mask = depth[:, region.rows, inner] <= SHELL_MM
    return found


def _skin_rows(plane_hu: Volume, pixel_mm: float) -> NDArray[np.int64]:
    """Return the first row of the body in each column; the number of rows where there is none."""
    body = solid_body_of_plane(plane_hu, pixel_mm, THIN_MM)
    return np.where(body.any(axis=0), body.argmax(axis=0), len(body))


def _blank(part: Volume, where: Mask, air: np.int16) -> int:
    """Set voxels to air; return how many had another value."""
    changed = int(np.count_nonzero(where & (part != air)))
    part[where] = air
    return changed


def _share_kept(volume_zyx: Volume, region: _Region, shell: Mask, kept: Mask) -> float:
    """Return the share of the shell's tissue that stays because of nodes."""
    place = (region.slices, region.rows, region.columns)
    tissue = shell & (volume_zyx[place] > TISSUE_HU)
    all_of_it = int(np.count_nonzero(tissue))
    return int(np.count_nonzero(tissue & kept[place])) / max(1, all_of_it)


def _record(jaw: Jaw, plane: int, geometry: SeriesGeometry) -> dict[str, Any]:
    """Return what is recorded of the method; heights in mm above the centre of the first slice."""
    slices, slice_mm = geometry.shape_zyx[0], geometry.spacing_zyx_mm[0]
    return {
        "version": METHOD_VERSION,
        "applied": True,
        "chin_mm": round(jaw.chin_slice * slice_mm, 3),
        "plane_mm": round(plane * slice_mm, 3) if plane < slices else None,
        "slices_blanked": slices - plane,
        "shell_mm": SHELL_MM,
        "kept_around_nodes_mm": KEEP_MM,
    }


def _kept_share(share: float) -> tuple[IntakeWarning, ...]:
    if share <= MOST_KEPT:
        return ()
    return (
        _kept(f"{100 * share:.0f} % of the skin before the jaw was kept because nodes lie near it"),
    )


def _kept(message: str) -> IntakeWarning:
    return IntakeWarning(code=WarningCode.FACE_KEPT, message=message)
