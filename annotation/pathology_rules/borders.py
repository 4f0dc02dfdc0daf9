"""From station masks to the border of the level in which an annotator sees a node (pure)."""

from annotation.pathology_rules.labels import Border
from annotation.pathology_rules.places import ALL_PLACES, Place
from cohorts.dicom.neighbouring_stations import StationBorder
from cohorts.dicom.stations import Station


def border_of(own: Place, told: StationBorder | None) -> Border | None:
    """Return the border of the annotator's own level, where station masks tell one.

    Parameters
    ----------
    own : Place
        Where the annotator sees the node on CT.
    told : StationBorder or None
        What the station masks say of the node.

    Returns
    -------
    Border or None
        None also where the node's station is another level than the annotator's: how far the
        border of the one is says nothing about the other. A level that the masks do not divide
        holds both of its halves, and a station without a side is on the side of the annotator's.
    """
    if told is None or not _holds(told.own, own, own):
        return None
    neighbours = tuple(place for place in ALL_PLACES if _holds(told.neighbour, place, own))
    return Border(neighbours=neighbours, distance_mm=told.distance_mm) if neighbours else None


def _holds(station: Station, place: Place, own: Place) -> bool:
    side = station.side or own.side
    return place.side == side and station.level in (place.level, place.level.rstrip("ab"))
