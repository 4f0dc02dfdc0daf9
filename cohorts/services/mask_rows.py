"""Writes the rows of a mask version, measured and looked at as at intake."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.utils import timezone

from accounts.models import User
from cohorts import storage
from cohorts.dicom.geometry import BoundingBox, SeriesGeometry
from cohorts.dicom.masks import NodeMaskInput, overlap_warnings
from cohorts.dicom.measurements import measure_node
from cohorts.dicom.neighbouring_stations import (
    NeighbouringStation,
    may_be_one,
    neighbouring_station,
)
from cohorts.dicom.node_warnings import AirCheck, outside_stations, warnings_on_size
from cohorts.dicom.stations import Station, StationMasks, holds, station_of
from cohorts.dicom.warnings import IntakeWarning, WarningCode
from cohorts.intake import FIRST_VERSION, stored_hu_sha256
from cohorts.mask_selectors import next_node_number, other_masks
from cohorts.models import CTSeries, Node, NodeMask, Patient
from cohorts.received_masks import ReceivedMask, encoded
from cohorts.selectors import current_masks, volume_hu
from cohorts.station_selectors import station_masks_of

RECOMPUTED = {
    WarningCode.SMALL_NODE,
    WarningCode.CUT_BY_BORDER,
    WarningCode.ONE_SLICE_NODE,
    WarningCode.MASK_IN_AIR,
}
"""Warnings that follow from a mask alone; those about stations end when a station is given."""


def new_version(
    *, by: User, node: Node, mask: ReceivedMask, before: NodeMask | None, origin: str
) -> NodeMask:
    """Store a mask as the node's current one; the one before ends, its row stays."""
    series = node.patient.series
    data = encoded(series, mask)
    if before is not None:
        end_version(before)
    voxels = stored_hu_sha256(series.hu_sha256, series.deidentification)
    stored = NodeMask(
        node=node,
        version=FIRST_VERSION if before is None else before.version + 1,
        digest=hashlib.sha256(voxels.encode("ascii") + data).hexdigest(),
        runs_key=storage.put(data),
        origin=origin,
        created_by=by,
        **_measured(series, mask),
    )
    stored.full_clean(exclude=["node", "created_by"], validate_constraints=False)
    stored.save(force_insert=True)
    _warn_anew(series, node.number, mask)
    _find_station(stored, mask)
    return stored


def new_node(*, patient: Patient, like: Sequence[Node] = ()) -> Node:
    """Store a node under the number after the last; side and level where its parents agree.

    With them goes a neighbouring station of one parent. Station masks, where there are any, tell
    both better when the node's mask is stored.
    """
    node = Node(patient=patient, number=next_node_number(patient))
    if len({(parent.auto_side, parent.auto_level) for parent in like}) == 1:
        node.auto_side, node.auto_level = like[0].auto_side, like[0].auto_level
        known = (one.neighbouring_station for one in like if one.neighbouring_station)
        node.neighbouring_station = next(known, None)
    node.save(force_insert=True)
    return node


def end_version(mask: NodeMask) -> None:
    """Take a version out of force."""
    mask.is_current = False
    mask.save(update_fields=["is_current"])


def end_node(node: Node, mask: NodeMask) -> None:
    """Take a node off the lists; rows, masks and warnings about it are not shown any more."""
    end_version(mask)
    node.removed_at = timezone.now()
    node.save(update_fields=["removed_at"])
    series = node.patient.series
    _store_warnings(series, [one for one in series.warnings if one["node"] != node.number])


def set_stations(
    patient: Patient, nodes: Sequence[Node], *, side: str, level: str
) -> list[dict[str, Any]]:
    """Give nodes a side and level by a station; return what changed, node by node.

    The warning that a node lies in no station ends with it.
    """
    changes = []
    for node in nodes:
        before = f"{node.auto_level} {node.auto_side}".strip()
        node.auto_side, node.auto_level = side, level
        node.save(update_fields=["auto_side", "auto_level"])
        after = f"{level} {side}".strip()
        changes.append({"node": node.number, "before": before, "after": after})
    series, placed_now = patient.series, {node.number for node in nodes}
    kept = [
        one
        for one in series.warnings
        if one["code"] != WarningCode.NO_STATION or one["node"] not in placed_now
    ]
    _store_warnings(series, kept)
    return changes


