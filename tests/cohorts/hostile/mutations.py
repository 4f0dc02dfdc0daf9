"""Damage bytes, by a seed: bits, lengths, tags, whole pieces, and numbers at their ends."""

import gzip
import random
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from pydicom.uid import DeflatedExplicitVRLittleEndian

MOST_MUTATIONS = 4
MOST_BYTES = 65_536
EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
WORDS = (
    b"", b"0", b"-1", b"1e308", b"-1e-308", b"nan", b"inf", b"1\\2\\3\\4", b"99999999999999999999",
    b"\\", b"\0", b"'", b"=1+1", b"\xff\xfe", b"\xe2\x80\xae", b"../../x", b"%s%n", b"0x10", b"1,5",
)  # fmt: skip
LENGTH_AFTER_VR = re.compile(
    rb"(?:AE|AS|CS|DA|DS|DT|FL|FD|IS|LO|LT|OB|OD|OF|OW|PN|SH|SL|SQ|SS|ST|TM|UI|UL|UN|US|UT)(?=..)",
    re.DOTALL,
)
NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
LONG_VALUES = (b"OB", b"OD", b"OF", b"OW", b"SQ", b"UN", b"UT")
NIFTI_FIELDS = (
    0,
    40,
    42,
    44,
    46,
    48,
    70,
    72,
    76,
    80,
    84,
    88,
    108,
    112,
    116,
    252,
    254,
    280,
    296,
    344,
)
ZIP_FIELDS = {
    b"PK\3\4": (4, 6, 8, 14, 18, 22, 26, 28),
    b"PK\1\2": (6, 8, 10, 16, 20, 24, 28, 30, 32, 34, 38, 42),
    b"PK\5\6": (4, 6, 8, 10, 12, 16, 20),
}

Mutation = Callable[[bytearray, random.Random], None]


@dataclass(frozen=True)
class Recipe:
    """Which mutations, each by name and with the seed of its own dice."""

    steps: tuple[tuple[str, int], ...]

    def without(self, index: int) -> "Recipe":
        return Recipe(self.steps[:index] + self.steps[index + 1 :])


def recipe(dice: random.Random) -> Recipe:
    """Throw a recipe; one mutation is the most frequent."""
    count = min(1 + int(dice.expovariate(1.2)), MOST_MUTATIONS)
    names = sorted(MUTATIONS)
    return Recipe(tuple((dice.choice(names), dice.getrandbits(32)) for _ in range(count)))


def mutated(data: bytes, steps: Recipe, *, inside: bool) -> bytes:
    """Apply a recipe.

    `inside` changes what is compressed rather than its compressed bytes, where there is any.
    """
    if inside and data[:2] == b"\x1f\x8b":
        return gzip.compress(_apply(gzip.decompress(data), steps), 1, mtime=0)
    if inside and (start := _deflated_from(data)):
        body = _apply(zlib.decompress(data[start:], -15), steps)
        packer = zlib.compressobj(1, zlib.DEFLATED, -15)
        return data[:start] + packer.compress(body) + packer.flush()
    if inside and data[:4] == b"NRRD" and b"encoding: gzip" in data[:2000]:
        head, _, body = data.partition(b"\n\n")
        return head + b"\n\n" + gzip.compress(_apply(gzip.decompress(body), steps), 1, mtime=0)
    return _apply(data, steps)


def _deflated_from(data: bytes) -> int:
    """Where the deflated dataset of a DICOM file begins; 0 if it has none."""
    if DeflatedExplicitVRLittleEndian.encode() not in data[:1000]:
        return 0
    (length,) = struct.unpack_from("<L", data, 140)
    return 144 + int(length)


def _apply(data: bytes, steps: Recipe) -> bytes:
    changed = bytearray(data)
    for name, seed in steps.steps:
        if changed:
            MUTATIONS[name](changed, random.Random(seed))
    return bytes(changed[:MOST_BYTES])


def _place(data: bytearray, dice: random.Random) -> int:
    """Half of all places lie in the first 2,000 bytes, where headers are."""
    return dice.randrange(min(len(data), dice.choice((2000, len(data)))))


def _flip(data: bytearray, dice: random.Random) -> None:
    for _ in range(dice.choice((1, 1, 2, 8))):
        data[_place(data, dice)] ^= 1 << dice.randrange(8)


