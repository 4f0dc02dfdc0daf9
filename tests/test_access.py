"""Who may enter: every person against every route of the resolver, with real objects behind it."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from tests.access import scene
from tests.access.routes import every_route
from tests.access.table import PERSONS, ROLES, TABLE, everyone

REFUSED = {401, 403, 404, 405}
WRITING = sorted(name for name, route in TABLE.items() if route.post is not None)
ACTING = [name for name in WRITING if TABLE[name].acts is not None]
UUIDS = sorted(
    name for name, pattern in every_route() if "<uuid:" in pattern or "<str:token>" in pattern
)
IMPORT_ROUTES = sorted(
    name
    for name, route in TABLE.items()
    if route.args.get("run_id") in {"done_run", "waiting_run"}
    or route.args.get("dataset_id") == "dataset"
)
HOW = "in tests/access/table.py: say who may enter, with which status, and a complete body"


@pytest.fixture(scope="module")
def stage(django_db_setup, django_db_blocker):
    with scene.standing(django_db_blocker) as built:
        yield built


def address(name, things):
    args = {key: things.get(value, value) for key, value in TABLE[name].args.items()}
    return reverse(name, kwargs=args)


def browser(user, **options):
    client = Client(**options)
    if user is not None:
        client.force_login(user)
    return client


def ask(client, method, name, things, body=None, url=""):
    """Send a request the way the route's own page or program would."""
    url = url or address(name, things)
    if method == "get":
        return client.get(url)
    if TABLE[name].json:
        return client.generic(method, url, json.dumps(body or {}), "application/json")
    return getattr(client, method)(url, body or {})


def expected(name, method, who):
    """The status that the table gives a person; None stands for the way to the login."""
    answers = getattr(TABLE[name], method)
    if answers is not None and who in answers:
        return answers[who]
    if who == "anonymous" and not open_to_all(name):
        return 401 if is_api(name) else None
    return 405 if answers is None else 404


def is_api(name):
    return "api" in name.split(":")[0]


def open_to_all(name):
    """A route that anonymous people may enter by some method does not lead to the login."""
    route = TABLE[name]
    return "anonymous" in (route.get or {}) or "anonymous" in (route.post or {})


def got(answer):
    """The status, or None when the answer leads to the login page."""
    to_login = answer.status_code == 302 and answer["Location"].startswith("/account/login/")
    return None if to_login else answer.status_code


def test_every_route_is_declared():
    names = {name for name, _ in every_route()}
    undeclared = sorted(names - TABLE.keys())
    assert undeclared == [], f"declare {undeclared} {HOW}"
    gone = sorted(TABLE.keys() - names)
    assert gone == [], f"{gone} are routes no more: take them out of tests/access/table.py"


def test_the_resolver_is_walked_to_its_ends():
    names = [name for name, _ in every_route()]
    assert len(names) == len(set(names))
    assert len(names) > 100
    assert {"mfa_activate_totp", "api-docs", "reading_api:frame", "home"} <= set(names)


def test_persons_of_the_table_are_those_of_the_scene(stage):
    assert set(stage.people) == set(PERSONS)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_who_enters(db, stage, name):
    told, answered = {}, {}
    for who, user in stage.people.items():
        client = browser(user)
        for method in ("get", "post"):
            with scene.undone():
                answer = ask(client, method, name, stage.things)
            told[who, method] = expected(name, method, who)
            answered[who, method] = got(answer) if told[who, method] is None else answer.status_code
            if told[who, method] == 401:
                if name != "api-docs":  # a page for people, in the API's folder
                    assert b"not_authenticated" in answer.content
                assert "Location" not in answer
    assert answered == told


@pytest.mark.parametrize("who", PERSONS)
def test_whoever_may_not_changes_nothing(db, stage, who):
    """Complete bodies and every method, on every route that is not this person's."""
    client, before = browser(stage.people[who]), scene.fingerprint()
    for name in sorted(TABLE):
        route = TABLE[name]
        if route.body and may(name, who):
            continue
        body = route.body(stage.things) if route.body else {}
        for method in ("post", "put", "patch", "delete"):
            if method == "post" and route.post is not None and route.body is None:
                continue
            answer = ask(client, method, name, stage.things, body)
            if method == "post":
                assert got(answer) in {None, *REFUSED}, (name, method, answer.status_code)
            assert answer.status_code < 500, (name, method)
    assert scene.fingerprint() == before


def may(name, who):
    """Whether the complete body of the route may do something, or be answered, for the person."""
    route = TABLE[name]
    if name in {"studies:home", "account_signup"}:
        return True
    status = (route.post or {}).get(who)
    if name.startswith("reading_api:") and route.post == everyone(400):
        return who == route.acts
    return status is not None and status not in REFUSED and (name, who) not in REFUSED_LATER


REFUSED_LATER = {
    ("inference:cohort", "statistician"),
    ("inference_api:cohort-runs", "statistician"),
}
"""Statisticians see the runs of their cohort and may not ask for one."""


