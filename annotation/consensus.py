"""Annotation room's pure core: two labels of one node become agreement or disagreement."""

import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from cohorts.vocabulary import NOT_DETERMINABLE, NodeCategory

Answer = TypeVar("Answer")

LABELS = frozenset({*map(int, NodeCategory), NOT_DETERMINABLE})
"""Every label an annotator or an adjudicator may give."""


class Outcome(StrEnum):
    """Where a node stands on its way to the reference standard."""

    WAITING = "waiting"
    AGREED = "agreed"
    TO_DISCUSS = "to_discuss"
    AGREED_IN_DISCUSSION = "agreed_in_discussion"
    TO_ADJUDICATE = "to_adjudicate"
    ADJUDICATED = "adjudicated"


@dataclass(frozen=True, kw_only=True)
class Consensus:
    """What two labels, and a decision where they differ, amount to.

    Attributes
    ----------
    outcome : Outcome
        Where the node stands.
    label : int or None
        The final label; None while there is none.
    """

    outcome: Outcome
    label: int | None = None

    @property
    def is_final(self) -> bool:
        """Whether the node has a final label, be it a category or *not determinable*."""
        return self.label is not None

    @property
    def category(self) -> NodeCategory | None:
        """The category of the reference standard; None when there is none to be had."""
        if self.label is None or self.label == NOT_DETERMINABLE:
            return None
        return NodeCategory(self.label)


SOURCES = {
    Outcome.AGREED: "agreement",
    Outcome.AGREED_IN_DISCUSSION: "discussion",
    Outcome.ADJUDICATED: "adjudication",
}
"""How each final outcome came about, as a reference standard names it."""


def consensus(
    first: int | None,
    second: int | None,
    decision: int | None = None,
    *,
    discussed: tuple[int | None, int | None] = (None, None),
) -> Consensus:
    """Say what two annotators' submitted labels amount to; the annotators are interchangeable.

    *Not determinable* is a label like the others: two of them agree that the node has no
    category; one of them beside a category is a disagreement. A disagreement is discussed first,
    and decided by the adjudicator if both have spoken and still differ.

    Parameters
    ----------
    first, second : int or None
        The two labels (0, 1, 2 or 9), None for an annotator who has not submitted.
    decision : int or None
        The adjudicator's label made on exactly these two labels. It counts only where they differ,
        and settles that the discussion is over.
    discussed : tuple of (int or None)
        What each of them says in the discussion, None for one who has not spoken.

    Returns
    -------
    Consensus
        Waiting, agreed with the label, to discuss, agreed in the discussion, to adjudicate, or
        adjudicated with the decision.

    Raises
    ------
    ValueError
        If a label is none of 0, 1, 2, 9.
    """
    _refuse_unknown(first=first, second=second, decision=decision)
    _refuse_unknown(discussed_first=discussed[0], discussed_second=discussed[1])
    if first is None or second is None:
        return Consensus(outcome=Outcome.WAITING)
    if first == second:
        return Consensus(outcome=Outcome.AGREED, label=first)
    return _disagreement(discussed, decision)


def _disagreement(discussed: tuple[int | None, int | None], decision: int | None) -> Consensus:
    spoken = None not in discussed
    if spoken and discussed[0] == discussed[1]:
        return Consensus(outcome=Outcome.AGREED_IN_DISCUSSION, label=discussed[0])
    if decision is not None:
        return Consensus(outcome=Outcome.ADJUDICATED, label=decision)
    return Consensus(outcome=Outcome.TO_ADJUDICATE if spoken else Outcome.TO_DISCUSS)


def _refuse_unknown(**labels: int | None) -> None:
    for name, label in labels.items():
        if label is not None and label not in LABELS:
            raise ValueError(f"{name}={label!r} is no label: one of {sorted(LABELS)} is expected.")


def anonymous_order(
    first: Answer, second: Answer, *, node: str, key: bytes
) -> tuple[Answer, Answer]:
    """Return the two answers as those of "Annotator A" and "Annotator B" of one node.

    Parameters
    ----------
    first, second : Answer
        The answers in the fixed order of the two annotators.
    node : str
        The node's identifier: the order is the same each time and independent between nodes.
    key : bytes
        A server secret: without it nobody can tell from the identifier who is A.

    Returns
    -------
    tuple
        The answers of A and of B.

    Raises
    ------
    ValueError
        If the key is empty.
    """
    if not key:
        raise ValueError("key is empty: anybody could work out who is Annotator A.")
    swap = hmac.new(key, node.encode(), hashlib.sha256).digest()[0] & 1
    return (second, first) if swap else (first, second)
