"""cohorts.channels: files that are whole and on the disk, or not there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PARTIAL = ".part"


@contextmanager
def written_durably(target: Path) -> Iterator[BinaryIO]:
    """Open a file that takes its name only when all of it is on the disk."""
    partial = target.with_name(target.name + PARTIAL)
    try:
        with partial.open("wb") as sink:
            yield sink
            sink.flush()
            os.fsync(sink.fileno())
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_partial(folder: Path) -> None:
    """Remove what a killed process had begun to write."""
    for path in folder.rglob(f"*{PARTIAL}"):
        path.unlink(missing_ok=True)
