"""The network: keys and shapes as published, goldens to the stated limits."""

import hashlib

import numpy as np
import pytest
import torch

from inference.dualnet.network import DualNetNetwork, folded
from inference.dualnet.parameters import BOX_SHAPE, SMALL_SHAPE

pytestmark = pytest.mark.no_database

STAGES = ("pool4", "pool4s", "fc", "out_small", "dense_2", "dense_3")


@pytest.fixture(scope="module")
def golden_inputs(golden_network) -> tuple[torch.Tensor, torch.Tensor]:
    box, small = golden_network["box"], golden_network["small"]
    return torch.from_numpy(box)[:, None], torch.from_numpy(small)[:, None]


@pytest.fixture(scope="module")
def stages(synthetic_network, golden_inputs):
    with torch.inference_mode():
        return synthetic_network.stages(*golden_inputs)


def test_keys_order_and_shapes_are_the_published_ones(weight_table):
    with torch.device("meta"):
        network = DualNetNetwork()
    found = [
        (key, list(tensor.shape))
        for key, tensor in network.state_dict().items()
        if not key.endswith("num_batches_tracked")
    ]
    expected = [(entry["pytorch_key"], entry["pytorch_shape"]) for entry in weight_table["tensors"]]
    assert found == expected
    trainable = {entry["pytorch_key"] for entry in weight_table["tensors"] if entry["trainable"]}
    assert trainable == {key for key, _ in network.named_parameters()}
    statistics = (e for e in weight_table["tensors"] if not e["trainable"])
    total = sum(parameter.numel() for parameter in network.parameters())
    total += sum(int(np.prod(entry["pytorch_shape"])) for entry in statistics)
    assert total == weight_table["parameters_total"]


def test_the_recipe_of_the_synthetic_weights_is_followed(weight_table, synthetic_state):
    digest = hashlib.sha256()
    for entry in weight_table["tensors"]:
        digest.update(synthetic_state[entry["pytorch_key"]].numpy().tobytes())
    assert digest.hexdigest() == weight_table["public_sha256_of_all_tensors_in_order"]


@pytest.mark.golden
def test_logits_and_probabilities_equal_the_goldens(stages, golden_network):
    assert np.abs(stages.logits.numpy() - golden_network["logits"]).max() <= 1e-4
    probabilities = torch.sigmoid(stages.logits).numpy()
    assert np.abs(probabilities - golden_network["prob"]).max() <= 2e-5


@pytest.mark.golden
@pytest.mark.parametrize("name", STAGES)
def test_what_leads_to_the_logits_equals_the_goldens(stages, golden_network, name):
    found = getattr(stages, name).numpy()
    assert found.shape == golden_network[name].shape
    assert np.abs(found - golden_network[name]).max() <= 2e-4


@pytest.mark.golden
def test_folding_the_batch_norms_changes_logits_by_rounding_only(
    synthetic_network, golden_inputs, golden_network
):
    before = {key: tensor.clone() for key, tensor in synthetic_network.state_dict().items()}
    network = folded(synthetic_network)
    with torch.inference_mode():
        logits = network(*golden_inputs)
    assert np.abs(logits.numpy() - golden_network["logits"]).max() <= 1e-4
    assert not [
        m for m in network.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)
    ]
    assert all(torch.equal(before[k], t) for k, t in synthetic_network.state_dict().items())


WRONG_INPUTS = [
    ((1, 1, 32, 118, 117), (1, 1, *SMALL_SHAPE), r"box must have shape \(B, 1, 32, 118, 118\)"),
    ((1, *BOX_SHAPE), (1, 1, *SMALL_SHAPE), "box must have shape"),
    ((1, 1, *BOX_SHAPE), (1, 2, *SMALL_SHAPE), r"small must have shape \(B, 1, 32, 32, 32\)"),
]


@pytest.mark.parametrize(("box", "small", "sentence"), WRONG_INPUTS)
def test_refuses_inputs_of_another_shape(box, small, sentence):
    with torch.device("meta"):
        network = DualNetNetwork()
    with pytest.raises(ValueError, match=sentence):
        network(torch.zeros(box), torch.zeros(small))


def test_dropout_acts_in_training_only(synthetic_network, golden_inputs):
    box, small = (values[:1] for values in golden_inputs)
    network = folded(synthetic_network)  # no batch norm: its statistics would move in training
    with torch.inference_mode():
        assert torch.equal(network(box, small), network(box, small))
        network.train()
        with torch.random.fork_rng():
            torch.manual_seed(3)
            assert not torch.equal(network(box, small), network(box, small))
