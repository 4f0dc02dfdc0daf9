"""Who may open what: person, address, answer; and what one annotator learns of the other."""

import io
import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation import services
from tests.annotation.conftest import label_all, save
from tests.cases import store_case

PEOPLE = (
    "annotator_one",
    "annotator_two",
    "adjudicator",
    "coordinator",
    "statistician",
    "reader_one",
    "outsider",
)
GET = {
    "/annotation/": (200, 200, 200, 200, 200, 200, 200),
    "/annotation/patients/{patient}/": (200, 200, 404, 404, 404, 404, 404),
    "/annotation/cohorts/{cohort}/import/": (200, 200, 404, 404, 404, 404, 404),
    "/annotation/adjudication/": (200, 200, 200, 200, 200, 200, 200),
    "/annotation/adjudication/{node}/": (404, 404, 200, 404, 404, 404, 404),
    "/annotation/release/": (200, 200, 200, 200, 200, 200, 200),
    "/annotation/cohorts/{cohort}/release/": (404, 404, 404, 200, 404, 404, 404),
    "/annotation/cohorts/{cohort}/reference-standard/1.json": (404, 404, 404, 200, 200, 404, 404),
    "/annotation/cohorts/{cohort}/reference-standard/1.csv": (404, 404, 404, 200, 200, 404, 404),
    "/api/v1/annotation/labellings/{labelling}/": (200, 404, 404, 404, 404, 404, 404),
    "/api/v1/annotation/cohorts/{cohort}/disagreements/": (404, 404, 200, 404, 404, 404, 404),
    "/api/v1/annotation/adjudications/{node}/": (404, 404, 200, 404, 404, 404, 404),
    "/api/v1/annotation/cohorts/{cohort}/reference-standards/": (
        404, 404, 404, 200, 200, 404, 404,
    ),
    "/api/v1/annotation/cohorts/{cohort}/reference-standards/1/": (
        404, 404, 404, 200, 200, 404, 404,
    ),
}  # fmt: skip
POST = {
    "/annotation/patients/{patient}/start/": (302, 302, 404, 404, 404, 404, 404),
    "/annotation/cohorts/{cohort}/import/": (422, 422, 404, 404, 404, 404, 404),
    "/annotation/adjudication/{node}/": (404, 404, 422, 404, 404, 404, 404),
    "/annotation/cohorts/{cohort}/release/": (404, 404, 404, 302, 404, 404, 404),
    "/api/v1/annotation/labellings/{labelling}/labels/": (400, 404, 404, 404, 404, 404, 404),
    "/api/v1/annotation/labellings/{labelling}/submit/": (400, 404, 404, 404, 404, 404, 404),
    "/api/v1/annotation/adjudications/{node}/": (404, 404, 400, 404, 404, 404, 404),
    "/api/v1/annotation/cohorts/{cohort}/reference-standards/": (
        404, 404, 404, 422, 404, 404, 404,
    ),
}  # fmt: skip


@pytest.fixture
def address(released, cohort, discordant, people):
    """Fills a route with real identifiers."""
    own = services.start_labelling(by=people.annotator_one, patient=discordant.patient)
    return {
        "cohort": cohort.public_id,
        "patient": discordant.patient.public_id,
        "node": discordant.public_id,
        "labelling": own.public_id,
    }


@pytest.mark.parametrize(("route", "answers"), GET.items(), ids=GET)
def test_who_may_look(client, people, address, route, answers):
    found = []
    for who in PEOPLE:
        client.force_login(getattr(people, who))
        found.append(client.get(route.format(**address)).status_code)
    assert dict(zip(PEOPLE, found, strict=True)) == dict(zip(PEOPLE, answers, strict=True))


