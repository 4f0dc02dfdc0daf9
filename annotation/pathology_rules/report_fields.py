"""The fields of a report as text, as form, table and API write them (pure).

One vocabulary for all three: fields of the whole report by name, those of a level by side, level
and name (``left-IIa-examined``). An empty text means that the report does not say.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from annotation.pathology_rules.places import ALL_PLACES, Place
from annotation.pathology_rules.report import (
    NOT_STATED,
    PN_CATEGORIES,
    PT_CATEGORIES,
    Counts,
    DissectionType,
    Edition,
    EneClass,
    Known,
    LargestDeposit,
    LevelRow,
    PathologyReport,
    PrimarySide,
    PrimarySite,
    PriorTreatment,
    SizeQualifier,
)
from annotation.pathology_rules.report_errors import ReportError, errors_of

WHOLE = re.compile(r"[0-9]{1,6}")
NUMBER = re.compile(r"[0-9]{1,6}([.,][0-9]{1,6})?")
LONGEST_TEXT = 200


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field: its name and words, and how its text is read.

    Attributes
    ----------
    read : callable
        Text that is not empty -> value; ValueError says what was expected.
    empty : object
        The value of an empty text.
    words : tuple of str
        The texts it may hold where they can be listed; the first is that of ``empty``.
    """

    name: str
    label: str
    says: str
    read: Callable[[str], Any]
    empty: Any = None
    words: tuple[str, ...] = ()


def _folded(text: str) -> str:
    """Return what counts of a word: ``AJCC 8`` and ``ajcc8`` are the same."""
    return re.sub(r"[\s_-]+", "", text.lower())


def _one_of(known: Mapping[str, Any], text: str) -> Any:
    if _folded(text) not in known:
        raise ValueError(f"one of {', '.join(dict.fromkeys(known.values()))} was expected")
    return known[_folded(text)]


def _whole(text: str) -> int:
    if not WHOLE.fullmatch(text):
        raise ValueError("a whole number was expected")
    return int(text)


def _mm(text: str) -> float:
    if not NUMBER.fullmatch(text):
        raise ValueError("a number of millimetres such as 12.5 was expected")
    return float(text.replace(",", "."))


def _text(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"at most {LONGEST_TEXT} characters were expected")
    return text


def _choice(name: str, label: str, empty: StrEnum) -> Field:
    kind = type(empty)
    words = (empty.value, *(one.value for one in kind if one is not empty))
    read = partial(_one_of, {_folded(one.value): one for one in kind})
    says = ", ".join(words)
    return Field(name=name, label=label, says=says, read=read, empty=empty, words=words)


def _category(name: str, label: str, known: tuple[str, ...]) -> Field:
    """Return the field of a category; its prefix p may be left out."""
    read = partial(_one_of, {_folded(one)[at:]: one for one in known for at in (0, 1)})
    words, says = (NOT_STATED, *known), ", ".join(known)
    return Field(name=name, label=label, says=says, read=read, empty=NOT_STATED, words=words)


def _count(name: str, label: str, says: str) -> Field:
    return Field(name=name, label=label, says=says, read=_whole)


def _size(name: str, label: str) -> Field:
    return Field(name=name, label=label, says="millimetres", read=_mm)


REPORT_FIELDS = (
    Field(
        name="report_id",
        label="Report id",
        says="the laboratory's number, or a pseudonym of it",
        read=_text,
        empty="",
    ),
    _count("days_ct_to_surgery", "Days from CT to surgery", "a whole number"),
    _choice("dissection_left", "Neck dissection, left", DissectionType.UNKNOWN),
    _choice("dissection_right", "Neck dissection, right", DissectionType.UNKNOWN),
    _choice("primary_site", "Primary site", PrimarySite.UNKNOWN),
    _choice("primary_side", "Primary side", PrimarySide.UNKNOWN),
    _choice("largest_deposit_qualifier", "Largest deposit is", SizeQualifier.NOT_DETERMINED),
    _size("largest_deposit_mm", "Largest deposit (mm)"),
    _size("largest_node_mm", "Largest node (mm)"),
    _choice("ene_class", "ENE", EneClass.NOT_STATED),
    _size("ene_extent_mm", "Extent of ENE (mm)"),
    _category("pt", "pT", PT_CATEGORIES),
    _category("pn", "pN", PN_CATEGORIES),
    _choice("edition", "Staging edition", Edition.UNKNOWN),
    _choice("prior_surgery", "Surgery before", Known.UNKNOWN),
    _choice("prior_chemotherapy", "Chemotherapy before", Known.UNKNOWN),
    _choice("prior_radiotherapy", "Radiotherapy before", Known.UNKNOWN),
)
LEVEL_FIELDS = (
    _choice("dissected", "Dissected", Known.UNKNOWN),
    _count("examined", "Examined", "nodes examined"),
    _count("positive", "Positive", "nodes with a metastasis"),
    _count("ene_positive", "With ENE", "of these with ENE; empty where the report does not count"),
    Field(
        name="lumped_group",
        label="Lumped",
        says="the same letter for levels counted together; their counts stand at the first",
        read=_text,
        empty="",
    ),
)
FIELDS = {field.name: field for field in (*REPORT_FIELDS, *LEVEL_FIELDS)}
SHOWN_AT = {"largest_deposit": "largest_deposit_mm", "counts": "examined", "level": "dissected"}
"""Where an error stands whose field is not one of the form."""


