"""Planning: simulations through the worker, who sees them, pages, files, refusals."""

import csv
import io
import json

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.urls import reverse

from accounts.errors import Conflict
from accounts.models import AuditEvent
from cohorts.vocabulary import CohortRole
from jobs import leases, reconcile
from jobs.models import JobState
from readerstudy.analysis.models import PowerSimulation
from readerstudy.analysis.planning import pipeline, selectors, services
from readerstudy.analysis.planning.closed_form_inputs import CLOSED_FORMS
from readerstudy.statistics import power_simulation
from tests.people import join, person

SMALL = {"patients": 12, "replicates": 100, "readers": 2, "seed": 3}


@pytest.fixture
def planner(people):
    return people.statistician


@pytest.fixture
def simulation(planner):
    return services.request_simulation(by=planner, given=SMALL)


def done(simulation):
    pipeline.run_power_simulation(simulation.pk)
    simulation.refresh_from_db()
    return simulation


def test_the_worker_stores_what_the_library_computes(planner, simulation):
    found = selectors.results_of(done(simulation))
    assert simulation.state == JobState.DONE
    assert simulation.percent == 100
    assert simulation.results_digest == simulation.results_key
    assert [scenario["name"] for scenario in found["scenarios"]] == ["planned", "null"]
    study = pipeline.study_of(simulation.inputs)
    outcomes = power_simulation.replicate(study, seed=3, start=0, stop=100)
    expected = power_simulation.summarise_tests(study, outcomes)
    stored = found["scenarios"][0]["tests"]
    assert [row["significant"]["numerator"] for row in stored] == [
        test.significant.numerator for test in expected
    ]
    assert [row["bias"] for row in stored] == [test.bias for test in expected]
    null = found["scenarios"][1]["tests"][-3]
    assert null["name"] == "mean_clustered"
    assert null["expected"] == pytest.approx(0)


def test_a_killed_worker_leaves_the_same_bytes(planner, simulation, monkeypatch):
    first = done(simulation).results_digest
    again = services.request_simulation(by=planner, given=SMALL)
    # A worker that is lost in the middle: its lease has run out.
    assert leases.claim(PowerSimulation, again.pk, owner="lost") is not None
    PowerSimulation.objects.filter(pk=again.pk).update(lease_until="2020-01-01T00:00Z")
    # Other chunks, too.
    monkeypatch.setattr(pipeline, "CHUNK", 7)
    assert done(again).results_digest == first
    assert again.attempts == 2
    other = services.request_simulation(by=planner, given=SMALL | {"seed": 4})
    assert done(other).results_digest != first


def test_a_lost_job_is_taken_up_again(planner, simulation):
    # Nothing is in the queue: the transaction of this test is never committed.
    assert reconcile.run_once() == 1
    done(simulation)
    assert reconcile.run_once() == 0


def test_cancelling_ends_it(planner, simulation):
    services.cancel_simulation(by=planner, simulation=simulation)
    assert done(simulation).state == JobState.CANCELLED
    assert simulation.results_key == ""
    with pytest.raises(Conflict, match="over"):
        services.cancel_simulation(by=planner, simulation=simulation)


def test_cancelling_a_running_one_ends_it_at_the_next_chunk(planner, simulation, monkeypatch):
    seen = []

    def cancels(*args, **kwargs):
        seen.append(kwargs["start"])
        services.cancel_simulation(by=planner, simulation=simulation)
        return power_simulation.replicate(*args, **kwargs)

    monkeypatch.setattr(pipeline, "replicate", cancels)
    assert done(simulation).state == JobState.CANCELLED
    assert seen == [0]
    assert simulation.results_key == ""


def test_only_those_who_plan_may_and_each_sees_their_own(people, simulation):
    assert selectors.simulation_for(people.statistician, simulation.public_id) == simulation
    assert not selectors.simulations_for(people.coordinator).exists()
    with pytest.raises(Http404):
        selectors.simulation_for(people.coordinator, simulation.public_id)
    with pytest.raises(PermissionDenied):
        services.cancel_simulation(by=people.coordinator, simulation=simulation)
    for outsider in (people.annotator_one, people.adjudicator, people.reader_one):
        with pytest.raises(Http404):
            selectors.simulations_for(outsider)
        with pytest.raises(PermissionDenied):
            services.request_simulation(by=outsider, given=SMALL)


