"""A table of patients -> what each row says, or every error by row and column (pure: no Django)."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cohorts.patient_columns import (
    BY_NAME,
    CLEAR,
    CODES,
    PATIENT,
    PATIENT_ID,
    REASON,
    Value,
)
from cohorts.tables.cells import CellError, Table, TableRow

KNOWN_COLUMNS = (PATIENT, PATIENT_ID, *BY_NAME, REASON)
MAX_REASON = 500


@dataclass(frozen=True, kw_only=True)
class PatientRow:
    """What one row says: the patient by pseudonym, and the fields that it fills or clears."""

    row: int
    patient: str
    values: Mapping[str, Value]
    reason: str


def read_patients(
    table: Table, known: Mapping[str, str]
) -> tuple[list[PatientRow], list[CellError]]:
    """Read the rows of a table, finding every error before giving up.

    Parameters
    ----------
    table : Table
        Columns `patient` (pseudonym) or `patient_id` (the source's), and any of
        `patient_columns.COLUMNS`, with `exclusion_reason` where an exclusion code is given.
    known : mapping of str to str
        What may stand in `patient` or `patient_id` -> the pseudonym.

    Returns
    -------
    rows : list of PatientRow
        In file order.
    errors : list of CellError
        In file order; with any of these nothing of the file should be used. No message repeats
        what stands in `patient_id`.
    """
    errors = [
        CellError(row=table.header_row, column=column, message=message)
        for column, message in _header_problems(table.header)
    ]
    if errors:
        return [], errors
    rows: list[PatientRow] = []
    first: dict[str, int] = {}
    for row in table.rows:
        read, found = _read_row(table.header, row, known)
        errors += found
        if read is None:
            continue
        if read.patient in first:
            message = f"the same patient as in row {first[read.patient]}: give each patient once."
            errors.append(CellError(row=row.number, column="", message=message))
        first.setdefault(read.patient, row.number)
        rows.append(read)
    if not table.rows:
        message = "there is no patient below the header line."
        errors.append(CellError(row=table.header_row, column="", message=message))
    return rows, sorted(errors, key=lambda error: error.row)


def _header_problems(header: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for name in sorted({name for name in header if header.count(name) > 1}):
        yield name, "this column occurs twice: remove one."
    for name in header:
        if name not in KNOWN_COLUMNS:
            near = difflib.get_close_matches(name, KNOWN_COLUMNS, n=1)
            hint = f"did you mean {near[0]}?" if near else "remove it, or name it as described."
            yield name[:40], f"this column is not known: {hint}"
    keys = {PATIENT, PATIENT_ID}.intersection(header)
    if len(keys) != 1:
        yield "", f"either a column {PATIENT} or a column {PATIENT_ID} was expected."
    if not BY_NAME.keys() & set(header):
        yield "", f"no column to take in: one of {', '.join(BY_NAME)} was expected."
    if "exclusion_code" in header and REASON not in header:
        yield REASON, "this column is needed beside exclusion_code."


def _read_row(
    header: tuple[str, ...], row: TableRow, known: Mapping[str, str]
) -> tuple[PatientRow | None, list[CellError]]:
    cells = dict(zip(header, row.cells, strict=True))
    values, problems = _values_of(cells)
    reason = cells.get(REASON, "")
    problems += [(REASON, message) for message in _reason_problems(values, reason)]
    key = PATIENT if PATIENT in cells else PATIENT_ID
    name = known.get(cells[key])
    if name is None:
        shown = f"'{cells[key][:40]}'" if key == PATIENT and cells[key] else "this patient"
        message = f"{shown} is not in the cohort: import the CT first, or correct the cell."
        problems.insert(0, (key, message))
    if problems or name is None:
        errors = [
            CellError(row=row.number, column=column, message=message)
            for column, message in problems
        ]
        return None, errors
    return PatientRow(row=row.number, patient=name, values=values, reason=reason), []


def _values_of(cells: Mapping[str, str]) -> tuple[dict[str, Value], list[tuple[str, str]]]:
    """Return the values by field, and the problems by column."""
    values: dict[str, Value] = {}
    problems = []
    for column in (BY_NAME[name] for name in cells if name in BY_NAME):
        cell = cells[column.name]
        if cell.lower() == CLEAR:
            values[column.field] = column.empty
        elif cell:
            try:
                values[column.field] = column.read(cell)
            except ValueError as problem:
                problems.append((column.name, f"'{cell[:40]}' is not understood: {problem}."))
    return values, problems


def _reason_problems(values: Mapping[str, Value], reason: str) -> Iterator[str]:
    changes = "exclusion_code" in values
    if changes and not reason:
        excluded = values["exclusion_code"] in CODES
        yield f"say why the patient is {'left out' if excluded else 'included again'}."
    if reason and not changes:
        yield "a reason without an exclusion_code: give both or none."
    if len(reason) > MAX_REASON:
        yield f"more than {MAX_REASON} characters: shorten it."
