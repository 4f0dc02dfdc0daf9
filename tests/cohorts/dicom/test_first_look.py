"""What names and first bytes say, and files that lie under numbers."""

from pathlib import Path

import pytest

from cohorts.dicom import first_look
from cohorts.dicom.listed_files import numbered_name, read_listing, shown_path, write_listing

pytestmark = pytest.mark.no_database


def head(sop_class: str) -> bytes:
    return bytes(128) + b"DICM" + b"\x02\x00\x02\x00UI" + sop_class.encode() + b"\0"


@pytest.mark.parametrize(
    ("name", "size", "reason"),
    [
        ("A1/ct/IM1", 10, ""),
        ("A1/.DS_Store", 10, "left behind"),
        ("__MACOSX/A1/IM1", 10, "left behind"),
        ("A1/masks.zip", 10, "an archive"),
        ("A1/masks.tar.gz", 10, "an archive"),
        ("A1/nodes.nii.gz", 10, ""),
        ("A1/IM2", 0, "empty"),
    ],
)
def test_by_name(name, size, reason):
    found = first_look.left_out_by_name(name, size)
    assert found.startswith(reason)
    assert bool(found) == bool(reason)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a", head("1.2.840.10008.5.1.4.1.1.2"), ""),
        ("a", b"\x08\x00\x05\x00CS", ""),
        ("nodes.nii.gz", b"\x1f\x8b", ""),
        ("letter.pdf", b"%PDF-1.7", "a PDF document"),
        ("a.dcm", b"%PDF-1.7", "a PDF document"),
        ("a.jpg", b"\xff\xd8\xff\xe0", "a picture"),
        ("a.xlsx", b"PK\x03\x04", "an archive or office document"),
        ("a.txt", b"hello", "not DICOM"),
        ("a", b"", "not DICOM"),
        ("a", bytes(127) + b"DICM", "not DICOM"),
    ],
)
def test_by_first_bytes(name, content, reason):
    assert first_look.left_out_by_head(name, content) == reason


@pytest.mark.parametrize(
    ("content", "may"),
    [
        (head("1.2.840.10008.5.1.4.1.1.2"), True),
        (head("1.2.840.10008.5.1.4.1.1.2.1"), True),
        (head("1.2.840.10008.5.1.4.1.1.20"), False),
        (head("1.2.840.10008.5.1.4.1.1.4"), False),
        (b"\x08\x00\x05\x00CS", True),
        (b"hello", False),
    ],
)
def test_may_be_ct(content, may):
    assert first_look.may_be_ct(content) is may


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("A1/ct/IM1", "A1/ct/IM1"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\data\\A1\\IM1", "data/A1/IM1"),
        ("a\x00b\n", "a?b?"),
        ("..", "nameless"),
        ("", "nameless"),
        ("x" * 400, "x" * 300),
    ],
)
def test_shown_names_lead_nowhere(name, shown):
    assert shown_path(name) == shown


def test_label_maps_keep_their_ending():
    assert numbered_name(7, "A1/Nodes.NII.GZ") == "000007.nii.gz"
    assert numbered_name(7, "A1/x.exe") == "000007"


def test_a_listing_gives_names_and_notes_back(tmp_path: Path):
    (tmp_path / "000001").write_bytes(b"b")
    (tmp_path / "000002.nii").write_bytes(b"a")
    write_listing(tmp_path, {"000001": "B/../../ct", "000002.nii": "A/x.nii"}, ["y: left out"])
    files, notes = read_listing(tmp_path)
    assert [(file.name, file.path.name) for file in files] == [
        ("A/x.nii", "000002.nii"),
        ("B/ct", "000001"),
    ]
    assert notes == ["y: left out"]


@pytest.mark.parametrize("file", ["../secret", "listing.json", "000009", "000001\n", "link01"])
def test_a_listing_names_no_other_files(tmp_path: Path, file: str):
    (tmp_path.parent / "secret").write_bytes(b"x")
    (tmp_path / "link01").symlink_to(tmp_path.parent / "secret")
    write_listing(tmp_path, {file: "x"})
    with pytest.raises(ValueError, match="no numbered file"):
        read_listing(tmp_path)
