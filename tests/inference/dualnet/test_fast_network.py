"""The local path: the golden logits, and the plain path's wherever in the box a node lies."""

import numpy as np
import pytest
import torch

from inference.dualnet.fast_network import LocalDualNet
from inference.dualnet.parameters import BOX_SHAPE, SMALL_SHAPE

pytestmark = pytest.mark.no_database


@pytest.fixture(scope="module")
def fast(synthetic_network) -> LocalDualNet:
    return LocalDualNet(synthetic_network)


def pair(network, box, small):
    with torch.inference_mode():
        return network(torch.from_numpy(box), torch.from_numpy(small)).numpy()[0]


@pytest.mark.golden
@pytest.mark.parametrize("index", range(7))
def test_logits_equal_the_goldens(fast, golden_network, index):
    box, small = (golden_network[name][index][None, None] for name in ("box", "small"))
    assert np.abs(pair(fast, box, small) - golden_network["logits"][index]).max() <= 1e-4


REGIONS = [
    ((0, 1), (0, 1), (0, 1)),
    ((31, 32), (117, 118), (117, 118)),
    ((30, 32), (0, 118), (50, 51)),
    ((0, 32), (58, 61), (116, 118)),
    ((7, 12), (33, 60), (57, 84)),
]


@pytest.mark.parametrize("region", REGIONS)
def test_logits_are_those_of_the_plain_path_wherever_the_node_lies(fast, synthetic_network, region):
    random = np.random.default_rng(8)
    box = np.full((1, 1, *BOX_SHAPE), 0.001, np.float32)
    at = tuple(slice(*side) for side in region)
    box[0, 0][at] = random.random(box[0, 0][at].shape, np.float32) + 1
    small = random.random((1, 1, *SMALL_SHAPE), np.float32)
    # Logits near 1 out of sums over 118 x 118 x 32 voxels: some processors leave more than 1e-5.
    assert np.abs(pair(fast, box, small) - pair(synthetic_network, box, small)).max() <= 5e-5


def test_a_background_of_another_value_is_computed_in_full(fast, synthetic_network):
    box, small = np.full((1, 1, *BOX_SHAPE), 0.3, np.float32), np.zeros((1, 1, *SMALL_SHAPE), "f4")
    assert np.abs(pair(fast, box, small) - pair(synthetic_network, box, small)).max() <= 1e-5
