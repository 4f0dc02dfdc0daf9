"""cohorts.dicom: unpack an uploaded zip without believing anything it says of itself."""

import errno
import io
import re
import stat
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from cohorts.dicom.errors import UNREADABLE_ERRORS, IntakeError, RefusalCode
from cohorts.dicom.source_files import LABEL_MAP_ENDINGS, SourceFile

MIB = 1024 * 1024
CHUNK_BYTES = MIB
RATIO_EXEMPT_BYTES = 16 * MIB
TOTAL_RATIO_EXEMPT_BYTES = 512 * MIB
DIRECTORY_ENTRY = b"PK\x01\x02"
DIRECTORY_BYTES_PER_ENTRY = 512
LOCAL_HEADER_BYTES = 30
ENCRYPTED_FLAGS = 0x1 | 0x40 | 0x2000
"""Classic encryption, strong encryption, encrypted directory."""
READABLE_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""What every system writes. bzip2 and LZMA unpack a million times their size, or ask for GBs."""
DENSE_ENDINGS = (".nii", ".nrrd")
ABSOLUTE_PATTERN = re.compile(r"^([A-Za-z]:|[/\\])")
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
ZIP_ERRORS: tuple[type[Exception], ...] = (
    *UNREADABLE_ERRORS,
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
)


@dataclass(frozen=True, kw_only=True)
class ArchiveLimits:
    """What a zip may hold.

    Attributes
    ----------
    total_bytes : int
        All entries together, unpacked.
    ratio : int
        Unpacked to packed size of one entry above 16 MiB. Plain `.nii` and `.nrrd` label maps are
        exempt: they really are nearly all zeros, and the limits on all entries hold for them too.
    total_ratio : int
        All entries, unpacked, to the size of the zip; above 512 MiB. CT zips to about half.
    entries : int
        Number of files.
    """

    total_bytes: int = 4096 * MIB
    ratio: int = 200
    total_ratio: int = 20
    entries: int = 100_000


def unpack_archive(
    archive: Path, target: Path, limits: ArchiveLimits, *, name: str = ""
) -> list[SourceFile]:
    """Unpack a zip into an empty folder under names made here.

    Parameters
    ----------
    archive : Path
    target : Path
        Existing folder; files become `000001`, `000002` ... (label maps keep their ending).
    limits : ArchiveLimits
    name : str, optional
        The archive's name as shown to people; by default its file name.

    Returns
    -------
    list of SourceFile
        With the entries' own names for display, in order of name.

    Raises
    ------
    IntakeError
        If the archive is damaged, encrypted, nested, beyond a limit, packed in an unusual way, or
        names a place outside itself. What was unpacked is the caller's to remove with `target`.
    OSError
        If the disk is full.
    """
    shown = name or archive.name
    try:
        with _GuardedFile(archive, shown, limits) as file, zipfile.ZipFile(file) as opened:
            entries = opened.infolist()
            _check_entries(shown, entries, archive.stat().st_size, limits)
            files = [entry for entry in entries if not _is_folder(entry)]
            return sorted(_unpack_all(shown, opened, files, target, limits))
    except IntakeError:
        raise
    except ZIP_ERRORS as error:
        if isinstance(error, OSError) and error.errno in DISK_FULL:
            raise  # no fault of the zip
        raise IntakeError(
            RefusalCode.ARCHIVE_DAMAGED,
            "the zip file is damaged or incomplete; make it again or upload it again",
            shown,
        ) from error


class _GuardedFile(io.FileIO):
    """The zip's bytes; refuses a directory of entries too long to be built in memory.

    `zipfile` reads the directory in one piece, and builds an object for every entry in it, before
    anybody can count them.
    """

    def __init__(self, path: Path, shown: str, limits: ArchiveLimits) -> None:
        super().__init__(path)
        self._shown, self._entries = shown, limits.entries

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, and count the entries in what only a directory can be."""
        size = -1 if size is None else size
        if size > max(CHUNK_BYTES, self._entries * DIRECTORY_BYTES_PER_ENTRY):
            raise _too_many(self._shown, "far too many", self._entries)
        data = super().read(size) or b""
        if len(data) > CHUNK_BYTES and (found := data.count(DIRECTORY_ENTRY)) > self._entries:
            raise _too_many(self._shown, str(found), self._entries)
        return data


def _too_many(shown: str, found: str, limit: int) -> IntakeError:
    return IntakeError(
        RefusalCode.ARCHIVE_ENTRIES,
        f"holds {found} files, the limit is {limit}; give fewer patients",
        shown,
    )


