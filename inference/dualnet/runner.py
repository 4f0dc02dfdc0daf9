"""DualNet's half of the architecture contract that needs torch.

See `inference.runner.Runner`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from inference.dualnet import checkpoints, training
from inference.dualnet.ensemble import DualNetEnsemble
from inference.dualnet.network import DualNetNetwork
from inference.dualnet.training_defaults import TRAINING_DEFAULTS
from inference.runner import (
    CheckpointFile,
    ComputeSettings,
    LoadedCheckpoint,
    MemberEnsemble,
    MemberWeights,
)


class DualNetRunner:
    """Checkpoints, networks, ensembles, and what training does differently."""

    name = "DualNet"

    def find_members(self, folder: Path) -> list[CheckpointFile]:
        """List the published model, or the members trained here; as `checkpoints.find_members`."""
        return [
            CheckpointFile(run=member.run, fold=member.fold, path=member.path)
            for member in checkpoints.find_members(folder)
        ]

    def member_of_path(self, path: str) -> tuple[int, int] | None:
        """Return run and fold that a relative path stands for; as `checkpoints.member_of_path`."""
        return checkpoints.member_of_path(path)

    def load_checkpoint(
        self, path: Path, *, expected_sha256: str | None = None
    ) -> LoadedCheckpoint:
        """Load a Keras or torch file; raises as `checkpoints.load_checkpoint`."""
        loaded = checkpoints.load_checkpoint(path, expected_sha256=expected_sha256)
        return LoadedCheckpoint(state=loaded.state, sha256=loaded.sha256, note=loaded.note)

    def save_checkpoint(self, path: Path, state: Mapping[str, Tensor], *, note: str = "") -> str:
        """Write a member as a torch file; as `checkpoints.save_checkpoint`."""
        return checkpoints.save_checkpoint(path, state, note=note)

    def ensemble(
        self, members: Sequence[MemberWeights], compute: ComputeSettings
    ) -> MemberEnsemble:
        """Return the ensemble of these members; the published model is a single one."""
        return DualNetEnsemble(members, compute)

    def network(self) -> nn.Module:
        """Return a network without weights of its own."""
        return DualNetNetwork()

    def initialise(self, network: nn.Module, seed: int) -> None:
        """Give the network its weights before training; as `training.initialise`."""
        training.initialise(network, seed)

    def pair(self, network: nn.Module, inputs: Sequence[Tensor]) -> Tensor:
        """Return the metastasis and the ENE logit of each node.

        Parameters
        ----------
        network : nn.Module
            A `DualNetNetwork`.
        inputs : sequence of two Tensors
            Boxes (N, 1, 32, 118, 118) and small cubes (N, 1, 32, 32, 32).

        Returns
        -------
        Tensor of float32, shape (N, 2)
            Logits, differentiable in the inputs.
        """
        logits: Tensor = network(*inputs)
        return logits

    def loss(
        self,
        network: nn.Module,
        inputs: Sequence[Tensor],
        metastasis: Tensor,
        ene: Tensor,
        ene_known: Tensor,
    ) -> Tensor:
        """Return the training loss of a batch; as `training.loss`."""
        return training.loss(network(*inputs), metastasis, ene, ene_known)

    def parameter_groups(self, network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
        """Return the optimiser's parameter groups; as `training.parameter_groups`."""
        return training.parameter_groups(network, weight_decay)

    def training_defaults(self) -> Mapping[str, Any]:
        """Return the published training settings, and our choice where there is none."""
        return TRAINING_DEFAULTS


RUNNER = DualNetRunner()
