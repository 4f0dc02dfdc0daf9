"""cohorts.dicom: what the head of a NIfTI file may claim before anybody acts on it.

nibabel seeks to where the voxels are said to begin and reads extensions as long as they say they
are; in a compressed file both mean inflating gigabytes.
"""

import gzip
import struct
import zlib
from typing import BinaryIO

from cohorts.dicom.mask_files import unreadable
from cohorts.dicom.source_files import SourceFile

LARGEST_OFFSET = 1024 * 1024
HEADER_BYTES = {348: ("f", 108), 540: ("q", 168)}
"""Length of the header, as its first number says -> type and place of the voxels' offset."""


def check_nifti_head(file: SourceFile) -> None:
    """Refuse a file whose voxels begin far away, or whose extensions are longer than their place.

    A file that is no NIfTI is left to the reader.

    Parameters
    ----------
    file : SourceFile
        Compressed if its name ends in `.gz`.

    Raises
    ------
    IntakeError
        If the head lies or cannot be inflated.

    References
    ----------
    NIfTI-1 and NIfTI-2 standard, fields sizeof_hdr, vox_offset, extension.
    """
    try:
        with file.path.open("rb") as packed:
            if file.name.casefold().endswith(".gz"):
                with gzip.GzipFile(fileobj=packed) as inflated:
                    believable = _is_believable(inflated)
            else:
                believable = _is_believable(packed)
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable(file, "NIfTI") from error
    if not believable:
        raise unreadable(file, "NIfTI")


def _is_believable(opened: BinaryIO | gzip.GzipFile) -> bool:
    first = opened.read(4)
    order, length = next(
        (
            (order, length)
            for order in "<>"
            for length in HEADER_BYTES
            if first == struct.pack(f"{order}i", length)
        ),
        ("", 0),
    )
    if not order:
        return True
    kind, place = HEADER_BYTES[length]
    header = first + opened.read(length - 4)
    if len(header) < length:
        return False
    (offset,) = struct.unpack_from(order + kind, header, place)
    return 0 <= offset <= LARGEST_OFFSET and _extensions_fit(opened, order, int(offset) - length)


def _extensions_fit(opened: BinaryIO | gzip.GzipFile, order: str, left: int) -> bool:
    """Say whether all extensions end before the voxels begin."""
    flag = opened.read(4)
    left -= 4
    if len(flag) < 4 or flag[0] == 0:
        return True
    while left >= 16:
        head = opened.read(8)
        if len(head) < 8:
            return False
        size, _ = struct.unpack(order + "ii", head)
        if not 16 <= size <= left:
            return False
        opened.read(size - 8)
        left -= size
    return True
