"""The reader's API: who gets which answer, and the exact keys of every payload."""

import uuid

import pytest
from django.urls import reverse

from readerstudy.reading.models import ReadingEvent
from readerstudy.reading.services import close_study, reopen_case, submit_call
from tests.readerstudy.reading.conftest import call_all, case_at, frame_url, given, read_case
from tests.readerstudy.reading.test_races import body_of

CASE_KEYS = {
    "case",
    "study",
    "study_id",
    "position",
    "total",
    "state",
    "version",
    "protocol",
    "categories",
    "frames_url",
    "geometry",
    "frames",
    "nodes",
    "next_case",
}
GEOMETRY_KEYS = {
    "rows",
    "columns",
    "slices",
    "pixel_spacing_mm",
    "slice_spacing_mm",
    "row_direction",
    "column_direction",
    "rescale_intercept",
    "bits_stored",
}
NODE_KEYS = {"node", "number", "centroid_zyx", "slices", "runs", "call"}


def api(name, *args):
    return reverse(f"reading_api:{name}", args=args)


@pytest.fixture
def mine(client, people):
    client.force_login(people.reader_one)
    return client


def post(client, name, case, body):
    return client.post(api(name, case.public_id), body, "application/json")


# my studies


def test_my_studies(mine, reader, case):
    answer = mine.get(api("studies"))
    assert answer.json() == [
        {
            "study": str(reader.public_id),
            "title": "Neck nodes",
            "submitted": 0,
            "total": 3,
            "next_case": str(case.public_id),
        }
    ]


def test_submitted_cases_count_and_reopened_ones_do_not(mine, people, reader):
    for position in (1, 2):
        read_case(people.reader_one, case_at(reader, position))
    reopen_case(by=people.coordinator, assignment=case_at(reader, 1), reason="Again.")
    assert mine.get(api("studies")).json()[0]["submitted"] == 1


def test_drafts_and_closed_studies_are_not_listed(mine, people, study, draft):
    close_study(by=people.coordinator, study=study, confirm_incomplete=True, reason="Over.")
    assert mine.get(api("studies")).json() == []


def test_the_next_case(mine, people, reader):
    url = api("next", reader.public_id)
    for position in (1, 2, 3):
        assert mine.get(url).json() == {"case": str(case_at(reader, position).public_id)}
        read_case(people.reader_one, case_at(reader, position))
    assert mine.get(url).json() == {"case": None}


# a case


def test_a_case_has_exactly_these_keys(mine, people, reader, case):
    submit_call(
        by=people.reader_one, case=case.public_id, given=given(case, case.nodes.get(number=1))
    )
    body = mine.get(api("case", case.public_id)).json()
    assert set(body) == CASE_KEYS
    assert set(body["geometry"]) == GEOMETRY_KEYS
    assert {frozenset(frame) for frame in body["frames"]} == {
        frozenset({"index", "sha256", "bytes"})
    }
    assert {frozenset(node) for node in body["nodes"]} == {frozenset(NODE_KEYS)}
    assert {frozenset(node["runs"]) for node in body["nodes"]} == {frozenset({"shape", "slices"})}
    assert body["nodes"][0]["call"] == {"category": 1, "version": 1}
    assert body["nodes"][1]["call"] is None
    assert body["categories"] == [
        {"value": 0, "label": "Benign", "key": "1"},
        {"value": 1, "label": "Metastasis without ENE", "key": "2"},
        {"value": 2, "label": "Metastasis with ENE", "key": "3"},
    ]


def test_a_case_tells_where_it_stands(mine, reader, case):
    body = mine.get(api("case", case.public_id)).json()
    assert {
        name: body[name]
        for name in CASE_KEYS - {"categories", "frames_url", "geometry", "frames", "nodes"}
    } == {
        "case": str(case.public_id),
        "study": "Neck nodes",
        "study_id": str(reader.public_id),
        "position": 1,
        "total": 3,
        "state": "draft",
        "version": 0,
        "protocol": "Call every node.",
        "next_case": str(case_at(reader, 2).public_id),
    }
    assert [node["number"] for node in body["nodes"]] == [1, 2, 3]
    nodes = case.nodes.order_by("number")
    assert [node["node"] for node in body["nodes"]] == [str(node.public_id) for node in nodes]
    for sent, node in zip(body["nodes"], nodes, strict=True):
        first, stop = node.mask.bounding_box[0]
        assert sent["slices"] == [first, stop - 1]


def test_opening_a_case_is_recorded_once(mine, case):
    for _ in range(2):
        mine.get(api("case", case.public_id))
    case.refresh_from_db()
    assert case.first_opened_at is not None
    assert ReadingEvent.objects.count() == 1


