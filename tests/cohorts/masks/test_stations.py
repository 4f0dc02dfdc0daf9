"""Stations that came with the CT tell the level of nodes that are drawn, split and merged later."""

import pytest

from cohorts.models import Node
from cohorts.services import add_node, merge_nodes, remove_node, save_mask, split_node
from cohorts.station_selectors import station_border, station_masks_of
from tests.cases import box_runs, store_station
from tests.cohorts.masks.conftest import current, fresh, seen

THROUGH = (0, 12)


@pytest.fixture
def stations(patient):
    """Left of column 20 lies IIa, right of it III, both of rows 10 to 40; V is far from both."""
    boxes = {"V": (50, 60, 50, 60), "III": (10, 40, 20, 40), "IIa": (10, 40, 4, 20)}
    for level, (y0, y1, x0, x1) in boxes.items():
        store_station(patient, "left", level, (THROUGH[0], y0, x0), (THROUGH[1], y1, x1))


def add(people, patient, start, stop):
    runs = box_runs(start, stop)
    told = {"by": people.annotator_one, "patient": patient, "client_id": fresh()}
    add_node(**told, runs=runs)
    return patient.nodes.last()


def placed(node):
    found = station_border(current(node), node.patient.series)
    return node.auto_level, node.auto_side, found and found.neighbour.level


def no_station(patient):
    patient.series.refresh_from_db()
    return [one["node"] for one in patient.series.warnings if one["code"] == "no_station"]


def test_they_are_read_in_the_order_of_levels(patient, stations):
    assert [one.level for one in station_masks_of(patient)] == ["IIa", "III", "V"]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ((8, 12), ("IIa", "left", None)),
        ((16, 19), ("IIa", "left", "III")),
        # The larger part decides, not the centre.
        ((17, 22), ("IIa", "left", "III")),
        ((18, 24), ("III", "left", "IIa")),
        # In none, and 1.6 mm from the nearest.
        ((41, 43), ("III", "left", None)),
    ],
)
def test_a_drawn_node_has_the_level_it_lies_in(people, patient, stations, columns, expected):
    (first, stop) = columns
    node = add(people, patient, (8, 20, first), (10, 24, stop))
    assert placed(node) == expected
    assert no_station(patient) == []


def test_a_drawn_node_outside_all_stations_is_warned_of_until_it_is_removed(
    people, patient, stations
):
    node = add(people, patient, (8, 50, 20), (10, 54, 24))
    assert placed(node) == ("", "", None)
    assert no_station(patient) == [node.number]
    told = {"by": people.annotator_one, "seen": seen(node), "client_id": fresh()}
    remove_node(**told, reason="A vessel.")
    assert no_station(patient) == []


def test_without_station_masks_nothing_is_told(people, patient):
    node = add(people, patient, (8, 20, 30), (10, 24, 34))
    assert placed(node) == ("", "", None)
    assert no_station(patient) == []


def test_a_refined_node_keeps_its_level_and_has_its_neighbour_anew(people, patient, stations):
    node = add(people, patient, (8, 20, 8), (10, 24, 12))
    told = {"by": people.annotator_one, "seen": seen(node), "client_id": fresh()}
    save_mask(**told, runs=box_runs((8, 20, 12), (10, 24, 19)))
    assert placed(Node.objects.get(pk=node.pk)) == ("IIa", "left", "III")
    told = {"by": people.annotator_one, "seen": seen(node, 2), "client_id": fresh()}
    save_mask(**told, runs=box_runs((8, 20, 18), (10, 24, 30)))
    node = Node.objects.get(pk=node.pk)
    assert (node.auto_level, station_border(current(node), patient.series).neighbour.level) == (
        "IIa",
        "III",
    )


def test_each_part_of_a_split_node_has_the_level_it_lies_in(people, patient, stations):
    node = add(people, patient, (8, 20, 10), (10, 24, 32))
    part = box_runs((8, 20, 21), (10, 24, 32))
    split_node(by=people.annotator_one, seen=seen(node), client_id=fresh(), runs=part)
    *_, first, second = patient.nodes.order_by("number")
    assert [placed(one)[0] for one in (first, second)] == ["III", "IIa"]


def test_a_merged_node_has_the_level_of_its_larger_part(people, patient, stations):
    small = add(people, patient, (8, 20, 16), (10, 24, 19))
    large = add(people, patient, (8, 20, 22), (10, 24, 30))
    merge_nodes(by=people.annotator_one, seen=(seen(small), seen(large)), client_id=fresh())
    assert placed(patient.nodes.last()) == ("III", "left", "IIa")


def test_parts_in_no_station_keep_the_level_of_the_whole(people, patient):
    store_station(patient, "left", "V", (0, 50, 50), (12, 60, 60))
    node = patient.nodes.get(number=1)
    Node.objects.filter(pk=node.pk).update(auto_side="right", auto_level="IV")
    part = box_runs((3, 18, 17), (5, 24, 20))
    split_node(by=people.annotator_one, seen=seen(node), client_id=fresh(), runs=part)
    *_, first, second = patient.nodes.order_by("number")
    assert [placed(one) for one in (first, second)] == [("IV", "right", None)] * 2
    assert no_station(patient) == []


def test_a_station_close_by_does_not_take_the_level_of_the_whole(people, patient):
    """Of a case from before station masks were kept: III has no mask, IV was accepted later."""
    store_station(patient, "left", "IV", (0, 10, 27), (12, 40, 40))
    node = patient.nodes.get(number=1)
    Node.objects.filter(pk=node.pk).update(auto_side="left", auto_level="III")
    part = box_runs((3, 18, 17), (5, 24, 20))
    split_node(by=people.annotator_one, seen=seen(node), client_id=fresh(), runs=part)
    *_, first, second = patient.nodes.order_by("number")
    # The centre of the second one is 4.4 mm from IV, and not in it.
    assert [placed(one)[0] for one in (first, second)] == ["III", "III"]
    near = add(people, patient, (8, 20, 25), (10, 24, 27))
    assert placed(near)[0] == "IV"
