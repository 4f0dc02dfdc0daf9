"""What is requested and not being worked on goes back into the queue, once."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from cohorts.models import ArchivePull, ArchiveSearch, CandidateRun, IntakeUpload
from cohorts.tasks import run_intake
from inference.models import AttributionRun, PredictionRun, TrainingRun
from jobs import leases, reconcile
from jobs.models import JobState
from readerstudy.analysis.models import AnalysisRun, PowerSimulation


def queued():
    """The ids in the queue, in the order they came."""
    rows = DBTaskResult.objects.filter(task_path=run_intake.module_path).order_by("enqueued_at")
    return [row.args_kwargs["args"][0] for row in rows]


@pytest.fixture
def jobs(cohort):
    """One job in each situation, by its name."""
    soon, past = timezone.now() + timedelta(minutes=1), timezone.now() - timedelta(minutes=1)
    situations = {
        "waiting": {},
        "held": {"state": JobState.RUNNING, "lease_until": soon},
        "lost": {"state": JobState.RUNNING, "lease_until": past},
        "given back": {"state": JobState.REQUESTED, "attempts": 2},
        "done": {"state": JobState.DONE},
        "failed": {"state": JobState.FAILED},
        "cancelled": {"state": JobState.CANCELLED},
    }
    return {
        name: IntakeUpload.objects.create(cohort=cohort, drop_name="", shown_name=name, **fields).pk
        for name, fields in situations.items()
    }


def test_exactly_the_waiting_are_enqueued(jobs):
    expected = {jobs["waiting"], jobs["lost"], jobs["given back"]}
    assert set(leases.waiting_ids(IntakeUpload)) == expected
    assert reconcile.run_once() == 3
    assert sorted(queued()) == sorted(expected)


def test_what_is_in_the_queue_already_is_left_there(jobs):
    run_intake.enqueue(jobs["waiting"])
    assert reconcile.run_once() == 2
    assert queued().count(jobs["waiting"]) == 1


def test_a_second_look_enqueues_nothing(jobs):
    reconcile.run_once()
    assert reconcile.run_once() == 0
    assert len(queued()) == 3


def test_a_task_that_a_killed_worker_took_does_not_hide_its_job(jobs):
    """The queue keeps such a task as running for ever; the job's lease is what counts."""
    run_intake.enqueue(jobs["lost"])
    DBTaskResult.objects.update(status="RUNNING")
    reconcile.run_once()
    assert queued().count(jobs["lost"]) == 2


def test_every_kind_of_job_is_known():
    """A room that forgets to register its jobs would lose them with the first killed worker."""
    from jobs.models import Job

    assert {kind.job_type for kind in reconcile._kinds.values()} == set(Job.__subclasses__())
    analysis = {AnalysisRun, PowerSimulation}
    channels = {ArchiveSearch, ArchivePull}
    cohorts = {IntakeUpload, CandidateRun, *channels}
    expected = {*cohorts, PredictionRun, TrainingRun, AttributionRun, *analysis}
    assert expected == set(Job.__subclasses__())


def test_the_path_of_each_task_is_the_one_it_is_enqueued_under(db, jobs):
    reconcile.run_once()
    paths = set(DBTaskResult.objects.values_list("task_path", flat=True))
    assert paths == {run_intake.module_path}
    for kind in reconcile._kinds.values():
        before = DBTaskResult.objects.filter(task_path=kind.task_path).count()
        kind.enqueue(0)
        assert DBTaskResult.objects.filter(task_path=kind.task_path).count() == before + 1


@pytest.fixture
def chores():
    """The registered chores, put back afterwards."""
    kept = dict(reconcile._chores)
    yield reconcile._chores
    reconcile._chores.clear()
    reconcile._chores.update(kept)


def test_chores_are_done_each_time_and_a_broken_one_holds_nothing_up(jobs, chores, caplog):
    done = []

    def broken():
        raise OSError("no disk")

    def works():
        done.append(len(queued()))

    chores.clear()
    for chore in (broken, works, works):
        reconcile.register_chore(chore)
    assert reconcile.run_once() == 3
    assert reconcile.run_once() == 0
    assert done == [3, 3]
    assert [record.job.rsplit(".", 1)[1] for record in caplog.records] == ["broken"] * 2


def test_the_chores_of_the_rooms_are_known():
    assert set(reconcile._chores) == {"cohorts.tasks.apply_retention"}
