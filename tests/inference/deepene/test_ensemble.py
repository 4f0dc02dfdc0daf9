"""The ensemble: the goldens of one and of 25 members, its arithmetic, and its refusals."""

import json
import math

import numpy as np
import pytest
import torch

from cohorts.vocabulary import NodeCategory
from inference.deepene.checkpoints import CheckpointError, MemberFile, save_checkpoint
from inference.deepene.ensemble import (
    DecisionThresholds,
    Ensemble,
    EnsembleMember,
    category_from_probabilities,
)
from inference.deepene.network import INPUT_SHAPE
from inference.deepene.parameters import REFERENCE_FINGERPRINT, PreprocessingParameters
from inference.deepene.preprocessing import prepare_node
from inference.deepene.untrained import untrained_state


@pytest.fixture(scope="module")
def told(reference):
    return json.loads((reference / "golden_end_to_end.json").read_text())


@pytest.fixture(scope="module")
def golden_inputs(reference, told):
    """The two nodes of the volume, prepared by us, and the six cases as published."""
    golden = np.load(reference / "golden_end_to_end.npz")
    parameters = PreprocessingParameters(fingerprint=REFERENCE_FINGERPRINT)
    inputs = [
        prepare_node(
            golden["ct"], golden["labels"] == node["label"], told["spacing_zyx"], parameters
        ).network_input
        for node in told["nodes"]
    ]
    for case in told["ids"][2:]:
        inputs.append(np.load(reference / f"golden_preprocess_{case}.npz")["network_input"])
    return np.stack([node.reshape(INPUT_SHAPE) for node in inputs])


@pytest.mark.golden
def test_one_model_agrees_end_to_end(told, golden_inputs, synthetic_state):
    member = EnsembleMember(0, 0, lambda: synthetic_state(told["single_model_seed"]))
    prediction = Ensemble([member]).predict(golden_inputs)
    assert len(told["single"]) == 8
    for node, expected in enumerate(told["single"]):
        ours = prediction.member_logits[0, node]
        np.testing.assert_allclose(ours, expected["logits"], atol=1e-3, rtol=0)
        assert prediction.metastasis_score[node] == pytest.approx(expected["met"], abs=1e-3)
        assert prediction.ene_score[node] == pytest.approx(expected["ene"], abs=1e-3)


@pytest.mark.golden
def test_twenty_five_models_agree_end_to_end(reference, told, golden_inputs, synthetic_state):
    members = [
        EnsembleMember(run, fold, lambda seed=seed: synthetic_state(seed))
        for run, seeds in enumerate(told["ensemble_seeds"])
        for fold, seed in enumerate(seeds)
    ]
    assert len(members) == 25
    prediction = Ensemble(members).predict(golden_inputs)
    theirs = np.load(reference / "golden_end_to_end.npz")["ensemble_logits"]
    np.testing.assert_allclose(prediction.member_logits, theirs, atol=1e-3, rtol=0)
    for node, expected in enumerate(told["ensemble"]):
        for ours, name in [
            (prediction.metastasis_score, "met"),
            (prediction.ene_score, "ene"),
            (prediction.metastasis_probability, "met_probability"),
            (prediction.ene_probability, "ene_probability"),
        ]:
            assert ours[node] == pytest.approx(expected[name], abs=1e-4), (node, name)


@pytest.fixture(scope="module")
def members():
    states = {fold: untrained_state(20 + fold) for fold in range(3)}
    return [EnsembleMember(0, fold, lambda fold=fold: states[fold]) for fold in states]


@pytest.fixture(scope="module")
def nodes():
    noise = torch.randn((5, *INPUT_SHAPE), generator=torch.Generator().manual_seed(9))
    return noise.numpy()


def test_scores_are_means_of_logits_and_only_they_become_probabilities(members, nodes):
    prediction = Ensemble(members).predict(nodes)
    logits = prediction.member_logits.astype(float)
    assert logits.shape == (3, 5, 6)
    np.testing.assert_allclose(prediction.member_metastasis, logits[..., ::2].mean(-1), rtol=1e-12)
    np.testing.assert_allclose(prediction.member_ene, logits[..., 1::2].mean(-1), rtol=1e-12)
    np.testing.assert_allclose(
        prediction.metastasis_score, prediction.member_metastasis.mean(0), rtol=1e-12
    )
    for node in range(5):
        probability = 1 / (1 + math.exp(-prediction.ene_score[node]))
        assert prediction.ene_probability[node] == pytest.approx(probability, rel=1e-12)
    assert prediction.member_names == ("RUN0/fold0", "RUN0/fold1", "RUN0/fold2")


def test_predicting_twice_gives_the_same_bits(members, nodes):
    ensemble = Ensemble(members)
    first, second = ensemble.predict(nodes), ensemble.predict(nodes)
    assert first.member_logits.tobytes() == second.member_logits.tobytes()


