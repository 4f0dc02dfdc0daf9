"""How far a report settles which nodes on CT are positive, level by level (pure).

Counts of pathology are counts: where m of the n nodes on CT in a level are positive, the report
does not say which. What it leaves open is a set of labelings, described here exactly.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from math import comb

from annotation.pathology_rules.counting import GroupNodes, allotted
from annotation.pathology_rules.labels import LabelledNode
from annotation.pathology_rules.places import Place
from annotation.pathology_rules.report import Counts, PathologyReport, has_ene

SIZE_GAP_MM = 2.0
"""Least difference of short axes that tells nodes apart by size; a convention of this project,
two to four pixels of a neck CT."""
MOST_LISTED = 1000
"""Sets of positive nodes listed one by one for a group; larger sets are counted only."""


class Identifiability(StrEnum):
    """What the report says of the nodes of one level or lumped group."""

    FORCED = "forced"
    SIZE_MATCHED = "size_matched"
    AMBIGUOUS = "ambiguous"
    NOT_DETERMINABLE = "not_determinable"


class Seen(StrEnum):
    """What is taken for granted of the positives of the report.

    With ``EVERY_POSITIVE`` the positives are among the nodes on CT, as many as fit: the usual
    reading, m of n. With ``SOME_UNSEEN`` some may lie in nodes that have no mask; then only the
    number of negative nodes examined bounds the positives on CT from below.
    """

    EVERY_POSITIVE = "every_positive"
    SOME_UNSEEN = "some_unseen"


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What is positive or negative as a whole: one node, or a matted lump of several masks."""

    nodes: tuple[int, ...]
    sad_mm: float
    is_matted: bool = False


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which sets of units may be positive.

    Attributes
    ----------
    fewest, most : int
        Bounds of the number of positive units.
    fewest_unmatted : int
        The lower bound where no matted lump is among them: a lump may hold several of the
        pathologist's nodes, so with one, fewer units can make up the count.
    """

    fewest: int
    fewest_unmatted: int
    most: int

    def allows(self, *, plain: int, matted: int) -> bool:
        """Say whether so many plain units and matted lumps may be the positive ones."""
        least = self.fewest if matted else self.fewest_unmatted
        return least <= plain + matted <= self.most


@dataclass(frozen=True, kw_only=True)
class GroupChoices:
    """One count group of a report with its nodes on CT and what may be positive among them.

    Attributes
    ----------
    places : tuple of Place
    units : tuple of Unit
        By their lowest node number.
    metastasis, ene : Choice or None
        Sets of units that may be metastatic, and of those that may have ENE; None where the
        level was not dissected.
    """

    places: tuple[Place, ...]
    units: tuple[Unit, ...]
    metastasis: Choice | None
    ene: Choice | None

    @property
    def nodes(self) -> tuple[int, ...]:
        """Numbers of the nodes on CT, ascending."""
        return tuple(sorted(number for unit in self.units for number in unit.nodes))


def identify(
    report: PathologyReport, nodes: Iterable[LabelledNode], seen: Seen = Seen.EVERY_POSITIVE
) -> tuple[GroupChoices, ...]:
    """Say for every group with nodes on CT which sets of them the report allows to be positive.

    Parameters
    ----------
    report : PathologyReport
        Without errors.
    nodes : iterable of LabelledNode
        Only place, size and matted group count; labels do not.
    seen : Seen
        Whether positives may lie outside the masks.

    Returns
    -------
    tuple of GroupChoices
        In the fixed order of levels. The masks of a matted lump are positive together.
    """
    ene = has_ene(report)
    return tuple(_choices(one, seen, ene) for one in allotted(report, nodes) if one.nodes)


def n_sets(group: GroupChoices, choice: Choice) -> int:
    """Return the number of sets of units that a choice allows."""
    n_matted, n_plain = _sizes(group)
    return sum(
        comb(n_plain, plain) * comb(n_matted, matted)
        for plain in range(n_plain + 1)
        for matted in range(n_matted + 1)
        if choice.allows(plain=plain, matted=matted)
    )


def n_labelings(group: GroupChoices) -> int | None:
    """Return the number of ways to give all units of a group their category; None if undefined.

    ENE is found only within metastases, so the ways of both are counted together.
    """
    metastasis, ene = group.metastasis, group.ene
    if metastasis is None or ene is None:
        return None
    n_matted, n_plain = _sizes(group)
    return sum(
        comb(n_plain, plain) * comb(n_matted, matted) * _within(ene, plain, matted)
        for plain in range(n_plain + 1)
        for matted in range(n_matted + 1)
        if metastasis.allows(plain=plain, matted=matted)
    )


def sets_of(
    group: GroupChoices, choice: Choice, most: int = MOST_LISTED
) -> tuple[tuple[int, ...], ...] | None:
    """List the sets of nodes that may be positive; None where there are more than ``most``.

    Returns
    -------
    tuple of tuple of int or None
        Node numbers ascending; smaller sets first.
    """
    if n_sets(group, choice) > most:
        return None
    return tuple(
        tuple(sorted(number for unit in positive for number in unit.nodes))
        for positive in _allowed(group.units, choice)
    )


def judge(
    group: GroupChoices, choice: Choice | None, gap_mm: float = SIZE_GAP_MM
) -> Identifiability:
    """Name what the report settles: forced, size-matched, ambiguous, or nothing at all.

    Size-matched: the number k of positive units is settled, and the k largest stand out from the
    others by at least ``gap_mm`` of short axis. That larger nodes are the positive ones remains
    an assumption, which is why these nodes do not count as forced.
    """
    if choice is None:
        return Identifiability.NOT_DETERMINABLE
    if n_sets(group, choice) == 1:
        return Identifiability.FORCED
    is_settled = choice.fewest == choice.fewest_unmatted == choice.most
    sizes = sorted((unit.sad_mm for unit in group.units), reverse=True)
    if is_settled and sizes[choice.most - 1] - sizes[choice.most] >= gap_mm:
        return Identifiability.SIZE_MATCHED
    return Identifiability.AMBIGUOUS


def _choices(one: GroupNodes, seen: Seen, ene: bool | None) -> GroupChoices:
    units = _units(one.nodes)
    counts = one.group.counts
    if counts is None or not one.group.is_dissected:
        return GroupChoices(places=one.group.places, units=units, metastasis=None, ene=None)
    metastasis = _choice(units, counts, counts.positive, seen)
    return GroupChoices(
        places=one.group.places,
        units=units,
        metastasis=metastasis,
        ene=_ene_choice(units, counts, metastasis, seen, ene),
    )


def _ene_choice(
    units: Sequence[Unit], counts: Counts, metastasis: Choice, seen: Seen, ene: bool | None
) -> Choice:
    if counts.ene_positive is not None:
        return _choice(units, counts, counts.ene_positive, seen)
    # Not counted: none if the whole report has none, else any of the metastases.
    return Choice(fewest=0, fewest_unmatted=0, most=0 if ene is False else metastasis.most)


def _choice(units: Sequence[Unit], counts: Counts, positive: int, seen: Seen) -> Choice:
    n_units = len(units)
    most = min(positive, n_units)
    # Of n units at most (examined - positive) are negative; void if CT shows more than examined.
    spare = counts.examined - positive
    at_least = max(0, n_units - spare) if n_units <= counts.examined else 0
    if seen is Seen.SOME_UNSEEN:
        return Choice(fewest=min(at_least, most), fewest_unmatted=min(at_least, most), most=most)
    has_matted = any(unit.is_matted for unit in units)
    fewest = min(most, max(at_least, 1)) if has_matted else most
    return Choice(fewest=fewest, fewest_unmatted=most, most=most)


def _units(nodes: Sequence[LabelledNode]) -> tuple[Unit, ...]:
    lumps: dict[str, list[LabelledNode]] = {}
    for node in nodes:
        lumps.setdefault(node.matted or f"\0{node.number}", []).append(node)
    units = (
        Unit(
            nodes=tuple(sorted(node.number for node in lump)),
            sad_mm=max(node.sad_mm for node in lump),
            is_matted=bool(lump[0].matted),
        )
        for lump in lumps.values()
    )
    return tuple(sorted(units, key=lambda unit: unit.nodes))


def _sizes(group: GroupChoices) -> tuple[int, int]:
    n_matted = sum(unit.is_matted for unit in group.units)
    return n_matted, len(group.units) - n_matted


def _within(ene: Choice, plain: int, matted: int) -> int:
    return sum(
        comb(plain, ene_plain) * comb(matted, ene_matted)
        for ene_plain in range(plain + 1)
        for ene_matted in range(matted + 1)
        if ene.allows(plain=ene_plain, matted=ene_matted)
    )


def _allowed(units: Sequence[Unit], choice: Choice) -> Iterator[tuple[Unit, ...]]:
    for size in range(min(choice.fewest, choice.fewest_unmatted), choice.most + 1):
        for positive in combinations(units, size):
            matted = sum(unit.is_matted for unit in positive)
            if choice.allows(plain=size - matted, matted=matted):
                yield positive