def full_name(name: str, place: Place | None = None) -> str:
    """Return the name of a field: that of a level with its side and level in front."""
    return f"{place.side}-{place.level}-{name}" if place else name


ALL_NAMES = {
    **{field.name: (field, None) for field in REPORT_FIELDS},
    **{
        full_name(field.name, place): (field, place)
        for place in ALL_PLACES
        for field in LEVEL_FIELDS
    },
}
"""Every field by its full name, with its level."""


def read_report(
    texts: Mapping[str, str],
) -> tuple[PathologyReport | None, tuple[ReportError, ...]]:
    """Read a report from the texts of its fields.

    Parameters
    ----------
    texts : mapping of str to str
        By full name; a name that is left out counts as empty.

    Returns
    -------
    report : PathologyReport or None
        None where a text cannot be read; then the errors say which.
    errors : tuple of ReportError
        Otherwise those of `report_errors.errors_of`. Where no node is positive, an empty count
        of nodes with ENE is 0; a level of which nothing is known is left out.
    """
    values: dict[str, Any] = {}
    errors = [
        ReportError(field=name[:LONGEST_TEXT], message="is no field of a report.")
        for name in texts
        if name not in ALL_NAMES
    ]
    for name, (field, place) in ALL_NAMES.items():
        text = texts.get(name, "").strip()
        try:
            values[name] = field.read(text) if text else field.empty
        except ValueError as problem:
            message = f"'{text[:40]}' is not understood: {problem}."
            errors.append(ReportError(field=field.name, place=place, message=message))
    errors += _half_counts(values)
    if errors:
        return None, tuple(errors)
    report = _report(values)
    return report, errors_of(report)


def _half_counts(values: Mapping[str, Any]) -> Iterable[ReportError]:
    """Yield an error where the counts of a level are given in part."""
    for place in ALL_PLACES:
        cells = {name: values.get(full_name(name, place)) for name in Counts.__annotations__}
        if all(number is None for number in cells.values()):
            continue
        for name in ("examined", "positive"):
            if full_name(name, place) in values and cells[name] is None:
                yield ReportError(field=name, place=place, message="is empty, the others are not.")


def _report(values: Mapping[str, Any]) -> PathologyReport:
    same = {name: values[name] for name in PathologyReport.__annotations__ if name in values}
    prior = {name: values[f"prior_{name}"] for name in PriorTreatment.__annotations__}
    rows = (_row(values, place) for place in ALL_PLACES)
    return PathologyReport(
        **same,
        levels=tuple(row for row in rows if row is not None),
        largest_deposit=LargestDeposit(
            mm=values["largest_deposit_mm"], qualifier=values["largest_deposit_qualifier"]
        ),
        prior=PriorTreatment(**prior),
    )


def _row(values: Mapping[str, Any], place: Place) -> LevelRow | None:
    cells = {field.name: values[full_name(field.name, place)] for field in LEVEL_FIELDS}
    counts = None
    if cells["examined"] is not None:
        ene = cells["ene_positive"]
        if ene is None and cells["positive"] == 0:
            ene = 0
        counts = Counts(examined=cells["examined"], positive=cells["positive"], ene_positive=ene)
    row = LevelRow(
        place=place,
        dissected=cells["dissected"],
        counts=counts,
        lumped_group=cells["lumped_group"],
    )
    return None if row == LevelRow(place=place, dissected=Known.UNKNOWN) else row


def texts_of(report: PathologyReport) -> dict[str, str]:
    """Return the texts of all fields by full name; `read_report` reads the same report back."""
    values: dict[str, Any] = {
        field.name: getattr(report, field.name, None) for field in REPORT_FIELDS
    }
    values["largest_deposit_qualifier"] = report.largest_deposit.qualifier
    values["largest_deposit_mm"] = report.largest_deposit.mm
    values |= {f"prior_{name}": known for name, known in vars(report.prior).items()}
    for row in report.levels:
        values[full_name("dissected", row.place)] = row.dissected
        values[full_name("lumped_group", row.place)] = row.lumped_group
        for name, number in vars(row.counts).items() if row.counts else ():
            values[full_name(name, row.place)] = number
    return {
        name: _written(field.empty if values.get(name) is None else values[name])
        for name, (field, _) in ALL_NAMES.items()
    }


def _written(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return str(value)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field that two reports say differently, in texts."""

    name: str
    label: str
    old: str
    new: str


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[Difference, ...]:
    """Compare the texts of two reports, field by field, in the order of the form."""
    return tuple(
        Difference(
            name=name,
            label=f"{place}, {field.label.lower()}" if place else field.label,
            old=old.get(name, ""),
            new=new.get(name, ""),
        )
        for name, (field, place) in ALL_NAMES.items()
        if old.get(name, "") != new.get(name, "")
    )


def errors_by_name(errors: Iterable[ReportError]) -> dict[str, list[str]]:
    """Return sentences by the full name of the field at which they are shown."""
    found: dict[str, list[str]] = {}
    for error in errors:
        name = full_name(SHOWN_AT.get(error.field, error.field), error.place)
        found.setdefault(name, []).append(_sentence(error))
    return found


def _sentence(error: ReportError) -> str:
    """Return the message with what it is about: "Examined: are missing" would not be read."""
    label = FIELDS[error.field].label if error.field in FIELDS else error.field.capitalize()
    label = {"largest_deposit": "Largest deposit", "counts": "Counts"}.get(error.field, label)
    return f"{label}: {error.message}"
