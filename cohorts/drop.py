"""The drop folder: uploads on their way through intake, under names of our own; never served.

An upload is a zip (``<hex>.zip``) or a folder of numbered files with a listing (``<hex>.files``,
see ``cohorts.dicom.listed_files``).
"""

import os
import re
import shutil
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.exceptions import ValidationError

from cohorts.dicom.listed_files import numbered_name, write_listing
from cohorts.dicom.source_files import list_folder
from cohorts.models import IntakeUpload
from cohorts.selectors import drop_names_in_use

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
ZIP, FILES = ".zip", ".files"
NAME = re.compile(r"^[0-9a-f]{32}\.(zip|files)$")
ABANDONED_SECONDS = 3600.0
"""Younger files without a row may still be on their way in."""


def new_name(ending: str) -> str:
    """Return a name that no upload has; the folder it goes into is made."""
    settings.DROP_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    return f"{uuid.uuid4().hex}{ending}"


def write(chunks: Iterable[bytes]) -> str:
    """Store a zip while it is read and return its name; a refused one leaves nothing."""
    name = new_name(ZIP)
    try:
        with path_of(name).open("xb") as sink:
            _copy(chunks, sink)
    except BaseException:
        discard(name)
        raise
    return name


def _copy(chunks: Iterable[bytes], sink: BinaryIO) -> None:
    written = 0
    for chunk in chunks:
        if written == 0 and not chunk.startswith(ZIP_MAGIC):
            raise not_a_zip()
        written += len(chunk)
        refuse_too_large(written)
        sink.write(chunk)
    if written == 0:
        raise ValidationError("The file is empty: choose a zip file.", code="not_a_zip")


def not_a_zip() -> ValidationError:
    """Return the refusal of a file that does not begin like a zip."""
    return ValidationError(
        "The file is not a zip: put the DICOM folder and its masks into one zip file.",
        code="not_a_zip",
    )


def refuse_too_large(size_bytes: int) -> None:
    """Raise where an upload has more bytes than this server takes at once."""
    if size_bytes > settings.INTAKE_MAX_BYTES:
        raise ValidationError(
            f"The upload is larger than {settings.INTAKE_MAX_BYTES // 1024**2} MB: upload fewer "
            "patients at a time, or ask the operator to use 'manage.py import_cases'.",
            code="too_large",
        )


def take_folder(folder: Path, *, move: bool) -> str:
    """Bring the files below a folder here under numbers and return the name; whole or nothing.

    ``move`` takes the bytes away from where they were, which costs nothing on one disk.
    """
    files = list_folder(folder)
    if not files:
        raise ValidationError(f"There is no file in '{folder.name}'.", code="no_files")
    name = new_name(FILES)
    place = path_of(name)
    place.mkdir(mode=0o700)
    names = {numbered_name(number, file.name): file for number, file in enumerate(files, 1)}
    try:
        # Copied first and removed last: a kill in between loses nothing.
        for numbered, file in names.items():
            _link_or_copy(file.path, place / numbered)
        write_listing(place, {numbered: file.name for numbered, file in names.items()})
    except BaseException:
        discard(name)
        raise
    if move:
        for file in files:
            file.path.unlink(missing_ok=True)
    return name


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copyfile(source, target, follow_symlinks=False)


def path_of(name: str) -> Path:
    """Return where the upload lies."""
    if not NAME.match(name):
        raise ValueError(f"'{name[:80]}' is not a name of the drop folder.")
    return Path(settings.DROP_DIR) / name


def discard(name: str) -> None:
    """Remove an upload and the work folders of every attempt on it."""
    if not name:
        return
    _remove(path_of(name))
    for folder in Path(settings.DROP_DIR).glob(f"{name.split('.', maxsplit=1)[0]}.work*"):
        _remove(folder)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def work_folder(upload: IntakeUpload) -> Path:
    """Make this attempt's own empty folder; what a killed attempt left is removed."""
    settings.DROP_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    stem = upload.public_id.hex
    for folder in Path(settings.DROP_DIR).glob(f"{stem}.work*"):
        shutil.rmtree(folder, ignore_errors=True)
    folder = Path(settings.DROP_DIR) / f"{stem}.work{upload.attempts}"
    folder.mkdir(mode=0o700)
    return folder


def sweep() -> None:
    """Remove what no upload needs: leftovers of processes killed at a bad moment."""
    # Before the rows: what comes in while this runs is not among these.
    entries = list(Path(settings.DROP_DIR).glob("*"))
    kept = drop_names_in_use()
    for entry in entries:
        if entry.name not in kept and entry.name.split(".")[0] not in kept and _is_abandoned(entry):
            _remove(entry)


def _is_abandoned(entry: Path) -> bool:
    try:
        return entry.stat().st_mtime <= time.time() - ABANDONED_SECONDS
    except FileNotFoundError:  # another worker sweeps at the same time
        return False
