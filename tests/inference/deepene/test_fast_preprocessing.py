"""The fast preparation of a node: equal to the plain path, which is the reference."""

import json
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates, zoom

from inference.deepene import fast_preprocessing
from inference.deepene.fast_preprocessing import (
    dilate_in_plane_fast,
    prepare_node_fast,
    prepare_patch_fast,
)
from inference.deepene.parameters import REFERENCE_FINGERPRINT, PreprocessingParameters
from inference.deepene.patch import Box, Patch, dilate_in_plane
from inference.deepene.preprocessing import prepare_node, prepare_patch
from inference.deepene.separable import crop_cubic, crop_linear, zoom_cubic, zoom_linear
from tests.inference.deepene.test_preprocessing import (
    PARAMETERS,
    golden_parameters,
    golden_patch,
    neck,
)


def assert_equal_to_the_plain(fast, plain):
    """CT within 1e-4; what is masked, which slices, boxes and counts exactly."""
    np.testing.assert_allclose(fast.network_input, plain.network_input, atol=1e-4, rtol=0)
    assert fast.network_input.dtype == plain.network_input.dtype
    support, expected = fast.network_input != 0, plain.network_input != 0
    differ = support != expected
    assert np.abs(plain.network_input[differ]).max(initial=0) < 1e-4, "a mask voxel moved"
    for field in fields(plain):
        if field.name != "network_input":
            assert getattr(fast, field.name) == getattr(plain, field.name), field.name


@pytest.mark.golden
def test_the_six_golden_cases_agree_with_the_plain_path_and_the_goldens(
    reference, preprocess_table
):
    cases = preprocess_table["cases"]
    assert len(cases) == 6
    for case in cases:
        golden = np.load(reference / case["file"])
        parameters = golden_parameters(case["fingerprint"], case["target_spacing_zyx"])
        patch = golden_patch(golden)
        fast = prepare_patch_fast(patch, case["spacing_zyx"], parameters)
        assert_equal_to_the_plain(fast, prepare_patch(patch, case["spacing_zyx"], parameters))
        assert list(fast.slices) == case["slices"]
        tie = golden["network_input_tie"] > 0
        np.testing.assert_allclose(
            fast.network_input[~tie], golden["network_input"][~tie], atol=1e-4, rtol=0
        )


@pytest.mark.golden
def test_the_nodes_of_the_golden_volume_agree(reference):
    told = json.loads((reference / "golden_end_to_end.json").read_text())
    golden = np.load(reference / "golden_end_to_end.npz")
    ct, labels = golden["ct"], golden["labels"]
    assert len(told["nodes"]) == 2
    for node, theirs in zip(told["nodes"], golden["volume_network_inputs"], strict=True):
        mask = labels == node["label"]
        fast = prepare_node_fast(ct, mask, told["spacing_zyx"], PARAMETERS)
        np.testing.assert_allclose(fast.network_input, theirs, atol=1e-4, rtol=0)
        assert_equal_to_the_plain(fast, prepare_node(ct, mask, told["spacing_zyx"], PARAMETERS))


@st.composite
def nodes(draw):
    """A node of any size at any place, also at the volume's corners, in any CT spacing."""
    shape = tuple(draw(st.integers(low, high)) for low, high in ((1, 16), (8, 80), (8, 80)))
    at = tuple(draw(st.integers(0, n - 1)) for n in shape)
    radii = tuple(draw(st.floats(0.5, 9)) for _ in shape)
    ct, mask = neck(draw(st.integers(0, 1000)), shape=shape, at=at, radii=radii)
    speckle = draw(st.sampled_from([1.0, 1.0, 0.7]))
    kept = mask & (np.random.default_rng(1).random(shape) <= speckle)
    kept[at] = True
    z = draw(st.sampled_from([0.625, 1.0, 1.25, 2.5, 3.0, 5.0]))
    y = draw(st.sampled_from([0.25, 0.35, 0.46, 0.488, 0.5, 0.7, 0.9766]))
    x = draw(st.sampled_from([y, y, 0.46]))
    return ct, kept, (z, y, x)


@settings(deadline=None, max_examples=60)
@given(nodes())
def test_any_node_is_prepared_as_by_the_plain_path(node):
    ct, mask, spacing = node
    fast = prepare_node_fast(ct, mask, spacing, PARAMETERS)
    assert_equal_to_the_plain(fast, prepare_node(ct, mask, spacing, PARAMETERS))


@settings(deadline=None, max_examples=15)
@given(
    nodes(),
    st.sampled_from([(3.0, 0.46, 0.46), (2.0, 0.7, 0.7), (5.0, 1.0, 0.5), (0.6, 0.4, 2.0)]),
    st.sampled_from([0.0, 2.5, 5.0, 11.0]),
)
def test_any_parameters_are_followed_as_by_the_plain_path(node, target, radius):
    ct, mask, spacing = node
    parameters = PreprocessingParameters(
        fingerprint=REFERENCE_FINGERPRINT,
        target_spacing_zyx_mm=target,
        dilation_radius_mm=radius,
        patch_margin_zyx_mm=(7.0, 12.0, 9.0),
        padding_hu=-300.0,
    )
    fast = prepare_node_fast(ct, mask, spacing, parameters)
    assert_equal_to_the_plain(fast, prepare_node(ct, mask, spacing, parameters))


