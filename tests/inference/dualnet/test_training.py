"""Training: the loss by hand, first weights as Keras makes them, what decays, and learning."""

import math

import numpy as np
import pytest
import torch

from inference.dualnet.network import DualNetNetwork
from inference.dualnet.preparation import PREPARATION
from inference.dualnet.runner import RUNNER
from inference.dualnet.training import loss
from inference.training.settings import settings_of
from tests.inference.dualnet.nodes import SPACING, node

pytestmark = pytest.mark.no_database


@pytest.fixture(scope="module")
def network():
    network = RUNNER.network()
    RUNNER.initialise(network, 5)
    return network


def bce(logit, label):
    probability = 1 / (1 + math.exp(-logit))
    return -math.log(probability if label else 1 - probability)


LOGITS = [[0.3, -1.0], [-0.7, 0.2], [1.5, 0.9], [2.0, -0.4]]
METASTASIS = [0.0, 1.0, 1.0, 1.0]
ENE = [0.0, 0.0, 1.0, 0.0]


def test_the_loss_is_the_sum_of_two_means():
    met = np.mean([bce(row[0], label) for row, label in zip(LOGITS, METASTASIS, strict=True)])
    ene = np.mean([bce(row[1], label) for row, label in zip(LOGITS, ENE, strict=True)])
    found = loss(*map(torch.tensor, (LOGITS, METASTASIS, ENE, [1.0] * 4)))
    assert found.item() == pytest.approx(met + ene, abs=1e-6)


@pytest.mark.parametrize("benign_known", [0.0, 1.0])
def test_unknown_ene_does_not_count_and_benign_nodes_always_do(benign_known):
    known = [benign_known, 1.0, 1.0, 0.0]
    met = np.mean([bce(row[0], label) for row, label in zip(LOGITS, METASTASIS, strict=True)])
    ene = np.mean([bce(LOGITS[i][1], ENE[i]) for i in (0, 1, 2)])
    found = loss(*map(torch.tensor, (LOGITS, METASTASIS, ENE, known)))
    assert found.item() == pytest.approx(met + ene, abs=1e-6)


def test_a_batch_without_known_ene_is_judged_by_metastasis_alone():
    logits = torch.tensor(LOGITS[1:], requires_grad=True)
    found = loss(logits, torch.ones(3), torch.zeros(3), torch.zeros(3))
    assert found.item() == pytest.approx(np.mean([bce(row[0], 1) for row in LOGITS[1:]]), abs=1e-6)
    found.backward()
    assert not logits.grad[:, 1].any()


def test_first_weights_follow_from_the_seed_alone(network):
    again = RUNNER.network()
    state = torch.random.get_rng_state()
    RUNNER.initialise(again, 5)
    assert torch.equal(torch.random.get_rng_state(), state)
    pairs = zip(network.state_dict().values(), again.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    RUNNER.initialise(again, 6)
    assert not torch.equal(network.get_parameter("conv1.weight"), again.conv1.weight)


def test_first_weights_are_those_of_keras(network):
    for name, parameter in network.named_parameters():
        layer, kind = name.rsplit(".", 1)
        if layer.startswith("bn"):
            assert (parameter == (1 if kind == "weight" else 0)).all()
        elif kind == "bias":
            assert not parameter.any()
        elif layer == "dense_4":
            assert parameter.abs().max() <= 1  # sqrt(6 / (4 + 2))
        else:
            sd = math.sqrt(2 / parameter[0].numel())
            assert parameter.abs().max() <= 2 * sd / 0.8796
            if parameter.numel() > 20_000:
                assert parameter.std().item() == pytest.approx(sd, rel=0.02)


def test_kernels_of_convolutions_and_of_the_two_wide_layers_decay(network, weight_table):
    decaying, others = RUNNER.parameter_groups(network, 0.002)
    assert (decaying["weight_decay"], others["weight_decay"]) == (0.002, 0.0)
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    decays = {names.pop(id(parameter)) for parameter in decaying["params"]}
    assert {names.pop(id(parameter)) for parameter in others["params"]}
    assert not names
    convolutions = {
        entry["pytorch_key"]
        for entry in weight_table["tensors"]
        if entry["mapping"].startswith("conv")
    }
    assert len(convolutions) == 14
    assert decays == convolutions | {"dense.weight", "dense_1.weight"}


def test_weight_decay_has_the_gradient_of_keras_penalty():
    weight = torch.tensor([0.7, -1.3], requires_grad=True)
    (0.001 * weight.square().sum()).backward()
    decay = RUNNER.training_defaults()["weight_decay"]
    assert torch.allclose(weight.grad, decay * weight.detach())


def test_the_defaults_are_complete_settings_of_a_training():
    settings = settings_of("DualNet")
    assert (settings.batch_size, settings.learning_rate) == (16, 0.001)
    assert settings.early_stopping == 20
    momentum = DualNetNetwork().bn1.momentum
    assert settings.batch_norm_momentum == momentum == 0.01


def test_a_few_steps_lower_the_loss(network):
    """Two nodes, full batch, the same dropout in each step: plain gradient descent."""
    nodes = [node(seed=1, hu=40), node(seed=2, centre=(20, 80, 100), radii=(4, 12, 11), hu=140)]
    prepared = [PREPARATION.prepare(ct, mask, SPACING, {}) for ct, mask in nodes]
    inputs = [torch.from_numpy(np.stack(arrays)) for arrays in zip(*prepared, strict=True)]
    labels = [torch.tensor(values) for values in ([0.0, 1.0], [0.0, 1.0], [1.0, 1.0])]
    groups = RUNNER.parameter_groups(network, 0.002)
    optimiser, seen = torch.optim.SGD(groups, lr=0.002), []
    network.train()
    with torch.random.fork_rng():
        for step in range(3):
            torch.manual_seed(1)
            optimiser.zero_grad()
            value = RUNNER.loss(network, inputs, *labels)
            seen.append(value.item())
            if step < 2:
                value.backward()
                optimiser.step()
    assert seen[2] < seen[1] < seen[0]
