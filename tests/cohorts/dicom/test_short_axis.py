"""Short-axis diameter: the published goldens, small shapes by hand, and laws."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cohorts.dicom.short_axis import (
    axes_in_pixels,
    longest_border,
    short_and_long_axis_mm,
    trace_borders,
)

REFERENCE = Path(__file__).resolve().parents[3].parent / "shared" / "reference" / "deepene"

planes = arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def plane(*rows: str) -> np.ndarray:
    return np.array([[character == "#" for character in row] for row in rows])


@pytest.mark.golden
def test_agrees_with_every_golden_mask():
    if not REFERENCE.is_dir():
        pytest.skip("needs ../shared/reference/deepene")
    cases = json.loads((REFERENCE / "golden_short_axis.json").read_text())
    assert len(cases) >= 18
    for case in cases:
        file, _, name = case["mask"].partition(":")
        with np.load(REFERENCE / file) as masks:
            mask = masks[name]
        measured = short_and_long_axis_mm(mask, case["spacing_mm"])
        assert measured.short_axis_mm == pytest.approx(case["short_axis_mm"], abs=1e-4), case["id"]
        for expected in case["per_slice"]:
            border = longest_border(mask[expected["slice"]] != 0)
            short, long = axes_in_pixels(border)
            assert len(border) == expected["contour_points"], case["id"]
            assert short == pytest.approx(expected["short_px"], abs=1e-4), case["id"]
            assert long == pytest.approx(expected["long_px"], abs=1e-4), case["id"]


@pytest.mark.parametrize(
    ("rows", "short_px", "long_px"),
    [
        (("#",), 1, 1),
        (("##",), 0, 1),
        (("###############",), 0, 14),
        (("#..", ".#.", "..#"), 0, math.sqrt(8)),
        (("##", "##"), math.sqrt(2), math.sqrt(2)),
        (("..#..", ".###.", "#####", ".###.", "..#.."), 4, 4),
    ],
)
def test_small_shapes_measured_by_hand(rows, short_px, long_px):
    measured = short_and_long_axis_mm(plane(*rows)[None], 0.5)
    assert measured.short_axis_mm == pytest.approx(0.5 * short_px, abs=1e-6)
    assert measured.long_axis_mm == pytest.approx(0.5 * long_px, abs=1e-6)


def test_a_border_starts_at_its_first_pixel_and_runs_down_first():
    (border,) = trace_borders(plane("###", "###"))
    assert border.tolist() == [[0, 0], [1, 0], [1, 1], [1, 2], [0, 2], [0, 1]]


def test_a_hole_has_a_border_of_its_own():
    outer, hole = trace_borders(plane("####", "#..#", "####"))
    assert len(outer) == 10
    assert hole[0].tolist() == [1, 0]
    assert len(hole) == 6


def test_the_maximum_over_slices_counts_for_each_axis_alone():
    wide_and_short = np.zeros((9, 9), bool)
    wide_and_short[4, :] = True
    round_and_small = np.zeros((9, 9), bool)
    round_and_small[2:7, 2:7] = plane("..#..", ".###.", "#####", ".###.", "..#..")
    measured = short_and_long_axis_mm([wide_and_short, round_and_small], 1.0)
    assert (measured.short_axis_mm, measured.long_axis_mm) == (4.0, 8.0)


@given(planes)
def test_the_borders_pass_exactly_the_pixels_with_an_empty_neighbour(mask):
    padded = np.pad(mask, 1)
    enclosed = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    expected = {tuple(point) for point in np.argwhere(mask & ~enclosed).tolist()}
    passed = [tuple(point) for border in trace_borders(mask) for point in border.tolist()]
    assert set(passed) == expected


@given(planes)
def test_consecutive_points_of_a_border_touch_and_it_closes(mask):
    for border in trace_borders(mask):
        steps = np.abs(np.diff(border, axis=0, append=border[:1])).max(axis=1)
        assert (steps == (1 if len(border) > 1 else 0)).all()


@given(planes.filter(np.any), st.integers(0, 5), st.integers(0, 5))
def test_moving_the_node_changes_nothing(mask, down, right):
    moved = np.pad(mask, ((down, 1), (right, 2)))
    assert short_and_long_axis_mm(moved[None], 0.46) == short_and_long_axis_mm(mask[None], 0.46)


def axes_one_pair_at_a_time(border):
    """The definition, point by point."""
    points = [tuple(point) for point in border.tolist()]
    longest, ends = -1, (0, 0)
    for a, p in enumerate(points):
        for b in range(a + 1, len(points)):
            squared = (p[0] - points[b][0]) ** 2 + (p[1] - points[b][1]) ** 2
            if squared > longest:
                longest, ends = squared, (a, b)
    a, b = ends
    axis = (points[a][0] - points[b][0], points[a][1] - points[b][1])
    widest = 0
    for p in points[a : b + 1]:
        chords = [(q[0] - p[0], q[1] - p[1]) for q in points[: a + 1] + points[b:]]
        ranked = [(abs(y * axis[0] + x * axis[1]), -(y * y + x * x)) for y, x in chords]
        widest = max(widest, -min(ranked)[1])
    return math.sqrt(widest), math.sqrt(longest)


@settings(max_examples=60, deadline=None)
@given(planes.filter(np.any))
def test_equals_the_definition_point_by_point(mask):
    border = longest_border(mask)
    if len(border) > 1:
        assert axes_in_pixels(border) == pytest.approx(axes_one_pair_at_a_time(border), rel=1e-6)


def test_a_border_too_long_for_one_block_equals_the_definition():
    comb = np.zeros((40, 61), bool)
    comb[:, ::2] = True
    comb[20] = True
    border = longest_border(comb)
    assert len(border) > 2 * 1024  # more than one block of pairs
    assert axes_in_pixels(border) == pytest.approx(axes_one_pair_at_a_time(border), rel=1e-6)


@pytest.mark.parametrize(
    ("mask", "pixel_size_mm", "sentence"),
    [
        (np.ones((4, 4)), 0.5, r"three axes \(z, y, x\)"),
        (np.zeros((2, 4, 4)), 0.5, "empty"),
        (np.ones((1, 1, 20_000)), 0.5, "larger than 16384 pixels"),
        (np.ones((1, 4, 4)), 0.0, "positive number of mm"),
        (np.ones((1, 4, 4)), -0.5, "positive number of mm"),
        (np.ones((1, 4, 4)), float("nan"), "positive number of mm"),
        (np.ones((1, 4, 4)), float("inf"), "positive number of mm"),
    ],
)
def test_refuses_what_has_no_short_axis(mask, pixel_size_mm, sentence):
    with pytest.raises(ValueError, match=sentence):
        short_and_long_axis_mm(mask, pixel_size_mm)
