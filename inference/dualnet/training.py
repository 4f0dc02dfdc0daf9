"""What training does with a DualNet: loss, first weights, decay (inference.dualnet, pure).

The published choices and ours where the publication is silent stand in `training_defaults`.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from inference.dualnet.network import BOX_ROWS, DENSE_ROWS, SMALL_ROWS

_GLOROT_LAYER = DENSE_ROWS[-1].dense
_DECAYING = frozenset(
    [row.convolution for row in BOX_ROWS + SMALL_ROWS]
    + ["out_class_convs"]
    + [row.dense for row in DENSE_ROWS if row.norm is not None]
)
_SD_WITHIN_TWO = 0.87962566103423978
"""Standard deviation of a normal distribution that is cut off at two standard deviations."""


def loss(logits: Tensor, metastasis: Tensor, ene: Tensor, ene_known: Tensor) -> Tensor:
    """Return the training loss of a batch, without the L2 penalty.

    Parameters
    ----------
    logits : Tensor, shape (N, 2)
        Of metastasis and ENE.
    metastasis, ene : Tensor of float32, shape (N,)
        Labels, 0 or 1.
    ene_known : Tensor of float32, shape (N,)
        0 for metastatic nodes whose ENE is not known. It does not matter what is said of benign
        nodes, which have no ENE.

    Returns
    -------
    Tensor, scalar
        Mean binary cross-entropy of metastasis, and that of ENE over the nodes whose ENE is known
        (0 if there is none).
    """
    counts = torch.maximum(ene_known, 1 - metastasis)
    of_node = binary_cross_entropy_with_logits(logits[:, 1], ene, reduction="none")
    of_ene = (counts * of_node).sum() / counts.sum().clamp(min=1)
    return binary_cross_entropy_with_logits(logits[:, 0], metastasis) + of_ene


def initialise(network: nn.Module, seed: int) -> None:
    """Give the network its weights before training, from the seed alone.

    As Keras does it: kernels He normal (fan-in, cut off at two standard deviations), `dense_4`
    Glorot uniform, biases 0, batch norms 1 and 0.

    Parameters
    ----------
    network : nn.Module
        A `DualNetNetwork`; changed in place.
    seed : int
        Of a generator of its own; the global one is left alone.

    References
    ----------
    He K, et al. Delving deep into rectifiers. ICCV 2015. doi:10.1109/ICCV.2015.123.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, layer in network.named_children():
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm3d):
                layer.reset_parameters()
            elif isinstance(layer, nn.Conv3d | nn.Linear):
                _initialise(name, layer, generator)


def _initialise(name: str, layer: nn.Conv3d | nn.Linear, generator: torch.Generator) -> None:
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    if name == _GLOROT_LAYER:
        nn.init.xavier_uniform_(layer.weight, generator=generator)
        return
    fan_in = layer.weight[0].numel()
    sd = math.sqrt(2 / fan_in) / _SD_WITHIN_TWO
    nn.init.trunc_normal_(layer.weight, std=sd, a=-2 * sd, b=2 * sd, generator=generator)


def parameter_groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Divide the parameters by whether they decay.

    Parameters
    ----------
    network : nn.Module
        A `DualNetNetwork`.
    weight_decay : float
        L2 factor, as `torch.optim.Adam` takes it: twice Keras'.

    Returns
    -------
    list of dict
        Kernels of all convolutions, `dense` and `dense_1`, which decay; everything else, which
        does not.
    """
    decaying: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, layer in network.named_children():
        for kind, parameter in layer.named_parameters():
            decays = kind == "weight" and name in _DECAYING
            (decaying if decays else others).append(parameter)
    return [
        {"params": decaying, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
