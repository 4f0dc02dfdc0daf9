"""Everything that keeps a pathology report from standing, by field and level (pure)."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from annotation.pathology_rules.places import Place
from annotation.pathology_rules.report import (
    ENE_PRESENT,
    MINOR_ENE_MM,
    NOT_STATED,
    PN_CATEGORIES,
    PT_CATEGORIES,
    Counts,
    DissectionType,
    EneClass,
    Known,
    LevelRow,
    PathologyReport,
    SizeQualifier,
    in_order,
)

LONGEST_ID = 100
MOST_DAYS = 3650
MOST_NODES = 200
"""More nodes in one level of the neck are a typing error."""
LARGEST_MM = 300.0


@dataclass(frozen=True, kw_only=True)
class ReportError:
    """What is wrong with one field; ``place`` is None for a field of the whole report."""

    field: str
    message: str
    place: Place | None = None

    def __str__(self) -> str:
        where = f"{self.place}, {self.field}" if self.place else self.field
        return f"{where}: {self.message}"


def errors_of(report: PathologyReport) -> tuple[ReportError, ...]:
    """Find every error of a report before giving up.

    Parameters
    ----------
    report : PathologyReport

    Returns
    -------
    tuple of ReportError
        Empty when the report can be checked against labels, staged and locked.
    """
    return (
        *_whole_report(report),
        *_sizes(report),
        *_ene(report),
        *_places_once(report),
        *(error for row in in_order(report.levels) for error in _level(row, report)),
        *_lumped(report),
    )


def _whole_report(report: PathologyReport) -> Iterator[ReportError]:
    if not report.report_id.strip():
        yield ReportError(field="report_id", message="is empty.")
    if len(report.report_id) > LONGEST_ID:
        yield ReportError(field="report_id", message=f"is longer than {LONGEST_ID} characters.")
    days = report.days_ct_to_surgery
    if days is not None and not 0 <= days <= MOST_DAYS:
        message = f"{days} days: surgery follows CT by 0 to {MOST_DAYS} days."
        yield ReportError(field="days_ct_to_surgery", message=message)
    for name, value, known in (("pt", report.pt, PT_CATEGORIES), ("pn", report.pn, PN_CATEGORIES)):
        if value != NOT_STATED and value not in known:
            message = f"{value!r} is none of {', '.join(known)}."
            yield ReportError(field=name, message=message)


def _sizes(report: PathologyReport) -> Iterator[ReportError]:
    deposit = report.largest_deposit
    for name, value in (
        ("largest_deposit", deposit.mm),
        ("largest_node_mm", report.largest_node_mm),
        ("ene_extent_mm", report.ene_extent_mm),
    ):
        if value is not None and not (math.isfinite(value) and 0 < value <= LARGEST_MM):
            message = f"{value} mm: a size above 0 and up to {LARGEST_MM:g} mm is expected."
            yield ReportError(field=name, message=message)
    is_open = deposit.qualifier is SizeQualifier.NOT_DETERMINED
    if is_open and deposit.mm is not None:
        yield ReportError(field="largest_deposit", message="has a size, yet is not determined.")
    if not is_open and deposit.mm is None:
        message = f"says {deposit.qualifier} without a size."
        yield ReportError(field="largest_deposit", message=message)


def _ene(report: PathologyReport) -> Iterator[ReportError]:
    extent, kind = report.ene_extent_mm, report.ene_class
    if extent is not None and kind not in ENE_PRESENT:
        yield ReportError(field="ene_extent_mm", message=f"is given, yet ENE is {kind}.")
    if extent is not None and kind is EneClass.MINOR and extent > MINOR_ENE_MM:
        message = f"{extent:g} mm is more than minor ENE's {MINOR_ENE_MM:g} mm."
        yield ReportError(field="ene_extent_mm", message=message)
    if extent is not None and kind is EneClass.MAJOR and extent <= MINOR_ENE_MM:
        message = f"{extent:g} mm is not more than {MINOR_ENE_MM:g} mm: major ENE is."
        yield ReportError(field="ene_extent_mm", message=message)
    message = _ene_against_counts(kind, [row.counts for row in report.levels if row.counts])
    if message:
        yield ReportError(field="ene_class", message=message)


def _ene_against_counts(kind: EneClass, counts: list[Counts]) -> str:
    """Return what is wrong between the class of ENE and the levels' counts, "" when nothing is."""
    numbers = [one.ene_positive for one in counts]
    has_some = any(numbers)
    has_none = None not in numbers and not has_some
    has_positive = any(one.positive for one in counts)
    if has_some and kind not in ENE_PRESENT:
        return f"is {kind}, yet a level counts ENE-positive nodes."
    if has_none and kind in ENE_PRESENT:
        return f"is {kind}, yet no level counts an ENE-positive node."
    if has_none and has_positive and kind is EneClass.NOT_STATED:
        return (
            "is not stated, yet every level counts 0 ENE-positive nodes: none, or counts unknown."
        )
    return ""


