"""Tables from outside: what is read, and what is refused with a sentence."""

import io
import sys
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from cohorts.tables import reading
from cohorts.tables.cells import TableError
from cohorts.tables.parsing import MAX_CELL, MAX_COLUMNS, MAX_ROWS, parse_table
from cohorts.tables.reading import read_table


def workbook(*rows) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_is_read_whatever_separates_its_cells(separator):
    lines = ["Patient,Age_Years,,", " P001 ,61,,", ",,,", 'P002,"6\n2",,']
    table = read_table("\n".join(lines).replace(",", separator).encode("utf-8-sig"))
    assert table.header == ("patient", "age_years")
    assert [(row.number, row.cells) for row in table.rows] == [
        (2, ("P001", "61")),
        (4, ("P002", "6\n2")),
    ]


def test_a_workbook_gives_the_same_table():
    table = read_table(workbook(["patient", "age_years", None], ["P001", 61.0], [None], ["P002"]))
    assert table.header == ("patient", "age_years")
    assert [(row.number, row.cells) for row in table.rows] == [
        (2, ("P001", "61")),
        (4, ("P002", "")),
    ]


@pytest.mark.parametrize(
    ("data", "row", "says"),
    [
        (b"", 1, "empty"),
        (b"a,b\n1,2\xff\n", 2, "UTF-8"),
        (b"a\0b", 1, "no text"),
        (b'a,b\n1,"2\n', 2, "quotes"),
        (b"a,b\n1,2,3\n", 2, "has 3 cells, the header has 2"),
        (b"a\n" + b"x" * (MAX_CELL + 1), 2, "characters"),
        (b"," * MAX_COLUMNS + b"a", 1, "columns"),
        (b"a\n" + b"1\n" * MAX_ROWS, MAX_ROWS + 1, "rows"),
        (b"PK\x03\x04 no zip", 1, "XLSX"),
        (b"x" * (20 * 1024**2 + 1), 1, "larger than 20 MB"),
    ],
)
def test_what_is_no_table_is_refused_by_row(data, row, says):
    with pytest.raises(TableError, match=says) as refused:
        read_table(data)
    assert refused.value.error.row == row


def bomb(megabytes: int) -> bytes:
    sink = io.BytesIO(workbook(["patient"], ["P001"]))
    with zipfile.ZipFile(sink, "a", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("xl/sharedStrings.xml.big", b"0" * megabytes * 1024**2)
    return sink.getvalue()


def test_a_workbook_that_unpacks_to_too_much_is_refused():
    with pytest.raises(TableError, match="unpacks to more than"):
        read_table(bomb(70))


def test_a_child_beyond_its_memory_is_a_refusal(monkeypatch):
    # 2 MB of cells become 100 times that as Python objects.
    order = (
        "from cohorts.tables.child_limits import limit; limit(48 * 1024**2, 20); "
        "from cohorts.tables.child_main import main; main()"
    )
    monkeypatch.setattr(reading, "COMMAND", (sys.executable, "-c", order))
    with pytest.raises(TableError, match="more memory than allowed"):
        read_table(b"a,b\n" + b"1,2\n" * 90_000)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_table_or_a_refusal(data):
    try:
        table = parse_table(data)
    except TableError:
        return
    assert all(len(row.cells) == len(table.header) for row in table.rows)
