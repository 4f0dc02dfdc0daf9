"""Training one member, epoch by epoch, so that it can be stopped and resumed (pure, torch).

Everything random of an epoch follows from the seed, run, fold and epoch alone: weights, order of
the nodes, dropout, and each node's augmentation. A member resumed from the state after any epoch
therefore ends, with the same threads, in the very same bits as one that never stopped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from inference.runner import Preparation, Runner
from inference.training.metrics import ValidationMetrics
from inference.training.samples import PatchSource, Sample
from inference.training.settings import TrainingSettings
from inference.training.splits import MemberSplit

if TYPE_CHECKING:
    from torch import Tensor


class StateError(ValueError):
    """A stored state cannot be resumed; the text says why."""


@dataclass(frozen=True, kw_only=True)
class MemberTask:
    """All that decides a member's weights.

    Attributes
    ----------
    settings : TrainingSettings
        Every choice.
    split : MemberSplit
        Run, fold, and who is on which side.
    samples : sequence of Sample
        The nodes of (at least) the training and validation patients.
    patch_of : callable
        Key of a sample to its patch; called from a second thread, too.
    parameters : mapping
        Preprocessing of this member's fold (`inference.runner.parameters_of_fold`).
    preparation, runner : Preparation, Runner
        The architecture.
    """

    settings: TrainingSettings
    split: MemberSplit
    samples: Sequence[Sample]
    patch_of: PatchSource
    parameters: Mapping[str, Any]
    preparation: Preparation
    runner: Runner


@dataclass(frozen=True, kw_only=True)
class EpochResult:
    """One point of a member's curves.

    Attributes
    ----------
    epoch : int
        Counted from 1.
    training_loss : float
        Mean over the epoch's nodes, as training saw them.
    validation : ValidationMetrics or None
        Of the inner validation patients, in epochs that are evaluated.
    seconds : float
        How long it took; no part of the state.
    """

    epoch: int
    training_loss: float
    validation: ValidationMetrics | None
    seconds: float


class MemberTraining:
    """One member in training.

    Use::

        training = MemberTraining.start(task)          # or .resume(task, state)
        while not training.is_done:
            result = training.run_epoch()
            keep(result, training.state())
        training.weights()                             # state dict for `Runner.save_checkpoint`
        training.logits(samples)                       # of inner validation and outer fold

    Attributes
    ----------
    epoch : int
        Epochs done.
    curves : tuple of EpochResult
        One per epoch done.
    is_done : bool
        Whether there is nothing left to train.
    """

    epoch: int
    curves: tuple[EpochResult, ...]

    @classmethod
    def start(cls, task: MemberTask) -> "MemberTraining":
        """Begin with fresh weights; ValueError if a side of the split has no sample."""
        raise NotImplementedError

    @classmethod
    def resume(cls, task: MemberTask, state: bytes) -> "MemberTraining":
        """Go on from what `state` returned; StateError if it is damaged or of another task."""
        raise NotImplementedError

    @property
    def is_done(self) -> bool:
        """Whether the last epoch was run, or training stopped early."""
        raise NotImplementedError

    def run_epoch(self) -> EpochResult:
        """Train for one epoch, and evaluate it if its turn has come."""
        raise NotImplementedError

    def state(self) -> bytes:
        """Return all that is needed to go on: weights, Adam's moments, epoch, curves."""
        raise NotImplementedError

    def weights(self) -> "dict[str, Tensor]":
        """Return the member's state dict: of the last epoch, or of the best if stopped early."""
        raise NotImplementedError

    def logits(self, samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
        """Return metastasis and ENE logits of `weights()`, not augmented, shape (N, 2)."""
        raise NotImplementedError
