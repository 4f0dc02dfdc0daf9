"""Explanations from request to map: worker, permissions, list, summary, bytes."""

import hashlib
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.http import Http404
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from cohorts.models import NodeMask
from cohorts.selectors import current_masks_in
from cohorts.vocabulary import CohortRole
from inference.models import AttributionItem, AttributionMap, AttributionRun, Prediction
from inference.pipeline.explanations import run_attributions
from inference.pipeline.predictions import run_predictions
from inference.selectors import explanations as selectors
from inference.services import request_predictions
from inference.services.explaining import cancel_attribution_run, request_attributions
from jobs.models import JobState
from tests.attribution_cases import LOWERS, RAISES, store_map
from tests.cases import SHAPE, store_case
from tests.inference.conftest import record_version
from tests.people import join


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def explained(people, cohort, version):
    """Two nodes, and a request for both."""
    store_case(cohort, "P001", nodes=2)
    return request_attributions(by=people.statistician, cohort=cohort, model_version=version)


def test_the_worker_stores_one_complete_map_per_node(explained, people, cohort, version):
    run_attributions(explained.pk)
    explained.refresh_from_db()
    assert (explained.state, explained.progress_done) == (JobState.DONE, 2)
    assert explained.progress_note == "2 of 2 nodes explained"
    run = request_predictions(by=people.coordinator, cohort=cohort, model_version=version)
    run_predictions(run.pk)
    for found in AttributionMap.objects.all():
        values = selectors.attribution_values(found)
        assert found.completeness_error <= 0.05
        assert values.sum(dtype=np.float64) == pytest.approx(found.attribution_sum, rel=1e-5)
        difference = found.ene_score - found.baseline_score
        allowed = 0.05 * max(abs(difference), 0.1)
        assert abs(found.attribution_sum - difference) <= allowed
        # The plain network's score is that of the prediction path.
        predicted = Prediction.objects.get(mask_digest=found.mask_digest)
        assert found.ene_score == pytest.approx(predicted.ene_score, rel=1e-4, abs=1e-4)
        start, stop = found.box
        assert min(start) >= 0
        assert all(a <= b for a, b in zip(stop, SHAPE, strict=True))
        assert 0 < found.shell_volume_fraction <= 1
    assert AttributionMap.objects.values("mask_digest").distinct().count() == 2

    with pytest.raises(ValidationError) as refusal:
        request_attributions(by=people.statistician, cohort=cohort, model_version=version)
    assert refusal.value.code == "nothing_missing"


def test_patients_the_model_learnt_from_are_not_explained(people, cohort, version):
    """Two patients; one has out-of-fold scores, and so was trained on."""
    learnt = store_case(cohort, "P001", nodes=1)
    store_case(cohort, "P002", nodes=1)
    mask = NodeMask.objects.get(node__patient=learnt)
    Prediction.objects.create(
        model_version=version,
        node=mask.node,
        mask_digest=mask.digest,
        origin="out_of_fold",
        metastasis_score=0.0,
        ene_score=0.0,
        code_version="test",
    )
    run = request_attributions(by=people.statistician, cohort=cohort, model_version=version)
    assert [item.node.patient.pseudonym for item in run.items.all()] == ["P002"]
    only_learnt = [mask.node.public_id]
    with pytest.raises(ValidationError) as refusal:
        request_attributions(
            by=people.statistician, cohort=cohort, model_version=version, nodes=only_learnt
        )
    assert "trained on" in str(refusal.value)


def test_a_map_that_is_there_is_not_computed_again(explained, version):
    masks = [item.mask for item in explained.items.all()]
    kept = [store_map(mask, version) for mask in masks]
    run_attributions(explained.pk)
    assert list(AttributionMap.objects.order_by("pk")) == kept
    explained.refresh_from_db()
    assert explained.state == JobState.DONE


def test_a_node_that_cannot_be_prepared_is_parked_and_the_rest_goes_on(explained, version):
    first, second = explained.items.order_by("pk")
    store_map(second.mask, version)
    series = first.mask.node.patient.series
    series.geometry["spacing_zyx_mm"] = [30.0, 0.8, 0.8]
    series.save()
    run_attributions(explained.pk)
    explained.refresh_from_db()
    first.refresh_from_db()
    assert (explained.state, first.state, first.attempts) == (JobState.DONE, "parked", 1)
    assert "30.0 mm" in first.error
    assert explained.progress_note == "1 of 2 nodes explained, 1 parked"


def test_a_lost_blob_is_tried_three_times_and_parked(explained, version):
    first, second = explained.items.order_by("pk")
    store_map(second.mask, version)
    NodeMask.objects.filter(pk=first.mask_id).update(runs_key="0" * 64)
    run_attributions(explained.pk)
    first.refresh_from_db()
    assert (first.state, first.attempts) == ("parked", 3)
    assert "blob of this node is missing" in first.error


def test_a_node_at_which_workers_die_is_parked(explained, version):
    first, second = explained.items.order_by("pk")
    store_map(second.mask, version)
    AttributionItem.objects.filter(pk=first.pk).update(attempts=3)
    run_attributions(explained.pk)
    first.refresh_from_db()
    assert "lost 3 times" in first.error


