"""Checkpoint files of DeepENE's ensemble members (inference.deepene, pure).

What is not exactly a DeepENE state dict is refused, naming the first key that is wrong; how files
are read and checked stands in `inference.checkpoint_files`.
"""

import functools
import hashlib
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
from inference.deepene.network import DeepENENetwork

__all__ = [
    "FILE_NAME",
    "FOLDS",
    "MEMBERS",
    "RUNS",
    "Checkpoint",
    "CheckpointError",
    "Inventory",
    "MemberFile",
    "State",
    "find_members",
    "inventory",
    "load_checkpoint",
    "member_path",
    "save_checkpoint",
    "sha256_of_file",
]

RUNS, FOLDS = range(5), range(5)
MEMBERS = len(RUNS) * len(FOLDS)
FILE_NAME = "last_epoch_ckpt.pth"

_ARCHITECTURE = "DeepENE"


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
    content, sha256 = read_checked(path, expected_sha256)
    stored = unpickled(path, content)
    if not isinstance(stored, dict) or not isinstance(stored.get("model"), Mapping):
        raise CheckpointError(f"{path}: no state dict under 'model'; not a DeepENE checkpoint.")
    state = checked_state(path, stored["model"], _expected(), _ARCHITECTURE)
    note = stored.get("note", "")
    return Checkpoint(
        path=path, sha256=sha256, state=state, note=note if isinstance(note, str) else ""
    )


@functools.cache
def _expected() -> State:
    return blank_state(DeepENENetwork)


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
    return written(path, checked_state(path, state, _expected(), _ARCHITECTURE), note=note)
