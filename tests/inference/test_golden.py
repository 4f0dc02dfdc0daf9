"""From a stored case to stored predictions, against the reference's end-to-end values."""

import hashlib
import json

import numpy as np
import pytest
import torch

from cohorts import storage
from cohorts.dicom.frames import encode_frame
from cohorts.dicom.geometry import SeriesGeometry, bounding_box_of
from cohorts.dicom.runs import encode_mask
from cohorts.models import CTSeries, Node, NodeMask, Patient
from inference import selectors
from inference.deepene.checkpoints import MemberFile, save_checkpoint
from inference.deepene.parameters import PreprocessingParameters
from inference.pipeline.compute import MODELS
from inference.pipeline.predictions import run_predictions
from inference.services import request_predictions
from tests.inference.conftest import record_version

pytestmark = pytest.mark.golden
LIMIT = 1e-3


@pytest.fixture
def golden(shared):
    folder = shared / "reference" / "deepene"
    arrays = dict(np.load(folder / "golden_end_to_end.npz"))
    return arrays, json.loads((folder / "golden_end_to_end.json").read_text())


@pytest.fixture
def checkpoint(shared, tmp_path):
    """Write the reference's synthetic weights of a seed as a member."""
    table = json.loads((shared / "reference" / "deepene" / "state_dict.json").read_text())

    def write(seed: int, fold: int) -> MemberFile:
        state = {}
        for entry in table["entries"]:
            if entry["dtype"] == "int64":
                state[entry["key"]] = torch.zeros(entry["shape"], dtype=torch.int64)
                continue
            draws = np.random.default_rng([seed, entry["index"]]).random(
                int(np.prod(entry["shape"]))
            )
            values = entry["offset"] + entry["amplitude"] * (2 * draws - 1)
            state[entry["key"]] = torch.from_numpy(
                values.astype(np.float32).reshape(entry["shape"])
            )
        path = tmp_path / str(seed) / "last_epoch_ckpt.pth"
        save_checkpoint(path, state)
        return MemberFile(0, fold, path)

    return write


@pytest.fixture
def stored(cohort, golden):
    """The reference's volume with its two nodes, stored as intake stores cases."""
    arrays, _ = golden
    volume, labels = arrays["ct"], arrays["labels"]
    offset = int(volume.min())
    hu_sha256 = hashlib.sha256(volume.astype("<i2").tobytes()).hexdigest()
    patient = Patient.objects.create(cohort=cohort, pseudonym="GOLD", source_key="g" * 64)
    frames = [encode_frame(plane, offset) for plane in volume]
    geometry = SeriesGeometry(
        shape_zyx=volume.shape,
        spacing_zyx_mm=tuple(float(value) for value in arrays["spacing_zyx"]),
        origin_lps_mm=(0.0, 0.0, 0.0),
        row_direction=(1.0, 0.0, 0.0),
        column_direction=(0.0, 1.0, 0.0),
    )
    CTSeries.objects.create(
        patient=patient,
        geometry=geometry.to_dict(),
        frames=[{"sha256": storage.put(data), "bytes": len(data)} for data in frames],
        hu_offset=offset,
        bits_stored=12,
        hu_sha256=hu_sha256,
    )
    for label in (1, 2):
        store_node(patient, label, labels == label, hu_sha256)
    return cohort


def store_node(patient, number, mask, hu_sha256):
    box = bounding_box_of(np.argwhere(mask))
    runs = encode_mask(box, mask[box.slices], mask.shape)
    NodeMask.objects.create(
        node=Node.objects.create(patient=patient, number=number),
        digest=hashlib.sha256(hu_sha256.encode() + runs).hexdigest(),
        runs_key=storage.put(runs),
        bounding_box=box.to_list(),
        centroid_zyx=[0, 0, 0],
        voxels=int(mask.sum()),
        volume_ml=1.0,
        short_axis_mm=8.0,
        long_axis_mm=9.0,
    )


def parameters(golden) -> dict:
    told = golden[1]
    fingerprint = told["fingerprint"]
    return PreprocessingParameters.from_dict(
        {
            "fingerprint": {
                "percentile_00_5_hu": fingerprint["percentile_00_5"],
                "percentile_99_5_hu": fingerprint["percentile_99_5"],
                "mean_hu": fingerprint["mean"],
                "sd_hu": fingerprint["sd"],
            },
            "target_spacing_zyx_mm": told["target_spacing_zyx"],
            "dilation_radius_mm": told["convention"]["dilation_radius_mm"],
            "patch_margin_zyx_mm": told["convention"]["margin_mm_zyx"],
            "padding_hu": told["convention"]["pad_hu"],
        }
    ).to_dict()


def predict(people, cohort, golden, files):
    version = record_version("Golden", files, parameters=parameters(golden))
    run = request_predictions(by=people.coordinator, cohort=cohort, model_version=version)
    run_predictions(run.pk)
    return selectors.predictions_of(cohort, version)


def test_one_models_scores(people, stored, golden, checkpoint):
    rows = predict(people, stored, golden, [checkpoint(golden[1]["single_model_seed"], 0)])
    assert [row.node for row in rows] == [1, 2]
    for row, expected in zip(rows, golden[1]["single"], strict=False):
        assert expected["id"] == f"volume_label_{row.node}"
        assert row.metastasis_score == pytest.approx(expected["met"], abs=LIMIT)
        assert row.ene_score == pytest.approx(expected["ene"], abs=LIMIT)


def test_two_members_scores_are_the_mean_of_their_logits(people, stored, golden, checkpoint):
    seeds = golden[1]["ensemble_seeds"][0][:2]
    files = [checkpoint(seed, fold) for fold, seed in enumerate(seeds)]
    rows = predict(people, stored, golden, files)
    logits = golden[0]["ensemble_logits"][:2, :2].astype(np.float64)
    for index, row in enumerate(rows):
        met, ene = logits[:, index, 0::2].mean(), logits[:, index, 1::2].mean()
        assert row.metastasis_score == pytest.approx(met, abs=LIMIT)
        assert row.ene_score == pytest.approx(ene, abs=LIMIT)
        assert row.metastasis_probability == pytest.approx(1 / (1 + np.exp(-met)), abs=LIMIT)


def test_logits_of_the_stored_case(stored, golden, checkpoint):
    file = checkpoint(golden[1]["single_model_seed"], 0)
    version = record_version("Golden", [file], parameters=parameters(golden))
    model = MODELS.model(version)
    nodes = [model.prepare(mask) for mask in NodeMask.objects.order_by("node__number")]
    inputs = np.stack([node[0][0] for node in nodes])
    assert np.abs(inputs - golden[0]["volume_network_inputs"]).max() < 1e-4
    logits = golden[0]["single_model_logits"][:2].astype(np.float64)
    expected = np.stack((logits[:, 0::2].mean(axis=1), logits[:, 1::2].mean(axis=1)), axis=-1)
    assert np.abs(model.predict(nodes)[0] - expected).max() < LIMIT
