"""cohorts.phantom: a whole phantom cohort on disk, and the truth about it beside it."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cohorts.phantom.neck import PhantomNeck, PhantomNode, make_neck
from cohorts.phantom.writing import write_ct, write_label_map, write_segmentation
from cohorts.vocabulary import NodeCategory

IMAGES_FOLDER, TRUTH_FILE = "images", "truth.csv"
TRUTH_COLUMNS = ("patient", "node", "category")


@dataclass(frozen=True, kw_only=True)
class PhantomTruth:
    """One node's label in its mask file, and what it was drawn as."""

    label: int
    category: NodeCategory
    side: str
    level: str
    voxels: int


@dataclass(frozen=True, kw_only=True)
class PhantomPatient:
    """One patient as written: folder of CT and mask, and the truth about its nodes."""

    patient_id: str
    folder: Path
    mask_format: str
    slices: int
    nodes: tuple[PhantomTruth, ...]


def write_phantom_cohort(
    folder: Path,
    *,
    patients: int = 12,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
    slices: int | None = None,
    size: int = 512,
) -> list[PhantomPatient]:
    """Write a cohort of procedural neck CTs; the same arguments give the same bytes.

    The images go to `folder/images/<PatientID>/`: one DICOM file per slice in `ct/`, masks as
    `nodes.dcm` (DICOM SEG, every second patient) or `nodes.nii.gz`. The truth goes to
    `folder/truth.csv`, outside of what is imported. Labels are shuffled and tell nothing.

    Parameters
    ----------
    folder : Path
        Made if absent.
    patients : int
    seed : int
    progress : callable, optional
        Called with (patients done, patients in all).
    slices, size : int, optional
        For small test cohorts; by default 64 to 72 slices of 512 x 512.

    Returns
    -------
    list of PhantomPatient

    Raises
    ------
    ValueError
        If no patient is asked for.
    """
    if patients < 1:
        raise ValueError(f"a cohort needs at least one patient, got {patients}")
    written = []
    for number in range(1, patients + 1):
        # A seed of its own per patient: one more patient changes none before it.
        rng = np.random.default_rng((seed, number))
        neck = make_neck(rng, slices=slices, size=size)
        written.append(_write_patient(neck, folder / IMAGES_FOLDER, number, seed, rng))
        if progress is not None:
            progress(number, patients)
    _write_truth(written, folder / TRUTH_FILE)
    return written


def _write_patient(
    neck: PhantomNeck, images: Path, number: int, seed: int, rng: np.random.Generator
) -> PhantomPatient:
    patient_id = f"PHANTOM-{number:03d}"
    folder = images / patient_id
    ct_folder = folder / "ct"
    ct_folder.mkdir(parents=True, exist_ok=True)
    words = (seed, number, *neck.volume_zyx.shape)
    write_ct(neck, ct_folder, patient_id, words)
    labels = rng.permutation(len(neck.nodes)) + 1
    labelled = [(int(label), node) for label, node in zip(labels, neck.nodes, strict=True)]
    mask_format = "seg" if number % 2 else "nifti"
    if mask_format == "seg":
        write_segmentation(neck, labelled, ct_folder, folder / "nodes.dcm", words)
    else:
        write_label_map(neck, labelled, folder / "nodes.nii.gz")
    return PhantomPatient(
        patient_id=patient_id,
        folder=folder,
        mask_format=mask_format,
        slices=len(neck.volume_zyx),
        nodes=tuple(_truth(label, node) for label, node in sorted(labelled, key=lambda p: p[0])),
    )


def _truth(label: int, node: PhantomNode) -> PhantomTruth:
    return PhantomTruth(
        label=label,
        category=node.category,
        side=node.side,
        level=node.level,
        voxels=len(node.voxels_zyx),
    )


def _write_truth(patients: list[PhantomPatient], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(TRUTH_COLUMNS)
        for patient in patients:
            for node in patient.nodes:
                writer.writerow((patient.patient_id, node.label, int(node.category)))
