"""The worker's part: one row per node, cancelled between nodes, parked when it cannot be done."""

import math
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from cohorts import storage
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.runs import full_mask
from cohorts.models import NodeMask
from cohorts.selectors import volume_hu
from inference import selectors
from inference.models import ItemState, Prediction, PredictionItem, PredictionRun
from inference.pipeline.items import MAX_TRIES
from inference.pipeline.predictions import run_predictions
from inference.pipeline.stored_nodes import stacked
from inference.runner import ComputeSettings, MemberWeights, preparation_of, runner_of
from inference.services import cancel_run, request_predictions
from jobs import reconcile
from jobs.models import JobState
from tests.cases import store_case
from tests.inference.conftest import record_version


@pytest.fixture(autouse=True)
def _no_waiting(settings):
    settings.INFERENCE_RETRY_SECONDS = [0, 0]


@pytest.fixture
def run(people, cohort, version):
    """A request for four nodes of two patients."""
    store_case(cohort, "P001", nodes=2)
    store_case(cohort, "P002", nodes=2)
    return request_predictions(by=people.coordinator, cohort=cohort, model_version=version)


def states(run):
    return list(run.items.order_by("pk").values_list("state", flat=True))


def test_every_node_gets_one_row(run, cohort, version):
    run_predictions(run.pk)
    run.refresh_from_db()
    assert (run.state, run.progress_done, run.progress_total) == (JobState.DONE, 4, 4)
    assert run.progress_note == "4 of 4 nodes predicted"
    assert states(run) == ["done"] * 4
    rows = selectors.predictions_of(cohort, version)
    assert len(rows) == 4
    for row in rows:
        assert row.metastasis_probability == pytest.approx(1 / (1 + np.exp(-row.metastasis_score)))
        assert row.ene_probability == pytest.approx(1 / (1 + np.exp(-row.ene_score)))
    assert len({row.metastasis_score for row in rows}) == 4
    assert all(Prediction.objects.values_list("code_version", flat=True))


def test_scores_are_those_of_the_whole_volume(run, version, member_files):
    """Reading only the needed slices, batches and threads change nothing, not even the last bit."""
    run_predictions(run.pk)
    mask = run.items.first().mask
    series = mask.node.patient.series
    geometry = SeriesGeometry.from_dict(series.geometry)
    inputs = preparation_of("DeepENE").prepare(
        volume_hu(series, 0, geometry.shape_zyx[0] - 1),
        full_mask(storage.get(mask.runs_key)),
        geometry.spacing_zyx_mm,
        version.parameters,
    )
    runner = runner_of("DeepENE")
    members = [
        MemberWeights(
            run=file.run,
            fold=file.fold,
            load=lambda path=file.path: runner.load_checkpoint(path).state,
        )
        for file in member_files
    ]
    alone = runner.ensemble(members, ComputeSettings(threads=1)).predict(stacked([inputs]))
    row = Prediction.objects.get(mask_digest=mask.digest)
    assert row.metastasis_score == math.fsum(alone[:, 0, 0]) / 2
    assert row.ene_score == math.fsum(alone[:, 0, 1]) / 2


def test_a_run_that_is_over_is_left_alone(run):
    run_predictions(run.pk)
    before = list(Prediction.objects.values())
    run_predictions(run.pk)
    assert list(Prediction.objects.values()) == before


def test_scores_do_not_depend_on_which_nodes_are_asked_for(run, people, cohort, member_files):
    run_predictions(run.pk)
    again = record_version("Demo again", member_files)
    alone = request_predictions(by=people.coordinator, cohort=cohort, model_version=again)
    alone.items.exclude(pk=alone.items.last().pk).delete()
    run_predictions(alone.pk)
    row = Prediction.objects.get(model_version=again)
    first = Prediction.objects.get(model_version=run.model_version, mask_digest=row.mask_digest)
    assert row.metastasis_score == first.metastasis_score
    assert row.ene_score == first.ene_score


def test_a_row_that_is_there_already_is_not_computed_again(run, version):
    mask = run.items.first().mask
    Prediction.objects.create(
        model_version=version,
        node=mask.node,
        mask_digest=mask.digest,
        metastasis_score=9.0,
        ene_score=9.0,
        code_version="before",
    )
    run_predictions(run.pk)
    assert states(run) == ["done"] * 4
    assert Prediction.objects.get(mask_digest=mask.digest).metastasis_score == 9.0
    assert Prediction.objects.count() == 4


