"""cohorts.tables: a table as rows of text, and what can be wrong in one cell."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CellError:
    """What is wrong in one cell; rows are numbered as in the file, column "" is the whole row."""

    row: int
    column: str
    message: str

    def __str__(self) -> str:
        where = f"Row {self.row}, {self.column}" if self.column else f"Row {self.row}"
        return f"{where}: {self.message}"


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """One row: its number in the file (from 1), and its cells as stripped text."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table as found: the header's names in lower case, and the rows that are not empty."""

    header: tuple[str, ...]
    header_row: int
    rows: tuple[TableRow, ...]


class TableError(ValueError):
    """A file that is no table, or one beyond the limits; the message says what to do."""

    def __init__(self, message: str, row: int = 1) -> None:
        super().__init__(message)
        self.error = CellError(row=row, column="", message=message)
