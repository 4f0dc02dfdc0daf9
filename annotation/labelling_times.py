"""How long annotators took per node, from the times at which labels were saved (pure).

Nothing measures an annotator's attention: a node's time runs from the save before (of any node of
the patient, or the start of the labelling) to its own. Every later save of the same node adds to
it. A stretch longer than `PAUSE` is a pause and is left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import numpy as np

PAUSE = timedelta(minutes=5)
"""Nobody looks longer at one node without saving; a convention of this project."""


class Save(NamedTuple):
    """One saved label: when, of which node (a key), and whether on the page: not from a file."""

    at: datetime
    node: int
    is_on_page: bool


class TimedLabelling(NamedTuple):
    """One annotator's work on one patient."""

    started_at: datetime
    saves: Sequence[Save]


@dataclass(frozen=True, kw_only=True)
class TimePerNode:
    """One annotator's time per node in seconds.

    Attributes
    ----------
    n : int
        Nodes with a time.
    n_without : int
        Labelled nodes without: from a file, or only ever saved after a pause.
    n_pauses : int
        Stretches left out.
    median, lower_quartile, upper_quartile : float or None
        Quartiles by linear interpolation (R type 7); None without a node.
    """

    n: int
    n_without: int
    n_pauses: int
    median: float | None
    lower_quartile: float | None
    upper_quartile: float | None


def time_per_node(labellings: Iterable[TimedLabelling]) -> TimePerNode:
    """Sum up one annotator's times over all patients."""
    seconds: dict[int, float] = {}
    labelled: set[int] = set()
    n_pauses = 0
    for labelling in labellings:
        saves = sorted(labelling.saves)
        labelled |= {save.node for save in saves}
        times = [labelling.started_at, *(save.at for save in saves)]
        for (before, after), save in zip(pairwise(times), saves, strict=True):
            if not save.is_on_page:
                continue
            if after - before > PAUSE:
                n_pauses += 1
                continue
            spent = seconds.get(save.node, 0.0)
            seconds[save.node] = spent + (after - before).total_seconds()
    known = sorted(seconds.values())
    quartiles = np.quantile(known, (0.25, 0.5, 0.75)).tolist() if known else (None, None, None)
    return TimePerNode(
        n=len(known),
        n_without=len(labelled) - len(known),
        n_pauses=n_pauses,
        lower_quartile=quartiles[0],
        median=quartiles[1],
        upper_quartile=quartiles[2],
    )
