"""cohorts.dicom: watch what a reading leaves on the disk, and stop it when that is too much."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

POLL_SECONDS = 0.5


def bytes_below(folder: Path) -> int:
    """Return the size of all files below a folder; what vanishes meanwhile counts nothing."""
    total = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    total += bytes_below(Path(entry.path))
                else:
                    total += entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return total
    return total


class DiskWatch(threading.Thread):
    """Call `stop` once when a folder has grown beyond a limit.

    Single processes have limits of the kernel for one file; nothing but looking limits them all.

    Attributes
    ----------
    exceeded : bool
        Whether it had to.
    """

    def __init__(self, folder: Path, most_bytes: int, stop: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._folder, self._most_bytes, self._stop_reading = folder, most_bytes, stop
        self._ended = threading.Event()
        self.exceeded = False

    def run(self) -> None:
        """Look, in the thread, until the reading has ended."""
        while not self._ended.wait(POLL_SECONDS):
            if bytes_below(self._folder) > self._most_bytes:
                self.exceeded = True
                self._stop_reading()
                return

    def __enter__(self) -> "DiskWatch":
        """Begin to watch."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop watching."""
        self._ended.set()
        self.join()
