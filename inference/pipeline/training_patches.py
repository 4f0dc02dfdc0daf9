"""Every node of a training prepared once, kept on disk until the training is over.

A worker may die at any instruction: a file appears under its name only when it is whole.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from cohorts.models import NodeMask
from inference import selectors
from inference.models import TrainingRun
from inference.pipeline.stored_nodes import SliceStore, node_volume
from inference.runner import Patch, Preparation
from inference.training.fingerprint import patch_parameters
from inference.training.samples import Sample, measured_patch

IN_MEMORY_BYTES = 1 << 30
"""Patches are held in memory as long as all of them fit in this; otherwise they are read again."""


class CannotPrepare(ValueError):
    """A node that cannot be prepared: its patient, number and the rule are in the sentence."""


class PatchCache:
    """The patches of one training run; called by a mask's digest."""

    def __init__(self, run: TrainingRun, preparation: Preparation) -> None:
        self.folder = settings.DATA_DIR / "training-cache" / str(run.public_id)
        self._preparation = preparation
        self._parameters = patch_parameters(preparation)
        self._held: dict[str, Patch] = {}
        self._hold = False
        self._slices = SliceStore()

    def __call__(self, key: str) -> Patch:
        """Return the patch of a mask; FileNotFoundError if it was not prepared."""
        if key in self._held:
            return self._held[key]
        with np.load(self._path(key), allow_pickle=False) as stored:
            patch: Patch = {name: stored[name] for name in stored.files}
        if self._hold:
            self._held[key] = patch
        return patch

    def prepare(self, samples: Sequence[Sample], beat: Callable[[int, int], None]) -> None:
        """Prepare the nodes that have no patch yet; ``beat`` is told how many are done."""
        self.folder.mkdir(parents=True, exist_ok=True)
        missing = [sample.key for sample in samples if not self._path(sample.key).exists()]
        masks = selectors.masks_by_digest(missing)
        for position, key in enumerate(missing):
            beat(len(samples) - len(missing) + position, len(samples))
            self._write(key, self._prepared(key, masks))
        size = sum(self._path(sample.key).stat().st_size for sample in samples)
        self._hold = size <= IN_MEMORY_BYTES

    def remove(self) -> None:
        """Forget the patches: the training is over."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, key: str) -> Path:
        return Path(self.folder) / f"{key}.npz"

    def _prepared(self, key: str, masks: Mapping[str, NodeMask]) -> Mapping[str, NDArray[Any]]:
        mask = masks.get(key)
        if mask is None:
            raise CannotPrepare(
                f"The mask {key[:12]} of the training data is stored no more: freeze the training "
                "data again and start a new training."
            )
        try:
            return _measured(mask, self._preparation, self._parameters, self._slices)
        except ValueError as refusal:
            raise CannotPrepare(
                f"{mask.node.patient.pseudonym} node {mask.node.number}: {refusal} Mend or exclude "
                "it, release and freeze again, and start a new training."
            ) from refusal

    def _write(self, key: str, patch: Mapping[str, NDArray[Any]]) -> None:
        handle, name = tempfile.mkstemp(dir=self.folder, prefix="part-")
        with os.fdopen(handle, "wb") as file:
            np.savez(file, allow_pickle=False, **patch)
        Path(name).replace(self._path(key))


def _measured(
    mask: NodeMask, preparation: Preparation, parameters: Mapping[str, Any], slices: SliceStore
) -> Mapping[str, NDArray[Any]]:
    node = node_volume(mask, preparation, parameters, slices)
    return measured_patch(
        preparation,
        node.volume_hu_zyx,
        node.mask_zyx,
        node.spacing_zyx_mm,
        parameters,
        origin_zyx=node.origin_zyx,
        full_shape_zyx=node.full_shape_zyx,
    )