def _places_once(report: PathologyReport) -> Iterator[ReportError]:
    for place, times in Counter(row.place for row in report.levels).items():
        if times > 1:
            yield ReportError(field="level", place=place, message=f"occurs {times} times.")


def _level(row: LevelRow, report: PathologyReport) -> Iterator[ReportError]:
    place = row.place
    if row.dissected is Known.YES and report.dissection(place.side) is DissectionType.NONE:
        message = f"is yes, yet the {place.side} side has no neck dissection."
        yield ReportError(field="dissected", place=place, message=message)
    if row.dissected is Known.YES and row.counts is None and not row.lumped_group:
        message = "are missing: the level was dissected."
        yield ReportError(field="counts", place=place, message=message)
    if row.dissected is not Known.YES and row.counts is not None:
        message = f"are given, yet dissected is {row.dissected}."
        yield ReportError(field="counts", place=place, message=message)
    if row.counts is not None:
        yield from _counts(row.counts, place)


def _counts(counts: Counts, place: Place) -> Iterator[ReportError]:
    ene = counts.ene_positive
    numbers = {"examined": counts.examined, "positive": counts.positive}
    for name, value in (*numbers.items(), ("ene_positive", ene or 0)):
        if not 0 <= value <= MOST_NODES:
            message = f"{value} is not between 0 and {MOST_NODES}."
            yield ReportError(field=name, place=place, message=message)
    if counts.positive > counts.examined:
        message = f"{counts.positive} positive of {counts.examined} examined."
        yield ReportError(field="positive", place=place, message=message)
    if ene is not None and ene > counts.positive:
        message = f"{ene} with ENE of {counts.positive} positive."
        yield ReportError(field="ene_positive", place=place, message=message)
    if ene is None and not counts.positive:
        message = "is open, yet no node is positive: it is 0."
        yield ReportError(field="ene_positive", place=place, message=message)


def _lumped(report: PathologyReport) -> Iterator[ReportError]:
    groups: dict[str, list[LevelRow]] = {}
    for row in in_order(report.levels):
        if row.lumped_group:
            groups.setdefault(row.lumped_group, []).append(row)
    for name, rows in groups.items():
        yield from _one_group(name, rows)


def _one_group(name: str, rows: list[LevelRow]) -> Iterator[ReportError]:
    first, *others = rows
    if not others:
        message = f"{name!r} holds one level: at least two are lumped."
        yield ReportError(field="lumped_group", place=first.place, message=message)
    if first.counts is None:
        message = f"are missing: the first level of {name!r} carries the group's counts."
        yield ReportError(field="counts", place=first.place, message=message)
    for row in rows:
        if row.dissected is not Known.YES:
            message = f"is {row.dissected}: only dissected levels can be lumped."
            yield ReportError(field="dissected", place=row.place, message=message)
    for row in others:
        if row.counts is not None:
            message = f"are given: those of {name!r} stand at {first.place}."
            yield ReportError(field="counts", place=row.place, message=message)
