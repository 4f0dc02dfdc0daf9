"""cohorts.dicom: station masks give nodes their side and level.

Stations are the nodal levels of the neck as pathology reports count them (Robbins et al., Arch
Otolaryngol Head Neck Surg 2002;128:751-758, doi:10.1001/archotol.128.7.751); an unsplit I, II or V
stays as it is. Of the finer levels of Gregoire et al. (Radiother Oncol 2014;110:172-181,
doi:10.1016/j.radonc.2013.10.010) IVa counts as IV, VIa and VIb as VI; those beyond (IVb, Vc, VII to
X) are no level here, and a node in them has none.

Side and level are read from the station's name, and nothing is guessed: a name that tells several
levels, or none, gives no station, and one without a side gives no side.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cohorts.dicom.geometry import BoundingBox, SeriesGeometry
from cohorts.dicom.masks import NodeMaskInput

LEVELS = ("Ia", "Ib", "I", "IIa", "IIb", "II", "III", "IV", "Va", "Vb", "V", "VI")
SIDES = ("left", "right", "")
NEAREST_MM = 5.0
"""A node outside every station takes the nearest one if its centroid lies within this distance."""

_BASES = {"1": "I", "2": "II", "3": "III", "4": "IV", "5": "V", "6": "VI"}
_SPLIT = frozenset({"I", "II", "V"})
_SAME = {"IVa": "IV", "VIa": "VI", "VIb": "VI"}
_LEVEL_WORDS = frozenset({"level", "levels", "lvl", "lev", "station", "stations", "stn"})
_NECK_WORDS = frozenset({"neck", "cervical"})
_OTHER_WORDS = frozenset(
    {"ln", "lns", "lnn", "nn", "lk", "lymph", "lymphnode", "lymphnodes", "node", "nodes", "nodal"}
    | {"region", "ctv", "mask", "roi", "side", "and", "of", "the", "bilateral", "bilat", "both"}
)
_SIDE_WORDS = {
    **dict.fromkeys(("left", "l", "lt", "li", "links", "sin"), "left"),
    **dict.fromkeys(("right", "r", "rt", "re", "rechts", "dex"), "right"),
}
_LEVEL_TOKEN = re.compile(
    r"(?P<word>levels?|lvl|lev|station|stn)?(?P<base>iii|ii|iv|i|vi|v|[1-6])(?P<sub>[abc])?"
    r"(?P<side>left|right|lt|rt|l|r)?"
)
_PARTED_LETTER = re.compile(r"(?<![a-z0-9])(i|ii|iv|v|vi|[1-6])[^a-z0-9]+([abc])(?![a-z0-9])")


@dataclass(frozen=True)
class Station:
    """A level of one side: `level` is one of LEVELS, `side` "left", "right" or empty."""

    side: str
    level: str

    @property
    def order(self) -> tuple[int, int]:
        """Key of the fixed order: by LEVELS, then by SIDES."""
        return LEVELS.index(self.level), SIDES.index(self.side)


StationMasks = Mapping[Station, Sequence[NodeMaskInput]]
"""Masks by station; several of one station count as one."""


def parse_station(name: str) -> Station | None:
    """Read side and level from the name of a station.

    Parameters
    ----------
    name : str
        For example "Level IIa left", "LN_Neck_II_L", "right level 2b", "Ia".

    Returns
    -------
    Station or None
        None where the name tells no level or more than one. Halves of one level ("IIa + IIb") are
        the whole level. The side is empty where none is told, or both are.
    """
    text = _PARTED_LETTER.sub(r"\1\2", name.lower())
    tokens = [token for token in re.split(r"[^a-z0-9]+", text) if token]
    words = [token for token in tokens if token not in _SIDE_WORDS]
    found = [match for token in words if (match := _LEVEL_TOKEN.fullmatch(token))]
    if not found or not _speaks_of_levels(words, found):
        return None
    level = _common_level({_level_of(match) for match in found})
    if level is None:
        return None
    sides = {_SIDE_WORDS[token] for token in tokens if token in _SIDE_WORDS}
    sides |= {_SIDE_WORDS[match["side"]] for match in found if match["side"]}
    return Station(sides.pop() if len(sides) == 1 else "", level)


def _speaks_of_levels(words: list[str], found: list[re.Match[str]]) -> bool:
    """Say whether the numbers of a name are levels, not a count, a vein or a version."""
    if _LEVEL_WORDS & set(words) or any(match["word"] for match in found):
        return True
    known = _OTHER_WORDS | _NECK_WORDS
    if any(word not in known and not _LEVEL_TOKEN.fullmatch(word) for word in words):
        return False
    bare_digit = any(match["base"].isdigit() and not match["sub"] for match in found)
    return not bare_digit or bool(_NECK_WORDS & set(words))


def _level_of(match: re.Match[str]) -> str:
    base = _BASES.get(match["base"], match["base"].upper())
    return base + (match["sub"] or "")


def _common_level(levels: set[str]) -> str | None:
    """Return the one level that is meant, if it is one that is known."""
    if len(levels) > 1:
        bases = {level.rstrip("abc") for level in levels}
        levels = bases if len(bases) == 1 and bases <= _SPLIT else set()
    level = next(iter(levels), "")
    level = _SAME.get(level, level)
    return level if level in LEVELS else None


@dataclass(frozen=True)
class StationResult:
    """The stations of a patient's nodes.

    Attributes
    ----------
    by_label : dict of int to Station or None
        For each node; None where no station holds it or lies near it.
    known, unknown : int
        Number of station masks whose name told a level, and of those whose name told none.
    """

    by_label: dict[int, Station | None]
    known: int
    unknown: int


def assign_stations(
    nodes: Sequence[NodeMaskInput], stations: Iterable[NodeMaskInput], geometry: SeriesGeometry
) -> StationResult:
    """Give each node the station that holds most of it, else the nearest.

    A node across a border belongs to the station with the larger number of its voxels. A node
    that overlaps none takes the station nearest to its centroid, up to `NEAREST_MM` (from the
    centroid to the centre of the station's nearest voxel). Equal overlaps or distances: the first
    in the order of LEVELS, a half before the whole it belongs to; then left before right. Masks
    of the same side and level count as one.

    Parameters
    ----------
    nodes : sequence of NodeMaskInput
    stations : iterable of NodeMaskInput
        The stations as given, by name; on the same grid.
    geometry : SeriesGeometry
        That grid.
    """
    given = list(stations)
    masks = masks_by_station(given)
    known = sum(map(len, masks.values()))
    return StationResult(
        by_label={node.label: station_of(node, masks, geometry) for node in nodes},
        known=known,
        unknown=len(given) - known,
    )


def masks_by_station(masks: Iterable[NodeMaskInput]) -> StationMasks:
    """Group masks by the station that their name tells, in the order of LEVELS, then SIDES."""
    grouped: dict[Station, list[NodeMaskInput]] = {}
    for mask in masks:
        station = parse_station(mask.name)
        if station is not None:
            grouped.setdefault(station, []).append(mask)
    return {station: grouped[station] for station in sorted(grouped, key=lambda one: one.order)}


def station_of(
    node: NodeMaskInput, stations: StationMasks, geometry: SeriesGeometry
) -> Station | None:
    """Return the station of one node, as `assign_stations` finds it; stations in their order."""
    if not stations:
        return None
    # max and min keep the first of equals, so the order of the stations decides ties.
    overlaps = {station: _overlap(node, masks) for station, masks in stations.items()}
    largest = max(overlaps, key=overlaps.__getitem__)
    if overlaps[largest] > 0:
        return largest
    near = nearest_stations(centroid_of(node), stations, geometry)
    return min(near, key=lambda station: near[station].distance_mm, default=None)


def holds(box: BoundingBox, voxels: NDArray[np.bool_], centre_zyx: Sequence[float]) -> bool:
    """Say whether a mask has the voxel in which a point (index on the grid) lies."""
    place = [round(value) - first for value, first in zip(centre_zyx, box.start_zyx, strict=True)]
    is_near = all(0 <= at < size for at, size in zip(place, voxels.shape, strict=True))
    return is_near and bool(voxels[tuple(place)])


def centroid_of(mask: NodeMaskInput) -> NDArray[np.float64]:
    """Return the mean of a mask's voxels as index (z, y, x) on the grid of the case."""
    start = np.asarray(mask.box.start_zyx)
    centroid: NDArray[np.float64] = np.argwhere(mask.mask).mean(axis=0) + start
    return centroid


def _overlap(node: NodeMaskInput, masks: Sequence[NodeMaskInput]) -> int:
    """Return how many voxels of a node lie in any of the masks."""
    inside = np.zeros(node.mask.shape, dtype=np.bool_)
    for mask in masks:
        start = np.maximum(node.box.start_zyx, mask.box.start_zyx)
        stop = np.minimum(node.box.stop_zyx, mask.box.stop_zyx)
        if (start < stop).all():
            in_node = _within(start, stop, node.box)
            inside[in_node] |= mask.mask[_within(start, stop, mask.box)]
    return int(np.count_nonzero(inside & node.mask))


def _within(
    start: NDArray[np.int64], stop: NDArray[np.int64], box: BoundingBox
) -> tuple[slice, ...]:
    """Return the indices, relative to a box, of a part of the grid."""
    origin = np.asarray(box.start_zyx)
    return tuple(slice(int(a), int(b)) for a, b in zip(start - origin, stop - origin, strict=True))


@dataclass(frozen=True, kw_only=True, order=True)
class NearVoxel:
    """A voxel (z, y, x) and how far its centre is from a point, in mm."""

    distance_mm: float
    voxel_zyx: tuple[int, int, int]


def nearest_stations(
    centre_zyx: NDArray[np.float64], stations: StationMasks, geometry: SeriesGeometry
) -> dict[Station, NearVoxel]:
    """Find the voxel of each station that is nearest to a point.

    Parameters
    ----------
    centre_zyx : ndarray, shape (3,)
        As index on the grid.
    stations : mapping of Station to sequence of NodeMaskInput
    geometry : SeriesGeometry
        That grid.

    Returns
    -------
    dict of Station to NearVoxel
        In the order of the stations; without those farther than `NEAREST_MM`. Of voxels equally
        near, the first by slice, row and column.
    """
    spacing_mm = np.asarray(geometry.spacing_zyx_mm)
    found: dict[Station, NearVoxel] = {}
    for station, masks in stations.items():
        near = [one for mask in masks if (one := _nearest(centre_zyx, mask, spacing_mm))]
        if near:
            found[station] = min(near)
    return found


def _nearest(
    centre_zyx: NDArray[np.float64], mask: NodeMaskInput, spacing_mm: NDArray[np.float64]
) -> NearVoxel | None:
    reach = NEAREST_MM / spacing_mm
    start = np.maximum(np.floor(centre_zyx - reach).astype(int), mask.box.start_zyx)
    stop = np.minimum(np.ceil(centre_zyx + reach).astype(int) + 1, mask.box.stop_zyx)
    if (start >= stop).any():
        return None
    voxels = np.argwhere(mask.mask[_within(start, stop, mask.box)]) + start
    if len(voxels) == 0:
        return None
    distances = np.sqrt((((voxels - centre_zyx) * spacing_mm) ** 2).sum(axis=1))
    at = int(distances.argmin())  # the first of equals: argwhere goes by slice, row and column
    if distances[at] > NEAREST_MM:
        return None
    z, y, x = (int(index) for index in voxels[at])
    return NearVoxel(distance_mm=float(distances[at]), voxel_zyx=(z, y, x))