@contextmanager
def after_first_prediction(action):
    """Do something between the first node and the second, as another process would."""
    done = []

    def wrapper(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if sql.startswith('INSERT INTO "inference_prediction"') and not done:
            done.append(sql)
            action()
        return result

    with connection.execute_wrapper(wrapper):
        yield


def test_cancelling_ends_between_nodes_and_keeps_what_is_stored(run):
    def cancel():
        PredictionRun.objects.filter(pk=run.pk).update(cancel_requested=True)

    with after_first_prediction(cancel):
        run_predictions(run.pk)
    run.refresh_from_db()
    assert run.state == JobState.CANCELLED
    assert Prediction.objects.count() == 1
    assert states(run) == ["done", "waiting", "waiting", "waiting"]


def test_a_run_cancelled_before_it_began_computes_nothing(run, people):
    cancel_run(by=people.coordinator, run=run)
    run_predictions(run.pk)
    run.refresh_from_db()
    assert run.state == JobState.CANCELLED
    assert not Prediction.objects.exists()


def test_a_worker_that_lost_its_lease_writes_nothing_more(run):
    def take_over():
        until = timezone.now() + timedelta(seconds=60)
        PredictionRun.objects.filter(pk=run.pk).update(lease_owner="other", lease_until=until)

    with after_first_prediction(take_over):
        run_predictions(run.pk)
    run.refresh_from_db()
    assert (run.state, run.lease_owner) == (JobState.RUNNING, "other")
    assert Prediction.objects.count() == 1


def test_a_run_held_by_another_worker_is_not_touched(run):
    PredictionRun.objects.filter(pk=run.pk).update(
        state=JobState.RUNNING,
        lease_owner="other",
        lease_until=timezone.now() + timedelta(seconds=60),
    )
    run_predictions(run.pk)
    assert not Prediction.objects.exists()


def test_a_node_that_cannot_be_predicted_is_parked_and_the_rest_goes_on(run):
    series = run.items.first().node.patient.series
    series.geometry["spacing_zyx_mm"] = [30.0, 0.8, 0.8]
    series.save()
    run_predictions(run.pk)
    run.refresh_from_db()
    assert run.state == JobState.DONE
    assert run.progress_note == "2 of 4 nodes predicted, 2 parked"
    parked = list(selectors.parked_items(run))
    assert [item.node.patient.pseudonym for item in parked] == ["P001", "P001"]
    assert all("30.0 mm" in item.error for item in parked)
    assert all(item.attempts == 1 for item in parked), "what a node's voxels forbid stays so"
    assert Prediction.objects.count() == 2


def test_parked_nodes_are_asked_for_again_by_the_next_request(run, people, cohort, version):
    NodeMask.objects.filter(pk=run.items.first().mask_id).update(runs_key="0" * 64)
    run_predictions(run.pk)
    (parked,) = selectors.parked_items(run)
    assert "blob of this node is missing" in parked.error
    assert parked.attempts == MAX_TRIES
    again = request_predictions(by=people.coordinator, cohort=cohort, model_version=version)
    assert [item.node_id for item in again.items.all()] == [selectors.parked_items(run)[0].node_id]


def test_a_node_at_which_three_workers_were_lost_is_parked(run):
    """As it stands when a fourth worker takes the run up; test_kill.py has the workers killed."""
    fatal = run.items.first()
    PredictionItem.objects.filter(pk=fatal.pk).update(attempts=3, not_before=timezone.now())
    PredictionRun.objects.filter(pk=run.pk).update(attempts=3, state=JobState.RUNNING)
    run_predictions(run.pk)
    fatal.refresh_from_db()
    run.refresh_from_db()
    assert fatal.state == ItemState.PARKED
    assert "lost 3 times" in fatal.error
    assert run.progress_note == "3 of 4 nodes predicted, 1 parked"
    assert run.state == JobState.DONE


def test_progress_forgets_earlier_losses(run):
    PredictionRun.objects.filter(pk=run.pk).update(attempts=3, state=JobState.RUNNING)
    run_predictions(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempts) == (JobState.DONE, 1)


def test_a_damaged_member_ends_the_run_with_a_sentence(people, cohort, member_files):
    store_case(cohort, "P001", nodes=1)
    version = record_version("Damaged", member_files)
    key = storage.put(b"these bytes are no checkpoint")
    version.members.filter(fold=1).update(sha256=key)
    run = request_predictions(by=people.coordinator, cohort=cohort, model_version=version)
    run_predictions(run.pk)
    run.refresh_from_db()
    assert run.state == JobState.FAILED
    assert run.error.startswith("Member RUN0/fold1: ")
    assert str(storage.default_storage.location) not in run.error
    assert not Prediction.objects.exists()


def test_a_row_with_other_scores_is_a_contradiction_and_stands(run, version):
    """Reached when two runs compute the same node at once and disagree."""
    mask = run.items.last().mask
    looked = []

    def wrapper(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if '"inference_prediction"' in sql and mask.digest in (params or ()) and not looked:
            looked.append(sql)
            Prediction.objects.create(
                model_version=version,
                node=mask.node,
                mask_digest=mask.digest,
                metastasis_score=9.0,
                ene_score=9.0,
                code_version="other",
            )
        return result

    with connection.execute_wrapper(wrapper):
        run_predictions(run.pk)
    last = run.items.last()
    assert (last.state, "other scores" in last.error) == (ItemState.PARKED, True)
    assert Prediction.objects.get(mask_digest=mask.digest).metastasis_score == 9.0


@pytest.mark.django_db(transaction=True)
def test_the_worker_command_completes_a_request(transactional_db, people, cohort, version):
    store_case(cohort, "P001", nodes=2)
    run = request_predictions(by=people.coordinator, cohort=cohort, model_version=version)
    call_command("run_worker", batch=True)
    run.refresh_from_db()
    assert run.state == JobState.DONE
    assert Prediction.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_request_whose_task_was_lost_is_taken_up(transactional_db, people, cohort, version):
    store_case(cohort, "P001", nodes=1)
    run = request_predictions(by=people.coordinator, cohort=cohort, model_version=version)
    DBTaskResult.objects.all().delete()
    assert reconcile.run_once() == 1
    call_command("run_worker", batch=True)
    run.refresh_from_db()
    assert run.state == JobState.DONE
