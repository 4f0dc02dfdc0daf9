"""The network: shapes and keys, the goldens of every stage, and laws of its arithmetic."""

import hashlib

import numpy as np
import pytest
import torch

from inference.deepene.network import (
    INPUT_SHAPE,
    LARGE,
    SMALL,
    DeepENENetwork,
    ene_score,
    metastasis_score,
)


@pytest.fixture(scope="module")
def untrained(untrained_weights):
    network = DeepENENetwork()
    network.load_state_dict(untrained_weights)
    return network.eval()


@pytest.fixture(scope="module")
def published(synthetic_state, state_table):
    network = DeepENENetwork()
    network.load_state_dict(synthetic_state(state_table["public_seed"]), strict=True)
    return network.eval()


def random_inputs(count: int) -> torch.Tensor:
    return torch.randn((count, *INPUT_SHAPE), generator=torch.Generator().manual_seed(3))


def logits_of(network, inputs):
    with torch.inference_mode():
        return network(inputs)


@pytest.mark.golden
def test_state_dict_has_the_published_keys_shapes_types_and_order(state_table):
    network = DeepENENetwork()
    trainable = {name for name, _ in network.named_parameters()}
    ours = [
        (key, list(tensor.shape), str(tensor.dtype).removeprefix("torch."), key in trainable)
        for key, tensor in network.state_dict().items()
    ]
    theirs = [(e["key"], e["shape"], e["dtype"], e["parameter"]) for e in state_table["entries"]]
    assert ours == theirs


@pytest.mark.golden
def test_the_weight_recipe_yields_the_published_digest(synthetic_state, state_table):
    digest = hashlib.sha256()
    for tensor in synthetic_state(state_table["public_seed"]).values():
        digest.update(tensor.numpy().tobytes())
    assert digest.hexdigest() == state_table["public_sha256_of_all_tensors_in_order"]


@pytest.mark.golden
def test_logits_and_scores_agree_with_the_goldens(published, reference):
    golden = np.load(reference / "golden_network.npz")
    logits = logits_of(published, torch.from_numpy(golden["inputs"]))
    np.testing.assert_allclose(logits.numpy(), golden["logits"], atol=1e-4, rtol=0)
    np.testing.assert_allclose(metastasis_score(logits), golden["met"], atol=1e-4, rtol=0)
    np.testing.assert_allclose(ene_score(logits), golden["ene"], atol=1e-4, rtol=0)


@pytest.mark.golden
def test_backbones_and_fuse_layers_agree_with_the_goldens(published, reference):
    golden = np.load(reference / "golden_network.npz")
    names = [name for name in golden.files if name.startswith("out__")]
    assert len(names) == 8
    seen = {}
    for name in names:
        module = published.get_submodule(name.removeprefix("out__").replace("__", "."))
        module.register_forward_hook(lambda _m, _i, out, name=name: seen.update({name: out}))
    logits_of(published, torch.from_numpy(golden["inputs"]))
    for name in names:
        ours = seen[name].numpy().reshape(golden[name].shape)
        np.testing.assert_allclose(ours, golden[name], atol=1e-3, rtol=0, err_msg=name)


@pytest.mark.golden
def test_every_stage_of_both_backbones_agrees_with_the_trace(published, reference):
    golden = np.load(reference / "golden_network.npz")
    trace = np.load(reference / "golden_network_trace.npz")
    node = torch.from_numpy(golden["inputs"][int(trace["input_index"])][None])
    compared = 0
    with torch.inference_mode():
        for stream, backbone in enumerate(("backbone_preserve", "backbone_invariant")):
            features = node[0, 0, stream].reshape(3, 3, 60, 60)
            for number, stage in enumerate(published.get_submodule(backbone).features):
                features = stage(features)
                name = f"{backbone}__features__{number:02d}"
                np.testing.assert_allclose(
                    features.numpy(), trace[name], atol=1e-3, rtol=0, err_msg=name
                )
                compared += 1
    assert compared == len(trace.files) - 1


@pytest.mark.parametrize("count", [0, 1, 3])
def test_gives_six_logits_per_node(untrained, count):
    assert logits_of(untrained, random_inputs(count)).shape == (count, 6)


@pytest.mark.parametrize(
    ("rows", "width", "sizes"),
    [
        (LARGE, 960, [30, 30, 15, 15, 8, 8, 8, 4, 4, 4, 4, 4, 4, 2, 2, 2, 2]),
        (SMALL, 576, [30, 15, 8, 8, 4, 4, 4, 4, 4, 2, 2, 2, 2]),
    ],
)
def test_stages_shrink_as_in_the_tables(untrained, rows, width, sizes):
    backbone = untrained.backbone_preserve if rows is LARGE else untrained.backbone_invariant
    features, seen = torch.zeros(3, 3, 60, 60), []
    with torch.inference_mode():
        for stage in backbone.features:
            features = stage(features)
            seen.append(features.shape[-1])
    assert seen == sizes
    assert features.shape == (3, width, 2, 2)


def test_has_the_published_number_of_parameters_and_tensors(untrained):
    assert sum(p.numel() for p in untrained.parameters()) == 17_426_518
    assert len(list(untrained.parameters())) == 334
    assert len(untrained.state_dict()) == 574


def test_a_node_does_not_depend_on_its_neighbours_in_the_batch(untrained):
    inputs = random_inputs(4)
    order = torch.tensor([2, 0, 3, 1])
    together = logits_of(untrained, inputs)
    shuffled = logits_of(untrained, inputs[order])
    torch.testing.assert_close(shuffled, together[order], atol=1e-4, rtol=0)
    for node in range(4):
        alone = logits_of(untrained, inputs[node : node + 1])
        torch.testing.assert_close(alone[0], together[node], atol=1e-4, rtol=0)


def test_each_stream_moves_only_its_own_and_the_fused_logits(untrained):
    inputs = random_inputs(1)
    base = logits_of(untrained, inputs)[0]
    for stream, own in ((0, [0, 1]), (1, [2, 3])):
        changed = inputs.clone()
        changed[:, :, stream] += 1.0
        moved = (logits_of(untrained, changed)[0] != base).nonzero().flatten().tolist()
        assert moved == sorted([*own, 4, 5])


def test_scores_are_means_of_every_other_logit():
    logits = torch.tensor([[1.0, 10.0, 2.0, 20.0, 6.0, 60.0]])
    assert metastasis_score(logits).tolist() == [3.0]
    assert ene_score(logits).tolist() == [30.0]


@pytest.mark.parametrize("shape", [(1, 2, 9, 60, 60), (1, 1, 2, 12, 60, 60), (1, 2, 1, 9, 60, 60)])
def test_refuses_another_input_shape(untrained, shape):
    with pytest.raises(ValueError, match=r"\(B, 1, 2, 9, 60, 60\)"):
        untrained(torch.zeros(shape))
