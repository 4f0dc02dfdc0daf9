"""Reads of what station masks tell about nodes: here, where the border of a node's level is."""

from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.neighbouring_stations import NeighbouringStation, StationBorder
from cohorts.dicom.stations import Station
from cohorts.models import CTSeries, NodeMask


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
