"""Analysis room: one cell of an imported file: a category, a number, a text (pure)."""

import math
from dataclasses import dataclass

from cohorts.spreadsheet import harmless
from readerstudy.analysis.imported_columns import ImportRefusedError

MAX_TEXT = 200
"""Characters of a name or a text."""
MISSING = {"", "na"}
CATEGORIES = {
    "0": 0,
    "1": 1,
    "2": 2,
    "benign": 0,
    "metastasis": 1,
    "metastasis_ene": 2,
}
_LEAVE_EMPTY = "or leave the cell empty where there is none"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a cell stands: for messages.

    Attributes
    ----------
    file : str
    line : int
        From 1, the line of the file that the row begins on.
    column : str
    decimal_comma : bool
        Whether numbers may be written 0,5: only in files separated by semicolons.
    """

    file: str
    line: int
    column: str
    decimal_comma: bool = False

    def refuse(self, what: str) -> ImportRefusedError:
        """Return the refusal to raise; ``what`` says what is wrong and what to do."""
        return ImportRefusedError(f"{self.file}, line {self.line}, column '{self.column}': {what}")


def name_of(cell: str, place: Place) -> str:
    """Return a cohort, patient or node; never missing."""
    text = text_of(cell, place, na_is_missing=False)
    if not text:
        raise place.refuse("is empty. Every row needs one.")
    return text


def text_of(cell: str, place: Place, *, na_is_missing: bool = True) -> str:
    """Return a text, empty where missing; the apostrophe of our own downloads is taken off."""
    text = cell.strip()
    if text.startswith("'") and harmless(text[1:]) == text:
        text = text[1:]
    if na_is_missing and text.lower() in MISSING:
        return ""
    if len(text) > MAX_TEXT or not text.isprintable():
        raise place.refuse(
            f"is longer than {MAX_TEXT} characters or holds characters that cannot be printed. "
            "Shorten or retype it."
        )
    return text


def category_of(cell: str, place: Place) -> int | None:
    """Return 0, 1 or 2, or None where missing."""
    text = cell.strip().lower()
    if text in MISSING:
        return None
    if text not in CATEGORIES:
        raise place.refuse(
            f"'{_shown(cell)}' is no category. Write 0 or benign, 1 or metastasis, 2 or "
            f"metastasis_ene, {_LEAVE_EMPTY}."
        )
    return CATEGORIES[text]


def number_of(
    cell: str, place: Place, *, least: float | None = None, most: float | None = None
) -> float | None:
    """Return a finite number within its limits, or None where missing."""
    text = cell.strip()
    if text.lower() in MISSING:
        return None
    if place.decimal_comma and "." not in text:
        text = text.replace(",", ".", 1)
    try:
        # float() reads 1_000, which no statistics program writes.
        number = math.nan if "_" in text else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise place.refuse(f"'{_shown(cell)}' is no number. Write one, {_LEAVE_EMPTY}.")
    if (least is not None and number < least) or (most is not None and number > most):
        raise place.refuse(f"{_shown(cell)} is not {_range(least, most)}. Correct it.")
    return number


def whole_number_of(cell: str, place: Place, *, least: int, most: int) -> int | None:
    """Return a whole number within its limits, or None where missing."""
    number = number_of(cell, place, least=least, most=most)
    if number is None:
        return None
    if number != int(number):
        raise place.refuse(f"{_shown(cell)} is no whole number. Correct it.")
    return int(number)


def _range(least: float | None, most: float | None) -> str:
    if most is None:
        return f"{least:g} or more"
    return f"between {least:g} and {most:g}"


def _shown(cell: str) -> str:
    text = "".join(letter for letter in cell.strip() if letter.isprintable())
    return text if len(text) <= 40 else f"{text[:40]}…"
