"""The columns of a patients' table: what each may hold, and what it becomes (pure: no Django).

An empty cell changes nothing; `CLEAR` empties the field.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from cohorts.exclusion import EXCLUSION_CHOICES

CLEAR = "clear"
AGE_CAP = 90
"""Ages from here on are one group: HIPAA Safe Harbor, 45 CFR 164.514(b)(2)(i)(C)."""

SEXES = {"f": "F", "female": "F", "m": "M", "male": "M", "o": "O", "other": "O"}
PRIMARY_SITES = (
    "larynx",
    "hypopharynx",
    "oropharynx",
    "nasopharynx",
    "oral cavity",
    "lip",
    "nose and sinuses",
    "salivary gland",
    "thyroid",
    "skin",
    "unknown primary",
    "other",
)
PT = re.compile(r"y?p?t(x|is|0|[123][ab]?|4[ab]?)", re.IGNORECASE)
PN = re.compile(r"y?p?n(x|0|1[abc]?|2[abc]?|3[abc]?)", re.IGNORECASE)
EDITION = re.compile(r"(ajcc|uicc) ?([5-9])", re.IGNORECASE)
CODES = tuple(code for code, _ in EXCLUSION_CHOICES)

Value = str | int | None


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: the name in the file, the field it fills, and how a cell is read.

    `read` returns the value, or raises ValueError with the sentence for the person.
    """

    name: str
    field: str
    says: str
    read: Callable[[str], Value]
    empty: Value = ""


def _age(text: str) -> int:
    digits = text.removesuffix("+").removesuffix("Y").removesuffix("y").strip()
    if not digits.isascii() or not digits.isdigit() or not 0 <= int(digits) <= 120:
        raise ValueError("an age in whole years from 0 to 120 was expected")
    return min(int(digits), AGE_CAP)


def _sex(text: str) -> str:
    if text.lower() not in SEXES:
        raise ValueError("F, M or O was expected")
    return SEXES[text.lower()]


def _primary_site(text: str) -> str:
    site = " ".join(text.lower().replace("_", " ").split())
    if site not in PRIMARY_SITES:
        raise ValueError(f"one of {', '.join(PRIMARY_SITES)} was expected")
    return site


def _stage(pattern: re.Pattern[str], example: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"a pathological stage such as {example} was expected")
        after_treatment = "y" if text.lower().startswith("y") else ""
        letter = "T" if "t" in example.lower() else "N"
        rest = text[text.upper().index(letter) + 1 :]
        return f"{after_treatment}p{letter}{'X' if rest.lower() == 'x' else rest.lower()}"

    return read


def _edition(text: str) -> str:
    found = EDITION.fullmatch(" ".join(text.split()))
    if found is None:
        raise ValueError("a staging edition such as AJCC 8 was expected")
    return f"{found[1].upper()} {found[2]}"


def _exclusion(text: str) -> str:
    if text.lower() not in CODES:
        raise ValueError(f"one of {', '.join(CODES)} was expected")
    return text.lower()


COLUMNS = (
    Column(
        name="age_years",
        field="age_years",
        says=f"whole years at the CT; {AGE_CAP} and more become {AGE_CAP}",
        read=_age,
        empty=None,
    ),
    Column(name="sex", field="sex", says="F, M or O", read=_sex),
    Column(
        name="primary_site",
        field="primary_site",
        says=", ".join(PRIMARY_SITES),
        read=_primary_site,
    ),
    Column(name="pt", field="pt", says="pT0 to pT4b, pTis, pTX", read=_stage(PT, "pT3")),
    Column(name="pn", field="pn", says="pN0 to pN3b, pNX", read=_stage(PN, "pN2b")),
    Column(
        name="staging_edition",
        field="staging_edition",
        says="AJCC 7, AJCC 8, UICC 8, ...",
        read=_edition,
    ),
    Column(
        name="exclusion_code",
        field="exclusion_code",
        says=f"{', '.join(CODES)}; needs exclusion_reason",
        read=_exclusion,
    ),
)
BY_NAME = {column.name: column for column in COLUMNS}
PATIENT, PATIENT_ID, REASON = "patient", "patient_id", "exclusion_reason"
