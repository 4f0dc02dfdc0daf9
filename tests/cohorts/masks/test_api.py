"""The mask editor's API: proposals at a click, versions, saves and what they answer."""

import json
import uuid

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from cohorts import storage
from cohorts.dicom.frames import encode_frame
from cohorts.dicom.runs import full_mask
from cohorts.models import CTSeries, MaskEdit, NodeMask
from tests.cases import SHAPE, box_runs
from tests.cohorts.masks.conftest import current, stored_runs

EDITED = {
    "node",
    "number",
    "version_before",
    "version",
    "short_axis_mm",
    "long_axis_mm",
    "volume_ml",
}


@pytest.fixture
def client(people):
    client = Client()
    client.force_login(people.annotator_one)
    return client


def post(client, name, key, body):
    return client.post(reverse(f"cohorts-api:{name}", args=[key]), body, "application/json")


def save(**said):
    return {"client_id": str(uuid.uuid4())} | said


@pytest.fixture
def bright(patient):
    """The patient's CT made fat, with a ball of soft tissue around voxel (8, 40, 40)."""
    z, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    ball = ((z - 8) * 3.0) ** 2 + ((y - 40) * 0.8) ** 2 + ((x - 40) * 0.8) ** 2 <= 36
    hu = np.where(ball, 80, -90).astype(np.int16)
    hu += np.random.default_rng(0).integers(-9, 10, SHAPE).astype(np.int16)
    frames = []
    for plane in hu:
        data = encode_frame(plane, -1024)
        frames.append({"sha256": storage.put(data), "bytes": len(data)})
    CTSeries.objects.filter(patient=patient).update(frames=frames)
    return ball


def found(answer):
    return full_mask(json.dumps(answer.json()["runs"], separators=(",", ":")).encode())


def test_a_click_proposes_a_mask_and_stores_nothing(client, patient, bright):
    answer = post(client, "propose-mask", patient.public_id, {"click_zyx": [8, 40, 40]})
    assert answer.status_code == 200
    assert set(answer.json()) == {"runs", "slices", "short_axis_mm"}
    mask = found(answer)
    assert 2 * (mask & bright).sum() / (mask.sum() + bright.sum()) > 0.9
    slices = np.flatnonzero(mask.any(axis=(1, 2)))
    assert answer.json()["slices"] == [slices[0], slices[-1]]
    assert MaskEdit.objects.count() == 0
    assert NodeMask.objects.count() == 2


def test_a_proposal_can_be_saved_as_it_is(client, patient, bright):
    runs = post(client, "propose-mask", patient.public_id, {"click_zyx": [8, 40, 40]}).json()
    answer = post(client, "nodes", patient.public_id, save(runs=runs["runs"]))
    (edited,) = answer.json()["edit"]["nodes"]
    assert edited["short_axis_mm"] == runs["short_axis_mm"]


def test_limit_and_strokes_bind_the_proposal(client, patient, bright):
    stroke = {"add": False, "voxels_zyx": [[8, 44, x] for x in range(36, 45)]}
    body = {"click_zyx": [8, 40, 40], "short_axis_limit_mm": 9, "strokes": [stroke]}
    answer = post(client, "propose-mask", patient.public_id, body)
    assert answer.json()["short_axis_mm"] <= 9
    assert not found(answer)[8, 44, 36:45].any()


def test_a_click_on_a_node_is_refused_unless_it_is_redrawn(client, patient, node):
    body = {"click_zyx": [3, 20, 20]}
    answer = post(client, "propose-mask", patient.public_id, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "click_on_other_node")
    answer = post(client, "propose-mask", patient.public_id, body | {"node": str(node.public_id)})
    assert answer.status_code == 200


@pytest.mark.parametrize("click", [[99, 20, 20], [3, 99, 20], [-1, 0, 0]])
def test_a_click_outside_the_volume_is_refused(client, patient, click):
    answer = post(client, "propose-mask", patient.public_id, {"click_zyx": click})
    assert (answer.status_code, answer.json()["code"]) == (422, "outside_volume")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"click_zyx": [1, 2]},
        {"click_zyx": [1, 2, "x"]},
        {"click_zyx": [1, 2, 3], "strokes": [{"add": True, "voxels_zyx": []}]},
        {"click_zyx": [1, 2, 3], "strokes": [{"add": True, "voxels_zyx": [[1, 2, 3]]}] * 21},
    ],
)
def test_a_click_of_the_wrong_form_is_told_by_field(client, patient, body):
    answer = post(client, "propose-mask", patient.public_id, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_save_tells_number_version_and_measurements(client, node, smaller):
    answer = post(client, "masks", node.public_id, save(base_version=1, runs=smaller))
    assert answer.status_code == 200
    (edited,) = answer.json()["edit"]["nodes"]
    assert set(edited) == EDITED
    assert edited["node"] == str(node.public_id)
    assert (edited["number"], edited["version_before"], edited["version"]) == (1, 1, 2)
    assert edited["short_axis_mm"] == current(node).short_axis_mm


def test_a_stale_save_is_a_conflict_with_the_version_now(client, node, smaller):
    post(client, "masks", node.public_id, save(base_version=1, runs=smaller))
    answer = post(client, "masks", node.public_id, save(base_version=1, runs=smaller))
    assert (answer.status_code, answer.json()["code"]) == (409, "stale_mask")
    assert answer.json()["current"] == {"version": 2}


def test_versions_are_listed_newest_first_also_of_a_removed_node(client, node, smaller):
    post(client, "masks", node.public_id, save(base_version=1, runs=smaller))
    post(client, "remove-node", node.public_id, save(base_version=2, reason="A vessel."))
    told = client.get(reverse("cohorts-api:masks", args=[node.public_id])).json()
    assert told["number"] == 1
    assert told["removed_at"] is not None
    assert [(v["version"], v["origin"], v["by"]) for v in told["versions"]] == [
        (2, "refined", "annotator_one"),
        (1, "imported", ""),
    ]


def test_each_version_is_told_with_its_voxels_also_of_a_removed_node(client, node, smaller):
    imported = current(node)
    post(client, "masks", node.public_id, save(base_version=1, runs=smaller))
    post(client, "remove-node", node.public_id, save(base_version=2, reason="A vessel."))
    listed = client.get(reverse("cohorts-api:masks", args=[node.public_id])).json()["versions"]
    for told, runs in zip(listed, [smaller, stored_runs(imported)], strict=True):
        url = reverse("cohorts-api:mask-version", args=[node.public_id, told["version"]])
        assert client.get(url).json() == told | {"runs": runs}
    unknown = reverse("cohorts-api:mask-version", args=[node.public_id, 3])
    assert client.get(unknown).status_code == 404


def test_split_and_merger_tell_what_ended_and_what_began(client, patient, node):
    part = box_runs((3, 18, 17), (4, 24, 24))
    answer = post(client, "split-node", node.public_id, save(base_version=1, runs=part))
    lines = [
        (one["number"], one["version_before"], one["version"])
        for one in answer.json()["edit"]["nodes"]
    ]
    assert lines == [(1, 1, None), (3, None, 1), (4, None, 1)]
    children = [one["node"] for one in answer.json()["edit"]["nodes"][1:]]
    seen = [{"node": key, "base_version": 1} for key in children]
    answer = post(client, "merge-nodes", patient.public_id, save(nodes=seen))
    assert [one["number"] for one in answer.json()["edit"]["nodes"]] == [3, 4, 5]
    case = client.get(reverse("cohorts-api:case", args=[patient.public_id])).json()
    assert [one["number"] for one in case["nodes"]] == [2, 5]
