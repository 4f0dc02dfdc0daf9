"""Checklists: what a guideline asks, and what can be answered to it (pure)."""

from dataclasses import dataclass

FOR_THE_AUTHOR = "For the author"
NOT_APPLICABLE = "Not applicable"
SHOWN_DIGITS = 12


@dataclass(frozen=True, kw_only=True)
class Item:
    """One item of a guideline.

    Attributes
    ----------
    number : str
        As published, for example ``15b``.
    asked : str
        Abridged, in words of our own; the published wording is authoritative.
    topic : str
        Name of the answer; empty where only the author can answer.
    """

    number: str
    asked: str
    topic: str = ""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A heading of the guideline with its items."""

    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, kw_only=True)
class Checklist:
    """A reporting guideline."""

    key: str
    title: str
    doi: str
    citation: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is known of an item.

    Attributes
    ----------
    known : str
        A sentence with the study's own numbers.
    where : str
        Table or figure of this report; empty where the sentence is all there is.
    left : str
        What only the author can add; empty where nothing is.
    """

    known: str
    where: str = ""
    left: str = ""

    @property
    def words(self) -> str:
        """The sentence, and what is left to the author."""
        return f"{self.known} {FOR_THE_AUTHOR}: {self.left}." if self.left else self.known


AUTHOR = Answer(known=f"{FOR_THE_AUTHOR}.")
"""Nothing is known here."""


def short(digest: str) -> str:
    """Return enough of a digest to tell it; whole it stands under Provenance."""
    return digest if len(digest) <= SHOWN_DIGITS else f"{digest[:SHOWN_DIGITS]}…"


def not_applicable(why: str) -> Answer:
    """Return that an item does not apply, and why."""
    return Answer(known=f"{NOT_APPLICABLE}: {why}.")
