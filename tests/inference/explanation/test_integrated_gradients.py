"""Attributions against closed forms, against an independent implementation, and as a sum."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from inference.deepene.network import DeepENENetwork
from inference.deepene.untrained import untrained_state
from inference.explanation.integrated_gradients import (
    Accuracy,
    Attribution,
    Member,
    NotComplete,
    ensemble_attribution,
)
from inference.runner import runner_of

pytestmark = pytest.mark.no_database

PLAIN = Accuracy(steps=32, most_steps=32, limit=np.inf)


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """More threads than free cores only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Quadratic(nn.Module):
    """Score a . x + x B x of two inputs, taken as one vector."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Parameter(torch.zeros(5))
        self.square = nn.Parameter(torch.zeros(5, 5))

    def forward(self, first, second):
        x = torch.cat([first.flatten(1), second.flatten(1)], dim=1)
        return x @ self.linear + ((x @ self.square) * x).sum(1)


class Bent(nn.Module):
    """A score that is flat, and then steep: relu(sum(x) - bend)."""

    def __init__(self):
        super().__init__()
        self.bend = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return 100 * torch.relu(x.flatten(1).sum(1) - self.bend)


def pair(network, inputs):
    score = network(*inputs)
    return torch.stack((torch.full_like(score, torch.nan), score), dim=1)


def member(state, *inputs, name="one"):
    return Member(name=name, load=lambda: state, inputs=inputs)


def weights(seed):
    rng = np.random.default_rng(seed)
    return {
        "linear": torch.from_numpy(rng.normal(size=5).astype(np.float32)),
        "square": torch.from_numpy(rng.normal(size=(5, 5)).astype(np.float32)),
    }


def closed_form(state, x, baseline):
    """(x - b) times the mean gradient, which for a quadratic score is the one halfway."""
    a, b = state["linear"].double().numpy(), state["square"].double().numpy()
    return (x - baseline) * (a + (b + b.T) @ ((x + baseline) / 2))


@pytest.mark.parametrize("steps", [1, 2, 32])
@pytest.mark.parametrize("baseline", [0.0, 0.001, -1.5])
def test_a_quadratic_score_is_attributed_exactly(steps, baseline):
    rng = np.random.default_rng(3)
    first, second = rng.normal(size=(3,)).astype(np.float32), rng.normal(size=(1, 2))
    second = second.astype(np.float32)
    found = ensemble_attribution(
        Quadratic(),
        pair,
        [member(weights(1), first, second)],
        baseline=baseline,
        accuracy=replace(PLAIN, steps=steps, most_steps=steps),
    )
    x = np.concatenate([first, second.ravel()]).astype(np.float64)
    expected = closed_form(weights(1), x, baseline)
    assert found.values[1].shape == (1, 2)
    got = np.concatenate([values.ravel() for values in found.values])
    np.testing.assert_allclose(got, expected, rtol=2e-5, atol=2e-6)
    assert found.total == pytest.approx(found.score - found.baseline_score, abs=1e-5)


def test_an_ensemble_is_the_mean_of_its_members_each_with_its_own_input():
    rng = np.random.default_rng(4)
    inputs = [tuple(rng.normal(size=(2, n)).astype(np.float32)) for n in (3, 2)]
    members = [
        member(weights(seed), inputs[0][seed], inputs[1][seed], name=str(seed)) for seed in (0, 1)
    ]
    both = ensemble_attribution(Quadratic(), pair, members, baseline=0.0, accuracy=PLAIN)
    alone = [
        ensemble_attribution(Quadratic(), pair, [one], baseline=0.0, accuracy=PLAIN)
        for one in members
    ]
    for index in (0, 1):
        expected = (alone[0].values[index] + alone[1].values[index]) / 2
        np.testing.assert_allclose(both.values[index], expected, rtol=1e-12)
    assert both.score == pytest.approx((alone[0].score + alone[1].score) / 2)


def test_intervals_are_halved_where_the_score_bends():
    x = np.full((4,), 0.25, np.float32)
    bent = [member({"bend": torch.tensor(0.9371)}, x)]
    plain = ensemble_attribution(Bent(), pair, bent, baseline=0.0, accuracy=PLAIN)
    assert plain.completeness_error > 0.05
    fine = ensemble_attribution(Bent(), pair, bent, baseline=0.0)
    assert fine.completeness_error <= 0.01
    assert 32 < fine.steps < 48
    assert fine.total == pytest.approx(100 * (1 - 0.9371), rel=0.01)
    np.testing.assert_allclose(fine.values[0], fine.total / 4, rtol=1e-6)


def test_what_does_not_add_up_is_refused_with_its_numbers():
    x = np.full((4,), 0.25, np.float32)
    bent = [member({"bend": torch.tensor(0.9371)}, x)]
    with pytest.raises(NotComplete, match=r"sum to .* differs from the baseline's by 6\.29"):
        ensemble_attribution(Bent(), pair, bent, baseline=0.0, accuracy=replace(PLAIN, limit=0.05))


def test_a_member_without_a_finite_score_is_named():
    x = np.full((4,), 0.25, np.float32)
    broken = [member({"bend": torch.tensor(torch.nan)}, x, name="RUN3/fold1")]
    with pytest.raises(ValueError, match="RUN3/fold1"):
        ensemble_attribution(Bent(), pair, broken, baseline=0.0)


def test_no_member_and_no_step_are_refused():
    with pytest.raises(ValueError, match="members is empty"):
        ensemble_attribution(Bent(), pair, [], baseline=0.0)
    with pytest.raises(ValueError, match="steps must be positive"):
        Accuracy(steps=0)


def test_progress_can_stop_the_work():
    x = np.full((4,), 0.25, np.float32)
    told = []

    def stop(done, total):
        told.append((done, total))
        if done == 1:
            raise KeyboardInterrupt

    members = [member({"bend": torch.tensor(0.5)}, x)] * 3
    with pytest.raises(KeyboardInterrupt):
        ensemble_attribution(Bent(), pair, members, baseline=0.0, progress=stop)
    assert told[-1] == (1, 3)


def test_an_error_near_the_baseline_is_relative_to_a_tenth_of_a_logit():
    near = Attribution(values=(np.array([0.011]),), score=0.001, baseline_score=0.0, steps=1)
    assert near.completeness_error == pytest.approx(0.1)


@pytest.fixture(scope="module")
def node():
    rng = np.random.default_rng(5)
    y, x = np.ogrid[-29.5:30, -29.5:30]
    disc = np.hypot(y, x) < 18
    noise = rng.normal(size=(1, 2, 9, 60, 60)).astype(np.float32)
    return np.where(disc, noise, np.float32(0))


@pytest.fixture(scope="module")
def states():
    return [untrained_state(seed) for seed in (11, 12)]


@pytest.fixture(scope="module")
def deepene(node, states):
    members = [member(state, node, name=str(index)) for index, state in enumerate(states)]
    runner = runner_of("DeepENE")
    return ensemble_attribution(runner.network(), runner.pair, members, baseline=0.0)


def test_the_attributions_of_deepene_are_complete(deepene):
    assert deepene.completeness_error <= 0.02
    assert 32 <= deepene.steps <= 256


def test_the_scores_are_those_of_the_networks(deepene, node, states):
    runner = runner_of("DeepENE")
    network = runner.network().eval()
    both = []
    for state in states:
        network.load_state_dict(state)
        with torch.inference_mode():
            inputs = torch.from_numpy(np.stack([np.zeros_like(node), node]))
            both.append(runner.pair(network, [inputs])[:, 1].numpy())
    baseline, score = np.mean(both, axis=0)
    assert deepene.score == pytest.approx(score, abs=1e-5)
    assert deepene.baseline_score == pytest.approx(baseline, abs=1e-5)


def test_nothing_is_attributed_where_the_input_is_the_baseline(deepene, node):
    assert np.array_equal(deepene.values[0] != 0, node != 0)


def other_way(network, node, steps):
    """The trapezoid rule written anew, in double precision and without batches."""
    network = network.double()
    x = torch.from_numpy(node.astype(np.float64))[None]
    total = torch.zeros_like(x)
    for step in range(steps + 1):
        point = (x * (step / steps)).requires_grad_(True)
        logits = network(point)
        logits[0, [1, 3, 5]].mean().backward()
        total += point.grad * (0.5 if step in {0, steps} else 1.0) / steps
    return (total * x)[0].numpy()


def test_deepene_agrees_with_an_independent_trapezoid_rule(node, states):
    network = DeepENENetwork().eval()
    network.load_state_dict(states[0])
    expected = other_way(network, node, 4)
    runner = runner_of("DeepENE")
    found = ensemble_attribution(
        runner.network(),
        runner.pair,
        [member(states[0], node)],
        baseline=0.0,
        accuracy=replace(PLAIN, steps=4, most_steps=4),
    )
    difference = np.abs(found.values[0] - expected)
    assert difference.max() <= 1e-3 * np.abs(expected).max()
    assert np.corrcoef(found.values[0].ravel(), expected.ravel())[0, 1] > 0.999999


def test_deepene_agrees_with_captum(node, states):
    """Captum's trapezoid rule spreads a weight of 1 over n points that need n - 1."""
    attr = pytest.importorskip("captum.attr", reason="captum is not installed: pip install captum")
    network = DeepENENetwork().eval()
    network.load_state_dict(states[0])

    def score(x):
        return network(x)[:, [1, 3, 5]].mean(dim=1)

    steps = 4
    theirs = attr.IntegratedGradients(score).attribute(
        torch.from_numpy(node)[None],
        baselines=0.0,
        n_steps=steps + 1,
        method="riemann_trapezoid",
    )
    expected = theirs[0].detach().double().numpy() * (steps + 1) / steps
    runner = runner_of("DeepENE")
    found = ensemble_attribution(
        runner.network(),
        runner.pair,
        [member(states[0], node)],
        baseline=0.0,
        accuracy=replace(PLAIN, steps=steps, most_steps=steps),
    )
    difference = np.abs(found.values[0] - expected)
    assert difference.max() <= 1e-4 * np.abs(expected).max()