def _set(data: bytearray, dice: random.Random) -> None:
    start = _place(data, dice)
    for index in range(start, min(start + dice.choice((1, 2, 4, 16)), len(data))):
        data[index] = dice.choice((0, 0xFF, 0x20, 0x80, dice.randrange(256)))


def _truncate(data: bytearray, dice: random.Random) -> None:
    del data[_place(data, dice) :]


def _delete(data: bytearray, dice: random.Random) -> None:
    start = _place(data, dice)
    del data[start : start + dice.choice((1, 2, 4, 8, 64, 512))]


def _insert(data: bytearray, dice: random.Random) -> None:
    start = _place(data, dice)
    data[start:start] = dice.randbytes(dice.choice((1, 2, 4, 8, 64)))


def _repeat(data: bytearray, dice: random.Random) -> None:
    start = _place(data, dice)
    piece = data[start : start + dice.choice((4, 8, 32, 256))]
    data[start:start] = piece * dice.choice((1, 2, 30))


def _splice(data: bytearray, dice: random.Random) -> None:
    size = dice.choice((2, 4, 8, 64, 256))
    source, target = _place(data, dice), _place(data, dice)
    piece = data[source : source + size]
    data[target : target + len(piece)] = piece


def _swap(data: bytearray, dice: random.Random) -> None:
    """Swap two words, as tags of elements are."""
    a, b = (_place(data, dice) & ~1 for _ in range(2))
    if max(a, b) + 4 <= len(data) and abs(a - b) >= 4:
        data[a : a + 4], data[b : b + 4] = data[b : b + 4], data[a : a + 4]


def _write(data: bytearray, place: int, size: int, dice: random.Random) -> None:
    if place < 0 or place + size > len(data):
        return
    value = dice.choice((*EXTREMES, len(data), dice.getrandbits(8 * size), place))
    order = dice.choice(("<", "<", "<", ">"))
    letter = {2: "H", 4: "L", 8: "Q"}[size]
    struct.pack_into(order + letter, data, place, value % (1 << 8 * size))


def _extreme(data: bytearray, dice: random.Random) -> None:
    _write(data, _place(data, dice), dice.choice((2, 4, 8)), dice)


def _length(data: bytearray, dice: random.Random) -> None:
    """Lie about the length of a DICOM element (explicit VR)."""
    places = [match.start() for match in LENGTH_AFTER_VR.finditer(data)]
    if not places:
        _extreme(data, dice)
        return
    place = dice.choice(places)
    if bytes(data[place : place + 2]) in LONG_VALUES:
        _write(data, place + 4, 4, dice)
    else:
        _write(data, place + 2, 2, dice)


def _field(data: bytearray, dice: random.Random) -> None:
    """Put an extreme into a field of a NIfTI or zip header."""
    if bytes(data[:4]) in ZIP_FIELDS:
        mark = dice.choice(sorted(ZIP_FIELDS))
        places = [match.start() for match in re.finditer(re.escape(mark), data)]
        if places:
            field = dice.choice(ZIP_FIELDS[mark])
            _write(data, dice.choice(places) + field, dice.choice((2, 4)), dice)
    else:
        _write(data, dice.choice(NIFTI_FIELDS), dice.choice((2, 4)), dice)


def _number(data: bytearray, dice: random.Random) -> None:
    """Replace a number written in digits, or what stands beside it."""
    places = list(NUMBER.finditer(data))
    if places:
        found = dice.choice(places)
        data[found.start() : found.end()] = dice.choice(WORDS)


def _long_text(data: bytearray, dice: random.Random) -> None:
    start = _place(data, dice)
    data[start:start] = dice.choice((b"A", b"1\\", b",", b"\n", b"9", b'"')) * 3000


def _nest(data: bytearray, dice: random.Random) -> None:
    """Put a sequence within a sequence, many deep."""
    start = _place(data, dice) & ~1
    level = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    data[start:start] = level * dice.choice((2, 50, 1500))


MUTATIONS: dict[str, Mutation] = {
    "flip": _flip,
    "set": _set,
    "truncate": _truncate,
    "delete": _delete,
    "insert": _insert,
    "repeat": _repeat,
    "splice": _splice,
    "swap": _swap,
    "extreme": _extreme,
    "length": _length,
    "field": _field,
    "number": _number,
    "long_text": _long_text,
    "nest": _nest,
}
