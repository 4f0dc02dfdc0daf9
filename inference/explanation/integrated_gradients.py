"""Integrated gradients of an ensemble's ENE logit (inference.explanation, pure).

A score's gradient is averaged on the straight way from a baseline input to the node's own, and
multiplied by their difference. The attributions of all input voxels then sum to the score minus
the baseline's score, up to the error of the numerical integral: completeness. The integral is a
trapezoid rule. Networks with rectifiers and maxima bend sharply on that way, so that equal steps
waste most of their points: intervals are halved where the rule and the score disagree most.

References
----------
Sundararajan M, Taly A, Yan Q. Axiomatic attribution for deep networks. ICML 2017. arXiv:1703.01365.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from inference.runner import Inputs, Progress

SMALLEST_DIFFERENCE = 0.1
"""Logits. A score this near to the baseline's has little to explain: errors are relative to it."""

MOST_AT_ONCE, MOST_VOXELS_AT_ONCE = 16, 1_050_000
"""Points of the way in one pass, and their input voxels: they bound the memory, and change results
by rounding only."""

_ENE = 1

Pair = Callable[[nn.Module, Sequence[Tensor]], Tensor]
"""Metastasis and ENE logits (N, 2) of N nodes; see `inference.runner.Runner.pair`."""

Floats = npt.NDArray[np.float64]
Arrays = tuple[Floats, ...]


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """How finely the integral is computed, and how far off it may be.

    Attributes
    ----------
    steps : int
        Equal intervals of every member at first.
    most_steps : int
        Intervals of a member at most; as many as `steps` give the plain trapezoid rule.
    target : float
        Relative completeness error at which a member's intervals are halved no further.
    limit : float
        Largest relative completeness error of the ensemble that is taken for an explanation.
    """

    steps: int = 32
    most_steps: int = 256
    target: float = 0.01
    limit: float = 0.05

    def __post_init__(self) -> None:
        if self.steps < 1 or self.most_steps < 1:
            raise ValueError(f"steps must be positive, not {self.steps} and {self.most_steps}.")


