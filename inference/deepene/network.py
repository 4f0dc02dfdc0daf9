"""The two-stream DeepENE network (inference.deepene, pure).

Two MobileNetV3 feature extractors look at the same nine slices, one size-preserving, one
size-invariant. Each yields a metastasis and an ENE logit, their fused features yield another pair.
State-dict keys, shapes and order are those of the published checkpoints.

References
----------
Howard A, et al. Searching for MobileNetV3. ICCV 2019. doi:10.1109/ICCV.2019.00140, tables 1 and 2.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from inference.deepene.geometry import GROUPS, IN_PLANE, INPUT_SHAPE, SLICES, STREAMS

__all__ = [
    "ENE_LOGITS",
    "GROUPS",
    "INPUT_SHAPE",
    "IN_PLANE",
    "LARGE",
    "LOGIT_NAMES",
    "METASTASIS_LOGITS",
    "SLICES",
    "SMALL",
    "STREAMS",
    "Backbone",
    "Bottleneck",
    "ConvUnit",
    "DeepENENetwork",
    "Fuse",
    "Row",
    "SqueezeExcitation",
    "ene_score",
    "metastasis_score",
]

LOGIT_NAMES = (
    "size-preserving metastasis",
    "size-preserving ENE",
    "size-invariant metastasis",
    "size-invariant ENE",
    "fused metastasis",
    "fused ENE",
)
METASTASIS_LOGITS = (0, 2, 4)
ENE_LOGITS = (1, 3, 5)

_BATCH_NORM_EPS, _BATCH_NORM_MOMENTUM = 0.001, 0.01
_DROPOUT = 0.2


class Row(NamedTuple):
    """One bottleneck of the paper's tables."""

    kernel: int
    expanded: int
    out: int
    squeeze: int | None
    activation: type[nn.Module]
    stride: int


_RE, _HS = nn.ReLU, nn.Hardswish

LARGE = (
    Row(3, 16, 16, None, _RE, 1),
    Row(3, 64, 24, None, _RE, 2),
    Row(3, 72, 24, None, _RE, 1),
    Row(5, 72, 40, 24, _RE, 2),
    Row(5, 120, 40, 32, _RE, 1),
    Row(5, 120, 40, 32, _RE, 1),
    Row(3, 240, 80, None, _HS, 2),
    Row(3, 200, 80, None, _HS, 1),
    Row(3, 184, 80, None, _HS, 1),
    Row(3, 184, 80, None, _HS, 1),
    Row(3, 480, 112, 120, _HS, 1),
    Row(3, 672, 112, 168, _HS, 1),
    Row(5, 672, 160, 168, _HS, 2),
    Row(5, 960, 160, 240, _HS, 1),
    Row(5, 960, 160, 240, _HS, 1),
)
"""MobileNetV3-Large (table 1)."""

SMALL = (
    Row(3, 16, 16, 8, _RE, 2),
    Row(3, 72, 24, None, _RE, 2),
    Row(3, 88, 24, None, _RE, 1),
    Row(5, 96, 40, 24, _HS, 2),
    Row(5, 240, 40, 64, _HS, 1),
    Row(5, 240, 40, 64, _HS, 1),
    Row(5, 120, 48, 32, _HS, 1),
    Row(5, 144, 48, 40, _HS, 1),
    Row(5, 288, 96, 72, _HS, 2),
    Row(5, 576, 96, 144, _HS, 1),
    Row(5, 576, 96, 144, _HS, 1),
)
"""MobileNetV3-Small (table 2)."""

_STEM_WIDTH = 16
_PRESERVE_WIDTH, _PRESERVE_HIDDEN = 960, 1280
_INVARIANT_WIDTH, _INVARIANT_HIDDEN = 576, 1024
_FUSED_WIDTH = 768


class ConvUnit(nn.Sequential):
    """Convolution without bias, batch norm, and an activation where one is given."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        activation: type[nn.Module] | None = None,
    ) -> None:
        padding = (kernel - 1) // 2
        layers: list[nn.Module] = [
            nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False),
            nn.BatchNorm2d(outputs, eps=_BATCH_NORM_EPS, momentum=_BATCH_NORM_MOMENTUM),
        ]
        if activation is not None:
            layers.append(activation())
        super().__init__(*layers)


class SqueezeExcitation(nn.Module):
    """Weigh each channel by a gate computed from the averages of all channels."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Gate (B, C, y, x) features channel by channel."""
        average = features.mean(dim=(2, 3), keepdim=True)
        excited = self.fc2(nn.functional.relu(self.fc1(average)))
        return features * nn.functional.hardsigmoid(excited)


