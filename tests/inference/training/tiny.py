"""A third architecture, small enough to train in a test: discs told apart by size and brightness.

It is a whole architecture by the contract of `inference.runner`, not a stand-in for another one.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from inference.runner import LoadedCheckpoint
from inference.training.samples import Sample, measured_patch

SIDE = 8


class TinyPreparation:
    name = "Tiny"
    expected_members = 4

    def checked_parameters(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return dict(values)

    def parameters_from_training(self, foreground_hu, spacings_zyx_mm, patch_shapes_zyx):
        mean, sd = float(np.mean(foreground_hu)), float(np.std(foreground_hu))
        return {"fingerprint": {"mean": mean, "sd": sd}, "side": SIDE}

    def needed_box(self, node_box, shape_zyx, spacing_zyx_mm, parameters):
        return (0, 0, 0), shape_zyx

    def prepare(self, volume_hu_zyx, mask_zyx, spacing_zyx_mm, parameters, **_):
        patch = self.training_patch(volume_hu_zyx, mask_zyx, spacing_zyx_mm, parameters)
        return self.plain(patch, parameters)

    def training_patch(self, volume_hu_zyx, mask_zyx, spacing_zyx_mm, parameters, **place):
        return {"ct": np.where(mask_zyx, volume_hu_zyx, 0)[0].astype(np.float32)}

    def augmented(self, patch, parameters, random):
        (image,) = self.plain(patch, parameters)
        return (image + random.normal(scale=0.1, size=image.shape).astype(np.float32),)

    def plain(self, patch, parameters):
        fingerprint = parameters["fingerprint"]
        return (((patch["ct"] - fingerprint["mean"]) / fingerprint["sd"])[None].astype(np.float32),)


class TinyRunner:
    name = "Tiny"

    def find_members(self, folder: Path):
        return []

    def member_of_path(self, path: str):
        return None

    def load_checkpoint(self, path: Path, *, expected_sha256=None) -> LoadedCheckpoint:
        raise NotImplementedError

    def save_checkpoint(self, path: Path, state, *, note="") -> str:
        raise NotImplementedError

    def ensemble(self, members, compute):
        raise NotImplementedError

    def network(self) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(1, 6, 3, stride=2, bias=False),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(54, 2),
        )

    def initialise(self, network: nn.Module, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.normal_(std=0.2, generator=generator)

    def pair(self, network: nn.Module, inputs: Sequence[Tensor]) -> Tensor:
        return network(inputs[0])

    def loss(self, network, inputs, metastasis, ene, ene_known) -> Tensor:
        logits = network(inputs[0])
        of_ene = (bce(logits[:, 1], ene, reduction="none") * ene_known).sum()
        return bce(logits[:, 0], metastasis) + of_ene / (ene_known.sum() + 1e-6)

    def parameter_groups(self, network, weight_decay):
        return [{"params": list(network.parameters()), "weight_decay": weight_decay}]

    def training_defaults(self):
        return {}


PREPARATION, RUNNER = TinyPreparation(), TinyRunner()


def tiny_data(patients: int, seed: int = 0) -> tuple[list[Sample], dict[str, dict[str, Any]]]:
    """Draw patients with three nodes each: benign, metastatic, and either of them with ENE."""
    random = np.random.default_rng(seed)
    samples, patches = [], {}
    for number in range(patients):
        for node, category in enumerate((0, 1, 2 if number % 2 else 0)):
            key = f"{number:02}-{node}"
            sample = Sample(
                key=key,
                patient=f"P{number:02}",
                metastasis=int(category > 0),
                ene=int(category == 2),
            )
            volume = (60 + 60 * category + random.normal(scale=15, size=(1, SIDE, SIDE))).astype(
                np.int16
            )
            mask = np.ones((1, SIDE, SIDE), dtype=bool)
            samples.append(sample)
            patches[key] = measured_patch(PREPARATION, volume, mask, (3.0, 0.5, 0.5), {})
    return samples, patches
