"""Checkpoint files of ensemble members (inference.deepene, pure): the one place that loads weights.

A file is read once, hashed, and unpickled with torch's restricted reader; what is not exactly a
DeepENE state dict is refused, naming the first key that is wrong.
"""

import functools
import hashlib
import io
import os
import pickle
import struct
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from inference.deepene.network import DeepENENetwork

RUNS, FOLDS = range(5), range(5)
MEMBERS = len(RUNS) * len(FOLDS)
FILE_NAME = "last_epoch_ckpt.pth"

MAX_FILE_BYTES = 1 << 30
"""Larger files are not read: a member with its optimiser state has some 0.2 GB."""

State = dict[str, Tensor]

# The training code stores its metrics as numpy scalars. These three names rebuild one, under
# both module paths numpy has used; they can make nothing but a number.
_SCALAR = np.float64(0).__reduce__()[0]
_NUMPY_SCALARS: list[Any] = [
    (_SCALAR, "numpy.core.multiarray.scalar"),
    (_SCALAR, "numpy._core.multiarray.scalar"),
    np.dtype,
    type(np.dtype(np.float64)),
]

# What torch.load is known to raise on files that are cut off, damaged or of another kind.
_UNREADABLE = (
    RuntimeError,
    pickle.UnpicklingError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    OverflowError,
    MemoryError,
)


class CheckpointError(ValueError):
    """A file is not a checkpoint of a DeepENE member; the text says which file and why."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Checkpoint:
    """One member's weights and the file they came from.

    Attributes
    ----------
    path : Path
        The file.
    sha256 : str
        SHA-256 of the file's bytes, the ones that were loaded.
    state : dict of Tensor
        State dict in the network's order.
    note : str
        What the file says of itself, such as being untrained; often empty.
    """

    path: Path
    sha256: str
    state: State
    note: str


@dataclass(frozen=True, order=True)
class MemberFile:
    """Where the checkpoint of one ensemble member lies."""

    run: int
    fold: int
    path: Path


@dataclass(frozen=True)
class Inventory:
    """The members of an ensemble that a folder holds.

    Attributes
    ----------
    members : tuple of MemberFile
        Those found, by run and fold.
    missing : tuple of (run, fold)
        Those of the 25 that were not found.
    """

    members: tuple[MemberFile, ...]
    missing: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        """Summarise in one line, naming what is missing."""
        line = f"{len(self.members)} of {MEMBERS} members"
        if not self.missing:
            return line
        return f"{line}; missing: {', '.join(f'RUN{r}/fold{f}' for r, f in self.missing)}"


def find_members(folder: Path) -> list[MemberFile]:
    """List the checkpoints `RUN{0..4}/fold{0..4}/last_epoch_ckpt.pth` in a folder.

    Parameters
    ----------
    folder : Path
        The folder that holds `RUN0`, `RUN1`, ...

    Returns
    -------
    list of MemberFile
        By run and fold.

    Raises
    ------
    ValueError
        If there is no such folder, or no member in it.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder}: there is no such folder of checkpoints.")
    members = [
        MemberFile(run, fold, path)
        for run in RUNS
        for fold in FOLDS
        if (path := member_path(folder, run, fold)).is_file()
    ]
    if not members:
        raise ValueError(
            f"{folder}: no checkpoint found; expected RUN0/fold0/{FILE_NAME} to "
            f"RUN{RUNS[-1]}/fold{FOLDS[-1]}/{FILE_NAME}."
        )
    return members


def inventory(folder: Path) -> Inventory:
    """Tell which of the 25 members a folder holds; raises as `find_members`."""
    members = find_members(folder)
    found = {(member.run, member.fold) for member in members}
    missing = [(r, f) for r in RUNS for f in FOLDS if (r, f) not in found]
    return Inventory(tuple(members), tuple(missing))


