"""Layers made fast for inference (inference.deepene, pure).

Features are channels-last, (B, y, x, C): a 1 x 1 convolution is then a matrix product over all
pixels. Batch norms are folded into the convolutions before them. On the processor, weights are
packed once for oneDNN, which also applies the activation while values are at hand; elsewhere, and
where torch comes without oneDNN, torch's public functions compute the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import torch
from torch import Tensor, nn

from inference.deepene.network import Bottleneck, ConvUnit, SqueezeExcitation

PIXELS = (1, 2)
"""Axes y and x of channels-last features."""

CHANNELS_FIRST, CHANNELS_LAST = (0, 3, 1, 2), (0, 2, 3, 1)

Activation = type[nn.Module] | None

_FUSED_ACTIVATIONS: dict[Activation, tuple[str, list[float]]] = {
    None: ("none", []),
    nn.ReLU: ("relu", []),
    nn.Hardswish: ("hardswish", []),
    nn.Hardtanh: ("hardtanh", [0.0, 1.0]),
}


@dataclass(frozen=True)
class Numbers:
    """Where numbers live and how exact they are."""

    device: torch.device
    dtype: torch.dtype

    def of(self, values: Tensor) -> Tensor:
        """Return a copy of values there."""
        return values.detach().to(device=self.device, dtype=self.dtype, copy=True).contiguous()

    @cached_property
    def packs(self) -> bool:
        """Whether weights can be packed for oneDNN."""
        return (
            self.device.type == "cpu"
            and self.dtype == torch.float32
            and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
            and hasattr(torch.ops.mkldnn, "_linear_pointwise")
            and hasattr(torch.ops.mkldnn, "_convolution_pointwise")
        )


class Matrix:
    """A matrix product with bias, then an activation or a summand.

    Parameters
    ----------
    weight : Tensor, shape (outputs, inputs)
    bias : Tensor, shape (outputs,)
    activation : type, optional
        `nn.ReLU`, `nn.Hardswish`, or `nn.Hardtanh` for clamping to 0 to 1.
    numbers : Numbers
    rows : int
        For how many rows the packing shall be fastest.
    """

    def __init__(
        self, weight: Tensor, bias: Tensor, activation: Activation, numbers: Numbers, rows: int
    ) -> None:
        self._weight, self._bias = numbers.of(weight), numbers.of(bias)
        self._activation = activation
        self._packed = numbers.packs
        self._fused = _FUSED_ACTIVATIONS[activation]
        if self._packed:
            self._weight = torch.ops.mkldnn._reorder_linear_weight(self._weight, rows)

    def __call__(self, values: Tensor, summand: Tensor | None = None) -> Tensor:
        """Map (..., inputs) to (..., outputs)."""
        if not self._packed:
            result = nn.functional.linear(values, self._weight, self._bias)
            result = _activated(result, self._activation)
            return result if summand is None else result + summand
        operation = torch.ops.mkldnn._linear_pointwise
        # The overloads are named: finding them by trial costs more than the product.
        if summand is not None:
            result = operation.binary(values, summand, self._weight, self._bias, "add")
        else:
            name, scalars = self._fused
            result = operation.default(values, self._weight, self._bias, name, scalars, "")
        return cast("Tensor", result)


class Depthwise:
    """A depthwise convolution, its batch norm folded in, and its activation."""

    def __init__(self, unit: ConvUnit, numbers: Numbers, images: int, side: int) -> None:
        convolution = cast("nn.Conv2d", unit[0])
        weight, bias = folded(unit)
        self._weight, self._bias = numbers.of(weight), numbers.of(bias)
        self._activation = activation_of(unit)
        self._fused = _FUSED_ACTIVATIONS[self._activation]
        stride, padding = list(convolution.stride), list(cast("tuple[int]", convolution.padding))
        self._geometry = (padding, stride, [1, 1], convolution.groups)
        self._packed = numbers.packs
        if self._packed:
            shape = [images, convolution.in_channels, side, side]
            pack = cast("Callable[..., Tensor]", torch._C._nn.mkldnn_reorder_conv2d_weight)
            self._weight = pack(self._weight.to_mkldnn(), *self._geometry, shape)

    def __call__(self, features: Tensor) -> Tensor:
        """Map (B, y, x, C) to (B, y / stride, x / stride, C)."""
        images = features.permute(CHANNELS_FIRST)
        padding, stride, dilation, groups = self._geometry
        if not self._packed:
            result = nn.functional.conv2d(
                images, self._weight, self._bias, stride, padding, dilation, groups
            )
            return _activated(result, self._activation).permute(CHANNELS_LAST)
        name, scalars = self._fused
        result = torch.ops.mkldnn._convolution_pointwise.default(
            images, self._weight, self._bias, *self._geometry, name, scalars, ""
        )
        return cast("Tensor", result).permute(CHANNELS_LAST)


class Squeeze:
    """Squeeze-and-excitation."""

    def __init__(self, module: SqueezeExcitation, numbers: Numbers, images: int) -> None:
        self._first = Matrix(*_linear(module.fc1), nn.ReLU, numbers, images)
        weight, bias = _linear(module.fc2)
        # Hardsigmoid is clamping x / 6 + 1 / 2, and the matrix can scale and shift.
        self._second = Matrix(weight / 6, bias / 6 + 0.5, nn.Hardtanh, numbers, images)

    def __call__(self, features: Tensor) -> Tensor:
        """Gate (B, y, x, C) features channel by channel, in place."""
        gate = self._second(self._first(features.mean(dim=PIXELS)))
        return features.mul_(gate[:, None, None])


class Block:
    """An inverted residual.

    Parameters
    ----------
    module : Bottleneck
        In evaluation mode.
    numbers : Numbers
    images, side : int
        Number and height of the feature maps for which the packing shall be fastest.
    """

    def __init__(self, module: Bottleneck, numbers: Numbers, images: int, side: int) -> None:
        *units, project = list(module.block)
        squeezes = [unit for unit in units if isinstance(unit, SqueezeExcitation)]
        *expand, depthwise = [unit for unit in units if isinstance(unit, ConvUnit)]
        stride = cast("nn.Conv2d", depthwise[0]).stride[0]
        self.side = -(-side // stride)
        self._expand = matrix_of(expand[0], numbers, images * side**2) if expand else None
        self._depthwise = Depthwise(depthwise, numbers, images, side)
        self._squeeze = Squeeze(squeezes[0], numbers, images) if squeezes else None
        self._project = matrix_of(cast("ConvUnit", project), numbers, images * self.side**2)
        self._is_residual = module.is_residual

    def __call__(self, features: Tensor) -> Tensor:
        """Map (B, y, x, inputs) to (B, y / stride, x / stride, out)."""
        result = features if self._expand is None else self._expand(features)
        result = self._depthwise(result)
        if self._squeeze is not None:
            result = self._squeeze(result)
        return self._project(result, features if self._is_residual else None)


def matrix_of(unit: ConvUnit, numbers: Numbers, rows: int) -> Matrix:
    """Return a convolution unit as a product over its flattened kernel (channel, y, x)."""
    weight, bias = folded(unit)
    return Matrix(weight.flatten(1), bias, activation_of(unit), numbers, rows)


def folded(unit: ConvUnit) -> tuple[Tensor, Tensor]:
    """Return weight and bias of a convolution and its batch norm as one, in double precision."""
    convolution, norm = cast("nn.Conv2d", unit[0]), cast("nn.BatchNorm2d", unit[1])
    mean, variance = cast("Tensor", norm.running_mean), cast("Tensor", norm.running_var)
    scale = norm.weight.double() / (variance.double() + norm.eps).sqrt()
    bias = norm.bias.double() - mean.double() * scale
    return convolution.weight.double() * scale[:, None, None, None], bias


def activation_of(unit: ConvUnit) -> Activation:
    """Return the kind of a unit's activation, if it has one."""
    return type(unit[2]) if len(unit) > 2 else None


def _linear(convolution: nn.Conv2d) -> tuple[Tensor, Tensor]:
    return convolution.weight.double().flatten(1), cast("Tensor", convolution.bias).double()


def _activated(values: Tensor, activation: Activation) -> Tensor:
    if activation is nn.ReLU:
        return nn.functional.relu(values, inplace=True)
    if activation is nn.Hardswish:
        return nn.functional.hardswish(values, inplace=True)
    return values if activation is None else values.clamp_(0, 1)
