"""Who may see and do what; pages and API."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from cohorts.models import Cohort, CohortMember
from cohorts.vocabulary import CohortRole
from inference.models import Prediction, PredictionRun
from inference.services import cancel_run, request_predictions
from jobs.models import JobState
from tests.cases import store_case
from tests.people import join, person

SCORE = 3.140625
GOOD = "patient,node,score_metastasis,score_ene\nP001,1,0.5,-1\n"


@pytest.fixture
def run(people, cohort, version):
    store_case(cohort, "P001", nodes=2)
    run = request_predictions(by=people.coordinator, cohort=cohort, model_version=version)
    mask = run.items.first().mask
    Prediction.objects.create(
        model_version=version,
        node=mask.node,
        mask_digest=mask.digest,
        metastasis_score=SCORE,
        ene_score=SCORE,
        metastasis_probability=0.9,
        ene_probability=0.9,
        code_version="test",
    )
    other = Cohort.objects.create(name="Another")
    elsewhere = person("elsewhere")
    join(other, elsewhere, CohortRole.COORDINATOR)
    return run


def urls(run):
    return {
        "home": reverse("inference:home"),
        "model": reverse("inference:model", args=[run.model_version.public_id]),
        "cohort": reverse("inference:cohort", args=[run.cohort.public_id]),
        "import": reverse("inference:import", args=[run.cohort.public_id]),
        "scores": reverse(
            "inference:scores", args=[run.cohort.public_id, run.model_version.public_id]
        ),
        "run": reverse("inference:run", args=[run.public_id]),
        "progress": reverse("inference:run-progress", args=[run.public_id]),
        "api-models": reverse("inference_api:models"),
        "api-runs": reverse("inference_api:cohort-runs", args=[run.cohort.public_id]),
        "api-run": reverse("inference_api:run", args=[run.public_id]),
    }


GENERAL = {"home", "model", "api-models"}
OF_COHORT = {"cohort", "scores", "run", "progress", "api-runs", "api-run"}
OPEN_TO = {
    "coordinator": GENERAL | OF_COHORT | {"import"},
    "statistician": GENERAL | OF_COHORT,
    "elsewhere": GENERAL,
    "annotator_one": set(),
    "adjudicator": set(),
    "reader_one": set(),
    "outsider": set(),
}


@pytest.mark.parametrize("username", OPEN_TO)
def test_who_may_look(client, run, username):
    client.force_login(User.objects.get(username=username))
    answers = {name: client.get(url).status_code for name, url in urls(run).items()}
    expected = {name: 200 if name in OPEN_TO[username] else 404 for name in urls(run)}
    assert answers == expected


def test_nobody_looks_without_signing_in(client, run):
    for name, url in urls(run).items():
        assert client.get(url).status_code == (401 if name.startswith("api") else 302), name


def test_scores_are_shown_to_those_who_run_the_cohort_only(client, run, people):
    client.force_login(people.statistician)
    assert f"{SCORE:.4f}" in client.get(urls(run)["scores"]).content.decode()
    for other in ("home", "model", "cohort", "run", "progress", "api-runs", "api-run"):
        assert "3.14" not in client.get(urls(run)[other]).content.decode(), other


def test_a_coordinator_who_also_annotates_runs_the_cohort_but_sees_no_score(client, run, people):
    join(run.cohort, people.coordinator, CohortRole.ANNOTATOR)
    client.force_login(people.coordinator)
    assert client.get(urls(run)["scores"]).status_code == 404
    page = client.get(urls(run)["cohort"])
    assert urls(run)["scores"] not in page.content.decode()
    assert "not shown to you" in page.content.decode()


@pytest.mark.parametrize(
    ("who", "status"),
    [("coordinator", 302), ("statistician", 403), ("annotator_one", 404), ("outsider", 404)],
)
def test_who_may_request_and_cancel_on_the_pages(client, run, people, who, status):
    cancel_run(by=people.coordinator, run=run)
    client.force_login(getattr(people, who))
    asked = client.post(urls(run)["cohort"], {"model": run.model_version.public_id})
    assert asked.status_code == status
    assert PredictionRun.objects.count() == (2 if status == 302 else 1)
    newest = PredictionRun.objects.latest("pk")
    cancelled = client.post(reverse("inference:cancel-run", args=[newest.public_id]))
    assert cancelled.status_code == status


def test_a_refused_request_says_why_on_the_page(client, run, people):
    client.force_login(people.coordinator)
    answer = client.post(urls(run)["cohort"], {"model": run.model_version.public_id})
    assert answer.status_code == 422
    assert "requested already" in answer.content.decode()
    answer = client.post(urls(run)["cohort"], {"model": uuid.uuid4()})
    assert answer.status_code == 422


def test_the_pages_label_untrained_and_incomplete_models(client, run, people):
    client.force_login(people.coordinator)
    for name in ("home", "model"):
        page = client.get(urls(run)[name]).content.decode()
        assert "Untrained – not for conclusions" in page, name
        assert "2 of 25 members" in page, name
    for name in ("cohort", "run", "scores"):
        page = client.get(urls(run)[name]).content.decode()
        assert "Untrained – not for conclusions" in page, name


def test_progress_polls_until_the_run_is_over(client, run, people):
    client.force_login(people.coordinator)
    live = client.get(urls(run)["progress"])
    assert 'hx-trigger="every 1s"' in live.content.decode()
    assert "HX-Refresh" not in live
    PredictionRun.objects.filter(pk=run.pk).update(state=JobState.DONE)
    over = client.get(urls(run)["progress"])
    assert "hx-trigger" not in over.content.decode()
    assert over["HX-Refresh"] == "true"


def upload(text):
    content = text if isinstance(text, bytes) else text.encode()
    return SimpleUploadedFile("scores.csv", content, "text/csv")


def test_scores_are_checked_and_then_imported(client, run, people):
    client.force_login(people.coordinator)
    checked = client.post(urls(run)["import"], {"name": "Other AI", "file": upload(GOOD)})
    assert checked.status_code == 200
    assert "1 of 2 nodes have no row" in checked.content.decode()
    assert Prediction.objects.count() == 1
    text = checked.context["checked_text"]
    done = client.post(urls(run)["import"], {"name": "Other AI", "text": text, "import": "1"})
    assert done.status_code == 302
    assert Prediction.objects.filter(model_version__name="Other AI").count() == 1


@pytest.mark.parametrize(
    ("content", "status", "word"),
    [
        (GOOD.replace("P001", "P<b>"), 200, "P&lt;b&gt;"),
        ("nonsense", 200, "is missing"),
        (b"\xff\xfe\x00", 422, "UTF-8"),
        (b"x" * 2_000_001, 422, "import_predictions"),
    ],
)
def test_a_bad_file_is_answered_with_sentences(client, run, people, content, status, word):
    client.force_login(people.coordinator)
    answer = client.post(urls(run)["import"], {"name": "Other AI", "file": upload(content)})
    assert answer.status_code == status
    assert word in answer.content.decode()
    assert Prediction.objects.count() == 1


def test_an_import_without_a_file_is_refused(client, run, people):
    client.force_login(people.coordinator)
    answer = client.post(urls(run)["import"], {"name": "Other AI"})
    assert answer.status_code == 422
    assert "Choose a CSV file" in answer.content.decode()


RUN_KEYS = {
    "id",
    "cohort",
    "model",
    "state",
    "cancel_requested",
    "nodes",
    "waiting",
    "done",
    "parked",
    "note",
    "error",
    "requested_at",
    "started_at",
    "finished_at",
    "provenance",
    "members",
    "expected_members",
}


def test_the_api_requests_reads_and_cancels(client, run, people):
    client.force_login(people.coordinator)
    cancel_run(by=people.coordinator, run=run)
    body = {"model": str(run.model_version.public_id)}
    made = client.post(urls(run)["api-runs"], body, content_type="application/json")
    assert made.status_code == 201
    answer = made.json()
    assert set(answer) == RUN_KEYS
    assert (answer["state"], answer["nodes"], answer["waiting"]) == ("requested", 1, 1)
    listed = client.get(urls(run)["api-runs"]).json()
    assert [entry["id"] for entry in listed] == [answer["id"], str(run.public_id)]
    cancel = reverse("inference_api:cancel-run", args=[answer["id"]])
    assert client.post(cancel).json()["cancel_requested"] is True
    PredictionRun.objects.filter(public_id=answer["id"]).update(state=JobState.CANCELLED)
    late = client.post(cancel)
    assert late.status_code == 409
    assert late.json()["current"] == {"state": "cancelled"}


def test_the_api_refuses_with_the_one_error_shape(client, run, people):
    client.force_login(people.coordinator)
    send = {"content_type": "application/json"}
    nothing = client.post(urls(run)["api-runs"], {}, **send)
    assert (nothing.status_code, set(nothing.json())) == (400, {"code", "message", "fields"})
    unknown = client.post(urls(run)["api-runs"], {"model": str(uuid.uuid4())}, **send)
    assert unknown.status_code == 404
    twice = client.post(urls(run)["api-runs"], {"model": str(run.model_version.public_id)}, **send)
    assert (twice.status_code, twice.json()["code"]) == (422, "nothing_missing")
    client.force_login(people.statistician)
    barred = client.post(urls(run)["api-runs"], {"model": str(run.model_version.public_id)}, **send)
    assert barred.status_code == 403


def test_the_api_lists_models_without_scores(client, run, people):
    client.force_login(people.coordinator)
    (entry,) = client.get(urls(run)["api-models"]).json()
    assert set(entry) == {
        "id",
        "name",
        "architecture",
        "provenance",
        "members",
        "expected_members",
        "digest",
        "registered_at",
    }
    assert (entry["members"], entry["expected_members"]) == (2, 25)


@pytest.mark.parametrize("name", ["home", "cohort", "run", "scores"])
def test_queries_do_not_grow_with_the_data(client, run, people, name, version):
    client.force_login(people.coordinator)

    def queries():
        with CaptureQueriesContext(connection) as caught:
            assert client.get(urls(run)[name]).status_code == 200
        return len(caught)

    few = queries()
    for number in range(2, 6):
        store_case(run.cohort, f"P{number:03}", nodes=3)
        request_predictions(by=people.coordinator, cohort=run.cohort, model_version=version)
    run.items.update(state="parked", error="Test.")
    assert queries() <= few + 1


def test_someone_who_may_create_cohorts_finds_an_empty_home(client, db):
    client.force_login(person("newcomer", may_create_cohorts=True))
    page = client.get(reverse("inference:home"))
    assert page.status_code == 200
    assert "No model is registered yet" in page.content.decode()
    assert not CohortMember.objects.exists()
