"""The pathological N category recomputed from a report's own fields (pure).

What the fields leave open (a size, the side of the primary, ENE) is tried in every way; the
category counts as computed only where all ways lead to the same one.

Sources
-------
AJCC Cancer Staging Manual, 8th edition (2017): cervical lymph nodes (ch. 6), HPV-mediated
oropharynx (ch. 10); summarised by Lydiatt WM et al. 2017, doi:10.3322/caac.21389.
AJCC Cancer Staging Manual, 7th edition (2010): the head and neck sites share one N table.
Size is that of the metastasis; where it is not documented, that of the largest involved node:
https://staging.seer.cancer.gov/tnm/input/1.4/nasopharynx/path_n/ (note 1 and note 4).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from annotation.pathology_rules.places import Side
from annotation.pathology_rules.report import (
    PN_CATEGORIES,
    Edition,
    PathologyReport,
    PrimarySide,
    PrimarySite,
    SizeQualifier,
    count_groups,
    has_ene,
)

SMALL_MM, LARGE_MM = 30.0, 60.0
"""Limits of the N table: up to 3 cm, up to 6 cm, more."""
FEW_NODES = 4
"""HPV-mediated oropharynx, 8th edition: pN1 up to four nodes, pN2 above."""
NOT_BUILT_IN = frozenset({PrimarySite.NASOPHARYNX, PrimarySite.OTHER})


class Spread(StrEnum):
    """On which sides nodes are positive, seen from the primary."""

    IPSILATERAL = "ipsilateral"
    CONTRALATERAL = "contralateral"
    BILATERAL = "bilateral"


@dataclass(frozen=True, kw_only=True)
class NodalSpread:
    """One complete answer to what an N table asks: number, sides, largest size in mm, ENE."""

    positive: int
    spread: Spread
    size_mm: float
    has_ene: bool


@dataclass(frozen=True, kw_only=True)
class StagedN:
    """The recomputed category, or why there is none.

    Attributes
    ----------
    category : str or None
        Such as "pN2b"; None where it cannot be computed.
    possible : tuple of str
        Every category that the report's fields allow; empty where no rule is built in.
    because : str
        The reason where ``category`` is None, as a sentence; "" otherwise.
    """

    edition: Edition
    category: str | None
    possible: tuple[str, ...]
    because: str = ""

    def agrees_with(self, reported: str) -> bool:
        """Say whether a reported category may be right; "pN2" stands for pN2a, pN2b and pN2c."""
        return not self.possible or any(one.startswith(reported) for one in self.possible)


def ajcc8_pathological_n(nodes: NodalSpread) -> str:
    """Return pN of larynx, hypopharynx and the other sites of chapter 6, AJCC 8th edition.

    Any ENE is *not* always N3b: a single ipsilateral node up to 3 cm with ENE is pN2a.
    """
    is_single = nodes.positive == 1 and nodes.spread is Spread.IPSILATERAL
    if nodes.has_ene:
        return "pN2a" if is_single and nodes.size_mm <= SMALL_MM else "pN3b"
    return "pN3a" if nodes.size_mm > LARGE_MM else _up_to_6_cm(nodes)


def ajcc7_pathological_n(nodes: NodalSpread) -> str:
    """Return pN of the sites that share the N table of the 7th edition; ENE does not count."""
    return "pN3" if nodes.size_mm > LARGE_MM else _up_to_6_cm(nodes)


def ajcc8_hpv_pathological_n(nodes: NodalSpread) -> str:
    """Return pN of HPV-mediated (p16+) oropharynx, 8th edition: by number alone."""
    return "pN1" if nodes.positive <= FEW_NODES else "pN2"


def _up_to_6_cm(nodes: NodalSpread) -> str:
    if nodes.spread is not Spread.IPSILATERAL:
        return "pN2c"
    if nodes.positive > 1:
        return "pN2b"
    return "pN1" if nodes.size_mm <= SMALL_MM else "pN2a"


def recomputed_n(report: PathologyReport) -> StagedN:
    """Recompute the pathological N category by the report's own edition.

    Parameters
    ----------
    report : PathologyReport
        Without errors.

    Returns
    -------
    StagedN
        pNX where no level was dissected, pN0 where none is positive. Nodes lumped over both
        sides may lie on either.
    """
    rules = _rules(report)
    if isinstance(rules, str):
        return StagedN(edition=report.edition, category=None, possible=(), because=rules)
    counts = [group.counts for group in count_groups(report) if group.counts]
    if not counts:
        return _certain(report, "pNX")
    if not any(one.positive for one in counts):
        return _certain(report, "pN0")
    found = {rule(nodes) for rule in rules for nodes in _possible_spreads(report)}
    possible = tuple(sorted(found, key=PN_CATEGORIES.index))
    if len(possible) == 1:
        return _certain(report, possible[0])
    because = f"It cannot be computed, because the report leaves open {_open_fields(report)}."
    return StagedN(edition=report.edition, category=None, possible=possible, because=because)


def _certain(report: PathologyReport, category: str) -> StagedN:
    return StagedN(edition=report.edition, category=category, possible=(category,))


def _rules(report: PathologyReport) -> tuple[Callable[[NodalSpread], str], ...] | str:
    """Return the tables that may apply, or why none does."""
    if report.edition is Edition.UNKNOWN:
        return "It cannot be computed, because the staging edition is not given."
    if report.edition is Edition.VERSION9:
        return "It cannot be computed, because the tables of Version 9 are not built in."
    if report.primary_site in NOT_BUILT_IN:
        return f"It cannot be computed, because {report.primary_site} has N rules of its own."
    if report.edition is Edition.AJCC7:
        return (ajcc7_pathological_n,)
    if report.primary_site is PrimarySite.OROPHARYNX_P16_POSITIVE:
        return (ajcc8_hpv_pathological_n,)
    if report.primary_site is PrimarySite.UNKNOWN:
        return (ajcc8_pathological_n, ajcc8_hpv_pathological_n)
    return (ajcc8_pathological_n,)


def _possible_spreads(report: PathologyReport) -> list[NodalSpread]:
    ene = has_ene(report)
    positive = sum(group.counts.positive for group in count_groups(report) if group.counts)
    return [
        NodalSpread(positive=positive, spread=spread, size_mm=size_mm, has_ene=with_ene)
        for spread, size_mm, with_ene in product(
            _spreads(report), _sizes_mm(report), (False, True) if ene is None else (ene,)
        )
    ]


def _spreads(report: PathologyReport) -> set[Spread]:
    fixed = dict.fromkeys(Side, 0)
    movable = 0
    for group in count_groups(report):
        sides = {place.side for place in group.places}
        if group.counts is None:
            continue
        if len(sides) == 1:
            fixed[group.places[0].side] += group.counts.positive
        else:
            movable += group.counts.positive
    return {
        spread
        for left in range(movable + 1)
        for spread in _seen_from(
            report.primary_side, fixed[Side.LEFT] + left, fixed[Side.RIGHT] + movable - left
        )
    }


def _seen_from(primary: PrimarySide, left: int, right: int) -> set[Spread]:
    if left and right:
        return {Spread.BILATERAL}
    if primary is PrimarySide.MIDLINE:
        return {Spread.IPSILATERAL}
    if primary is PrimarySide.UNKNOWN:
        return {Spread.IPSILATERAL, Spread.CONTRALATERAL}
    is_same = primary.value == (Side.LEFT if left else Side.RIGHT).value
    return {Spread.IPSILATERAL if is_same else Spread.CONTRALATERAL}


def _sizes_mm(report: PathologyReport) -> tuple[float, ...]:
    """Return one size for every row of the N table that the reported size allows."""
    mm, qualifier = report.largest_deposit.mm or 0.0, report.largest_deposit.qualifier
    if qualifier is SizeQualifier.NOT_DETERMINED and report.largest_node_mm is not None:
        mm, qualifier = report.largest_node_mm, SizeQualifier.EXACT
    rows = ((0.0, SMALL_MM), (SMALL_MM, LARGE_MM), (LARGE_MM, math.inf))
    return tuple(high for low, high in rows if _allows(qualifier, mm, low, high))


def _allows(qualifier: SizeQualifier, mm: float, low: float, high: float) -> bool:
    """Say whether a size so reported may be above ``low`` and up to ``high``."""
    return {
        SizeQualifier.EXACT: low < mm <= high,
        SizeQualifier.AT_LEAST: mm <= high,
        SizeQualifier.GREATER: mm < high,
        SizeQualifier.LESS: low < mm,
        SizeQualifier.NOT_DETERMINED: True,
    }[qualifier]


def _open_fields(report: PathologyReport) -> str:
    is_open = {
        "the primary site": report.edition is Edition.AJCC8
        and report.primary_site is PrimarySite.UNKNOWN,
        "the side of the positive nodes seen from the primary": len(_spreads(report)) > 1,
        "the size of the largest metastasis": len(_sizes_mm(report)) > 1,
        "whether there is ENE": has_ene(report) is None,
    }
    return ", ".join(name for name, open_now in is_open.items() if open_now)
