"""Which of an annotator's labels were given alone: those first submitted (pure: no Django)."""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar


class VersionedLabel(Protocol):
    """One label of a node, and the version of the labelling that it made."""

    node_id: int
    version: int


Row = TypeVar("Row", bound=VersionedLabel)


def first_submitted(labels: Iterable[Row], submissions: Sequence[int]) -> dict[int, Row]:
    """Return each node's label as it stood when it was submitted for the first time.

    A labelling that was reopened is submitted several times. What is changed then may rest on the
    discussion or on what a corrected report says; agreement is measured on what came before.

    Parameters
    ----------
    labels : iterable of VersionedLabel
        All rows of one labelling, superseded ones too, in any order.
    submissions : sequence of int
        The labelling's version at each submission, ascending.

    Returns
    -------
    dict
        By node; a node that was never submitted with a label is left out. One that came later,
        as by a split, has the label of the first submission that it was part of.
    """
    rows = sorted(labels, key=lambda row: row.version)
    found: dict[int, Row] = {}
    for submitted in submissions:
        here = {row.node_id: row for row in rows if row.version <= submitted}
        found = here | found
    return found
