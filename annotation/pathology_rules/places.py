"""Sides and levels of the neck as pathology reports name them (pure)."""

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Side of the neck; a node in the midline is entered on one of them."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def other(self) -> "Side":
        """The opposite side."""
        return Side.RIGHT if self is Side.LEFT else Side.LEFT


class Level(StrEnum):
    """Cervical level (Robbins KT et al. 2002, doi:10.1001/archotol.128.7.751)."""

    IA = "Ia"
    IB = "Ib"
    IIA = "IIa"
    IIB = "IIb"
    III = "III"
    IV = "IV"
    VA = "Va"
    VB = "Vb"
    VI = "VI"


LEVEL_ORDER = {level: at for at, level in enumerate(Level)}


@dataclass(frozen=True, kw_only=True)
class Place:
    """One level on one side."""

    side: Side
    level: Level

    def __str__(self) -> str:
        return f"{self.side} {self.level}"

    @property
    def order(self) -> tuple[int, int]:
        """Key of the fixed order: left before right, then Ia to VI."""
        return (int(self.side is Side.RIGHT), LEVEL_ORDER[self.level])

    @property
    def mirrored(self) -> "Place":
        """The same level on the other side."""
        return Place(side=self.side.other, level=self.level)


ALL_PLACES = tuple(Place(side=side, level=level) for side in Side for level in Level)
"""The eighteen places of a report, in the fixed order."""
PLACE_NAMES = tuple(map(str, ALL_PLACES))
"""How a place is stored and sent: "left IIa"."""

_BY_NAME = {name.lower(): place for name, place in zip(PLACE_NAMES, ALL_PLACES, strict=True)}


def place_named(name: str) -> Place | None:
    """Return the place of a name such as "left IIa", in any case; None where there is no such."""
    return _BY_NAME.get(" ".join(name.lower().split()))
