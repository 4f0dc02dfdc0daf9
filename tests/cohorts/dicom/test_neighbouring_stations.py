"""The station next to a node's own: which it is, and how many mm its border is away."""

import json
from itertools import permutations

import numpy as np
import pytest

from cohorts.dicom.case_nodes import write_nodes
from cohorts.dicom.geometry import BoundingBox, SeriesGeometry
from cohorts.dicom.masks import NodeMaskInput, node_from_voxels
from cohorts.dicom.neighbouring_stations import (
    NeighbouringStation,
    may_be_one,
    neighbouring_station,
)
from cohorts.dicom.stations import Station, parse_station

GRID = SeriesGeometry(
    shape_zyx=(12, 40, 40),
    spacing_zyx_mm=(3.0, 0.5, 0.8),
    origin_lps_mm=(0.0, 0.0, 0.0),
    row_direction=(1.0, 0.0, 0.0),
    column_direction=(0.0, 1.0, 0.0),
    frame_of_reference_uid="2.25.1",
)
II, III, IV = (Station("left", level) for level in ("II", "III", "IV"))


def station(name, start, stop):
    box = BoundingBox(start, stop)
    return NodeMaskInput(label=1, name=name, box=box, mask=np.ones(box.shape_zyx, dtype=bool))


LEFT_II = station("Level II left", (6, 0, 0), (12, 40, 20))
LEFT_III = station("Level III left", (3, 0, 0), (6, 40, 20))
LEFT_IV = station("Level IV left", (0, 0, 0), (3, 40, 20))
RIGHT_III = station("Level III right", (3, 0, 20), (6, 40, 40))
ALL = (LEFT_II, LEFT_III, LEFT_IV, RIGHT_III)


def beside(centroid_zyx, own, *masks):
    in_order = {}
    for mask in masks:
        in_order.setdefault(parse_station(mask.name), []).append(mask)
    found = neighbouring_station(centroid_zyx, own, in_order, GRID)
    return found and (found.station, found.voxel_zyx, found.distance_mm(centroid_zyx, GRID))


@pytest.mark.parametrize(
    ("centroid_zyx", "voxel_zyx", "mm"),
    [
        ((7, 10, 10), (5, 10, 10), 6.0),
        ((6, 10, 10), (5, 10, 10), 3.0),
        ((6.5, 10, 10), (5, 10, 10), 4.5),
        # Between columns: 1.5 slices of 3 mm, half a column of 0.8 mm; of equals the first.
        ((6.5, 10, 10.5), (5, 10, 10), np.hypot(4.5, 0.4)),
        # Beyond the end of the station: 1 slice of 3 mm, 5 columns of 0.8 mm.
        ((6, 10, 24), (5, 10, 19), 5.0),
        ((6, 10.25, 24), (5, 10, 19), np.hypot(5.0, 0.125)),
    ],
)
def test_the_distance_is_to_the_nearest_voxel_centre_on_a_grid_of_other_spacings(
    centroid_zyx, voxel_zyx, mm
):
    found = beside(centroid_zyx, II, LEFT_II, LEFT_III)
    assert found == ((III, voxel_zyx, pytest.approx(mm, abs=1e-12)) if mm <= 5 else None)


def test_a_station_inside_the_own_one_is_at_no_distance():
    inside = station("Level III left", (8, 10, 10), (9, 11, 11))
    assert beside((8, 10, 10), II, LEFT_II, inside) == (III, (8, 10, 10), 0.0)


def test_the_nearest_of_several_is_the_neighbour():
    assert beside((4.5, 10, 10), III, *ALL)[:2] == (II, (6, 10, 10))
    assert beside((3.5, 10, 10), III, *ALL)[:2] == (IV, (2, 10, 10))
    assert beside((4.5, 10, 16), III, *ALL)[:2] == (Station("right", "III"), (4, 10, 20))


def test_equally_near_the_order_of_levels_then_of_sides_decides():
    above, below = (station(f"{level} L", (z, 0, 0), (z + 1, 40, 20)) for level, z in ROWS)
    left, right = (station(f"III {side}", (4, 0, x), (5, 40, x + 1)) for side, x in COLUMNS)
    for given in permutations((above, below, LEFT_III)):
        assert beside((4, 10, 10), III, *given)[:2] == (II, (5, 10, 10))
    for given in permutations((left, right)):
        assert beside((4, 10, 10), II, *given)[:2] == (III, (4, 10, 12))


ROWS = (("II", 5), ("IV", 3))
COLUMNS = (("left", 12), ("right", 8))


def test_several_masks_of_a_station_count_as_one():
    far, near = (station("III L", (z, 0, 0), (z + 1, 40, 20)) for z in (4, 5))
    for given in permutations((far, near, LEFT_II)):
        assert beside((6, 10, 10), II, *given) == (III, (5, 10, 10), 3.0)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (("left", "IIa"), ("left", "IIa"), True),
        (("left", "IIa"), ("left", "IIb"), False),
        (("left", "IIa"), ("left", "II"), True),
        (("left", "IIa"), ("left", "III"), False),
        (("left", "III"), ("left", "II"), False),
        (("left", "I"), ("left", "II"), False),
        (("left", "Va"), ("left", "VI"), False),
        (("left", "IV"), ("right", "IV"), False),
        (("", "IV"), ("right", "IV"), True),
        (("", "Ia"), ("right", "Ib"), False),
    ],
)
def test_a_half_may_be_its_whole_and_an_untold_side_either(first, second, expected):
    one, other = Station(*first), Station(*second)
    assert may_be_one(one, other) == may_be_one(other, one) == expected


def test_the_own_station_is_no_neighbour_by_another_name():
    halves = station("Level IIa left", (6, 0, 0), (12, 40, 10)), LEFT_II
    assert beside((8, 10, 12), II, *halves) is None
    assert beside((8, 10, 5), Station("left", "IIa"), *halves) is None


def test_it_is_read_back_as_it_was_written():
    found = NeighbouringStation(station=Station("", "Ia"), voxel_zyx=(3, 0, 7))
    assert NeighbouringStation.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def nodes():
    boxes = {1: (6, 10, 4), 2: (9, 10, 4), 3: (1, 10, 30), 4: (4, 20, 15), 5: (2, 30, 2)}
    made = []
    for label, (z, y, x) in boxes.items():
        volume = np.zeros(GRID.shape_zyx, dtype=bool)
        volume[z : z + 1, y : y + 3, x : x + 3] = True
        made.append(node_from_voxels(label, "", np.argwhere(volume)))
    return made


def written(folder, given, stations):
    folder.mkdir()
    volume_zyx = np.zeros(GRID.shape_zyx, np.int16)
    records, _ = write_nodes(given, stations, volume_zyx, GRID, folder)
    return {
        one["label"]: (one["auto_level"], one["auto_side"], one["neighbouring_station"])
        for one in records
    }


def test_each_node_of_a_case_has_it_in_whatever_order_masks_are_given(tmp_path):
    told = written(tmp_path / "first", nodes(), ALL)
    assert told == {
        1: ("II", "left", {"side": "left", "level": "III", "voxel_zyx": [5, 11, 5]}),
        2: ("II", "left", None),
        3: ("", "", None),
        4: ("III", "left", {"side": "right", "level": "III", "voxel_zyx": [4, 21, 20]}),
        5: ("IV", "left", {"side": "left", "level": "III", "voxel_zyx": [3, 31, 3]}),
    }
    assert written(tmp_path / "second", nodes()[::-1], ALL[::-1]) == told
    assert json.loads(json.dumps(list(told.values()))) == [list(one) for one in told.values()]
