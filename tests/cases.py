"""Small stored cases for tests above the ground floor: a synthetic series with box-shaped nodes."""

import hashlib
import json
from typing import Any

import numpy as np

from cohorts import storage
from cohorts.dicom.frames import encode_frame
from cohorts.dicom.geometry import BoundingBox, SeriesGeometry
from cohorts.dicom.runs import encode_mask
from cohorts.models import Cohort, CTSeries, Node, NodeMask, Patient, StationMask

SHAPE = (12, 64, 64)
SPACING = (3.0, 0.8, 0.8)


def store_case(cohort: Cohort, pseudonym: str, *, nodes: int = 3, seed: int = 0) -> Patient:
    """Store a patient with a noise CT and ``nodes`` box-shaped nodes, as intake would."""
    rng = np.random.default_rng([seed, len(pseudonym), *pseudonym.encode()])
    volume = rng.integers(-200, 200, SHAPE).astype(np.int16)
    volume[:, 0, 0] = -1024
    patient = Patient.objects.create(
        cohort=cohort,
        pseudonym=pseudonym,
        source_key=hashlib.sha256(f"{cohort.pk}{pseudonym}".encode()).hexdigest(),
    )
    frames = []
    for plane in volume:
        data = encode_frame(plane, -1024)
        frames.append({"sha256": storage.put(data), "bytes": len(data)})
    hu_sha256 = hashlib.sha256(volume.astype("<i2").tobytes()).hexdigest()
    CTSeries.objects.create(
        patient=patient,
        geometry=axial_geometry().to_dict(),
        frames=frames,
        hu_offset=-1024,
        bits_stored=12,
        hu_sha256=hu_sha256,
    )
    for number in range(1, nodes + 1):
        _store_node(patient, number, hu_sha256)
    return patient


def axial_geometry() -> SeriesGeometry:
    """Return the geometry of the synthetic series."""
    return SeriesGeometry(
        shape_zyx=SHAPE,
        spacing_zyx_mm=SPACING,
        origin_lps_mm=(0.0, 0.0, 0.0),
        row_direction=(1.0, 0.0, 0.0),
        column_direction=(0.0, 1.0, 0.0),
        frame_of_reference_uid="2.25.1",
    )


def box_runs(start: tuple[int, int, int], stop: tuple[int, int, int]) -> dict[str, Any]:
    """Return a box-shaped mask on the grid of the synthetic series, as a browser sends it."""
    box = BoundingBox(start, stop)
    runs: dict[str, Any] = json.loads(encode_mask(box, np.ones(box.shape_zyx, bool), SHAPE))
    return runs


def store_station(
    patient: Patient,
    side: str,
    level: str,
    start: tuple[int, int, int],
    stop: tuple[int, int, int],
) -> StationMask:
    """Store a box-shaped station mask, as intake would."""
    box = BoundingBox(start, stop)
    runs = encode_mask(box, np.ones(box.shape_zyx, bool), SHAPE)
    key = storage.put(runs)
    return StationMask.objects.create(patient=patient, side=side, level=level, runs_key=key)


def _store_node(patient: Patient, number: int, hu_sha256: str) -> None:
    z, y, x = 1 + 2 * (number % 5), 10 + 8 * (number % 6), 8 + 9 * (number % 6)
    box = BoundingBox((z, y, x), (z + 2, y + 6, x + 7))
    runs = encode_mask(box, np.ones((2, 6, 7), bool), SHAPE)
    NodeMask.objects.create(
        node=Node.objects.create(patient=patient, number=number),
        digest=hashlib.sha256(hu_sha256.encode() + runs).hexdigest(),
        runs_key=storage.put(runs),
        bounding_box=box.to_list(),
        centroid_zyx=[z + 0.5, y + 2.5, x + 3.0],
        voxels=84,
        volume_ml=84 * 3 * 0.64 / 1000,
        short_axis_mm=4.0,
        long_axis_mm=6.0,
    )
