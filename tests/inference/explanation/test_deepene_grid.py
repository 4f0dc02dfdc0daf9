"""The places of DeepENE's input voxels, proved by preprocessing itself.

Splines and linear interpolation reproduce a ramp: if the CT's value is its own index along an axis,
every shown input voxel must hold the place that the grid states.
"""

import numpy as np
import pytest

from inference.deepene.input_grid import INPUT_GRID
from inference.deepene.parameters import IntensityFingerprint, PreprocessingParameters
from inference.deepene.preprocessing import prepare_node
from inference.explanation.node_map import node_map, shown_voxels

pytestmark = pytest.mark.no_database

UNTOUCHED = IntensityFingerprint(
    percentile_00_5_hu=-30000.0, percentile_99_5_hu=30000.0, mean_hu=0.0, sd_hu=1.0
)
PARAMETERS = PreprocessingParameters(fingerprint=UNTOUCHED)
PER_VOXEL = 64

CASES = {
    "no resampling": ((3.0, 0.46, 0.46), (40, 160, 160), (20, 80, 70), (4, 9, 12)),
    "finer in-plane, odd depth": ((3.0, 0.3, 0.35), (41, 220, 200), (20, 100, 90), (3, 14, 12)),
    "thin slices": ((1.0, 0.7, 0.7), (70, 120, 120), (35, 60, 55), (9, 7, 9)),
    "thick slices": ((5.0, 0.8, 0.8), (25, 120, 120), (12, 60, 55), (2, 6, 7)),
    "large node": ((3.0, 0.9, 0.9), (50, 150, 150), (25, 75, 70), (6, 24, 18)),
    "isotropic": ((1.2, 1.0, 1.0), (60, 90, 90), (30, 45, 40), (6, 6, 5)),
}


def ellipsoid(shape, centre, radii):
    grid = np.ogrid[tuple(slice(0, size) for size in shape)]
    terms = (((g - c) / r) ** 2 for g, c, r in zip(grid, centre, radii, strict=True))
    return sum(terms) <= 1


def ramp(shape, axis):
    line = (np.arange(shape[axis]) * PER_VOXEL).astype(np.int16)
    return np.broadcast_to(np.expand_dims(line, [a for a in range(3) if a != axis]), shape).copy()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_each_shown_voxel_lies_where_its_value_says(name, axis):
    spacing, shape, centre, radii = CASES[name]
    mask, volume = ellipsoid(shape, centre, radii), ramp(shape, axis)
    seen = prepare_node(volume, mask, spacing, PARAMETERS).network_input
    (places,) = INPUT_GRID.coordinates(volume, mask, spacing, PARAMETERS.to_dict())
    (shown,) = shown_voxels((seen,), 0.0)
    assert shown.sum() > 500
    told = seen[shown] / PER_VOXEL
    # A stepped axis (nearest slices) is smoothed by the crop's spline; the others are exact.
    allowed = 0.5 if axis == 0 and "thick" in name else 0.02
    assert np.abs(places[..., axis][shown] - told).max() <= allowed


@pytest.mark.parametrize("origin", [(0, 0, 0), (7, 11, 13)])
def test_a_part_of_the_series_gives_the_places_of_the_series(origin):
    spacing, shape, centre, radii = CASES["thin slices"]
    mask, volume = ellipsoid(shape, centre, radii), ramp(shape, 1)
    (whole,) = INPUT_GRID.coordinates(volume, mask, spacing, PARAMETERS.to_dict())
    part = tuple(slice(first, None) for first in origin)
    (from_part,) = INPUT_GRID.coordinates(
        volume[part],
        mask[part],
        spacing,
        PARAMETERS.to_dict(),
        origin_zyx=origin,
        full_shape_zyx=shape,
    )
    np.testing.assert_allclose(from_part, whole, atol=1e-9)


