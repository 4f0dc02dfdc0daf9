"""cohorts.dicom: a data set and its pixels as a DICOM file (PS3.10), piece by piece."""

from collections.abc import Iterable, Iterator
from io import BytesIO

from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

UNDEFINED_LENGTH = b"\xff\xff\xff\xff"
PIXEL_DATA_TAG = b"\xe0\x7f\x10\x00"
ITEM_TAG = b"\xfe\xff\x00\xe0"
SEQUENCE_END = b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
IMPLEMENTATION_CLASS_UID = UID("2.25.201438760914277614305148170927743817246")
"""Of this writer; a random number that stays the same."""


def file_head(header: Dataset, transfer_syntax: str) -> bytes:
    """Return preamble, file meta information and all elements before Pixel Data.

    Parameters
    ----------
    header : pydicom Dataset
        Without Pixel Data or any element after it; it is not changed.
    transfer_syntax : str
        Explicit VR Little Endian, or one of the encapsulated ones that build on it.
    """
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = header.SOPClassUID
    meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
    meta.TransferSyntaxUID = UID(transfer_syntax)
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = "NODEWISE"
    written = Dataset()
    written.update(header)
    written.file_meta = meta
    out = BytesIO()
    # Without Pixel Data all these syntaxes look alike; pydicom asks for encapsulated pixels.
    dcmwrite(out, written, implicit_vr=False, little_endian=True, enforce_file_format=True)
    return out.getvalue()


def native_pixels(vr: bytes, length: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the Pixel Data element of ``length`` bytes, padded to an even number."""
    yield PIXEL_DATA_TAG + vr + b"\x00\x00" + (length + length % 2).to_bytes(4, "little")
    yield from pieces
    if length % 2:
        yield b"\x00"


def encapsulated_pixels(frame: bytes) -> bytes:
    """Return the Pixel Data element of one compressed frame, with an empty offset table.

    References
    ----------
    DICOM PS3.5 A.4.
    """
    padding = b"\x00" if len(frame) % 2 else b""
    length = (len(frame) + len(padding)).to_bytes(4, "little")
    head = PIXEL_DATA_TAG + b"OB\x00\x00" + UNDEFINED_LENGTH + ITEM_TAG + b"\x00" * 4
    return head + ITEM_TAG + length + frame + padding + SEQUENCE_END


EXPLICIT_LITTLE_ENDIAN = str(ExplicitVRLittleEndian)