def test_fetching_ahead_records_nothing_and_shows_no_mask(mine, reader):
    ahead = case_at(reader, 2)
    answer = mine.get(api("pictures", ahead.public_id))
    body = answer.json()
    assert set(body) == {"case", "frames_url", "geometry", "frames", "node_slices"}
    assert set(body["geometry"]) == GEOMETRY_KEYS
    centres = {round(node.mask.centroid_zyx[0]) for node in ahead.nodes.all()}
    assert body["node_slices"] == sorted(centres, reverse=True)
    ahead.refresh_from_db()
    assert ahead.first_opened_at is None
    assert not ReadingEvent.objects.exists()


def test_a_frame_is_the_stored_stream(mine, case):
    answer = mine.get(frame_url(case, 0))
    assert answer.status_code == 200
    assert answer["Content-Type"].endswith("transfer-syntax=1.2.840.10008.1.2.4.80")
    assert "immutable" in answer["Cache-Control"]
    assert len(answer.content) == case.series.frames[0]["bytes"]


def test_a_frame_is_sent_whatever_the_loader_accepts(mine, case):
    accept = "multipart/related; type=application/octet-stream; transfer-syntax=*"
    answer = mine.get(frame_url(case, 0), headers={"accept": accept})
    assert answer.status_code == 200


@pytest.mark.parametrize(("ahead", "status"), [(1, 200), (2, 200), (3, 404)])
def test_frames_are_sent_one_case_ahead(mine, reader, ahead, status):
    url = frame_url(case_at(reader, ahead), 0)
    assert mine.get(url).status_code == status


def test_there_is_no_frame_outside_the_series(mine, case):
    assert mine.get(frame_url(case, 12)).status_code == 404


# saving


def test_saved_replayed_and_refused(mine, case):
    node = case.nodes.first()
    body = body_of(given(case, node, category=2))
    saved = {"version": 1, "node": str(node.public_id), "category": 2}
    for status in (201, 200, 200):
        answer = post(mine, "calls", case, body)
        assert (answer.status_code, answer.json()) == (status, saved)
    answer = post(mine, "calls", case, body | {"category": 0})
    assert (answer.status_code, answer.json()["code"]) == (422, "replayed_with_other_content")


def test_a_stale_save_is_answered_with_the_state_now(mine, case):
    node = case.nodes.first()
    post(mine, "calls", case, body_of(given(case, node)))
    answer = post(mine, "calls", case, body_of(given(case, node)))
    assert answer.status_code == 409
    assert set(answer.json()) == {"code", "message", "current"}
    assert answer.json()["code"] == "stale_version"
    assert answer.json()["current"] == {
        "version": 1,
        "state": "draft",
        "calls": {str(node.public_id): 1},
    }


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"shown_case": str(uuid.uuid4())}, 422, "wrong_case_shown"),
        ({"shown_slice": 0}, 422, "slice_not_of_node"),
        ({"node": str(uuid.uuid4())}, 422, "node_not_of_case"),
        ({"category": 3}, 400, "invalid"),
        ({"category": 9}, 400, "invalid"),
        ({"category": None}, 400, "invalid"),
        ({"base_version": -1}, 400, "invalid"),
        ({"base_version": 10**30}, 409, "stale_version"),
        ({"shown_slice": 10**30}, 400, "invalid"),
        ({"call": "not-a-uuid"}, 400, "invalid"),
    ],
)
def test_a_wrong_save_is_refused(mine, case, changes, status, code):
    answer = post(mine, "calls", case, body_of(given(case, case.nodes.first())) | changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    case.refresh_from_db()
    assert case.version == 0


@pytest.mark.parametrize(
    "missing", ["call", "node", "category", "base_version", "shown_case", "shown_slice"]
)
def test_nothing_may_be_left_out(mine, case, missing):
    body = body_of(given(case, case.nodes.first()))
    del body[missing]
    answer = post(mine, "calls", case, body)
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [missing]


def test_a_save_needs_the_csrf_token(people, case):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(people.reader_one)
    answer = post(strict, "calls", case, body_of(given(case, case.nodes.first())))
    assert answer.status_code == 403


# submitting


def test_submit_and_its_replay(mine, people, reader, case):
    call_all(people.reader_one, case)
    expected = {"state": "submitted", "next": str(case_at(reader, 2).public_id)}
    for _ in range(2):
        answer = post(mine, "submit", case, {"base_version": 3})
        assert (answer.status_code, answer.json()) == (200, expected)


def test_the_last_submit_has_no_next(mine, people, reader):
    for position in (1, 2):
        read_case(people.reader_one, case_at(reader, position))
    last = case_at(reader, 3)
    call_all(people.reader_one, last)
    answer = post(mine, "submit", last, {"base_version": 3})
    assert answer.json() == {"state": "submitted", "next": None}


def test_an_incomplete_submit_names_the_nodes(mine, case):
    answer = post(mine, "submit", case, {"base_version": 0})
    assert answer.status_code == 422
    assert answer.json()["code"] == "incomplete"
    assert "1, 2, 3" in answer.json()["message"]


def test_a_stale_submit_is_a_conflict(mine, people, case):
    call_all(people.reader_one, case)
    answer = post(mine, "submit", case, {"base_version": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "stale_version")
    assert len(answer.json()["current"]["calls"]) == 3


def test_a_submitted_case_is_shown_and_locked(mine, people, case):
    read_case(people.reader_one, case)
    assert mine.get(api("case", case.public_id)).json()["state"] == "submitted"
    answer = post(mine, "calls", case, body_of(given(case, case.nodes.first())))
    assert (answer.status_code, answer.json()["code"]) == (422, "case_locked")


def test_a_closed_study_is_shown_and_locked(mine, people, study, case):
    close_study(by=people.coordinator, study=study, confirm_incomplete=True, reason="Over.")
    assert mine.get(api("case", case.public_id)).status_code == 200
    assert mine.get(api("case", case.public_id)).json()["next_case"] is None
    answer = post(mine, "calls", case, body_of(given(case, case.nodes.first())))
    assert (answer.status_code, answer.json()["code"]) == (422, "study_closed")


# events


def test_events_are_taken(mine, case):
    node = case.nodes.first()
    events = [
        {"kind": "opened", "slice": None, "node": None, "at_ms": 0},
        {"kind": "slice", "slice": 5, "node": str(node.public_id), "at_ms": 900},
        {"kind": "closed", "at_ms": 2000},
    ]
    answer = post(mine, "events", case, {"events": events})
    assert (answer.status_code, answer.json()) == (202, {"recorded": 3})


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([{"kind": "submitted", "at_ms": 0}], 400),
        ([{"kind": "slice", "slice": -1, "at_ms": 0}], 400),
        ([{"kind": "slice", "slice": 12, "at_ms": 0}], 422),
        ([{"kind": "slice", "slice": 1, "at_ms": 2**53}], 400),
        ([{"kind": "slice", "slice": 1}], 400),
        ([{"kind": "hidden", "at_ms": 0}] * 501, 400),
        ([{"kind": "hidden", "at_ms": 0}] * 500, 202),
    ],
)
def test_events_are_checked(mine, case, events, status):
    assert post(mine, "events", case, {"events": events}).status_code == status


