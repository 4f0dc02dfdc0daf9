"""Sixty and more ways in which a zip may try to lead its reader somewhere else."""

import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from cohorts.dicom.archive import ArchiveLimits, unpack_archive
from cohorts.dicom.errors import IntakeError, RefusalCode
from tests.cohorts.hostile.raw_zip import UTF8_FLAG, Entry, overlapping, quoted, zip_bytes

PATH, DAMAGED = RefusalCode.ARCHIVE_PATH, RefusalCode.ARCHIVE_DAMAGED
HARMLESS = None
KEEP = os.sep.encode()
DEEP = b"../" * 40


def utf8(name: str, **more) -> Entry:
    return Entry(name.encode(), flags=UTF8_FLAG, **more)


def link(kind: int, target: bytes = b"/etc/passwd") -> Entry:
    return Entry(b"entry", target, mode=kind | 0o777)


def unicode_path(real: str, shown: bytes = b"a.dcm") -> Entry:
    """Info-ZIP's extra field with another name than the entry's."""
    import zlib

    body = struct.pack("<BL", 1, zlib.crc32(shown)) + real.encode()
    return Entry(shown, extra=struct.pack("<HH", 0x7075, len(body)) + body)


NAMES: dict[str, tuple[bytes, RefusalCode | None]] = {
    "absolute": (b"/tmp/hostile", PATH),
    "two slashes": (b"//tmp/hostile", PATH),
    "backslash first": (b"\\tmp\\hostile", PATH),
    "parent": (b"../hostile", PATH),
    "parents": (DEEP + b"tmp/hostile", PATH),
    "parent inside": (b"a/../../hostile", PATH),
    "parent last": (b"a/..", PATH),
    "only parent": (b"..", PATH),
    "parent backslashes": (b"..\\..\\hostile", PATH),
    "parent mixed": (b"a/..\\../hostile", PATH),
    "parent folder entry": (b"../../hostile/", PATH),
    "drive": (b"C:\\hostile", PATH),
    "drive relative": (b"C:hostile", PATH),
    "drive slash": (b"c:/hostile", PATH),
    "unc": (b"\\\\host\\share\\hostile", PATH),
    "unc slashes": (b"//host/share/hostile", PATH),
    "device path": (b"\\\\.\\PhysicalDrive0", PATH),
    "long path prefix": (b"\\\\?\\C:\\hostile", PATH),
    "nul inside": (b"a.dcm\0/../../hostile", PATH),
    "nul first": (b"\0../hostile", PATH),
    "only nul": (b"\0", PATH),
    "empty": (b"", PATH),
    "dot": (b".", PATH),
    "dots and slashes": (b"./.", PATH),
    "only slash": (b"/", PATH),
    "spaces around parent": (b" ../ ../hostile", HARMLESS),
    "three dots": (b".../hostile", HARMLESS),
    "home": (b"~/hostile", HARMLESS),
    "home of root": (b"~root/.ssh/authorized_keys", HARMLESS),
    "variable": (b"$HOME/%APPDATA%/hostile", HARMLESS),
    "url": (b"file:///tmp/hostile", HARMLESS),
    "percent encoded": (b"%2e%2e%2fhostile", HARMLESS),
    "twice encoded": (b"%252e%252e%252fhostile", HARMLESS),
    "trailing dot": (b"hostile.", HARMLESS),
    "trailing space": (b"hostile ", HARMLESS),
    "trailing dots parent": (b"a/. ./hostile", HARMLESS),
    "reserved CON": (b"CON", HARMLESS),
    "reserved NUL": (b"a/NUL.dcm", HARMLESS),
    "reserved COM1": (b"COM1.nii", HARMLESS),
    "stream": (b"a.dcm:stream", HARMLESS),
    "pipe": (b"| touch hostile", HARMLESS),
    "option": (b"-rf", HARMLESS),
    "shell": (b"$(touch hostile);`touch hostile`", HARMLESS),
    "newline": (b"a\n../b", HARMLESS),
    "escape sequence": (b"\x1b[2Jhostile", HARMLESS),
    "long": (b"a" * 5000, HARMLESS),
    "longest": (b"a/" * 32767, HARMLESS),
    "our own names": (b"000001", HARMLESS),
    "our own folders": (b"patient-0001/case.json", HARMLESS),
    "dot file": (b".reading-x/order.json", HARMLESS),
}
ENTRIES: dict[str, tuple[list[Entry], RefusalCode | None]] = {
    "fraction slash": ([utf8("..\u2044hostile")], HARMLESS),
    "division slash": ([utf8("..\u2215hostile")], HARMLESS),
    "full width": ([utf8("\uff0e\uff0e\uff0fhostile")], HARMLESS),
    "two dot leader": ([utf8("\u2025/hostile")], HARMLESS),
    "right to left": ([utf8("a\u202emcd.exe")], HARMLESS),
    "zero width": ([utf8(".\u200b./hostile")], HARMLESS),
    "overlong": ([Entry(b"\xc0\xae\xc0\xae/hostile", flags=UTF8_FLAG)], DAMAGED),
    "broken utf-8": ([Entry(b"\xff\xfe", flags=UTF8_FLAG)], DAMAGED),
    "surrogate": ([Entry(b"\xed\xa0\x80", flags=UTF8_FLAG)], DAMAGED),
    "code page 437": ([Entry(b"\x80\xe1.dcm")], HARMLESS),
    "symbolic link": ([link(stat.S_IFLNK)], PATH),
    "link out and a file through it": (
        [Entry(b"d", b"/tmp", mode=stat.S_IFLNK | 0o777), Entry(b"d/hostile")],
        PATH,
    ),
    "link as folder": ([Entry(b"d/", b"/tmp", mode=stat.S_IFLNK | 0o777)], PATH),
    "character device": ([link(stat.S_IFCHR)], PATH),
    "block device": ([link(stat.S_IFBLK)], PATH),
    "named pipe": ([link(stat.S_IFIFO)], PATH),
    "socket": ([link(stat.S_IFSOCK)], PATH),
    "set-user-id": ([Entry(b"a.dcm", mode=stat.S_IFREG | 0o6777)], HARMLESS),
    "same name twice": (
        [Entry(b"a.dcm"), Entry(b"a.dcm", b"other")],
        RefusalCode.ARCHIVE_DUPLICATE,
    ),
    "differ by case": ([Entry(b"a.dcm"), Entry(b"A.DCM")], HARMLESS),
    "differ by normalisation": ([utf8("\u00e9.dcm"), utf8("e\u0301.dcm")], HARMLESS),
    "file and folder": ([Entry(b"a"), Entry(b"a/b")], HARMLESS),
    "folder with data": ([Entry(b"folder/", b"hidden")], HARMLESS),
    "other local name": ([Entry(b"a.dcm", local_name=b"../hos")], DAMAGED),
    "other unicode name": ([unicode_path("../../hostile")], HARMLESS),
    "encrypted": ([Entry(b"a.dcm", flags=1)], RefusalCode.ARCHIVE_ENCRYPTED),
    "strongly encrypted": ([Entry(b"a.dcm", flags=0x41)], RefusalCode.ARCHIVE_ENCRYPTED),
    "patched": ([Entry(b"a.dcm", flags=0x20)], DAMAGED),
    "bzip2": ([Entry(b"a.dcm", method=12)], RefusalCode.ARCHIVE_METHOD),
    "lzma": ([Entry(b"a.dcm", method=14)], RefusalCode.ARCHIVE_METHOD),
    "unknown method": ([Entry(b"a.dcm", method=9)], RefusalCode.ARCHIVE_METHOD),
    "archive inside": ([Entry(b"a.ZIP")], RefusalCode.ARCHIVE_NESTED),
    "newer version": ([Entry(b"a.dcm", needed=99)], DAMAGED),
    "wrong sum": ([Entry(b"a.dcm", crc=1)], DAMAGED),
    "too small a size": ([Entry(b"a.dcm", b"hello" * 9, method=8, file_size=3)], DAMAGED),
    "too large a size": ([Entry(b"a.dcm", file_size=10**6)], DAMAGED),
    "size beyond the zip": ([Entry(b"a.dcm", packed_size=10**6, file_size=10**6)], DAMAGED),
    "starts in itself": ([Entry(b"a.dcm"), Entry(b"b.dcm", offset=4)], RefusalCode.ARCHIVE_OVERLAP),
    "starts beyond": ([Entry(b"a.dcm", offset=10**9)], DAMAGED),
    "zip64 size that lies": (
        [Entry(b"a.dcm", file_size=2**32 - 1, extra=struct.pack("<HHQ", 1, 8, 2**62))],
        RefusalCode.ARCHIVE_RATIO,
    ),
    "zip64 place that lies": (
        [Entry(b"a.dcm", offset=2**32 - 1, extra=struct.pack("<HHQ", 1, 8, 2**63))],
        DAMAGED,
    ),
    "zip64 cut off": ([Entry(b"a.dcm", file_size=2**32 - 1, extra=b"\1\0\2\0ab")], DAMAGED),
}
ARCHIVES: dict[str, tuple[bytes, RefusalCode | None]] = {
    "all share one": (overlapping(50, bytes(100_000)), RefusalCode.ARCHIVE_OVERLAP),
    "each quotes the next": (quoted(20, bytes(100_000)), RefusalCode.ARCHIVE_OVERLAP),
    "several disks": (zip_bytes([Entry(b"a.dcm", disk=7)], disk=7), HARMLESS),
    "fewer entries claimed": (zip_bytes([Entry(b"a.dcm"), Entry(b"b.dcm")], count=1), HARMLESS),
    "more entries claimed": (zip_bytes([Entry(b"a.dcm")], count=60_000), HARMLESS),
    "long directory claimed": (zip_bytes([Entry(b"a.dcm")], directory_size=2**31), DAMAGED),
    "directory elsewhere": (zip_bytes([Entry(b"a.dcm")], directory_offset=2**31), DAMAGED),
    "program in front": (zip_bytes([Entry(b"a.dcm")], prefix=b"MZ" * 99), HARMLESS),
    "zip in the comment": (
        zip_bytes([Entry(b"a.dcm")], comment=zip_bytes([Entry(b"../x")])[:-22]),
        HARMLESS,
    ),
    "only an end": (zip_bytes([]), HARMLESS),
    "no zip": (b"PK\3\4" + bytes(100), DAMAGED),
    "nothing": (b"", DAMAGED),
}
FORMS = (
    {key: (zip_bytes([Entry(name)]), code) for key, (name, code) in NAMES.items()}
    | {key: (zip_bytes(entries), code) for key, (entries, code) in ENTRIES.items()}
    | ARCHIVES
)


