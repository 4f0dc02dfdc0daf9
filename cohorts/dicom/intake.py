"""cohorts.dicom: one patient's input -> a folder with everything that serving needs, or a refusal.

The folder of an accepted patient::

    case.json          geometry, digests, nodes with measurements, allowed attributes, notes
    header.json        de-identified header for DICOMweb (see `case_header`)
    frames/0000.jls    one JPEG-LS frame per axial slice, from feet to head (see `reorientation`)
    masks/<label>.json one run-length mask per node (see `runs`)

`case.json` holds the PatientID as found in `source_patient_id` and file names in `notes`; both are
for the person who imports and are never stored with the case.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.deidentification.policy import DeidentificationPolicy
from cohorts.dicom.case_header import header_of_case
from cohorts.dicom.deidentify import allowed_attributes
from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.frames import encode_frame, frame_digest, frame_metadata
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.label_map import read_label_map
from cohorts.dicom.masks import NodeMaskInput, merge_nodes
from cohorts.dicom.measurements import measure_node
from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.patients import PatientInput
from cohorts.dicom.reorientation import Reorientation, to_standard_axes
from cohorts.dicom.runs import encode_mask, mask_digest
from cohorts.dicom.segmentation import read_segmentation
from cohorts.dicom.series import OrderedSeries, order_series
from cohorts.dicom.series_choice import with_one_series
from cohorts.dicom.volumes import hu_int16_sha256, stack_series

CASE_VERSION = 1
Progress = Callable[[int, int], None]


def prepare_patient(
    patient: PatientInput,
    target: Path,
    options: IntakeOptions | None = None,
    progress: Progress | None = None,
) -> list[str]:
    """Read, check and write one patient.

    Parameters
    ----------
    patient : PatientInput
    target : Path
        An existing empty folder; on a refusal its content is the caller's to remove.
    options : IntakeOptions, optional
    progress : callable, optional
        Called with (steps done, steps in all): each plane is decoded, each slice encoded.

    Returns
    -------
    list of str
        Notes for the person who imports.

    Raises
    ------
    IntakeError
        If any part of the input cannot be trusted.
    QuestionsOpen
        If something has to be decided first.
    """
    options = options or IntakeOptions()
    if patient.refusal is not None:
        raise patient.refusal
    patient, warnings = with_one_series(patient, options)
    series = order_series(patient.ct_files)
    turn = to_standard_axes(series.geometry)
    geometry = turn.geometry(series.geometry)
    # Masks lie on the grid of the source; they are turned with it.
    nodes, mask_notes = read_nodes(patient, series.geometry)
    nodes = [_turned(node, turn, series.geometry) for node in nodes]
    planes, slices = len(series.slices), geometry.shape_zyx[0]

    def step(done: int) -> None:
        if progress is not None:
            progress(done, planes + slices)

    source_zyx, doubts = stack_series(series, lambda done, _: step(done))
    volume_zyx = turn.apply(source_zyx)
    notes = [*patient.notes, *series.notes, *mask_notes]
    warnings += [*series.warnings, *doubts]
    offset_hu, highest_hu = int(volume_zyx.min()), int(volume_zyx.max())
    policy = DeidentificationPolicy(secret=options.secret)
    metadata = frame_metadata(geometry, offset_hu=offset_hu, highest_hu=highest_hu)
    header = header_of_case(series.slices, geometry, metadata, policy)
    case = {
        "version": CASE_VERSION,
        "source_patient_id": patient.patient_id,
        "folder": patient.folder,
        "geometry": _public_geometry(geometry, policy).to_dict(),
        # Of the source's own order of voxels: the digest is that of the CT, not of our storage.
        "hu_int16_sha256": hu_int16_sha256(source_zyx),
        "hu_min": offset_hu,
        "hu_max": highest_hu,
        "frame_metadata": metadata,
        "header": write_header(header, target),
        "frames": write_frames(volume_zyx, offset_hu, target, lambda done: step(planes + done)),
        "nodes": write_nodes(nodes, geometry, patient, target),
        "attributes": _attributes(series, turn),
        "notes": notes,
        "warnings": [warning.as_dict() for warning in warnings],
        "deidentification": policy.record(),
    }
    (target / "case.json").write_text(json.dumps(case), encoding="utf-8")
    return notes


def _turned(node: NodeMaskInput, turn: Reorientation, source: SeriesGeometry) -> NodeMaskInput:
    """Return a node on the grid of the case."""
    return replace(
        node,
        box=turn.box(node.box, source.shape_zyx),
        mask=np.ascontiguousarray(turn.apply(node.mask)),
    )


def _attributes(series: OrderedSeries, turn: Reorientation) -> dict[str, str | float | bool]:
    attributes = allowed_attributes(series.slices[0].header)
    if not turn.keeps_slices:
        # It was the thickness in the direction of the source's slices.
        attributes.pop("SliceThickness", None)
    return attributes


def _public_geometry(geometry: SeriesGeometry, policy: DeidentificationPolicy) -> SeriesGeometry:
    """Return the geometry with its UID replaced: UIDs may contain record numbers."""
    uid = policy.replacements.uid(geometry.frame_of_reference_uid)
    return replace(geometry, frame_of_reference_uid=uid)


def write_header(header: dict[str, Any], target: Path) -> dict[str, str | int]:
    """Write the header of a case; return its file, sha256 and bytes."""
    data = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    (target / "header.json").write_bytes(data)
    return {"file": "header.json", "sha256": frame_digest(data), "bytes": len(data)}


def read_nodes(
    patient: PatientInput, geometry: SeriesGeometry
) -> tuple[list[NodeMaskInput], list[str]]:
    """Read all masks of a patient.

    Returns
    -------
    nodes : list of NodeMaskInput
        In order of label; empty if the patient came without masks.
    notes : list of str

    Raises
    ------
    IntakeError
        If a mask cannot be trusted, or two masks use one label.
    """
    sources: list[tuple[str, list[NodeMaskInput]]] = []
    notes: list[str] = []
    for segmentation in patient.segmentations:
        nodes, found = read_segmentation(segmentation.file, geometry)
        sources.append((segmentation.name, nodes))
        notes += found
    sources.extend(
        (label_map.name, read_label_map(label_map, geometry)) for label_map in patient.label_maps
    )
    if not sources:
        notes.append("no node mask was given; the case has no nodes")
    return merge_nodes(sources), notes


def write_frames(
    volume_zyx: NDArray[np.int16], offset_hu: int, target: Path, step: Callable[[int], None]
) -> list[dict[str, Any]]:
    """Encode each slice and write it.

    Parameters
    ----------
    volume_zyx : ndarray of int16, axes (z, y, x), HU
    offset_hu : int
        Lowest HU of the volume.
    target : Path
    step : callable
        Called with the number of slices encoded so far.

    Returns
    -------
    list of dict
        file, sha256 and bytes of each frame, in order.
    """
    (target / "frames").mkdir()
    frames = []
    for index, slice_hu in enumerate(volume_zyx):
        data = encode_frame(slice_hu, offset_hu)
        name = f"frames/{index:04d}.jls"
        (target / name).write_bytes(data)
        frames.append({"file": name, "sha256": frame_digest(data), "bytes": len(data)})
        step(index + 1)
    return frames


def write_nodes(
    nodes: list[NodeMaskInput], geometry: SeriesGeometry, patient: PatientInput, target: Path
) -> list[dict[str, Any]]:
    """Measure each node and write its mask.

    Returns
    -------
    list of dict
        label, mask file, its SHA-256, and the measurements of each node; no names.

    Raises
    ------
    IntakeError
        If a node is too large to be one.
    """
    (target / "masks").mkdir()
    records = []
    for node in nodes:
        try:
            measured = measure_node(node.box, node.mask, geometry)
        except ValueError as error:
            raise IntakeError(
                RefusalCode.MASK_VALUES,
                f"label {node.label} cannot be measured as a lymph node: {error}",
                _mask_names(patient),
            ) from error
        data = encode_mask(node.box, node.mask, geometry.shape_zyx)
        name = f"masks/{node.label}.json"
        (target / name).write_bytes(data)
        mask = {"file": name, "sha256": mask_digest(data), "bytes": len(data)}
        records.append({"label": node.label, "mask": mask, **measured.to_dict()})
    return records


def _mask_names(patient: PatientInput) -> str:
    names = [segmentation.name for segmentation in patient.segmentations]
    return ", ".join(names + [label_map.name for label_map in patient.label_maps])
