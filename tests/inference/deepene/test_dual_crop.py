"""The dual crop and the nine slices: goldens, ties, and small cases by hand."""

import numpy as np
import pytest

from inference.deepene.dual_crop import dual_crop, nine_slices, scale_ratio
from inference.deepene.parameters import IntensityFingerprint
from inference.deepene.preprocessing import normalise

TIES_INSIDE = 0.5 - 1e-6


def ellipsoid(shape, radii):
    grids = np.meshgrid(*[np.arange(n) - (n - 1) / 2 for n in shape], indexing="ij")
    return sum((grid / radius) ** 2 for grid, radius in zip(grids, radii, strict=True)) <= 1


def mask_in_slices(*filled):
    mask = np.zeros((12, 60, 60), bool)
    mask[list(filled), 30, 30] = True
    return mask


@pytest.mark.golden
def test_crops_agree_with_the_goldens(reference, preprocess_table):
    for case in preprocess_table["cases"]:
        golden, numbers = np.load(reference / case["file"]), case["fingerprint"]
        fingerprint = IntensityFingerprint(
            percentile_00_5_hu=numbers["percentile_00_5"],
            percentile_99_5_hu=numbers["percentile_99_5"],
            mean_hu=numbers["mean"],
            sd_hu=numbers["sd"],
        )
        ct = normalise(golden["resampled_ct"], fingerprint)
        assert ct.mean(dtype=float) == pytest.approx(case["normalised_mean"], abs=1e-4)
        assert ct.std(dtype=float) == pytest.approx(case["normalised_std"], abs=1e-4)
        raw, dilated = golden["resampled_raw"] > 0, golden["resampled_dilated"] > 0
        assert scale_ratio(dilated) == pytest.approx(case["scale_ratio"], abs=1e-9)
        crop = dual_crop(ct, raw, dilated, TIES_INSIDE)
        np.testing.assert_allclose(crop.ct, golden["dual_ct"], atol=1e-4, rtol=0)
        for kind, mask in (("raw", crop.raw_mask), ("dilated", crop.dilated_mask)):
            tie = golden[f"dual_{kind}_tie"] > 0
            np.testing.assert_array_equal(mask[~tie], golden[f"dual_{kind}"][~tie] > 0)
            assert mask[tie].all(), "every tie is inside"


@pytest.mark.golden
def test_the_published_rounding_is_reproduced_on_request(reference, preprocess_table):
    for case in preprocess_table["cases"]:
        golden = np.load(reference / case["file"])
        raw, dilated = golden["resampled_raw"] > 0, golden["resampled_dilated"] > 0
        crop = dual_crop(golden["resampled_ct"], raw, dilated, 0.5)
        np.testing.assert_array_equal(crop.raw_mask, golden["dual_raw"] > 0)
        np.testing.assert_array_equal(crop.dilated_mask, golden["dual_dilated"] > 0)


@pytest.mark.golden
def test_slices_agree_with_the_goldens(reference, preprocess_table):
    for case in preprocess_table["cases"]:
        golden = np.load(reference / case["file"])
        assert list(nine_slices(golden["dual_raw"][0] > 0)) == case["slices"]


@pytest.mark.parametrize(
    ("filled", "expected"),
    [
        (range(12), [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (range(10), [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        (range(2, 11), [2, 3, 4, 5, 6, 7, 8, 9, 10]),
        (range(3, 11), [3, 4, 5, 6, 7, 8, 9, 10, 10]),
        (range(3, 10), [3, 3, 4, 5, 6, 7, 8, 9, 9]),
        ([6], [6] * 9),
        ([4, 7], [4, 4, 4, 4, 7, 7, 7, 7, 7]),
        ([], list(range(9))),
    ],
)
def test_nine_slices_are_the_middle_ones_or_repeat_the_ends(filled, expected):
    assert list(nine_slices(mask_in_slices(*filled))) == expected


def test_an_even_patch_of_crop_size_is_copied_to_the_preserving_stream():
    ct = np.random.default_rng(1).normal(size=(12, 60, 60)).astype(np.float32)
    mask = ellipsoid(ct.shape, (4, 10, 12))
    crop = dual_crop(ct, mask, mask, TIES_INSIDE)
    np.testing.assert_allclose(crop.ct[0], ct, atol=1e-5)
    np.testing.assert_array_equal(crop.raw_mask[0], mask)


def test_the_invariant_stream_shows_a_node_filling_the_crop():
    mask = ellipsoid((12, 80, 80), (5, 15, 15))
    assert scale_ratio(mask) == 0.5
    crop = dual_crop(np.zeros(mask.shape, np.float32), mask, mask, TIES_INSIDE)
    rows = np.flatnonzero(crop.dilated_mask[1].any(axis=(0, 2)))
    assert rows[0] <= 1
    assert rows[-1] >= 58


def test_outside_the_patch_there_is_mean_intensity_and_no_mask():
    ct = np.full((4, 20, 20), 3.0, np.float32)
    mask = np.ones(ct.shape, bool)
    crop = dual_crop(ct, mask, mask, TIES_INSIDE)
    inside = np.zeros((12, 60, 60), bool)
    inside[4:8, 20:40, 20:40] = True
    np.testing.assert_array_equal(crop.ct[0] != 0, inside)
    np.testing.assert_array_equal(crop.dilated_mask[0], inside)


def test_in_a_patch_of_odd_depth_ties_reach_one_slice_further():
    mask = np.zeros((13, 60, 60), bool)
    mask[6, 20:40, 20:40] = True
    crop = dual_crop(np.zeros(mask.shape, np.float32), mask, mask, TIES_INSIDE)
    filled = np.flatnonzero(crop.raw_mask[0].any(axis=(1, 2)))
    assert filled.tolist() == [5, 6]
    for index in filled:
        np.testing.assert_array_equal(crop.raw_mask[0, index], mask[6])


def test_empty_masks_give_an_empty_crop():
    nothing = np.zeros((12, 60, 60), bool)
    crop = dual_crop(np.ones(nothing.shape, np.float32), nothing, nothing, TIES_INSIDE)
    assert not crop.ct.any()
    assert not crop.dilated_mask.any()


def test_refuses_a_raw_mask_outside_the_dilated_one():
    raw, dilated = mask_in_slices(5), mask_in_slices(6)
    with pytest.raises(ValueError, match="must contain raw_mask"):
        dual_crop(np.zeros(raw.shape, np.float32), raw, dilated, TIES_INSIDE)
    with pytest.raises(ValueError, match="must contain raw_mask"):
        dual_crop(np.zeros(raw.shape, np.float32), raw, dilated & False, TIES_INSIDE)