class NotComplete(ValueError):
    """The attributions do not sum to what they should explain."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Member:
    """One network of the ensemble: a way to get its weights, and the node as it sees it.

    Attributes
    ----------
    name : str
        For people.
    load : callable
        Returns the state dict; called once.
    inputs : tuple of ndarray of float32
        The network's inputs, without node axis.
    """

    name: str
    load: Callable[[], Mapping[str, Tensor]]
    inputs: Inputs


@dataclass(frozen=True, eq=False, kw_only=True)
class Attribution:
    """What every input voxel contributed to the ensemble's score.

    Attributes
    ----------
    values : tuple of ndarray of float64
        Shaped like the inputs; logits. Means over the members.
    score, baseline_score : float
        Mean ENE logits of the node and of the baseline.
    steps : int
        Intervals of the member that took the most.
    """

    values: Arrays
    score: float
    baseline_score: float
    steps: int

    @property
    def total(self) -> float:
        """Sum of all attributions, in logits."""
        return math.fsum(float(array.sum()) for array in self.values)

    @property
    def completeness_error(self) -> float:
        """Distance of the sum from the difference of the scores, relative to that difference.

        Differences below `SMALLEST_DIFFERENCE` count as that much.
        """
        return relative_error(self.total, self.score - self.baseline_score)


def relative_error(total: float, difference: float) -> float:
    """Return how far a sum of attributions is from what it should be, relative to the latter."""
    return abs(total - difference) / max(abs(difference), SMALLEST_DIFFERENCE)


def ensemble_attribution(
    network: nn.Module,
    pair: Pair,
    members: Sequence[Member],
    *,
    baseline: float,
    accuracy: Accuracy = Accuracy(),
    device: str = "cpu",
    progress: Progress | None = None,
) -> Attribution:
    """Attribute the ensemble's ENE score of one node to the voxels of its input.

    One network takes the members' weights one after another, so that memory does not grow with
    their number. The score is a mean over members, hence so are its attributions.

    Parameters
    ----------
    network : nn.Module
        Of the architecture; its weights are overwritten. Left in evaluation mode on `device`.
    pair : callable
        Metastasis and ENE logits of network and inputs, differentiable in the inputs.
    members : sequence of Member
        At least one; all with inputs of the same shapes.
    baseline : float
        Value of every voxel of the baseline input.
    accuracy : Accuracy, optional
    device : str, optional
        Of torch.
    progress : callable, optional
        Told often how many members of how many are done.

    Returns
    -------
    Attribution

    Raises
    ------
    NotComplete
        If the ensemble's error exceeds the limit.
    ValueError
        If there is no member, or a score or gradient is not finite.
    """
    if not members:
        raise ValueError("members is empty: an ensemble needs at least one member.")
    network = network.to(device).requires_grad_(False).eval()
    sums: list[Floats] = [np.zeros(array.shape) for array in members[0].inputs]
    ends, most = np.zeros(2), 0
    for index, member in enumerate(members):
        network.load_state_dict(member.load(), strict=True)

        def beat(done: int = index) -> None:
            if progress is not None:
                progress(done, len(members))

        way = _Way(network, pair, member, baseline, device, beat)
        way.walk(accuracy)
        for total, values in zip(sums, way.attributions(), strict=True):
            np.add(total, values, out=total)
        ends += way.scores[[0, -1]]
        most = max(most, len(way.places) - 1)
        beat(index + 1)
    baseline_score, score = (ends / len(members)).tolist()
    found = Attribution(
        values=tuple(total / len(members) for total in sums),
        score=score,
        baseline_score=baseline_score,
        steps=most,
    )
    _refuse_incomplete(found, accuracy.limit)
    return found


def _refuse_incomplete(found: Attribution, limit: float) -> None:
    if found.completeness_error > limit:
        raise NotComplete(
            f"With {found.steps} steps the attributions sum to {found.total:.4f}, but the score "
            f"differs from the baseline's by {found.score - found.baseline_score:.4f} logits: more "
            f"than {limit:.0%} apart, so that the map would not explain the score."
        )


class _Way:
    """One member's straight way from the baseline to the node, and the points visited on it."""

    def __init__(
        self,
        network: nn.Module,
        pair: Pair,
        member: Member,
        baseline: float,
        device: str,
        beat: Callable[[], None],
    ) -> None:
        self._network, self._pair, self._device, self._beat = network, pair, device, beat
        self._member = member
        self._baseline = np.float32(baseline)
        # Where input and baseline agree nothing is attributed: those voxels are not kept.
        self._shown = [np.flatnonzero(array != self._baseline) for array in member.inputs]
        voxels = sum(array.size for array in member.inputs)
        self._at_once = min(MOST_AT_ONCE, max(1, MOST_VOXELS_AT_ONCE // voxels))
        self.places: Floats = np.zeros(0)
        self.scores: Floats = np.zeros(0)
        self._slopes: Floats = np.zeros(0)
        """Derivatives of the score along the way."""
        self._gradients: list[npt.NDArray[np.float32]] = []
        """At every place, gradient times difference of the shown voxels."""

    def walk(self, accuracy: Accuracy) -> None:
        """Visit equal intervals, then halve those where the trapezoid rule is worst."""
        self._visit(np.linspace(0.0, 1.0, accuracy.steps + 1))
        while (room := accuracy.most_steps - len(self.places) + 1) > 0:
            rises = np.diff(self.scores)
            misses = self._trapezoids() - rises
            if relative_error(misses.sum() + rises.sum(), rises.sum()) <= accuracy.target:
                return
            order = np.argsort(-np.abs(misses), kind="stable")
            share = np.cumsum(np.abs(misses)[order]) / np.abs(misses).sum()
            worst = order[: min(int((share < 0.5).sum()) + 1, MOST_AT_ONCE, room)]
            self._visit((self.places[worst] + self.places[worst + 1]) / 2)

    def attributions(self) -> list[Floats]:
        """Return the integral of every input voxel, shaped like the inputs."""
        widths = np.diff(self.places)
        weights = (np.append(widths, 0.0) + np.insert(widths, 0, 0.0)) / 2
        total: Floats = np.zeros(len(self._gradients[0]))
        for weight, gradient in zip(weights, self._gradients, strict=True):
            total += weight * gradient.astype(np.float64)
        return self._spread(total)

    def _trapezoids(self) -> Floats:
        return np.asarray(np.diff(self.places) * (self._slopes[1:] + self._slopes[:-1]) / 2)

    def _spread(self, shown: Floats) -> list[Floats]:
        """Put values of the shown voxels back where they belong, zero elsewhere."""
        results, begin = [], 0
        for array, at in zip(self._member.inputs, self._shown, strict=True):
            whole = np.zeros(array.size)
            whole[at] = shown[begin : begin + len(at)]
            results.append(whole.reshape(array.shape))
            begin += len(at)
        return results

    def _visit(self, places: Floats) -> None:
        """Compute score and gradient at new places, and sort them in among the others."""
        scores, gradients = [], []
        for part in np.array_split(places, math.ceil(len(places) / self._at_once)):
            points = [self._points(array, part) for array in self._member.inputs]
            score = self._pair(self._network, points)[:, _ENE]
            found = torch.autograd.grad(score.sum(), points)
            gradients.extend(self._products([gradient.cpu().numpy() for gradient in found]))
            scores.append(score.detach().cpu().double().numpy())
            self._beat()
        slopes = [float(gradient.sum(dtype=np.float64)) for gradient in gradients]
        if not np.isfinite([*np.concatenate(scores), *slopes]).all():
            raise ValueError(f"member {self._member.name} gave a score or gradient not finite.")
        joined = np.concatenate((self.places, places))
        order = np.argsort(joined, kind="stable")
        self.places = joined[order]
        self.scores = np.concatenate((self.scores, *scores))[order]
        self._slopes = np.concatenate((self._slopes, slopes))[order]
        kept = [*self._gradients, *gradients]
        self._gradients = [kept[index] for index in order]

    def _products(self, gradients: list[npt.NDArray[np.float32]]) -> list[npt.NDArray[np.float32]]:
        """Return, for every node of the pass, gradient times difference of the shown voxels."""
        parts = []
        for array, at, gradient in zip(self._member.inputs, self._shown, gradients, strict=True):
            difference = array.reshape(-1)[at] - self._baseline
            parts.append(gradient.reshape(len(gradient), -1)[:, at] * difference)
        return list(np.concatenate(parts, axis=1))

    def _points(self, array: npt.NDArray[np.float32], places: Floats) -> Tensor:
        """Return the inputs at these places of the way, with the node axis first."""
        along = places.astype(np.float32).reshape(-1, *[1] * array.ndim)
        points = self._baseline + along * (array - self._baseline)
        return torch.from_numpy(points).to(self._device).requires_grad_(True)
