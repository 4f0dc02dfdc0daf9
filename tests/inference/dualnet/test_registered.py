"""DualNet through the doors of the application: registered from a folder, and predicting."""

import numpy as np
import pytest
from django.core.exceptions import ValidationError

from cohorts import storage
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.runs import full_mask
from cohorts.selectors import volume_hu
from inference import selectors
from inference.dualnet.checkpoints import load_checkpoint
from inference.dualnet.preparation import PREPARATION
from inference.dualnet.runner import RUNNER
from inference.models import Provenance
from inference.pipeline.predictions import run_predictions
from inference.runner import ComputeSettings, MemberWeights
from inference.services import register_model_version, request_predictions
from tests.cases import store_case
from tests.inference.dualnet.keras_files import write_keras_file


def register(people, folder):
    return register_model_version(
        by=people.coordinator,
        name="DualNet",
        folder=folder,
        provenance=Provenance.PUBLISHED,
        parameters={},
        architecture="DualNet",
    )


@pytest.fixture
def folder(weight_table, synthetic_state, tmp_path):
    path = write_keras_file(tmp_path / "0208.h5", weight_table, synthetic_state, first_dense=5)
    yield tmp_path
    path.unlink(missing_ok=True)


def test_a_keras_file_is_registered_and_predicts_a_stored_case(people, cohort, folder):
    version = register(people, folder)
    assert [(m.run, m.fold) for m in version.members.all()] == [(0, 0)]
    assert version.parameters == PREPARATION.checked_parameters({})
    store_case(cohort, "P001", nodes=2)
    run = request_predictions(by=people.coordinator, cohort=cohort, model_version=version)
    run_predictions(run.pk)
    rows = {row.mask_digest: row for row in selectors.predictions_of(cohort, version)}
    assert len(rows) == 2
    mask = run.items.first().mask
    series = mask.node.patient.series
    geometry = SeriesGeometry.from_dict(series.geometry)
    inputs = PREPARATION.prepare(
        volume_hu(series, 0, geometry.shape_zyx[0] - 1),
        full_mask(storage.get(mask.runs_key)),
        geometry.spacing_zyx_mm,
        {},
    )
    state = load_checkpoint(folder / "0208.h5").state
    member = MemberWeights(run=0, fold=0, load=lambda: state)
    pair = RUNNER.ensemble([member], ComputeSettings(threads=1)).predict(
        tuple(values[np.newaxis] for values in inputs)
    )[0, 0]
    row = rows[mask.digest]
    assert [row.metastasis_score, row.ene_score] == pair.tolist()


def test_a_file_that_is_no_dualnet_is_not_registered(people, cohort, folder):
    content = (folder / "0208.h5").read_bytes()
    (folder / "0208.h5").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValidationError, match="not a complete HDF5 file"):
        register(people, folder)
