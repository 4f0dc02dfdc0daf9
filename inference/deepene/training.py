"""What training does with a DeepENE network: loss, first weights, decay (inference.deepene, pure).

The published choices and ours where the publication is silent stand in `training_defaults`.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from inference.deepene.network import ENE_LOGITS, METASTASIS_LOGITS, Fuse
from inference.deepene.training_defaults import TRAINING_DEFAULTS

__all__ = ["TRAINING_DEFAULTS", "initialise", "loss", "parameter_groups"]

_LINEAR_SD = 0.01
_COUNT_ALLOWANCE = 1e-6


def loss(logits: Tensor, metastasis: Tensor, ene: Tensor, ene_known: Tensor) -> Tensor:
    """Return the training loss of a batch.

    Parameters
    ----------
    logits : Tensor, shape (N, 6)
        As the network returns them.
    metastasis, ene : Tensor of float32, shape (N,)
        Labels, 0 or 1.
    ene_known : Tensor of float32, shape (N,)
        1 for metastatic nodes whose ENE is known, else 0: only they count in the ENE loss.

    Returns
    -------
    Tensor, scalar
        Sum of the three metastasis losses, each a mean over the batch, and the three ENE losses,
        each a mean over the nodes that count (0 if there is none).
    """
    total = logits.new_zeros(())
    for index in METASTASIS_LOGITS:
        total = total + binary_cross_entropy_with_logits(logits[:, index], metastasis)
    count = ene_known.sum() + _COUNT_ALLOWANCE
    for index in ENE_LOGITS:
        of_node = binary_cross_entropy_with_logits(logits[:, index], ene, reduction="none")
        total = total + (ene_known * of_node).sum() / count
    return total


def initialise(network: nn.Module, seed: int) -> None:
    """Give the network its weights before training, from the seed alone.

    The published training begins with backbones from ImageNet, which are not part of this
    software. Here they are Kaiming normal (fan-in, ReLU; biases 0; batch norms 1 and 0). Fan-in,
    since fan-out would leave depthwise outputs below batch norm's epsilon. The heads are the
    published ones: linear layers N(0, 0.01) with bias 0, fuse layers Kaiming normal (fan-out).

    Parameters
    ----------
    network : nn.Module
        A `DeepENENetwork`; changed in place.
    seed : int
        Of a generator of its own; the global one is left alone.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in network.modules():
            _initialise(module, generator)


def _initialise(module: nn.Module, generator: torch.Generator) -> None:
    if isinstance(module, nn.BatchNorm2d):
        module.reset_parameters()
    elif isinstance(module, Fuse):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", generator=generator)
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=_LINEAR_SD, generator=generator)
    elif isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
    if isinstance(module, nn.Linear | nn.Conv2d) and module.bias is not None:
        nn.init.zeros_(module.bias)


def parameter_groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Divide the parameters by whether they decay.

    Parameters
    ----------
    network : nn.Module
        A `DeepENENetwork`.
    weight_decay : float
        L2 factor, as `torch.optim.Adam` takes it.

    Returns
    -------
    list of dict
        Weights of convolutions and linear layers, which decay; biases and batch norms, which do
        not.
    """
    decaying: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for module in network.modules():
        for name, parameter in module.named_parameters(recurse=False):
            decays = name == "weight" and isinstance(module, nn.Conv2d | nn.Linear)
            (decaying if decays else others).append(parameter)
    return [
        {"params": decaying, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
