"""Versions of masks as files that other programs open: DICOM Segmentation, NIfTI label map."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.text import get_valid_filename

from cohorts.dicom.masks import NodeMaskInput
from cohorts.dicom.node_label_map import OverlappingNodesError, label_map_pieces
from cohorts.dicom.node_segmentation import NodeSegment
from cohorts.dicomweb.cases import ServedCase
from cohorts.models import NodeMask, Patient

DICOM_SEG, NIFTI = "dicom-seg", "nifti"
FORMS = {DICOM_SEG: ("application/dicom", "dcm"), NIFTI: ("application/gzip", "nii.gz")}
"""Each form's media type, and how its files' names end."""


@dataclass(frozen=True, kw_only=True)
class ExportedMasks:
    """A file to be sent piece by piece; the same masks make the same bytes."""

    name: str
    media_type: str
    pieces: Iterator[bytes]


def exported(patient: Patient, masks: Sequence[NodeMask], form: str, what: str) -> ExportedMasks:
    """Return masks of a patient as one file.

    ``what`` ends the file's name. All blobs are read before this returns, so that a lost one is
    said in words: FileNotFoundError or DamagedBlob. ValidationError where a label map cannot hold
    the masks.
    """
    media_type, ending = FORMS[form]
    case = ServedCase(patient, masks)
    nodes = case.nodes
    pieces = case.segmentation_file() if form == DICOM_SEG else _label_map(case, nodes)
    name = f"{get_valid_filename(patient.pseudonym)}-{what}.{ending}"
    return ExportedMasks(name=name, media_type=media_type, pieces=pieces)


def _label_map(case: ServedCase, nodes: Sequence[NodeSegment]) -> Iterator[bytes]:
    values = [
        NodeMaskInput(label=node.number, name="", box=node.box, mask=node.voxels) for node in nodes
    ]
    try:
        return label_map_pieces(values, case.geometry, _told(case))
    except OverlappingNodesError as refusal:
        raise ValidationError(
            f"{refusal}, and a label map holds one value in each: take the DICOM Segmentation, or "
            "the nodes one by one.",
            code="overlapping_nodes",
        ) from refusal


def _told(case: ServedCase) -> dict[str, Any]:
    """Return what the label map says of itself: whose, of which CT, and which versions."""
    return {
        "patient": case.patient.pseudonym,
        "study_uid": case.names.study_uid,
        "ct_series_uid": case.names.ct_series_uid,
        "frame_of_reference_uid": case.names.frame_of_reference_uid,
        "software": f"Nodewise {settings.VERSION}",
        "nodes": [
            {
                "number": mask.node.number,
                "version": mask.version,
                "origin": mask.origin,
                "sha256": mask.digest,
                "voxels": mask.voxels,
            }
            for mask in case.masks
        ],
    }
