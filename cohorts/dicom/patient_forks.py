"""cohorts.dicom: read several patients at once, each in a process of its own that may die alone.

The reading child groups the files once; every patient is then read in a fork of it, which shares
the headers already parsed. Limits hold for each fork, and what a fork leaks or breaks goes with it.
"""

import ctypes
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable

POLL_SECONDS = 0.004
AHEAD = 4
"""Answers are taken in order: this many per worker may wait for the slowest, not more."""
PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel to end this process when the one that started it is gone (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def read_in_forks(
    indexes: Iterable[int],
    *,
    read: Callable[[int], None],
    ended: Callable[[int, int, bool], None],
    workers: int,
    wall_seconds: float,
) -> None:
    """Run `read(index)` for each index in a fork, `workers` of them at a time.

    Parameters
    ----------
    indexes : iterable of int
        In the order in which they are begun.
    read : callable
        Runs in the fork; whatever it raises ends the fork with status 1.
    ended : callable
        Called here with (index, wait status as of `os.waitstatus_to_exitcode`, out of time).
    workers : int
    wall_seconds : float
        A fork that takes longer is killed.
    """
    waiting = deque(indexes)
    running: dict[int, tuple[int, float]] = {}
    killed: set[int] = set()
    while waiting or running:
        oldest = min((index for index, _ in running.values()), default=None)
        while waiting and len(running) < max(workers, 1):
            if oldest is not None and waiting[0] - oldest > AHEAD * workers:
                break
            index = waiting.popleft()
            running[_fork(read, index)] = (index, time.monotonic() + wall_seconds)
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid in running:
            index, _ = running.pop(pid)
            ended(index, os.waitstatus_to_exitcode(status), pid in killed)
            continue
        now = time.monotonic()
        for late in [pid for pid, (_, until) in running.items() if now > until]:
            killed.add(late)
            os.kill(late, signal.SIGKILL)
        time.sleep(POLL_SECONDS)


def _fork(read: Callable[[int], None], index: int) -> int:
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        die_with_parent()
        read(index)
        status = 0
    finally:
        # Not sys.exit: nothing of the parent's (buffers, temporary folders) is to be ended here.
        os._exit(status)
    return 0