def test_a_model_without_members_ends_the_run_with_a_sentence(people, cohort):
    store_case(cohort, "P001", nodes=1)
    empty = record_version("Empty", [])
    run = request_attributions(by=people.coordinator, cohort=cohort, model_version=empty)
    run_attributions(run.pk)
    run.refresh_from_db()
    assert (run.state, "no members" in run.error) == (JobState.FAILED, True)


@contextmanager
def before_the_map(action):
    """Do something just before the first map is written, as another process would."""
    done = []

    def wrapper(execute, sql, params, many, context):
        if '"inference_attributionitem" SET "state"' in sql and not done:
            done.append(sql)
            action()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield


@pytest.mark.parametrize("how", ["cancelled", "taken over"])
def test_a_worker_that_lost_the_run_writes_nothing_more(explained, version, how):
    first, second = explained.items.order_by("pk")
    store_map(first.mask, version)
    AttributionItem.objects.filter(pk=second.pk).update(state="done")
    changes = (
        {"cancel_requested": True}
        if how == "cancelled"
        else {"lease_owner": "other", "lease_until": timezone.now() + timedelta(seconds=60)}
    )
    with before_the_map(lambda: AttributionRun.objects.filter(pk=explained.pk).update(**changes)):
        run_attributions(explained.pk)
    explained.refresh_from_db()
    first.refresh_from_db()
    assert first.state == "waiting"
    assert explained.state == (JobState.CANCELLED if how == "cancelled" else JobState.RUNNING)


@contextmanager
def dying_as_the_map_is_written():
    """Die within the transaction that writes the map, as a killed worker does."""

    def wrapper(execute, sql, params, many, context):
        if sql.startswith('INSERT INTO "inference_attributionmap"'):
            raise SystemExit
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper), pytest.raises(SystemExit):
        yield


def test_a_killed_worker_leaves_nothing_half_done_and_the_next_one_ends_it(explained, version):
    first, second = explained.items.order_by("pk")
    store_map(first.mask, version)
    with dying_as_the_map_is_written():
        run_attributions(explained.pk)
    first.refresh_from_db()
    second.refresh_from_db()
    explained.refresh_from_db()
    assert (first.state, second.state, explained.progress_done) == ("done", "waiting", 1)
    AttributionRun.objects.filter(pk=explained.pk).update(lease_until=timezone.now())
    run_attributions(explained.pk)
    explained.refresh_from_db()
    assert (explained.state, explained.progress_done) == (JobState.DONE, 2)
    digests = list(AttributionMap.objects.values_list("mask_digest", flat=True))
    assert sorted(digests) == sorted([first.mask.digest, second.mask.digest])


def test_a_run_cancelled_before_it_began_computes_nothing(explained, people):
    cancel_attribution_run(by=people.coordinator, run=explained)
    run_attributions(explained.pk)
    explained.refresh_from_db()
    assert explained.state == JobState.CANCELLED
    assert not AttributionMap.objects.exists()
    with pytest.raises(ValidationError) as refusal:
        cancel_attribution_run(by=people.coordinator, run=explained)
    assert refusal.value.code == "run_over"


def test_a_request_is_audited_and_names_its_nodes(people, cohort, version):
    patient = store_case(cohort, "P001", nodes=3)
    wanted = patient.nodes.get(number=2)
    run = request_attributions(
        by=people.coordinator, cohort=cohort, model_version=version, nodes=[wanted.public_id]
    )
    assert [item.node for item in run.items.all()] == [wanted]
    assert AuditEvent.objects.filter(verb="request_attributions").count() == 1
    rest = request_attributions(by=people.coordinator, cohort=cohort, model_version=version)
    assert rest.items.count() == 2


def test_nodes_of_other_cohorts_and_no_nodes_are_refused(people, cohort, version):
    store_case(cohort, "P001", nodes=1)
    elsewhere = type(cohort).objects.create(name="Elsewhere")
    strange = store_case(elsewhere, "Q001", nodes=1).nodes.get().public_id
    for nodes, code in (([strange], "unknown_node"), ([], "no_nodes")):
        with pytest.raises(ValidationError) as refusal:
            request_attributions(
                by=people.coordinator, cohort=cohort, model_version=version, nodes=nodes
            )
        assert refusal.value.code == code


@pytest.mark.parametrize("steps", [0, 7, 257])
def test_steps_out_of_range_are_refused(people, cohort, version, steps):
    store_case(cohort, "P001", nodes=1)
    with pytest.raises(ValidationError, match="8 to 256"):
        request_attributions(
            by=people.coordinator, cohort=cohort, model_version=version, steps=steps
        )


def test_imported_scores_cannot_be_explained(people, cohort):
    store_case(cohort, "P001", nodes=1)
    imported = record_version("Imported", [], provenance="external")
    with pytest.raises(ValidationError) as refusal:
        request_attributions(by=people.coordinator, cohort=cohort, model_version=imported)
    assert refusal.value.code == "not_explainable"


WITHOUT = ("annotator_one", "adjudicator", "reader_one", "outsider")


