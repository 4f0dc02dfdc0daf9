import struct
import zipfile

import pytest

from cohorts.dicom.archive import ArchiveLimits, unpack_archive
from cohorts.dicom.errors import IntakeError, RefusalCode


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


def make_zip(path, entries, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def refusal(archive, target, **limits):
    with pytest.raises(IntakeError) as caught:
        unpack_archive(archive, target, ArchiveLimits(**limits))
    assert caught.value.file == archive.name
    return caught.value


def test_files_get_names_of_ours_and_keep_theirs_for_display(tmp_path, target):
    archive = make_zip(tmp_path / "a.zip", {"x/b.dcm": b"1", "x/n.nii.gz": b"2", "x/é\n": b"3"})
    files = unpack_archive(archive, target, ArchiveLimits())
    assert [file.name for file in files] == ["x/b.dcm", "x/n.nii.gz", "x/é?"]
    assert {file.path.name for file in files} == {"000001", "000002.nii.gz", "000003"}
    assert [file.path.read_bytes() for file in files] == [b"1", b"2", b"3"]


@pytest.mark.parametrize(
    "name",
    ["../a.dcm", "x/../../a", "..\\..\\a", "/tmp/a", "C:\\a", "\\\\host\\a", "a/.."],
)
def test_a_name_that_leads_outside_is_refused(tmp_path, target, name):
    archive = make_zip(tmp_path / "a.zip", {name: b"1"})
    assert refusal(archive, target).code is RefusalCode.ARCHIVE_PATH
    assert list(target.iterdir()) == []


def test_a_link_is_refused(tmp_path, target):
    entry = zipfile.ZipInfo("link")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    assert refusal(tmp_path / "a.zip", target).code is RefusalCode.ARCHIVE_PATH


def test_limits_are_named(tmp_path, target):
    archive = make_zip(tmp_path / "a.zip", {"a": b"1" * 100, "b": b"2" * 100})
    assert refusal(archive, target, entries=1).code is RefusalCode.ARCHIVE_ENTRIES
    error = refusal(archive, target, total_bytes=150)
    assert error.code is RefusalCode.ARCHIVE_SIZE
    assert "150" in error.message


def test_a_bomb_is_refused_and_a_plain_label_map_is_not(tmp_path, target):
    bomb = make_zip(tmp_path / "a.zip", {"zeros.dcm": bytes(17_000_000)})
    error = refusal(bomb, target)
    assert error.code is RefusalCode.ARCHIVE_RATIO
    assert "zeros.dcm" in error.message
    mask = make_zip(tmp_path / "b.zip", {"mask.nii": bytes(17_000_000)})
    assert len(unpack_archive(mask, target, ArchiveLimits())) == 1


def test_a_size_that_lies_is_found_while_unpacking(tmp_path, target):
    archive = make_zip(tmp_path / "a.zip", {"a": bytes(3_000_000)})
    data = bytearray(archive.read_bytes())
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = data.index(signature) + offset
        data[at : at + 4] = struct.pack("<I", 10)
    archive.write_bytes(data)
    code = refusal(archive, target, total_bytes=1_000_000).code
    assert code in {RefusalCode.ARCHIVE_SIZE, RefusalCode.ARCHIVE_DAMAGED}
    assert sum(file.stat().st_size for file in target.iterdir()) <= 1_000_000


def test_archives_inside_are_refused(tmp_path, target):
    archive = make_zip(tmp_path / "a.zip", {"x/inner.zip": b"PK"})
    assert refusal(archive, target).code is RefusalCode.ARCHIVE_NESTED


def test_an_encrypted_entry_is_refused(tmp_path, target):
    archive = make_zip(tmp_path / "a.zip", {"a": b"1"})
    data = bytearray(archive.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    assert refusal(archive, target).code is RefusalCode.ARCHIVE_ENCRYPTED


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
def test_a_cut_off_zip_is_refused(tmp_path, target, keep):
    archive = make_zip(tmp_path / "a.zip", {str(n): bytes(range(256)) for n in range(9)})
    data = archive.read_bytes()
    archive.write_bytes(data[: int(len(data) * keep)])
    assert refusal(archive, target).code is RefusalCode.ARCHIVE_DAMAGED


def test_a_flipped_bit_is_noticed(tmp_path, target):
    archive = make_zip(tmp_path / "a.zip", {"a": b"hello world" * 20}, zipfile.ZIP_STORED)
    data = bytearray(archive.read_bytes())
    data[60] ^= 1
    archive.write_bytes(data)
    assert refusal(archive, target).code is RefusalCode.ARCHIVE_DAMAGED
