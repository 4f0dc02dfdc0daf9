"""cohorts.dicom: let pydicom read a foreign file, but not without end.

pydicom believes lengths and counts: a deflated dataset is inflated whole, every item of a sequence
becomes an object, an attribute of a gigabyte is read. Here the file itself counts what is asked of
it and refuses, whatever the bytes say.
"""

import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pydicom
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.filereader import read_dataset as read_elements
from pydicom.filereader import read_sequence

from cohorts.dicom.errors import UNREADABLE_ERRORS, IntakeError, RefusalCode

MIB = 1024 * 1024
PIXEL_DATA = (b"\xe0\x7f\x10\x00", b"\x7f\xe0\x00\x10")
"""The tag (7FE0,0010) as it stands in little and big endian files."""
ITEM_TAGS = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")
COUNTED_BYTES = 64 * 1024
TAG_AND_LENGTH_BYTES = 8
SPECIFIC_CHARACTER_SET = 0x00080005
MOST_DEPTH = 32
"""Sequences inside sequences; the standard nests about ten."""
NESTED_TO_TOTAL = 4
"""Bytes inside a sequence in a sequence ... are copied at each level, four of which are usual."""


@dataclass(frozen=True, kw_only=True)
class ReadingBounds:
    """What reading one file may take.

    Attributes
    ----------
    reads : int
        Reads of the file: one or two for each element or item.
    value_bytes : int
        One value, except pixel data.
    total_bytes : int
        All values together, except pixel data.
    items : int
        Items of all sequences, those inside others included.
    inflated_bytes : int
        The dataset of a file in the deflated transfer syntax.
    pixel_bytes : int, optional
        Pixel data; by default as long as the file is.
    """

    reads: int = 200_000
    value_bytes: int = MIB
    total_bytes: int = 16 * MIB
    items: int = 50_000
    inflated_bytes: int = 48 * MIB
    pixel_bytes: int | None = None


HEADER_BOUNDS = ReadingBounds()
"""The header of an image: far more than any scanner writes."""
OBJECT_BOUNDS = ReadingBounds(
    reads=600_000, value_bytes=64 * MIB, total_bytes=64 * MIB, items=100_000
)
"""Objects that consist of sequences: segmentations, structure sets, multi-frame headers."""


def read_bounded(
    path: Path,
    *,
    name: str,
    keywords: Sequence[str] | None = None,
    bounds: ReadingBounds = HEADER_BOUNDS,
    stop_before_pixels: bool = False,
    force: bool = False,
) -> FileDataset:
    """Read a DICOM file as `pydicom.dcmread` does, within bounds.

    Parameters
    ----------
    path : Path
    name : str
        The file's name as shown to people.
    keywords : sequence of str, optional
        The attributes to read; others are skipped. By default all.
    bounds : ReadingBounds
    stop_before_pixels, force : bool
        As in pydicom.

    Raises
    ------
    IntakeError
        If reading would go beyond the bounds.
    pydicom.errors.InvalidDicomError and those of `UNREADABLE_ERRORS`
        As pydicom raises them.
    """
    with _BoundedFile(io.FileIO(path), name, bounds) as file:
        with file.refusals_kept():
            dataset = pydicom.dcmread(
                file,
                stop_before_pixels=stop_before_pixels,
                force=force,
                specific_tags=None if keywords is None else list(keywords),
            )
        file.count_sequences(dataset)
        return dataset


