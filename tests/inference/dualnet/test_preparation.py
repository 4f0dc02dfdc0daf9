"""The half of the contract without torch: prepared nodes, training patches, places in the CT."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from inference.dualnet.augmentation import CT_HU, MASK
from inference.dualnet.input_grid import INPUT_GRID
from inference.dualnet.parameters import DualNetParameters
from inference.dualnet.preparation import PREPARATION
from inference.runner import input_grid_of, preparation_of
from tests.inference.dualnet.nodes import SHAPE, SPACING, node, node_box, part

pytestmark = pytest.mark.no_database

PARAMETERS = PREPARATION.checked_parameters({})


@pytest.fixture(scope="module")
def one_node():
    return node()


@pytest.fixture(scope="module")
def patch(one_node):
    return PREPARATION.training_patch(*one_node, SPACING, PARAMETERS)


def equal(some, others):
    return all(np.array_equal(a, b) for a, b in zip(some, others, strict=True))


def test_it_is_registered_and_says_what_is_published():
    assert preparation_of("DualNet") is PREPARATION
    assert input_grid_of("DualNet") is INPUT_GRID
    assert PREPARATION.expected_members == 1
    assert DualNetParameters().to_dict() == PARAMETERS
    with pytest.raises(ValueError, match="unknown key 'fingerprint'"):
        PREPARATION.checked_parameters({"fingerprint": {}})


def test_no_parameter_follows_from_the_training_data():
    told = PREPARATION.parameters_from_training(np.zeros(3, np.float32), [SPACING], [(3, 9, 9)])
    assert told == PARAMETERS


def test_preparing_does_not_import_torch():
    code = (
        "import sys; from inference.runner import input_grid_of, preparation_of;"
        "preparation_of('DualNet'); input_grid_of('DualNet');"
        "import inference.dualnet.training_defaults; sys.exit('torch' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_inputs_have_a_channel_axis_and_are_from_background_to_1(one_node):
    box, small = PREPARATION.prepare(*one_node, SPACING, PARAMETERS)
    assert box.shape == (1, 32, 118, 118)
    assert small.shape == (1, 32, 32, 32)
    for values in (box, small):
        assert values.dtype == np.float32
        assert values.min() == np.float32(0.001)
        assert values.max() <= 1


def test_part_of_the_series_gives_the_same_inputs_and_patch(one_node, patch):
    needed = PREPARATION.needed_box(node_box(one_node[1]), SHAPE, SPACING, PARAMETERS)
    arrays, place = part(*one_node, needed)
    assert arrays[0].size < one_node[0].size
    whole = PREPARATION.prepare(*one_node, SPACING, PARAMETERS)
    assert equal(PREPARATION.prepare(*arrays, SPACING, PARAMETERS, **place), whole)
    cut = PREPARATION.training_patch(*arrays, SPACING, PARAMETERS, **place)
    assert equal(cut.values(), patch.values())


def test_a_plain_training_patch_gives_what_prediction_sees(one_node, patch):
    whole = PREPARATION.prepare(*one_node, SPACING, PARAMETERS)
    assert equal(PREPARATION.plain(patch, PARAMETERS), whole)


def test_the_patch_is_small_and_not_normalised(patch):
    assert patch[CT_HU].dtype == np.int16
    assert patch[CT_HU].shape == patch[MASK].shape == (32, 118, 118)
    assert patch[CT_HU].min() == -1024
    assert sum(values.nbytes for values in patch.values()) < 1.5e6


def test_augmentation_makes_sixteen_versions_and_follows_the_generator(patch):
    random = np.random.default_rng(2)
    seen = [PREPARATION.augmented(patch, PARAMETERS, random) for _ in range(120)]
    again = PREPARATION.augmented(patch, PARAMETERS, np.random.default_rng(2))
    assert equal(seen[0], again)
    versions = {box.tobytes() for box, _ in seen}
    assert len(versions) == 16
    assert PREPARATION.plain(patch, PARAMETERS)[0].tobytes() in versions
    assert len({small.tobytes() for _, small in seen}) == 16


def test_augmentation_changes_no_intensity(patch):
    plain = PREPARATION.plain(patch, PARAMETERS)[0]
    other = PREPARATION.augmented(patch, PARAMETERS, np.random.default_rng(3))[0]
    assert np.array_equal(np.sort(plain, axis=None), np.sort(other, axis=None))


def test_a_node_that_cannot_be_prepared_is_refused_before_training(one_node):
    with pytest.raises(ValueError, match="mask_zyx is empty"):
        PREPARATION.training_patch(one_node[0], one_node[1] & False, SPACING, PARAMETERS)
    with pytest.raises(ValueError, match="cannot be normalised"):
        PREPARATION.training_patch(np.full(SHAPE, -500, np.int16), one_node[1], SPACING, PARAMETERS)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_places_of_input_voxels_lead_back_to_the_ct(one_node, axis):
    """A CT whose values are its own coordinates shows where each input voxel comes from."""
    ct, mask = np.indices(SHAPE, dtype=float)[axis], one_node[1]
    wide = {**PARAMETERS, "window_hu": [0.0, 200.0], "padding_hu": 0.0}
    highest = PREPARATION.training_patch(ct, mask, SPACING, wide)[CT_HU].max()
    inputs = PREPARATION.prepare(ct, mask, SPACING, wide)
    for values, at in zip(inputs, INPUT_GRID.coordinates(ct, mask, SPACING, wide), strict=True):
        assert at.shape == (*values.shape, 3)
        seen = values > np.float32(0.0011)
        assert seen.any()
        assert np.allclose(values[seen], at[..., axis][seen] / highest + 0.001, atol=1e-5)


def test_places_are_those_of_the_series_from_any_part_of_it(one_node):
    needed = PREPARATION.needed_box(node_box(one_node[1]), SHAPE, SPACING, PARAMETERS)
    arrays, place = part(*one_node, needed)
    whole = INPUT_GRID.coordinates(*one_node, SPACING, PARAMETERS)
    assert equal(INPUT_GRID.coordinates(*arrays, SPACING, PARAMETERS, **place), whole)
    for places in whole:
        assert places.min() >= 0
        assert (places.reshape(-1, 3).max(axis=0) <= np.array(SHAPE) - 1).all()
