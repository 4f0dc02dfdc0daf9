"""Resampling: the reference's tables and volumes, and laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.deepene.resampling import (
    dataset_target_spacing,
    resample_ct,
    resample_mask,
    resampled_shape,
    separate_axis,
)

TIES_INSIDE = 0.5 - 1e-6
TARGET = (3.0, 0.46, 0.46)

sizes = st.tuples(st.integers(1, 8), st.integers(4, 30), st.integers(4, 30))
spacings = st.tuples(
    st.sampled_from([0.6, 1.0, 2.0, 3.0, 5.0]),
    st.sampled_from([0.3, 0.46, 0.7, 0.9]),
    st.sampled_from([0.3, 0.46, 0.7, 0.9]),
)


@pytest.mark.golden
def test_target_spacings_agree_with_the_table(preprocess_table):
    rules = preprocess_table["target_spacing_rule"]
    assert len(rules) == 5
    for rule in rules:
        ours = dataset_target_spacing(rule["all_spacings_zyx"], rule["all_sizes_zyx"])
        assert ours == pytest.approx(rule["target_spacing_zyx"], abs=1e-9)


@pytest.mark.golden
def test_new_shapes_and_separate_axes_agree_with_the_table(preprocess_table):
    rules = preprocess_table["new_shape_rule"]
    assert len(rules) == 9
    for rule in rules:
        shape = resampled_shape(rule["shape"], rule["spacing_zyx"], rule["target_zyx"])
        assert shape == tuple(rule["new_shape"])
        assert separate_axis(rule["spacing_zyx"], rule["target_zyx"]) == rule["separate_axis"]


@pytest.mark.golden
@pytest.mark.parametrize("inside_from", [TIES_INSIDE, 0.5])
def test_resampled_volumes_agree_with_the_goldens(reference, preprocess_table, inside_from):
    for case in preprocess_table["cases"]:
        golden = np.load(reference / case["file"])
        spacing, target = tuple(golden["spacing_zyx"]), tuple(golden["target_spacing_zyx"])
        ct = resample_ct(golden["ct"].astype(np.float32), spacing, target)
        np.testing.assert_allclose(ct, golden["resampled_ct"], atol=1e-2, rtol=0)
        for kind in ("raw", "dilated"):
            mask = resample_mask(golden[f"{kind}_mask"] > 0, spacing, target, inside_from)
            np.testing.assert_array_equal(mask, golden[f"resampled_{kind}"] > 0, case["name"])


@given(sizes, spacings)
def test_slices_are_never_dropped(size, spacing):
    assert resampled_shape(size, spacing, TARGET)[0] >= size[0]


@settings(deadline=None, max_examples=40)
@given(sizes, spacings, st.integers(0, 2**32 - 1))
def test_ct_stays_within_the_range_it_had(size, spacing, seed):
    ct = np.random.default_rng(seed).normal(50, 60, size).astype(np.float32)
    resampled = resample_ct(ct, spacing, TARGET)
    assert resampled.shape == resampled_shape(size, spacing, TARGET)
    assert resampled.dtype == np.float32
    assert ct.min() <= resampled.min()
    assert resampled.max() <= ct.max()


@settings(deadline=None, max_examples=40)
@given(sizes, spacings)
def test_uniform_ct_and_full_masks_stay_so(size, spacing):
    assert (resample_ct(np.full(size, 37.5, np.float32), spacing, TARGET) == 37.5).all()
    assert resample_mask(np.ones(size, bool), spacing, TARGET, TIES_INSIDE).all()
    assert not resample_mask(np.zeros(size, bool), spacing, TARGET, TIES_INSIDE).any()


@settings(deadline=None, max_examples=40)
@given(sizes, spacings, st.integers(0, 2**32 - 1))
def test_a_larger_mask_stays_larger(size, spacing, seed):
    rng = np.random.default_rng(seed)
    small = rng.random(size) < 0.5
    large = small | (rng.random(size) < 0.3)
    resampled = [resample_mask(mask, spacing, TARGET, TIES_INSIDE) for mask in (small, large)]
    assert not (resampled[0] & ~resampled[1]).any()


@settings(deadline=None, max_examples=40)
@given(sizes, spacings, st.integers(0, 2**32 - 1))
def test_a_mirrored_patch_is_resampled_to_the_mirror_image(size, spacing, seed):
    ct = np.random.default_rng(seed).normal(50, 60, size).astype(np.float32)
    straight = resample_ct(ct, spacing, TARGET)
    mirrored = resample_ct(ct[:, ::-1, ::-1], spacing, TARGET)[:, ::-1, ::-1]
    np.testing.assert_allclose(mirrored, straight, atol=1e-3)


def test_slices_are_picked_from_the_far_end_where_two_are_equally_near():
    ct = np.arange(2, dtype=np.float32)[:, None, None] * np.ones((2, 4, 4), np.float32)
    resampled = resample_ct(ct, (4.5, 0.46, 0.46), (3.0, 0.46, 0.46))
    assert resampled[:, 0, 0].tolist() == [0.0, 0.0, 1.0]


def test_a_patch_at_target_spacing_is_left_alone():
    ct = np.random.default_rng(0).normal(size=(5, 6, 7)).astype(np.float32)
    assert resample_ct(ct, TARGET, TARGET) is ct


def test_halves_are_rounded_to_even():
    assert resampled_shape((1, 5, 7), (3.0, 0.5, 0.5), (3.0, 1.0, 1.0)) == (1, 2, 4)


@pytest.mark.parametrize(
    ("spacing", "target", "axis"),
    [
        ((3.0, 0.5, 0.5), TARGET, 0),
        ((1.0, 0.5, 0.5), TARGET, 0),
        ((0.5, 2.0, 0.5), TARGET, 1),
        ((0.5, 2.0, 2.0), TARGET, None),
        ((3.0, 1.0, 1.0), (2.0, 1.0, 1.0), None),
    ],
)
def test_the_coarsest_axis_is_treated_separately(spacing, target, axis):
    assert separate_axis(spacing, target) == axis


def test_refuses_lists_that_do_not_belong_together():
    with pytest.raises(ValueError, match="must both have shape"):
        dataset_target_spacing([[3, 1, 1]], [[10, 20, 20], [10, 20, 20]])
    with pytest.raises(ValueError, match="empty"):
        dataset_target_spacing(np.zeros((0, 3)), np.zeros((0, 3)))
