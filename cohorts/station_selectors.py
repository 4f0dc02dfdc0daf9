"""Reads of station masks, and of what they tell: how far a node is from the border of its level."""

from collections import defaultdict

from cohorts import storage
from cohorts.candidate_selectors import accepted_stations
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.masks import NodeMaskInput
from cohorts.dicom.neighbouring_stations import NeighbouringStation, StationBorder
from cohorts.dicom.runs import decode_mask
from cohorts.dicom.stations import Station, StationMasks
from cohorts.models import CTSeries, NodeMask, Patient, StationMask


def station_masks_of(patient: Patient, *given: tuple[Station, NodeMaskInput]) -> StationMasks:
    """Return the masks that tell the levels of a patient, in the order of LEVELS, then SIDES.

    Those that came with the CT, but for stations of which candidates were accepted: these stand in
    their place, and so does what is ``given`` beside them.
    """
    accepted = accepted_stations(patient)
    for station, mask in given:
        accepted.setdefault(station, []).append(mask)
    found = _brought(patient) | accepted
    return {station: found[station] for station in sorted(found, key=lambda one: one.order)}


def _brought(patient: Patient) -> dict[Station, list[NodeMaskInput]]:
    """Return the masks that came with the CT, digests checked."""
    found: dict[Station, list[NodeMaskInput]] = defaultdict(list)
    for label, row in enumerate(StationMask.objects.filter(patient=patient).order_by("pk")):
        box, voxels = decode_mask(storage.get_checked(row.runs_key))
        mask = NodeMaskInput(label=label, name="", box=box, mask=voxels)
        found[Station(row.side, row.level)].append(mask)
    return found


def station_border(mask: NodeMask, series: CTSeries) -> StationBorder | None:
    """Return how far a node's mask is from the border of its automatic station, where known."""
    node = mask.node
    if not (node.auto_level and node.neighbouring_station):
        return None
    neighbour = NeighbouringStation.from_dict(node.neighbouring_station)
    geometry = SeriesGeometry.from_dict(series.geometry)
    return StationBorder(
        own=Station(node.auto_side, node.auto_level),
        neighbour=neighbour.station,
        distance_mm=neighbour.distance_mm(mask.centroid_zyx, geometry),
    )
