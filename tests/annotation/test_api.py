"""The API: statuses, exact keys, and one error shape."""

import uuid

import pytest

from annotation.models import NodeLabel
from tests.annotation.conftest import label_all

LABELLING_KEYS = {
    "labelling",
    "patient",
    "state",
    "version",
    "nodes",
    "report",
    "elsewhere",
}
GIVEN_KEYS = {"label", "place", "matched", "basis", "certainty", "matted", "comment"}
NODE_KEYS = {"node", "number", "automatic", "short_axis_mm", "formerly", *GIVEN_KEYS}
DISCUSSED_KEYS = {*GIVEN_KEYS, "statement"}
DISCUSSION_KEYS = {
    "node",
    "patient",
    "pseudonym",
    "number",
    "own",
    "other",
    "outcome",
    "version",
}
DISAGREEMENT_KEYS = {
    "node",
    "patient",
    "pseudonym",
    "number",
    "annotator_a",
    "annotator_b",
    "decision",
    "version",
}


@pytest.fixture
def api(client, people, labelling):
    """Annotator one's labelling, posted to with JSON."""

    class Api:
        base = f"/api/v1/annotation/labellings/{labelling.public_id}/"

        def get(self):
            return client.get(self.base)

        def submit(self, base_version):
            body = {"base_version": base_version}
            return client.post(f"{self.base}submit/", body, content_type="application/json")

        def save(self, number=1, **changes):
            body = {
                "client_id": str(uuid.uuid4()),
                "base_version": 0,
                "node": str(labelling.patient.nodes.get(number=number).public_id),
                "label": 1,
                "comment": "",
                "shown_case": str(labelling.public_id),
                "shown_slice": 4,
            } | changes
            body = {key: value for key, value in body.items() if value is not None}
            return client.post(f"{self.base}labels/", body, content_type="application/json")

    client.force_login(people.annotator_one)
    return Api()


def test_the_labelling_has_exactly_these_keys(api):
    body = api.get().json()
    assert set(body) == LABELLING_KEYS
    assert [set(node) for node in body["nodes"]] == [NODE_KEYS] * 2
    assert [(node["number"], node["label"]) for node in body["nodes"]] == [(1, None), (2, None)]


def test_a_label_is_created_and_a_repeat_gives_the_same_answer(api):
    client_id = str(uuid.uuid4())
    first = api.save(client_id=client_id, comment="matted")
    again = api.save(client_id=client_id, comment="matted")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    assert set(first.json()) == {"client_id", "node", "version", "report", *GIVEN_KEYS}
    assert first.json()["version"] == 1


def test_what_stands_beside_a_label_comes_back_with_it(api, labelling):
    labelling.patient.nodes.filter(number=1).update(auto_side="left", auto_level="IIb")
    given = {"place": "left IIa", "matched": "left III", "certainty": 2, "matted": "a"}
    answer = api.save(basis="largest_by_size", **given).json()
    node, other = api.get().json()["nodes"]
    kept = given | {"basis": "largest_by_size", "matted": "A"}
    assert {key: answer[key] for key in kept} == kept
    assert {key: node[key] for key in kept} == kept
    assert (node["automatic"], node["short_axis_mm"]) == ("left IIb", 4.0)
    assert (other["automatic"], other["place"], other["certainty"]) == ("", "", None)


def test_other_content_under_the_same_identifier_is_422(api):
    client_id = str(uuid.uuid4())
    api.save(client_id=client_id)
    answer = api.save(client_id=client_id, label=2)
    assert (answer.status_code, answer.json()["code"]) == (422, "client_id_reused")


def test_a_stale_version_is_409_with_the_labels_now(api):
    api.save(comment="first")
    answer = api.save(label=2)
    assert (answer.status_code, answer.json()["code"]) == (409, "stale_version")
    assert answer.json()["current"]["version"] == 1
    (label,) = answer.json()["current"]["labels"]
    assert set(label) == {"node", *GIVEN_KEYS}
    assert label["comment"] == "first"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"client_id": "1"}, "client_id"),
        ({"client_id": None}, "client_id"),
        ({"base_version": -1}, "base_version"),
        ({"label": "benign"}, "label"),
        ({"comment": "c" * 2001}, "comment"),
        ({"comment": "a\0b"}, "comment"),
        ({"certainty": "high"}, "certainty"),
        ({"matted": "x" * 17}, "matted"),
        ({"place": "x" * 17}, "place"),
        ({"shown_case": None}, "shown_case"),
        ({"shown_slice": -1}, "shown_slice"),
    ],
)
def test_a_request_of_the_wrong_form_is_400(api, change, field):
    answer = api.save(**change)
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [field]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"label": 7}, "invalid"),
        ({"place": "left VII"}, "invalid"),
        ({"certainty": 4}, "invalid"),
        ({"basis": "whole_level_negative"}, "invalid"),
        ({"shown_case": str(uuid.uuid4())}, "other_picture"),
        ({"shown_slice": 12}, "other_picture"),
    ],
)
def test_a_broken_rule_is_422(api, change, code):
    answer = api.save(**change)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert NodeLabel.objects.count() == 0


