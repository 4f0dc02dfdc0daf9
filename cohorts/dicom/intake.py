"""cohorts.dicom: one patient's input -> a folder with everything that serving needs, or a refusal.

The folder of an accepted patient::

    case.json          geometry, digests, nodes with measurements, allowed attributes, notes
    header.json        de-identified header for DICOMweb (see `case_header`)
    frames/0000.jls    one JPEG-LS frame per axial slice, from feet to head (see `reorientation`)
    masks/<label>.json one run-length mask per node (see `runs`)
    stations/000.json  one run-length mask per station

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
from cohorts.dicom.case_nodes import write_nodes
from cohorts.dicom.case_stations import write_stations
from cohorts.dicom.deidentify import allowed_attributes
from cohorts.dicom.face import FaceProtection, protect_face
from cohorts.dicom.frames import encode_frame, frame_digest, frame_metadata
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.masks import NodeMaskInput, overlap_warnings
from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.parts import resolve_parts
from cohorts.dicom.patient_masks import read_masks
from cohorts.dicom.patients import PatientInput
from cohorts.dicom.reorientation import Reorientation, to_standard_axes
from cohorts.dicom.series import OrderedSeries, order_series
from cohorts.dicom.series_choice import with_one_series
from cohorts.dicom.volumes import hu_int16_sha256, stack_series
from cohorts.dicom.warnings import IntakeWarning

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
    nodes, stations, mask_notes, mask_doubts = _nodes_of_case(patient, series, turn, options)
    planes, slices = len(series.slices), geometry.shape_zyx[0]

    def step(done: int) -> None:
        if progress is not None:
            progress(done, planes + slices)

    source_zyx, doubts = stack_series(series, lambda done, _: step(done))
    # Of the source's own order of voxels: the digest is that of the CT, not of our storage.
    hu_sha256 = hu_int16_sha256(source_zyx)
    volume_zyx = turn.apply(source_zyx)
    notes = [*patient.notes, *series.notes, *mask_notes]
    warnings += [*series.warnings, *doubts, *mask_doubts]
    files = _mask_names(patient)
    records, oddities = write_nodes(nodes, stations, volume_zyx, geometry, target, files)
    policy, face = _protected(volume_zyx, geometry, nodes, options)
    warnings += [*oddities, *face.warnings]
    case = {
        "version": CASE_VERSION,
        "source_patient_id": patient.patient_id,
        "folder": patient.folder,
        "geometry": _public_geometry(geometry, policy).to_dict(),
        "hu_int16_sha256": hu_sha256,
        **_write_volume(volume_zyx, series, geometry, policy, target, lambda n: step(planes + n)),
        "nodes": records,
        "stations": write_stations(stations, geometry, target),
        "attributes": _attributes(series, turn),
        "notes": notes,
        "warnings": [warning.as_dict() for warning in warnings],
        "deidentification": policy.record() | face.record,
    }
    (target / "case.json").write_text(json.dumps(case), encoding="utf-8")
    return notes


def _protected(
    volume_zyx: NDArray[np.int16],
    geometry: SeriesGeometry,
    nodes: list[NodeMaskInput],
    options: IntakeOptions,
) -> tuple[DeidentificationPolicy, FaceProtection]:
    """Blank the face in the volume if it is wanted, and return the policy that says so."""
    policy = DeidentificationPolicy(secret=options.secret)
    if not options.protect_faces:
        return policy, FaceProtection({})
    done = protect_face(volume_zyx, geometry, nodes)
    applied = bool(done.record["applied"])
    record = done.record
    if applied:
        # Masks and predictions must not be taken for those of the unprotected voxels.
        record = record | {"stored_hu_int16_sha256": hu_int16_sha256(volume_zyx)}
    policy = replace(policy, faces_blanked=applied)
    return policy, replace(done, record={"face_protection": record})


def _write_volume(
    volume_zyx: NDArray[np.int16],
    series: OrderedSeries,
    geometry: SeriesGeometry,
    policy: DeidentificationPolicy,
    target: Path,
    step: Callable[[int], None],
) -> dict[str, Any]:
    """Write frames and header; return what the case says of them."""
    offset_hu, highest_hu = int(volume_zyx.min()), int(volume_zyx.max())
    metadata = frame_metadata(geometry, offset_hu=offset_hu, highest_hu=highest_hu)
    header = header_of_case(series.slices, geometry, metadata, policy)
    return {
        "hu_min": offset_hu,
        "hu_max": highest_hu,
        "frame_metadata": metadata,
        "header": write_header(header, target),
        "frames": write_frames(volume_zyx, offset_hu, target, step),
    }


def _nodes_of_case(
    patient: PatientInput, series: OrderedSeries, turn: Reorientation, options: IntakeOptions
) -> tuple[list[NodeMaskInput], list[NodeMaskInput], list[str], list[IntakeWarning]]:
    """Return nodes and stations on the grid of the case, notes and warnings."""
    masks = read_masks(patient, series, options)
    # Masks lie on the grid of the source; they are turned with it.
    nodes, stations = (
        [_turned(mask, turn, series.geometry) for mask in given]
        for given in (masks.nodes, masks.stations)
    )
    nodes = resolve_parts(nodes, _mask_names(patient), turn.geometry(series.geometry), options)
    return nodes, stations, masks.notes, [*masks.warnings, *overlap_warnings(nodes)]


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


def _mask_names(patient: PatientInput) -> str:
    names = [segmentation.name for segmentation in patient.segmentations]
    return ", ".join(names + [label_map.name for label_map in patient.label_maps])
