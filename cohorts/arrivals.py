"""What has arrived of an upload that comes piece by piece: the files on the disk say it.

A file's size is how far it has come: pieces are only ever added at its end, under a lock, so that a
lost connection, a killed server or a second tab leaves a beginning of the file and nothing else.
"""

import fcntl
import hashlib
import json
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.core.exceptions import ValidationError

from accounts.errors import Conflict
from cohorts.dicom import first_look
from cohorts.dicom.listed_files import numbered_name, write_listing

EXPECTED = "expected.json"
LEFT_OUT = ".left-out"
PIECE_HEAD = struct.Struct(">IQII")
"""Number of the file (from 1), offset, length, CRC-32 of what follows; big endian."""
MOST_PIECE_BYTES = 8 * 1024**2
MOST_REQUEST_BYTES = 64 * 1024**2


@dataclass(frozen=True, kw_only=True)
class ExpectedFile:
    """One file of the sender's folder; ``modified`` is its time of change, as the sender has it."""

    path: str
    size: int
    modified: int = 0


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Some bytes of one file."""

    number: int
    offset: int
    data: bytes


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A file that is not taken, and why."""

    number: int
    path: str
    reason: str


def digest_of(files: Sequence[ExpectedFile]) -> str:
    """Return what stays the same when the same folder is chosen again."""
    lines = sorted(f"{file.path}\x1f{file.size}\x1f{file.modified}" for file in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def pieces_in(stream: BinaryIO) -> Iterator[Piece]:
    """Read the pieces of a request body; a damaged or cut one ends it with a refusal."""
    taken = 0
    while head := _read(stream, PIECE_HEAD.size):
        if len(head) < PIECE_HEAD.size:
            raise _damaged()
        number, offset, length, crc = PIECE_HEAD.unpack(head)
        taken += length
        if length > MOST_PIECE_BYTES or taken > MOST_REQUEST_BYTES:
            raise ValidationError(
                f"A piece may have {MOST_PIECE_BYTES} bytes, a request {MOST_REQUEST_BYTES}.",
                code="piece_too_large",
            )
        data = _read(stream, length)
        if len(data) < length or zlib.crc32(data) != crc:
            raise _damaged()
        yield Piece(number=number, offset=offset, data=data)


def _read(stream: BinaryIO, length: int) -> bytes:
    parts = []
    while length > 0 and (part := stream.read(length)):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _damaged() -> ValidationError:
    return ValidationError(
        "A piece was damaged or cut on its way: send it again.", code="piece_damaged"
    )


class Arrival:
    """The folder of one upload on its way."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._files: list[ExpectedFile] | None = None

    def begin(self, files: Sequence[ExpectedFile]) -> None:
        """Make the folder, and write down what is to come."""
        self.place.mkdir(mode=0o700)
        rows = [[file.path, file.size, file.modified] for file in files]
        (self.place / EXPECTED).write_text(json.dumps(rows), encoding="utf-8")

    @property
    def files(self) -> list[ExpectedFile]:
        """The files that were announced, in order of number."""
        if self._files is None:
            try:
                rows = json.loads((self.place / EXPECTED).read_text(encoding="utf-8"))
            except FileNotFoundError as fault:
                raise Conflict(
                    "What had arrived was removed meanwhile: choose the folder again.", code="gone"
                ) from fault
            self._files = [ExpectedFile(path=row[0], size=row[1], modified=row[2]) for row in rows]
        return self._files

    @property
    def is_zip(self) -> bool:
        """Whether this is one zip file and not the files of a folder."""
        return len(self.files) == 1 and self.files[0].path.casefold().endswith(".zip")

    def path(self, number: int) -> Path:
        """Return where file ``number`` lies."""
        return self.place / numbered_name(number, self.files[number - 1].path)

    def numbers(self, paths: Sequence[ExpectedFile]) -> list[int]:
        """Return the number of each of the sender's files, whatever their order this time."""
        known = {file: number for number, file in enumerate(self.files, 1)}
        return [known[file] for file in paths]

    def left_out(self) -> list[LeftOut]:
        """Return the files that are not taken."""
        found = []
        for number, file in enumerate(self.files, 1):
            mark = self._mark(number)
            if mark.exists():
                reason = mark.read_text(encoding="utf-8")
                found.append(LeftOut(number=number, path=file.path, reason=reason))
        return found

    def arrived(self) -> list[int]:
        """Return how many bytes of each file are here, in order of number; left out: its size."""
        sizes = {entry.name: entry.stat().st_size for entry in os.scandir(self.place)}
        found = []
        for number, file in enumerate(self.files, 1):
            if self._mark(number).name in sizes:
                found.append(file.size)
            else:
                found.append(sizes.get(self.path(number).name, 0))
        return found

    def missing(self) -> int:
        """Return how many bytes have not come yet."""
        wanted = sum(file.size for file in self.files)
        return wanted - sum(self.arrived())

    def add(self, piece: Piece) -> LeftOut | None:
        """Add a piece at the end of its file; one that is there already changes nothing."""
        file = self._announced(piece)
        if self._mark(piece.number).exists():
            return None
        with self.path(piece.number).open("ab") as sink:
            fcntl.flock(sink, fcntl.LOCK_EX)
            here = os.fstat(sink.fileno()).st_size
            if piece.offset > here:
                raise Conflict(
                    f"File {piece.number} has come up to byte {here}: send it from there.",
                    code="gap",
                    current={"number": piece.number, "offset": here},
                )
            if here == 0 and (reason := self._reason(file, piece.data)):
                return self.leave_out(piece.number, reason)
            sink.write(piece.data[here - piece.offset :])
        return None

    def _announced(self, piece: Piece) -> ExpectedFile:
        if not 1 <= piece.number <= len(self.files):
            raise ValidationError(
                f"File {piece.number} was not announced: there are {len(self.files)}.",
                code="not_announced",
            )
        file = self.files[piece.number - 1]
        if piece.offset + len(piece.data) > file.size:
            raise ValidationError(
                f"File {piece.number} was announced with {file.size} bytes and has more: it "
                "changed. Choose the folder again.",
                code="size_changed",
            )
        return file

    def _reason(self, file: ExpectedFile, data: bytes) -> str:
        if self.is_zip:
            return ""
        return first_look.left_out_by_head(file.path, data[: first_look.HEAD_BYTES])

    def leave_out(self, number: int, reason: str) -> LeftOut:
        """Remember that a file is not taken."""
        self._mark(number).write_text(reason, encoding="utf-8")
        self.path(number).unlink(missing_ok=True)
        return LeftOut(number=number, path=self.files[number - 1].path, reason=reason)

    def _mark(self, number: int) -> Path:
        return self.place / f"{number:06d}{LEFT_OUT}"

    def taken(self) -> list[int]:
        """Return the numbers of the files that are taken."""
        marks = {entry.name for entry in os.scandir(self.place)}
        numbers = range(1, len(self.files) + 1)
        return [number for number in numbers if self._mark(number).name not in marks]

    def head(self, number: int) -> bytes:
        """Return the first bytes of a file."""
        with self.path(number).open("rb") as source:
            return source.read(first_look.HEAD_BYTES)

    def may_hold_ct(self) -> bool:
        """Say whether any file may be a CT image."""
        return any(first_look.may_be_ct(self.head(number)) for number in self.taken())

    def list_files(self) -> None:
        """Write the listing from which the files are read, with what was left out."""
        names = {self.path(number).name: self.files[number - 1].path for number in self.taken()}
        notes = [f"{item.path}: left out, {item.reason}" for item in self.left_out()]
        write_listing(self.place, names, notes)
