"""cohorts.channels: one file out of a multipart answer, written to the disk as it comes."""

from collections.abc import Iterable, Iterator
from email.message import Message
from typing import BinaryIO

from cohorts.dicom.errors import IntakeError, RefusalCode

MULTIPART = "multipart/related"
DICOM = "application/dicom"
HEAD_END = b"\r\n\r\n"
MAX_HEAD_BYTES = 16_384


def boundary_of(content_type: str) -> bytes | None:
    """Return the boundary of a multipart answer, None for a bare DICOM file.

    A bare file breaks PS3.18 section 8.7.1, and some archives send one all the same.

    Raises
    ------
    IntakeError
        If the answer is neither.
    """
    header = Message()
    header["Content-Type"] = content_type
    kind = header.get_content_type()
    if kind == DICOM:
        return None
    boundary = header.get_boundary()
    inner = str(header.get_param("type", DICOM)).casefold()
    if kind != MULTIPART or not boundary or inner != DICOM:
        raise IntakeError(
            RefusalCode.REMOTE_CONTENT_TYPE,
            f"the archive answered with '{content_type[:80]}' where a DICOM file was asked for; "
            "the operator should check the url of the archive's DICOMweb service",
        )
    return boundary.encode("latin-1")


def copy_single_part(chunks: Iterable[bytes], boundary: bytes, sink: BinaryIO) -> int:
    """Write the content of the one part of a multipart/related answer (RFC 2387).

    Parameters
    ----------
    chunks : iterable of bytes
        The body; no more than one chunk and one boundary are held in memory.
    boundary : bytes
        As in the header, without the dashes.
    sink : binary file
        Receives the bytes of the part as they are.

    Returns
    -------
    int
        Number of bytes written.

    Raises
    ------
    IntakeError
        If the body ends before the part does, or holds another part.
    """
    source = iter(chunks)
    held = _after_head(source, b"--" + boundary)
    end, written = b"\r\n--" + boundary, 0
    while (place := held.find(end)) < 0:
        # All but what could be the beginning of the boundary is the file's.
        sure = max(0, len(held) - len(end) + 1)
        written += sink.write(held[:sure])
        held = held[sure:] + _next(source)
    written += sink.write(held[:place])
    rest = held[place + len(end) :]
    while len(rest) < len(b"--"):
        rest += _next(source)
    if not rest.startswith(b"--"):
        raise _broken("holds more than one file")
    return written


def _after_head(source: Iterator[bytes], opening: bytes) -> bytes:
    held = b""
    while (place := held.find(HEAD_END)) < 0:
        if len(held) > MAX_HEAD_BYTES:
            raise _broken("does not begin as it should")
        held += _next(source)
    if opening not in held[:place]:
        raise _broken("does not begin as it should")
    return held[place + len(HEAD_END) :]


def _next(source: Iterator[bytes]) -> bytes:
    chunk = next(source, b"")
    if not chunk:
        raise _broken("ended early")
    return chunk


def _broken(what: str) -> IntakeError:
    return IntakeError(
        RefusalCode.REMOTE_FAULT, f"the archive's answer {what}; ask for the series again"
    )
