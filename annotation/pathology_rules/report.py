"""One patient's pathology report as values, and the counts its levels share (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from annotation.pathology_rules.places import Place, Side


class Known(StrEnum):
    """An answer that a report may leave open."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class DissectionType(StrEnum):
    """Neck dissection of one side (Robbins KT et al. 2008, doi:10.1001/archotol.134.5.536)."""

    NONE = "none"
    SELECTIVE = "selective"
    MODIFIED_RADICAL = "modified_radical"
    RADICAL = "radical"
    EXTENDED = "extended"
    OTHER = "other"
    UNKNOWN = "unknown"


class SizeQualifier(StrEnum):
    """How a reported size bounds the real one."""

    EXACT = "exact"
    AT_LEAST = "at_least"
    GREATER = "greater"
    LESS = "less"
    NOT_DETERMINED = "not_determined"


class EneClass(StrEnum):
    """Extent of extranodal extension as the report words it; minor is up to 2 mm."""

    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"
    MATTING = "matting_by_tumour"
    SOFT_TISSUE = "soft_tissue_deposit"
    EXTENT_UNKNOWN = "present_extent_unknown"
    NOT_STATED = "not_stated"


ENE_PRESENT = frozenset(EneClass) - {EneClass.NONE, EneClass.NOT_STATED}
MINOR_ENE_MM = 2.0
"""Largest extent of minor ENE in mm (AJCC Cancer Staging Manual, 8th edition)."""


class Edition(StrEnum):
    """Edition of the staging manual that the report's pN follows."""

    AJCC7 = "ajcc7"
    AJCC8 = "ajcc8"
    VERSION9 = "version9"
    UNKNOWN = "unknown"


class PrimarySite(StrEnum):
    """Site of the primary, as far as it chooses the N rules."""

    LARYNX = "larynx"
    HYPOPHARYNX = "hypopharynx"
    ORAL_CAVITY = "oral_cavity"
    OROPHARYNX_P16_NEGATIVE = "oropharynx_p16_negative"
    OROPHARYNX_P16_POSITIVE = "oropharynx_p16_positive"
    NASAL_CAVITY_SINUSES = "nasal_cavity_sinuses"
    MAJOR_SALIVARY_GLAND = "major_salivary_gland"
    NASOPHARYNX = "nasopharynx"
    OTHER = "other"
    UNKNOWN = "unknown"


class PrimarySide(StrEnum):
    """Side of the primary: which nodes are ipsilateral. Of a midline primary, either side is."""

    LEFT = "left"
    RIGHT = "right"
    MIDLINE = "midline"
    UNKNOWN = "unknown"


PT_CATEGORIES = ("pTX", "pT0", "pTis", "pT1", "pT1a", "pT1b", "pT2", "pT3", "pT4", "pT4a", "pT4b")
_PN1, _PN2, _PN3 = ("pN1", "pN1a", "pN1b"), ("pN2", "pN2a", "pN2b", "pN2c"), ("pN3", "pN3a", "pN3b")
PN_CATEGORIES = ("pNX", "pN0", *_PN1, *_PN2, *_PN3)
NOT_STATED = ""
"""A category that the report does not give."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Nodes counted by the pathologist in one level or one lumped group.

    Attributes
    ----------
    examined, positive : int
        Nodes found, and those with a metastasis.
    ene_positive : int or None
        Those with extranodal extension; None where the report does not say how many.
    """

    examined: int
    positive: int
    ene_positive: int | None


@dataclass(frozen=True, kw_only=True)
class LevelRow:
    """What the report says of one level on one side.

    Attributes
    ----------
    counts : Counts or None
        Present where the level was dissected; of levels lumped together only the first one of
        the fixed order carries the counts of all.
    lumped_group : str
        Name shared by the levels that were counted together; "" for a level of its own.
    """

    place: Place
    dissected: Known
    counts: Counts | None = None
    lumped_group: str = ""


@dataclass(frozen=True, kw_only=True)
class LargestDeposit:
    """Greatest dimension of the largest nodal metastasis in mm, and how it bounds the real one."""

    mm: float | None = None
    qualifier: SizeQualifier = SizeQualifier.NOT_DETERMINED


