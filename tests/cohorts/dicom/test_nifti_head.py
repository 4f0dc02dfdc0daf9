"""What the head of a NIfTI file claims is looked at before nibabel acts on it."""

import gzip
import io
import struct

import nibabel
import numpy as np
import pytest

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.nifti_head import LARGEST_OFFSET, check_nifti_head
from cohorts.dicom.source_files import SourceFile

KINDS = {
    "nifti-1": (nibabel.Nifti1Image, "<", "f", 108, 348),
    "nifti-2": (nibabel.Nifti2Image, "<", "q", 168, 540),
    "nifti-1, big endian": (nibabel.Nifti1Image, ">", "f", 108, 348),
}
BOTH = pytest.mark.parametrize("ending", ["nii", "nii.gz"])
EVERY = pytest.mark.parametrize("kind", KINDS)


def content_of(kind: str, *extensions: bytes) -> bytearray:
    """A good file as nibabel writes it, with extensions."""
    image_class, order, *_ = KINDS[kind]
    header = image_class.header_class(endianness=order)
    image = image_class(np.zeros((3, 4, 5), np.uint8), np.eye(4), header)
    for text in extensions:
        image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", text))
    sink = io.BytesIO()
    image.file_map["image"].fileobj = sink
    image.to_file_map()
    return bytearray(sink.getvalue())


def check(tmp_path, data: bytes, ending: str = "nii") -> None:
    path = tmp_path / f"n.{ending}"
    path.write_bytes(gzip.compress(data) if ending.endswith("gz") else data)
    check_nifti_head(SourceFile(path.name, path))


def refused(tmp_path, data: bytes, ending: str = "nii") -> None:
    with pytest.raises(IntakeError) as caught:
        check(tmp_path, data, ending)
    assert (caught.value.code, caught.value.file) == (RefusalCode.UNREADABLE, f"n.{ending}")


@BOTH
@EVERY
def test_good_heads_are_believed(tmp_path, kind, ending):
    check(tmp_path, content_of(kind), ending)
    check(tmp_path, content_of(kind, b"one", b"another " * 100), ending)


@BOTH
@EVERY
@pytest.mark.parametrize("offset", [2 * LARGEST_OFFSET, 10**12, -1])
def test_voxels_that_begin_far_away_are_not(tmp_path, kind, ending, offset):
    _, order, form, place, _ = KINDS[kind]
    data = content_of(kind)
    struct.pack_into(order + form, data, place, offset)
    refused(tmp_path, data, ending)


@pytest.mark.parametrize("offset", [float("nan"), float("inf"), float("-inf")])
def test_an_offset_that_is_no_number_is_refused(tmp_path, offset):
    data = content_of("nifti-1")
    struct.pack_into("<f", data, 108, offset)
    refused(tmp_path, data)


@BOTH
@EVERY
@pytest.mark.parametrize("size", [2**31 - 1, 4096, 15, 8, 0, -16])
def test_an_extension_longer_than_its_place_or_without_end_is_refused(tmp_path, kind, ending, size):
    _, order, _, _, length = KINDS[kind]
    data = content_of(kind, b"a comment")
    struct.pack_into(order + "i", data, length + 4, size)
    refused(tmp_path, data, ending)


@EVERY
def test_a_second_extension_is_looked_at_too(tmp_path, kind):
    _, order, _, _, length = KINDS[kind]
    data = content_of(kind, b"one", b"another")
    (first,) = struct.unpack_from(order + "i", data, length + 4)
    struct.pack_into(order + "i", data, length + 4 + first, 2**30)
    refused(tmp_path, data)


@BOTH
@EVERY
def test_a_head_that_is_cut_is_refused(tmp_path, kind, ending):
    length = KINDS[kind][-1]
    refused(tmp_path, content_of(kind)[: length - 1], ending)


@pytest.mark.parametrize("damage", ["cut", "checksum", "no gzip"])
def test_a_compressed_head_that_cannot_be_inflated_is_refused(tmp_path, damage):
    packed = gzip.compress(content_of("nifti-1"))
    broken = {
        "cut": packed[:20],
        "checksum": packed[:15] + b"\xff" * 40,
        "no gzip": b"not at all compressed",
    }[damage]
    (tmp_path / "n.nii.gz").write_bytes(broken)
    with pytest.raises(IntakeError) as caught:
        check_nifti_head(SourceFile("n.nii.gz", tmp_path / "n.nii.gz"))
    assert caught.value.code is RefusalCode.UNREADABLE


def test_what_is_no_nifti_is_left_to_the_reader(tmp_path):
    check(tmp_path, b"no NIfTI whatsoever" * 100)
    check(tmp_path, b"")