def test_there_are_enough_forms():
    assert len(FORMS) >= 100


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder to unpack into, deep enough that a few parents still lie in the test's own."""
    target = tmp_path / "1" / "2" / "3" / "target"
    target.mkdir(parents=True)
    monkeypatch.chdir(target.parent)
    return target


def files_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()}


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_written_elsewhere(tmp_path, place, form):
    data, code = FORMS[form]
    archive = tmp_path / "given.zip"
    archive.write_bytes(data)
    temporary = set(Path("/tmp").iterdir())
    refusal, files = None, []
    try:
        files = unpack_archive(archive, place, ArchiveLimits())
    except IntakeError as error:
        refusal = error
    assert (refusal and refusal.code) == code
    assert refusal is None or (refusal.file == "given.zip" and refusal.message.isprintable())
    assert all(file.path.parent == place for file in files)
    assert all(file.name.isprintable() and len(file.name) <= 300 for file in files)
    below = files_below(tmp_path) - {archive}
    assert all(path.parent == place and path.is_file() for path in below)
    assert all(stat.S_ISREG(path.lstat().st_mode) for path in below)
    assert all(path.name[:6].isdigit() for path in below)
    assert {
        path for path in set(Path("/tmp").iterdir()) - temporary if "host" in path.name
    } == set()


def test_the_tricks_would_work_on_a_reader_that_trusts_names(tmp_path, place):
    """The control: written by their own names, they do lead outside."""
    (tmp_path / "given.zip").write_bytes(FORMS["parent inside"][0])
    with zipfile.ZipFile(tmp_path / "given.zip") as opened:
        (entry,) = opened.infolist()
        (place / "a").mkdir()
        (place / entry.filename).write_bytes(opened.read(entry))
    assert (place.parent / "hostile").read_bytes() == b"hello"


def test_a_directory_of_too_many_entries_is_not_built_in_memory(tmp_path, place):
    entries = b"".join(Entry(b"%07d" % number, b"").central(0) for number in range(120_000))
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 9, 9, len(entries), 0, 0)
    (tmp_path / "given.zip").write_bytes(entries + end)
    with pytest.raises(IntakeError) as caught:
        unpack_archive(tmp_path / "given.zip", place, ArchiveLimits())
    assert caught.value.code is RefusalCode.ARCHIVE_ENTRIES
    assert "120000" in caught.value.message
