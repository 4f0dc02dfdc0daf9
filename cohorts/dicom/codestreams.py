"""cohorts.dicom: read from a compressed frame itself whether it is whole and without loss.

A transfer syntax only says what an encoder was meant to do. What it did stands in the markers of
the codestream.
"""

from collections.abc import Iterator

JPEG_LOSSLESS = frozenset({"1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"})
JPEG_LS = frozenset({"1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"})
JPEG_2000 = frozenset(
    {"1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202"}
)
START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
LOSSLESS_FRAME, JPEG_LS_FRAME = 0xC3, 0xF7
START_OF_SCAN, END_OF_IMAGE = 0xDA, b"\xff\xd9"
CODING_STYLE, START_OF_TILE = 0x52, 0x90
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
