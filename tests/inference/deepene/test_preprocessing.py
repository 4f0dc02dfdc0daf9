"""Preprocessing as a whole: the six golden cases, the golden volume, and laws."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.deepene.parameters import (
    REFERENCE_FINGERPRINT,
    IntensityFingerprint,
    PreprocessingParameters,
)
from inference.deepene.patch import Box, Patch, mask_box, needed_box
from inference.deepene.preprocessing import prepare_node, prepare_patch

PARAMETERS = PreprocessingParameters(fingerprint=REFERENCE_FINGERPRINT)


def golden_parameters(numbers, target, **changes):
    return PreprocessingParameters(
        fingerprint=IntensityFingerprint(
            percentile_00_5_hu=numbers["percentile_00_5"],
            percentile_99_5_hu=numbers["percentile_99_5"],
            mean_hu=numbers["mean"],
            sd_hu=numbers["sd"],
        ),
        target_spacing_zyx_mm=tuple(target),
        **changes,
    )


def golden_patch(golden):
    return Patch(
        golden["ct"].astype(np.float32),
        golden["raw_mask"] > 0,
        golden["dilated_mask"] > 0,
        Box((0, 0, 0), golden["ct"].shape),
    )


@pytest.mark.golden
def test_the_six_cases_agree_with_the_goldens(reference, preprocess_table):
    cases = preprocess_table["cases"]
    assert len(cases) == 6
    for case in cases:
        golden = np.load(reference / case["file"])
        parameters = golden_parameters(case["fingerprint"], case["target_spacing_zyx"])
        node = prepare_patch(golden_patch(golden), case["spacing_zyx"], parameters)
        assert node.resampled_shape == tuple(case["resampled_shape"])
        assert node.dilated_box_zyx == tuple(case["dilated_box_zyx"])
        assert node.scale_ratio == pytest.approx(case["scale_ratio"], abs=1e-9)
        assert list(node.slices) == case["slices"]
        tie = golden["network_input_tie"] > 0
        ours, theirs = node.network_input, golden["network_input"]
        np.testing.assert_allclose(ours[~tie], theirs[~tie], atol=1e-4, rtol=0)
        unmasked = golden["dual_ct"][:, list(node.slices)][None]
        np.testing.assert_allclose(ours[tie], unmasked[tie], atol=1e-4, rtol=0)
        if not case["tie_voxels"]:
            assert ours.sum(dtype=float) == pytest.approx(case["input_sum"], abs=0.1)
            assert np.count_nonzero(ours[0, 0]) == case["nonzero_per_stream"][0]


@pytest.mark.golden
def test_with_the_published_rounding_the_six_cases_agree_everywhere(reference, preprocess_table):
    for case in preprocess_table["cases"]:
        golden = np.load(reference / case["file"])
        parameters = golden_parameters(
            case["fingerprint"], case["target_spacing_zyx"], ties_inside=False
        )
        node = prepare_patch(golden_patch(golden), case["spacing_zyx"], parameters)
        np.testing.assert_allclose(node.network_input, golden["network_input"], atol=1e-4, rtol=0)


@pytest.mark.golden
def test_the_nodes_of_the_golden_volume_agree(reference):
    told = json.loads((reference / "golden_end_to_end.json").read_text())
    golden = np.load(reference / "golden_end_to_end.npz")
    parameters = golden_parameters(told["fingerprint"], told["target_spacing_zyx"])
    assert parameters == PARAMETERS, "the reference's numbers are the defaults"
    assert len(told["nodes"]) == 2
    for expected, theirs in zip(told["nodes"], golden["volume_network_inputs"], strict=True):
        mask = golden["labels"] == expected["label"]
        node = prepare_node(golden["ct"], mask, told["spacing_zyx"], parameters)
        np.testing.assert_allclose(node.network_input, theirs, atol=1e-4, rtol=0)
        assert node.resampled_shape == tuple(expected["resampled_shape"])
        assert node.patch_box.start_zyx == tuple(expected["patch_origin"])
        assert node.patch_box.shape == tuple(expected["patch_shape"])
        assert node.raw_voxels == expected["raw_voxels"]
        assert node.dilated_voxels == expected["dilated_voxels"]


def neck(seed, shape=(14, 70, 70), at=(6, 30, 36), radii=(2.2, 7, 9)):
    """Noise, and a node within it."""
    ct = np.random.default_rng(seed).normal(60, 40, shape).round().astype(np.int16)
    grids = np.meshgrid(*[np.arange(n) for n in shape], indexing="ij")
    distance = sum(((g - c) / r) ** 2 for g, c, r in zip(grids, at, radii, strict=True))
    return ct, distance <= 1


@settings(deadline=None, max_examples=15)
@given(
    st.integers(0, 1000),
    st.tuples(st.integers(0, 13), st.integers(0, 69), st.integers(0, 69)),
    st.sampled_from([(3.0, 0.46, 0.46), (5.0, 0.7, 0.7), (1.0, 0.5, 0.6), (1.2, 1.0, 1.0)]),
)
def test_reading_only_the_needed_box_gives_the_identical_input(seed, at, spacing):
    ct, mask = neck(seed, at=at)
    needed = needed_box(mask_box(mask), ct.shape, spacing, PARAMETERS).slices
    whole = prepare_node(ct, mask, spacing, PARAMETERS)
    part = prepare_node(ct[needed], mask[needed], spacing, PARAMETERS)
    assert whole.network_input.tobytes() == part.network_input.tobytes()
    assert (whole.slices, whole.scale_ratio) == (part.slices, part.scale_ratio)


def test_voxels_beyond_the_needed_box_do_not_matter():
    ct, mask = neck(5, shape=(30, 200, 200), at=(15, 100, 100))
    needed = needed_box(mask_box(mask), ct.shape, (3.0, 0.5, 0.5), PARAMETERS).slices
    changed = np.full_like(ct, 3000)
    changed[needed] = ct[needed]
    before, after = (prepare_node(c, mask, (3.0, 0.5, 0.5), PARAMETERS) for c in (ct, changed))
    np.testing.assert_array_equal(before.network_input, after.network_input)


def test_the_input_is_float32_of_the_networks_shape_and_zero_outside_the_mask():
    ct, mask = neck(1)
    node = prepare_node(ct, mask, (3.0, 0.46, 0.46), PARAMETERS)
    assert node.network_input.shape == (1, 2, 9, 60, 60)
    assert node.network_input.dtype == np.float32
    assert not node.network_input[0, 0, :, :10].any()
    assert node.network_input[0, 0, :, 25:35, 25:35].any()


def test_preparing_twice_gives_the_same_bytes_and_leaves_the_volume_alone():
    ct, mask = neck(2)
    kept = ct.copy()
    first, second = (prepare_node(ct, mask, (2.5, 0.7, 0.7), PARAMETERS) for _ in range(2))
    assert first.network_input.tobytes() == second.network_input.tobytes()
    np.testing.assert_array_equal(ct, kept)


def test_mirroring_the_volume_in_plane_mirrors_the_input():
    ct, mask = neck(3, shape=(16, 180, 180), at=(8, 90, 92))
    straight = prepare_node(ct, mask, (3.0, 0.5, 0.5), PARAMETERS).network_input
    turned = prepare_node(ct[:, ::-1, ::-1], mask[:, ::-1, ::-1], (3.0, 0.5, 0.5), PARAMETERS)
    np.testing.assert_allclose(turned.network_input[..., ::-1, ::-1], straight, atol=1e-3)


def test_a_single_voxel_is_prepared():
    ct, _ = neck(4)
    mask = np.zeros(ct.shape, bool)
    mask[0, 69, 0] = True
    node = prepare_node(ct, mask, (3.0, 0.3, 0.3), PARAMETERS)
    assert node.raw_voxels == 1
    assert node.network_input.any()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"mask": np.zeros((14, 70, 70))}, "mask_zyx is empty"),
        ({"mask": np.ones((14, 70, 71))}, "same three axes"),
        ({"ct": np.ones((70, 70)), "mask": np.ones((70, 70))}, "same three axes"),
        ({"spacing": (3.0, 0.5)}, "spacing_zyx_mm must be three numbers"),
        ({"spacing": (3.0, -0.5, 0.5)}, r"spacing_zyx_mm \(y\) must be 0.05 to 20.0 mm, not -0.5"),
        ({"spacing": (float("nan"), 0.5, 0.5)}, r"spacing_zyx_mm \(z\)"),
        ({"ct": np.full((14, 70, 70), np.nan)}, "not finite HU"),
        ({"ct": np.full((14, 70, 70), np.inf)}, "not finite HU"),
    ],
)
def test_refuses_what_cannot_be_prepared(change, sentence):
    ct, mask = neck(0)
    given_values = {"ct": ct, "mask": mask, "spacing": (3.0, 0.5, 0.5), **change}
    with pytest.raises(ValueError, match=sentence):
        prepare_node(given_values["ct"], given_values["mask"], given_values["spacing"], PARAMETERS)