def test_networks_kept_in_memory_give_the_same_bits_and_load_once(members, nodes):
    loaded = []

    def counted(member):
        def load_state():
            loaded.append(member.name)
            return member.load_state()

        return EnsembleMember(member.run, member.fold, load_state)

    kept = Ensemble([counted(member) for member in members], keep_in_memory=True)
    first, second = kept.predict(nodes), kept.predict(nodes)
    assert loaded == ["RUN0/fold0", "RUN0/fold1", "RUN0/fold2"]
    fresh = Ensemble(members).predict(nodes)
    for prediction in (first, second):
        assert prediction.member_logits.tobytes() == fresh.member_logits.tobytes()


def test_the_order_of_nodes_and_the_batch_size_do_not_matter(members, nodes):
    order = [3, 0, 4, 1, 2]
    straight = Ensemble(members).predict(nodes)
    shuffled = Ensemble(members).predict(nodes[order], batch_size=2)
    np.testing.assert_allclose(
        shuffled.member_logits, straight.member_logits[:, order], atol=1e-4, rtol=0
    )


def test_the_order_of_members_does_not_matter(members, nodes):
    straight = Ensemble(members).predict(nodes)
    reverse = Ensemble(members[::-1]).predict(nodes)
    np.testing.assert_allclose(reverse.ene_score, straight.ene_score, rtol=1e-12)


def test_progress_counts_node_passes(members, nodes):
    seen = []
    Ensemble(members).predict(nodes, batch_size=2, progress=lambda *done: seen.append(done))
    assert seen == [(done, 15) for done in (2, 4, 5, 7, 9, 10, 12, 14, 15)]


def test_an_exception_of_the_progress_callback_stops_the_prediction(members, nodes):
    def stop(done, _total):
        if done >= 4:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        Ensemble(members).predict(nodes, batch_size=2, progress=stop)


def test_members_come_from_files_checked_against_their_digest(members, nodes, tmp_path):
    path = tmp_path / "member.pth"
    digest = save_checkpoint(path, members[0].load_state())
    member_file = MemberFile(0, 0, path)
    from_file = Ensemble([EnsembleMember.from_file(member_file, expected_sha256=digest)])
    expected = Ensemble(members[:1]).predict(nodes)
    assert from_file.predict(nodes).member_logits.tobytes() == expected.member_logits.tobytes()
    with pytest.raises(CheckpointError, match="has changed"):
        Ensemble([EnsembleMember.from_file(member_file, expected_sha256="0" * 64)]).predict(nodes)


def test_refuses_an_ensemble_without_members_or_with_one_twice(members):
    with pytest.raises(ValueError, match="at least one member"):
        Ensemble([])
    with pytest.raises(ValueError, match="RUN0/fold1 more than once"):
        Ensemble([members[0], members[1], members[1]])


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        (np.zeros((2, 1, 2, 12, 60, 60)), r"shape \(N, 1, 2, 9, 60, 60\)"),
        (np.zeros(INPUT_SHAPE), "must have shape"),
        (np.zeros((0, *INPUT_SHAPE)), "empty"),
        (np.stack([np.zeros(INPUT_SHAPE), np.full(INPUT_SHAPE, np.nan)]), r"\[1\] .* not finite"),
    ],
)
def test_refuses_inputs_that_are_no_nodes(members, inputs, sentence):
    with pytest.raises(ValueError, match=sentence):
        Ensemble(members).predict(inputs)


def test_refuses_a_batch_size_of_zero(members, nodes):
    with pytest.raises(ValueError, match="batch_size"):
        Ensemble(members).predict(nodes, batch_size=0)


def test_refuses_a_member_whose_logits_overflow(members, nodes):
    state = dict(members[0].load_state())
    state["fuse_all_ene.weight"] = torch.full_like(state["fuse_all_ene.weight"], 3e38)
    with pytest.raises(ValueError, match="RUN4/fold2 gave a logit that is not finite"):
        Ensemble([EnsembleMember(4, 2, lambda: state)]).predict(nodes)


@pytest.mark.parametrize(
    ("metastasis", "ene", "category"),
    [
        (0.39, 0.99, NodeCategory.BENIGN),
        (0.40, 0.59, NodeCategory.METASTASIS),
        (0.40, 0.60, NodeCategory.METASTASIS_ENE),
        (1.0, 0.0, NodeCategory.METASTASIS),
        (0.0, 0.0, NodeCategory.BENIGN),
    ],
)
def test_a_category_needs_the_metastasis_threshold_first(metastasis, ene, category):
    thresholds = DecisionThresholds(metastasis=0.4, ene=0.6)
    assert category_from_probabilities(metastasis, ene, thresholds) is category


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_refuses_what_is_no_probability(value):
    with pytest.raises(ValueError, match=r"thresholds\.ene must be a probability"):
        DecisionThresholds(metastasis=0.5, ene=value)
    with pytest.raises(ValueError, match="metastasis_probability must be a probability"):
        category_from_probabilities(value, 0.5, DecisionThresholds(metastasis=0.5, ene=0.5))
