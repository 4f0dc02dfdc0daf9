"""Zip files written byte by byte, so that they can say what no library would write."""

import struct
import zlib
from dataclasses import dataclass, field

UNIX = 3 << 8
UTF8_FLAG = 0x800


@dataclass
class Entry:
    """One entry; what is None is filled in truthfully."""

    name: bytes
    data: bytes = b"hello"
    local_name: bytes | None = None
    method: int = 0
    flags: int = 0
    mode: int = 0
    file_size: int | None = None
    packed_size: int | None = None
    crc: int | None = None
    offset: int | None = None
    extra: bytes = b""
    made_by: int = UNIX | 20
    needed: int = 20
    disk: int = 0
    comment: bytes = b""
    packed: bytes = field(init=False, default=b"")

    def pack(self) -> None:
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        deflated = deflater.compress(self.data) + deflater.flush()
        self.packed = deflated if self.method == 8 else self.data

    @property
    def sums(self) -> tuple[int, int, int]:
        crc = zlib.crc32(self.data) if self.crc is None else self.crc
        packed = len(self.packed) if self.packed_size is None else self.packed_size
        size = len(self.data) if self.file_size is None else self.file_size
        return crc, packed, size

    def local(self) -> bytes:
        name = self.name if self.local_name is None else self.local_name
        head = struct.pack(
            "<4s5H3L2H", b"PK\3\4", self.needed, self.flags, self.method, 0, 33, *self.sums,
            len(name), 0,
        )  # fmt: skip
        return head + name + self.packed

    def central(self, offset: int) -> bytes:
        place = offset if self.offset is None else self.offset
        head = struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", self.made_by, self.needed, self.flags, self.method, 0, 33,
            *self.sums, len(self.name), len(self.extra), len(self.comment), self.disk, 0,
            self.mode << 16, place,
        )  # fmt: skip
        return head + self.name + self.extra + self.comment


def zip_bytes(
    entries: list[Entry],
    *,
    count: int | None = None,
    disk: int = 0,
    directory_size: int | None = None,
    directory_offset: int | None = None,
    comment: bytes = b"",
    prefix: bytes = b"",
) -> bytes:
    """A zip of these entries, with whatever its end is to claim."""
    body, directory = prefix, b""
    for entry in entries:
        entry.pack()
        directory += entry.central(len(body))
        body += entry.local()
    claimed = len(entries) if count is None else count
    size = len(directory) if directory_size is None else directory_size
    offset = len(body) if directory_offset is None else directory_offset
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", disk, disk, claimed, claimed, size, offset, len(comment)
    )
    return body + directory + end + comment


def overlapping(copies: int, kernel: bytes) -> bytes:
    """Many entries that all point at one packed kernel (Fifield 2019, full overlap)."""
    first = Entry(b"f0000.dcm", kernel, method=8)
    first.pack()
    # The local header's name is not compared here: each entry says the first one's.
    entries = []
    for number in range(copies):
        entry = Entry(b"f%04d.dcm" % number, kernel, method=8, offset=0)
        entry.packed = first.packed
        entries.append(entry)
    body = first.local()
    directory = b"".join(entry.central(0) for entry in entries)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, copies, copies, len(directory), len(body), 0)
    return body + directory + end


def quoted(copies: int, kernel: bytes) -> bytes:
    """Entries whose data quote the headers that follow them (Fifield 2019, quoted overlap)."""
    last = Entry(b"%04d.dcm" % copies, kernel, method=8)
    last.pack()
    body, places = last.local(), []
    for number in reversed(range(copies)):
        # A stored deflate block that holds the next local header; then the data go on there.
        header = body[: 30 + 8]
        quoting = b"\0" + struct.pack("<HH", len(header), len(header) ^ 0xFFFF)
        packed = quoting + body
        data = header + zlib.decompress(packed[len(quoting) + len(header) :], -15)
        entry = Entry(b"%04d.dcm" % number, data, method=8)
        entry.packed = packed
        places.append(entry)
        head = entry.local()[: 30 + 8]
        body = head + packed
        copies += 1
    offset, central = 0, []
    for entry in reversed(places):
        central.append(entry.central(offset))
        offset += 30 + 8 + 5
    central.append(last.central(offset))
    directory = b"".join(central)
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, len(central), len(central), len(directory), len(body), 0
    )
    return body + directory + end
