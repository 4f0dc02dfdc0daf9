"""Checkpoint files of DualNet members (inference.dualnet, pure).

The published model is one Keras file; members trained here are torch files in the layout of
DeepENE's. Either is told by its first bytes, whatever its name.
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from inference.checkpoint_files import (
    CheckpointError,
    State,
    blank_state,
    checked_state,
    read_checked,
    unpickled,
    written,
)
from inference.dualnet.keras_file import SIGNATURE, keras_state
from inference.dualnet.network import DualNetNetwork

RUNS, FOLDS = range(5), range(5)
FILE_NAME = "last_epoch_ckpt.pth"
KERAS_SUFFIX = ".h5"

_ARCHITECTURE = "DualNet"
_MEMBER_PATH = re.compile(rf"(?:.*/)?RUN([0-4])/fold([0-4])/{re.escape(FILE_NAME)}")


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
        What the file says of itself; empty for Keras files.
    """

    path: Path
    sha256: str
    state: State
    note: str


@dataclass(frozen=True, order=True)
class MemberFile:
    """Where the checkpoint of one member lies."""

    run: int
    fold: int
    path: Path


def find_members(folder: Path) -> list[MemberFile]:
    """List the members that a folder holds.

    Parameters
    ----------
    folder : Path
        With the published model as its only ``.h5`` file, which is run 0, fold 0; or with
        `RUN{0..4}/fold{0..4}/last_epoch_ckpt.pth`.

    Returns
    -------
    list of MemberFile
        By run and fold.

    Raises
    ------
    ValueError
        If there is no such folder, no member in it, or it is not clear which file is meant.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder}: there is no such folder of checkpoints.")
    keras = sorted(path for path in folder.iterdir() if _is_keras_name(path.name))
    trained = [
        MemberFile(run, fold, path)
        for run in RUNS
        for fold in FOLDS
        if (path := member_path(folder, run, fold)).is_file()
    ]
    if len(keras) > 1:
        raise ValueError(
            f"{folder}: {len(keras)} {KERAS_SUFFIX} files, such as {keras[0].name} and "
            f"{keras[1].name}; the published model is one. Leave only the one that is meant."
        )
    if keras and trained:
        raise ValueError(
            f"{folder}: both {keras[0].name} and {trained[0].path.relative_to(folder)}; these are "
            "two models. Leave only the one that is meant."
        )
    if not keras and not trained:
        raise ValueError(
            f"{folder}: no checkpoint found; expected one {KERAS_SUFFIX} file, or "
            f"RUN0/fold0/{FILE_NAME} to RUN{RUNS[-1]}/fold{FOLDS[-1]}/{FILE_NAME}."
        )
    return [MemberFile(0, 0, keras[0])] if keras else trained


def _is_keras_name(name: str) -> bool:
    return name.lower().endswith(KERAS_SUFFIX) and not name.startswith(".")


def member_path(folder: Path, run: int, fold: int) -> Path:
    """Return where a member that was trained here belongs."""
    return folder / f"RUN{run}" / f"fold{fold}" / FILE_NAME


def member_of_path(path: str) -> tuple[int, int] | None:
    """Return run and fold that a file's relative path stands for.

    Parameters
    ----------
    path : str
        With slashes; the release may lie in folders of any name.

    Returns
    -------
    tuple of int or None
        (0, 0) for any ``.h5`` file; None if the path is no member's.
    """
    if _is_keras_name(path.rsplit("/", 1)[-1]):
        return 0, 0
    found = _MEMBER_PATH.fullmatch(path)
    return (int(found[1]), int(found[2])) if found else None


def load_checkpoint(path: Path, *, expected_sha256: str | None = None) -> Checkpoint:
    """Read, hash and check one member's checkpoint.

    Parameters
    ----------
    path : Path
        A Keras model in HDF5, or a torch file holding a dict with the state dict under `model`.
    expected_sha256 : str, optional
        The digest on record; a file with another one is refused before it is opened.

    Returns
    -------
    Checkpoint

    Raises
    ------
    CheckpointError
        If the file cannot be read, has another digest, or is not exactly a DualNet's weights;
        naming the first layer, array or key that is wrong.
    """
    content, sha256 = read_checked(path, expected_sha256)
    note: object = ""
    if content.startswith(SIGNATURE) or _is_keras_name(path.name):
        stored: object = keras_state(path, content)
    else:
        whole = unpickled(path, content)
        stored = whole.get("model") if isinstance(whole, dict) else None
        note = whole.get("note", "") if isinstance(whole, dict) else ""
    if not isinstance(stored, Mapping):
        raise CheckpointError(f"{path}: no state dict under 'model'; not a DualNet checkpoint.")
    state = checked_state(path, stored, _expected(), _ARCHITECTURE)
    return Checkpoint(
        path=path, sha256=sha256, state=state, note=note if isinstance(note, str) else ""
    )


@functools.cache
def _expected() -> State:
    return blank_state(DualNetNetwork)


def save_checkpoint(path: Path, state: Mapping[str, Tensor], *, note: str = "") -> str:
    """Write a member's weights as a torch file; the file appears whole or not at all.

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
    return written(path, checked_state(path, state, _expected(), _ARCHITECTURE), note=note)