def test_requests_are_audited_and_limited(planner, simulation):
    assert AuditEvent.objects.filter(verb="request_simulation", actor=planner).count() == 1
    for _ in range(2):
        services.request_simulation(by=planner, given=SMALL)
    with pytest.raises(ValidationError, match="waiting or running"):
        services.request_simulation(by=planner, given=SMALL)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("patients", {"patients": 1}),
        ("readers", {"readers": 21}),
        ("replicates", {"replicates": 99}),
        ("replicates", {"patients": 2000, "replicates": 10_000}),
        ("nodes_per_patient", {"patients": 5000, "nodes_per_patient": 50.0}),
        ("seed", {"seed": -1}),
        ("dispersion", {"dispersion": 11.0}),
        ("reader_spread", {"reader_spread": float("nan")}),
        ("reader_view", {"reader_view": "colour"}),
        ("hypothesis", {"hypothesis": "hope"}),
        ("sensitivity", {"sensitivity": [0.3, 0.4, 0.5]}),
        ("sensitivity", {"sensitivity": [1.2]}),
        ("sensitivity", {"reader_view": "ordinal", "lenient_sensitivity": [0.2]}),
        ("reader_auc", {"reader_view": "confidence", "reader_auc": [0.0]}),
        ("model_auc", {"model_auc": 1.0}),
        ("patients_positive", {"patients_positive": 0.01}),
        ("model_correlation", {"model_correlation": 0.95}),
        ("alpha", {"alpha": 0.0}),
        ("margin", {"hypothesis": "non_inferiority"}),
        ("margin", {"hypothesis": "non_inferiority", "margin": 0.9}),
        ("colour", {"colour": 1}),
    ],
)
def test_a_refusal_names_the_input(planner, field, changes):
    with pytest.raises(ValidationError, match=field) as refusal:
        services.request_simulation(by=planner, given=SMALL | changes)
    assert list(refusal.value.message_dict) == [field]
    assert not PowerSimulation.objects.exists()


def test_inputs_that_do_not_count_are_left_out(planner):
    given = SMALL | {"margin": 0.05, "reader_auc": [0.7], "lenient_sensitivity": [0.9]}
    inputs = services.request_simulation(by=planner, given=given).inputs
    assert not {"margin", "reader_auc", "lenient_sensitivity"} & set(inputs)
    assert inputs == services.request_simulation(by=planner, given=SMALL).inputs


@pytest.mark.parametrize("method", CLOSED_FORMS)
def test_each_formula_answers_from_its_address(client, planner, method):
    client.force_login(planner)
    page = client.get(reverse("analysis:planning"), {"method": method})
    assert page.status_code == 200
    answer = page.context["answer"]
    assert answer is not None
    assert answer.sentences[0] in page.text.replace("&#x27;", "'")
    assert bool(answer.curve) == ("<svg" in page.text.split("<main")[1])


def test_the_formulas_answer_what_is_published(client, planner):
    client.force_login(planner)

    def answer(**query):
        return client.get(reverse("analysis:planning"), query).context["answer"]

    # Buderer 1996: 35 with disease, 173 in all.
    found = answer(
        method="proportion",
        expected=0.9,
        half_width=0.1,
        class_share=0.2,
        icc=0,
        nodes_per_patient=1,
    )
    assert found.sentences[0] == "35 nodes of the class: about 173 nodes, in 173 patients."
    found = answer(
        method="paired-proportions", first_only=0.2, second_only=0.1, inflation=1, pairs=234
    )
    assert found.sentences[1] == "A power of 0.8 needs 234 nodes of the class."
    found = answer(method="clustering", nodes=140, nodes_per_patient=5, icc=0.1)
    assert found.sentences[0] == ("Design effect 1.40: 140 nodes are worth 100 independent ones.")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"method": "areas", "first": "1.5"}, "first"),
        ({"method": "areas", "patients": "many"}, "patients"),
        ({"method": "paired-proportions", "pairs": "0"}, "pairs"),
        ({"method": "agreement", "readers": ""}, "readers"),
    ],
)
def test_a_wrong_input_is_marked_and_gives_no_answer(client, planner, query, field):
    client.force_login(planner)
    page = client.get(reverse("analysis:planning"), query)
    assert page.context["answer"] is None
    assert page.context["form"].errors[field]
    assert "No answer" in page.text


def test_inputs_that_contradict_each_other_are_told(client, planner):
    client.force_login(planner)
    query = {"method": "paired-proportions", "first_only": "0.2", "second_only": "0.2"}
    page = client.get(reverse("analysis:planning"), query)
    assert "different shares" in page.text
    unknown = client.get(reverse("analysis:planning"), {"method": "<b>"})
    assert unknown.context["method"] == "areas"
    equal = {"method": "areas", "first": "0.7", "second": "0.7"}
    assert "No number of patients" in client.get(reverse("analysis:planning"), equal).text


