"""cohorts.dicom: the files of one upload, each with the relative name under which it was given."""

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

JUNK_NAMES = frozenset({"thumbs.db", ".ds_store", "desktop.ini", "dicomdir"})
JUNK_FOLDERS = frozenset({"__macosx"})
LABEL_MAP_ENDINGS = (".nii", ".nii.gz", ".nrrd", ".nhdr")
LABEL_TABLE_ENDING = ".labels.csv"
ARCHIVE_ENDINGS = (".zip", ".tar", ".tgz", ".tar.gz", ".7z", ".rar", ".bz2", ".xz")


@dataclass(frozen=True, order=True)
class SourceFile:
    """One file: `name` is shown to people, `path` is where its bytes are."""

    name: str
    path: Path

    @property
    def folder(self) -> str:
        """Relative folder of the displayed name; empty at the top."""
        parent = str(PurePosixPath(self.name).parent)
        return "" if parent == "." else parent

    @property
    def stem(self) -> str:
        """Last part of the name, up to its first dot."""
        return PurePosixPath(self.name).name.split(".")[0]

    @property
    def is_junk(self) -> bool:
        """Say whether systems leave such files behind without anyone asking."""
        parts = [part.casefold() for part in PurePosixPath(self.name).parts]
        return bool(JUNK_FOLDERS.intersection(parts)) or parts[-1] in JUNK_NAMES

    @property
    def is_label_map(self) -> bool:
        """Say whether the name is that of a NIfTI or NRRD file."""
        return self.name.casefold().endswith(LABEL_MAP_ENDINGS)

    @property
    def is_label_table(self) -> bool:
        """Say whether the name is that of a table with the names of a label map's values."""
        return self.name.casefold().endswith(LABEL_TABLE_ENDING)

    @property
    def is_archive(self) -> bool:
        """Say whether the name is that of an archive."""
        return self.name.casefold().endswith(ARCHIVE_ENDINGS)


def list_folder(folder: Path) -> list[SourceFile]:
    """Return the regular files below a folder in order of name; links are not followed.

    Raises
    ------
    NotADirectoryError
        If `folder` is no folder.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder.name} is not a folder")
    files = []
    for root, _, names in os.walk(folder, followlinks=False):
        for name in names:
            path = Path(root) / name
            if path.is_file() and not path.is_symlink():
                files.append(SourceFile(path.relative_to(folder).as_posix(), path))
    return sorted(files)
