"""cohorts.deidentification: check the value of an attribute that may stay, by its kind."""

import re
from collections.abc import Iterable
from typing import Any

from pydicom.datadict import dictionary_has_tag, dictionary_VM
from pydicom.dataelem import DataElement
from pydicom.multival import MultiValue
from pydicom.tag import Tag

from cohorts.deidentification.replacements import is_of_the_standard

DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
INTEGER = re.compile(r"[+-]?\d{1,10}")
LONGEST_DECIMAL = 16
LARGEST_COUNT = 99_999
"""Larger instance or series numbers are record numbers in disguise."""
AGE = re.compile(r"(\d{3})([DWMY])")
OLDEST_YEARS = 90
"""Ages above 89 years single people out (45 CFR 164.514(b)(2)(i)(C)); they become 90 years."""
PER_YEAR = {"D": 365.25, "W": 365.25 / 7, "M": 12.0, "Y": 1.0}


def values_of(element: DataElement) -> list[Any]:
    """Return the values of an element as a list; empty if it has none."""
    value = element.value
    if value is None or value in ("", b""):
        return []
    return list(value) if isinstance(value, MultiValue | list | tuple) else [value]


def numbers(element: DataElement) -> list[Any]:
    """Return the numbers of an element as written; empty unless all are and their count fits.

    Decimal strings keep their exact text: geometry must not change by a rounding.
    """
    values = values_of(element)
    if not _count_fits(element, len(values)):
        return []
    if element.VR == "DS":
        return _all_match(DECIMAL, values, LONGEST_DECIMAL)
    if element.VR == "IS":
        return _all_match(INTEGER, values, LONGEST_DECIMAL)
    return values if all(isinstance(value, int | float) for value in values) else []


def _count_fits(element: DataElement, count: int) -> bool:
    allowed = dictionary_VM(element.tag)
    return not allowed.isdigit() or count <= int(allowed)


def _all_match(pattern: re.Pattern[str], values: Iterable[Any], longest: int) -> list[str]:
    texts = [str(value).strip() for value in values]
    good = all(pattern.fullmatch(text) and len(text) <= longest for text in texts)
    return texts if good else []


def counts(element: DataElement) -> list[Any]:
    """Return small whole numbers; empty unless all are."""
    values = numbers(element)
    return values if all(0 <= int(value) <= LARGEST_COUNT for value in values) else []


def standard_uids(element: DataElement) -> list[str]:
    """Return UIDs of the standard (PS3.6 Annex A); empty unless all are."""
    texts = [str(value) for value in values_of(element)]
    return texts if all(is_of_the_standard(text) for text in texts) else []


def pointers(element: DataElement) -> list[Any]:
    """Return tags of the standard's dictionary; empty unless all are."""
    values = values_of(element)
    return values if all(dictionary_has_tag(Tag(value)) for value in values) else []


def terms(element: DataElement, allowed: frozenset[str]) -> list[str]:
    """Return coded words; those not allowed become OTHER where that is allowed, else none stays."""
    texts = [str(value).strip().upper() for value in values_of(element)]
    if "OTHER" in allowed:
        return [text if text in allowed else "OTHER" for text in texts][:4]
    return texts[:1] if len(texts) == 1 and texts[0] in allowed else []


def capped_age(text: str) -> str:
    """Return an age (AS) of at most 90 years; empty if it is no age.

    References
    ----------
    DICOM PS3.5 6.2: nnnD, nnnW, nnnM, nnnY.
    """
    parts = AGE.fullmatch(text.strip().upper())
    if parts is None:
        return ""
    years = int(parts[1]) / PER_YEAR[parts[2]]
    return f"{OLDEST_YEARS:03d}Y" if years >= OLDEST_YEARS else parts[0]
