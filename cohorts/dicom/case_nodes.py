"""cohorts.dicom: the nodes of a case, measured and written, with what is odd about them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.masks import NodeMaskInput
from cohorts.dicom.measurements import NodeMeasurements, measure_node
from cohorts.dicom.neighbouring_stations import neighbouring_station
from cohorts.dicom.node_warnings import AirCheck, outside_stations, warnings_on_size
from cohorts.dicom.runs import encode_mask, mask_digest
from cohorts.dicom.stations import (
    Station,
    StationMasks,
    StationResult,
    assign_stations,
    masks_by_station,
)
from cohorts.dicom.warnings import IntakeWarning, WarningCode

Record = dict[str, Any]


def write_nodes(
    nodes: Sequence[NodeMaskInput],
    stations: Sequence[NodeMaskInput],
    volume_zyx: NDArray[np.int16],
    geometry: SeriesGeometry,
    target: Path,
    file: str = "",
) -> tuple[list[Record], list[IntakeWarning]]:
    """Measure each node, find its station, and write its mask to the folder `masks`.

    Parameters
    ----------
    nodes, stations : sequence of NodeMaskInput
        On the grid of the case.
    volume_zyx : ndarray of int16, axes (z, y, x), HU
        Before anything is blanked.
    geometry : SeriesGeometry
    target : Path
    file : str
        The mask files, named in a refusal.

    Returns
    -------
    records : list of dict
        label, mask file with digest, measurements, side, level and neighbouring station of each
        node; no names.
    warnings : list of IntakeWarning
        Node by node.

    Raises
    ------
    IntakeError
        If a node is too large to be one.
    """
    (target / "masks").mkdir()
    found, by_station = assign_stations(nodes, stations, geometry), masks_by_station(stations)
    air = AirCheck(volume_zyx)
    records, warnings = [], _on_names(found)
    for node in nodes:
        measured = _measured(node, geometry, file)
        station = found.by_label[node.label]
        records.append(
            {
                "label": node.label,
                "mask": _write_mask(node, geometry, target),
                **measured.to_dict(),
                **_side_and_level(station),
                **_neighbour(measured, station, by_station, geometry),
            }
        )
        warnings += warnings_on_size(node.label, measured)
        warnings += air.warnings(node)
        if found.known and station is None:
            warnings.append(outside_stations(node.label))
    return records, warnings


def _measured(node: NodeMaskInput, geometry: SeriesGeometry, file: str) -> NodeMeasurements:
    try:
        return measure_node(node.box, node.mask, geometry)
    except ValueError as error:
        raise IntakeError(
            RefusalCode.MASK_VALUES,
            f"label {node.label} cannot be measured as a lymph node: {error}",
            file,
        ) from error


def _write_mask(node: NodeMaskInput, geometry: SeriesGeometry, target: Path) -> Record:
    data = encode_mask(node.box, node.mask, geometry.shape_zyx)
    name = f"masks/{node.label}.json"
    (target / name).write_bytes(data)
    return {"file": name, "sha256": mask_digest(data), "bytes": len(data)}


def _side_and_level(station: Station | None) -> dict[str, str]:
    return {
        "auto_side": station.side if station else "",
        "auto_level": station.level if station else "",
    }


def _neighbour(
    measured: NodeMeasurements,
    station: Station | None,
    stations: StationMasks,
    geometry: SeriesGeometry,
) -> Record:
    found = station and neighbouring_station(measured.centroid_zyx, station, stations, geometry)
    return {"neighbouring_station": found.to_dict() if found else None}


def _on_names(found: StationResult) -> list[IntakeWarning]:
    """Say of the whole case that stations were left out, without their names."""
    if not found.unknown:
        return []
    return [
        IntakeWarning(
            code=WarningCode.NO_STATION,
            message=f"{found.unknown} station masks were left out: their names do not tell one "
            "level of the neck",
        )
    ]
