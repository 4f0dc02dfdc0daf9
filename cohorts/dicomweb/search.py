"""What a client searches for, by QIDO-RS (PS3.18 10.6; pure)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from pydicom.datadict import keyword_for_tag, tag_for_keyword

MOST_RESULTS = 5000
ALWAYS_EMPTY = (
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "StudyID",
    "StudyDescription",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "RequestAttributesSequence.ScheduledProcedureStepID",
    "RequestAttributesSequence.RequestedProcedureID",
)
"""No de-identified case has these: whoever searches for a value of them finds nothing."""
OF_SERIES = (
    "PatientID",
    "PatientName",
    "StudyInstanceUID",
    "StudyDate",
    "ModalitiesInStudy",
    "SeriesInstanceUID",
    "SeriesNumber",
    "Modality",
    *ALWAYS_EMPTY,
)
"""What studies and series are searched by."""
OF_INSTANCES = (*OF_SERIES, "SOPClassUID", "SOPInstanceUID", "InstanceNumber")
DATES = frozenset({"StudyDate", "PerformedProcedureStepStartDate"})
_DATE = re.compile(r"(?P<only>\d{8}|\*)|(?P<first>\d{8})?-(?P<last>\d{8})?")
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_SEPARATOR = re.compile(r"[,\\]")


class SearchRefusedError(ValueError):
    """A parameter that is not understood; ``parameter`` names it."""

    def __init__(self, parameter: str, sentence: str) -> None:
        super().__init__(sentence)
        self.parameter = parameter


@dataclass(frozen=True, kw_only=True)
class Search:
    """A search: wanted values by keyword, and which part of the results."""

    wanted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    limit: int = MOST_RESULTS
    offset: int = 0
    asked_fuzzy: bool = False

    def matches(self, keyword: str, values: Iterable[str]) -> bool:
        """Say whether one of the values is wanted.

        ``*`` and ``?`` stand for any letters, ``first-last`` for the days from one to the other
        (PS3.4 C.2.2.2.4 and C.2.2.2.5).
        """
        wanted = self.wanted.get(keyword)
        if not wanted:
            return True
        is_it = _is_day if keyword in DATES else _is_like
        return any(is_it(value, one) for value in values for one in wanted)

    def matches_all(self, facts: Mapping[str, Iterable[str]]) -> bool:
        """Say whether everything told of one thing is wanted."""
        return all(self.matches(keyword, values) for keyword, values in facts.items())


def search_of(parameters: Mapping[str, list[str]], allowed: Sequence[str]) -> Search:
    """Read the query part of an address.

    Parameters
    ----------
    parameters : mapping of str to list of str
        As ``QueryDict.lists()`` tells them. Attributes are named by keyword or by eight hexadecimal
        digits, one within a sequence after the sequence and a dot.
    allowed : sequence of str
        Keywords that may be searched by: `OF_SERIES` or `OF_INSTANCES`.

    Raises
    ------
    SearchRefusedError
        For a parameter that is unknown or has an impossible value.

    References
    ----------
    DICOM PS3.18 8.3.4 (query parameters), 10.6.1.2.3 (what must be searched by).
    """
    wanted: dict[str, tuple[str, ...]] = {}
    numbers = {"limit": MOST_RESULTS, "offset": 0}
    fuzzy = False
    for name, values in parameters.items():
        if name in numbers:
            numbers[name] = _whole_number(name, values[-1])
        elif name == "fuzzymatching":
            fuzzy = values[-1].lower() == "true"
        elif name == "includefield":
            _check_fields(values)
        elif name != "accept":
            wanted[_matched(name, allowed)] = _wanted(name, values)
    limit = min(numbers["limit"], MOST_RESULTS)
    return Search(wanted=wanted, limit=limit, offset=numbers["offset"], asked_fuzzy=fuzzy)


def _matched(name: str, allowed: Sequence[str]) -> str:
    keyword = _keyword(name)
    if keyword not in allowed:
        raise SearchRefusedError(
            name, f"Results cannot be searched by '{name[:64]}' here: only by {', '.join(allowed)}."
        )
    return keyword


def _wanted(name: str, values: list[str]) -> tuple[str, ...]:
    found = [one.strip() for value in values for one in _SEPARATOR.split(value) if one.strip()]
    if _keyword(name) in DATES and not all(map(_DATE.fullmatch, found)):
        raise SearchRefusedError(
            name, f"{name[:64]} must be a day, YYYYMMDD, or days from one to another, with '-'."
        )
    return tuple(found)


def _keyword(name: str) -> str:
    parts = name.split(".")
    return ".".join(keyword_for_tag(int(one, 16)) if _TAG.fullmatch(one) else one for one in parts)


def _check_fields(values: list[str]) -> None:
    """Fields beyond those always sent are not added; a name must exist, a tag may be private."""
    for name in (one.strip() for value in values for one in value.split(",")):
        if name and name != "all" and not all(map(_is_attribute, name.split("."))):
            raise SearchRefusedError(
                "includefield", f"'{name[:64]}' is no DICOM attribute: give keywords or tags."
            )


def _is_attribute(name: str) -> bool:
    return bool(_TAG.fullmatch(name)) or tag_for_keyword(name) is not None


def _whole_number(name: str, value: str) -> int:
    if not value.isascii() or not value.isdecimal() or len(value) > 9:
        raise SearchRefusedError(name, f"{name} must be a whole number from 0 on.")
    return int(value)


def _is_like(value: str, wanted: str) -> bool:
    """Only ``*`` and ``?`` are special in DICOM (PS3.4 C.2.2.2.4)."""
    return fnmatchcase(value, wanted.replace("[", "[[]"))


def _is_day(value: str, wanted: str) -> bool:
    """Whether the day is the wanted one or lies between two; any is, without either end."""
    told = _DATE.fullmatch(wanted)
    if told is None or told["only"]:
        return wanted in {"*", value}
    first, last = told["first"] or "", told["last"] or "99999999"
    return bool(value) and first <= value <= last
