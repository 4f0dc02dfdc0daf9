"""cohorts.deidentification: NIfTI and NRRD files with voxels and placement, and nothing else."""

from pathlib import Path
from typing import Any

import nibabel
import nrrd
import numpy as np

from cohorts.dicom.errors import IntakeError, RefusalCode

NRRD_FIELDS = ("space", "space directions", "space origin", "kinds")
NRRD_SPACES = frozenset(
    {"left-posterior-superior", "right-anterior-superior", "left-anterior-superior"}
    | {"lps", "ras", "las"}
)
NRRD_KINDS = frozenset({"domain", "space", "list", "vector", "none", "???"})


def clean_nifti(source: Path, target: Path) -> None:
    """Write a NIfTI file anew: voxels, affine and scaling; no text, no extension.

    Raises
    ------
    IntakeError
        If the file is not NIfTI-1 or NIfTI-2.

    References
    ----------
    NIfTI-1 standard: descrip, aux_file, intent_name, db_name and extensions hold free text.
    """
    image: Any = nibabel.load(source)
    if not isinstance(image, nibabel.Nifti1Image):
        raise IntakeError(RefusalCode.UNREADABLE, "is no NIfTI file", source.name)
    old: Any = image.header
    stored: Any = image.dataobj
    voxels = np.asanyarray(stored.get_unscaled())
    clean: Any = type(image)(voxels, image.affine)
    clean.header.set_data_dtype(voxels.dtype)
    clean.header.set_xyzt_units("mm")
    clean.set_sform(old.get_sform(), int(old["sform_code"]))
    clean.set_qform(old.get_qform(), int(old["qform_code"]))
    slope, intercept = (float(old[field]) for field in ("scl_slope", "scl_inter"))
    if np.isfinite(slope) and slope not in (0.0, 1.0):
        clean.header.set_slope_inter(slope, intercept if np.isfinite(intercept) else 0.0)
    nibabel.save(clean, target)


def clean_nrrd(source: Path, target: Path) -> None:
    """Write an NRRD file anew: voxels, space, directions and origin; no comment, no key or value.

    Segment names and other key/value pairs go: structures are known by their label values.

    Raises
    ------
    IntakeError
        If the file keeps its voxels elsewhere (a detached header).

    References
    ----------
    NRRD format, http://teem.sourceforge.net/nrrd/format.html
    """
    with source.open("rb") as opened:
        header = nrrd.read_header(opened)
        if {"data file", "datafile"} & set(header):
            raise IntakeError(
                RefusalCode.UNREADABLE,
                "keeps its voxels in another file; give one file",
                source.name,
            )
        opened.seek(0)
    voxels, header = nrrd.read(str(source))
    kept = {field: header[field] for field in NRRD_FIELDS if field in header}
    if str(kept.get("space", "")).casefold() not in NRRD_SPACES:
        kept.pop("space", None)
    if not set(map(str, kept.get("kinds", []))) <= NRRD_KINDS:
        kept.pop("kinds")
    if "space directions" not in kept and "spacings" in header:
        kept["spacings"] = header["spacings"]
    nrrd.write(str(target), voxels, {**kept, "encoding": "gzip"})
    _drop_comments(target)


def _drop_comments(path: Path) -> None:
    """Remove the comments that the writer itself puts in: they say when the file was written."""
    head, data = path.read_bytes().split(b"\n\n", 1)
    lines = [line for line in head.split(b"\n") if not line.startswith(b"#")]
    path.write_bytes(b"\n".join(lines) + b"\n\n" + data)
