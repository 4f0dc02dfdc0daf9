"""Between two epochs: a member in training as bytes (inference.training, pure).

Besides `inference.deepene.checkpoints` the one place that unpickles: what this software wrote,
restricted to tensors and plain values all the same.
"""

import hashlib
import io
import json
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from inference.training.metrics import EpochResult

__all__ = [
    "FORMAT",
    "EpochResult",
    "MemberState",
    "StateError",
    "digest_of",
    "read_state",
    "weights_sha256",
]

FORMAT = "nodewise-member-state-1"


class StateError(ValueError):
    """A stored state cannot be resumed; the text says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class MemberState:
    """All that a member needs to go on after an epoch.

    No generator is among it: the random numbers of an epoch follow from its number.

    Attributes
    ----------
    task_digest : str
        Of everything that decides the weights; a state of another task is refused.
    epoch : int
        Epochs done.
    curves : tuple of EpochResult
        One per epoch done.
    network : mapping of str to Tensor
        State dict.
    optimiser : mapping
        State dict of Adam: its moments and settings.
    best : mapping of str to Tensor or None
        State dict of the best evaluation, where training may stop early.
    best_selection : float or None
        Its selection metric.
    waited : int
        Evaluations since then.
    """

    task_digest: str
    epoch: int
    curves: tuple[EpochResult, ...]
    network: Mapping[str, Tensor]
    optimiser: Mapping[str, Any]
    best: Mapping[str, Tensor] | None
    best_selection: float | None
    waited: int

    def to_bytes(self) -> bytes:
        """Write the state down; `read_state` reads it."""
        stored = {
            "format": FORMAT,
            "task": self.task_digest,
            "epoch": self.epoch,
            "curves": json.dumps([point.to_dict() for point in self.curves]),
            "network": dict(self.network),
            "optimiser": dict(self.optimiser),
            "best": None if self.best is None else dict(self.best),
            "best_selection": self.best_selection,
            "waited": self.waited,
        }
        buffer = io.BytesIO()
        torch.save(stored, buffer)
        return buffer.getvalue()


def read_state(content: bytes) -> MemberState:
    """Read what `MemberState.to_bytes` wrote.

    Parameters
    ----------
    content : bytes
        The stored state.

    Returns
    -------
    MemberState

    Raises
    ------
    StateError
        If it is cut off, damaged, or of another format.
    """
    try:
        stored = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, OSError) as error:
        raise StateError(
            "The stored state is damaged; let this member start again from its first epoch."
        ) from error
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        raise StateError(
            f"The stored state is not of the format {FORMAT}; let this member start again from "
            "its first epoch."
        )
    return MemberState(
        task_digest=stored["task"],
        epoch=stored["epoch"],
        curves=tuple(EpochResult.from_dict(point) for point in json.loads(stored["curves"])),
        network=stored["network"],
        optimiser=stored["optimiser"],
        best=stored["best"],
        best_selection=stored["best_selection"],
        waited=stored["waited"],
    )


def weights_sha256(state: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of a state dict: names, types, shapes and bytes of all tensors."""
    digest = hashlib.sha256()
    for name, tensor in state.items():
        array = tensor.detach().cpu().contiguous().numpy()
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def digest_of(values: Mapping[str, Any] | Sequence[Any]) -> str:
    """Return the SHA-256 of plain values as canonical JSON."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
