"""cohorts.dicom: the station next to a node's own, and how far its border is.

A node near the border of its level may have been counted in the neighbouring one by the
pathologist. Kept is the voxel of the neighbouring station that is nearest to the node's centroid,
and not the distance: a mask that is refined later has another centroid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.stations import Station, StationMasks, nearest_stations


@dataclass(frozen=True, kw_only=True)
class NeighbouringStation:
    """A station next to a node's own, with its voxel (z, y, x) nearest to the node."""

    station: Station
    voxel_zyx: tuple[int, int, int]

    def distance_mm(self, centroid_zyx: Sequence[float], geometry: SeriesGeometry) -> float:
        """Return the distance from a node's centroid to the border of its station, in mm.

        It is the distance to the centre of the voxel: where station masks adjoin, the border
        itself lies nearer by up to half a voxel.

        Parameters
        ----------
        centroid_zyx : sequence of float, length 3
            As index on the grid of the case.
        geometry : SeriesGeometry
            That grid.
        """
        steps = np.asarray(self.voxel_zyx) - np.asarray(centroid_zyx, dtype=np.float64)
        return float(np.sqrt(((steps * geometry.spacing_zyx_mm) ** 2).sum()))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        side, level = self.station.side, self.station.level
        return {"side": side, "level": level, "voxel_zyx": list(self.voxel_zyx)}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> "NeighbouringStation":
        """Return what `to_dict` gave."""
        z, y, x = told["voxel_zyx"]
        return cls(station=Station(told["side"], told["level"]), voxel_zyx=(z, y, x))


@dataclass(frozen=True, kw_only=True)
class StationBorder:
    """The border between a node's own station and a neighbouring one, and how far it is in mm."""

    own: Station
    neighbour: Station
    distance_mm: float


def neighbouring_station(
    centroid_zyx: Sequence[float], own: Station, stations: StationMasks, geometry: SeriesGeometry
) -> NeighbouringStation | None:
    """Find the station nearest to a node beside its own.

    Parameters
    ----------
    centroid_zyx : sequence of float, length 3
        The node's, as index on the grid.
    own : Station
        The node's station, given or not.
    stations : mapping of Station to sequence of NodeMaskInput
        In any order.
    geometry : SeriesGeometry
        The grid of the masks.

    Returns
    -------
    NeighbouringStation or None
        None where no other station has a voxel centre within `NEAREST_MM` of the centroid. Equally
        near: the first in the order of LEVELS, then SIDES.
    """
    others = {one: masks for one, masks in stations.items() if not may_be_one(own, one)}
    centre = np.asarray(centroid_zyx, dtype=np.float64)
    near = nearest_stations(centre, others, geometry)
    if not near:
        return None
    first = min(near, key=lambda one: (near[one].distance_mm, one.order))
    return NeighbouringStation(station=first, voxel_zyx=near[first].voxel_zyx)


def may_be_one(first: Station, second: Station) -> bool:
    """Say whether two stations may be one: a half and its whole, or a side that is not told."""
    is_one_level = (
        first.level in (second.level, _whole(second.level)) or _whole(first.level) == second.level
    )
    is_one_side = first.side == second.side or not (first.side and second.side)
    return is_one_level and is_one_side


def _whole(level: str) -> str:
    return level.rstrip("ab")
