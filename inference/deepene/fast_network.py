"""The network made fast for inference (inference.deepene, pure).

The same function as `DeepENENetwork` in evaluation mode, within rounding. Nodes go through it in
passes of a few fixed sizes; a size is used only if this machine's kernels give the same bits in it
as in the largest one, so that a node's logits do not depend on how many nodes are asked for.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from inference.deepene.fast_layers import (
    PIXELS,
    Block,
    Matrix,
    Numbers,
    matrix_of,
)
from inference.deepene.geometry import GROUPS, IN_PLANE, INPUT_SHAPE, SLICES, STREAMS
from inference.deepene.network import Backbone, Bottleneck, ConvUnit, DeepENENetwork, Fuse

LARGEST_PASS = 16
_SMALLER_PASSES = (1, 2, 4, 8)
_CUDA_PASS = 64

_LEAST_HEAD_ROWS = 4
"""Products of a single row take another kernel, with other last bits."""

_STEM_SIDE, _STEM_KERNEL, _STEM_STRIDE = IN_PLANE // 2, 3, 2

Pass = tuple[int, int]
"""First node and size of a pass; the last one may reach beyond the last node."""


def stem_windows(network_input: Tensor, numbers: Numbers, padded: int) -> Tensor:
    """Lay out what the first convolutions look at; it is the same for every member.

    Parameters
    ----------
    network_input : Tensor of float32, shape (N, 1, 2, 9, 60, 60)
        Prepared nodes.
    numbers : Numbers
        Where the members compute.
    padded : int
        Number of nodes to fill up to, with empty ones.

    Returns
    -------
    Tensor, shape (2, padded, 3, 30, 30, 27)
        Stream, node, group, y, x, and the 3 channels x 3 x 3 pixels under the kernel.
    """
    nodes = len(network_input)
    values = network_input[:, 0].to(device=numbers.device, dtype=numbers.dtype).transpose(0, 1)
    groups = values.reshape(-1, SLICES // GROUPS, IN_PLANE, IN_PLANE)
    # Padding of one on the near sides; a stride of two never reaches the far ones.
    windows = nn.functional.pad(groups, (1, 0, 1, 0))
    for axis in (2, 3):
        windows = windows.unfold(axis, _STEM_KERNEL, _STEM_STRIDE)
    result = values.new_zeros(
        (STREAMS, padded, GROUPS, _STEM_SIDE, _STEM_SIDE, groups.shape[1] * _STEM_KERNEL**2)
    )
    shape = (STREAMS, nodes, GROUPS, *windows.shape[1:])
    ordered = windows.reshape(shape).permute(0, 1, 2, 4, 5, 3, 6, 7)
    result[:, :nodes].view(ordered.shape).copy_(ordered)
    return result


class Features:
    """One backbone, up to its pooled features."""

    def __init__(self, backbone: Backbone, numbers: Numbers) -> None:
        stem, *bottlenecks, last = backbone.features
        images, side = LARGEST_PASS * GROUPS, _STEM_SIDE
        self._layers: list[Callable[[Tensor], Tensor]] = [_unit(stem, numbers, images * side**2)]
        for module in bottlenecks:
            if not isinstance(module, Bottleneck):
                raise TypeError(f"{type(module).__name__} is no bottleneck.")
            block = Block(module, numbers, images, side)
            self._layers.append(block)
            side = block.side
        self._layers.append(_unit(last, numbers, images * side**2))

    def __call__(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Return average and maximum, shape (B, 3 * width), of (B, 3, 30, 30, 27) windows."""
        features = windows.flatten(0, 1)
        for layer in self._layers:
            features = layer(features)
        average, maximum = features.mean(dim=PIXELS), features.amax(dim=PIXELS)
        return average.view(len(windows), -1), maximum.view(len(windows), -1)


class Head:
    """One stream's logit, and its share in the fused logit, from the stream's pooled features.

    The hidden layer's matrix has one row more, for the fused logit: fusing both streams, and the
    fused classifier after it, are linear, so each stream contributes a single number.

    Parameters
    ----------
    fuse : Fuse
        Joins the three groups.
    classifier : nn.Sequential
        The stream's own.
    share : Tensor, shape (width,)
        How the stream's fused features contribute to the fused logit.
    numbers : Numbers
    """

    def __init__(
        self, fuse: Fuse, classifier: nn.Sequential, share: Tensor, numbers: Numbers
    ) -> None:
        hidden, _, _, output = classifier
        if not isinstance(hidden, nn.Linear) or not isinstance(output, nn.Linear):
            raise TypeError("a classifier begins and ends with a linear layer.")
        joined = fuse.weight.flatten(1)
        weight, bias = (
            torch.cat((hidden.weight, share[None])),
            nn.functional.pad(hidden.bias, (0, 1)),
        )
        self._fuse: Matrix | None = None
        if len(weight) * joined.shape[1] <= joined.numel() + weight.numel():
            weight = weight @ joined  # one product less, and less to read
        else:
            none = joined.new_zeros(len(joined))
            self._fuse = Matrix(joined, none, None, numbers, LARGEST_PASS)
        self._hidden = Matrix(weight, bias, None, numbers, LARGEST_PASS)
        self._output = numbers.of(output.weight), numbers.of(output.bias)

    def __call__(self, pooled: Tensor) -> tuple[Tensor, Tensor]:
        """Map (B, 3 * width) to the stream's logit and the fused logit's summand, (B,) each."""
        hidden = self._hidden(pooled if self._fuse is None else self._fuse(pooled))
        weight, bias = self._output
        return (nn.functional.hardswish(hidden[:, :-1]) * weight).sum(dim=1) + bias, hidden[:, -1]