def mapped(name, attributions_of, *, centre=None):
    spacing, shape, default, radii = CASES[name]
    mask = ellipsoid(shape, centre or default, radii)
    volume = np.full(shape, 40, np.int16)
    seen = prepare_node(volume, mask, spacing, PARAMETERS).network_input
    places = INPUT_GRID.coordinates(volume, mask, spacing, PARAMETERS.to_dict())
    values = attributions_of(seen, places[0])
    inside = np.argwhere(mask)
    start, stop = tuple(inside.min(0).tolist()), tuple((inside.max(0) + 1).tolist())
    box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    found = node_map(
        (values,),
        places,
        shown_voxels((seen,), 0.0),
        mask_box=(start, stop),
        mask_zyx=mask[box],
        shape_zyx=shape,
        spacing_zyx_mm=spacing,
    )
    return found, values, mask


@pytest.mark.parametrize("name", CASES)
def test_the_total_is_kept(name):
    def noise(seen, places):
        return np.random.default_rng(3).normal(size=seen.shape) * (seen != 0)

    found, values, mask = mapped(name, noise)
    assert found.total == pytest.approx(values.sum(), rel=1e-9)
    assert float(found.values.sum(dtype=np.float64)) == pytest.approx(values.sum(), rel=1e-6)
    assert 0 < found.shell_fraction < 1
    assert 0 < found.shell_volume_fraction < 1
    inside = tuple(slice(a, b) for a, b in zip(found.start_zyx, found.stop_zyx, strict=True))
    assert mask[inside].sum() == mask.sum()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("stream", [0, 1])
def test_one_voxels_attribution_lands_at_its_place(name, stream):
    where = (0, stream, 4, 31, 27)

    def single(seen, places):
        values = np.zeros(seen.shape)
        values[where] = 2.0
        single.place = places[where]
        return values

    found, _, _ = mapped(name, single)
    assert found.total == pytest.approx(2.0)
    at = np.argwhere(found.values != 0) + found.start_zyx
    weights = found.values[found.values != 0]
    np.testing.assert_allclose((at * weights[:, None]).sum(0) / 2.0, single.place, atol=1e-6)
    assert np.abs(at - single.place).max() < 1.0


def test_attribution_of_everything_alike_is_not_enriched():
    found, _, _ = mapped("no resampling", lambda seen, places: (seen != 0) * 1e-3)
    assert found.shell_fraction == pytest.approx(found.shell_volume_fraction)


def test_attribution_at_the_boundary_is_enriched():
    centre = np.array(CASES["no resampling"][2])
    radii = np.array(CASES["no resampling"][3])

    def rim(seen, places):
        radius = np.sqrt((((places - centre) / radii) ** 2).sum(-1))
        return (seen != 0) * (np.abs(radius - 1) < 0.08)

    found, _, _ = mapped("no resampling", rim)
    assert found.shell_fraction > 0.95
    assert found.shell_fraction / found.shell_volume_fraction > 1.5


def test_a_patch_that_leaves_the_volume_keeps_the_total():
    def noise(seen, places):
        return np.random.default_rng(4).normal(size=seen.shape) * (seen != 0)

    found, values, _ = mapped("no resampling", noise, centre=(2, 6, 155))
    assert found.total == pytest.approx(values.sum(), rel=1e-9)
    assert min(found.start_zyx) >= 0
    assert all(a <= b for a, b in zip(found.stop_zyx, (40, 160, 160), strict=True))


def test_an_input_that_shows_nothing_is_refused():
    with pytest.raises(ValueError, match="shows nothing"):
        node_map(
            (np.zeros((2, 2)),),
            (np.zeros((2, 2, 3)),),
            [np.zeros((2, 2), bool)],
            mask_box=((0, 0, 0), (1, 1, 1)),
            mask_zyx=np.ones((1, 1, 1), bool),
            shape_zyx=(3, 3, 3),
            spacing_zyx_mm=(1.0, 1.0, 1.0),
        )