def set_neighbours(patient: Patient, stations: StationMasks) -> None:
    """Find anew which station lies next to each node's own.

    Cases that were taken in before station masks were kept have none of the intake: what was found
    among those stands, unless that station was given anew or has become the node's own.
    """
    for mask in current_masks(patient):
        node, before = mask.node, mask.node.neighbouring_station
        node.neighbouring_station = _neighbour(mask, patient.series, stations)
        if node.neighbouring_station != before:
            node.save(update_fields=["neighbouring_station"])


def _find_station(stored: NodeMask, mask: ReceivedMask) -> None:
    """Find a new node's station, and with every version the one next to it, where masks tell.

    A node that is refined keeps its level: labels were given beside it.
    """
    node, series = stored.node, stored.node.patient.series
    stations = station_masks_of(node.patient)
    if not stations:
        return
    if stored.version == FIRST_VERSION:
        drawn = NodeMaskInput(label=node.number, name="", box=mask.box, mask=mask.voxels)
        own = station_of(drawn, stations, SeriesGeometry.from_dict(series.geometry))
        if own is not None and _tells_more(own, stored, stations):
            node.auto_side, node.auto_level = own.side, own.level
        elif not node.auto_level:
            _store_warnings(series, [*series.warnings, outside_stations(node.number).as_dict()])
    node.neighbouring_station = _neighbour(stored, series, stations)
    node.save(update_fields=["auto_side", "auto_level", "neighbouring_station"])


def _tells_more(own: Station, stored: NodeMask, stations: StationMasks) -> bool:
    """Say whether a station that masks tell is better than the level of the node's parents.

    Where the parents' station has no mask any more, another one only counts if the node lies in it.
    """
    node = stored.node
    if not node.auto_level or Station(node.auto_side, node.auto_level) in stations:
        return True
    return any(holds(one.box, one.mask, stored.centroid_zyx) for one in stations[own])


def _neighbour(mask: NodeMask, series: CTSeries, stations: StationMasks) -> dict[str, Any] | None:
    """Return the station next to a node's own as it is stored."""
    if not mask.node.auto_level:
        return None
    geometry = SeriesGeometry.from_dict(series.geometry)
    own = Station(mask.node.auto_side, mask.node.auto_level)
    found = [neighbouring_station(mask.centroid_zyx, own, stations, geometry)]
    if mask.node.neighbouring_station:
        before = NeighbouringStation.from_dict(mask.node.neighbouring_station)
        if before.station not in stations and not may_be_one(before.station, own):
            found.append(before)
    known = [one for one in found if one]
    nearest = min(known, key=lambda one: one.distance_mm(mask.centroid_zyx, geometry), default=None)
    return nearest.to_dict() if nearest else None


def warn_of_overlaps(patient: Patient) -> None:
    """Look again which nodes of the patient share voxels."""
    series = patient.series
    found = overlap_warnings(other_masks(patient, ()))
    kept = [one for one in series.warnings if one["code"] != WarningCode.OVERLAPPING_NODES]
    _store_warnings(series, kept + [one.as_dict() for one in found])


def _measured(series: CTSeries, mask: ReceivedMask) -> dict[str, Any]:
    geometry = SeriesGeometry.from_dict(series.geometry)
    found = measure_node(mask.box, mask.voxels, geometry).to_dict()
    found["bounding_box"] = found.pop("box")
    del found["centroid_lps_mm"]  # follows from the geometry
    return found


def _warn_anew(series: CTSeries, number: int, mask: ReceivedMask) -> None:
    geometry = SeriesGeometry.from_dict(series.geometry)
    measured = measure_node(mask.box, mask.voxels, geometry)
    found = warnings_on_size(number, measured)
    # The slices of the node alone: its box is counted from the first of them.
    (z0, y0, x0), (z1, y1, x1) = mask.box.start_zyx, mask.box.stop_zyx
    part = BoundingBox((0, y0, x0), (z1 - z0, y1, x1))
    volume = np.ascontiguousarray(volume_hu(series, z0, z1 - 1))
    node = NodeMaskInput(label=number, name="", box=part, mask=mask.voxels)
    found += AirCheck(volume).warnings(node)
    _replace_warnings(series, number, found)


def _replace_warnings(series: CTSeries, number: int, found: list[IntakeWarning]) -> None:
    kept = [
        one for one in series.warnings if one["node"] != number or one["code"] not in RECOMPUTED
    ]
    _store_warnings(series, kept + [one.as_dict() for one in found])


def _store_warnings(series: CTSeries, warnings: list[dict[str, Any]]) -> None:
    series.warnings = warnings
    series.save(update_fields=["warnings"])
