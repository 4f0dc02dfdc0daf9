"""Trying again: later and later, others first, three times; and cancelling in between."""

import threading
import time
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from cohorts.models import NodeMask
from inference.models import Prediction, PredictionItem, PredictionRun
from inference.pipeline import heart as heart_module
from inference.pipeline.compute import MODELS
from inference.pipeline.heart import Heart, Stopped
from inference.pipeline.predictions import run_predictions
from inference.services import cancel_run, request_predictions
from jobs import leases, reconcile
from jobs.models import JobState
from tests.cases import store_case
from tests.inference import toy

GONE = "0" * 64


@pytest.fixture(autouse=True)
def _toy(settings, monkeypatch):
    settings.INFERENCE_RETRY_SECONDS = [5, 30]
    toy.make_known(monkeypatch.setitem)
    MODELS.clear()
    yield
    MODELS.clear()


@pytest.fixture
def run(people, cohort):
    """A request for three nodes, the first of which has lost its mask's blob."""
    store_case(cohort, "P001", nodes=3)
    version = toy.toy_version("Toy")
    asked = request_predictions(by=people.coordinator, cohort=cohort, model_version=version)
    NodeMask.objects.filter(pk=asked.items.first().mask_id).update(runs_key=GONE)
    return asked


@pytest.fixture
def lost_key(cohort):
    """The key that the mask had."""
    return lambda: NodeMask.objects.exclude(runs_key=GONE).first().runs_key


def seconds_until(moment):
    return (moment - timezone.now()).total_seconds()


def bring_forward(run, seconds):
    """Let time pass for this run."""
    ago = timedelta(seconds=seconds)
    for item in run.items.exclude(not_before=None):
        PredictionItem.objects.filter(pk=item.pk).update(not_before=item.not_before - ago)
    run.refresh_from_db()
    if run.lease_until:
        PredictionRun.objects.filter(pk=run.pk).update(lease_until=run.lease_until - ago)


def test_a_node_that_raised_waits_and_the_others_go_first(run):
    due = run_predictions(run.pk)
    run.refresh_from_db()
    assert 3 < seconds_until(due) <= 5
    assert (run.state, run.lease_until) == (JobState.REQUESTED, due)
    assert run.progress_note == "2 of 3 nodes predicted, 1 to be tried again"
    item = run.items.get(state="waiting")
    assert (item.attempts, item.not_before) == (1, due)
    assert "blob of this node is missing" in item.error
    assert Prediction.objects.count() == 2


def test_nobody_takes_a_run_up_before_its_nodes_are_due(run):
    run_predictions(run.pk)
    assert run_predictions(run.pk) is None
    assert run.items.get(state="waiting").attempts == 1
    assert leases.waiting_ids(PredictionRun) == []
    bring_forward(run, 6)
    assert leases.waiting_ids(PredictionRun) == [run.pk]


def test_the_waits_grow_and_the_third_try_is_the_last(run):
    waits = []
    for _ in range(3):
        due = run_predictions(run.pk)
        if due is not None:
            waits.append(round(seconds_until(due)))
            bring_forward(run, waits[-1] + 1)
    run.refresh_from_db()
    assert waits == [5, 30]
    assert (run.state, run.attempts) == (JobState.DONE, 1)
    (parked,) = run.items.filter(state="parked")
    assert parked.attempts == 3
    assert run.progress_note == "2 of 3 nodes predicted, 1 parked"


def test_what_was_repaired_in_time_is_predicted(run, lost_key):
    run_predictions(run.pk)
    NodeMask.objects.filter(runs_key=GONE).update(runs_key=lost_key())
    bring_forward(run, 6)
    assert run_predictions(run.pk) is None
    run.refresh_from_db()
    assert run.state == JobState.DONE
    assert Prediction.objects.count() == 3
    assert not run.items.exclude(error="").exists()


def test_waiting_is_no_lost_worker(run, settings):
    """However often a run is postponed: it fails only when workers are lost."""
    settings.INFERENCE_RETRY_SECONDS = [5]
    for _ in range(leases.MAX_ATTEMPTS + 2):
        run.items.filter(state="waiting").update(attempts=0)
        assert run_predictions(run.pk) is not None
        bring_forward(run, 6)
    run.refresh_from_db()
    assert (run.state, run.attempts) == (JobState.REQUESTED, 0)


def test_a_run_cancelled_while_it_waits_ends_at_once(run, people):
    run_predictions(run.pk)
    cancel_run(by=people.coordinator, run=run)
    assert leases.waiting_ids(PredictionRun) == [run.pk]
    run_predictions(run.pk)
    run.refresh_from_db()
    assert run.state == JobState.CANCELLED


