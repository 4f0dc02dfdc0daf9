"""cohorts.channels: which folders and zips of a watched folder have come to rest.

An entry moves through folders of ours beside it:

    NAME → _working/<key>/NAME → _taken/NAME or _refused/NAME, each with NAME.report.txt

One rename is the step from "being copied" to "ours", so that an entry is taken up once, whatever is
killed when. Nothing is deleted.
"""

import os
import time
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WORKING, TAKEN, REFUSED = "_working", "_taken", "_refused"
OURS = frozenset({WORKING, TAKEN, REFUSED})
REPORT = ".report.txt"
# Names under which copying programs keep what has not fully arrived.
UNFINISHED = (".part", ".partial", ".filepart", ".crdownload", ".tmp", ".temp", ".!sync", ".swp")
PATIENCE = 20
"""Settle times after which an entry that still looks incomplete is taken as it is."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """An entry that is ours now."""

    key: str
    path: Path


def claim_settled(folder: Path, settle_s: float) -> Iterator[Taken]:
    """Yield what had been claimed before and not finished, then claim what has come to rest.

    Parameters
    ----------
    folder : Path
        The watched folder of one cohort.
    settle_s : float
        Seconds for which nothing in an entry may have changed.
    """
    yield from _working(folder)
    for entry in sorted(folder.iterdir()):
        if entry.name in OURS or entry.name.startswith("."):
            continue
        if _is_settled(entry, settle_s) and (taken := _claim(folder, entry)) is not None:
            yield taken


def refusal_of(path: Path) -> str:
    """Return why an entry is nothing that could be taken in; empty if it is a folder or zip."""
    if path.is_symlink():
        return "This is a link; links are not followed. Copy the folder or zip itself here."
    if path.is_dir() or (path.is_file() and path.suffix.casefold() == ".zip"):
        return ""
    return (
        "This is neither a folder nor a zip. Put the images and masks of one or more patients "
        "into a folder, and the folder here."
    )


def finish(taken: Taken, *, accepted: bool, report: str) -> Path:
    """Move an entry to its last place with a readable report beside it; return that place."""
    folder = taken.path.parent.parent.parent / (TAKEN if accepted else REFUSED)
    folder.mkdir(exist_ok=True)
    place = _free_name(folder, taken.path.name)
    # The report first: an entry without one would be a puzzle after a kill.
    place.with_name(place.name + REPORT).write_text(report, encoding="utf-8")
    taken.path.rename(place)
    taken.path.parent.rmdir()
    return place


def _working(folder: Path) -> Iterator[Taken]:
    for place in sorted((folder / WORKING).glob("*")):
        entries = list(place.iterdir())
        if entries:
            yield Taken(key=place.name, path=entries[0])
        else:
            place.rmdir()


def _claim(folder: Path, entry: Path) -> Taken | None:
    key = uuid.uuid4().hex
    before = _last_change(entry)
    place = folder / WORKING / key
    place.mkdir(parents=True)
    entry.rename(place / entry.name)
    taken = Taken(key=key, path=place / entry.name)
    # The rename itself changes the entry's own time only; anything else is a copy that goes on.
    if _last_change_inside(taken.path) > before:
        taken.path.rename(entry)
        place.rmdir()
        return None
    return taken


def _free_name(folder: Path, name: str) -> Path:
    place, number = folder / name, 1
    while place.exists() or place.is_symlink():
        number += 1
        place = folder / f"{name} ({number})"
    return place


def _is_settled(entry: Path, settle_s: float) -> bool:
    quiet_s = time.time() - _last_change(entry)
    if quiet_s < settle_s:
        return False
    return quiet_s >= PATIENCE * settle_s or not _looks_unfinished(entry)


def _last_change(entry: Path) -> float:
    """Return the newest change of an entry and all in it.

    The time of change (ctime), not of modification: copies may keep the latter from their source.
    """
    return max(entry.lstat().st_ctime, _last_change_inside(entry))


def _last_change_inside(entry: Path) -> float:
    return max((path.lstat().st_ctime for path in _inside(entry)), default=0.0)


def _looks_unfinished(entry: Path) -> bool:
    if any(path.name.casefold().endswith(UNFINISHED) for path in (entry, *_inside(entry))):
        return True
    if entry.is_dir() and not entry.is_symlink():
        # Some programs make the folder long before its first file.
        return not any(path.is_file() for path in _inside(entry))
    is_zip = entry.suffix.casefold() == ".zip" and entry.is_file()
    # A zip ends with its directory: without one, the end has not arrived.
    return is_zip and not zipfile.is_zipfile(entry)


def _inside(entry: Path) -> Iterator[Path]:
    if entry.is_symlink() or not entry.is_dir():
        return
    for root, folders, files in os.walk(entry, followlinks=False):
        for name in (*folders, *files):
            yield Path(root) / name