# who


def routes(reader, case):
    body = body_of(given(case, case.nodes.first()))
    return [
        ("get", api("next", reader.public_id), None),
        ("get", api("case", case.public_id), None),
        ("get", api("pictures", case.public_id), None),
        ("get", frame_url(case, 0), None),
        ("post", api("calls", case.public_id), body),
        ("post", api("submit", case.public_id), {"base_version": 0}),
        ("post", api("events", case.public_id), {"events": []}),
    ]


@pytest.mark.parametrize(
    "name",
    ["reader_two", "coordinator", "annotator_one", "adjudicator", "statistician", "outsider"],
)
def test_what_is_not_yours_does_not_exist(client, people, reader, case, name):
    client.force_login(getattr(people, name))
    for method, url, body in routes(reader, case):
        answer = getattr(client, method)(url, body, "application/json")
        assert (url, answer.status_code) == (url, 404)
        assert answer.json() == {
            "code": "not_found",
            "message": "There is no such thing here for you.",
        }


def test_nobody_enters_without_signing_in(client, reader, case):
    for method, url, body in [*routes(reader, case), ("get", api("studies"), None)]:
        answer = getattr(client, method)(url, body, "application/json")
        assert (url, answer.status_code) == (url, 401)
        assert answer.json()["code"] == "not_authenticated"


def test_a_case_ahead_does_not_exist_yet(mine, reader):
    ahead = case_at(reader, 2)
    assert mine.get(api("case", ahead.public_id)).status_code == 404
    body = body_of(given(ahead, ahead.nodes.first()))
    assert post(mine, "calls", ahead, body).status_code == 404
    assert post(mine, "submit", ahead, {"base_version": 0}).status_code == 404
    assert post(mine, "events", ahead, {"events": []}).status_code == 404


def test_answers_are_kept_out_of_caches(mine, reader, case):
    for method, url, body in [*routes(reader, case), ("get", api("studies"), None)]:
        answer = getattr(mine, method)(url, body, "application/json")
        if "frames" not in url:
            assert answer["Cache-Control"] == "no-store", url
        assert "ETag" not in answer


# cost


def test_a_case_costs_the_same_whatever_its_nodes(
    mine, people, cohort, reader, case, django_assert_max_num_queries
):
    assert case.nodes.count() == 3
    call_all(people.reader_one, case)
    mine.get(api("case", case.public_id))
    with django_assert_max_num_queries(9):
        mine.get(api("case", case.public_id))


def test_a_frame_costs_few_queries(mine, case, django_assert_max_num_queries):
    url = frame_url(case, 0)
    with django_assert_max_num_queries(4):
        mine.get(url)


def test_my_studies_cost_the_same_whatever_their_number(mine, study, django_assert_num_queries):
    with django_assert_num_queries(3):
        mine.get(api("studies"))