@pytest.mark.django_db(transaction=True)
def test_a_batch_of_work_waits_for_what_is_due_soon(transactional_db, run, settings):
    """The real worker: its queue brings the run back when the node is due."""
    settings.INFERENCE_RETRY_SECONDS = [0.3, 0.3]
    call_command("run_worker", batch=True, interval=0)
    run.refresh_from_db()
    assert run.state == JobState.DONE
    assert run.items.get(state="parked").attempts == 3
    assert reconcile.next_due() is None


def test_lost_nodes_are_tried_before_those_that_raised(run):
    ago = timezone.now() - timedelta(minutes=1)
    first, second, third = run.items.order_by("pk")
    for item, attempts, error in ((first, 2, "raised"), (second, 0, ""), (third, 2, "")):
        PredictionItem.objects.filter(pk=item.pk).update(
            attempts=attempts, error=error, not_before=ago
        )
    run_predictions(run.pk)
    order = list(Prediction.objects.order_by("pk").values_list("node_id", flat=True))
    assert order == [third.node_id, second.node_id]
    first.refresh_from_db()
    assert (first.state, first.attempts) == ("parked", 3)


def test_cancelling_ends_a_long_pass_within_seconds(people, cohort):
    """Sixty seconds of work in one batch; somebody cancels while it is under way."""
    store_case(cohort, "P001", nodes=3)
    version = toy.toy_version("Slow", seconds_per_pass=0.5)
    run = request_predictions(by=people.coordinator, cohort=cohort, model_version=version)
    version.members.filter(fold=1).delete()
    for fold in range(1, 40):
        version.members.create(run=0, fold=fold, sha256=version.members.first().sha256)
    cancelled_at = []

    def cancel_at_a_beat(execute, sql, params, many, context):
        beats = [value for value in params or () if str(value).startswith("nodes 1 to 3 of 3")]
        if beats and not cancelled_at:
            cancelled_at.append(time.monotonic())
            PredictionRun.objects.filter(pk=run.pk).update(cancel_requested=True)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(cancel_at_a_beat):
        run_predictions(run.pk)
    run.refresh_from_db()
    assert run.state == JobState.CANCELLED
    assert time.monotonic() - cancelled_at[0] < 4
    assert not Prediction.objects.exists()


def test_a_machine_that_can_predict_nothing_gives_the_run_back(people, cohort):
    """Not node after node is parked: the worker's next attempts say what is wrong, then it ends."""
    store_case(cohort, "P001", nodes=3)
    version = toy.toy_version("Broken")
    run = request_predictions(by=people.coordinator, cohort=cohort, model_version=version)
    version.parameters["spoils_batch_rows"] = [toy.row_of(item) for item in run.items.all()]
    version.save()
    with pytest.raises(RuntimeError, match="spoils"):
        run_predictions(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error) == (JobState.REQUESTED, "RuntimeError: a node spoils the pass.")
    assert not run.items.filter(state="parked").exists()


class TestHeart:
    """The lease is kept while a thread works, and the thread ends when the lease is lost."""

    @pytest.fixture
    def held(self, run, settings, monkeypatch):
        monkeypatch.setattr(heart_module, "BEAT_S", 0.05)
        monkeypatch.setattr(heart_module, "LOOK_S", 0.02)
        return leases.claim(PredictionRun, run.pk, owner="one")

    def test_it_returns_what_the_work_returns(self, held):
        assert Heart(held).attend(lambda progress: 7) == 7

    def test_it_raises_what_the_work_raises(self, held):
        with pytest.raises(ZeroDivisionError):
            Heart(held).attend(lambda progress: 1 / 0)

    def test_it_beats_and_tells_while_the_work_goes_on(self, held):
        PredictionRun.objects.filter(pk=held.pk).update(lease_until=timezone.now())

        def work(progress):
            for step in range(10):
                progress(step, 10)
                time.sleep(0.03)

        Heart(held).attend(work, describe=lambda done, total: f"step {done} of {total}")
        now = PredictionRun.objects.get(pk=held.pk)
        assert seconds_until(now.lease_until) > 30
        assert now.progress_note.startswith("step ")

    @pytest.mark.parametrize(
        ("change", "raised"),
        [
            ({"cancel_requested": True}, leases.Cancelled),
            ({"lease_owner": "two"}, leases.LeaseLost),
        ],
    )
    def test_the_work_has_ended_when_the_lease_is_lost(self, held, change, raised):
        ended = threading.Event()

        def work(progress):
            try:
                for step in range(1000):
                    progress(step, 1000)
                    time.sleep(0.02)
            except Stopped:
                ended.set()
                raise

        PredictionRun.objects.filter(pk=held.pk).update(**change)
        with pytest.raises(raised):
            Heart(held).attend(work)
        assert ended.is_set()
