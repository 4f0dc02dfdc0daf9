"""What a client searches for, by QIDO-RS (PS3.18 10.6; pure)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from pydicom.datadict import keyword_for_tag, tag_for_keyword

MOST_RESULTS = 5000
MATCHED = (
    "PatientID",
    "PatientName",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "Modality",
    "ModalitiesInStudy",
)
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
        """Say whether one of the values is wanted; ``*`` and ``?`` stand for any letters."""
        wanted = self.wanted.get(keyword)
        if not wanted:
            return True
        return any(fnmatchcase(value, _pattern(one)) for value in values for one in wanted)


def search_of(parameters: Mapping[str, list[str]]) -> Search:
    """Read the query part of an address.

    Parameters
    ----------
    parameters : mapping of str to list of str
        As ``QueryDict.lists()`` tells them. Attributes are named by keyword or by eight hexadecimal
        digits.

    Raises
    ------
    SearchRefusedError
        For a parameter that is unknown or has an impossible value.
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
            wanted[_matched(name)] = tuple(
                one.strip() for value in values for one in _SEPARATOR.split(value) if one.strip()
            )
    limit = min(numbers["limit"], MOST_RESULTS)
    return Search(wanted=wanted, limit=limit, offset=numbers["offset"], asked_fuzzy=fuzzy)


def _matched(name: str) -> str:
    keyword = _keyword(name)
    if keyword not in MATCHED:
        raise SearchRefusedError(
            name, f"Results cannot be searched by '{name[:64]}': only by {', '.join(MATCHED)}."
        )
    return keyword


def _keyword(name: str) -> str:
    return keyword_for_tag(int(name, 16)) if _TAG.fullmatch(name) else name


def _check_fields(values: list[str]) -> None:
    """Fields beyond those always sent are not added, but must exist."""
    for name in (one.strip() for value in values for one in value.split(",")):
        if name and name != "all" and tag_for_keyword(_keyword(name)) is None:
            raise SearchRefusedError(
                "includefield", f"'{name[:64]}' is no DICOM attribute: give keywords or tags."
            )


def _whole_number(name: str, value: str) -> int:
    if not value.isascii() or not value.isdecimal() or len(value) > 9:
        raise SearchRefusedError(name, f"{name} must be a whole number from 0 on.")
    return int(value)


def _pattern(wanted: str) -> str:
    """Only ``*`` and ``?`` are special in DICOM (PS3.4 C.2.2.2.4)."""
    return wanted.replace("[", "[[]")
