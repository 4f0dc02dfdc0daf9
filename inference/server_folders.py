"""The folder of this machine whose releases may be registered; nothing outside it can be reached.

Links are refused at every step: one could lead out of the folder.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from django.conf import settings
from django.core.exceptions import ValidationError

MOST_FOLDERS = 200
MOST_ENTRIES = 20_000


def is_offered() -> bool:
    """Say whether the operator has named a folder (NODEWISE_MODELS_DIR)."""
    return bool(settings.MODELS_DIR)


def folder_names() -> list[str]:
    """Return the folders that lie directly in the operator's, by name."""
    if not is_offered() or not _root().is_dir():
        return []
    with os.scandir(_root()) as entries:
        names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    return sorted(names)[:MOST_FOLDERS]


def files_in(folder: str) -> list[tuple[str, int]]:
    """Return path (relative to the operator's folder) and size of each file, by path."""
    start, found = _inside(folder), []
    if not start.is_dir():
        raise _refusal(f"'{folder}' is no folder there.")
    for seen, (parent, _, names) in enumerate(os.walk(start, followlinks=False), start=1):
        for name in names:
            path = Path(parent) / name
            about = path.lstat()
            if stat.S_ISREG(about.st_mode):
                found.append((path.relative_to(_root()).as_posix(), about.st_size))
        if len(found) > MOST_ENTRIES or seen > MOST_ENTRIES:
            raise _refusal(f"'{folder}' holds more than {MOST_ENTRIES} files: choose one release.")
    return sorted(found)


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """Lend one file for reading; ValidationError where it is none, or lies behind a link."""
    try:
        handle = os.open(_inside(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise _refusal(f"'{path}' cannot be read ({error.strerror}).") from error
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise _refusal(f"'{path}' is no file.")
        yield file


def _root() -> Path:
    return Path(settings.MODELS_DIR)


def _inside(relative: str) -> Path:
    """Return the path below the operator's folder; refuse whatever could lead out of it."""
    if not is_offered():
        raise _refusal("The operator has named no folder of models (NODEWISE_MODELS_DIR).")
    parts = PurePosixPath(relative).parts
    if not parts or parts[0] == "/" or ".." in parts or "\0" in relative:
        raise _refusal(f"'{relative}' does not lie in the operator's folder.")
    path = _root()
    for part in parts:
        path /= part
        if path.is_symlink():
            raise _refusal(f"'{relative}' leads through a link: choose the folder itself.")
    return path


def _refusal(sentence: str) -> ValidationError:
    return ValidationError(f"Folder on the server: {sentence}", code="folder")
