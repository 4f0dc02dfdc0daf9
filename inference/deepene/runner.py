"""DeepENE's half of the architecture contract that needs torch.

See `inference.runner.Runner`.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from inference.deepene import checkpoints, training
from inference.deepene.fast_ensemble import FastEnsemble
from inference.deepene.network import DeepENENetwork, ene_score, metastasis_score
from inference.runner import (
    CheckpointFile,
    ComputeSettings,
    LoadedCheckpoint,
    MemberEnsemble,
    MemberWeights,
)

_MEMBER_PATH = re.compile(rf"(?:.*/)?RUN([0-4])/fold([0-4])/{re.escape(checkpoints.FILE_NAME)}")


class DeepENERunner:
    """Checkpoints, networks, ensembles, and what training does differently."""

    name = "DeepENE"

    def find_members(self, folder: Path) -> list[CheckpointFile]:
        """List the checkpoints of a release; as `checkpoints.find_members`."""
        return [
            CheckpointFile(run=member.run, fold=member.fold, path=member.path)
            for member in checkpoints.find_members(folder)
        ]

    def member_of_path(self, path: str) -> tuple[int, int] | None:
        """Return run and fold that a file's relative path stands for; None if it is no member.

        Parameters
        ----------
        path : str
            With slashes; the release may lie in folders of any name.

        Returns
        -------
        tuple of int or None
        """
        found = _MEMBER_PATH.fullmatch(path)
        return (int(found[1]), int(found[2])) if found else None

    def load_checkpoint(
        self, path: Path, *, expected_sha256: str | None = None
    ) -> LoadedCheckpoint:
        """Load one member; raises as `checkpoints.load_checkpoint`."""
        loaded = checkpoints.load_checkpoint(path, expected_sha256=expected_sha256)
        return LoadedCheckpoint(state=loaded.state, sha256=loaded.sha256, note=loaded.note)

    def save_checkpoint(self, path: Path, state: Mapping[str, Tensor], *, note: str = "") -> str:
        """Write a member as the published code does; as `checkpoints.save_checkpoint`."""
        return checkpoints.save_checkpoint(path, state, note=note)

    def ensemble(
        self, members: Sequence[MemberWeights], compute: ComputeSettings
    ) -> MemberEnsemble:
        """Return the fast ensemble of these members; raises as `FastEnsemble`."""
        return FastEnsemble(members, compute)

    def network(self) -> nn.Module:
        """Return a network without weights of its own."""
        return DeepENENetwork()

    def initialise(self, network: nn.Module, seed: int) -> None:
        """Give the network its weights before training, from the seed alone."""
        training.initialise(network, seed)

    def pair(self, network: nn.Module, inputs: Sequence[Tensor]) -> Tensor:
        """Return the metastasis and the ENE score of each node.

        Parameters
        ----------
        network : nn.Module
            A `DeepENENetwork`.
        inputs : sequence of one Tensor, shape (N, 1, 2, 9, 60, 60)
            Prepared nodes.

        Returns
        -------
        Tensor of float64, shape (N, 2)
            Logits, differentiable in the inputs.
        """
        logits = network(*inputs)
        return torch.stack((metastasis_score(logits), ene_score(logits)), dim=-1)

    def loss(
        self,
        network: nn.Module,
        inputs: Sequence[Tensor],
        metastasis: Tensor,
        ene: Tensor,
        ene_known: Tensor,
    ) -> Tensor:
        """Return the training loss; labels are float32 0/1 of shape (N,)."""
        return training.loss(network(*inputs), metastasis, ene, ene_known)

    def parameter_groups(self, network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
        """Return the optimiser's parameter groups: which weights decay, and which do not."""
        return training.parameter_groups(network, weight_decay)

    def training_defaults(self) -> Mapping[str, Any]:
        """Return the published training settings."""
        return training.TRAINING_DEFAULTS


RUNNER = DeepENERunner()