@pytest.mark.parametrize("who", WITHOUT)
def test_maps_are_not_there_for_readers_and_judges(people, cohort, version, who):
    mask = current_masks_in(cohort)
    store_case(cohort, "P001", nodes=1)
    found = store_map(mask.get(), version)
    user = getattr(people, who)
    assert not selectors.attribution_runs_for(user, cohort).exists()
    with pytest.raises(Http404):
        selectors.attribution_map_for(user, found.public_id)
    with pytest.raises(PermissionDenied):
        request_attributions(by=user, cohort=cohort, model_version=version)
    client = client_of(user)
    for name in ("attribution", "attribution-values"):
        url = reverse(f"inference_api:{name}", args=[found.public_id])
        assert client.get(url).status_code == 404
    assert "attribution" not in client.get("/").text.lower()


def test_a_coordinator_who_adjudicates_sees_no_map(people, cohort, version):
    store_case(cohort, "P001", nodes=1)
    found = store_map(current_masks_in(cohort).get(), version)
    page = reverse("inference:attribution", args=[found.public_id])
    frame = reverse("inference_api:attribution-frame", args=[found.public_id, 0])
    client = client_of(people.coordinator)
    assert (client.get(page).status_code, client.get(frame).status_code) == (200, 200)
    join(cohort, people.coordinator, CohortRole.ADJUDICATOR)
    assert (client.get(page).status_code, client.get(frame).status_code) == (404, 404)
    listed = client.get(reverse("inference:cohort", args=[cohort.public_id]))
    assert "/attributions/" not in listed.text


def test_the_map_travels_with_its_digest_and_scale(people, cohort, version):
    store_case(cohort, "P001", nodes=1)
    mask = current_masks_in(cohort).get()
    found = store_map(mask, version)
    client = client_of(people.statistician)
    told = client.get(reverse("inference_api:attribution", args=[found.public_id])).json()
    sent = client.get(told["values_url"])
    assert hashlib.sha256(sent.content).hexdigest() == told["values"]["sha256"]
    assert len(sent.content) == told["values"]["bytes"]
    values = np.frombuffer(sent.content, "<i2").reshape(told["box"]["shape_zyx"])
    values = values * told["values"]["scale"]
    assert values[0, 0, 0] == pytest.approx(RAISES, rel=1e-4)
    assert values[0, 0, -1] == pytest.approx(LOWERS, rel=1e-4)
    assert told["box"]["start_zyx"] == [axis[0] for axis in mask.bounding_box]
    assert told["enrichment"] == pytest.approx(1.5)
    frame = client.get(f"{told['frames_url']}3/")
    assert hashlib.sha256(frame.content).hexdigest() == told["frames"][3]["sha256"]


def test_the_list_sorts_and_sums_up(people, cohort, version):
    store_case(cohort, "P001", nodes=4)
    masks = list(current_masks_in(cohort))
    for mask, share in zip(masks[:3], (0.3, 0.9, 0.6), strict=True):
        store_map(mask, version, shell_fraction=share, shell_volume_fraction=0.3)
    client = client_of(people.statistician)
    url = reverse("inference:attributions", args=[cohort.public_id])
    page = client.get(url, {"model": version.public_id, "sort": "-shell"})
    shares = [row.get("shell") for row in page.context["page"]]
    assert shares == ["90.0", "60.0", "30.0", None]
    summary = page.context["summary"]
    assert (summary.maps, summary.shell_fraction.median) == (3, 0.6)
    assert summary.enrichment.median == pytest.approx(2.0)
    assert summary.enrichment.lower == pytest.approx(1.5)
    assert "Explain all 1 without a map" in page.text
    assert 'aria-sort="descending"' in page.text
    up = client.get(url, {"model": version.public_id, "sort": "shell"})
    assert [row.get("shell") for row in up.context["page"]] == ["30.0", "60.0", "90.0", None]


def test_selected_nodes_are_requested_from_the_list(people, cohort, version):
    patient = store_case(cohort, "P001", nodes=3)
    client = client_of(people.coordinator)
    url = reverse("inference:attributions", args=[cohort.public_id])
    wanted = patient.nodes.get(number=3)
    model = str(version.public_id)
    nothing = client.post(url, {"model": model})
    assert (nothing.status_code, "Choose at least one node" in nothing.text) == (422, True)
    answer = client.post(url, {"model": model, "nodes": [str(wanted.public_id)]})
    assert answer.status_code == 302
    run = AttributionRun.objects.get()
    assert [item.node for item in run.items.all()] == [wanted]
    page = client.get(answer["Location"])
    assert "0 explained, 0 parked, 1 waiting, of 1 nodes." in page.text


def test_the_page_of_a_map_states_what_was_measured(people, cohort, version):
    store_case(cohort, "P001", nodes=1)
    found = store_map(current_masks_in(cohort).get(), version)
    page = client_of(people.statistician).get(
        reverse("inference:attribution", args=[found.public_id])
    )
    for text in ("60.0 %", "40.0 %", "1.50", "0.4 %", "The baseline is zero everywhere"):
        assert text in page.text
