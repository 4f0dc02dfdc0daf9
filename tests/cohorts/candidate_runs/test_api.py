"""The API of candidates: what is listed, and what a decision answers."""

import json
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from cohorts import candidate_pipeline, storage
from cohorts.models import CandidateRun, Cohort, Node
from tests.cases import box_runs, store_case
from tests.cohorts.candidate_runs.conftest import NAME

TOLD = {
    *("id", "run", "provider", "version", "number", "kind", "side", "level", "score"),
    *("centroid_zyx", "slices", "voxels", "volume_ml", "short_axis_mm", "long_axis_mm"),
    "decision",
}


@pytest.fixture
def client(people):
    client = Client()
    client.force_login(people.annotator_one)
    return client


def get(client, name, key):
    return client.get(reverse(f"cohorts-api:{name}", args=[key]))


def post(client, name, key, **said):
    return client.post(reverse(f"cohorts-api:{name}", args=[key]), said, "application/json")


def decide(client, what, candidate, **said):
    said = {"client_id": str(uuid.uuid4())} | said
    return post(client, f"{what}-candidate", candidate.public_id, **said)


def test_a_provider_is_asked_and_its_run_told(client, patient, masks):
    asked = get(client, "candidate-runs", patient.public_id).json()
    assert asked == {"providers": [{"name": NAME, "version": "1"}], "runs": []}
    run = post(client, "candidate-runs", patient.public_id, provider=NAME)
    assert (run.status_code, run.json()["state"]) == (201, "requested")
    again = post(client, "candidate-runs", patient.public_id, provider=NAME)
    assert (again.status_code, again.json()["code"]) == (409, "run_open")
    unknown = post(client, "candidate-runs", patient.public_id, provider="X")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "no_such_provider")
    candidate_pipeline.take_up(CandidateRun.objects.get().pk)
    told = get(client, "candidate-run", run.json()["id"]).json()
    assert (told["state"], told["candidates"], told["requested_by"]) == ("done", 0, "annotator_one")
    assert post(client, "stop-candidate-run", run.json()["id"]).status_code == 409


def test_candidates_are_listed_by_slice_with_their_overlaps(client, patient, candidates):
    listed = get(client, "candidates", patient.public_id).json()
    assert [one["candidate"]["slices"] for one in listed] == [[8, 9], [4, 7], [3, 4]]
    assert all(set(one["candidate"]) == TOLD for one in listed)
    (*others, (overlap,)) = [one["overlaps"] for one in listed]
    assert (overlap["number"], overlap["version"], overlap["dice"]) == (1, 1, 0.7273)
    assert others == [[], []]
    station = listed[1]["candidate"]
    assert (station["kind"], station["level"], station["side"]) == ("station", "IIa", "left")


def test_a_candidate_is_told_with_its_mask(client, candidates):
    told = get(client, "candidate", candidates[0].public_id).json()
    assert set(told) == {"candidate", "overlaps", "runs"}
    assert told["runs"] == json.loads(storage.get(candidates[0].runs_key))


def test_an_acceptance_answers_with_the_node_that_began(client, candidates):
    answer = decide(client, "accept", candidates[0])
    assert answer.status_code == 200
    assert set(answer.json()) == {"candidate", "decision", "edit"}
    (edited,) = answer.json()["edit"]["nodes"]
    assert (edited["number"], edited["version"]) == (3, 1)
    assert answer.json()["decision"]["verdict"] == "accepted"
    again = decide(client, "accept", candidates[0])
    assert (again.status_code, again.json()["code"]) == (409, "candidate_decided")
    assert again.json()["current"] == {"verdict": "accepted"}


def test_a_candidate_replaces_a_mask_as_a_new_version(client, patient, candidates):
    node = patient.nodes.get(number=1)
    refused = decide(client, "accept", candidates[1])
    assert (refused.status_code, refused.json()["code"]) == (422, "overlaps_node")
    replaces = {"node": str(node.public_id), "base_version": 1}
    runs = box_runs((3, 18, 17), (5, 23, 23))
    answer = decide(client, "accept", candidates[1], replaces=replaces, runs=runs)
    assert answer.json()["decision"]["verdict"] == "edited"
    assert [one["version"] for one in answer.json()["edit"]["nodes"]] == [2]
    versions = get(client, "masks", node.public_id).json()["versions"]
    assert [one["origin"] for one in versions] == ["candidate edited", "imported"]


def test_a_level_and_a_rejection_are_told(client, candidates):
    answer = decide(client, "accept", candidates[2]).json()
    assert answer["edit"] is None
    assert answer["decision"]["levels"] == [{"node": 2, "before": "", "after": "IIa left"}]
    answer = decide(client, "reject", candidates[0], reason="A vessel.").json()
    assert (answer["decision"]["verdict"], answer["decision"]["reason"]) == (
        "rejected",
        "A vessel.",
    )


@pytest.mark.parametrize(
    "said",
    [{"client_id": "x"}, {"replaces": {"node": "1"}}, {"replaces": {"base_version": 1}}],
)
def test_a_body_of_the_wrong_form_is_told_by_field(client, candidates, said):
    answer = decide(client, "accept", candidates[0], **said)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize(
    "runs",
    [{}, "x", {"shape": [1, 1, 1], "slices": []}, {"shape": [12, 64, 64], "slices": [[0, [9]]]}],
)
def test_a_changed_mask_that_is_none_is_refused(client, candidates, runs):
    answer = decide(client, "accept", candidates[0], runs=runs)
    assert (answer.status_code, answer.json()["code"]) == (422, "mask_unreadable")
    assert Node.objects.count() == 2


def test_a_node_of_another_cohort_is_not_there(client, people, candidates, other_node):
    replaces = {"node": str(other_node.public_id), "base_version": 1}
    assert decide(client, "accept", candidates[0], replaces=replaces).status_code == 404


@pytest.fixture
def other_node(db):
    return store_case(Cohort.objects.create(name="Elsewhere"), "P009", nodes=1).nodes.get()


@pytest.mark.parametrize("who", ["reader_one", "statistician", "outsider"])
def test_for_others_there_is_nothing(people, patient, candidates, who):
    client = Client()
    client.force_login(getattr(people, who))
    run = candidates[0].run.public_id
    answers = [
        get(client, "candidate-runs", patient.public_id),
        post(client, "candidate-runs", patient.public_id, provider=NAME),
        get(client, "candidate-run", run),
        post(client, "stop-candidate-run", run),
        get(client, "candidates", patient.public_id),
        get(client, "candidate", candidates[0].public_id),
        decide(client, "accept", candidates[0]),
        decide(client, "reject", candidates[0]),
    ]
    assert [answer.status_code for answer in answers] == [404] * 8
