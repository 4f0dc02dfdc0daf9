"""cohorts.dicom: unpack an uploaded zip without believing anything it says of itself."""

import re
import stat
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.source_files import SourceFile

MIB = 1024 * 1024
CHUNK_BYTES = MIB
RATIO_EXEMPT_BYTES = MIB
ENCRYPTED_FLAG = 0x1
ABSOLUTE_PATTERN = re.compile(r"^([A-Za-z]:|[/\\])")
ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError)


@dataclass(frozen=True, kw_only=True)
class ArchiveLimits:
    """What a zip may hold.

    Attributes
    ----------
    total_bytes : int
        All entries together, unpacked.
    ratio : int
        Unpacked to packed size of one entry above 1 MiB. Plain `.nii` label maps are exempt:
        they really are nearly all zeros, and the total limit holds for them too.
    entries : int
        Number of files.
    """

    total_bytes: int = 4096 * MIB
    ratio: int = 200
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
        If the archive is damaged, encrypted, nested, beyond a limit, or names a place outside
        itself. What was unpacked until then is the caller's to remove with `target`.
    """
    shown = name or archive.name
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            _check_entries(shown, entries, limits)
            return sorted(_unpack_all(shown, opened, entries, target, limits))
    except IntakeError:
        raise
    except ZIP_ERRORS as error:
        raise IntakeError(
            RefusalCode.ARCHIVE_DAMAGED,
            "the zip file is damaged or incomplete; make it again or upload it again",
            shown,
        ) from error


def _check_entries(shown: str, entries: Sequence[zipfile.ZipInfo], limits: ArchiveLimits) -> None:
    """Check the directory of a zip before a byte is unpacked."""
    if len(entries) > limits.entries:
        raise IntakeError(
            RefusalCode.ARCHIVE_ENTRIES,
            f"holds {len(entries)} files, the limit is {limits.entries}; give fewer patients",
            shown,
        )
    if sum(entry.file_size for entry in entries) > limits.total_bytes:
        raise _too_large(shown, limits)
    for entry in entries:
        _check_name(shown, entry)
        if entry.flag_bits & ENCRYPTED_FLAG:
            raise IntakeError(
                RefusalCode.ARCHIVE_ENCRYPTED,
                f"{_safe(entry.filename)} is encrypted; make the zip without a password",
                shown,
            )
        _check_ratio(shown, entry, limits)


def _check_name(shown: str, entry: zipfile.ZipInfo) -> None:
    """Refuse names that lead out of the archive, links, and archives inside."""
    # zipfile replaces the system's separator; orig_filename is what the archive says.
    name = entry.orig_filename
    parts = re.split(r"[/\\]", name)
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    if ABSOLUTE_PATTERN.match(name) or ".." in parts or "\0" in name or is_link:
        raise IntakeError(
            RefusalCode.ARCHIVE_PATH,
            f"the entry {_safe(name)} points outside the zip; make the zip again from a "
            "plain folder",
            shown,
        )
    if SourceFile(entry.filename, Path()).is_archive:
        raise IntakeError(
            RefusalCode.ARCHIVE_NESTED,
            f"{_safe(name)} is an archive inside the zip; put its files into the zip directly",
            shown,
        )


def _check_ratio(shown: str, entry: zipfile.ZipInfo, limits: ArchiveLimits) -> None:
    large = entry.file_size > RATIO_EXEMPT_BYTES
    too_dense = entry.file_size > limits.ratio * max(entry.compress_size, 1)
    if large and too_dense and not entry.filename.casefold().endswith(".nii"):
        raise IntakeError(
            RefusalCode.ARCHIVE_RATIO,
            f"{_safe(entry.filename)} would unpack to more than {limits.ratio} times its size "
            f"({entry.file_size} bytes); images never do. Remove it",
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
        files.append(file)
    return files


def _ending(entry: zipfile.ZipInfo) -> str:
    name = entry.filename.casefold()
    return next((ending for ending in (".nii.gz", ".nii") if name.endswith(ending)), "")


def _safe(name: str) -> str:
    """Return a name fit to be shown: printable, not endless."""
    return "".join(char if char.isprintable() else "?" for char in name)[:300]
