"""Sequences of known length are counted when a file is read, before anybody asks for them."""

import struct
import zlib
from dataclasses import replace

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    generate_uid,
)

from cohorts.dicom.bounded_reading import (
    HEADER_BOUNDS,
    MIB,
    MOST_DEPTH,
    OBJECT_BOUNDS,
    read_bounded,
)
from cohorts.dicom.errors import IntakeError, RefusalCode

EXPLICIT, IMPLICIT, BIG = ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian
SYNTAXES = pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG])
SEGMENTS, SERIES = 0x00620002, 0x00081115
SMALL = replace(OBJECT_BOUNDS, reads=2_000)


def open_ended(syntax: str, tag: int, value: bytes) -> bytes:
    """A sequence that tells no length, and does not end."""
    order, group, number = order_of(syntax), tag >> 16, tag & 0xFFFF
    vr = b"" if syntax == IMPLICIT else b"SQ\0\0"
    return struct.pack(f"{order}HH", group, number) + vr + b"\xff" * 4 + value


def order_of(syntax: str) -> str:
    return ">" if syntax == BIG else "<"


def sequence(syntax: str, tag: int, value: bytes, vr: bytes = b"SQ") -> bytes:
    """A sequence that tells its length."""
    order, group, number = order_of(syntax), tag >> 16, tag & 0xFFFF
    if syntax == IMPLICIT:
        return struct.pack("<HHL", group, number, len(value)) + value
    return struct.pack(f"{order}HH2sHL", group, number, vr, 0, len(value)) + value


def item(syntax: str, value: bytes = b"") -> bytes:
    return struct.pack(f"{order_of(syntax)}HHL", 0xFFFE, 0xE000, len(value)) + value


def nested(syntax: str, depth: int) -> bytes:
    value = b""
    for _ in range(depth):
        value = sequence(syntax, SERIES, item(syntax, value))
    return value


def write(path, syntax, body):
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.66.4"
    meta.MediaStorageSOPInstanceUID = generate_uid()
    empty = Dataset()
    empty.file_meta = meta
    empty.save_as(path, enforce_file_format=True)
    if syntax == DeflatedExplicitVRLittleEndian:
        packer = zlib.compressobj(wbits=-15)
        body = packer.compress(body) + packer.flush()
        path.write_bytes(path.read_bytes()[:-2] + body)
    else:
        path.write_bytes(path.read_bytes() + body)
    return path


def refused(path, bounds=OBJECT_BOUNDS):
    with pytest.raises(IntakeError) as caught:
        read_bounded(path, name="seg.dcm", bounds=bounds)
    assert (caught.value.code, caught.value.file) == (RefusalCode.TOO_COMPLEX, "seg.dcm")
    return caught.value.message


@SYNTAXES
def test_as_deep_as_is_allowed_and_one_deeper(tmp_path, syntax):
    file = write(tmp_path / "a.dcm", syntax, nested(syntax, MOST_DEPTH - 1))
    assert SERIES in read_bounded(file, name="seg.dcm", bounds=OBJECT_BOUNDS)
    deeper = write(tmp_path / "b.dcm", syntax, nested(syntax, MOST_DEPTH))
    assert f"more than {MOST_DEPTH} deep" in refused(deeper)


@SYNTAXES
@pytest.mark.parametrize("depth", [100, 2_000])
def test_nesting_far_beyond_python_is_refused_alike(tmp_path, syntax, depth):
    """pydicom itself would parse it lazily, and whoever then walks through it would not return."""
    file = write(tmp_path / "a.dcm", syntax, nested(syntax, depth))
    assert "deep" in refused(file)


@SYNTAXES
def test_items_are_counted_before_they_are_objects(tmp_path, syntax):
    many = sequence(syntax, SEGMENTS, item(syntax) * (OBJECT_BOUNDS.items + 1))
    assert "items" in refused(write(tmp_path / "a.dcm", syntax, many))


@SYNTAXES
def test_items_without_lengths_are_counted_as_they_are_read(tmp_path, syntax):
    bounds = replace(OBJECT_BOUNDS, items=500)
    body = open_ended(syntax, SEGMENTS, item(syntax) * 501)
    assert "items" in refused(write(tmp_path / "a.dcm", syntax, body), bounds)


@SYNTAXES
def test_items_of_all_sequences_are_counted_together(tmp_path, syntax):
    body = b"".join(sequence(syntax, tag, item(syntax) * 200) for tag in (SERIES, SEGMENTS))
    file = write(tmp_path / "a.dcm", syntax, body)
    read = read_bounded(file, name="seg.dcm", bounds=replace(OBJECT_BOUNDS, items=400))
    assert len(read[SERIES].value) == 200
    assert "items" in refused(file, replace(OBJECT_BOUNDS, items=399))


@SYNTAXES
def test_a_few_items_each_below_the_limit_are_counted_together(tmp_path, syntax):
    """Short sequences are not looked through when they are read: their reads are counted."""
    few = sequence(syntax, SERIES, item(syntax) * 400)
    file = write(tmp_path / "a.dcm", syntax, sequence(syntax, SEGMENTS, item(syntax, few) * 3))
    assert SEGMENTS in read_bounded(file, name="seg.dcm", bounds=OBJECT_BOUNDS)
    more = write(tmp_path / "b.dcm", syntax, sequence(syntax, SEGMENTS, item(syntax, few) * 9))
    assert "more elements" in refused(more, SMALL)


@SYNTAXES
def test_what_branches_at_every_level_is_counted(tmp_path, syntax):
    """Twelve items in each of twelve in each of twelve ...: small in the file, many objects."""
    value = b""
    for _ in range(4):
        value = sequence(syntax, SERIES, item(syntax, value) * 12)
    assert "more elements" in refused(write(tmp_path / "a.dcm", syntax, value), SMALL)


@SYNTAXES
def test_a_large_value_deep_inside_is_not_copied_at_every_level(tmp_path, syntax):
    value = sequence(syntax, 0x00420011, bytes(MIB), vr=b"OB")
    for _ in range(MOST_DEPTH - 2):
        value = sequence(syntax, SERIES, item(syntax, value))
    file = write(tmp_path / "a.dcm", syntax, value)
    assert SERIES in read_bounded(file, name="seg.dcm", bounds=OBJECT_BOUNDS)
    assert "inside sequences" in refused(file, replace(OBJECT_BOUNDS, total_bytes=4 * MIB))


def test_a_sequence_that_says_it_is_unknown_is_counted_as_well(tmp_path):
    """UN of an attribute that the dictionary knows: pydicom makes a sequence of it when asked."""
    inner = item(IMPLICIT, nested(IMPLICIT, MOST_DEPTH))
    body = sequence(EXPLICIT, SERIES, inner, vr=b"UN")
    file = write(tmp_path / "a.dcm", EXPLICIT, body)
    assert len(dcmread(file).ReferencedSeriesSequence) == 1
    assert "deep" in refused(file)


def test_a_deflated_file_is_counted_as_well(tmp_path):
    syntax = DeflatedExplicitVRLittleEndian
    file = write(tmp_path / "a.dcm", syntax, nested(EXPLICIT, MOST_DEPTH))
    assert "deep" in refused(file)


def test_attributes_that_nobody_asked_for_are_not_looked_into(tmp_path):
    body = nested(EXPLICIT, MOST_DEPTH)
    file = write(tmp_path / "a.dcm", EXPLICIT, body)
    read = read_bounded(file, name="a.dcm", keywords=["Rows"], bounds=HEADER_BOUNDS)
    assert len(read) == 0
