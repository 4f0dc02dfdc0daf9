"""The two-stream DualNet network (inference.dualnet, pure).

A 3-D convolutional network that sees a node twice: in a box of fixed size, and scaled to a small
cube. It yields a metastasis and an ENE logit. State-dict keys are the published layer names.

References
----------
Kann BH, et al. Pretreatment identification of head and neck cancer nodal metastasis and extranodal
extension using deep learning neural networks. Sci Rep 2018. doi:10.1038/s41598-018-32441-y.
Kann BH, et al. Multi-institutional validation of deep learning for pretreatment identification of
extranodal extension in head and neck squamous cell carcinoma. J Clin Oncol 2020.
doi:10.1200/JCO.19.02031.
Published network definition: repository bhkann/DualNet-ENE.
"""

import copy
from typing import NamedTuple

import torch
from torch import Tensor, nn

from inference.dualnet.parameters import BOX_SHAPE, SMALL_SHAPE

_BATCH_NORM_EPS, _BATCH_NORM_MOMENTUM = 0.001, 0.01
SLOPE = 0.03
_BOX_DROPOUT, _SMALL_DROPOUT = 0.4, 0.5

HALVE_Z, _HALVE_PLANE, _HALVE = (2, 1, 1), (1, 2, 2), (2, 2, 2)


class Row(NamedTuple):
    """A convolution with its batch norm and LeakyReLU, the max pooling after it, and dropout.

    A 3 x 3 x 3 convolution keeps the size; a 2 x 2 x 2 one reduces it by one voxel.
    """

    convolution: str
    norm: str
    inputs: int
    outputs: int
    kernel: int
    pool: tuple[int, int, int] | None
    dropout: float
    padded: bool = False


BOX_ROWS = (
    Row("conv1", "bn1", 1, 64, 3, _HALVE_PLANE, 0),
    Row("conv2", "bn2", 64, 128, 3, _HALVE, _BOX_DROPOUT),
    Row("conv3a", "bn3a", 128, 256, 3, _HALVE, 0),
    Row("conv3b", "bn3b", 256, 256, 3, _HALVE, _BOX_DROPOUT),
    Row("conv4a", "bn4a", 256, 512, 3, None, 0),
    Row("conv4b", "bn4b", 512, 512, 3, _HALVE, _BOX_DROPOUT, padded=True),
)
"""The size-preserving stream."""

SMALL_ROWS = (
    Row("conv1s", "bn1s", 1, 64, 3, _HALVE_PLANE, 0),
    Row("conv2s", "bn2s", 64, 128, 3, _HALVE, _SMALL_DROPOUT),
    Row("conv3as", "bn3as", 128, 256, 3, None, 0),
    Row("conv3bs", "bn3bs", 256, 256, 3, _HALVE, _SMALL_DROPOUT),
    Row("conv4as", "bn4as", 256, 512, 3, None, 0),
    Row("conv4bs", "bn4bs", 512, 512, 3, _HALVE, _SMALL_DROPOUT),
    Row("last_64s", "bn_last_64s", 512, 64, 2, None, _SMALL_DROPOUT),
)
"""The size-invariant stream."""


class DenseRow(NamedTuple):
    """One fully connected layer and its batch norm, where it has one."""

    dense: str
    norm: str | None
    inputs: int
    outputs: int


DENSE_ROWS = (
    DenseRow("dense", "bn5", 8192, 2048),
    DenseRow("dense_1", "bn6", 2048, 2048),
    DenseRow("dense_2", None, 2048, 3),
    DenseRow("dense_3", None, 4, 4),
    DenseRow("dense_4", None, 4, 2),
)
"""The fully connected layers, in the order of the network."""

_HIDDEN_ROWS = DENSE_ROWS[:2]


class Stages(NamedTuple):
    """What the network computes on its way, for one batch.

    Attributes
    ----------
    pool4 : Tensor, shape (B, 512, 1, 4, 4)
        End of the size-preserving convolutions.
    pool4s : Tensor, shape (B, 512, 2, 2, 2)
        End of the size-invariant 512-channel convolutions.
    fc : Tensor, shape (B, 2048)
        Size-preserving features.
    out_small : Tensor, shape (B, 1)
        The size-invariant stream's answer.
    dense_2 : Tensor, shape (B, 3)
        The size-preserving stream's answer.
    dense_3 : Tensor, shape (B, 4)
        Both answers merged.
    logits : Tensor, shape (B, 2)
        Nodal metastasis and ENE, before the sigmoid.
    """

    pool4: Tensor
    pool4s: Tensor
    fc: Tensor
    out_small: Tensor
    dense_2: Tensor
    dense_3: Tensor
    logits: Tensor


