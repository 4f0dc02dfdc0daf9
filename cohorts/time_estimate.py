"""How long an intake still takes, from the rate so far (pure: no Django)."""

import math
import time
from collections.abc import Callable

from cohorts.dicom.reading_child import ReadingProgress

SETTLED_SECONDS = 3.0
"""Before, the rate is that of a start and says nothing."""


class TimeEstimate:
    """Follows the reading of an upload, in shares of patients.

    Parameters
    ----------
    earlier : int
        Patients that an earlier attempt answered; they take no time now.
    clock : callable, optional
        Seconds of a clock that never goes back.
    """

    def __init__(self, *, earlier: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self.earlier, self.clock = earlier, clock
        self.began: float | None = None
        self.shares: dict[int, float] = {}

    def seconds_left(self, progress: ReadingProgress) -> float | None:
        """Return the seconds left, None while the rate is not known."""
        if progress.patients == 0:
            return None
        now = self.clock()
        if self.began is None:
            self.began = now
        if progress.total:
            self.shares[progress.patient] = progress.done / progress.total
        # Several patients are read at once: each counts by the share of its slices.
        done = max(sum(self.shares.values()), progress.finished - self.earlier)
        elapsed = now - self.began
        if elapsed < SETTLED_SECONDS or done <= 0:
            return None
        waiting = max(progress.patients - self.earlier - done, 0)
        return elapsed * waiting / done

    def words(self, progress: ReadingProgress) -> str:
        """Return the time left for people, empty while it is not known."""
        seconds = self.seconds_left(progress)
        return "" if seconds is None else time_left(seconds)


def time_left(seconds: float) -> str:
    """Return a duration as people estimate it."""
    if seconds < 60:
        return "less than a minute left"
    minutes = math.ceil(seconds / 60)
    if minutes < 90:
        return f"about {minutes} min left"
    return f"about {math.ceil(minutes / 60)} h left"
