"""What an annotator says of a node beside its label; each part may be left out (pure)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from annotation.pathology_rules.labels import CERTAINTIES, Basis
from annotation.pathology_rules.places import PLACE_NAMES

MAX_MATTED = 16
CERTAINTY_LABELS = dict(zip(CERTAINTIES, ("Low", "Medium", "High"), strict=True))


@dataclass(frozen=True, kw_only=True)
class LabelDetails:
    """The rest of the annotator's form for one node; empty means *not recorded*.

    Attributes
    ----------
    place : str
        Side and level where the annotator sees the node on CT, such as "left IIa".
    matched : str
        The place of the report it is counted in, where that is another; of lumped levels any one.
    basis : str
        A `Basis`.
    certainty : int or None
        1 (low) to 3 (high).
    matted : str
        Name of the matted group; nodes of one group are one lump.
    """

    place: str = ""
    matched: str = ""
    basis: str = ""
    certainty: int | None = None
    matted: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """What the rules cannot do without, in words; empty where nothing is missing."""
        needed = {"level": self.place, "basis": self.basis, "certainty": self.certainty}
        return tuple(name for name, value in needed.items() if not value)

    def tidied(self) -> "LabelDetails":
        """Return the same without stray spaces; "a" and "A" are one matted group."""
        return replace(self, matted=self.matted.strip().upper())


NOT_RECORDED = LabelDetails()


def problems_of(label: int, details: LabelDetails) -> Iterator[tuple[str, str]]:
    """Yield the field and a sentence for everything that cannot stand beside the label.

    Parameters
    ----------
    label : int
        0, 1, 2 or 9 (*not determinable*).
    details : LabelDetails
    """
    for field in ("place", "matched"):
        name = getattr(details, field)
        if name and name not in PLACE_NAMES:
            yield field, f"'{name[:40]}' is no side and level such as 'left IIa'."
    if details.certainty is not None and details.certainty not in CERTAINTIES:
        yield "certainty", f"{details.certainty} is no certainty: use 1, 2 or 3."
    if len(details.matted) > MAX_MATTED:
        yield "matted", f"a matted group's name has at most {MAX_MATTED} characters."
    if details.basis and details.basis not in set(Basis):
        yield "basis", f"'{details.basis[:40]}' is no basis: use {', '.join(Basis)}."
    elif details.basis and not Basis(details.basis).allows(label):
        words = Basis(details.basis).label.lower()
        kind = "benign" if details.basis == Basis.LEVEL_NEGATIVE else "metastatic"
        yield "basis", f"'{words}' is a basis for {kind} nodes only: choose another basis or label."