@dataclass(frozen=True, kw_only=True)
class PriorTreatment:
    """What was done to the neck before the dissection."""

    surgery: Known = Known.UNKNOWN
    chemotherapy: Known = Known.UNKNOWN
    radiotherapy: Known = Known.UNKNOWN


@dataclass(frozen=True, kw_only=True)
class PathologyReport:
    """One patient's report, as entered; `report_errors.errors_of` says whether it can stand.

    Attributes
    ----------
    report_id : str
        The laboratory's number or a pseudonym of it; storing it encrypted is the caller's task.
    days_ct_to_surgery : int or None
        Days from CT to surgery.
    dissection_left, dissection_right : DissectionType
    primary_site, primary_side
        Not in the table of levels, but without them no N category can be recomputed.
    levels : tuple of LevelRow
        A place that is left out counts as "dissected: unknown".
    largest_node_mm : float or None
        Greatest dimension of the largest involved node.
    ene_extent_mm : float or None
        Largest distance of extranodal extension from the capsule.
    pt, pn : str
        As reported, without the prefix y; "" where not stated.
    edition : Edition
        The edition that ``pn`` follows; kept with it for good.
    """

    report_id: str
    days_ct_to_surgery: int | None = None
    dissection_left: DissectionType = DissectionType.UNKNOWN
    dissection_right: DissectionType = DissectionType.UNKNOWN
    primary_site: PrimarySite = PrimarySite.UNKNOWN
    primary_side: PrimarySide = PrimarySide.UNKNOWN
    levels: tuple[LevelRow, ...] = ()
    largest_deposit: LargestDeposit = LargestDeposit()
    largest_node_mm: float | None = None
    ene_class: EneClass = EneClass.NOT_STATED
    ene_extent_mm: float | None = None
    pt: str = NOT_STATED
    pn: str = NOT_STATED
    edition: Edition = Edition.UNKNOWN
    prior: PriorTreatment = PriorTreatment()

    def dissection(self, side: Side) -> DissectionType:
        """Return the type of dissection of one side."""
        return self.dissection_left if side is Side.LEFT else self.dissection_right


@dataclass(frozen=True, kw_only=True)
class CountGroup:
    """The smallest part of the neck for which the report gives counts.

    Attributes
    ----------
    places : tuple of Place
        One level, or all that were lumped together, in the fixed order.
    is_dissected : bool
        Whether the report says so; counts are there only then.
    """

    places: tuple[Place, ...]
    is_dissected: bool
    counts: Counts | None

    def __str__(self) -> str:
        return " + ".join(map(str, self.places))

    @property
    def is_lumped(self) -> bool:
        """Whether several levels share the counts."""
        return len(self.places) > 1

    @property
    def order(self) -> tuple[int, int]:
        """Key of the fixed order."""
        return self.places[0].order


def in_order(rows: Iterable[LevelRow]) -> tuple[LevelRow, ...]:
    """Return level rows left before right, then Ia to VI."""
    return tuple(sorted(rows, key=lambda row: row.place.order))


def count_groups(report: PathologyReport) -> tuple[CountGroup, ...]:
    """Return the groups of levels that share counts, in the fixed order.

    Parameters
    ----------
    report : PathologyReport
        Without errors (`report_errors.errors_of`).

    Returns
    -------
    tuple of CountGroup
    """
    together: dict[str, list[LevelRow]] = {}
    for row in in_order(report.levels):
        together.setdefault(row.lumped_group or f"\0{row.place}", []).append(row)
    groups = (
        CountGroup(
            places=tuple(row.place for row in rows),
            is_dissected=all(row.dissected is Known.YES for row in rows),
            counts=rows[0].counts,
        )
        for rows in together.values()
    )
    return tuple(sorted(groups, key=lambda group: group.order))


def has_ene(report: PathologyReport) -> bool | None:
    """Say whether pathology found extranodal extension; None where the report leaves it open."""
    if report.ene_class in ENE_PRESENT:
        return True
    counts = [group.counts for group in count_groups(report) if group.counts]
    if any(one.ene_positive for one in counts):
        return True
    if report.ene_class is EneClass.NONE or not any(one.positive for one in counts):
        return False
    return None
