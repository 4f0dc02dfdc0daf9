"""Preprocessing: every golden stage to the stated limits, and the same from part of a series."""

import hashlib

import numpy as np
import pytest
import torch

from inference.dualnet.crop import cut_crop, dilated_mask, needed_box
from inference.dualnet.parameters import DualNetParameters
from inference.dualnet.preprocessing import network_inputs
from inference.dualnet.resampling import resampled_ct, resampled_mask, resampling_grid

pytestmark = pytest.mark.no_database

PUBLISHED = DualNetParameters()
TARGET = PUBLISHED.target_spacing_zyx_mm


def grid_of(case):
    return resampling_grid(case["ct"].shape, tuple(case["spacing_zyx"].tolist()), TARGET)


def whole(grid):
    return (0, 0, 0), tuple(axis.samples - 1 for axis in grid)


def crop_of(case, **sub):
    spacing = tuple(case["spacing_zyx"].tolist())
    return cut_crop(case["ct"], case["mask"], spacing, PUBLISHED, **sub)


def exact_resampling(case, grid):
    """Trilinear interpolation, written a second time: weights of eight corners."""
    position = [np.arange(axis.samples) * axis.step for axis in grid]
    total = 0.0
    for corner in np.ndindex(2, 2, 2):
        index, weight = [], 1.0
        for number, (at, add) in enumerate(zip(position, corner, strict=True)):
            low = np.floor(at)
            share = (at - low) if add else 1 - (at - low)
            index.append(np.minimum(low + add, case["ct"].shape[number] - 1).astype(int))
            weight = weight * share.reshape([-1 if other == number else 1 for other in range(3)])
        total = total + case["ct"][np.ix_(*index)] * weight
    return total


@pytest.mark.golden
def test_resampled_ct_equals_the_goldens_outside_ties_and_within_1_hu_at_ties(golden_case):
    grid = grid_of(golden_case)
    found = resampled_ct(golden_case["ct"], grid, *whole(grid), beyond_hu=0.0)
    golden = golden_case["resampled_ct"]
    assert found.dtype == golden.dtype == np.int16
    assert found.shape == golden.shape
    exact = exact_resampling(golden_case, grid)
    is_tie = np.abs(exact - np.rint(exact)) <= 1e-6
    difference = np.abs(found.astype(int) - golden.astype(int))
    assert difference[~is_tie].max(initial=0) == 0
    assert difference[is_tie].max(initial=0) <= 1


@pytest.mark.golden
def test_samples_beyond_the_last_voxel_are_0_hu(reference):
    with np.load(reference / "golden_preprocess_thick_5mm_last_slice_outside.npz") as stored:
        case = dict(stored)
    grid = grid_of(case)
    found = resampled_ct(case["ct"], grid, *whole(grid), beyond_hu=0.0)
    assert not found[-1].any()
    assert found[-2].any()


@pytest.mark.golden
def test_masks_equal_the_goldens(golden_case):
    grid = grid_of(golden_case)
    found = resampled_mask(golden_case["mask"] != 0, grid, *whole(grid))
    assert np.array_equal(found, golden_case["resampled_mask"])
    grown = dilated_mask(golden_case["mask"] != 0, grid, PUBLISHED)
    at = tuple(
        slice(a, a + size) for a, size in zip(grown.first_zyx, grown.inside.shape, strict=True)
    )
    assert np.array_equal(grown.inside, golden_case["dilated_mask"][at])
    assert grown.inside.sum() == golden_case["dilated_mask"].sum()


