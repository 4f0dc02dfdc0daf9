"""cohorts.dicom: what can be said of a file by its name and first bytes, before it is taken.

Nothing is parsed here: bytes are compared, so that this may run beside what must not break. The
reading child decides; a first look only saves the way of what it would leave out.
"""

from pathlib import Path

from cohorts.dicom.source_files import (
    ARCHIVE_ENDINGS,
    JUNK_FOLDERS,
    JUNK_NAMES,
    LABEL_MAP_ENDINGS,
    SourceFile,
)

HEAD_BYTES = 1024
PREAMBLE_BYTES = 128
MAGIC = b"DICM"
CT_CLASSES = (b"1.2.840.10008.5.1.4.1.1.2\0", b"1.2.840.10008.5.1.4.1.1.2.")
"""SOP classes of CT images: single-frame (padded to even length), enhanced and legacy converted."""
META_GROUPS = (b"\x02\x00", b"\x08\x00")
"""Files without preamble begin with group 0002 or 0008, little endian."""
KNOWN_KINDS = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"PK\x03\x04": "an archive or office document",
    b"MZ": "a program",
    b"\x7fELF": "a program",
    b"{\\rtf": "a text document",
    b"<": "a text document",
}

NAME_RULES = {
    "junk_names": sorted(JUNK_NAMES),
    "junk_folders": sorted(JUNK_FOLDERS),
    "archives": list(ARCHIVE_ENDINGS),
    "label_maps": list(LABEL_MAP_ENDINGS),
}
"""What names say, for the page that looks at files before they are sent."""


def left_out_by_name(name: str, size_bytes: int) -> str:
    """Return why a file is not worth sending, empty if it may be."""
    file = SourceFile(name, Path())
    if file.is_junk:
        return "left behind by a system, no image"
    if file.is_archive:
        return "an archive; unpack it first"
    return "" if size_bytes else "empty"


def left_out_by_head(name: str, head: bytes) -> str:
    """Return why a file is left out after its first bytes are seen, empty if it is not.

    Parameters
    ----------
    name : str
        Label maps are known by it.
    head : bytes
        The first `HEAD_BYTES` of the file, or all of it.
    """
    if SourceFile(name, Path()).is_label_map or is_dicom(head):
        return ""
    kinds = (kind for magic, kind in KNOWN_KINDS.items() if head.startswith(magic))
    return next(kinds, "not DICOM")


def is_dicom(head: bytes) -> bool:
    """Say whether a file begins like DICOM, with or without preamble (PS3.10, section 7.1)."""
    end = PREAMBLE_BYTES + len(MAGIC)
    return head[PREAMBLE_BYTES:end] == MAGIC or head.startswith(META_GROUPS)


def may_be_ct(head: bytes) -> bool:
    """Say whether a DICOM file may hold CT: its SOP class says so, or cannot be seen here."""
    if not is_dicom(head):
        return False
    has_meta = head[PREAMBLE_BYTES : PREAMBLE_BYTES + len(MAGIC)] == MAGIC
    return not has_meta or any(sop_class in head for sop_class in CT_CLASSES)
