"""Checkpoints of untrained members, for demonstrations and tests (inference.deepene, pure).

They have the form of real ones, say in themselves that they are untrained, and know nothing.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from inference.deepene.checkpoints import (
    FOLDS,
    RUNS,
    MemberFile,
    State,
    member_path,
    save_checkpoint,
)
from inference.deepene.network import IN_PLANE, INPUT_SHAPE, DeepENENetwork, Fuse

_NOISE_NODES = 8


def untrained_state(seed: int) -> State:
    """Initialise a network as before training, from a seed.

    Convolutions and linear layers are Kaiming normal (fan-in). Batch norms take their statistics
    from one batch of noise: left at the identity, signals die out or explode on their way, and
    scores are all equal or absurd.

    Parameters
    ----------
    seed : int
        Of the generator; the global one is left alone.

    Returns
    -------
    dict of Tensor
        State dict of the network. It has seen no data: its scores mean nothing.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.device("meta"):
        network = DeepENENetwork()
    network.to_empty(device="cpu")
    with torch.no_grad():
        for module in network.modules():
            _initialise(module, generator)
        network.train()(_noise_nodes(generator))  # sets the running statistics
    return dict(network.state_dict())


def _initialise(module: nn.Module, generator: torch.Generator) -> None:
    if isinstance(module, nn.BatchNorm2d):
        module.reset_parameters()
        module.momentum = None  # plain average of the batches seen, here one
    elif isinstance(module, nn.Dropout):
        module.p = 0.0  # would draw from the global generator
    elif isinstance(module, nn.Linear | Fuse):  # neither a norm nor, mostly, a ReLU follows
        nn.init.kaiming_normal_(module.weight, nonlinearity="linear", generator=generator)
    elif isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
    if isinstance(module, nn.Linear | nn.Conv2d) and module.bias is not None:
        nn.init.zeros_(module.bias)


def _noise_nodes(generator: torch.Generator) -> Tensor:
    """Make network inputs of noise in discs of several sizes."""
    noise = torch.randn((_NOISE_NODES, *INPUT_SHAPE), generator=generator)
    brightness = torch.randn((_NOISE_NODES, 1, 1, 1, 1, 1), generator=generator)
    offset = torch.arange(IN_PLANE) - (IN_PLANE - 1) / 2
    distance = torch.hypot(offset[:, None], offset[None, :])
    radii = torch.linspace(6, 30, _NOISE_NODES).reshape(-1, 1, 1, 1, 1, 1)
    return (noise + brightness) * (distance <= radii)


def untrained_note(seed: int) -> str:
    """Return the note that an untrained checkpoint carries."""
    return f"UNTRAINED: random initial weights from seed {seed}; its scores mean nothing."


def write_untrained_members(
    folder: Path, seed: int, members: list[tuple[int, int]] | None = None
) -> list[MemberFile]:
    """Write checkpoints of untrained members, plainly labelled as such.

    Parameters
    ----------
    folder : Path
        Where `RUN0/fold0/...` shall lie.
    seed : int
        Member (run, fold) is initialised from `seed + 5 run + fold`.
    members : list of (run, fold), optional
        Which to write; all 25 (1.75 GB) unless said otherwise.

    Returns
    -------
    list of MemberFile
    """
    chosen = members if members is not None else [(r, f) for r in RUNS for f in FOLDS]
    written = []
    for run, fold in chosen:
        if run not in RUNS or fold not in FOLDS:
            raise ValueError(f"members are run 0 to 4 and fold 0 to 4, not ({run}, {fold}).")
        own_seed = seed + len(FOLDS) * run + fold
        path = member_path(folder, run, fold)
        save_checkpoint(path, untrained_state(own_seed), note=untrained_note(own_seed))
        written.append(MemberFile(run, fold, path))
    return written
