"""The ensemble: many members, one score per node (inference.deepene, pure).

Scores are means of logits over the members; only the result is turned into a probability.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from cohorts.vocabulary import NodeCategory
from inference.deepene.checkpoints import MemberFile, load_checkpoint
from inference.deepene.network import (
    INPUT_SHAPE,
    LOGIT_NAMES,
    DeepENENetwork,
    ene_score,
    metastasis_score,
)

Progress = Callable[[int, int], None]
"""Called with the node passes done and their total; raising an exception stops the prediction."""

DEFAULT_BATCH_SIZE = 16


@dataclass(frozen=True)
class EnsembleMember:
    """One member, known by run and fold, and a way to get its weights when they are needed."""

    run: int
    fold: int
    load_state: Callable[[], Mapping[str, Tensor]]

    @property
    def name(self) -> str:
        """The member's folder in a release of checkpoints."""
        return f"RUN{self.run}/fold{self.fold}"

    @classmethod
    def from_file(
        cls, member_file: MemberFile, *, expected_sha256: str | None = None
    ) -> "EnsembleMember":
        """Make a member whose weights come from a checkpoint, checked at every loading.

        Parameters
        ----------
        member_file : MemberFile
            Run, fold and path.
        expected_sha256 : str, optional
            The digest on record.

        Returns
        -------
        EnsembleMember
            Loading raises `CheckpointError` if the file is not what it should be.
        """

        def load_state() -> Mapping[str, Tensor]:
            return load_checkpoint(member_file.path, expected_sha256=expected_sha256).state

        return cls(member_file.run, member_file.fold, load_state)


@dataclass(frozen=True, eq=False, kw_only=True)
class EnsemblePrediction:
    """Scores of N nodes by M members.

    Attributes
    ----------
    member_names : tuple of str
        Names of the members, in the order of the rows below.
    member_logits : ndarray of float32, shape (M, N, 6)
        The six logits as the network gives them.
    member_metastasis, member_ene : ndarray of float64, shape (M, N)
        Scores (logits) of each member.
    metastasis_score, ene_score : ndarray of float64, shape (N,)
        Means of the members' scores (logits).
    metastasis_probability, ene_probability : ndarray of float64, shape (N,)
        Sigmoid of the means. The ENE outputs were trained on metastatic nodes only.
    """

    member_names: tuple[str, ...]
    member_logits: npt.NDArray[np.float32]
    member_metastasis: npt.NDArray[np.float64]
    member_ene: npt.NDArray[np.float64]
    metastasis_score: npt.NDArray[np.float64]
    ene_score: npt.NDArray[np.float64]
    metastasis_probability: npt.NDArray[np.float64]
    ene_probability: npt.NDArray[np.float64]


class Ensemble:
    """Members that judge the same nodes.

    Parameters
    ----------
    members : sequence of EnsembleMember
        At least one, each run and fold once.
    keep_in_memory : bool, optional
        Keep every member's network (70 MB each) after its first use. Otherwise one network takes
        the weights of one member after another, for each call of `predict`.

    Raises
    ------
    ValueError
        If there is no member, or one twice.
    """

    def __init__(self, members: Sequence[EnsembleMember], *, keep_in_memory: bool = False) -> None:
        check_members(members)
        self.members = tuple(members)
        self._keep_in_memory = keep_in_memory
        self._kept: dict[str, DeepENENetwork] = {}
        self._shared: DeepENENetwork | None = None

    def predict(
        self,
        network_inputs: npt.ArrayLike,
        *,
        batch_size: int = DEFAULT_BATCH_SIZE,
        progress: Progress | None = None,
    ) -> EnsemblePrediction:
        """Score nodes with every member.

        Parameters
        ----------
        network_inputs : array_like of float32, shape (N, 1, 2, 9, 60, 60)
            Prepared nodes.
        batch_size : int, optional
            Nodes per pass; changes results by rounding only.
        progress : callable, optional
            Told after each pass how many node passes of how many are done.

        Returns
        -------
        EnsemblePrediction

        Raises
        ------
        ValueError
            If the inputs have another shape or are not finite, the batch size is not positive, or
            a member gives a logit that is not finite.
        CheckpointError
            If a member's file is not what it should be.
        """
        inputs = checked_inputs(network_inputs)
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}.")
        total = len(self.members) * len(inputs)
        logits = torch.empty((len(self.members), len(inputs), len(LOGIT_NAMES)))
        with torch.inference_mode():
            for row, member in enumerate(self.members):
                network = self._network_of(member)
                for begin in range(0, len(inputs), batch_size):
                    batch = inputs[begin : begin + batch_size]
                    logits[row, begin : begin + len(batch)] = network(batch)
                    if progress is not None:
                        progress(row * len(inputs) + begin + len(batch), total)
                if not bool(logits[row].isfinite().all()):
                    raise ValueError(f"member {member.name} gave a logit that is not finite.")
        return _combined([member.name for member in self.members], logits)

    def _network_of(self, member: EnsembleMember) -> DeepENENetwork:
        if member.name in self._kept:
            return self._kept[member.name]
        network = self._shared if self._shared is not None else empty_network()
        network.load_state_dict(member.load_state(), strict=True)
        if self._keep_in_memory:
            self._kept[member.name] = network
        else:
            self._shared = network
        return network