def test_the_pages_of_a_simulation(client, planner):
    client.force_login(planner)
    form = client.get(reverse("analysis:planning-simulate"), {"patients": 33})
    assert 'value="33"' in form.text
    sent = {**{name: str(value) for name, value in SMALL.items()}, "sensitivity": "0.3, 0.4"}
    moved = client.post(reverse("analysis:planning-simulate"), sent)
    simulation = PowerSimulation.objects.get()
    assert moved.url == reverse("analysis:planning-run", args=[simulation.public_id])
    assert simulation.inputs["sensitivity"] == [0.3, 0.4]
    assert simulation.inputs["check_error"] is False
    assert "Waiting" in client.get(moved.url).text
    progress = reverse("analysis:planning-progress", args=[simulation.public_id])
    assert "HX-Refresh" not in client.get(progress)
    for name in ("results.csv", "results.json"):
        url = reverse("analysis:planning-download", args=[simulation.public_id, name])
        assert client.get(url).status_code == 404
    done(simulation)
    assert client.get(progress)["HX-Refresh"] == "true"
    page = client.get(moved.url)
    assert "Reader mean, random readers" in page.text
    assert "Without an effect" not in page.text
    again = reverse("analysis:planning-change", args=[simulation.public_id])
    assert 'value="0.3, 0.4"' in client.get(again).text
    assert moved.url in client.get(reverse("analysis:planning")).text


def test_a_refused_simulation_marks_the_input(client, planner):
    client.force_login(planner)
    for sent, words in (
        ({"patients_positive": "0.01"}, "patients_positive must lie"),
        ({"sensitivity": "high"}, "Write one number"),
        ({"patients": "1"}, "Patients must be a whole number from 2 to 5,000."),
    ):
        answer = client.post(reverse("analysis:planning-simulate"), sent)
        assert answer.status_code == 422
        assert words in answer.text
        assert list(answer.context["form"].errors) == list(sent)
    assert not PowerSimulation.objects.exists()


def test_the_files_hold_the_stored_numbers(client, planner, simulation):
    client.force_login(planner)
    done(simulation)
    url = reverse("analysis:planning-download", args=[simulation.public_id, "results.json"])
    assert client.get(url).content == selectors.results_bytes(simulation)
    stored = json.loads(client.get(url).content)
    url = reverse("analysis:planning-download", args=[simulation.public_id, "results.csv"])
    answer = client.get(url)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    power = next(
        row
        for row in rows
        if (row["scenario"], row["name"], row["quantity"])
        == ("planned", "mean_clustered", "significant")
    )
    expected = stored["scenarios"][0]["tests"][-3]["significant"]
    assert int(power["numerator"]) == expected["numerator"]
    assert float(power["lower"]) == expected["lower"]
    assert answer["Content-Disposition"].startswith("attachment")
    other = reverse("analysis:planning-download", args=[simulation.public_id, "other.csv"])
    assert client.get(other).status_code == 404


def test_the_api_asks_follows_cancels_and_fetches(client, planner):
    client.force_login(planner)
    url = reverse("analysis_api:planning")
    asked = client.post(url, SMALL | {"check_error": False}, content_type="application/json")
    assert asked.status_code == 201
    key = asked.json()["simulation"]
    assert client.get(url).json()[0]["simulation"] == key
    results = reverse("analysis_api:planning-results", args=[key])
    assert client.get(results).status_code == 404
    simulation = done(PowerSimulation.objects.get())
    assert client.get(reverse("analysis_api:planning-run", args=[key])).json()["percent"] == 100
    assert client.get(results).json() == selectors.results_of(simulation)
    cancel = client.post(reverse("analysis_api:planning-cancel", args=[key]))
    assert cancel.status_code == 409
    refused = client.post(url, SMALL | {"patients": 1}, content_type="application/json")
    assert refused.status_code == 422
    assert list(refused.json()["fields"]) == ["patients"]
    unclear = client.post(url, {"patients": "many"}, content_type="application/json")
    assert unclear.status_code == 400


def test_somebody_who_lost_the_role_sees_nothing(cohort, simulation, people):
    newcomer = person("newcomer")
    join(cohort, newcomer, CohortRole.COORDINATOR)
    found = services.request_simulation(by=newcomer, given=SMALL)
    cohort.members.filter(user=newcomer).delete()
    with pytest.raises(Http404):
        selectors.simulation_for(newcomer, found.public_id)
