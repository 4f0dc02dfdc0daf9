"""The API: exact keys, refusals in one shape, frames that are what they say."""

import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cohorts.models import IntakeUpload
from tests.cases import store_case
from tests.cohorts.inputs import write_patient, zip_of

UPLOAD_KEYS = {
    "id",
    "cohort",
    "name",
    "state",
    "percent",
    "progress_done",
    "progress_total",
    "progress_note",
    "requested_at",
    "finished_at",
    "error",
    "page",
}


@pytest.fixture
def coordinator(client, people):
    client.force_login(people.coordinator)
    return client


def test_cohorts_come_with_their_numbers(coordinator, cohort):
    store_case(cohort, "P001", nodes=2)
    store_case(cohort, "P002", nodes=3)
    (one,) = coordinator.get("/api/v1/cohorts/").json()
    assert set(one) == {"id", "name", "kind", "created_at", "patients", "nodes"}
    assert (one["patients"], one["nodes"]) == (2, 5)
    detail = coordinator.get(f"/api/v1/cohorts/{one['id']}/").json()
    assert set(detail) == {"id", "name", "kind", "created_at", "counts"}
    assert detail["counts"] == {"patients": 2, "included": 2, "nodes": 5}


def test_a_zip_is_uploaded(coordinator, cohort, data_dir, tmp_path):
    write_patient(tmp_path / "in", "A1")
    archive = zip_of(tmp_path / "in", tmp_path / "one.zip")
    address = f"/api/v1/cohorts/{cohort.public_id}/uploads/"
    with archive.open("rb") as file:
        answer = coordinator.post(address, {"file": file, "keep_patient_ids": "true"})
    assert answer.status_code == 201
    body = answer.json()
    assert set(body) == UPLOAD_KEYS | {"report", "options", "kept_until"}
    assert (body["state"], body["name"], body["report"]) == (
        "requested",
        "one.zip",
        {"refusal": None},
    )
    assert IntakeUpload.objects.get().keep_patient_ids
    (listed,) = coordinator.get(address).json()
    assert set(listed) == UPLOAD_KEYS
    assert coordinator.get(f"/api/v1/cohorts/uploads/{body['id']}/").json() == body
    assert coordinator.get(body["page"]).status_code == 200


@pytest.mark.parametrize(
    ("told", "status", "code"),
    [
        ({}, 400, "invalid"),
        ({"file": "no file"}, 400, "invalid"),
        ({"file": SimpleUploadedFile("x.zip", b"hello")}, 422, "not_a_zip"),
        ({"file": SimpleUploadedFile("x.zip", b"")}, 422, "not_a_zip"),
    ],
)
def test_what_is_no_zip_is_refused_in_the_one_shape(
    coordinator, cohort, data_dir, told, status, code
):
    answer = coordinator.post(f"/api/v1/cohorts/{cohort.public_id}/uploads/", told)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) <= {"code", "message", "fields"}
    assert not IntakeUpload.objects.exists()


def test_a_case_has_exactly_the_viewers_keys(client, people, cohort):
    patient = store_case(cohort, "P001", nodes=2)
    client.force_login(people.annotator_one)
    case = client.get(f"/api/v1/cohorts/patients/{patient.public_id}/case/").json()
    assert set(case) == {"patient", "pseudonym", "frames_url", "geometry", "frames", "nodes"}
    assert [node["number"] for node in case["nodes"]] == [1, 2]
    keys = {"node", "number", "centroid_zyx", "slices", "runs"}
    assert set(case["nodes"][0]) == keys | {"url", "mask_version", "short_axis_mm"}
    assert case["nodes"][0]["url"] == f"/api/v1/cohorts/nodes/{case['nodes'][0]['node']}/"
    assert case["geometry"]["rescale_intercept"] == -1024


def test_a_frame_is_fetched_as_the_viewer_asks(client, people, cohort):
    patient = store_case(cohort, "P001")
    client.force_login(people.annotator_one)
    case = client.get(f"/api/v1/cohorts/patients/{patient.public_id}/case/").json()
    wanted = "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.80"
    for frame in case["frames"]:
        answer = client.get(f"{case['frames_url']}{frame['index']}/", headers={"accept": wanted})
        assert answer["Content-Type"] == wanted
        assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
        assert hashlib.sha256(answer.content).hexdigest() == frame["sha256"]


def test_a_frame_outside_the_series_is_not_found(client, people, cohort):
    patient = store_case(cohort, "P001")
    client.force_login(people.annotator_one)
    case = client.get(f"/api/v1/cohorts/patients/{patient.public_id}/case/").json()
    answer = client.get(f"{case['frames_url']}12/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_address_of_a_frame_is_good_for_one_person(client, people, cohort):
    patient = store_case(cohort, "P001")
    case = f"/api/v1/cohorts/patients/{patient.public_id}/case/"
    told = {}
    for name in ("annotator_one", "annotator_two", "coordinator"):
        client.force_login(getattr(people, name))
        told[name] = client.get(case).json()["frames_url"]
        assert client.get(case).json()["frames_url"] == told[name]
        assert client.get(f"{told[name]}0/").status_code == 200
    assert len(set(told.values())) == 3
    assert client.get(f"{told['annotator_one']}0/").status_code == 404
