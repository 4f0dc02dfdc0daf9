"""Training one member, epoch by epoch, so that it can be stopped and resumed (pure, torch).

Everything random of an epoch follows from the seed, run, fold and epoch alone: order of the nodes,
dropout, and each node's augmentation. A member resumed from the state after any epoch therefore
ends, with the same threads, in the very same bits as one that never stopped.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from inference.runner import Inputs, Preparation, Runner
from inference.training.batches import (
    Purpose,
    epoch_batches,
    generator,
    plain_batches,
    prepared_ahead,
    steps_per_epoch,
    torch_seed,
)
from inference.training.member_state import (
    EpochResult,
    MemberState,
    StateError,
    digest_of,
    read_state,
)
from inference.training.metrics import ValidationMetrics, validation_metrics
from inference.training.plain_inputs import PlainInputs
from inference.training.samples import PatchSource, Sample, of_patients
from inference.training.settings import TrainingSettings
from inference.training.splits import MemberSplit
from inference.training.tensors import labels, repeatable, stacked, tensors

_EVALUATED_TOGETHER = 32


class TrainingFailed(RuntimeError):
    """Training cannot go on; the text says where and what to change."""


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
        The nodes of (at least) the training and validation patients; others are not looked at.
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

    @property
    def place(self) -> tuple[int, int]:
        """Run and fold."""
        return self.split.run, self.split.fold

    def side(self, patients: Sequence[str]) -> tuple[Sample, ...]:
        """Return the samples of one side; ValueError if there is none."""
        samples = of_patients(self.samples, patients)
        if not samples:
            run, fold = self.place
            raise ValueError(f"run {run} fold {fold}: a side of the split has no node.")
        return samples

    def digest(self) -> str:
        """SHA-256 of all this, but for the patches, which their keys stand for."""
        rest = (self.split.training, self.split.validation)
        seen = [asdict(sample) for side in rest for sample in self.side(side)]
        return digest_of(
            {
                "settings": self.settings.to_dict(),
                "split": asdict(self.split),
                "samples": seen,
                "parameters": self.parameters,
            }
        )


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
    task : MemberTask
        What it is trained on.
    epoch : int
        Epochs done.
    curves : tuple of EpochResult
        One per epoch done.
    """

    def __init__(self, task: MemberTask) -> None:
        self.task, self.epoch = task, 0
        self.curves: tuple[EpochResult, ...] = ()
        self._training = task.side(task.split.training)
        self._validation = task.side(task.split.validation)
        self._plain = PlainInputs(task.preparation, task.parameters, task.patch_of)
        self._network = _blank(task)
        self._set_momentum(task.settings.batch_norm_momentum)
        groups = task.runner.parameter_groups(self._network, task.settings.weight_decay)
        self._adam = torch.optim.Adam(groups, lr=task.settings.learning_rate, fused=True)
        self._best: dict[str, Tensor] | None = None
        self._best_selection: float | None = None
        self._waited = 0

    @classmethod
    def start(cls, task: MemberTask) -> "MemberTraining":
        """Begin with fresh weights.

        Parameters
        ----------
        task : MemberTask
            What to train on.

        Returns
        -------
        MemberTraining

        Raises
        ------
        ValueError
            If a side of the split has no sample.
        """
        training = cls(task)
        seed = torch_seed(task.settings.seed, Purpose.WEIGHTS, *task.place)
        task.runner.initialise(training._network, seed)
        return training

    @classmethod
    def resume(cls, task: MemberTask, state: bytes) -> "MemberTraining":
        """Go on where `state` was called.

        Parameters
        ----------
        task : MemberTask
            The same as then.
        state : bytes
            What `state` returned.

        Returns
        -------
        MemberTraining

        Raises
        ------
        StateError
            If the state is damaged, or of another task.
        """
        stored, training = read_state(state), cls(task)
        if stored.task_digest != task.digest():
            run, fold = task.place
            raise StateError(
                f"The stored state belongs to other data, settings or another member than run "
                f"{run} fold {fold}; let this member start again from its first epoch."
            )
        training._network.load_state_dict(dict(stored.network))
        training._adam.load_state_dict(dict(stored.optimiser))
        training.epoch, training.curves = stored.epoch, stored.curves
        training._best = None if stored.best is None else dict(stored.best)
        training._best_selection, training._waited = stored.best_selection, stored.waited
        return training

    @property
    def is_done(self) -> bool:
        """Whether the last epoch was run, or training stopped early."""
        patience = self.task.settings.early_stopping
        stopped = patience > 0 and self._waited >= patience
        return stopped or self.epoch >= self.task.settings.epochs

    def run_epoch(self) -> EpochResult:
        """Train for one epoch, and evaluate it if its turn has come.

        Returns
        -------
        EpochResult
            Also the last of `curves`.

        Raises
        ------
        TrainingFailed
            If training is done already, or the loss is no longer finite.
        """
        if self.is_done:
            raise TrainingFailed("This member is done: there is no further epoch.")
        settings, epoch = self.task.settings, self.epoch + 1
        with repeatable(settings.threads):
            torch.manual_seed(torch_seed(settings.seed, Purpose.DROPOUT, *self.task.place, epoch))
            loss = self._train(epoch)
            validation = self._evaluate() if settings.is_evaluated(epoch) else None
        result = EpochResult(epoch=epoch, training_loss=loss, validation=validation)
        self.epoch, self.curves = epoch, (*self.curves, result)
        return result

    def state(self) -> bytes:
        """Return all that is needed to go on: weights, Adam's moments, epoch, curves."""
        return MemberState(
            task_digest=self.task.digest(),
            epoch=self.epoch,
            curves=self.curves,
            network=self._network.state_dict(),
            optimiser=self._adam.state_dict(),
            best=self._best,
            best_selection=self._best_selection,
            waited=self._waited,
        ).to_bytes()

    def weights(self) -> dict[str, Tensor]:
        """Return the member's state dict: of the last epoch, or of the best if it may stop early.

        Returns
        -------
        dict of Tensor
            Copies, for `Runner.save_checkpoint`.
        """
        kept = self._network.state_dict() if self._best is None else self._best
        return {name: tensor.detach().clone() for name, tensor in kept.items()}

    def logits(self, samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
        """Judge nodes with `weights`, not augmented.

        Parameters
        ----------
        samples : sequence of Sample
            Any; training does not go on with what it sees here.

        Returns
        -------
        ndarray of float64, shape (N, 2)
            Metastasis and ENE logits.
        """
        network = _blank(self.task)
        network.load_state_dict(self.weights())
        with repeatable(self.task.settings.threads):
            return self._judged(network, samples)[0]

    def _train(self, epoch: int) -> float:
        """Take the steps of one epoch; return the mean loss over its nodes."""
        settings, count = self.task.settings, len(self._training)
        order = generator(settings.seed, Purpose.ORDER, *self.task.place, epoch)
        batches = epoch_batches(count, settings.batch_size, order)
        first_step = (epoch - 1) * steps_per_epoch(count, settings.batch_size)
        self._network.train()
        total = 0.0
        ahead = prepared_ahead(batches, lambda batch: self._shown(batch, epoch))
        for position, (batch, inputs) in enumerate(zip(batches, ahead, strict=True)):
            loss = self._step(first_step + position, [self._training[i] for i in batch], inputs)
            if not np.isfinite(loss):
                run, fold = self.task.place
                raise TrainingFailed(
                    f"run {run} fold {fold}: the loss is not finite in epoch {epoch}, step "
                    f"{position + 1}; lower the learning rate."
                )
            total += loss * len(batch)
        return total / count

    def _step(self, step: int, samples: Sequence[Sample], inputs: Inputs) -> float:
        settings = self.task.settings
        share = min(1.0, step / settings.warm_up_steps) if settings.warm_up_steps else 1.0
        for group in self._adam.param_groups:
            group["lr"] = settings.learning_rate * share
        loss = self.task.runner.loss(self._network, tensors(inputs), *labels(samples, inputs))
        self._adam.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._adam.step()
        return float(loss.detach())

    def _shown(self, batch: npt.NDArray[np.intp], epoch: int) -> Inputs:
        """Prepare a training batch; each node's augmentation has a generator of its own."""
        task, nodes = self.task, []
        for index in batch.tolist():
            key = self._training[index].key
            if task.settings.augmentation:
                place = (*task.place, epoch, index)
                random = generator(task.settings.seed, Purpose.AUGMENTATION, *place)
                patch = task.patch_of(key)
                nodes.append(task.preparation.augmented(patch, task.parameters, random))
            else:
                nodes.append(self._plain.of(key))
        return stacked(nodes)

    def _evaluate(self) -> ValidationMetrics:
        """Look at the inner validation, and keep the weights if early stopping wants them."""
        if self.task.settings.recalibrate_batch_norm:
            self._recalibrate()
        logits, loss = self._judged(self._network, self._validation)
        metrics = validation_metrics(self._validation, logits, loss)
        if self.task.settings.early_stopping:
            self._remember(metrics.selection)
        return metrics

    def _remember(self, selection: float | None) -> None:
        best = self._best_selection
        risen = selection is not None and (best is None or selection > best)
        if risen or self._best is None:
            self._best = {k: v.detach().clone() for k, v in self._network.state_dict().items()}
            self._best_selection, self._waited = selection, 0
        else:
            self._waited += 1

    def _judged(
        self, network: nn.Module, samples: Sequence[Sample]
    ) -> tuple[npt.NDArray[np.float64], float]:
        """Return logits, and the loss as mean over batches weighted by their size."""
        network.eval()
        batches = plain_batches(len(samples), _EVALUATED_TOGETHER) if samples else []
        pairs, total = [np.empty((0, 2))], 0.0
        with torch.inference_mode():
            for batch, inputs in zip(batches, self._plain_ahead(batches, samples), strict=True):
                shown, chosen = tensors(inputs), [samples[i] for i in batch]
                pairs.append(self.task.runner.pair(network, shown).double().numpy())
                loss = self.task.runner.loss(network, shown, *labels(chosen))
                total += float(loss) * len(batch)
        return np.concatenate(pairs), total / max(1, len(samples))

    def _recalibrate(self) -> None:
        """Recompute the running statistics as plain averages over all training nodes."""
        norms = [module for module in self._network.modules() if isinstance(module, _BatchNorm)]
        self._network.eval()  # dropout stays off
        for norm in norms:
            norm.reset_running_stats()
            norm.train()
        self._set_momentum(None)
        batches = plain_batches(len(self._training), self.task.settings.batch_size)
        with torch.inference_mode():
            for inputs in self._plain_ahead(batches, self._training):
                self.task.runner.pair(self._network, tensors(inputs))
        self._set_momentum(self.task.settings.batch_norm_momentum)

    def _set_momentum(self, momentum: float | None) -> None:
        for module in self._network.modules():
            if isinstance(module, _BatchNorm):
                module.momentum = momentum

    def _plain_ahead(
        self, batches: Sequence[npt.NDArray[np.intp]], samples: Sequence[Sample]
    ) -> Iterator[Inputs]:
        return prepared_ahead(
            batches, lambda batch: stacked([self._plain.of(samples[i].key) for i in batch])
        )


def _blank(task: MemberTask) -> nn.Module:
    """Return a network whose weights are given next; torch draws some for it, in vain."""
    with torch.random.fork_rng(devices=[]):
        return task.runner.network()
