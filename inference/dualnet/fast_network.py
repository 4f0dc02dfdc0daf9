"""DualNet where the node is (inference.dualnet, pure): the same logits with less to compute.

The size-preserving box is background but for the node. Far from the node, every layer therefore
answers as it answers to a box of background alone. That answer is computed once; of a node only
the part of each layer that its voxels can reach.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from inference.dualnet.crop import mask_box
from inference.dualnet.network import (
    BOX_ROWS,
    HALVE_Z,
    SLOPE,
    DualNetNetwork,
    Row,
    folded,
    halved_in_z,
)
from inference.dualnet.parameters import BOX_SHAPE, DualNetParameters

_LOCAL_ROWS = BOX_ROWS[:4]
"""Rows with maps so large that it pays; the others have a few hundred voxels."""

Side = tuple[int, int]
"""First index and one past the last, along one axis."""

Region = tuple[Side, Side, Side]

_NOWHERE: Region = ((0, 0), (0, 0), (0, 0))


class _Span(NamedTuple):
    """What one axis of a row needs to know of a changed region."""

    read: Side
    padding: Side
    out: Side


class LocalDualNet:
    """A DualNet for inference, one node at a time.

    Parameters
    ----------
    network : DualNetNetwork
        With its weights; left as it is.
    device : torch.device, optional
        Where to compute.
    """

    def __init__(self, network: DualNetNetwork, device: torch.device | None = None) -> None:
        self._network = folded(network).to(device)
        self._device = device
        self._background = np.float32(DualNetParameters().background)
        self._answers: list[Tensor] = []

    def __call__(self, box: Tensor, small: Tensor) -> Tensor:
        """Compute the two logits of one node.

        Parameters
        ----------
        box : Tensor of float32, shape (1, 1, 32, 118, 118)
            Size-preserving input, on the CPU. Any values are right; background is fast.
        small : Tensor of float32, shape (1, 1, 32, 32, 32)
            Size-invariant input, on the CPU.

        Returns
        -------
        Tensor, shape (1, 2)
        """
        if not self._answers:
            self._answers = self._answers_to_background()
        region = _pooled(_changed(box.numpy()[0, 0] != self._background), BOX_SHAPE, HALVE_Z)
        features = halved_in_z(box.to(self._device))
        for row, answer in zip(_LOCAL_ROWS, self._answers, strict=True):
            features, region = self._local(row, features, region, answer)
        pool4 = self._network.convolved(BOX_ROWS[len(_LOCAL_ROWS) :], features)
        return self._network.judged(pool4, small.to(self._device)).logits

    def _answers_to_background(self) -> list[Tensor]:
        """Return what each local row makes of background alone."""
        box = torch.full((1, 1, *BOX_SHAPE), float(self._background), device=self._device)
        features, answers = halved_in_z(box), []
        for row in _LOCAL_ROWS:
            features = self._network.convolved((row,), features)
            answers.append(features)
        return answers

    def _local(
        self, row: Row, features: Tensor, region: Region, answer: Tensor
    ) -> tuple[Tensor, Region]:
        """Apply a row where the features differ from background's; elsewhere its answer stands."""
        by = row.pool or (1, 1, 1)
        spans = [
            _span(side, size, step)
            for side, size, step in zip(region, features.shape[2:], by, strict=True)
        ]
        z, y, x = (span.out for span in spans)
        if min(stop - start for start, stop in (z, y, x)) <= 0:
            return answer, _NOWHERE
        part = features[:, :, *(slice(*span.read) for span in spans)]
        padding = [amount for span in reversed(spans) for amount in span.padding]
        layer = self._network.get_submodule(row.convolution)
        weights = dict(layer.named_parameters())
        padded = nn.functional.pad(part, padding)
        convolved = nn.functional.conv3d(padded, weights["weight"], weights["bias"])
        active = nn.functional.leaky_relu(convolved, SLOPE)
        result = answer.to(active.dtype, copy=True)
        result[:, :, slice(*z), slice(*y), slice(*x)] = nn.functional.max_pool3d(active, by)
        return result, (z, y, x)


def _changed(is_changed: npt.NDArray[np.bool_]) -> Region:
    """Return the bounding box of what differs from background; empty if nothing does."""
    if not is_changed.any():
        return _NOWHERE
    z, y, x = ((side.start, side.stop) for side in mask_box(is_changed))
    return z, y, x


def _pooled(region: Region, shape: tuple[int, int, int], by: tuple[int, int, int]) -> Region:
    """Return the region that pooling makes of a region; an odd remainder of the map is dropped."""
    z, y, x = (
        (start // step, min(-(-stop // step), size // step))
        for (start, stop), size, step in zip(region, shape, by, strict=True)
    )
    return z, y, x


def _span(changed: Side, size: int, step: int) -> _Span:
    """Work back from what changes after convolution and pooling to what has to be read."""
    if changed[0] >= changed[1]:
        return _Span((0, 0), (0, 0), (0, 0))
    reached = max(changed[0] - 1, 0), min(changed[1] + 1, size)
    out = reached[0] // step, min(-(-reached[1] // step), size // step)
    start, stop = out[0] * step - 1, out[1] * step + 1
    read = max(start, 0), min(stop, size)
    return _Span(read, (read[0] - start, stop - read[1]), out)