class _BoundedFile(io.BufferedReader):
    """A file that counts."""

    def __init__(self, raw: io.FileIO | io.BytesIO, shown: str, bounds: ReadingBounds) -> None:
        super().__init__(raw)  # type: ignore[arg-type]  # BytesIO serves as well
        self._shown, self._bounds = shown, bounds
        self._reads = self._items = self._bytes = 0
        self._file_bytes = self.seek(0, io.SEEK_END)
        self.seek(0)
        self._pixel_bytes = self._nested_bytes = 0
        self._tag = b""
        self._refused: IntakeError | None = None

    @contextmanager
    def refusals_kept(self) -> Iterator[None]:
        """Raise our refusal where pydicom made an `OSError` of it, as it does with every fault."""
        try:
            yield
        except UNREADABLE_ERRORS:
            if self._refused is not None:
                raise self._refused from None
            raise

    def read(self, size: int | None = -1, /) -> bytes:
        self._reads += 1
        if self._reads > self._bounds.reads:
            raise self._refusal("more elements than any image has")
        if size == TAG_AND_LENGTH_BYTES:
            data = super().read(size)
            self._tag = data[:4]
            self._count_items(self._tag in ITEM_TAGS)
            return data
        if size is None or size < 0:
            # Only the deflated transfer syntax is read to the end in one piece.
            return self._deflated(super().read())
        if size <= COUNTED_BYTES:
            return super().read(size)
        # Memory for as much as is asked would be taken first, whatever there is to read.
        size = min(size, max(self._file_bytes - self.tell(), 0))
        return self._pixels(size) if self._tag in PIXEL_DATA else self._long_value(size)

    def count_sequences(self, dataset: Dataset, depth: int = 1) -> None:
        """Count what is in sequences of known length: pydicom parses them when they are asked."""
        if depth > MOST_DEPTH:
            raise self._refusal(f"sequences more than {MOST_DEPTH} deep")
        for raw in dataset.values():
            if isinstance(raw, RawDataElement):
                items = self._items_of(raw)
            else:
                items = raw.value if raw.VR == "SQ" else []
            for item in items:
                self.count_sequences(item, depth + 1)

    def _items_of(self, raw: RawDataElement) -> Iterable[Dataset]:
        """Parse a sequence as pydicom will, on what is left of the bounds."""
        if not raw.value or not _is_sequence(raw):
            return []
        self._nested_bytes += len(raw.value)
        most = NESTED_TO_TOTAL * self._bounds.total_bytes
        if self._nested_bytes > most:
            raise self._refusal(f"more than {most} bytes of sequences inside sequences")
        bounds = self._bounds
        left = replace(bounds, reads=bounds.reads - self._reads, items=bounds.items - self._items)
        order = (raw.is_implicit_VR, raw.is_little_endian, len(raw.value), "iso8859")
        with _BoundedFile(io.BytesIO(raw.value), self._shown, left) as file:
            try:
                with file.refusals_kept():
                    return read_sequence(file, *order)
            except IntakeError:
                raise
            except UNREADABLE_ERRORS:
                return []  # refused by whoever asks for it
            finally:
                self._reads += file._reads
                self._items += file._items

    def _pixels(self, size: int) -> bytes:
        self._pixel_bytes += size
        most = self._bounds.pixel_bytes
        if most is not None and self._pixel_bytes > most:
            raise self._refusal(
                f"more than the {most} bytes of pixel data that its header asks for"
            )
        return super().read(size)

    def _long_value(self, size: int) -> bytes:
        if size > self._bounds.value_bytes:
            raise self._refusal(f"an attribute of {size} bytes")
        data = super().read(size)
        self._bytes += len(data)
        if self._bytes > self._bounds.total_bytes:
            raise self._refusal(f"more than {self._bounds.total_bytes} bytes of attributes")
        # Only looked at: an item is counted when it is read, and its refusal comes too late then.
        self._check_items(self._items + sum(data.count(tag) for tag in ITEM_TAGS))
        return data

    def _count_items(self, number: int) -> None:
        self._items += number
        self._check_items(self._items)

    def _check_items(self, number: int) -> None:
        if number > self._bounds.items:
            raise self._refusal("more items of sequences than any image has")

    def _deflated(self, packed: bytes) -> bytes:
        """Inflate once within bounds and count, before pydicom does it without."""
        most = self._bounds.inflated_bytes
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        inflated = inflater.decompress(packed, most)
        if inflater.unconsumed_tail:
            raise self._refusal(f"a deflated dataset of more than {most} bytes")
        inner = _BoundedFile(io.BytesIO(inflated), self._shown, self._bounds)
        with inner as file, file.refusals_kept():
            # The only attribute that is kept; all others are counted and skipped.
            read_elements(file, False, True, specific_tags=[SPECIFIC_CHARACTER_SET])
        return packed

    def _refusal(self, found: str) -> IntakeError:
        self._refused = IntakeError(
            RefusalCode.TOO_COMPLEX,
            f"the file holds {found}; it is damaged or made to exhaust the server. Export it again",
            self._shown,
        )
        return self._refused


def _is_sequence(raw: RawDataElement) -> bool:
    """Say whether pydicom will read an element as a sequence."""
    if raw.tag.is_private:
        return False  # nobody asks for it
    if raw.VR not in {None, "UN"}:
        return raw.VR == "SQ"
    try:
        return dictionary_VR(raw.tag) == "SQ"
    except KeyError:
        return False
