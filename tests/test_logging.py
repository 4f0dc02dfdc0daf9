"""Logs are JSON lines that name routes and rows, never paths, tokens, people or patients."""

import io
import json
import logging

import pytest
from django.test import Client
from django.urls import reverse

from readerstudy.reading import services as reading
from readerstudy.reading.models import Assignment
from readerstudy.structured_log import JsonFormatter
from tests import walk
from tests.cases import store_case
from tests.people import PASSWORD

PSEUDONYM = "LOGGEDPATIENT"


@pytest.fixture
def lines(settings):
    """What all loggers write, through the handlers' own formatter, from INFO on."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    silent = [logging.getLogger(name) for name in ("django.request", "django.server")]
    loggers = [logging.getLogger(), *silent]
    levels = [(logger, logger.level) for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
    loggers[0].setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    for logger, level in levels:
        logger.removeHandler(handler)
        logger.setLevel(level)


def test_a_request_is_one_line_with_its_route(db, client, people, lines):
    client.force_login(people.reader_one)
    client.get(reverse("reading:home"))
    (line,) = [line for line in lines() if line["logger"] == "nodewise.request"]
    assert line.keys() == {
        "at",
        "level",
        "logger",
        "message",
        "route",
        "method",
        "status",
        "duration_ms",
        "user_id",
    }
    assert line["route"] == "reading:home"
    assert line["method"] == "GET"
    assert line["status"] == 200
    assert line["user_id"] == people.reader_one.pk
    assert line["duration_ms"] >= 0


def test_anonymous_requests_have_no_user(db, client, lines):
    client.get("/account/login/")
    (line,) = [line for line in lines() if line["logger"] == "nodewise.request"]
    assert (line["route"], line["user_id"]) == ("account_login", None)


@pytest.fixture
def visited(people, cohort, lines):
    """A study read, an invitation, wrong passwords, refused forms, pages that are not there."""
    store_case(cohort, PSEUDONYM, nodes=2)
    study = walk.open_study(people, cohort)
    draft = reading.create_study(by=people.coordinator, title="Draft", cohorts=[cohort])
    _, token = reading.invite_reader(by=people.coordinator, study=draft, email="new@example.org")
    case = Assignment.objects.filter(reader__user=people.reader_one).get()
    walk.read_as(people.reader_one, study)
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.get(reverse("reading:invitation", args=[token]))
    client.post(reverse("reading:accept-invitation", args=[token]))
    client.post(reverse("account_login"), {"login": "coordinator", "password": "wrong-secret"})
    client.force_login(people.reader_one)
    client.get(reverse("reading:case", args=[case.public_id]))
    client.get(reverse("reading_api:case", args=[case.public_id]))
    client.post(reverse("reading_api:calls", args=[case.public_id]), {"call": "x"})
    client.get(f"/no/such/{token}/")
    client.get(f"/?next={token}", headers={"host": "evil.example.org"})
    plain = Client(raise_request_exception=False)
    plain.post(reverse("account_login"), {"login": "coordinator", "password": "wrong-secret"})
    plain.force_login(people.coordinator)
    patient = cohort.patients.get()
    plain.get(reverse("cohorts:patient", args=[patient.public_id]))
    plain.post(reverse("cohorts:exclude", args=[patient.public_id]), {"reason": "Free text"})
    return [token, str(case.public_id), str(patient.public_id), str(cohort.public_id)]


def test_no_line_holds_a_path_a_token_a_name_or_a_patient(visited, people, lines):
    written = lines()
    assert len([line for line in written if line["logger"] == "nodewise.request"]) >= 9
    hidden = [*visited, PSEUDONYM, "wrong-secret", PASSWORD, "Free text", "new@"]
    hidden += [person.username for person in vars(people).values()]
    hidden += ["/reading/", "/account/", "/cohorts/", "/api/", "/no/such"]
    for line in written:
        text = json.dumps(line)
        assert [word for word in hidden if word in text] == [], line


def test_a_failure_is_logged_without_its_path(db, client, lines, people, cohort, settings):
    """A page that breaks: the line says which error, not whose link it was."""
    draft = reading.create_study(by=people.coordinator, title="Draft", cohorts=[cohort])
    _, token = reading.invite_reader(by=people.coordinator, study=draft, email="new@example.org")
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": []}]
    broken = Client(raise_request_exception=False)
    answer = broken.get(reverse("reading:invitation", args=[token]))
    assert answer.status_code == 500
    told = lines()
    assert any(line["level"] == "ERROR" and "exception" in line for line in told)
    assert {line.get("route") for line in told} == {"reading:invitation"}
    for line in told:
        assert token not in json.dumps(line), line["logger"]


def test_only_listed_fields_are_written():
    record = logging.LogRecord("nodewise", logging.INFO, __file__, 1, "said %s", ("so",), None)
    record.route, record.patient, record.username = "home", PSEUDONYM, "someone"
    line = json.loads(JsonFormatter().format(record))
    assert line.keys() == {"at", "level", "logger", "message", "route"}
    assert line["message"] == "said so"


def test_the_settings_send_every_logger_through_the_formatter(settings):
    assert settings.LOGGING["handlers"]["stderr"]["formatter"] == "json"
    formatter = settings.LOGGING["formatters"]["json"]["()"]
    assert formatter == "readerstudy.structured_log.JsonFormatter"
