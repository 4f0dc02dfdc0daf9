"""cohorts.candidates: waiting for a child process while the run is renewed, and ending it."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable

POLL_SECONDS = 0.05


def ended_in_time(
    child: "subprocess.Popen[bytes]", limit_s: float, go_on: Callable[[float], None]
) -> bool:
    """Wait for a child; say whether it ended before its time was over.

    Parameters
    ----------
    child : Popen
    limit_s : float
    go_on : callable
        Called again and again with the seconds so far; what it raises ends the waiting.
    """
    begun = time.monotonic()
    while child.poll() is None:
        seconds = time.monotonic() - begun
        if seconds > limit_s:
            return False
        go_on(seconds)
        time.sleep(POLL_SECONDS)
    return True


def end_group(child: "subprocess.Popen[bytes]") -> None:
    """End a child and its children, which are of its process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
