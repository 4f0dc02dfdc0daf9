"""Bombs are refused by their own code, within 5 s and 256 MB of what the child takes anyway.

The limits do the measuring: they are the kernel's, hold for every patient apart, and a child that
reached one would answer `out_of_memory` or `out_of_time`.
"""

import io
import json
import math
import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.listed_files import LISTING
from cohorts.dicom.reading_child import PreparedPatient, ReadingLimits, prepare
from cohorts.tables import reading
from cohorts.tables.cells import TableError
from tests.cohorts.dicom.series_files import write_series
from tests.cohorts.hostile.bombs import BOMBS, ZEROS, series
from tests.cohorts.hostile.raw_zip import Entry, overlapping, quoted, zip_bytes

pytestmark = pytest.mark.no_database
ROOT = Path(__file__).resolve().parents[3]
BYTES_ABOVE, SECONDS_ABOVE = 256 * 1024**2, 5
UPLOADS = 8
"""Bombs are spread over uploads: grouping has the limits once for all patients of one."""
START = """
import time, {module}
size = next(line for line in open("/proc/self/status") if line.startswith("VmPeak"))
print(int(size.split()[1]) * 1024, time.process_time())
"""


def cost_of_starting(module: str) -> tuple[int, float]:
    """Address space and processor time of a child that has imported what it needs."""
    done = subprocess.run(
        [sys.executable, "-c", START.format(module=module)],
        env={"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    size, seconds = done.stdout.split()
    return int(size), float(seconds)


@pytest.fixture(scope="module")
def limits() -> ReadingLimits:
    if not Path("/proc/self/status").exists():
        pytest.skip("reads the size of a process in /proc")
    size, seconds = cost_of_starting("cohorts.dicom.child_main")
    return ReadingLimits(
        memory_bytes=size + BYTES_ABOVE, cpu_seconds=math.ceil(seconds) + SECONDS_ABOVE
    )


@pytest.fixture(scope="module")
def answers(tmp_path_factory, limits) -> dict[str, PreparedPatient]:
    """All bombs, some in one upload, with a good patient among them."""
    found, names = {}, list(BOMBS)
    for start in range(UPLOADS):
        place = tmp_path_factory.mktemp("bombs")
        for name in names[start::UPLOADS]:
            BOMBS[name][0](place / "in" / name)
        series(place / "in" / f"good {start}")
        prepared = prepare(place / "in", place / "out", limits=limits)
        left = [patient.directory for patient in prepared.accepted]
        assert list((place / "out").iterdir()) == left
        found |= {patient.folder.split("/")[0]: patient for patient in prepared.patients}
    return found


def test_there_are_enough_kinds_of_bombs():
    assert len(BOMBS) + len(ARCHIVES) + len(TABLES) >= 50


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_by_its_own_code(answers, name):
    refusal = answers[name].refusal
    assert refusal is not None
    assert (refusal.code, refusal.file.split("/")[0]) == (BOMBS[name][1], name)
    assert len(refusal.message) < 500


def test_a_good_patient_among_bombs_is_taken(answers):
    good = {name for name, patient in answers.items() if patient.accepted}
    assert good == {f"good {start}" for start in range(UPLOADS)}
    assert len(answers) == len(BOMBS) + len(good)


def deflated_zeros(copies: int) -> list[Entry]:
    return [Entry(b"%d.dcm" % number, ZEROS[: 2**24], method=8) for number in range(copies)]


def in_itself() -> bytes:
    inner = zip_bytes([Entry(b"a.dcm", ZEROS[: 2**24], method=8)])
    return zip_bytes([Entry(b"inner.zip", inner)])


def many_entries() -> bytes:
    """Nothing but a directory, whose end claims nine entries."""
    entries = b"".join(Entry(b"%d" % number, b"").central(0) for number in range(110_000))
    return entries + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 9, 9, len(entries), 0, 0)


ARCHIVES = {
    "one entry of zeros": (
        lambda: zip_bytes([Entry(b"a.dcm", ZEROS, method=8)]),
        RefusalCode.ARCHIVE_RATIO,
    ),
    "many entries of zeros": (lambda: zip_bytes(deflated_zeros(40)), RefusalCode.ARCHIVE_RATIO),
    "all share one": (lambda: overlapping(5000, ZEROS[: 2**20]), RefusalCode.ARCHIVE_OVERLAP),
    "each quotes the next": (lambda: quoted(200, bytes(10_000)), RefusalCode.ARCHIVE_OVERLAP),
    "an archive in it": (in_itself, RefusalCode.ARCHIVE_NESTED),
    "many entries": (
        many_entries,
        RefusalCode.ARCHIVE_ENTRIES,
    ),
    "a size that lies": (
        lambda: zip_bytes([Entry(b"a.dcm", ZEROS, method=8, file_size=1000)]),
        RefusalCode.ARCHIVE_DAMAGED,
    ),
    "five gigabytes claimed": (
        lambda: zip_bytes([Entry(b"%d.nii" % n, b"x", file_size=2**31) for n in range(3)]),
        RefusalCode.ARCHIVE_SIZE,
    ),
}


def refusal_of(source: Path, out: Path, limits: ReadingLimits) -> RefusalCode:
    with pytest.raises(IntakeError) as caught:
        prepare(source, out, limits=limits)
    assert list(out.iterdir()) == []
    return caught.value.code


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_that_is_a_bomb_is_refused_whole(tmp_path, limits, name):
    make, code = ARCHIVES[name]
    archive = tmp_path / "in.zip"
    archive.write_bytes(make())
    assert refusal_of(archive, tmp_path / "out", limits) is code


@pytest.mark.parametrize("text", ["[" * 2_000_000, json.dumps({"files": [{}] * 500_000})])
def test_a_listing_that_is_a_bomb_is_refused(tmp_path, limits, text):
    folder = write_series(tmp_path / "in")
    (folder / LISTING).write_text(text, encoding="utf-8")
    assert refusal_of(folder, tmp_path / "out", limits) is RefusalCode.UNREADABLE


def workbook(sheet: bytes, **parts: bytes) -> bytes:
    """The least that is a workbook, its only sheet as given."""
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": sheet.replace(b"MAIN", main.encode()),
        **parts,
    }
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return sink.getvalue()


