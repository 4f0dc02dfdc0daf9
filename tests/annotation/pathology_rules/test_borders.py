"""The border that station masks tell is one of the annotator's level, or it says nothing."""

import pytest

from annotation.pathology_rules.borders import border_of
from cohorts.dicom.neighbouring_stations import StationBorder
from cohorts.dicom.stations import LEVELS, SIDES, Station
from tests.annotation.pathology_rules.reports import place


def between(own, neighbour):
    return StationBorder(own=Station(*own), neighbour=Station(*neighbour), distance_mm=3.5)


LEFT_III, LEFT_IIA, LEFT_II = (("left", level) for level in ("III", "IIa", "II"))


@pytest.mark.parametrize(
    ("where", "own", "neighbour", "expected"),
    [
        ("L III", LEFT_III, LEFT_IIA, ["left IIa"]),
        ("L IV", LEFT_III, LEFT_IIA, None),
        ("R III", LEFT_III, LEFT_IIA, None),
        ("L IIa", LEFT_III, LEFT_IIA, None),
        ("L IIb", LEFT_IIA, LEFT_III, None),
        # A level that the masks do not divide.
        ("L III", LEFT_III, LEFT_II, ["left IIa", "left IIb"]),
        ("L IIa", LEFT_II, LEFT_III, ["left III"]),
        ("L IIb", LEFT_II, LEFT_III, ["left III"]),
        ("L III", LEFT_II, ("left", "IV"), None),
        # Across the midline, and stations of the midline.
        ("L Ia", ("left", "Ia"), ("right", "Ia"), ["right Ia"]),
        ("L Ib", ("left", "Ib"), ("", "Ia"), ["left Ia"]),
        ("R Ia", ("", "Ia"), ("right", "Ib"), ["right Ib"]),
        ("L Ia", ("", "Ia"), ("right", "Ib"), ["right Ib"]),
    ],
)
def test_it_applies_to_the_level_of_the_station_only(where, own, neighbour, expected):
    found = border_of(place(where), between(own, neighbour))
    assert (found and [str(one) for one in found.neighbours]) == expected
    assert found is None or found.distance_mm == 3.5


def test_without_station_masks_there_is_none():
    assert border_of(place("L III"), None) is None


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("level", LEVELS)
def test_every_station_is_a_place_of_reports_or_several(level, side):
    found = border_of(place("L III"), between(LEFT_III, (side, level)))
    assert [one.level.rstrip("ab") for one in found.neighbours] == [level.rstrip("ab")] * (
        2 if level in ("I", "II", "V") else 1
    )
    assert {str(one.side) for one in found.neighbours} == {side or "left"}
