"""What a rule found: its code, the nodes and levels concerned, a sentence (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from annotation.pathology_rules.places import Place


class Code(StrEnum):
    """The rules, as numbered in the study's forms; B blocks a release, W asks for a reason.

    There is no B7: the number is not used.
    """

    MORE_METASTATIC_THAN_POSITIVE = "B1"
    MORE_ENE_THAN_POSITIVE = "B2"
    NEGATIVE_LEVEL = "B3"
    NOT_DISSECTED = "B4"
    ENE_AGAINST_REPORT = "B5"
    LUMPED_LEVELS = "B6"
    SIDE_ERROR = "B8"
    BENIGN_LARGER = "W1"
    SIZE_OUT_OF_BAND = "W2"
    SMALL_ENE = "W3"
    MORE_NODES_THAN_EXAMINED = "W4"
    NEIGHBOUR_FITS = "W5"
    ANNOTATORS_SWAPPED = "W6"
    LONG_GAP = "W7"
    N_DIFFERS = "W8"

    @property
    def is_block(self) -> bool:
        """Whether the finding prevents a release."""
        return self.value.startswith("B")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One contradiction between the report and the labels, or within one of them.

    Attributes
    ----------
    places : tuple of Place
        Levels concerned, in the fixed order; empty where the whole patient is.
    nodes : tuple of int
        Numbers of the nodes concerned, ascending.
    sentence : str
        For people; names levels, nodes and counts.
    """

    code: Code
    sentence: str
    places: tuple[Place, ...] = ()
    nodes: tuple[int, ...] = ()

    @property
    def takes_reason(self) -> bool:
        """Whether a written reason settles it: every warning, and ENE that CT does not show."""
        unseen_ene = self.code is Code.ENE_AGAINST_REPORT and not self.nodes
        return unseen_ene or not self.code.is_block

    @property
    def order(self) -> tuple[str, tuple[tuple[int, int], ...], tuple[int, ...]]:
        """Key of the fixed order: rule, level, nodes."""
        return (self.code, tuple(place.order for place in self.places), self.nodes)


def in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings by rule, level and node."""
    return tuple(sorted(found, key=lambda one: one.order))


def spoken(numbers: Iterable[int]) -> str:
    """Return node numbers for a sentence: "node 3", "nodes 3, 5"."""
    ordered = sorted(numbers)
    return f"node{'s' if len(ordered) != 1 else ''} {', '.join(map(str, ordered))}"
