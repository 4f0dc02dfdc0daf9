"""Convention P1: dilation against its definition, boxes and padding."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inference.deepene.parameters import REFERENCE_FINGERPRINT, PreprocessingParameters
from inference.deepene.patch import (
    Box,
    cut_patch,
    dilate_in_plane,
    mask_box,
    needed_box,
    patch_box,
)

PARAMETERS = PreprocessingParameters(fingerprint=REFERENCE_FINGERPRINT)
SPACING = (3.0, 0.5, 0.5)


@settings(deadline=None, max_examples=40)
@given(
    arrays(bool, st.tuples(st.integers(1, 3), st.integers(1, 12), st.integers(1, 12))),
    st.sampled_from([(1.0, 1.0), (0.5, 0.8)]),
    st.sampled_from([0.0, 0.5, 1.0, 2.0, 5.0]),
)
def test_dilation_is_every_pixel_within_the_radius(mask, spacing, radius):
    expected = np.zeros_like(mask)
    for z, y, x in np.ndindex(mask.shape):
        expected[z, y, x] = any(
            math.hypot((y - j) * spacing[0], (x - i) * spacing[1]) <= radius + 1e-6
            for j, i in np.argwhere(mask[z])
        )
    np.testing.assert_array_equal(dilate_in_plane(mask, spacing, radius), expected)


def test_the_patch_is_the_mask_box_and_a_margin_rounded_up():
    grown = patch_box(Box((5, 50, 60), (7, 58, 70)), (5.0, 0.6, 0.7), PARAMETERS)
    assert grown == Box((1, 16, 31), (11, 92, 99))


def test_the_needed_box_is_the_patch_inside_the_volume():
    needed = needed_box(Box((1, 3, 60), (2, 9, 70)), (30, 100, 100), SPACING, PARAMETERS)
    assert needed == Box((0, 0, 20), (8, 49, 100))


def test_padding_is_air_without_mask():
    ct = np.full((2, 10, 10), 40, np.int16)
    mask = np.zeros(ct.shape, bool)
    mask[0, 0, 0] = True
    patch = cut_patch(ct, mask, SPACING, PARAMETERS)
    assert patch.box == Box((-6, -40, -40), (7, 41, 41))
    inside = np.zeros(patch.box.shape, bool)
    inside[6:8, 40:50, 40:50] = True
    np.testing.assert_array_equal(patch.ct_hu, np.where(inside, 40, -1024))
    assert patch.raw_mask.sum() == 1
    assert patch.raw_mask[6, 40, 40]
    assert not (patch.dilated_mask & ~inside).any()
    assert patch.dilated_mask[6, 40, 49]  # 4.5 mm away
    assert not patch.dilated_mask[7].any()


def test_a_box_of_the_mask_includes_its_last_voxels():
    mask = np.zeros((4, 5, 6), bool)
    mask[1, 2, 3] = mask[2, 2, 5] = True
    assert mask_box(mask) == Box((1, 2, 3), (3, 3, 6))


def test_refuses_an_empty_mask():
    with pytest.raises(ValueError, match="mask_zyx is empty"):
        mask_box(np.zeros((3, 3, 3), bool))


@pytest.mark.parametrize("spacing", [(3.0, 0.0, 0.5), (3.0, float("nan"), 0.5), (-3.0, 0.5, 0.5)])
def test_refuses_a_spacing_no_ct_has(spacing):
    with pytest.raises(ValueError, match=r"spacing_zyx_mm \(.\) must be 0.05 to 20.0 mm"):
        patch_box(Box((0, 0, 0), (1, 1, 1)), spacing, PARAMETERS)


def test_refuses_a_mask_that_is_not_one_node():
    with pytest.raises(ValueError, match="not one lymph node"):
        patch_box(Box((0, 0, 0), (200, 512, 512)), SPACING, PARAMETERS)


@pytest.mark.parametrize(
    "box", [Box((0, 0, 0), (31, 5, 5)), Box((-1, 0, 0), (2, 5, 5)), Box((3, 3, 3), (3, 4, 4))]
)
def test_refuses_a_node_outside_its_volume(box):
    with pytest.raises(ValueError, match="must be inside the volume"):
        needed_box(box, (30, 100, 100), SPACING, PARAMETERS)