def _is_folder(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.endswith("/")


def _check_entries(
    shown: str, entries: Sequence[zipfile.ZipInfo], packed_bytes: int, limits: ArchiveLimits
) -> None:
    """Check the directory of a zip before a byte is unpacked."""
    if len(entries) > limits.entries:
        raise _too_many(shown, str(len(entries)), limits.entries)
    for entry in entries:
        _check_name(shown, entry)
        _check_method(shown, entry)
        _check_ratio(shown, entry, limits)
    _check_distinct(shown, entries)
    total = sum(entry.file_size for entry in entries)
    if total > limits.total_bytes:
        raise _too_large(shown, limits)
    if total > max(TOTAL_RATIO_EXEMPT_BYTES, limits.total_ratio * packed_bytes):
        raise IntakeError(
            RefusalCode.ARCHIVE_RATIO,
            f"would unpack to {total} bytes, more than {limits.total_ratio} times its size; "
            "images never do. Give label maps as .nii.gz, and fewer patients",
            shown,
        )


def _check_name(shown: str, entry: zipfile.ZipInfo) -> None:
    """Refuse names that lead out of the archive, what is no plain file, and archives inside."""
    # zipfile replaces the system's separator and cuts at NUL; orig_filename is what the zip says.
    name = entry.orig_filename
    parts = re.split(r"[/\\]", name)
    is_nameless = not set(parts) - {"", "."}
    if ABSOLUTE_PATTERN.match(name) or ".." in parts or "\0" in name or is_nameless:
        raise IntakeError(
            RefusalCode.ARCHIVE_PATH,
            f"the entry {_safe(name)} points outside the zip or has no name; make the zip again "
            "from a plain folder",
            shown,
        )
    # The upper half holds the Unix mode; its type is 0 where another system made the zip.
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise IntakeError(
            RefusalCode.ARCHIVE_PATH,
            f"the entry {_safe(name)} is a link or device, no plain file; make the zip again "
            "from the files themselves",
            shown,
        )
    if SourceFile(entry.filename, Path()).is_archive:
        raise IntakeError(
            RefusalCode.ARCHIVE_NESTED,
            f"{_safe(name)} is an archive inside the zip; put its files into the zip directly",
            shown,
        )


def _check_method(shown: str, entry: zipfile.ZipInfo) -> None:
    if entry.flag_bits & ENCRYPTED_FLAGS:
        raise IntakeError(
            RefusalCode.ARCHIVE_ENCRYPTED,
            f"{_safe(entry.filename)} is encrypted; make the zip without a password",
            shown,
        )
    if entry.compress_type not in READABLE_METHODS:
        raise IntakeError(
            RefusalCode.ARCHIVE_METHOD,
            f"{_safe(entry.filename)} is packed by method {entry.compress_type}; make the zip "
            "with the usual method (deflate) or without compression",
            shown,
        )


def _check_ratio(shown: str, entry: zipfile.ZipInfo, limits: ArchiveLimits) -> None:
    large = entry.file_size > RATIO_EXEMPT_BYTES
    too_dense = entry.file_size > limits.ratio * max(entry.compress_size, 1)
    if large and too_dense and not entry.filename.casefold().endswith(DENSE_ENDINGS):
        raise IntakeError(
            RefusalCode.ARCHIVE_RATIO,
            f"{_safe(entry.filename)} would unpack to more than {limits.ratio} times its size "
            f"({entry.file_size} bytes); images never do. Remove it",
            shown,
        )


def _check_distinct(shown: str, entries: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse two entries of one name, and entries that share bytes of the zip."""
    names = Counter(entry.orig_filename for entry in entries if not _is_folder(entry))
    for name, count in names.items():
        if count > 1:
            raise IntakeError(
                RefusalCode.ARCHIVE_DUPLICATE,
                f"the name {_safe(name)} occurs {count} times; make the zip again so that each "
                "file is in it once",
                shown,
            )
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    for entry, following in pairwise(ordered):
        end = entry.header_offset + LOCAL_HEADER_BYTES + entry.compress_size
        if end > following.header_offset:
            raise IntakeError(
                RefusalCode.ARCHIVE_OVERLAP,
                f"{_safe(entry.filename)} and {_safe(following.filename)} share bytes of the "
                "zip, as no ordinary program writes it; make the zip again",
                shown,
            )


def _too_large(shown: str, limits: ArchiveLimits) -> IntakeError:
    return IntakeError(
        RefusalCode.ARCHIVE_SIZE,
        f"unpacks to more than the limit of {limits.total_bytes} bytes; give fewer patients",
        shown,
    )


def _unpack_all(
    shown: str,
    opened: zipfile.ZipFile,
    entries: Sequence[zipfile.ZipInfo],
    target: Path,
    limits: ArchiveLimits,
) -> list[SourceFile]:
    files = []
    left = limits.total_bytes
    for number, entry in enumerate(entries, start=1):
        file = SourceFile(_safe(entry.filename), target / f"{number:06d}{_ending(entry)}")
        with opened.open(entry) as source, file.path.open("xb") as sink:
            # Sizes in the directory are claims: what really comes out is counted.
            while chunk := source.read(CHUNK_BYTES):
                left -= len(chunk)
                if left < 0:
                    raise _too_large(shown, limits)
                sink.write(chunk)
            if sink.tell() != entry.file_size:
                raise zipfile.BadZipFile("an entry is shorter than its size says")
        files.append(file)
    return files


def _ending(entry: zipfile.ZipInfo) -> str:
    name = entry.filename.casefold()
    return next((ending for ending in LABEL_MAP_ENDINGS if name.endswith(ending)), "")


def _safe(name: str) -> str:
    """Return a name fit to be shown: printable, not endless."""
    return "".join(char if char.isprintable() else "?" for char in name)[:300]
