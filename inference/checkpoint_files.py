"""Files that hold a network's weights (pure, torch): read, hashed, unpickled, checked, written.

Architectures say what a state dict of theirs looks like; everything a foreign file can do wrong is
dealt with here. A file is read once, so that the bytes that are hashed are those that are loaded.
"""

import hashlib
import io
import os
import pickle
import struct
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

MAX_FILE_BYTES = 1 << 30
"""Larger files are not read: a member with its optimiser state stays well below."""

State = dict[str, Tensor]

# The published training code stores its metrics as numpy scalars. These names rebuild one, under
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
    """A file is not a checkpoint of the network; the text says which file and why."""


def read_checked(path: Path, expected_sha256: str | None = None) -> tuple[bytes, str]:
    """Read a file and hash it.

    Parameters
    ----------
    path : Path
        The file.
    expected_sha256 : str, optional
        The digest on record.

    Returns
    -------
    content : bytes
    sha256 : str

    Raises
    ------
    CheckpointError
        If the file cannot be read, is too large, or has another digest.
    """
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise CheckpointError(
                f"{path}: {size} bytes, more than the {MAX_FILE_BYTES} a checkpoint may have."
            )
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror}).") from error
    sha256 = hashlib.sha256(content).hexdigest()
    if expected_sha256 is not None and sha256 != expected_sha256.lower():
        raise CheckpointError(
            f"{path}: SHA-256 is {sha256}, but {expected_sha256} is on record; the file has "
            "changed. Restore it, or register it as another model version."
        )
    return content, sha256


def unpickled(path: Path, content: bytes) -> object:
    """Unpickle a torch file with torch's restricted reader; CheckpointError if it refuses."""
    try:
        with torch.serialization.safe_globals(_NUMPY_SCALARS):
            return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path}: damaged, or holds more than tensors and numbers; only plain weights are "
            f"loaded. ({first_line(error)})"
        ) from error
    except _UNREADABLE as error:
        raise CheckpointError(
            f"{path}: not a complete torch file; copy it again. ({first_line(error)})"
        ) from error


def first_line(error: BaseException) -> str:
    """Return the beginning of an error's text, or its type where it has none."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def blank_state(network: Callable[[], nn.Module]) -> State:
    """Return a network's state dict without memory behind it: keys, shapes and types."""
    with torch.device("meta"):
        return dict(network().state_dict())


def checked_state(
    path: Path, stored: Mapping[Any, object], expected: State, architecture: str
) -> State:
    """Return stored tensors in the network's order, or refuse the first that is wrong.

    Parameters
    ----------
    path : Path
        To be named in the refusal.
    stored : mapping
        Key, with or without a leading ``module.``, to tensor.
    expected : dict of Tensor
        As `blank_state` returns it.
    architecture : str
        To be named in the refusal.

    Returns
    -------
    dict of Tensor

    Raises
    ------
    CheckpointError
        Naming the first key that is missing, twice there, unexpected, or no plain finite tensor
        of the expected shape and type.
    """
    found: dict[str, object] = {}
    for key, value in stored.items():
        plain = str(key).removeprefix("module.")
        if plain in found:
            raise CheckpointError(f"{path}: {plain!r} is there twice, with and without 'module.'.")
        found[plain] = value
    state: State = {}
    for key, blank in expected.items():
        if key not in found:
            raise CheckpointError(f"{path}: {key!r} is missing; not a {architecture} checkpoint.")
        tensor = found[key]
        fault = _fault(key, tensor, blank)
        if fault or not isinstance(tensor, Tensor):
            raise CheckpointError(f"{path}: {key!r} {fault}.")
        state[key] = tensor.detach()
    for key in found:
        if key not in state:
            raise CheckpointError(
                f"{path}: {key!r} is unexpected; not a {architecture} checkpoint."
            )
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


def written(path: Path, state: Mapping[str, Tensor], *, note: str = "") -> str:
    """Write a checked state dict as a torch file; it appears whole or not at all.

    Parameters
    ----------
    path : Path
        Where to; folders are made as needed, an existing file is replaced.
    state : mapping of str to Tensor
        As `checked_state` returns it.
    note : str, optional
        What the file shall say of itself.

    Returns
    -------
    str
        SHA-256 of the file.
    """
    stored: dict[str, object] = {"model": {k: v.cpu().contiguous() for k, v in state.items()}}
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