def member_path(folder: Path, run: int, fold: int) -> Path:
    """Return where a member's checkpoint belongs."""
    return folder / f"RUN{run}" / f"fold{fold}" / FILE_NAME


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_checkpoint(path: Path, *, expected_sha256: str | None = None) -> Checkpoint:
    """Read, hash and check one member's checkpoint.

    Parameters
    ----------
    path : Path
        A torch file holding a dict with the state dict under `model`.
    expected_sha256 : str, optional
        The digest on record; a file with another one is refused before it is unpickled.

    Returns
    -------
    Checkpoint

    Raises
    ------
    CheckpointError
        If the file cannot be read, has another digest, holds anything but tensors and numbers,
        or its state dict is not that of the network.
    """
    content = _read(path)
    sha256 = hashlib.sha256(content).hexdigest()
    if expected_sha256 is not None and sha256 != expected_sha256.lower():
        raise CheckpointError(
            f"{path}: SHA-256 is {sha256}, but {expected_sha256} is on record; the file has "
            "changed. Restore it, or register it as another model version."
        )
    stored = _unpickle(path, content)
    if not isinstance(stored, dict) or not isinstance(stored.get("model"), Mapping):
        raise CheckpointError(f"{path}: no state dict under 'model'; not a DeepENE checkpoint.")
    state = _checked_state(path, stored["model"])
    note = stored.get("note", "")
    return Checkpoint(
        path=path, sha256=sha256, state=state, note=note if isinstance(note, str) else ""
    )


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise CheckpointError(
                f"{path}: {size} bytes, more than the {MAX_FILE_BYTES} a checkpoint may have."
            )
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror}).") from error


def _unpickle(path: Path, content: bytes) -> object:
    try:
        with torch.serialization.safe_globals(_NUMPY_SCALARS):
            return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path}: damaged, or holds more than tensors and numbers; only plain weights are "
            f"loaded. ({_first_line(error)})"
        ) from error
    except _UNREADABLE as error:
        raise CheckpointError(
            f"{path}: not a complete torch file; copy it again. ({_first_line(error)})"
        ) from error


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


@functools.cache
def _expected() -> State:
    """Make the network's state dict without memory behind it: keys, shapes and types."""
    with torch.device("meta"):
        return dict(DeepENENetwork().state_dict())


def _checked_state(path: Path, stored: Mapping[Any, object]) -> State:
    """Return the stored tensors in the network's order, or name the first that is wrong."""
    found = {}
    for key, value in stored.items():
        plain = str(key).removeprefix("module.")
        if plain in found:
            raise CheckpointError(f"{path}: {plain!r} is there twice, with and without 'module.'.")
        found[plain] = value
    state = {}
    for key, expected in _expected().items():
        if key not in found:
            raise CheckpointError(f"{path}: {key!r} is missing; not a DeepENE checkpoint.")
        tensor = found[key]
        fault = _fault(key, tensor, expected)
        if fault or not isinstance(tensor, Tensor):
            raise CheckpointError(f"{path}: {key!r} {fault}.")
        state[key] = tensor.detach()
    for key in found:
        if key not in state:
            raise CheckpointError(f"{path}: {key!r} is unexpected; not a DeepENE checkpoint.")
    return state


def _fault(key: str, tensor: object, expected: Tensor) -> str:
    """Say what is wrong with a tensor; nothing if it is right."""
    if not isinstance(tensor, Tensor) or tensor.layout != torch.strided or tensor.is_quantized:
        return "is not a plain tensor"
    if tensor.shape != expected.shape:
        return f"has shape {tuple(tensor.shape)}, expected {tuple(expected.shape)}"
    if tensor.dtype != expected.dtype:
        return f"has type {tensor.dtype}, expected {expected.dtype}"
    if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
        return "holds values that are not finite"
    if key.endswith("running_var") and bool((tensor < 0).any()):
        return "holds a negative variance"
    return ""


def save_checkpoint(path: Path, state: Mapping[str, Tensor], *, note: str = "") -> str:
    """Write a member's weights as a checkpoint; the file appears whole or not at all.

    Parameters
    ----------
    path : Path
        Where to; folders are made as needed, an existing file is replaced.
    state : mapping of str to Tensor
        State dict of the network.
    note : str, optional
        What the file shall say of itself.

    Returns
    -------
    str
        SHA-256 of the file.

    Raises
    ------
    CheckpointError
        If the state dict is not that of the network.
    """
    checked = _checked_state(path, state)
    stored: dict[str, object] = {"model": {k: v.cpu().contiguous() for k, v in checked.items()}}
    if note:
        stored["note"] = note
    buffer = io.BytesIO()  # a file object: torch would write a file's name into its bytes
    torch.save(stored, buffer)
    content = buffer.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
    return hashlib.sha256(content).hexdigest()