@pytest.mark.golden
def test_crops_and_boxes_equal_the_goldens(golden_case, preprocess_table):
    crop, entry = crop_of(golden_case), preprocess_table[golden_case["name"]]
    assert np.array_equal(crop.mask, golden_case["crop_mask"])
    low, high = entry["dilated_bbox_zyx"]
    centre = [(a + b) // 2 for a, b in zip(low, high, strict=True)]
    assert list(crop.first_zyx) == [centre[0] - 16, centre[1] - 59, centre[2] - 59]
    clipped = np.clip(crop.ct_hu, -175, 275)
    assert [clipped.min(), clipped.max()] == entry["clipped_min_max"]
    difference = np.abs(crop.ct_hu.astype(int) - golden_case["crop_ct"].astype(int))
    assert difference.max() <= 1
    padded = golden_case["crop_ct"] == -1024
    assert padded.sum() >= entry["padded_voxels"]
    assert np.array_equal(crop.ct_hu == -1024, padded)


@pytest.mark.golden
def test_inputs_from_the_golden_crops_equal_the_goldens(golden_case, preprocess_table):
    inputs = network_inputs(golden_case["crop_ct"], golden_case["crop_mask"] != 0, PUBLISHED)
    digests = preprocess_table[golden_case["name"]]["sha256_box_small"]
    for found, name, digest in zip(inputs, ("box", "small"), digests, strict=True):
        assert found.dtype == np.float32
        assert found.shape == (1, *golden_case[name].shape)
        assert np.abs(found[0] - golden_case[name]).max() <= 1e-6
        assert hashlib.sha256(golden_case[name].tobytes()).hexdigest() == digest


@pytest.mark.golden
def test_inputs_and_probabilities_from_ct_and_mask_equal_the_goldens(
    golden_case, preprocess_table, synthetic_network
):
    crop = crop_of(golden_case)
    box, small = network_inputs(crop.ct_hu, crop.mask, PUBLISHED)
    assert np.abs(box[0] - golden_case["box"]).max() <= 0.006
    assert np.abs(small[0] - golden_case["small"]).max() <= 0.006
    with torch.inference_mode():
        logits = synthetic_network(torch.from_numpy(box)[None], torch.from_numpy(small)[None])
    expected = preprocess_table[golden_case["name"]]["prob"]
    assert np.abs(torch.sigmoid(logits)[0].numpy() - expected).max() <= 1e-3


def ellipsoid(shape, centre, radii):
    grid = np.ogrid[tuple(slice(0, size) for size in shape)]
    distance = sum(((g - c) / r) ** 2 for g, c, r in zip(grid, centre, radii, strict=True))
    return distance <= 1


def series(shape, seed=1):
    return np.random.default_rng(seed).integers(-1000, 1500, shape).astype(np.int16)


PARTS = [
    ((40, 200, 220), (3.0, 0.9, 0.9), (20, 90, 130), (3, 9, 7)),
    ((90, 180, 300), (1.0, 0.7, 0.7), (70, 100, 40), (9, 6, 12)),
    ((30, 260, 260), (5.0, 0.8007812, 0.8007812), (28, 250, 5), (2, 8, 8)),
    ((12, 150, 150), (2.5, 0.488281, 0.488281), (0, 0, 149), (2, 14, 9)),
    ((200, 90, 90), (0.625, 1.3, 1.3), (120, 45, 45), (8, 5, 4)),
    ((9, 64, 64), (20.0, 3.0, 3.0), (4, 30, 30), (1, 2, 2)),
]


@pytest.mark.parametrize(("shape", "spacing", "centre", "radii"), PARTS)
def test_part_of_a_series_gives_the_crop_of_the_whole_to_the_last_bit(
    shape, spacing, centre, radii
):
    ct, mask = series(shape), ellipsoid(shape, centre, radii)
    everything = cut_crop(ct, mask, spacing, PUBLISHED)
    indices = np.argwhere(mask)
    node_box = tuple(indices.min(0).tolist()), tuple((indices.max(0) + 1).tolist())
    start, stop = needed_box(node_box, shape, spacing, PUBLISHED)
    at = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    part = cut_crop(ct[at], mask[at], spacing, PUBLISHED, origin_zyx=start, full_shape_zyx=shape)
    assert part.first_zyx == everything.first_zyx
    assert np.array_equal(part.ct_hu, everything.ct_hu)
    assert np.array_equal(part.mask, everything.mask)
    assert all(0 <= a <= b <= size for a, b, size in zip(start, stop, shape, strict=True))


def test_the_needed_box_is_enough_for_every_mask_in_the_nodes_box():
    shape, spacing, random = (60, 150, 300), (1.25, 0.7, 0.7), np.random.default_rng(4)
    ct = series(shape)
    node_box = (20, 60, 140), (32, 90, 175)
    start, stop = needed_box(node_box, shape, spacing, PUBLISHED)
    at = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    for _ in range(12):
        mask = np.zeros(shape, bool)
        corner = [random.integers(a, b - 4) for a, b in zip(*node_box, strict=True)]
        mask[tuple(slice(c, c + 4) for c in corner)] = True
        part = cut_crop(
            ct[at], mask[at], spacing, PUBLISHED, origin_zyx=start, full_shape_zyx=shape
        )
        assert np.array_equal(part.ct_hu, cut_crop(ct, mask, spacing, PUBLISHED).ct_hu)


def test_the_needed_box_is_much_less_than_a_long_series():
    start, stop = needed_box(
        ((300, 250, 250), (310, 270, 270)), (600, 512, 512), (1.0, 0.5, 0.5), PUBLISHED
    )
    assert stop[0] - start[0] <= 96 + 10 + 15
    assert stop[1] - start[1] <= (118 + 10 + 2 * 4 + 8) * 2


def test_refuses_less_than_the_needed_box():
    shape, spacing = (40, 200, 200), (3.0, 1.0, 1.0)
    ct, mask = series(shape), ellipsoid(shape, (20, 100, 100), (3, 8, 8))
    with pytest.raises(ValueError, match="along y, but the node needs 41 to 160; pass what needed"):
        cut_crop(
            ct[:, 60:140],
            mask[:, 60:140],
            spacing,
            PUBLISHED,
            origin_zyx=(0, 60, 0),
            full_shape_zyx=shape,
        )


@pytest.mark.parametrize(
    "box", [((5, 5, 5), (5, 9, 9)), ((-1, 5, 5), (6, 9, 9)), ((5, 5, 5), (6, 9, 41))]
)
def test_refuses_a_node_box_outside_the_series(box):
    with pytest.raises(ValueError, match="must be inside the series"):
        needed_box(box, (20, 40, 40), (3.0, 1.0, 1.0), PUBLISHED)


def test_floating_point_ct_is_not_truncated():
    shape, spacing = (12, 40, 40), (3.0, 0.7, 0.7)
    ct, mask = series(shape), ellipsoid(shape, (6, 20, 20), (2, 6, 6))
    fine = cut_crop(ct.astype(np.float64), mask, spacing, PUBLISHED).ct_hu
    assert fine.dtype == np.float64
    truncated = cut_crop(ct, mask, spacing, PUBLISHED).ct_hu
    is_tie = np.abs(fine - np.rint(fine)) <= 1e-6
    assert np.array_equal(np.where(is_tie, np.rint(fine), np.trunc(fine)), truncated)
    assert (fine != truncated).any()


def test_whole_number_ct_is_truncated_towards_zero_and_ties_are_snapped():
    shape, spacing = (4, 10, 12), (3.0, 1.0, 1.2)
    ct = np.broadcast_to(np.arange(-60, 60, 10, dtype=np.int16), shape)
    grid = resampling_grid(shape, spacing, TARGET)
    found = resampled_ct(ct, grid, *whole(grid), beyond_hu=0.0)[0, 0]
    # Steps of 10 / 1.2 HU: -60, -51.67, -43.33, -35, -26.67 ... Every third is a whole number.
    assert found.tolist() == [-60, -51, -43, -35, -26, -18, -10, -1, 6, 15, 23, 31, 40, 48]


def test_dilation_stays_in_plane_and_inside_the_series():
    mask = np.zeros((5, 30, 30), bool)
    mask[2, 1, 15] = True
    grown = dilated_mask(mask, resampling_grid(mask.shape, (3.0, 1.0, 1.0), TARGET), PUBLISHED)
    assert grown.inside.shape == (1, 6, 9)
    assert grown.inside.all()
    assert grown.first_zyx == (2, 0, 11)
    assert grown.centre_zyx == (2, 2, 15)


def test_a_node_larger_than_the_box_is_cut_off():
    shape = (50, 200, 200)
    crop = cut_crop(series(shape), np.ones(shape, bool), (3.0, 1.0, 1.0), PUBLISHED)
    assert crop.mask.all()
    assert crop.first_zyx == (8, 40, 40)


def test_the_small_input_of_a_one_slice_node_repeats_the_slice():
    ct, mask = np.full((32, 118, 118), -200, np.int16), np.zeros((32, 118, 118), bool)
    mask[16, 50:60, 40:80] = True
    ct[16] = np.arange(118)
    box, small = network_inputs(ct, mask, PUBLISHED)
    assert (small == small[:, :1]).all()
    assert small[0, 0, 0, 0] == box[0, 16, 50, 40]
    assert small[0, 0, 0, -1] == box[0, 16, 50, 79]


def test_air_in_the_mask_does_not_widen_the_small_input():
    ct, mask = np.full((32, 118, 118), -1000, np.int16), np.zeros((32, 118, 118), bool)
    mask[10:20, 50:60, 40:80] = True
    ct[10:20, 50:60, 45:70] = 60
    assert (network_inputs(ct, mask, PUBLISHED)[1] > 0.99).all()


def small_node(**change):
    shape = (12, 40, 40)
    values = {
        "ct": series(shape),
        "mask": ellipsoid(shape, (6, 20, 20), (2, 6, 6)),
        "spacing": (3.0, 1.0, 1.0),
    }
    return {**values, **change}


SOME_MASK = ellipsoid((12, 40, 40), (6, 20, 20), (2, 6, 6))


def one_slice(index):
    mask = np.zeros((12, 40, 40), bool)
    mask[index, 10:20, 10:20] = True
    return mask


WRONG_NODES = [
    ({"mask": np.zeros((12, 40, 40), bool)}, r"mask_zyx is empty.*\(rule D2\)"),
    ({"mask": SOME_MASK * 2}, r"other than 0 and 1.*\(rule D2\)"),
    ({"mask": np.ones((12, 40, 39), bool)}, "same three axes"),
    ({"ct": np.zeros((40, 40), np.int16), "mask": np.ones((40, 40), bool)}, "same three axes"),
    ({"spacing": (3.0, 1.0, 0.0)}, r"spacing_zyx_mm \(x\) must be 0.05 to 20.0 mm, not 0.0 mm"),
    ({"spacing": (3.0, float("nan"), 1.0)}, r"spacing_zyx_mm \(y\)"),
    ({"spacing": (30.0, 1.0, 1.0)}, r"spacing_zyx_mm \(z\)"),
    ({"spacing": (0.06, 1.0, 1.0)}, "too thin to resample"),
    ({"spacing": (0.9, 1.0, 1.0), "mask": one_slice(5)}, r"vanishes when .* 3 x 1 x 1 mm.*D2"),
    ({"ct": np.full((12, 40, 40), np.nan)}, "not finite HU"),
]


@pytest.mark.parametrize(("change", "sentence"), WRONG_NODES)
def test_refuses_a_node_that_cannot_be_prepared(change, sentence):
    node = small_node(**change)
    with pytest.raises(ValueError, match=sentence):
        cut_crop(node["ct"], node["mask"], node["spacing"], PUBLISHED)


def test_refuses_a_crop_of_one_intensity_and_a_mask_of_the_lowest():
    ct, mask = np.full((32, 118, 118), -1000, np.int16), np.zeros((32, 118, 118), bool)
    mask[16, 50:60, 50:60] = True
    with pytest.raises(ValueError, match=r"is -175 HU everywhere .*\(rule D2\)"):
        network_inputs(ct, mask, PUBLISHED)
    ct[0] = 100
    with pytest.raises(ValueError, match=r"nothing of it can be seen \(rule D2\)"):
        network_inputs(ct, mask, PUBLISHED)