def check_members(members: Sequence[EnsembleMember]) -> None:
    """Refuse an ensemble of no member, or with a member twice, with ValueError."""
    names = [member.name for member in members]
    if not names:
        raise ValueError("members is empty: an ensemble needs at least one member.")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"members holds {twice[0]} more than once.")


def empty_network() -> DeepENENetwork:
    """Make a network in evaluation mode without spending time on initial weights."""
    with torch.device("meta"):
        network = DeepENENetwork()
    network.to_empty(device="cpu")
    return network.requires_grad_(False).eval()


def checked_inputs(network_inputs: npt.ArrayLike) -> Tensor:
    """Return prepared nodes as a tensor; ValueError if there is none, or one is not as needed."""
    inputs = np.ascontiguousarray(network_inputs, dtype=np.float32)
    if inputs.shape[1:] != INPUT_SHAPE:
        raise ValueError(
            f"network_inputs must have shape (N, {', '.join(map(str, INPUT_SHAPE))}), "
            f"not {inputs.shape}."
        )
    if not len(inputs):
        raise ValueError("network_inputs is empty: there is no node to score.")
    finite = np.isfinite(inputs).reshape(len(inputs), -1).all(axis=1)
    if not finite.all():
        raise ValueError(f"network_inputs[{int(finite.argmin())}] has values that are not finite.")
    return torch.from_numpy(inputs)


def _combined(names: Sequence[str], logits: Tensor) -> EnsemblePrediction:
    metastasis, ene = metastasis_score(logits), ene_score(logits)
    mean_metastasis, mean_ene = metastasis.mean(dim=0), ene.mean(dim=0)
    return EnsemblePrediction(
        member_names=tuple(names),
        member_logits=logits.numpy(),
        member_metastasis=metastasis.numpy(),
        member_ene=ene.numpy(),
        metastasis_score=mean_metastasis.numpy(),
        ene_score=mean_ene.numpy(),
        metastasis_probability=torch.sigmoid(mean_metastasis).numpy(),
        ene_probability=torch.sigmoid(mean_ene).numpy(),
    )


@dataclass(frozen=True, kw_only=True)
class DecisionThresholds:
    """Probabilities from which a node counts as metastatic, and as having ENE.

    They are fixed before reading. The published work states none and makes no three-class
    decision; the rule below is this project's.
    """

    metastasis: float
    ene: float

    def __post_init__(self) -> None:
        for name in ("metastasis", "ene"):
            _check_probability(f"thresholds.{name}", getattr(self, name))


def category_from_probabilities(
    metastasis_probability: float, ene_probability: float, thresholds: DecisionThresholds
) -> NodeCategory:
    """Turn a node's two probabilities into one category.

    Parameters
    ----------
    metastasis_probability, ene_probability : float
        From 0 to 1.
    thresholds : DecisionThresholds
        Reaching a threshold is enough.

    Returns
    -------
    NodeCategory
        Benign below the metastasis threshold, whatever the ENE probability, as the ENE outputs
        know metastatic nodes only; else with or without ENE.

    Raises
    ------
    ValueError
        If a probability is not from 0 to 1.
    """
    _check_probability("metastasis_probability", metastasis_probability)
    _check_probability("ene_probability", ene_probability)
    if metastasis_probability < thresholds.metastasis:
        return NodeCategory.BENIGN
    if ene_probability < thresholds.ene:
        return NodeCategory.METASTASIS
    return NodeCategory.METASTASIS_ENE


def _check_probability(name: str, value: float) -> None:
    if not 0 <= value <= 1:  # a NaN fails, too
        raise ValueError(f"{name} must be a probability from 0 to 1, not {value}.")
