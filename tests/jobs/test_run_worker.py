"""The worker command does what waits, and ends when told to."""

import signal

import pytest
from django.core.management import call_command
from django_tasks_db.models import DBTaskResult

from jobs.models import JobState
from readerstudy.analysis import services as analysis
from readerstudy.analysis.models import AnalysisRun
from readerstudy.reading import services as reading
from tests import walk
from tests.cases import store_case


@pytest.fixture
def _own_signals():
    """The worker listens to signals; the test run wants its own back."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    kept |= {signal.SIGQUIT: signal.getsignal(signal.SIGQUIT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture
def run(transactional_db, people, cohort):
    """A requested analysis whose task the queue has lost."""
    for number in (1, 2, 3):
        store_case(cohort, f"P00{number}", nodes=3)
    walk.release_truth(people, cohort)
    study = walk.open_study(people, cohort)
    walk.read_everything(people, study)
    reading.close_study(by=people.coordinator, study=study)
    dataset = analysis.freeze_dataset(by=people.statistician, study=study)
    asked = analysis.request_analysis(by=people.statistician, dataset=dataset)
    assert DBTaskResult.objects.count() == 1
    DBTaskResult.objects.all().delete()
    return asked


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_own_signals")
def test_a_batch_takes_up_what_the_queue_has_lost_and_ends(run):
    call_command("run_worker", "--batch", "--interval", "0")
    run.refresh_from_db()
    assert (run.state, run.error, run.attempts) == (JobState.DONE, "", 1)
    assert run.results_key
    assert list(DBTaskResult.objects.values_list("status", flat=True)) == ["SUCCESSFUL"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_own_signals")
def test_a_batch_without_work_ends(transactional_db):
    call_command("run_worker", "--batch", "--interval", "0")
    assert DBTaskResult.objects.count() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_own_signals")
def test_a_task_that_comes_twice_is_done_once(run):
    from readerstudy.analysis.tasks import run_analysis

    for _ in range(2):
        run_analysis.enqueue(run.pk)
    call_command("run_worker", "--batch", "--interval", "0")
    done = AnalysisRun.objects.get()
    assert (done.state, done.attempts) == (JobState.DONE, 1)
    assert list(DBTaskResult.objects.values_list("status", flat=True)) == ["SUCCESSFUL"] * 2