@pytest.mark.parametrize(("route", "answers"), POST.items(), ids=POST)
def test_who_may_act(client, people, address, route, answers):
    found = []
    for who in PEOPLE:
        client.force_login(getattr(people, who))
        form = {"content_type": "application/json"} if route.startswith("/api/") else {}
        found.append(client.post(route.format(**address), {}, **form).status_code)
    assert dict(zip(PEOPLE, found, strict=True)) == dict(zip(PEOPLE, answers, strict=True))


@pytest.mark.parametrize("route", [*GET, *POST])
def test_nobody_comes_in_without_signing_in(client, address, route):
    answer = client.get(route.format(**address))
    if route.startswith("/api/"):
        assert answer.status_code == 401
    else:
        assert answer.status_code == 302
        assert answer.url.startswith("/account/login/")


@pytest.mark.parametrize("route", [r for r in GET if "{" in r])
def test_what_does_not_exist_is_404(client, people, address, route):
    nothing = {name: uuid.uuid4() for name in address}
    for who in ("annotator_one", "adjudicator", "coordinator", "statistician"):
        client.force_login(getattr(people, who))
        assert client.get(route.format(**nothing)).status_code == 404


def _seen_by_annotator_one(client, people, patients, cohort):
    client.force_login(people.annotator_one)
    own = services.start_labelling(by=people.annotator_one, patient=patients[0])
    urls = [
        "/",
        "/annotation/",
        "/annotation/adjudication/",
        "/annotation/release/",
        *[f"/annotation/patients/{patient.public_id}/" for patient in patients],
        f"/annotation/cohorts/{cohort.public_id}/import/",
        f"/annotation/cohorts/{cohort.public_id}/release/",
        f"/api/v1/annotation/labellings/{own.public_id}/",
        f"/api/v1/annotation/cohorts/{cohort.public_id}/disagreements/",
        f"/api/v1/cohorts/patients/{patients[0].public_id}/case/",
    ]
    pages = [(url, client.get(url)) for url in urls]
    return {url: (page.status_code, _without_token(page.content)) for url, page in pages}


def _without_token(content):
    """CSRF tokens are fresh in every answer and say nothing."""
    text = re.sub(rb'(csrfmiddlewaretoken" value=|X-CSRFToken": )"[^"]+"', rb"\1", content)
    return re.sub(rb"X-CSRFToken&quot;: &quot;[^&]+&quot;", b"", text)


def test_annotator_one_gets_the_same_bytes_whatever_annotator_two_did(
    client, people, patients, cohort, labelling
):
    save(labelling, 1, 0, comment="mine")
    before = _seen_by_annotator_one(client, people, patients, cohort)
    label_all(people.annotator_two, patients[0], [2, 1])
    label_all(people.annotator_two, patients[1], [9])
    assert _seen_by_annotator_one(client, people, patients, cohort) == before
    assert before["/annotation/"][0] == 200


def test_refusals_too_are_the_same_whatever_annotator_two_did(client, people, patients, labelling):
    client.force_login(people.annotator_one)
    url = f"/api/v1/annotation/labellings/{labelling.public_id}/submit/"

    def refusal():
        return client.post(url, {"base_version": 0}, content_type="application/json").content

    before = refusal()
    label_all(people.annotator_two, patients[0], [2, 1])
    assert refusal() == before


def test_a_release_tells_annotators_nothing(client, people, patients, cohort, decided):
    before = _seen_by_annotator_one(client, people, patients, cohort)
    services.release_reference_standard(by=people.coordinator, cohort=cohort)
    assert _seen_by_annotator_one(client, people, patients, cohort) == before


def test_the_adjudicators_pages_name_no_annotator(client, people, discordant):
    client.force_login(people.adjudicator)
    for url in ("/annotation/adjudication/", f"/annotation/adjudication/{discordant.public_id}/"):
        page = client.get(url).content.decode()
        assert "Annotator A" in page
        assert "annotator_one" not in page
        assert "annotator_two" not in page


def test_the_adjudicators_list_holds_only_disagreements(client, people, discordant):
    client.force_login(people.adjudicator)
    page = client.get("/annotation/adjudication/").content.decode()
    assert page.count("Decide<") == 1
    assert "P002" not in page


