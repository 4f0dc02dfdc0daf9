"""One stored patient with two nodes, a folder provider, and candidates that a worker brought."""

import json

import numpy as np
import pytest

from cohorts import candidate_pipeline, services
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.label_table import STATION_NUMBERS
from cohorts.dicom.masks import node_from_voxels
from cohorts.dicom.node_label_map import label_map_pieces
from cohorts.models import Candidate
from tests.cases import SHAPE, store_case

NAME = "LN-DETR"
LEVEL_IIA_LEFT = next(
    number for number, name in STATION_NUMBERS.items() if name == "Level IIa left"
)


@pytest.fixture
def patient(cohort):
    """Node 1: a box from (3, 18, 17) to (5, 24, 24); node 2: (5, 26, 26) to (7, 32, 33)."""
    return store_case(cohort, "P001", nodes=2)


@pytest.fixture
def masks(tmp_path, settings, patient):
    """The folder in which the provider looks for this patient."""
    told = {"name": NAME, "version": "1", "kind": "folder"}
    settings.CANDIDATE_PROVIDERS = [told | {"settings": {"path": str(tmp_path / "masks")}}]
    settings.CANDIDATE_DIR = tmp_path / "work"
    folder = tmp_path / "masks" / patient.cohort.name / patient.pseudonym
    folder.mkdir(parents=True)
    return folder


def write(path, series, boxes):
    """A label map of boxes by number, on the grid of a series."""
    found = []
    for number, (start, stop) in boxes.items():
        volume = np.zeros(SHAPE, bool)
        volume[tuple(map(slice, start, stop))] = True
        found.append(node_from_voxels(number, "", np.argwhere(volume)))
    grid = SeriesGeometry.from_dict(series.geometry)
    path.write_bytes(b"".join(label_map_pieces(found, grid, {})))


FREE, ON_NODE_1 = ((8, 40, 40), (10, 48, 47)), ((3, 18, 17), (5, 24, 21))
AROUND_NODE_2 = ((4, 25, 25), (8, 40, 40))


@pytest.fixture
def candidates(people, patient, masks):
    """1: lies in no node; 2: overlaps node 1; 3: level IIa left around node 2."""
    write(masks / "nodes.nii.gz", patient.series, {1: FREE, 2: ON_NODE_1})
    write(masks / "levels.nii.gz", patient.series, {LEVEL_IIA_LEFT: AROUND_NODE_2})
    (masks / "scores.json").write_text(json.dumps({"nodes.nii.gz": {"1": 0.9}}))
    run = services.request_candidates(by=people.annotator_one, patient=patient, provider=NAME)
    candidate_pipeline.take_up(run.pk)
    nodes = Candidate.objects.filter(run=run, kind="node").order_by("number")
    return [*nodes, *Candidate.objects.filter(run=run, kind="station")]
