"""The form of a pathology report as its template needs it: cells by section, with their errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from annotation.pathology_rules.places import Level, Place, Side
from annotation.pathology_rules.report_fields import (
    LEVEL_FIELDS,
    REPORT_FIELDS,
    Field,
    full_name,
)

WORDS = {
    "": "not stated",
    "ajcc7": "AJCC 7",
    "ajcc8": "AJCC 8",
    "version9": "AJCC Version 9",
    "major": "Major (more than 2 mm)",
    "minor": "Minor (up to 2 mm)",
    "oropharynx_p16_negative": "Oropharynx, p16 negative",
    "oropharynx_p16_positive": "Oropharynx, p16 positive",
    "nasal_cavity_sinuses": "Nasal cavity and sinuses",
}
DISSECTION = "dissection_"

Problems = Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One field of the form: its text, what may be chosen, and what is wrong with it."""

    name: str
    field: str
    label: str
    text: str
    choices: tuple[tuple[str, str], ...]
    errors: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LevelCells:
    """The fields of one level on one side."""

    place: Place
    cells: tuple[Cell, ...]

    @property
    def errors(self) -> list[str]:
        """What is wrong in the row, field by field."""
        return [error for cell in self.cells for error in cell.errors]


@dataclass(frozen=True, kw_only=True)
class SideCells:
    """One side of the neck."""

    side: Side
    dissection: Cell
    levels: tuple[LevelCells, ...]


@dataclass(frozen=True, kw_only=True)
class FormCells:
    """The whole form: fields of the report by name, and both sides."""

    report: dict[str, Cell]
    sides: tuple[SideCells, ...]


def form_cells(texts: Mapping[str, str], problems: Problems) -> FormCells:
    """Lay out the form with these texts, and sentences at the fields that they are about."""
    report = {field.name: _cell(field, None, texts, problems) for field in REPORT_FIELDS}
    sides = tuple(
        SideCells(
            side=side,
            dissection=report[DISSECTION + side],
            levels=tuple(_level(Place(side=side, level=level), texts, problems) for level in Level),
        )
        for side in Side
    )
    return FormCells(report=report, sides=sides)


def _level(place: Place, texts: Mapping[str, str], problems: Problems) -> LevelCells:
    cells = tuple(_cell(field, place, texts, problems) for field in LEVEL_FIELDS)
    return LevelCells(place=place, cells=cells)


def _cell(field: Field, place: Place | None, texts: Mapping[str, str], problems: Problems) -> Cell:
    name = full_name(field.name, place)
    return Cell(
        name=name,
        field=field.name,
        label=f"{place}, {field.label.lower()}" if place else field.label,
        text=texts.get(name, ""),
        choices=tuple((word, shown(word)) for word in field.words),
        errors=tuple(problems.get(name, ())),
    )


def shown(word: str) -> str:
    """Return a word of the report for people."""
    is_category = word.startswith(("pT", "pN"))
    return WORDS.get(word) or (word if is_category else word.replace("_", " ").capitalize())