def test_a_node_of_another_patient_is_404(api, patients):
    assert api.save(node=str(patients[1].nodes.get().public_id)).status_code == 404


def test_submitting_is_complete_or_refused(api):
    assert api.submit(0).json()["code"] == "incomplete"
    api.save(1)
    api.save(2, base_version=1)
    assert api.submit(1).status_code == 409
    done = api.submit(2)
    assert done.status_code == 200
    assert set(done.json()) == {"labelling", "state", "version"}
    assert api.submit(2).content == done.content
    locked = api.save(1, base_version=2)
    assert (locked.status_code, locked.json()["code"]) == (422, "submitted")


def test_the_two_annotators_are_sent_exactly_these_keys(client, people, cohort, disputed):
    client.force_login(people.annotator_one)
    (entry,) = client.get(f"/api/v1/annotation/cohorts/{cohort.public_id}/discussions/").json()
    assert set(entry) == DISCUSSION_KEYS
    assert set(entry["own"]) == set(entry["other"]) == DISCUSSED_KEYS
    url = f"/api/v1/annotation/discussions/{disputed.public_id}/"
    assert client.get(url).json() == entry
    body = {"label": 0, "base_version": 0}
    made = client.post(url, body, content_type="application/json")
    assert made.status_code == 201
    assert made.json()["own"]["statement"] == {"label": 0, "reason": ""}
    assert client.post(url, body, content_type="application/json").json() == made.json()
    other = client.post(url, body | {"label": 2}, content_type="application/json")
    assert (other.status_code, other.json()["code"]) == (422, "already_stated")


def test_an_adjudicator_is_sent_exactly_these_keys(client, people, cohort, discordant):
    client.force_login(people.adjudicator)
    (entry,) = client.get(f"/api/v1/annotation/cohorts/{cohort.public_id}/disagreements/").json()
    assert set(entry) == DISAGREEMENT_KEYS
    assert set(entry["annotator_a"]) == set(entry["annotator_b"]) == DISCUSSED_KEYS
    one = client.get(f"/api/v1/annotation/adjudications/{discordant.public_id}/").json()
    assert one == entry


def test_a_decision_over_the_api(client, people, discordant):
    client.force_login(people.adjudicator)
    url = f"/api/v1/annotation/adjudications/{discordant.public_id}/"
    body = {"label": 2, "reason": "Fat plane lost.", "base_version": 0}
    made = client.post(url, body, content_type="application/json")
    assert made.status_code == 201
    assert made.json()["decision"] == {"label": 2, "reason": "Fat plane lost."}
    again = client.post(url, body, content_type="application/json")
    assert (again.status_code, again.json()["current"]) == (409, {"version": 1})
    blank = client.post(url, body | {"reason": " "}, content_type="application/json")
    assert (blank.status_code, list(blank.json()["fields"])) == (400, ["reason"])


def test_a_release_over_the_api(client, people, cohort, patients):
    url = f"/api/v1/annotation/cohorts/{cohort.public_id}/reference-standards/"
    client.force_login(people.coordinator)
    early = client.post(url, content_type="application/json")
    assert (early.status_code, early.json()["code"]) == (422, "not_submitted")
    assert "annotator_one has not submitted 2 of 2 patients" in early.json()["message"]
    for person in (people.annotator_one, people.annotator_two):
        label_all(person, patients[0], [0, 1])
        label_all(person, patients[1], [2])
    made = client.post(url, content_type="application/json")
    assert made.status_code == 201
    assert set(made.json()) == {"version", "digest", "released_at"}
    assert client.get(url).json() == [made.json()]
    rows = client.get(f"{url}1/").json()["content"]
    assert [set(row) for row in rows] == [{"patient", "node", "mask_digest", "label", "source"}] * 3
    assert client.get(f"{url}2/").status_code == 404
