"""A table of reports, one row per patient and level -> reports, or every error (pure).

Fields of the whole report stand in any of the patient's rows, once or always the same.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from annotation.pathology_rules.places import Level, Place, Side
from annotation.pathology_rules.report import PathologyReport
from annotation.pathology_rules.report_errors import ReportError
from annotation.pathology_rules.report_fields import (
    LEVEL_FIELDS,
    REPORT_FIELDS,
    SHOWN_AT,
    full_name,
    read_report,
)
from cohorts.tables.cells import CellError, Table, TableRow

PATIENT, PATIENT_ID, SIDE, LEVEL = "patient", "patient_id", "side", "level"
LEVEL_COLUMNS = tuple(one.name for one in LEVEL_FIELDS)
REPORT_COLUMNS = tuple(one.name for one in REPORT_FIELDS)
COLUMNS = (PATIENT, SIDE, LEVEL, *LEVEL_COLUMNS, *REPORT_COLUMNS)
KNOWN_COLUMNS = (PATIENT_ID, *COLUMNS)
SIDES = {"left": Side.LEFT, "l": Side.LEFT, "right": Side.RIGHT, "r": Side.RIGHT}
LEVELS = {
    **{level.lower(): level for level in Level},
    **dict(zip(("1a", "1b", "2a", "2b", "3", "4", "5a", "5b", "6"), Level, strict=True)),
}


@dataclass(frozen=True, kw_only=True)
class TableReport:
    """One patient's report and the row where it begins."""

    row: int
    patient: str
    report: PathologyReport


@dataclass
class _Patient:
    """One patient's texts as they are gathered, and the rows that they stand in."""

    first_row: int
    texts: dict[str, str] = field(default_factory=dict)
    places: dict[Place, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)


def read_reports(
    table: Table, known: Mapping[str, str]
) -> tuple[list[TableReport], list[str], list[CellError]]:
    """Read the reports of a table, finding every error before giving up.

    Parameters
    ----------
    table : Table
        Columns `patient` (pseudonym) or `patient_id` (the source's), `side`, `level` and any of
        `LEVEL_COLUMNS` and `REPORT_COLUMNS`.
    known : mapping of str to str
        What may stand in `patient` or `patient_id` -> the pseudonym.

    Returns
    -------
    reports : list of TableReport
        Without errors, in file order.
    left_out : list of str
        Patients in whose rows nothing is filled in.
    errors : list of CellError
        In file order; with any of these nothing of the file should be used. No message repeats
        what stands in `patient_id`.
    """
    errors = [
        CellError(row=table.header_row, column=column, message=message)
        for column, message in _header_problems(table.header)
    ]
    if errors:
        return [], [], errors
    patients: dict[str, _Patient] = {}
    for row in table.rows:
        errors += _gather(row, dict(zip(table.header, row.cells, strict=True)), known, patients)
    if not table.rows:
        message = "there is no patient below the header line."
        errors.append(CellError(row=table.header_row, column="", message=message))
    reports = []
    for name, patient in patients.items():
        report, found = read_report(patient.texts) if patient.texts else (None, ())
        errors += [_in_table(error, patient) for error in found]
        if report is not None:
            reports.append(TableReport(row=patient.first_row, patient=name, report=report))
    left_out = [name for name, patient in patients.items() if not patient.texts]
    return reports, left_out, sorted(errors, key=lambda error: error.row)


def _header_problems(header: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for name in sorted({name for name in header if header.count(name) > 1}):
        yield name, "this column occurs twice: remove one."
    for name in header:
        if name not in KNOWN_COLUMNS:
            near = difflib.get_close_matches(name, KNOWN_COLUMNS, n=1)
            hint = f"did you mean {near[0]}?" if near else "remove it, or name it as described."
            yield name[:40], f"this column is not known: {hint}"
    if len({PATIENT, PATIENT_ID}.intersection(header)) != 1:
        yield "", f"either a column {PATIENT} or a column {PATIENT_ID} was expected."
    for name in (SIDE, LEVEL, "report_id"):
        if name not in header:
            yield name, "this column is missing."


def _gather(
    row: TableRow,
    cells: dict[str, str],
    known: Mapping[str, str],
    patients: dict[str, _Patient],
) -> Iterator[CellError]:
    """Add one row to its patient; yield what is wrong with it as a row."""
    key = PATIENT if PATIENT in cells else PATIENT_ID
    name = known.get(cells[key])
    if name is None:
        shown = f"'{cells[key][:40]}'" if key == PATIENT and cells[key] else "this patient"
        message = f"{shown} is not in the cohort: import the CT first, or correct the cell."
        yield CellError(row=row.number, column=key, message=message)
        return
    patient = patients.setdefault(name, _Patient(first_row=row.number))
    place, problems = _place(cells)
    for column, message in problems:
        yield CellError(row=row.number, column=column, message=message)
    if place is not None and place in patient.places:
        message = f"{place} stands in row {patient.places[place]} too: give each level once."
        yield CellError(row=row.number, column=LEVEL, message=message)
        return
    if place is not None:
        patient.places[place] = row.number
    for column, text in cells.items():
        if text and column in LEVEL_COLUMNS and place is not None:
            patient.texts[full_name(column, place)] = text
        if text and column in REPORT_COLUMNS:
            yield from _whole_field(patient, row.number, column, text)


def _place(cells: Mapping[str, str]) -> tuple[Place | None, list[tuple[str, str]]]:
    """Return side and level of a row, None where it is about the whole report alone."""
    side_text, level_text = cells[SIDE].lower(), re.sub(r"\s", "", cells[LEVEL].lower())
    counts = [column for column in LEVEL_COLUMNS if cells.get(column)]
    if not side_text and not level_text:
        return None, [(column, "stands in a row without side and level.") for column in counts]
    side, level = SIDES.get(side_text), LEVELS.get(level_text)
    problems = []
    if side is None:
        problems.append(
            (SIDE, f"'{side_text[:40]}' is not understood: left or right was expected.")
        )
    if level is None:
        words = f"one of {', '.join(Level)} was expected"
        problems.append((LEVEL, f"'{level_text[:40]}' is not understood: {words}."))
    return (Place(side=side, level=level), []) if side and level else (None, problems)


def _whole_field(patient: _Patient, row: int, column: str, text: str) -> Iterator[CellError]:
    before = patient.texts.setdefault(column, text)
    first = patient.rows.setdefault(column, row)
    if before != text:
        message = f"differs from that in row {first}: one report, one answer."
        yield CellError(row=row, column=column, message=message)


def _in_table(error: ReportError, patient: _Patient) -> CellError:
    column = SHOWN_AT.get(error.field, error.field)
    if error.place is not None:
        row = patient.places.get(error.place, patient.first_row)
    else:
        row = patient.rows.get(column, patient.first_row)
    return CellError(row=row, column=column, message=error.message)
