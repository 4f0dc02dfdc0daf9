"""cohorts.channels: how long the rest will take, in words."""

MIN_SAMPLES = 5
MINUTE_S = 60


def in_words(elapsed_s: float, done: int, left: int) -> str:
    """Return ", about 3 min left" from the rate so far; empty while too little is known.

    Parameters
    ----------
    elapsed_s : float
        Seconds in which `done` were done.
    done, left : int
        Numbers of files.
    """
    if done < MIN_SAMPLES or left <= 0:
        return ""
    seconds = elapsed_s / done * left
    if seconds < MINUTE_S:
        return f", about {max(1, round(seconds))} s left"
    return f", about {round(seconds / MINUTE_S)} min left"
