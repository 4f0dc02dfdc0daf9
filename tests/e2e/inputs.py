"""What the coordinator uploads: the real neck CT where it is at hand, and phantoms."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom

from cohorts.phantom.cohort import write_phantom_cohort
from tests.conftest import SHARED

SMALL = {"slices": 24, "size": 128}
REAL = "01_neck_ct_1mm"


@dataclass(frozen=True)
class CaseFiles:
    """One patient's CT files on disk, and what is known about them from outside."""

    files: tuple[Path, ...]
    node_voxels: dict[int, int]
    hu_sha256: str | None = None

    @property
    def slices(self) -> int:
        return len(self.files)

    @property
    def nodes(self) -> int:
        return len(self.node_voxels)

    def plane_hu(self, index: int) -> tuple[np.ndarray, tuple[float, float]]:
        """One slice counted from the lowest z, decoded by pydicom, and its spacing (y, x) in mm."""
        headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in self.files]
        by_height = np.argsort([float(one.ImagePositionPatient[2]) for one in headers])
        image = pydicom.dcmread(self.files[by_height[index]])
        plane = image.pixel_array * float(image.RescaleSlope) + float(image.RescaleIntercept)
        spacing_y, spacing_x = map(float, image.PixelSpacing)
        return plane, (spacing_y, spacing_x)


def phantom_cases(folder: Path, *, patients: int, seed: int, **size: int) -> list[CaseFiles]:
    """Write phantoms below ``folder/images``."""
    written = write_phantom_cohort(folder, patients=patients, seed=seed, **(size or SMALL))
    return [
        CaseFiles(
            files=tuple(sorted((patient.folder / "ct").iterdir())),
            node_voxels={node.label: node.voxels for node in patient.nodes},
        )
        for patient in written
    ]


def real_case(target: Path) -> CaseFiles:
    """The neck CT of the reference data with its eight nodes, and what its manifest tells."""
    source = SHARED / "data" / REAL
    with zipfile.ZipFile(source / "series.zip") as series:
        series.extractall(target / "ct")
    (target / "nodes.nii.gz").write_bytes((source / "standin_nodes.nii.gz").read_bytes())
    told = json.loads((SHARED / "data" / "manifest.json").read_text(encoding="utf-8"))[REAL]
    return CaseFiles(
        files=tuple(sorted((target / "ct").rglob("*.dcm"))),
        node_voxels={node["index"]: node["voxels"] for node in told["instances"]},
        hu_sha256=told["hu_int16_sha256"],
    )


def write_upload(folder: Path) -> tuple[Path, list[CaseFiles]]:
    """A zip of two patients with different numbers of nodes.

    The real case and a small phantom; two phantoms where the reference data are absent.
    """
    inside = folder / "inside"
    if SHARED.is_dir():
        cases = [real_case(inside / "a_case")]
        cases += phantom_cases(inside / "b_case", patients=1, seed=2029)
    else:
        cases = phantom_cases(inside, patients=2, seed=5, slices=24, size=256)
    archive = folder / "two patients.zip"
    # Truth files of phantoms stay out, as whoever exports from a PACS has none.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as opened:
        for path in sorted(inside.rglob("*")):
            if path.is_file() and path.suffix != ".csv":
                opened.write(path, path.relative_to(inside))
    return archive, cases
