"""cohorts.dicom: the station masks of a case, written beside its nodes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.masks import NodeMaskInput
from cohorts.dicom.runs import encode_mask, mask_digest
from cohorts.dicom.stations import masks_by_station


def write_stations(
    stations: Sequence[NodeMaskInput], geometry: SeriesGeometry, target: Path
) -> list[dict[str, Any]]:
    """Write each mask whose name tells a station to the folder `stations`.

    Nodes that are drawn later find their level by them.

    Parameters
    ----------
    stations : sequence of NodeMaskInput
        By name, on the grid of the case.
    geometry : SeriesGeometry
        That grid.
    target : Path

    Returns
    -------
    list of dict
        side, level, and the mask's file with digest; no names.
    """
    (target / "stations").mkdir()
    records: list[dict[str, Any]] = []
    for station, masks in masks_by_station(stations).items():
        for mask in masks:
            data = encode_mask(mask.box, mask.mask, geometry.shape_zyx)
            name = f"stations/{len(records):03d}.json"
            (target / name).write_bytes(data)
            written = {"file": name, "sha256": mask_digest(data), "bytes": len(data)}
            records.append({"side": station.side, "level": station.level, "mask": written})
    return records
