"""Names of stations, and the station of each node."""

import numpy as np
import pytest

from cohorts.dicom.geometry import BoundingBox, SeriesGeometry
from cohorts.dicom.masks import NodeMaskInput, node_from_voxels
from cohorts.dicom.stations import (
    LEVELS,
    Station,
    StationResult,
    assign_stations,
    parse_station,
)

GRID = SeriesGeometry(
    shape_zyx=(10, 40, 40),
    spacing_zyx_mm=(2.0, 1.0, 0.5),
    origin_lps_mm=(0, 0, 0),
    row_direction=(1, 0, 0),
    column_direction=(0, 1, 0),
)


@pytest.mark.parametrize(
    ("name", "side", "level"),
    [
        ("Level IIa left", "left", "IIa"),
        ("LN_Neck_II_L", "left", "II"),
        ("LN_Neck_IIA_R", "right", "IIa"),
        ("LN_Neck_IVA_L", "left", "IV"),
        ("LN_Neck_VIB", "", "VI"),
        ("right level 2b", "right", "IIb"),
        ("Level 2 b right", "right", "IIb"),
        ("level_5A_lt", "left", "Va"),
        ("LevelIIaLeft", "left", "IIa"),
        ("lvl3R", "right", "III"),
        ("IIbL", "left", "IIb"),
        ("2A_R", "right", "IIa"),
        ("Ia", "", "Ia"),
        ("I", "", "I"),
        ("V left", "left", "V"),
        ("Neck 4 li", "left", "IV"),
        ("Station VI", "", "VI"),
        ("Level IIa + IIb right", "right", "II"),
        ("Level III left and right", "", "III"),
        ("Level Ib bilateral", "", "Ib"),
        ("Level IV L edited again", "left", "IV"),
    ],
)
def test_a_name_tells_side_and_level(name, side, level):
    assert parse_station(name) == Station(side, level)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "left",
        "Level",
        "Node 2",
        "LN_1_L",
        "V_jugularis_L",
        "Levels II-IV left",
        "Level II/III R",
        "LN_Neck_IVB_L",
        "Level Vc right",
        "LN_Neck_VII",
        "Level VIII",
        "IIIa left",
        "level 7",
        "N2b right",
        "C2",
        "Parotid_L",
        "L2",
        "PTV56",
        "Level II L level III L",
    ],
)
def test_a_name_without_one_level_is_no_station(name):
    assert parse_station(name) is None


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("side", ["left", "right"])
def test_every_level_is_read_back_and_fits_its_field(level, side):
    assert parse_station(f"Level {level} {side}") == Station(side, level)
    assert parse_station(f"LN_Neck_{level.upper()}_{side[0].upper()}") == Station(side, level)
    assert len(level) <= 4


def station(name, z, y, x):
    box = BoundingBox((z[0], y[0], x[0]), (z[1], y[1], x[1]))
    return NodeMaskInput(label=1, name=name, box=box, mask=np.ones(box.shape_zyx, dtype=bool))


def node(z, y, x, label=1):
    volume = np.zeros(GRID.shape_zyx, dtype=bool)
    volume[slice(*z), slice(*y), slice(*x)] = True
    return node_from_voxels(label, "", np.argwhere(volume))


def one(node_mask, *stations):
    return assign_stations([node_mask], stations, GRID).by_label[1]


LEFT_II = station("Level II left", (4, 8), (0, 20), (20, 40))
LEFT_III = station("Level III left", (0, 4), (0, 20), (20, 40))
RIGHT_II = station("Level II right", (4, 8), (0, 20), (0, 20))


def test_a_node_belongs_to_the_station_that_holds_most_of_it():
    across = node((2, 5), (5, 8), (25, 28))
    assert one(across, LEFT_II, LEFT_III, RIGHT_II) == Station("left", "III")
    higher = node((3, 6), (5, 8), (25, 28))
    assert one(higher, LEFT_II, LEFT_III, RIGHT_II) == Station("left", "II")
    across_the_midline = node((5, 7), (5, 8), (18, 21))
    assert one(across_the_midline, LEFT_II, RIGHT_II) == Station("right", "II")


@pytest.mark.parametrize("order", [1, -1])
def test_ties_are_decided_by_the_order_of_levels_then_sides(order):
    half_and_half = node((3, 5), (5, 8), (25, 28))
    assert one(half_and_half, *[LEFT_II, LEFT_III][::order]) == Station("left", "II")
    on_the_midline = node((5, 6), (5, 8), (18, 22))
    assert one(on_the_midline, *[LEFT_II, RIGHT_II][::order]) == Station("left", "II")
    half = station("Level IIb left", (4, 8), (0, 20), (20, 40))
    inside = node((5, 6), (5, 8), (25, 28))
    assert one(inside, *[LEFT_II, half][::order]) == Station("left", "IIb")


def test_a_node_outside_takes_the_nearest_station_within_five_mm():
    just_near = node((5, 6), (24, 25), (30, 31))
    assert one(just_near, LEFT_II, LEFT_III) == Station("left", "II")
    too_far = node((5, 6), (25, 26), (30, 31))
    assert one(too_far, LEFT_II, LEFT_III) is None
    along_x = node((5, 6), (5, 6), (29, 30))
    assert one(along_x, RIGHT_II) == Station("right", "II")
    assert one(node((5, 6), (5, 6), (30, 31)), RIGHT_II) is None


def test_the_mask_counts_and_not_its_box():
    corner = np.zeros((4, 20, 20), dtype=bool)
    corner[0, 0, 0] = True
    sparse = NodeMaskInput(label=1, name="Level II left", box=LEFT_II.box, mask=corner)
    assert one(node((6, 7), (10, 11), (30, 31)), sparse) is None


def test_masks_of_one_station_count_as_one():
    twice = [
        station("III L", (4, 8), (0, 10), (20, 30)),
        station("lvl 3 left", *((4, 8), (10, 20)), (20, 30)),
    ]
    large = node((4, 8), (0, 20), (28, 33))
    rest = station("Level IV left", (4, 8), (0, 20), (30, 40))
    assert one(large, *twice, rest) == Station("left", "IV")
    larger = node((4, 8), (0, 20), (25, 33))
    assert one(larger, *twice, rest) == Station("left", "III")


def test_unreadable_names_are_counted_and_give_nothing():
    nameless = station("something", (4, 8), (0, 20), (20, 40))
    found = assign_stations([node((5, 6), (5, 6), (30, 31))], [nameless, RIGHT_II], GRID)
    assert found == StationResult({1: None}, known=1, unknown=1)
    assert assign_stations([node((5, 6), (5, 6), (30, 31))], [], GRID).by_label == {1: None}


def test_a_midline_station_gives_no_side():
    midline = station("Ia", (4, 8), (0, 20), (10, 30))
    assert one(node((5, 6), (5, 6), (12, 13)), midline) == Station("", "Ia")