class Bottleneck(nn.Module):
    """Inverted residual: expand, depthwise convolution, squeeze-and-excitation, project."""

    def __init__(self, inputs: int, row: Row) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        if row.expanded != inputs:
            layers.append(ConvUnit(inputs, row.expanded, activation=row.activation))
        layers.append(
            ConvUnit(
                row.expanded,
                row.expanded,
                kernel=row.kernel,
                stride=row.stride,
                groups=row.expanded,
                activation=row.activation,
            )
        )
        if row.squeeze is not None:
            layers.append(SqueezeExcitation(row.expanded, row.squeeze))
        layers.append(ConvUnit(row.expanded, row.out))
        self.block = nn.Sequential(*layers)
        self.is_residual = row.stride == 1 and inputs == row.out

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, inputs, y, x) to (B, out, y / stride, x / stride)."""
        result: Tensor = self.block(features)
        return result + features if self.is_residual else result


class Backbone(nn.Module):
    """One stream: a MobileNetV3 feature extractor and its two classifiers."""

    def __init__(self, rows: tuple[Row, ...], width: int, hidden: int) -> None:
        super().__init__()
        stages: list[nn.Module] = [ConvUnit(3, _STEM_WIDTH, kernel=3, stride=2, activation=_HS)]
        inputs = _STEM_WIDTH
        for row in rows:
            stages.append(Bottleneck(inputs, row))
            inputs = row.out
        stages.append(ConvUnit(inputs, width, activation=_HS))
        self.features = nn.Sequential(*stages)
        self.meta_classifier = _classifier(width, hidden)
        self.ene_classifier = _classifier(width, hidden)

    def forward(self, groups: Tensor) -> tuple[Tensor, Tensor]:
        """Pool the features of (3B, 3, 60, 60) groups, concatenated group after group.

        Returns
        -------
        average, maximum : Tensor, shape (B, 3 * width)
        """
        features = self.features(groups)
        per_node = (features.shape[0] // GROUPS, GROUPS * features.shape[1])
        average = features.mean(dim=(2, 3)).reshape(per_node)
        maximum = features.amax(dim=(2, 3)).reshape(per_node)
        return average, maximum


def _classifier(width: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, hidden), nn.Hardswish(), nn.Dropout(_DROPOUT), nn.Linear(hidden, 1)
    )


class Fuse(nn.Conv2d):
    """A matrix product, stored by the published code as a 1 x 1 convolution without bias."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 1, bias=False)

    def forward(self, vectors: Tensor) -> Tensor:
        """Map (B, inputs) to (B, outputs)."""
        return nn.functional.linear(vectors, self.weight.flatten(1))


class DeepENENetwork(nn.Module):
    """Six logits per node from its size-preserving and size-invariant slices.

    The weights are torch's default initialisation until a checkpoint is loaded.
    """

    def __init__(self) -> None:
        super().__init__()
        # The order of these lines is the order of the state dict.
        self.backbone_preserve = Backbone(LARGE, _PRESERVE_WIDTH, _PRESERVE_HIDDEN)
        self.backbone_invariant = Backbone(SMALL, _INVARIANT_WIDTH, _INVARIANT_HIDDEN)
        self.fuse_pre_meta = Fuse(GROUPS * _PRESERVE_WIDTH, _PRESERVE_WIDTH)
        self.fuse_pre_ene = Fuse(GROUPS * _PRESERVE_WIDTH, _PRESERVE_WIDTH)
        self.fuse_invar_meta = Fuse(GROUPS * _INVARIANT_WIDTH, _INVARIANT_WIDTH)
        self.fuse_invar_ene = Fuse(GROUPS * _INVARIANT_WIDTH, _INVARIANT_WIDTH)
        self.fuse_all_meta = Fuse(_PRESERVE_WIDTH + _INVARIANT_WIDTH, _FUSED_WIDTH)
        self.fuse_all_ene = Fuse(_PRESERVE_WIDTH + _INVARIANT_WIDTH, _FUSED_WIDTH)
        self.ene_classifier = nn.Linear(_FUSED_WIDTH, 1)
        self.meta_classifier = nn.Linear(_FUSED_WIDTH, 1)

    def forward(self, network_input: Tensor) -> Tensor:
        """Compute the six logits of each node.

        Parameters
        ----------
        network_input : Tensor of float32, shape (B, 1, 2, 9, 60, 60)
            Singleton, stream (size-preserving, size-invariant), slice, y, x; normalised CT,
            zero outside the dilated mask.

        Returns
        -------
        Tensor, shape (B, 6)
            Logits in the order of `LOGIT_NAMES`.

        Raises
        ------
        ValueError
            If the input has another shape.
        """
        if network_input.shape[1:] != INPUT_SHAPE:
            raise ValueError(
                f"network_input must have shape (B, {', '.join(map(str, INPUT_SHAPE))}), "
                f"not {tuple(network_input.shape)}."
            )
        average_pre, maximum_pre = self.backbone_preserve(_groups(network_input[:, 0, 0]))
        average_inv, maximum_inv = self.backbone_invariant(_groups(network_input[:, 0, 1]))
        pre_meta, pre_ene = self.fuse_pre_meta(average_pre), self.fuse_pre_ene(maximum_pre)
        inv_meta, inv_ene = self.fuse_invar_meta(average_inv), self.fuse_invar_ene(maximum_inv)
        all_meta = self.fuse_all_meta(torch.cat((pre_meta, inv_meta), dim=1))
        all_ene = self.fuse_all_ene(torch.cat((pre_ene, inv_ene), dim=1))
        logits = (
            self.backbone_preserve.meta_classifier(pre_meta),
            self.backbone_preserve.ene_classifier(pre_ene),
            self.backbone_invariant.meta_classifier(inv_meta),
            self.backbone_invariant.ene_classifier(inv_ene),
            self.meta_classifier(all_meta),
            self.ene_classifier(all_ene),
        )
        return torch.cat(logits, dim=1)


def _groups(stream: Tensor) -> Tensor:
    """View (B, 9, 60, 60) slices as (3B, 3, 60, 60): node b's group g is row 3b + g."""
    return stream.reshape(GROUPS * len(stream), SLICES // GROUPS, IN_PLANE, IN_PLANE)


def metastasis_score(logits: Tensor) -> Tensor:
    """Average the three metastasis logits of (..., 6) logits, in double precision."""
    return logits[..., METASTASIS_LOGITS].double().mean(dim=-1)


def ene_score(logits: Tensor) -> Tensor:
    """Average the three ENE logits of (..., 6) logits, in double precision.

    The ENE outputs were trained on metastatic nodes only; elsewhere the score is a mere ranking.
    """
    return logits[..., ENE_LOGITS].double().mean(dim=-1)
