"""Analysis room: the report's tables as a workbook; no cell can ever be a formula."""

import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter

from readerstudy.analysis.reporting.document import Document, Table
from readerstudy.analysis.reporting.renderings.archives import printable, steady

Raw = str | int | float | bool | None
Sheets = Mapping[str, tuple[Sequence[str], Sequence[Sequence[Raw]]]]

_FORBIDDEN = re.compile(r"[\[\]:*?/\\'\x00-\x1f]")
_NAME = 31
_CELL = 32767
_RULE = Side(style="thin")
_THICK = Side(style="medium")


def xlsx_bytes(document: Document, sheets: Sheets | None = None) -> bytes:
    """Write a document's tables as XLSX: a contents sheet, then one sheet per table.

    Parameters
    ----------
    document : Document
        Its cells are stored as text, as displayed: ``0.80`` stays ``0.80``.
    sheets : mapping of str to (columns, rows), optional
        Further sheets of exact values; numbers are stored as numbers.

    Returns
    -------
    bytes
        Equal for equal arguments.
    """
    book = Workbook()
    contents = book.active
    contents.title = "Contents"
    _contents_head(contents, document)
    for table in document.tables:
        sheet = book.create_sheet(_free_name(book, table.key))
        _write_table(sheet, table)
        _link(contents, sheet.title, table.title)
    for name, (columns, rows) in (sheets or {}).items():
        sheet = book.create_sheet(_free_name(book, name))
        _write_values(sheet, columns, rows)
        _link(contents, sheet.title, name)
    out = BytesIO()
    book.save(out)
    return steady(out.getvalue())


def _contents_head(sheet: Any, document: Document) -> None:
    sheet.column_dimensions["A"].width = 90
    sheet.column_dimensions["B"].width = 70
    _text(sheet.cell(1, 1), document.title).font = Font(bold=True, size=14)
    _text(sheet.cell(2, 1), document.subtitle)
    line = 3
    for banner in document.banners:
        _text(sheet.cell(line, 1), banner).font = Font(bold=True)
        line += 1
    for name, value in document.colophon:
        _text(sheet.cell(line, 1), name)
        _text(sheet.cell(line, 2), value)
        line += 1


def _free_name(book: Any, wanted: str) -> str:
    base = _FORBIDDEN.sub("-", printable(wanted)).strip()[:_NAME] or "Sheet"
    taken = {name.lower() for name in book.sheetnames}
    name, number = base, 2
    while name.lower() in taken:
        tail = f"-{number}"
        name, number = base[: _NAME - len(tail)] + tail, number + 1
    return name


def _link(contents: Any, name: str, title: str) -> None:
    cell = _text(contents.cell(contents.max_row + 1, 1), title)
    cell.hyperlink = f"#'{name}'!A1"
    cell.font = Font(color="0F6B7D", underline="single")


def _text(cell: Any, text: str) -> Any:
    """Store text as text, whatever its first character is."""
    cell.value = None
    cell._value = printable(text)[:_CELL]
    cell.data_type = "s"
    cell.quotePrefix = True
    return cell


def _write_table(sheet: Any, table: Table) -> None:
    _text(sheet.cell(1, 1), table.title).font = Font(bold=True)
    right = [column.align == "number" for column in table.columns]
    for index, column in enumerate(table.columns, 1):
        cell = _text(sheet.cell(2, index), column.title)
        cell.font = Font(bold=True)
        cell.border = Border(top=_THICK, bottom=_RULE)
        cell.alignment = Alignment(
            horizontal="right" if right[index - 1] else "left", wrap_text=True, vertical="bottom"
        )
        sheet.column_dimensions[get_column_letter(index)].width = _width(table, index - 1)
    for line, row in enumerate(table.rows, 3):
        for index, text in enumerate(row.cells, 1):
            cell = _text(sheet.cell(line, index), text)
            if row.heading:
                cell.font = Font(bold=True)
            elif right[index - 1]:
                cell.alignment = Alignment(horizontal="right")
    end = len(table.rows) + 3
    for index in range(1, len(table.columns) + 1):
        sheet.cell(end, index).border = Border(top=_THICK)
    for offset, note in enumerate(table.notes):
        _text(sheet.cell(end + offset, 1), note).font = Font(size=9)
    sheet.freeze_panes = "A3"


def _width(table: Table, index: int) -> float:
    lengths = [len(row.cells[index]) for row in table.rows if not row.heading]
    return float(min(max([*lengths, min(len(table.columns[index].title), 16), 8]) + 2, 60))


def _write_values(sheet: Any, columns: Sequence[str], rows: Sequence[Sequence[Raw]]) -> None:
    for index, title in enumerate(columns, 1):
        _text(sheet.cell(1, index), title).font = Font(bold=True)
    for line, row in enumerate(rows, 2):
        for index, value in enumerate(row, 1):
            cell = sheet.cell(line, index)
            if isinstance(value, str):
                _text(cell, value)
            else:
                cell.value = value
    sheet.freeze_panes = "A2"
