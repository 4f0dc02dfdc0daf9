"""What one annotator says of one patient's nodes, as the rules see it (pure)."""

import math
from dataclasses import dataclass
from enum import StrEnum

from annotation.consensus import LABELS
from annotation.pathology_rules.places import Place
from cohorts.vocabulary import NodeCategory

CERTAINTIES = (1, 2, 3)
METASTATIC = frozenset({int(NodeCategory.METASTASIS), int(NodeCategory.METASTASIS_ENE)})


class Basis(StrEnum):
    """On what an annotator bases a label."""

    LEVEL_NEGATIVE = "whole_level_negative"
    LEVEL_POSITIVE = "whole_level_positive"
    LARGEST = "largest_by_size"
    ONLY_CANDIDATE = "only_candidate"
    MORPHOLOGY = "morphology_and_report"
    PATHOLOGIST = "pathologist_consulted"
    GUESS = "guess"

    @property
    def label(self) -> str:
        """The basis as shown to people."""
        return BASIS_LABELS[self]

    def allows(self, label: int) -> bool:
        """Say whether a label can rest on this basis: a negative level holds benign nodes only."""
        if self is Basis.LEVEL_NEGATIVE:
            return label == NodeCategory.BENIGN
        return self is not Basis.LEVEL_POSITIVE or label in METASTATIC


BASIS_LABELS = {
    Basis.LEVEL_NEGATIVE: "Whole level negative",
    Basis.LEVEL_POSITIVE: "Whole level positive",
    Basis.LARGEST: "Largest by size",
    Basis.ONLY_CANDIDATE: "Only candidate",
    Basis.MORPHOLOGY: "Morphology + report",
    Basis.PATHOLOGIST: "Pathologist consulted",
    Basis.GUESS: "Guess",
}


@dataclass(frozen=True, kw_only=True)
class Border:
    """The nearest border of a node's level: what lies behind it and how far, in mm.

    Behind it lies one place, or the halves of a level whose station mask is not divided.
    """

    neighbours: tuple[Place, ...]
    distance_mm: float


@dataclass(frozen=True, kw_only=True)
class LabelledNode:
    """One node with its label.

    Attributes
    ----------
    number : int
        The node's number in the patient.
    own : Place
        Side and level where the annotator sees it on CT.
    label : int
        0, 1, 2 or 9 (*not determinable*).
    sad_mm : float
        Short-axis diameter.
    matched : Place or None
        The level of the report it is matched to; of lumped levels any one. None: its own.
    matted : str
        Name of the matted group; its masks are one lump that may hold several of the
        pathologist's nodes. "" for a node of its own.
    border : Border or None
        Where station masks tell.

    Raises
    ------
    ValueError
        If the label, the certainty, the size or the distance is impossible.
    """

    number: int
    own: Place
    label: int
    sad_mm: float
    basis: Basis
    certainty: int = CERTAINTIES[-1]
    matched: Place | None = None
    matted: str = ""
    border: Border | None = None

    def __post_init__(self) -> None:
        if self.label not in LABELS:
            raise ValueError(f"label={self.label!r}: one of {sorted(LABELS)} is expected.")
        if self.certainty not in CERTAINTIES:
            raise ValueError(f"certainty={self.certainty!r}: one of {CERTAINTIES} is expected.")
        if not (math.isfinite(self.sad_mm) and self.sad_mm > 0):
            raise ValueError(f"sad_mm={self.sad_mm!r} mm: a length above 0 is expected.")
        if self.border and not self.border.distance_mm >= 0:
            raise ValueError(f"border: {self.border.distance_mm!r} mm is no distance.")

    @property
    def place(self) -> Place:
        """The level whose counts the node is held against."""
        return self.matched or self.own

    @property
    def is_metastatic(self) -> bool:
        """Whether the label is a metastasis, with or without ENE."""
        return self.label in METASTATIC

    @property
    def has_ene(self) -> bool:
        """Whether the label is a metastasis with ENE."""
        return self.label == NodeCategory.METASTASIS_ENE


@dataclass(frozen=True, kw_only=True)
class Labelling:
    """All labels of one patient.

    Attributes
    ----------
    nodes : tuple of LabelledNode
        Each node once, in any order.
    ene_not_visible : bool
        The annotator wrote that the ENE of the report is not visible on CT.

    Raises
    ------
    ValueError
        If a node occurs twice.
    """

    nodes: tuple[LabelledNode, ...]
    ene_not_visible: bool = False

    def __post_init__(self) -> None:
        numbers = [node.number for node in self.nodes]
        if len(set(numbers)) < len(numbers):
            raise ValueError(f"nodes: a number occurs twice in {sorted(numbers)}.")