def sheet_of(rows: bytes, before: bytes = b"") -> bytes:
    return before + b'<worksheet xmlns="MAIN"><sheetData>' + rows + b"</sheetData></worksheet>"


LAUGHS = b'<!DOCTYPE w [<!ENTITY a0 "ha">%s]>' % b"".join(
    b'<!ENTITY a%d "%s">' % (level, b"&a%d;" % (level - 1) * 10) for level in range(1, 12)
)
CELL = b'<c r="%s" t="inlineStr"><is><t>%s</t></is></c>'
TABLES = {
    "zeros": lambda: workbook(sheet_of(b""), **{"xl/big.xml": ZEROS[: 70 * 2**20]}),
    "entities": lambda: workbook(
        sheet_of(b'<row r="1">' + CELL % (b"A1", b"&a11;") + b"</row>", LAUGHS)
    ),
    "a row far below": lambda: workbook(
        sheet_of(b'<row r="2000000000">' + CELL % (b"A2000000000", b"x") + b"</row>")
    ),
    "a column far right": lambda: workbook(
        sheet_of(b'<row r="1">' + CELL % (b"XFD1", b"x") + b"</row>")
    ),
    "empty rows": lambda: workbook(sheet_of(b"<row/>" * 2_000_000)),
    "deep elements": lambda: workbook(sheet_of(b"<a>" * 500_000)),
    "a long cell": lambda: workbook(
        sheet_of(b'<row r="1">' + CELL % (b"A1", b"x" * 30 * 2**20) + b"</row>")
    ),
    "a million columns": lambda: b"," * 1_000_000,
    "empty lines": lambda: b"a\n" + b"\n" * 19_000_000,
    "one quote": lambda: b'a\n"' + b"x" * 19_000_000,
    "wide characters": ("a\n" + "\U0001f600" * 4_500_000).encode,
}
LIMITED = """
from cohorts.tables.child_limits import limit
limit({memory}, {seconds})
from cohorts.tables.child_main import main
main()
"""


@pytest.fixture(scope="module")
def limited_command() -> tuple[str, ...]:
    size, seconds = cost_of_starting("cohorts.tables.parsing")
    script = LIMITED.format(memory=size + BYTES_ABOVE, seconds=math.ceil(seconds) + SECONDS_ABOVE)
    return (sys.executable, "-c", script)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_is_a_bomb_is_refused(monkeypatch, limited_command, name):
    monkeypatch.setattr(reading, "COMMAND", limited_command)
    with pytest.raises(TableError) as caught:
        reading.read_table(TABLES[name]())
    assert "than allowed" not in str(caught.value)


def test_a_good_table_is_read_within_the_same_limits(monkeypatch, limited_command):
    monkeypatch.setattr(reading, "COMMAND", limited_command)
    assert reading.read_table(b"a,b\n1,2\n").header == ("a", "b")
