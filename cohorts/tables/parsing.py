"""cohorts.tables: bytes of a CSV or XLSX file -> `Table`; to be called in the child process."""

import csv
import datetime
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from cohorts.tables.cells import Table, TableError, TableRow

MAX_ROWS = 100_000
MAX_COLUMNS = 100
MAX_CELL = 4000
MAX_UNPACKED = 64 * 1024**2
SEPARATORS = ",;\t"
ZIP_MAGIC = b"PK\x03\x04"
XLSX_ERRORS = (
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, SyntaxError),
    *(EOFError, OSError, NotImplementedError, RecursionError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, InvalidFileException),
)
"""What reading a foreign workbook is known to raise; a broken XML part is a SyntaxError."""

Numbered = Iterator[tuple[int, list[str]]]


def parse_table(data: bytes) -> Table:
    """Read a CSV (UTF-8; comma, semicolon or tab) or the first sheet of an XLSX workbook.

    Parameters
    ----------
    data : bytes
        The whole file; what it is is told from its first bytes.

    Returns
    -------
    Table
        Cells of formulas hold the value that the spreadsheet stored with them.

    Raises
    ------
    TableError
        If it is neither, is damaged, has no header, or is beyond the limits.
    """
    numbered = _xlsx_rows(data) if data.startswith(ZIP_MAGIC) else _csv_rows(data)
    rows = [
        TableRow(number=number, cells=tuple(cells)) for number, cells in _within_limits(numbered)
    ]
    if not rows:
        raise TableError("the file is empty: a line with the names of the columns was expected.")
    head, *body = rows
    header = tuple(name.lower() for name in head.cells)
    while header and not header[-1]:
        header = header[:-1]
    width = len(header)
    fitted = tuple(_fitted(row, width) for row in body)
    return Table(header=header, header_row=head.number, rows=fitted)


def _fitted(row: TableRow, width: int) -> TableRow:
    """Cut or fill a row to the header's width; only empty cells are cut."""
    if any(row.cells[width:]):
        raise TableError(
            f"has {len(row.cells)} cells, the header has {width}: check the separators.", row.number
        )
    missing = ("",) * (width - len(row.cells))
    return TableRow(number=row.number, cells=row.cells[:width] + missing)


def _within_limits(numbered: Iterable[tuple[int, list[str]]]) -> Numbered:
    """Yield rows that hold anything."""
    for count, (number, cells) in enumerate(numbered, start=1):
        if count > MAX_ROWS:
            raise TableError(f"more than {MAX_ROWS} rows: split the file by patients.", number)
        if len(cells) > MAX_COLUMNS:
            raise TableError(f"more than {MAX_COLUMNS} columns: remove what is not asked.", number)
        if any(len(cell) > MAX_CELL for cell in cells):
            raise TableError(f"a cell of more than {MAX_CELL} characters: check it.", number)
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            yield number, stripped


def _csv_rows(data: bytes) -> Numbered:
    text = _text(data)
    first = text.split("\n", 1)[0]
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    starts_at = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            message = f"the table cannot be read from here on ({error}): check the quotes."
            raise TableError(message, starts_at) from error
        yield starts_at, cells
        starts_at = reader.line_num + 1


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise TableError(
            "is not UTF-8 text: save the file as 'CSV UTF-8' or XLSX.", line
        ) from error
    if "\0" in text:
        raise TableError("this is no text: a CSV or XLSX file was expected.")
    return text


def _xlsx_rows(data: bytes) -> Numbered:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            if sum(entry.file_size for entry in opened.infolist()) > MAX_UNPACKED:
                raise TableError(f"unpacks to more than {MAX_UNPACKED // 1024**2} MB: split it.")
        workbook = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = workbook.worksheets[0]
        # A sheet may claim a million columns; what counts is which cells it holds.
        sheet.reset_dimensions()
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            yield number, [_cell_text(cell) for cell in _without_tail(cells)]
    except TableError:
        raise
    except XLSX_ERRORS as error:
        raise TableError("cannot be read as an XLSX workbook: save it again, or as CSV.") from error


def _without_tail(cells: tuple[Any, ...]) -> tuple[Any, ...]:
    last = len(cells)
    while last and cells[last - 1] is None:
        last -= 1
    return cells[:last]


def _cell_text(value: Any) -> str:
    """Return a cell as text: whole numbers without decimals, dates as ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)