def test_only_the_coordinator_finds_cohorts_to_release(client, people, cohort, discordant):
    for who in PEOPLE:
        client.force_login(getattr(people, who))
        page = client.get("/annotation/release/").content.decode()
        assert (cohort.name in page) == (who == "coordinator")


def test_the_release_page_shows_no_label(client, people, cohort, discordant):
    client.force_login(people.coordinator)
    page = client.get(f"/annotation/cohorts/{cohort.public_id}/release/").content.decode()
    for name in ("Benign", "Metastasis", "Not determinable"):
        assert name not in page
    assert "disagree and no adjudicator has decided: P001" in page


def test_the_import_page_lists_errors_and_saves_on_import_only(client, people, cohort, patients):
    client.force_login(people.annotator_one)
    url = f"/annotation/cohorts/{cohort.public_id}/import/"

    def send(text, button):
        upload = io.BytesIO(text.encode())
        upload.name = "labels.csv"
        return client.post(url, {"csv_file": upload, button: "yes"})

    bad = send("patient,node,label\nP001,1,<b>\n", "check")
    assert bad.status_code == 422
    assert "&lt;b&gt;" in bad.content.decode()
    good = "patient,node,label\nP001,1,1\n"
    assert "Nothing is saved yet" in send(good, "check").content.decode()
    assert "1 new" in send(good, "check").content.decode()
    assert "Saved." in send(good, "import").content.decode()
    assert "1 unchanged" in send(good, "check").content.decode()


def test_a_decision_on_the_page_goes_on_to_what_is_left(client, people, discordant):
    client.force_login(people.adjudicator)
    url = f"/annotation/adjudication/{discordant.public_id}/"
    bad = client.post(url, {"label": "1", "reason": "", "base_version": "0"})
    assert bad.status_code == 422
    assert "a decision needs a reason" in bad.content.decode()
    told = {"label": "1", "reason": "Fat plane lost.", "base_version": "0"}
    assert client.post(url, told).url == "/annotation/adjudication/"
    stale = client.post(url, told)
    assert stale.status_code == 422
    assert "you have seen 0" in stale.content.decode()


def test_a_release_needs_the_tick(client, people, cohort, decided):
    client.force_login(people.coordinator)
    url = f"/annotation/cohorts/{cohort.public_id}/release/"
    page = client.post(url, follow=True).content.decode()
    assert "Tick the box" in page
    page = client.post(url, {"confirmed": "yes"}, follow=True).content.decode()
    assert "Version 1 is released." in page


def test_downloads_are_files(client, people, cohort, released):
    client.force_login(people.statistician)
    base = f"/annotation/cohorts/{cohort.public_id}/reference-standard/1"
    as_json, as_csv = client.get(f"{base}.json"), client.get(f"{base}.csv")
    assert as_json.json()["content"] == released.content
    assert as_csv["Content-Disposition"] == 'attachment; filename="reference-standard-v1.csv"'
    assert as_csv.content.decode().splitlines()[1].startswith("P001,1,")


@pytest.mark.parametrize(
    ("who", "url"),
    [
        ("annotator_one", "/annotation/"),
        ("adjudicator", "/annotation/adjudication/"),
        ("coordinator", "/annotation/release/"),
        ("coordinator", "/annotation/cohorts/{cohort}/release/"),
    ],
)
def test_lists_ask_the_database_no_more_often_for_more_patients(
    client, people, cohort, discordant, who, url
):
    client.force_login(getattr(people, who))

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as captured:
            client.get(url.format(cohort=cohort.public_id))
        return len(captured)

    queries()
    before = queries()
    for number in range(3):
        patient = store_case(cohort, f"Q{number:03}", nodes=2)
        label_all(people.annotator_one, patient, [0, 1])
        label_all(people.annotator_two, patient, [1, 2])
    assert queries() == before
