"""cohorts.dicom: read from a compressed frame itself whether it is whole and without loss.

A transfer syntax only says what an encoder was meant to do. What it did stands in the markers of
the codestream.
"""

import struct
from collections.abc import Iterator

JPEG_LOSSLESS = frozenset({"1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"})
JPEG_LS = frozenset({"1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"})
JPEG_2000 = frozenset(
    {"1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202"}
)
RLE = "1.2.840.10008.1.2.5"
START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
LOSSLESS_FRAME, JPEG_LS_FRAME = 0xC3, 0xF7
START_OF_SCAN, END_OF_IMAGE = 0xDA, b"\xff\xd9"
SIZE, CODING_STYLE, START_OF_TILE = 0x51, 0x52, 0x90
MOST_TILES = 4096
"""A decoder allocates kilobytes for each tile before it has seen one."""
RLE_HEADER_BYTES, MOST_RLE_SEGMENTS, RLE_NOTHING = 64, 2, 128
"""One segment for each byte of a pixel."""
HARMLESS_BYTES = 32 * 1024 * 1024
"""An RLE segment that cannot unpack to more is not counted: that takes longer than decoding it."""
REVERSIBLE_WAVELET = 1


def is_whole(syntax: str, frame: bytes) -> bool:
    """Say whether a frame ends with its end marker; decoders may fill up what is missing.

    Parameters
    ----------
    syntax : str
        Transfer syntax UID. Only JPEG, JPEG-LS and JPEG 2000 have an end marker.
    frame : bytes
    """
    if syntax not in JPEG_LOSSLESS | JPEG_LS | JPEG_2000:
        return True
    return frame.rstrip(b"\0").endswith(END_OF_IMAGE)


def is_lossless(syntax: str, frame: bytes) -> bool:
    """Say whether a frame's own markers allow that it was encoded without loss.

    JPEG must be process 14 (SOF3), JPEG-LS must have NEAR = 0 in every scan, JPEG 2000 must use
    the reversible 5-3 wavelet. Of a JPEG 2000 codestream this is necessary, not sufficient: layers
    may have been cut off. So it confirms a lossless transfer syntax and never replaces it.

    Parameters
    ----------
    syntax : str
        Transfer syntax UID; True for those without a codestream.
    frame : bytes

    Raises
    ------
    ValueError, IndexError
        If the markers cannot be followed.

    References
    ----------
    ITU-T T.81 annex B, T.87 annex C, T.800 annex A.
    """
    if syntax in JPEG_2000:
        return _wavelets(frame) == {REVERSIBLE_WAVELET}
    if syntax in JPEG_LS:
        return _near_values(frame) == {0}
    if syntax in JPEG_LOSSLESS:
        frames = {marker for marker, _ in _segments(frame) if marker in START_OF_FRAME}
        return frames == {LOSSLESS_FRAME}
    return True


def is_of_size(syntax: str, frame: bytes, rows: int, columns: int) -> bool:
    """Say whether a frame itself claims the size that the header of its file claims.

    Decoders allocate what the codestream says; it is compared with the header, which has limits,
    before a decoder sees it.

    Parameters
    ----------
    syntax : str
        Transfer syntax UID; True for those without a codestream.
    frame : bytes
    rows, columns : int
        One sample per pixel is expected.

    Raises
    ------
    ValueError, IndexError, struct.error
        If the markers cannot be followed.

    References
    ----------
    ITU-T T.81 B.2.2, T.87 C.2.2 (SOF), T.800 A.5.1 (SIZ); DICOM PS3.5 annex G (RLE).
    """
    if syntax in JPEG_2000:
        sizes = [_size_in_siz(content) for code, content in _segments(frame) if code == SIZE]
    elif syntax in JPEG_LS | JPEG_LOSSLESS:
        sizes = [
            struct.unpack_from(">HHB", content, 1)
            for code, content in _segments(frame)
            if code in START_OF_FRAME | {JPEG_LS_FRAME}
        ]
    elif syntax == RLE:
        return all(_unpacks_to(one, rows * columns) for one in _rle_segments(frame))
    else:
        return True
    return sizes == [(rows, columns, 1)]


def _size_in_siz(content: bytes) -> tuple[int, int, int]:
    """Return rows, columns and components; no components where there are too many tiles."""
    right, bottom, left, top, width, height, tile_left, tile_top, components = struct.unpack_from(
        ">8LH", content, 2
    )
    across = -(-(right - tile_left) // max(width, 1))
    down = -(-(bottom - tile_top) // max(height, 1))
    return bottom - top, right - left, components if across * down <= MOST_TILES else 0


def _rle_segments(frame: bytes) -> list[bytes]:
    """Return the segments of an RLE frame."""
    count, *starts = struct.unpack_from("<16L", frame)
    if not 1 <= count <= MOST_RLE_SEGMENTS:
        raise ValueError(f"{count} RLE segments")
    starts = starts[:count]
    if starts != sorted(starts) or starts[0] < RLE_HEADER_BYTES:
        raise ValueError("RLE segments out of order")
    ends = [*starts[1:], len(frame)]
    return [frame[start:end] for start, end in zip(starts, ends, strict=True)]


def _unpacks_to(segment: bytes, size: int) -> bool:
    """Say whether a segment of PackBits unpacks to no more than a size, padding aside."""
    place = unpacked = 0
    if len(segment) * RLE_NOTHING // 2 <= HARMLESS_BYTES:
        return True
    while place + 1 < len(segment) and unpacked <= size:
        head = segment[place]
        if head < RLE_NOTHING:
            place, unpacked = place + head + 2, unpacked + head + 1
        elif head == RLE_NOTHING:
            place += 1
        else:
            place, unpacked = place + 2, unpacked + 257 - head
    return unpacked <= size


def _segments(frame: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield marker code and content of each segment up to the first coded data."""
    place = 2
    while place + 4 <= len(frame):
        if frame[place] != 0xFF:
            raise ValueError(f"no marker at byte {place} of the codestream")
        marker = frame[place + 1]
        if marker == 0xFF:
            place += 1  # fill byte
            continue
        length = int.from_bytes(frame[place + 2 : place + 4], "big")
        yield marker, frame[place + 4 : place + 2 + length]
        if marker in {START_OF_SCAN, START_OF_TILE}:
            return
        place += 2 + length


def _wavelets(frame: bytes) -> set[int]:
    """Return the wavelet numbers in the main header of a JPEG 2000 codestream."""
    # Progression, layers (2), colour transform, levels, block width, height, style: then it comes.
    return {content[9] for marker, content in _segments(frame) if marker == CODING_STYLE}


def _near_values(frame: bytes) -> set[int]:
    """Return NEAR of every scan of a JPEG-LS codestream."""
    values, place = set(), 0
    while (place := frame.find(bytes((0xFF, START_OF_SCAN)), place)) >= 0:
        components = frame[place + 4]
        values.add(frame[place + 5 + 2 * components])
        place += 2
    return values
