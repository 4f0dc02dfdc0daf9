"""Inputs without augmentation, kept once made (inference.training, pure, no torch)."""

from collections.abc import Mapping
from typing import Any

from inference.runner import Inputs, Preparation
from inference.training.samples import PatchSource

KEPT_BYTES = 512 * 1024**2
"""Beyond this, nodes are prepared anew each time they are asked for."""


class PlainInputs:
    """Prepares the nodes of one fold as prediction would, and keeps what fits.

    Parameters
    ----------
    preparation : Preparation
        Of the architecture.
    parameters : mapping
        Of the fold.
    patch_of : callable
        Key of a sample to its patch.
    """

    def __init__(
        self, preparation: Preparation, parameters: Mapping[str, Any], patch_of: PatchSource
    ) -> None:
        self._preparation, self._parameters, self._patch_of = preparation, parameters, patch_of
        self._kept: dict[str, Inputs] = {}
        self._room = KEPT_BYTES

    def of(self, key: str) -> Inputs:
        """Return one node's inputs, without node axis."""
        if key in self._kept:
            return self._kept[key]
        inputs = self._preparation.plain(self._patch_of(key), self._parameters)
        size = sum(array.nbytes for array in inputs)
        if size <= self._room:
            self._room -= size
            self._kept[key] = inputs
        return inputs