def test_metal_next_to_the_node_changes_nothing():
    ct, mask = neck(8, shape=(16, 90, 90), at=(8, 45, 45))
    ct[8, 40:44, 55:58] = 30_000
    fast = prepare_node_fast(ct, mask, (2.0, 0.7, 0.7), PARAMETERS)
    assert_equal_to_the_plain(fast, prepare_node(ct, mask, (2.0, 0.7, 0.7), PARAMETERS))


def test_the_published_rounding_of_ties_is_left_to_the_plain_path():
    parameters = PreprocessingParameters(fingerprint=REFERENCE_FINGERPRINT, ties_inside=False)
    ct, mask = neck(3, shape=(13, 71, 71))
    fast = prepare_node_fast(ct, mask, (5.0, 0.6, 0.6), parameters)
    plain = prepare_node(ct, mask, (5.0, 0.6, 0.6), parameters)
    assert fast.network_input.tobytes() == plain.network_input.tobytes()


@pytest.mark.parametrize("spacing", [(3.0, 0.46, 0.46), (1.0, 0.4, 0.4), (5.0, 0.6, 0.7)])
def test_usual_nodes_do_not_take_the_plain_path(monkeypatch, spacing):
    def refuse(*_):
        raise AssertionError("the plain path was taken")

    monkeypatch.setattr(fast_preprocessing, "prepare_patch", refuse)
    ct, mask = neck(4)
    assert prepare_node_fast(ct, mask, spacing, PARAMETERS).network_input.any()


@settings(deadline=None, max_examples=50)
@given(
    st.integers(0, 1000),
    st.floats(0.2, 3.0),
    st.floats(0.2, 3.0),
    st.sampled_from([0.0, 0.3, 1.0, 2.0, 5.0, 12.5]),
)
def test_dilation_is_the_plain_one(seed, height, width, radius):
    random = np.random.default_rng(seed)
    mask = np.zeros((4, 23, 31), bool)
    mask[random.integers(0, 4, 5), random.integers(0, 23, 5), random.integers(0, 31, 5)] = True
    np.testing.assert_array_equal(
        dilate_in_plane_fast(mask, (height, width), radius),
        dilate_in_plane(mask, (height, width), radius),
    )


def test_a_disc_whose_edge_meets_pixel_centres_includes_them():
    mask = np.zeros((1, 31, 31), bool)
    mask[0, 15, 15] = True
    fast = dilate_in_plane_fast(mask, (1.0, 1.0), 5.0)
    assert fast[0, 15, 20]
    assert fast[0, 18, 19], "3, 4, 5"
    assert fast.sum() == 81


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 99))
def test_zoom_matrices_do_what_scipy_does(before, after, seed):
    values = np.random.default_rng(seed).normal(size=before)
    for matrix, order in ((zoom_cubic, 3), (zoom_linear, 1)):
        result = np.empty(after)
        zoom(values, after / before, output=result, order=order, mode="nearest", grid_mode=True)
        np.testing.assert_allclose(matrix(before, after) @ values, result, atol=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 40), st.sampled_from([12, 60]), st.floats(0.05, 2.0), st.integers(0, 99))
def test_crop_matrices_do_what_scipy_does(size, samples, ratio, seed):
    values = np.random.default_rng(seed).normal(size=size)
    at = (np.arange(samples) - (samples - 1) / 2) * ratio + (size / 2 - 0.5)
    for matrix, order in ((crop_cubic, 3), (crop_linear, 1)):
        expected = map_coordinates(values, [at], order=order, mode="constant", cval=0.0)
        np.testing.assert_allclose(matrix(size, samples, ratio) @ values, expected, atol=1e-12)


def test_matrices_kept_for_reuse_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        zoom_cubic(5, 7)[0, 0] = 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"mask": np.zeros((14, 70, 70))}, "mask_zyx is empty"),
        ({"mask": np.ones((14, 70, 71))}, "same three axes"),
        ({"spacing": (3.0, 0.5)}, "spacing_zyx_mm must be three numbers"),
        ({"spacing": (3.0, -0.5, 0.5)}, r"spacing_zyx_mm \(y\) must be 0.05 to 20.0 mm, not -0.5"),
        ({"ct": np.full((14, 70, 70), np.nan)}, "not finite HU"),
    ],
)
def test_refuses_as_the_plain_path_does(change, sentence):
    ct, mask = neck(0)
    values = {"ct": ct, "mask": mask, "spacing": (3.0, 0.5, 0.5), **change}
    for prepare in (prepare_node, prepare_node_fast):
        with pytest.raises(ValueError, match=sentence):
            prepare(values["ct"], values["mask"], values["spacing"], PARAMETERS)


def test_refuses_a_dilated_mask_that_does_not_contain_the_raw_one():
    ct, mask = neck(0)
    patch = Patch(ct.astype(np.float32), mask, np.zeros_like(mask), Box((0, 0, 0), ct.shape))
    with pytest.raises(ValueError, match="must contain raw_mask"):
        prepare_patch_fast(patch, (3.0, 0.46, 0.46), PARAMETERS)
