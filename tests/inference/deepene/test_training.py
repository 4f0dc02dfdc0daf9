"""The loss, the first weights, and which weights decay."""

import json

import pytest
import torch

from inference.deepene import training
from inference.deepene.network import INPUT_SHAPE, DeepENENetwork


def labels_of(entry):
    metastasis = torch.tensor(entry["met"], dtype=torch.float32)
    ene = torch.tensor(entry["ene"], dtype=torch.float32)
    known = metastasis * (ene >= 0)
    return metastasis, ene.clamp(min=0), known


def test_the_loss_is_that_of_the_reference(reference):
    entries = json.loads((reference / "golden_loss.json").read_text())
    assert {entry["kind"] for entry in entries} >= {"mixed", "all benign", "all ENE unknown"}
    for entry in entries:
        logits = torch.tensor(entry["logits"])
        metastasis, ene, known = labels_of(entry)
        total = training.loss(logits, metastasis, ene, known)
        assert total.item() == pytest.approx(entry["total_loss"], abs=1e-5), entry["kind"]
        nothing = torch.zeros_like(known)
        of_metastasis = training.loss(logits, metastasis, ene, nothing)
        assert of_metastasis.item() == pytest.approx(entry["cls_loss"], abs=1e-5)
        assert (total - of_metastasis).item() == pytest.approx(entry["ene_loss"], abs=1e-5)


def test_benign_and_unknown_nodes_have_no_ene_gradient():
    logits = torch.zeros((3, 6), requires_grad=True)
    metastasis, ene = torch.tensor([0.0, 1.0, 1.0]), torch.tensor([0.0, 0.0, 1.0])
    training.loss(logits, metastasis, ene, torch.tensor([0.0, 0.0, 1.0])).backward()
    assert (logits.grad[:2, [1, 3, 5]] == 0).all()
    assert (logits.grad[2, [1, 3, 5]] != 0).all()
    assert (logits.grad[:, [0, 2, 4]] != 0).all()


@pytest.fixture(scope="module")
def fresh() -> DeepENENetwork:
    network = DeepENENetwork()
    training.initialise(network, 7)
    return network


def test_first_weights_follow_from_the_seed_alone(fresh):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    other, third = DeepENENetwork(), DeepENENetwork()
    state = torch.get_rng_state()
    training.initialise(other, 7)
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(before, state)  # building draws; initialising does not
    training.initialise(third, 8)
    for (key, mine), its, another in zip(
        fresh.state_dict().items(),
        other.state_dict().values(),
        third.state_dict().values(),
        strict=True,
    ):
        assert torch.equal(mine, its), key
        if mine.ndim > 1:
            assert not torch.equal(mine, another), key


def test_first_weights_have_the_documented_spread(fresh):
    state = fresh.state_dict()
    linear = state["backbone_preserve.meta_classifier.0.weight"]
    assert linear.std().item() == pytest.approx(0.01, rel=0.02)
    fuse = state["fuse_pre_meta.weight"]  # fan-out: 960
    assert fuse.std().item() == pytest.approx((2 / 960) ** 0.5, rel=0.02)
    depthwise = state["backbone_preserve.features.14.block.1.0.weight"]  # fan-in: 5 x 5
    assert depthwise.std().item() == pytest.approx((2 / 25) ** 0.5, rel=0.05)
    for key, tensor in state.items():
        if key.endswith("bias"):
            assert (tensor == 0).all(), key


def test_fresh_logits_are_small_and_react_to_the_input(fresh):
    generator = torch.Generator().manual_seed(0)
    nodes = torch.randn((6, *INPUT_SHAPE), generator=generator)
    with torch.no_grad():
        logits = fresh.train()(nodes)
    assert logits.abs().max() < 3
    assert (logits.std(dim=0) > 0.01).all()


def test_weights_of_convolutions_and_linear_layers_decay_and_nothing_else(fresh):
    decaying, others = training.parameter_groups(fresh, 5e-4)
    assert (decaying["weight_decay"], others["weight_decay"]) == (5e-4, 0.0)
    names = {id(parameter): name for name, parameter in fresh.named_parameters()}
    assert len(decaying["params"]) + len(others["params"]) == len(names) == 334
    for parameter in decaying["params"]:
        assert names[id(parameter)].endswith("weight")
        assert parameter.ndim >= 2
    assert all(parameter.ndim == 1 for parameter in others["params"])


def test_a_step_with_decay_shrinks_weights_that_have_no_gradient():
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    before = {name: t.detach().clone() for name, t in network.named_parameters()}
    adam = torch.optim.Adam(training.parameter_groups(network, 0.1), lr=0.01)
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    adam.step()
    for name, tensor in network.named_parameters():
        moved = not torch.equal(tensor, before[name])
        assert moved == (name == "0.weight")
    assert (network[0].weight.detach().abs() < before["0.weight"].abs()).all()