@pytest.mark.parametrize("name", ACTING)
def test_the_complete_bodies_act_for_those_who_may(db, stage, name):
    """Without this the test above would prove nothing: its bodies must be able to succeed."""
    who, before = TABLE[name].acts, scene.fingerprint()
    with scene.undone():
        client = browser(stage.people[who])
        answer = ask(client, "post", name, stage.things, TABLE[name].body(stage.things))
        assert answer.status_code in {200, 201, 202, 204, 302}, answer.content
        assert scene.fingerprint() != before
    assert scene.fingerprint() == before


@pytest.mark.parametrize("who", [role for role in ROLES if role != "coordinator"])
def test_nobody_makes_a_study_on_a_foreign_cohort(db, stage, who):
    client, before = browser(stage.people[who]), scene.fingerprint()
    body = TABLE["studies:home"].body(stage.things)
    assert ask(client, "post", "studies:home", stage.things, body).status_code == 200
    assert scene.fingerprint() == before


def test_the_sign_up_page_is_closed(db, stage):
    before = scene.fingerprint()
    answer = browser(None).post(
        address("account_signup", {}), TABLE["account_signup"].body(stage.things)
    )
    assert answer.status_code == 200
    assert scene.fingerprint() == before


@pytest.mark.parametrize("name", WRITING)
def test_a_post_without_its_csrf_token_is_refused(db, stage, name):
    """Also for people who may, with a body that would succeed."""
    route, before = TABLE[name], scene.fingerprint()
    who = route.acts or next(iter(route.post or {}), "outsider")
    client = browser(stage.people[who], enforce_csrf_checks=True)
    answer = ask(client, "post", name, stage.things, (route.body or dict)(stage.things))
    assert answer.status_code == 403
    assert scene.fingerprint() == before


@pytest.mark.parametrize("name", UUIDS)
def test_what_does_not_exist_is_not_found(db, stage, name):
    """Nobody learns from the status whether somebody else's object exists."""
    route = TABLE[name]
    # A route that is closed to everybody in this scene is asked by a coordinator.
    answers = route.get or route.post or {"coordinator": 404}
    welcome = [person for person in answers if answers[person] < 400]
    who = route.acts or (welcome or list(answers))[0]
    unknown = {key: scene.unknown(value) for key, value in stage.things.items()}
    client, url = browser(stage.people[who]), address(name, unknown)
    if route.get is not None and (who in route.get or not route.get):
        assert ask(client, "get", name, stage.things, url=url).status_code == 404
    if route.post is not None and who in route.post:
        body = route.body(stage.things)
        assert ask(client, "post", name, stage.things, body, url).status_code == 404


@pytest.mark.parametrize("who", ["coordinator", "other coordinator"])
def test_a_study_over_two_cohorts_is_not_there_for_those_who_coordinate_one(db, stage, who):
    client, before = browser(stage.people[who]), scene.fingerprint()
    things = stage.things | dict.fromkeys(("draft", "open_study"), stage.things["joint_study"])
    for name in sorted(TABLE):
        if name.startswith("studies:") and "study" in TABLE[name].args:
            body = TABLE[name].body
            for method in ("get", "post"):
                given = body(things) if body else {}
                answer = ask(client, method, name, things, given)
                assert answer.status_code in {404, 405}, (name, method)
    assert "Joint study" not in client.get("/studies/").text
    assert scene.fingerprint() == before


@pytest.mark.parametrize("who", ["statistician", "other statistician"])
def test_a_study_over_two_cohorts_is_not_analysed_from_one(db, stage, who):
    client = browser(stage.people[who])
    things = stage.things | {"closed_study": stage.things["joint_study"]}
    assert ask(client, "get", "analysis:study", things).status_code == 404
    for name in ("analysis:freeze", "analysis_api:datasets"):
        assert ask(client, "post", name, things, {"interim": True}).status_code == 404
    assert "Joint study" not in client.get("/analysis/").text
    assert "Joint study" not in client.get("/api/v1/analysis/studies/").text


@pytest.mark.parametrize("who", [person for person in PERSONS if person != "statistician"])
def test_an_import_is_there_for_who_imported_it_alone(db, stage, who):
    """Also another statistician of another cohort neither sees nor computes it."""
    client, before = browser(stage.people[who]), scene.fingerprint()
    things = stage.things | {
        "dataset": stage.things["imported_dataset"],
        "done_run": stage.things["imported_run"],
        "waiting_run": stage.things["imported_waiting_run"],
    }
    for name in IMPORT_ROUTES:
        for method in ("get", "post"):
            if getattr(TABLE[name], method) is not None:
                answer = ask(client, method, name, things)
                assert got(answer) in ({None, 401} if who == "anonymous" else {404}), name
    if who != "anonymous":
        assert "Read elsewhere" not in client.get("/analysis/").text
    assert scene.fingerprint() == before


@pytest.mark.parametrize("name", IMPORT_ROUTES)
def test_an_import_works_on_every_route_of_a_run(db, stage, name):
    things = stage.things | {
        "dataset": stage.things["imported_dataset"],
        "done_run": stage.things["imported_run"],
        "waiting_run": stage.things["imported_waiting_run"],
    }
    client = browser(stage.people["statistician"])
    for method in ("get", "post"):
        if getattr(TABLE[name], method) is not None:
            with scene.undone():
                answer = ask(client, method, name, things)
            assert answer.status_code == expected(name, method, "statistician"), name
