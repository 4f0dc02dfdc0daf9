"""The API's description is complete, valid, and true: the real WSGI application conforms to it."""

import copy
from io import StringIO

import pytest
import schemathesis
import yaml
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.access import scene
from tests.access.routes import every_route
from tests.access.table import TABLE

SEED = 20260124
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES, GLANCES = 8, 2
"""Per operation: in the rooms a person works in on SQLite, and elsewhere."""
ROOMS = {
    "reader": ("/api/v1/reading/",),
    "annotator": ("/api/v1/annotation/", "/api/v1/cohorts/"),
    "adjudicator": ("/api/v1/annotation/",),
    "coordinator": ("/api/v1/cohorts/", "/api/v1/inference/", "/api/v1/annotation/"),
    "statistician": ("/api/v1/analysis/", "/api/v1/inference/"),
}
NO_SCHEMA = {
    "api-schema": "the description itself",
    "api-docs": "a page for people",
}
TOKEN = "n" * 32
"""The CSRF secret, in the cookie and in the header."""
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture(scope="module")
def stage(django_db_setup, django_db_blocker):
    with scene.standing(django_db_blocker) as built:
        # Late: the WSGI module asks the database whether it is safe.
        from readerstudy.wsgi import application

        built.application = application
        yield built


@pytest.fixture
def _one_transaction():
    """Django closes connections after a request; here they hold the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def described():
    """The description as the command writes it; a warning or an invalid document fails here."""
    out = StringIO()
    call_command("spectacular", "--fail-on-warn", "--validate", stdout=out)
    return yaml.safe_load(out.getvalue())


def operations(described):
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if method in {"get", "post", "put", "patch", "delete"}:
                yield f"{method.upper()} {path}", operation


def test_the_description_is_valid_and_of_version_1(described):
    assert described["openapi"].startswith("3.")
    assert described["info"] == {"title": "Nodewise", "version": "1"} | {
        "description": described["info"]["description"]
    }


def test_every_route_of_the_api_is_described(described):
    routed = {
        name: "/" + pattern
        for name, pattern in every_route()
        if pattern.startswith("api/") and name not in NO_SCHEMA
    }
    paths = set(described["paths"])
    missing = {
        name: pattern for name, pattern in routed.items() if as_template(pattern) not in paths
    }
    assert missing == {}, "give these views an @extend_schema"
    assert len(paths) == len(routed)


def as_template(pattern):
    """Write ``<uuid:case>`` as ``{case}``."""
    parts = pattern.replace("<", "{").replace(">", "}").split("{")
    return "{".join(part.split(":", 1)[-1] if "}" in part else part for part in parts)


def test_every_method_of_the_api_is_described(described):
    told = {name for name, _ in operations(described)}
    for name, pattern in every_route():
        if not pattern.startswith("api/") or name in NO_SCHEMA:
            continue
        for method in ("get", "post"):
            stands = getattr(TABLE[name], method) is not None
            assert (f"{method.upper()} /{as_template(pattern)}" in told) == stands, (name, method)


def test_every_operation_tells_its_refusals(described):
    for name, operation in operations(described):
        codes = set(operation["responses"])
        assert {"401", "403", "404"} <= codes, name
        if "requestBody" in operation:
            assert "400" in codes, name
        for code in codes & {"400", "401", "403", "404", "409", "422"}:
            content = operation["responses"][code]["content"]["application/json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Error"}, (name, code)


def test_every_operation_has_a_name_and_a_sentence(described):
    names = [operation["operationId"] for _, operation in operations(described)]
    assert len(names) == len(set(names))
    silent = [
        name
        for name, operation in operations(described)
        if not (operation.get("summary") or operation.get("description"))
    ]
    assert silent == []


def session_of(client, user):
    """Sign in, and return what each request of the session carries."""
    client.force_login(user)
    cookies = {"sessionid": client.cookies["sessionid"].value, "csrftoken": TOKEN}
    return {"cookies": cookies, "headers": {"X-CSRFToken": TOKEN} | PLAIN}


def schema_of(described, application):
    """The description, asked of the real WSGI application."""
    schema = schemathesis.openapi.from_dict(described)
    schema.app = application
    return schema


OTHER_STATE = {
    "seat": "closed_seat",
    "case": "submitted_case",
    "done_run": "waiting_run",
    "done_simulation": "waiting_simulation",
    "archive_search": "waiting_search",
    "archive_pull": "failed_pull",
}


def with_real_ids(case, things, other_state=False):
    """Put ids of things that exist where the description asks for any id."""
    known = {"study": "seat", "patient_id": "patient", "node": "discordant", "index": 0}
    known |= {"cohort_id": "cohort", "cohort": "cohort", "upload_id": "upload", "version": 1}
    if "/discussions/" in case.path:
        known["node"] = "disputed"
    known |= {"case": "case", "labelling": "labelling", "dataset_id": "dataset"}
    known |= {"study_id": "closed_study", "run_id": "done_run"}
    known |= {"simulation_id": "done_simulation", "patient": "patient"}
    known |= {"search_id": "archive_search", "pull_id": "archive_pull"}
    known |= {"model_upload": "model_upload", "model_id": "scores_model", "arrival_id": "arrival"}
    known |= {"node_id": "fresh_node", "form": "nifti", "candidate_id": "candidate"}
    if "/candidate-runs/" in case.path:
        known["run_id"] = "candidate_run"
    known["signature"] = "reader_frames" if "/reading/" in case.path else "annotator_frames"
    known["public_id"] = "prediction_run" if "/runs/{public_id}" in case.path else "cohort"
    for name in case.path_parameters or {}:
        value = OTHER_STATE.get(known[name], known[name]) if other_state else known[name]
        case.path_parameters[name] = str(things.get(value, value))
    inside = {"node": "case_node", "shown_case": "case", "model": "unused_model"}
    if "labelling" in (case.path_parameters or {}):
        inside = {"node": "fresh_node", "shown_case": "labelling"}
    if isinstance(case.body, dict):
        case.body |= {key: str(things[inside[key]]) for key in case.body.keys() & inside.keys()}


def examples_of(operation, who):
    """The application is the same on PostgreSQL: a glance finds what only that database refuses."""
    at_home = operation.path.startswith(ROOMS[who]) and connection.vendor == "sqlite"
    return EXAMPLES if at_home else GLANCES


def ask(operation, examples, session, things, statuses, mode=GenerationMode.POSITIVE):
    @seed(SEED)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=operation.as_strategy(generation_mode=mode),
        ids=st.sampled_from(["real", "of another state", "made up"]),
    )
    def conforms(case, ids):
        if ids != "made up":
            with_real_ids(case, things, other_state=ids == "of another state")
        with scene.undone():
            answer = case.call(**session)
        statuses.append(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    conforms()


@pytest.mark.usefixtures("_one_transaction")
@pytest.mark.parametrize("who", ROOMS)
def test_the_application_conforms_to_its_description(db, client, stage, described, who):
    session, seen = session_of(client, stage.people[who]), {}
    for result in schema_of(described, stage.application).get_all_operations():
        operation = result.ok()
        statuses = seen.setdefault(operation.label, [])
        ask(operation, examples_of(operation, who), session, stage.things, statuses)
    everything = {status for statuses in seen.values() for status in statuses}
    # Real answers were checked, not only refusals.
    assert {200, 404} <= everything
    assert not everything & {401, 405, 415}
    assert sum(map(len, seen.values())) >= 150


@pytest.mark.usefixtures("_one_transaction")
@pytest.mark.parametrize("who", ROOMS)
def test_what_breaks_the_description_is_refused_and_breaks_nothing(
    db, client, stage, described, who
):
    session, statuses = session_of(client, stage.people[who]), []
    for result in schema_of(described, stage.application).get_all_operations():
        operation = result.ok()
        if operation.path_parameters or operation.body:
            asked = examples_of(operation, who)
            ask(operation, asked, session, stage.things, statuses, GenerationMode.NEGATIVE)
    assert not [status for status in statuses if status >= 500]
    assert {400, 404} <= set(statuses)


@pytest.mark.usefixtures("_one_transaction")
def test_a_wrong_description_would_be_seen(db, client, stage, described):
    """The same check against a description of what the application does not answer."""
    wrong = copy.deepcopy(described)
    wrong["components"]["schemas"]["ReaderNextCase"]["properties"]["case"] = {"type": "integer"}
    operation = schema_of(wrong, stage.application)["/api/v1/reading/studies/{study}/next/"]["GET"]
    session = session_of(client, stage.people["reader"])
    with pytest.raises(FailureGroup) as found:
        ask(operation, EXAMPLES, session, stage.things, [])
    assert 'is not of type "integer"' in str(found.value.exceptions[0].message)


def test_the_served_description_is_the_one_checked(db, client, stage, described):
    client.force_login(stage.people["reader"])
    served = client.get("/api/v1/schema/", headers={"accept": "application/vnd.oai.openapi"})
    assert yaml.safe_load(served.content) == described
