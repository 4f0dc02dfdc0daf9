"""cohorts.dicom: files that lie under numbers, and a listing that says how they were named.

Names that come from elsewhere are shown to people and used to match masks with patients; they are
never the name of a file on this machine::

    listing.json   {"files": [{"file": "000001.nii", "name": "A1/nodes.nii"}], "notes": [...]}
    000001.nii     the bytes; label maps keep their ending, because their readers go by it
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from cohorts.dicom.source_files import LABEL_MAP_ENDINGS, SourceFile

LISTING = "listing.json"
NUMBERED = re.compile(r"^[0-9]{6}(\.[a-z]+){0,2}$")
NAME_LENGTH = 300
PARTS_DEEP = 30


def numbered_name(number: int, name: str) -> str:
    """Return the name under which file `number` (from 1) of a listing lies."""
    lower = name.casefold()
    endings = sorted(LABEL_MAP_ENDINGS, key=len, reverse=True)
    return f"{number:06d}{next((ending for ending in endings if lower.endswith(ending)), '')}"


def shown_path(name: str) -> str:
    """Return a relative name fit to be shown: printable, not endless, leading nowhere.

    Parts that lead up, roots and drive letters are left out: the name is for people and for
    finding the folder of a patient, never a place.
    """
    printable = "".join(char if char.isprintable() else "?" for char in name.replace("\\", "/"))
    parts = [part for part in PurePosixPath(printable).parts if part not in {"/", "//", "..", "."}]
    if parts and re.fullmatch(r"[A-Za-z]:", parts[0]):
        del parts[0]
    return "/".join(parts[-PARTS_DEEP:])[-NAME_LENGTH:].lstrip("/") or "nameless"


def write_listing(folder: Path, names: Mapping[str, str], notes: Sequence[str] = ()) -> None:
    """Write the listing of a folder of numbered files.

    Parameters
    ----------
    folder : Path
    names : mapping of str to str
        Name to show by name on the disk (`numbered_name`).
    notes : sequence of str
        What was left out before the files came here, for the person who imports.
    """
    files = [{"file": file, "name": shown_path(name)} for file, name in names.items()]
    document = {"files": files, "notes": list(notes)}
    (folder / LISTING).write_text(json.dumps(document), encoding="utf-8")


def has_listing(folder: Path) -> bool:
    """Say whether the folder is one of numbered files."""
    return (folder / LISTING).is_file()


def read_listing(folder: Path) -> tuple[list[SourceFile], list[str]]:
    """Return the files of a listing under the names to show, in order of name, and its notes.

    Raises
    ------
    ValueError
        If the listing names anything but numbered files, or one that is not there.
    """
    document = json.loads((folder / LISTING).read_text(encoding="utf-8"))
    files = []
    for entry in document["files"]:
        path = folder / str(entry["file"])
        if not NUMBERED.fullmatch(str(entry["file"])) or path.is_symlink() or not path.is_file():
            raise ValueError(f"{str(entry['file'])[:40]} is no numbered file of this folder")
        files.append(SourceFile(shown_path(str(entry["name"])), path))
    return sorted(files), [str(note) for note in document["notes"]]