class FastNetwork:
    """Six logits per node, as those of the network it is made from.

    Parameters
    ----------
    network : DeepENENetwork
        With its weights, which are copied.
    numbers : Numbers
        Where and how to compute.
    """

    def __init__(self, network: DeepENENetwork, numbers: Numbers) -> None:
        preserve, invariant = network.backbone_preserve, network.backbone_invariant
        with torch.no_grad():
            self._features = (Features(preserve, numbers), Features(invariant, numbers))
            metastasis = _shares(network.fuse_all_meta, network.meta_classifier, preserve)
            ene = _shares(network.fuse_all_ene, network.ene_classifier, preserve)
            self._heads = tuple(
                Head(fuse, classifier, share, numbers)
                for fuse, classifier, share in (
                    (network.fuse_pre_meta, preserve.meta_classifier, metastasis[0]),
                    (network.fuse_pre_ene, preserve.ene_classifier, ene[0]),
                    (network.fuse_invar_meta, invariant.meta_classifier, metastasis[1]),
                    (network.fuse_invar_ene, invariant.ene_classifier, ene[1]),
                )
            )
            biases = torch.cat((network.meta_classifier.bias, network.ene_classifier.bias))
            self._fused_bias = numbers.of(biases)

    def __call__(self, windows: Tensor) -> Tensor:
        """Compute the six logits of each node of one pass.

        Parameters
        ----------
        windows : Tensor, shape (2, B, 3, 30, 30, 27)
            From `stem_windows`.

        Returns
        -------
        Tensor, shape (B, 6)
        """
        nodes = windows.shape[1]
        pooled = (*self._features[0](windows[0]), *self._features[1](windows[1]))
        missing = max(0, _LEAST_HEAD_ROWS - nodes)
        logits, shares = [], []
        for head, view in zip(self._heads, pooled, strict=True):
            logit, share = head(nn.functional.pad(view, (0, 0, 0, missing)))
            logits.append(logit)
            shares.append(share)
        logits.append(shares[0] + shares[2] + self._fused_bias[0])
        logits.append(shares[1] + shares[3] + self._fused_bias[1])
        return torch.stack(logits, dim=1)[:nodes]


def _unit(module: nn.Module, numbers: Numbers, rows: int) -> Matrix:
    if not isinstance(module, ConvUnit):
        raise TypeError(f"{type(module).__name__} is no convolution unit.")
    return matrix_of(module, numbers, rows)


def _shares(fuse_all: Fuse, classifier: nn.Linear, preserve: Backbone) -> tuple[Tensor, Tensor]:
    """How each stream's features contribute to a fused logit; size-preserving first."""
    weights = (classifier.weight @ fuse_all.weight.flatten(1))[0]
    width = preserve.meta_classifier[0].in_features
    return weights[:width], weights[width:]


def passes(nodes: int, sizes: tuple[int, ...]) -> list[Pass]:
    """Split nodes into passes: largest ones, then the smallest that holds the rest.

    Parameters
    ----------
    nodes : int
        How many.
    sizes : tuple of int
        Sizes of a pass that may be used, ascending.

    Returns
    -------
    list of (first node, size)
    """
    largest = sizes[-1]
    plan = [(begin, largest) for begin in range(0, nodes - largest + 1, largest)]
    done = len(plan) * largest
    if rest := nodes - done:
        plan.append((done, next(size for size in sizes if size >= rest)))
    return plan


def largest_pass(numbers: Numbers) -> int:
    """Return the size of the pass that decides what the bits are."""
    return LARGEST_PASS if numbers.device.type == "cpu" else _CUDA_PASS


def pass_sizes(network: FastNetwork, numbers: Numbers) -> tuple[int, ...]:
    """Return the sizes of a pass that all give the same bits with this machine's kernels.

    Parameters
    ----------
    network : FastNetwork
        Any member: which kernels are taken depends on shapes, not on weights.
    numbers : Numbers
        Where it computes.

    Returns
    -------
    tuple of int
        Ascending; the last one is the reference.
    """
    if numbers.device.type != "cpu":
        return (largest_pass(numbers),)
    generator = torch.Generator().manual_seed(0)
    nodes = torch.randn((LARGEST_PASS, *INPUT_SHAPE), generator=generator)
    windows = stem_windows(nodes, numbers, LARGEST_PASS)
    expected = network(windows)
    return (
        *(
            size
            for size in _SMALLER_PASSES
            if all(
                torch.equal(network(windows[:, at : at + size]), expected[at : at + size])
                for at in (0, LARGEST_PASS - size)
            )
        ),
        LARGEST_PASS,
    )
