import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.dicom import rasterise
from cohorts.dicom.rasterise import pixels_inside

SHAPE = (24, 30)
grid = st.integers(0, 40).map(lambda value: value / 2)
polygons = st.lists(st.tuples(grid, grid), min_size=3, max_size=12).map(np.array)


def filled(*contours, shape=SHAPE):
    plane = np.zeros(shape, dtype=bool)
    first_row, inside = pixels_inside([np.asarray(one, float) for one in contours], shape)
    plane[first_row : first_row + len(inside)] = inside
    return plane


def box(y0, y1, x0, x1):
    return [(y0, x0), (y0, x1), (y1, x1), (y1, x0)]


def test_a_border_through_centres_belongs_to_the_lower_side():
    plane = filled(box(2, 5, 3, 7))
    assert np.argwhere(plane).min(axis=0).tolist() == [2, 3]
    assert np.argwhere(plane).max(axis=0).tolist() == [4, 6]


def test_two_boxes_with_one_edge_share_nothing_and_leave_nothing():
    upper, lower = filled(box(2, 5, 3, 9)), filled(box(5, 8, 3, 9))
    assert not (upper & lower).any()
    assert np.array_equal(upper | lower, filled(box(2, 8, 3, 9)))


def test_a_second_contour_is_a_hole_and_a_third_an_island():
    rings = [box(1.5, 15.5, 1.5, 15.5), box(3.5, 13.5, 3.5, 13.5), box(6.5, 9.5, 6.5, 9.5)]
    plane = filled(*rings)
    assert plane.sum() == 14**2 - 10**2 + 3**2
    assert plane[8, 8]
    assert not plane[5, 5]


def test_a_keyhole_is_a_ring():
    ring = [(1.5, 1.5), (1.5, 11.5), (11.5, 11.5), (11.5, 1.5), (6, 1.5)]
    hole = [(6, 4.5), (8.5, 4.5), (8.5, 8.5), (4.5, 8.5), (4.5, 4.5), (6, 4.5)]
    keyhole = filled([*ring, *hole, (6, 1.5)])
    assert np.array_equal(keyhole, filled(box(1.5, 11.5, 1.5, 11.5), box(4.5, 8.5, 4.5, 8.5)))


def test_what_lies_beyond_the_plane_is_cut_off():
    assert filled(box(-50, 100, -50, 100)).all()
    assert filled(box(-9, 3, 25, 99)).sum() == 3 * 5
    assert not filled(box(-9, -3, 2, 5)).any()
    assert not filled(box(2, 5, 40, 50)).any()


@pytest.mark.parametrize("contour", [[(1, 1)], [(1, 1), (4, 4)], [(3, 1), (3, 9), (3, 4)]])
def test_what_has_no_area_has_no_pixel(contour):
    assert not filled(contour).any()
    assert not filled().any()


def test_the_area_of_a_circle_is_approached():
    for radius, tolerance in ((5, 0.05), (50, 0.004), (400, 0.0005)):
        angles = np.linspace(0, 2 * math.pi, 4000, endpoint=False)
        size = 2 * radius + 11
        centre = size / 2 + 0.123
        circle = np.stack((np.sin(angles), np.cos(angles)), axis=1) * radius + centre
        area = filled(circle, shape=(size, size)).sum()
        assert area == pytest.approx(math.pi * radius**2, rel=tolerance)


@settings(max_examples=150, deadline=None)
@given(polygons)
def test_neither_direction_nor_first_vertex_changes_anything(polygon):
    plane = filled(polygon)
    assert np.array_equal(filled(polygon[::-1]), plane)
    assert np.array_equal(filled(np.roll(polygon, 2, axis=0)), plane)


@settings(max_examples=150, deadline=None)
@given(polygons, st.integers(0, 5), st.integers(0, 5))
def test_a_moved_polygon_has_moved_pixels(polygon, down, right):
    shape = (60, 60)
    moved = np.roll(filled(polygon, shape=shape), (down, right), axis=(0, 1))
    assert np.array_equal(filled(polygon + np.array([down, right]), shape=shape), moved)


@settings(max_examples=150, deadline=None)
@given(polygons)
def test_pixels_are_those_of_the_winding_of_single_points(polygon):
    plane = filled(polygon)
    edges = list(zip(polygon, np.roll(polygon, -1, axis=0), strict=True))
    for y, x in np.ndindex(SHAPE):
        crossed = 0
        for (ya, xa), (yb, xb) in edges:
            (y0, x0), (y1, x1) = sorted([(ya, xa), (yb, xb)])
            if y0 <= y < y1:
                crossed += x0 + (y - y0) * (x1 - x0) / (y1 - y0) <= x
        assert plane[y, x] == bool(crossed % 2)


@settings(max_examples=100, deadline=None)
@given(polygons, polygons)
def test_contours_together_are_what_only_one_of_them_holds(one, other):
    assert np.array_equal(filled(one, other), filled(one) ^ filled(other))


def test_many_crossings_are_counted_in_parts(monkeypatch):
    circle = [(12 + 9 * math.sin(t), 14 + 9 * math.cos(t)) for t in np.linspace(0, 6.28, 300)]
    whole = filled(circle)
    monkeypatch.setattr(rasterise, "CROSSINGS_AT_ONCE", 7)
    assert np.array_equal(filled(circle), whole)