class DualNetNetwork(nn.Module):
    """A metastasis and an ENE logit per node from its box and its small cube.

    The weights are torch's default initialisation until a checkpoint is loaded.
    """

    def __init__(self) -> None:
        super().__init__()
        # The order of these lines is the order of the state dict.
        self._add_convolutions(BOX_ROWS)
        for dense in _HIDDEN_ROWS:
            self._add_dense(dense)
        self._add_convolutions(SMALL_ROWS)
        self.out_class_convs = nn.Conv3d(SMALL_ROWS[-1].outputs, 1, 1)
        for dense in DENSE_ROWS[len(_HIDDEN_ROWS) :]:
            self._add_dense(dense)

    def _add_convolutions(self, rows: tuple[Row, ...]) -> None:
        for row in rows:
            padding = 1 if row.kernel == 3 else 0
            convolution = nn.Conv3d(row.inputs, row.outputs, row.kernel, padding=padding)
            norm = nn.BatchNorm3d(row.outputs, _BATCH_NORM_EPS, _BATCH_NORM_MOMENTUM)
            self.add_module(row.convolution, convolution)
            self.add_module(row.norm, norm)

    def _add_dense(self, row: DenseRow) -> None:
        self.add_module(row.dense, nn.Linear(row.inputs, row.outputs))
        if row.norm is not None:
            norm = nn.BatchNorm1d(row.outputs, _BATCH_NORM_EPS, _BATCH_NORM_MOMENTUM)
            self.add_module(row.norm, norm)

    def forward(self, box: Tensor, small: Tensor) -> Tensor:
        """Compute the two logits of each node.

        Parameters
        ----------
        box : Tensor of float32, shape (B, 1, 32, 118, 118)
            Size-preserving input: channel, z, y, x.
        small : Tensor of float32, shape (B, 1, 32, 32, 32)
            Size-invariant input.

        Returns
        -------
        Tensor, shape (B, 2)
            Logits of nodal metastasis and of ENE; two independent answers.

        Raises
        ------
        ValueError
            If an input has another shape.
        """
        return self.stages(box, small).logits

    def stages(self, box: Tensor, small: Tensor) -> Stages:
        """Compute the logits and what leads to them; arguments and refusals as `forward`."""
        _check_shape("box", box, BOX_SHAPE)
        _check_shape("small", small, SMALL_SHAPE)
        return self.judged(self.convolved(BOX_ROWS, halved_in_z(box)), small)

    def judged(self, pool4: Tensor, small: Tensor) -> Stages:
        """Compute what follows from the size-preserving features and the size-invariant input.

        Parameters
        ----------
        pool4 : Tensor, shape (B, 512, 1, 4, 4)
            What `convolved` makes of the box by `BOX_ROWS`.
        small : Tensor, shape (B, 1, 32, 32, 32)
            Size-invariant input.

        Returns
        -------
        Stages
        """
        # Channels are the slowest axis here; the published code flattens with them as the fastest.
        fc = pool4.flatten(1)
        for row in _HIDDEN_ROWS:
            fc = self._dropped(self._unit(row.dense, str(row.norm), fc), _BOX_DROPOUT)
        dense_2 = nn.functional.relu(self._layer("dense_2", fc))
        pool4s = self.convolved(SMALL_ROWS[:-1], halved_in_z(small))
        out_small = self._layer("out_class_convs", self.convolved(SMALL_ROWS[-1:], pool4s))
        # The small stream's answer comes first.
        merged = torch.cat((out_small.flatten(1), dense_2), dim=1)
        dense_3 = nn.functional.relu(self._layer("dense_3", merged))
        logits = self._layer("dense_4", dense_3)
        return Stages(pool4, pool4s, fc, out_small.flatten(1), dense_2, dense_3, logits)

    def convolved(self, rows: tuple[Row, ...], features: Tensor) -> Tensor:
        """Apply rows of a stream, one after another, to (B, inputs, z, y, x) features."""
        for row in rows:
            features = self._unit(row.convolution, row.norm, features)
            if row.padded:
                # Real zeros, which beat negative activations; a max pool's own padding would not.
                features = nn.functional.pad(features, (1, 1, 1, 1, 0, 0))
            if row.pool is not None:
                features = nn.functional.max_pool3d(features, row.pool)
            features = self._dropped(features, row.dropout)
        return features

    def _unit(self, layer: str, norm: str, features: Tensor) -> Tensor:
        normalised = self._layer(norm, self._layer(layer, features))
        return nn.functional.leaky_relu(normalised, SLOPE)

    def _layer(self, name: str, features: Tensor) -> Tensor:
        result: Tensor = self.get_submodule(name)(features)
        return result

    def _dropped(self, features: Tensor, probability: float) -> Tensor:
        return nn.functional.dropout(features, probability, training=self.training)


def halved_in_z(inputs: Tensor) -> Tensor:
    """Average neighbouring slices, as both streams begin."""
    return nn.functional.avg_pool3d(inputs, HALVE_Z)


def _check_shape(name: str, values: Tensor, shape: tuple[int, int, int]) -> None:
    if values.shape[1:] != (1, *shape):
        raise ValueError(
            f"{name} must have shape (B, 1, {', '.join(map(str, shape))}), "
            f"not {tuple(values.shape)}."
        )


def folded(network: DualNetNetwork) -> DualNetNetwork:
    """Return a network for inference whose batch norms are part of the layers before them.

    Parameters
    ----------
    network : DualNetNetwork
        With its weights; left as it is.

    Returns
    -------
    DualNetNetwork
        In evaluation mode. Equal logits up to rounding, and no batch norm left to compute.
    """
    result = copy.deepcopy(network).requires_grad_(False).eval()
    pairs = [(row.convolution, row.norm) for row in BOX_ROWS + SMALL_ROWS]
    pairs += [(row.dense, row.norm) for row in DENSE_ROWS if row.norm is not None]
    for name, norm_name in pairs:
        _fold(result.get_submodule(name), result.get_submodule(norm_name))
        setattr(result, norm_name, nn.Identity())
    return result


def _fold(layer: nn.Module, norm: nn.Module) -> None:
    """Scale and shift a layer's outputs as the norm would; computed in double precision."""
    parts = {**dict(layer.named_parameters()), **dict(norm.named_buffers())}
    gain, shift = (parameter.double() for parameter in norm.parameters())
    scale = gain / (parts["running_var"].double() + _BATCH_NORM_EPS).sqrt()
    weight, bias = parts["weight"], parts["bias"]
    bias.copy_((bias.double() - parts["running_mean"].double()) * scale + shift)
    weight.copy_(weight.double() * scale.reshape(-1, *[1] * (weight.ndim - 1)))
