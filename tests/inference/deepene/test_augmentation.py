"""Augmentation: nothing drawn gives what prediction sees; each step does what its formula says."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, map_coordinates

from inference.deepene import augmentation, augmentation_steps
from inference.deepene.augmentation import Draw, augmented, draw, plain, shown, training_patch
from inference.deepene.dual_crop import dual_crop
from inference.deepene.parameters import (
    REFERENCE_FINGERPRINT,
    IntensityFingerprint,
    PreprocessingParameters,
)
from inference.deepene.preprocessing import normalise, prepare_node

PARAMETERS = PreprocessingParameters(fingerprint=REFERENCE_FINGERPRINT)
VALUES = PARAMETERS.to_dict()


def make_node(seed=0, spacing=(3.0, 0.8, 0.8), depth=7, radius_mm=9.0):
    """Draw a bright ellipsoid with texture in noise."""
    random = np.random.default_rng(seed)
    shape = (depth + 14, round(70 / spacing[1] * 0.8), round(76 / spacing[2] * 0.8))
    grid = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"))
    middle = [shape[0] // 2, shape[1] // 2 - 3, shape[2] // 2 + 2]
    radii = (depth / 2, radius_mm / spacing[1], 0.7 * radius_mm / spacing[2])
    distance = sum(((g - m) / r) ** 2 for g, m, r in zip(grid, middle, radii, strict=True))
    volume = gaussian_filter(random.normal(0, 90, shape), 0.8) + 90 * (distance <= 1)
    return volume.astype(np.int16), distance <= 1, spacing


NODE = make_node()
PATCH = training_patch(*NODE, VALUES)


def show(one: Draw, patch=PATCH) -> np.ndarray:
    (node,) = shown(patch, VALUES, one)
    return node[0]


NOTHING = show(Draw())

NODES = {
    "typical": {},
    "odd depth": {"depth": 8},
    "thin slices": {"spacing": (1.0, 0.6, 0.6), "depth": 15},
    "isotropic": {"spacing": (1.2, 1.0, 1.0), "depth": 11},
    "tiny": {"depth": 1, "radius_mm": 2.0},
    "big": {"depth": 13, "radius_mm": 22.0},
}


@pytest.mark.parametrize("name", NODES)
def test_nothing_drawn_is_what_prediction_sees(name):
    node = make_node(3, **NODES[name])
    expected = prepare_node(*node, PARAMETERS).network_input
    (found,) = plain(training_patch(*node, VALUES), VALUES)
    assert found.shape == expected.shape
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() <= 1e-4


@pytest.mark.golden
def test_nothing_drawn_is_the_network_input_of_the_reference(reference):
    told = json.loads((reference / "golden_end_to_end.json").read_text())
    golden = np.load(reference / "golden_end_to_end.npz")
    parameters = PARAMETERS.to_dict()  # the reference's numbers are the defaults
    for expected, theirs in zip(told["nodes"], golden["volume_network_inputs"], strict=True):
        mask = golden["labels"] == expected["label"]
        patch = training_patch(golden["ct"], mask, tuple(told["spacing_zyx"]), parameters)
        np.testing.assert_allclose(plain(patch, parameters)[0], theirs, atol=1e-4, rtol=0)


def test_the_fingerprint_has_no_influence_on_the_patch():
    other = dataclasses.replace(
        PARAMETERS,
        fingerprint=IntensityFingerprint(
            percentile_00_5_hu=-1.0, percentile_99_5_hu=1.0, mean_hu=0.0, sd_hu=1.0
        ),
    )
    again = training_patch(*NODE, other.to_dict())
    assert all(np.array_equal(again[name], PATCH[name]) for name in PATCH)
    assert not np.array_equal(plain(PATCH, other.to_dict())[0][0], NOTHING)


def test_a_patch_holds_plain_compact_arrays():
    kinds = {name: array.dtype for name, array in PATCH.items()}
    assert kinds == {
        "ct_hu": np.float32,
        "raw_mask": np.uint8,
        "dilated_mask": np.uint8,
        "scale_ratio": np.float64,
    }


def test_patches_survive_a_file(tmp_path):
    np.savez(tmp_path / "patch.npz", **PATCH)
    with np.load(tmp_path / "patch.npz", allow_pickle=False) as stored:
        patch = {name: stored[name] for name in stored.files}
    assert np.array_equal(show(Draw(), patch), NOTHING)


def test_an_empty_mask_and_a_strange_spacing_are_refused():
    volume, mask, spacing = NODE
    with pytest.raises(ValueError, match="mask_zyx is empty"):
        training_patch(volume, np.zeros_like(mask), spacing, VALUES)
    with pytest.raises(ValueError, match="spacing_zyx_mm"):
        training_patch(volume, mask, (3.0, 0.0, 0.8), VALUES)


def test_a_node_whose_masks_vanished_is_fed_as_zeros():
    empty = {**PATCH, "raw_mask": PATCH["raw_mask"] * 0, "dilated_mask": PATCH["raw_mask"] * 0}
    (found,) = augmented(empty, VALUES, np.random.default_rng(0))
    assert found.shape == (1, 2, 9, 60, 60)
    assert not found.any()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_the_seed_decides_and_outside_of_the_mask_is_nothing(seed):
    (first,) = augmented(PATCH, VALUES, np.random.default_rng(seed))
    (second,) = augmented(PATCH, VALUES, np.random.default_rng(seed))
    assert np.array_equal(first, second)
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert not first[0][~inside_of(draw(np.random.default_rng(seed)))].any()


def inside_of(drawn: Draw) -> np.ndarray:
    """Say where the dilated mask is, as it shows in a patch that is bright everywhere."""
    bright = {**PATCH, "ct_hu": np.full_like(PATCH["ct_hu"], 200.0)}
    unchanged = Draw(
        angles=drawn.angles, scale=drawn.scale, mirrored=drawn.mirrored, start=drawn.start
    )
    return show(unchanged, bright) > 1e-3


def test_another_seed_gives_another_version():
    versions = [augmented(PATCH, VALUES, np.random.default_rng(s))[0] for s in range(12)]
    assert len({version.tobytes() for version in versions}) >= 11


def many(count=20_000):
    random = np.random.default_rng(0)
    return [draw(random) for _ in range(count)]


DRAWS = many()


def share(is_so):
    return np.mean([bool(is_so(one)) for one in DRAWS])


def near(chance):
    """Four standard errors of the share among the draws."""
    return pytest.approx(chance, abs=4 * math.sqrt(chance * (1 - chance) / len(DRAWS)))


def test_steps_are_drawn_as_often_as_published():
    for angle in range(3):
        assert share(lambda one, a=angle: one.angles[a] != 0) == near(0.2 * 0.2)
    assert share(lambda one: one.scale != 1) == near(0.2)
    assert share(lambda one: one.scale > 1) == near(0.1)
    assert share(lambda one: one.noise_sd > 0) == near(0.1)
    for stream in range(2):
        assert share(lambda one, s=stream: one.blur[s]) == near(0.2 * 0.5)
        assert share(lambda one, s=stream: one.brightness[s]) == near(0.15)
        assert share(lambda one, s=stream: one.contrast[s]) == near(0.15)
        assert share(lambda one, s=stream: (one.contrast[s] or 0) > 1) == near(0.075)
        assert share(lambda one, s=stream: one.coarse[s]) == near(0.25 * 0.5)
        assert share(lambda one, s=stream: one.gamma[s]) == near(0.3)
        assert share(lambda one, s=stream: (one.gamma[s] or 0) > 1) == near(0.15)
    for axis in range(3):
        assert share(lambda one, a=axis: one.mirrored[a]) == near(0.5)


def test_numbers_are_drawn_from_the_published_ranges():
    def limits(values):
        return min(values), max(values)

    for angle, (low, high) in enumerate(((-45, 45), (-45, 30), (-15, 15))):
        drawn = [math.degrees(one.angles[angle]) for one in DRAWS if one.angles[angle]]
        assert limits(drawn) == pytest.approx((low, high), abs=2)
        assert low <= min(drawn)
        assert max(drawn) <= high
    for name, (low, high) in {
        "blur": (0.5, 1.0),
        "brightness": (0.75, 1.25),
        "contrast": (0.75, 1.25),
        "coarse": (0.5, 1.0),
        "gamma": (0.7, 1.5),
    }.items():
        drawn = [v for one in DRAWS for v in getattr(one, name) if v is not None]
        assert limits(drawn) == pytest.approx((low, high), abs=0.01), name
    assert limits([one.scale for one in DRAWS]) == pytest.approx((0.7, 1.4), abs=0.01)
    assert limits([one.noise_sd for one in DRAWS]) == pytest.approx((0, 0.1), abs=0.002)


def test_streams_are_drawn_separately():
    both = [one.gamma for one in DRAWS if one.gamma[0] is not None]
    assert all(first != second for first, second in both)


def test_mirroring_flips_the_node():
    even = show(Draw(mirrored=(False, True, False)))
    assert np.array_equal(even, NOTHING[:, :, ::-1])
    assert np.array_equal(show(Draw(mirrored=(False, False, True))), NOTHING[..., ::-1])


def test_mirroring_in_z_chooses_slices_of_the_flipped_node():
    flipped = show(Draw(mirrored=(True, False, False)))
    rows = {slice_.tobytes() for slice_ in NOTHING[0]}
    assert {slice_.tobytes() for slice_ in flipped[0]} <= rows
    assert not np.array_equal(flipped, NOTHING)


def crops(angles=(0.0, 0.0, 0.0), scale=1.0):
    """Sample both streams point by point: the spatial step as written."""
    ct = normalise(PATCH["ct_hu"], PARAMETERS.fingerprint).astype(np.float64)
    a1, a2, a3 = angles
    r1 = np.array([[1, 0, 0], [0, math.cos(a1), -math.sin(a1)], [0, math.sin(a1), math.cos(a1)]])
    r2 = np.array([[math.cos(a2), 0, math.sin(a2)], [0, 1, 0], [-math.sin(a2), 0, math.cos(a2)]])
    r3 = np.array([[math.cos(a3), -math.sin(a3), 0], [math.sin(a3), math.cos(a3), 0], [0, 0, 1]])
    at = np.stack(
        np.meshgrid(np.arange(12) - 5.5, np.arange(60) - 29.5, np.arange(60) - 29.5, indexing="ij"),
        axis=-1,
    ).reshape(-1, 3)
    turned, ratio = at @ r1 @ r2 @ r3, float(PATCH["scale_ratio"])
    results = []
    for steps in ((scale, scale, scale), (1.0, ratio, ratio)):
        centre = [n / 2 - 0.5 for n in ct.shape]
        where = (turned * steps + centre).T.reshape(3, 12, 60, 60)
        image = map_coordinates(ct, where, order=3, mode="constant", cval=0.0)
        dilated, raw = (
            map_coordinates(PATCH[n].astype(float), where, order=1, mode="constant") >= 0.5 - 1e-6
            for n in ("dilated_mask", "raw_mask")
        )
        results.append((image * dilated, raw))
    return results


@pytest.mark.parametrize(
    ("angles", "scale"),
    [
        ((0.0, 0.0, 0.0), 0.75),
        ((0.0, 0.0, 0.0), 1.3),
        ((0.6, 0.0, 0.0), 1.0),
        ((0.0, -0.4, 0.0), 1.0),
        ((0.3, 0.2, -0.2), 1.2),
    ],
)
def test_rotation_and_scale_are_one_resampling_about_the_centre(angles, scale):
    (preserving, raw), (invariant, _) = crops(angles, scale)
    slices = list(augmentation._slices(raw, None))
    found = show(Draw(angles=angles, scale=scale))
    assert np.abs(found[0] - preserving[slices]).max() < 1e-4
    assert np.abs(found[1] - invariant[slices]).max() < 1e-4


def test_only_the_size_preserving_stream_is_scaled_at_random():
    # So little that the same slices are chosen, in both streams.
    node = make_node(3, spacing=(3.0, 0.6, 0.6), depth=5)
    patch = training_patch(*node, VALUES)
    wide, usual = show(Draw(scale=0.999), patch), show(Draw(), patch)
    assert np.array_equal(wide[1], usual[1])
    assert not np.array_equal(wide[0], usual[0])
    assert (show(Draw(scale=0.8))[0] != 0).sum() > 1.2 * (NOTHING[0] != 0).sum()


def test_noise_has_the_drawn_deviation_and_stays_inside_the_mask():
    noisy = show(Draw(noise_sd=0.1, noise_seed=4))
    inside = NOTHING != 0
    assert (noisy - NOTHING)[inside].std() == pytest.approx(0.1, rel=0.05)
    assert not noisy[~inside].any()


def test_brightness_multiplies_one_stream():
    brighter = show(Draw(brightness=(1.2, None)))
    assert np.allclose(brighter[0], NOTHING[0] * 1.2, rtol=1e-6)
    assert np.array_equal(brighter[1], NOTHING[1])


def test_intensity_steps_see_the_whole_crop_and_not_the_mask():
    crop = dual_crop(
        normalise(PATCH["ct_hu"], PARAMETERS.fingerprint),
        PATCH["raw_mask"] != 0,
        PATCH["dilated_mask"] != 0,
        PARAMETERS.inside_from,
    )
    slices = list(augmentation._slices(crop.raw_mask[0], None))
    expected = augmentation_steps.with_gamma(crop.ct[0], 1.3) * crop.dilated_mask[0]
    assert np.abs(show(Draw(gamma=(1.3, None)))[0] - expected[slices]).max() < 1e-4


CROP = np.random.default_rng(1).normal(size=(12, 60, 60)).astype(np.float32)


@pytest.mark.parametrize("exponent", [0.7, 1.0, 1.5])
def test_gamma_bends_and_restores_mean_and_deviation(exponent):
    found = augmentation_steps.with_gamma(CROP, exponent)
    assert found.mean() == pytest.approx(CROP.mean(), abs=1e-5)
    assert found.std() == pytest.approx(CROP.std(), rel=1e-5)
    assert np.array_equal(np.argsort(found[0, 0]), np.argsort(CROP[0, 0]))
    span = float(np.ptp(CROP))
    bent = ((CROP - CROP.min()) / (span + 1e-7)) ** exponent * (span + 1e-7) + CROP.min()
    expected = (bent - bent.mean()) / (bent.std() + 1e-8) * CROP.std() + CROP.mean()
    assert np.allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("factor", [0.75, 1.0, 1.25])
def test_contrast_stretches_about_the_mean_and_is_clipped(factor):
    found = augmentation_steps.with_contrast(CROP, factor)
    expected = (CROP - CROP.mean()) * factor + CROP.mean()
    assert np.allclose(found, np.clip(expected, CROP.min(), CROP.max()), atol=1e-5)
    assert CROP.min() <= found.min()
    assert found.max() <= CROP.max()
    assert (found.std() > CROP.std()) == (factor > 1)


def test_blur_is_gaussian_with_a_reflected_border():
    found = augmentation_steps.blurred(CROP, 0.8)
    assert np.allclose(found, gaussian_filter(CROP.astype(float), 0.8, mode="reflect"), atol=1e-5)


def test_coarsening_of_a_constant_changes_nothing_and_keeps_the_range():
    constant = np.full_like(CROP, 2.5)
    assert np.array_equal(augmentation_steps.coarsened(constant, 0.6), constant)
    found = augmentation_steps.coarsened(CROP, 0.5)
    assert found.shape == CROP.shape
    assert CROP.min() <= found.min()
    assert found.max() <= CROP.max()
    assert not np.allclose(found, CROP)


def test_coarsening_keeps_what_is_smooth():
    ramp = np.broadcast_to(np.linspace(0, 1, 60, dtype=np.float32), CROP.shape)
    found = augmentation_steps.coarsened(ramp, 0.5)
    assert np.abs(found - ramp).max() < 0.03


def test_a_crop_of_one_value_survives_every_step():
    constant = np.full_like(CROP, 0.5)
    for found in (
        augmentation_steps.with_gamma(constant, 1.3),
        augmentation_steps.with_contrast(constant, 0.8),
    ):
        assert np.allclose(found, 0.5, atol=1e-5)


@pytest.mark.parametrize(("start", "first"), [(0.0, 1), (0.5, 2), (0.99, 2), (None, 1)])
def test_nine_slices_begin_anywhere_when_there_are_more(start, first):
    mask = np.zeros((12, 60, 60), bool)
    mask[1:11, 30, 30] = True
    assert augmentation._slices(mask, start)[0] == first
    mask[:, 30, 30] = True
    starts = {augmentation._slices(mask, u)[0] for u in np.linspace(0, 0.999, 50)}
    assert starts == {0, 1, 2, 3}


def test_fewer_than_nine_slices_are_repeated_as_ever():
    mask = np.zeros((12, 60, 60), bool)
    mask[4:7, 30, 30] = True
    assert augmentation._slices(mask, 0.9) == (4, 4, 4, 4, 5, 6, 6, 6, 6)
