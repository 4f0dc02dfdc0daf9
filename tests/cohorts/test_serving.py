"""What the viewers are sent: exact keys, digests that hold, nothing that identifies."""

import hashlib
import json

import pytest
from django.http import Http404

from cohorts import selectors, serving
from tests.cases import store_case


@pytest.fixture
def patient(cohort):
    return store_case(cohort, "P001", nodes=2)


def test_geometry_has_exactly_the_viewers_keys(patient):
    assert serving.geometry_payload(patient.series) == {
        "rows": 64,
        "columns": 64,
        "slices": 12,
        "pixel_spacing_mm": [0.8, 0.8],
        "slice_spacing_mm": 3.0,
        "row_direction": [1.0, 0.0, 0.0],
        "column_direction": [0.0, 1.0, 0.0],
        "rescale_intercept": -1024,
        "bits_stored": 12,
    }


def test_every_frame_is_what_its_entry_promises(patient):
    for entry in serving.frames_payload(patient.series):
        assert set(entry) == {"index", "sha256", "bytes"}
        response = serving.frame_response(patient.series, entry["index"])
        assert hashlib.sha256(response.content).hexdigest() == entry["sha256"]
        assert len(response.content) == entry["bytes"]


def test_a_frame_names_its_transfer_syntax_and_may_be_kept(patient):
    response = serving.frame_response(patient.series, 0)
    assert response["Content-Type"] == (
        "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.80"
    )
    assert response["Cache-Control"] == "private, max-age=31536000, immutable"


@pytest.mark.parametrize("index", [-1, 12, 10_000])
def test_a_frame_outside_the_series_is_not_found(patient, index):
    with pytest.raises(Http404):
        serving.frame_response(patient.series, index)


def test_a_node_carries_the_callers_id_and_nothing_of_its_own(patient):
    mask = selectors.current_masks(patient)[0]
    payload = serving.node_payload(mask, node_id="an-id", number=7)
    assert set(payload) == {"node", "number", "centroid_zyx", "slices", "runs"}
    assert (payload["node"], payload["number"]) == ("an-id", 7)
    drawn = [index for index, _ in payload["runs"]["slices"]]
    assert payload["slices"] == [min(drawn), max(drawn)]
    assert str(mask.node.public_id) not in json.dumps(payload)
