"""A click gives the node around it, whole and alone, in every grid; what cannot be is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import label

from cohorts.click_segmentation.refusals import ClickRefused
from cohorts.click_segmentation.segment import Stroke, segment_at_click
from tests.cohorts.click_segmentation.inputs import ct, dice, ellipsoid, placed

GRIDS = {
    "isotropic": ((56, 56, 56), (1.0, 1.0, 1.0)),
    "thick slices": ((20, 64, 64), (3.0, 0.9, 0.9)),
    "oblong pixels": ((28, 60, 40), (2.0, 0.9, 1.4)),
}
SHAPE, SPACING = GRIDS["thick slices"]
MIDDLE = (10, 32, 32)
NODE = ellipsoid(SHAPE, SPACING, MIDDLE, (8, 9, 6))
CT = ct(NODE, SPACING)


@pytest.mark.parametrize("grid", GRIDS)
def test_a_node_in_fat_is_found_in_every_grid(grid):
    shape, spacing = GRIDS[grid]
    middle = tuple(size // 2 for size in shape)
    node = ellipsoid(shape, spacing, middle, (8, 9, 6))
    found = segment_at_click(ct(node, spacing), spacing, middle)
    assert dice(placed(found, shape), node) > 0.95


@pytest.mark.parametrize("core_hu", [20.0, -40.0], ids=["necrosis", "fatty hilum"])
def test_a_click_in_the_core_gives_the_whole_node(core_hu):
    core = ellipsoid(SHAPE, SPACING, MIDDLE, (3.2, 3.6, 2.4))
    volume = CT.astype(np.int32) + np.where(core, core_hu - 70, 0)
    found = segment_at_click(volume.astype(np.int16), SPACING, MIDDLE)
    assert dice(placed(found, SHAPE), NODE) > 0.9


def test_muscle_beside_a_brighter_node_is_left_out():
    volume = ct(NODE, SPACING, node_hu=95.0).astype(np.int32)
    volume[:, 42:, :] = ct(NODE[:, 42:, :], SPACING, around_hu=55.0, node_hu=95.0)
    found = placed(segment_at_click(volume.astype(np.int16), SPACING, MIDDLE), SHAPE)
    assert dice(found, NODE) > 0.85


def test_the_same_click_gives_the_same_voxels():
    first, second = (segment_at_click(CT, SPACING, MIDDLE) for _ in range(2))
    assert first.box == second.box
    assert (first.mask == second.mask).all()


def test_a_node_cut_by_the_border_of_the_volume_is_found():
    found = segment_at_click(CT[10:], SPACING, (0, 32, 32))
    assert dice(placed(found, CT[10:].shape), NODE[10:]) > 0.9


def test_slices_farther_away_than_30_mm_change_nothing():
    tall = np.concatenate([np.full((14, 64, 64), 400, np.int16), CT, CT[:4]])
    part = segment_at_click(tall[3:], SPACING, (21, 32, 32))
    whole = segment_at_click(tall, SPACING, (24, 32, 32))
    assert (part.mask == whole.mask).all()


@st.composite
def cases(draw):
    """Draw a node in fat or muscle, a click in it, protected voxels, a limit, strokes."""
    shape, spacing = GRIDS[draw(st.sampled_from(sorted(GRIDS)))]
    middle = tuple(size // 2 for size in shape)
    radii = tuple(draw(st.floats(3.5, 10.0)) for _ in range(3))
    node = ellipsoid(shape, spacing, middle, radii)
    around = draw(st.sampled_from([-90.0, 45.0, 65.0]))
    volume = ct(node, spacing, around_hu=around, seed=draw(st.integers(0, 99)))
    shift = np.array([draw(st.integers(-4, 4)) for _ in range(3)])
    protected = np.roll(node, tuple(3 * shift), axis=(0, 1, 2))
    protected[middle] = False
    limit = draw(st.sampled_from([None, 4.0, 9.5, 20.0]))
    return volume, spacing, middle, protected, limit


@given(cases())
@settings(max_examples=20, deadline=None)
def test_whatever_is_clicked_the_result_keeps_its_promises(case):
    volume, spacing, click, protected, limit = case
    found = segment_at_click(
        volume, spacing, click, protected_zyx=protected, short_axis_limit_mm=limit
    )
    mask = placed(found, volume.shape)
    assert mask[click]
    assert label(mask, np.ones((3, 3, 3)))[1] == 1
    assert not (mask & protected).any()
    assert limit is None or found.short_axis_mm <= limit


@given(st.tuples(st.integers(-3, 3), st.integers(-12, 12), st.integers(-12, 12)))
@settings(max_examples=6, deadline=None)
def test_moving_the_patient_moves_the_node(shift):
    # 34 mm of fat on every side: the same surroundings wherever it lies.
    wide = np.pad(CT, ((15, 15), (20, 20), (20, 20)), constant_values=-90)
    moved = np.roll(wide, shift, axis=(0, 1, 2))
    click = np.add(MIDDLE, (15, 20, 20))
    here = placed(segment_at_click(wide, SPACING, tuple(click)), wide.shape)
    there = placed(segment_at_click(moved, SPACING, tuple(click + shift)), wide.shape)
    assert (np.roll(here, shift, axis=(0, 1, 2)) == there).all()


def test_an_adding_stroke_draws_the_surface_out():
    stroke = [(10, row, 32) for row in range(38, 48)]
    alone = placed(segment_at_click(CT, SPACING, MIDDLE), SHAPE)
    added = Stroke(voxels_zyx=stroke, is_added=True)
    found = placed(segment_at_click(CT, SPACING, MIDDLE, strokes=[added]), SHAPE)
    assert not alone[stroke[-1]]
    assert all(found[voxel] for voxel in stroke)
    assert label(found, np.ones((3, 3, 3)))[1] == 1


def test_a_removing_stroke_pushes_the_surface_in():
    stroke = [(10, 37, column) for column in range(27, 38)]
    alone = placed(segment_at_click(CT, SPACING, MIDDLE), SHAPE)
    removed = Stroke(voxels_zyx=stroke, is_added=False)
    found = placed(segment_at_click(CT, SPACING, MIDDLE, strokes=[removed]), SHAPE)
    assert not any(found[voxel] for voxel in stroke)
    # More than the stroke itself goes: what lay behind it.
    assert alone[10, 40, 32]
    assert not found[10, 40, 32]


def protected_at(*voxels):
    protected = np.zeros(SHAPE, dtype=bool)
    for voxel in voxels:
        protected[voxel] = True
    return protected


def strokes(*voxels, is_added):
    return {"strokes": [Stroke(voxels_zyx=voxels, is_added=is_added)]}


REFUSED = {
    "outside_volume": ((10, 32, 64), {}),
    "click_in_air": ((10, 2, 2), {}),
    "click_in_bone": ((10, 60, 60), {}),
    "click_on_other_node": (MIDDLE, {"protected_zyx": protected_at(MIDDLE)}),
    "limit_out_of_range": (MIDDLE, {"short_axis_limit_mm": 3.0}),
    "stroke_outside_volume": (MIDDLE, strokes((10, 64, 2), is_added=True)),
    "stroke_out_of_reach": (MIDDLE, strokes((10, 63, 32), is_added=True)),
    "stroke_on_other_node": (
        MIDDLE,
        {"protected_zyx": protected_at((10, 40, 32))} | strokes((10, 40, 32), is_added=True),
    ),
    "stroke_on_click": (MIDDLE, strokes(MIDDLE, is_added=False)),
    "stroke_beyond_limit": (
        MIDDLE,
        {"short_axis_limit_mm": 8.0}
        | strokes(*((10, 32 + dy, 32 + dx) for dy in (-6, 6) for dx in (-6, 6)), is_added=True),
    ),
}


@pytest.mark.parametrize("code", REFUSED)
def test_what_cannot_be_a_node_is_refused_with_a_sentence(code):
    click, given_too = REFUSED[code]
    volume = CT.copy()
    volume[:, :8, :8], volume[:, 56:, 56:] = -900, 800
    with pytest.raises(ClickRefused) as refusal:
        segment_at_click(volume, SPACING, click, **given_too)
    assert refusal.value.code == code
    assert str(refusal.value).endswith(".")


def test_an_added_voxel_behind_another_node_is_refused():
    wall = np.zeros(SHAPE, dtype=bool)
    wall[:, 44] = True
    with pytest.raises(ClickRefused, match="lies between"):
        segment_at_click(
            CT, SPACING, MIDDLE, protected_zyx=wall, **strokes((10, 47, 32), is_added=True)
        )


@pytest.mark.parametrize("spacing", [(3.0, 0.0, 1.0), (1.0, 1.0), (3.0, np.nan, 1.0)])
def test_a_grid_without_size_is_refused(spacing):
    with pytest.raises(ValueError, match="spacing"):
        segment_at_click(CT, spacing, MIDDLE)
