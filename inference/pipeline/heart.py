"""The heartbeat of long work: the lease is renewed, and a cancelled run is noticed within seconds.

Only the thread that holds the database connection beats. Work that takes long runs in a thread
beside it and needs no database.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from django.conf import settings

from inference.runner import Progress
from jobs import leases
from jobs.models import Job

Result = TypeVar("Result")

BEAT_S = 1.0
"""A cancelled run is noticed after this time."""

LOOK_S = 0.25


class Stopped(Exception):
    """The run is no longer ours: told to work in a thread, which ends with it."""


def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="compute")


@dataclass
class Heart:
    """Renews the lease of a job during long steps, often enough and no more often."""

    job: Job
    beaten_at_s: float = field(default_factory=time.monotonic)
    _beside: ThreadPoolExecutor = field(default_factory=_thread, repr=False)

    def beat(self, note: str | None = None) -> None:
        """Renew the lease if it is time; raise Cancelled or LeaseLost when the job is not ours."""
        if time.monotonic() - self.beaten_at_s < min(BEAT_S, settings.LEASE_SECONDS / 4):
            return
        leases.renew(self.job, note=note)
        self.beaten_at_s = time.monotonic()

    def attend(
        self,
        work: Callable[[Progress], Result],
        *,
        describe: Callable[[int, int], str] | None = None,
    ) -> Result:
        """Do work in a thread beside this one, which beats meanwhile.

        Parameters
        ----------
        work : callable
            Gets a `Progress`, which it may call from any thread; it may not use the database.
        describe : callable, optional
            Makes a progress note of the steps done and their total.

        Returns
        -------
        object
            What the work returns; what it raises is raised here.

        Raises
        ------
        jobs.leases.LeaseLost
            When the job was cancelled or taken over; the work has ended by then.
        """
        stop, told = threading.Event(), [(0, 0)]
        future = self._beside.submit(work, partial(_tell, stop, told))
        return self.wait_for(
            future, stop, note=lambda: describe(*told[0]) if describe and told[0][1] else None
        )

    def wait_for(
        self,
        future: "Future[Result]",
        stop: threading.Event,
        *,
        note: Callable[[], str | None] = lambda: None,
    ) -> Result:
        """Beat until the result is there; set ``stop`` and wait for the end if anything is raised.

        Parameters
        ----------
        future : Future
            Work in another thread, which looks at ``stop`` often.
        stop : threading.Event
            Tells that work to end.
        note : callable, optional
            Gives the progress note of a beat.

        Returns
        -------
        object
            The future's result; what it raises is raised here.
        """
        try:
            while not wait([future], timeout=LOOK_S).done:
                self.beat(note())
        except BaseException:
            stop.set()
            wait([future])
            raise
        return future.result()


def _tell(stop: threading.Event, told: list[tuple[int, int]], done: int, total: int) -> None:
    if stop.is_set():
        raise Stopped
    told[0] = (done, total)
