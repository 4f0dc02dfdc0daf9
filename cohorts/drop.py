"""The drop folder: uploads on their way through intake, under names of our own; never served."""

import re
import shutil
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.exceptions import ValidationError

from cohorts.models import IntakeUpload
from jobs.leases import OPEN

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
NAME = re.compile(r"^[0-9a-f]{32}\.zip$")
ABANDONED_SECONDS = 3600.0
"""Younger files without a row may still be on their way in."""


def write(chunks: Iterable[bytes]) -> str:
    """Store an upload while it is read and return its name; a refused one leaves nothing."""
    settings.DROP_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = f"{uuid.uuid4().hex}.zip"
    try:
        with (settings.DROP_DIR / name).open("xb") as sink:
            _copy(chunks, sink)
    except BaseException:
        discard(name)
        raise
    return name


def _copy(chunks: Iterable[bytes], sink: BinaryIO) -> None:
    written = 0
    for chunk in chunks:
        if written == 0 and not chunk.startswith(ZIP_MAGIC):
            raise ValidationError(
                "The file is not a zip: put the DICOM folder and its masks into one zip file.",
                code="not_a_zip",
            )
        written += len(chunk)
        if written > settings.INTAKE_MAX_BYTES:
            raise ValidationError(
                f"The file is larger than {settings.INTAKE_MAX_BYTES // 1024**2} MB: upload fewer "
                "patients at a time, or ask the operator to use 'manage.py import_cases'.",
                code="too_large",
            )
        sink.write(chunk)
    if written == 0:
        raise ValidationError("The file is empty: choose a zip file.", code="not_a_zip")


def path_of(name: str) -> Path:
    """Return where the upload lies."""
    if not NAME.match(name):
        raise ValueError(f"'{name[:80]}' is not a name of the drop folder.")
    return Path(settings.DROP_DIR) / name


def discard(name: str) -> None:
    """Remove an upload and the work folders of every attempt on it."""
    if not name:
        return
    path_of(name).unlink(missing_ok=True)
    for folder in Path(settings.DROP_DIR).glob(f"{name.removesuffix('.zip')}.work*"):
        shutil.rmtree(folder, ignore_errors=True)


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
    """Remove what no open upload refers to: leftovers of processes killed at a bad moment."""
    waiting = IntakeUpload.objects.filter(state__in=OPEN).values_list("drop_name", "public_id")
    kept = {name for name, _ in waiting} | {public_id.hex for _, public_id in waiting}
    horizon = time.time() - ABANDONED_SECONDS
    for entry in Path(settings.DROP_DIR).glob("*"):
        if entry.name in kept or entry.name.split(".")[0] in kept:
            continue
        if entry.stat().st_mtime > horizon:
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
