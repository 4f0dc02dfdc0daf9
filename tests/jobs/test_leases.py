"""A job is worked on by one worker at a time, and never for ever."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from cohorts.models import IntakeUpload
from jobs import leases
from jobs.models import JobState

WORKERS = 8
PAST = timedelta(seconds=1)


def claimed(job, owner="one"):
    return leases.claim(IntakeUpload, job.pk, owner=owner)


def expire(job):
    """Let the lease end, as when its worker was killed a minute ago."""
    IntakeUpload.objects.filter(pk=job.pk).update(lease_until=timezone.now() - PAST)


def stored(job):
    return IntakeUpload.objects.get(pk=job.pk)


def test_a_free_job_is_taken_with_a_lease(job, settings):
    held = claimed(job)
    assert (held.state, held.lease_owner, held.attempts) == (JobState.RUNNING, "one", 1)
    left = (held.lease_until - timezone.now()).total_seconds()
    assert settings.LEASE_SECONDS - 5 < left <= settings.LEASE_SECONDS
    assert held.started_at is not None


def test_a_held_job_is_not_taken(job):
    claimed(job)
    assert claimed(job, "two") is None
    assert stored(job).lease_owner == "one"


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED, JobState.CANCELLED])
def test_what_is_over_is_not_taken(job, state):
    IntakeUpload.objects.filter(pk=job.pk).update(state=state)
    assert claimed(job) is None
    assert stored(job).state == state


def test_a_job_that_does_not_exist_is_not_taken(db):
    assert leases.claim(IntakeUpload, 4711, owner="one") is None


def test_a_job_whose_worker_was_lost_is_taken_again(job):
    first = claimed(job)
    expire(job)
    second = claimed(job, "two")
    assert (second.lease_owner, second.attempts) == ("two", 2)
    assert second.started_at == first.started_at


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_at_once_one_wins(transactional_db, job):
    barrier = Barrier(WORKERS)

    def worker(number):
        try:
            barrier.wait()
            return claimed(job, f"worker {number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        won = [held for held in pool.map(worker, range(WORKERS)) if held is not None]
    assert len(won) == 1
    assert stored(job).lease_owner == won[0].lease_owner
    assert stored(job).attempts == 1


def test_renewing_extends_the_lease_and_stores_progress(job):
    held = claimed(job)
    IntakeUpload.objects.filter(pk=job.pk).update(lease_until=timezone.now())
    leases.renew(held, done=3, total=4, note="n" * 300)
    now = stored(job)
    assert now.lease_until > timezone.now()
    assert (now.progress_done, now.progress_total, now.percent) == (3, 4, 75)
    assert now.progress_note == "n" * 200


def test_renewing_without_news_keeps_the_progress(job):
    held = claimed(job)
    leases.renew(held, done=3, total=4, note="Here")
    leases.renew(held)
    now = stored(job)
    assert (now.progress_done, now.progress_total, now.progress_note) == (3, 4, "Here")


def test_the_worker_that_lost_its_job_is_told_and_changes_nothing(job):
    lost = claimed(job)
    expire(job)
    claimed(job, "two")
    before = IntakeUpload.objects.values().get(pk=job.pk)
    with pytest.raises(leases.LeaseLost, match="no longer held by one"):
        leases.renew(lost, done=99)
    with pytest.raises(leases.LeaseLost):
        leases.finish(lost)
    leases.give_back(lost, error="too late")
    leases.forget_losses(lost)
    assert IntakeUpload.objects.values().get(pk=job.pk) == before


def test_the_same_worker_that_took_the_job_twice_holds_it_once(job):
    """An owner's name alone is not enough: its earlier attempt has lost the job, too."""
    earlier = claimed(job)
    expire(job)
    claimed(job)
    with pytest.raises(leases.LeaseLost):
        leases.renew(earlier)


def test_a_cancelled_job_stops_its_worker_who_can_say_so(job):
    held = claimed(job)
    IntakeUpload.objects.filter(pk=job.pk).update(cancel_requested=True)
    with pytest.raises(leases.Cancelled, match="was cancelled"):
        leases.renew(held)
    leases.finish(held, state=JobState.CANCELLED)
    assert stored(job).state == JobState.CANCELLED
    assert stored(job).is_over


def test_a_job_cancelled_before_anybody_took_it_is_over(job):
    IntakeUpload.objects.filter(pk=job.pk).update(cancel_requested=True)
    assert claimed(job) is None
    assert stored(job).state == JobState.CANCELLED
    assert stored(job).finished_at is not None


def test_a_job_that_loses_every_worker_fails_with_a_sentence(job):
    for number in range(leases.MAX_ATTEMPTS):
        assert claimed(job).attempts == number + 1
        expire(job)
    assert claimed(job) is None
    failed = stored(job)
    assert failed.state == JobState.FAILED
    assert failed.error == "Given up: the worker was lost 5 times on this job."
    assert failed.is_over
    assert failed.lease_until is None


def test_a_job_that_breaks_every_time_keeps_its_last_error(job):
    for number in range(leases.MAX_ATTEMPTS):
        leases.give_back(claimed(job), error=f"Broken {number}")
        assert stored(job).state == JobState.REQUESTED
    assert claimed(job) is None
    assert (stored(job).state, stored(job).error) == (JobState.FAILED, "Broken 4")


def test_a_stored_step_forgets_the_losses_before_it(job):
    for _ in range(leases.MAX_ATTEMPTS):
        held = claimed(job)
        expire(job)
    leases.forget_losses(held)
    assert (held.attempts, stored(job).attempts) == (1, 1)
    leases.renew(held)
    assert claimed(job, "two") is None


def test_a_postponed_job_waits_and_has_lost_no_worker(job):
    due = timezone.now() + timedelta(seconds=30)
    leases.postpone(claimed(job), until=due)
    now = stored(job)
    assert (now.state, now.lease_until, now.attempts) == (JobState.REQUESTED, due, 0)
    assert claimed(job, "two") is None
    assert leases.waiting_ids(IntakeUpload) == []
    assert leases.postponed_until(IntakeUpload) == due
    expire(job)
    assert leases.waiting_ids(IntakeUpload) == [job.pk]
    assert claimed(job, "two").attempts == 1
    assert leases.postponed_until(IntakeUpload) is None


def test_a_job_cancelled_while_postponed_ends_at_once(job):
    leases.postpone(claimed(job), until=timezone.now() + timedelta(seconds=30))
    IntakeUpload.objects.filter(pk=job.pk).update(cancel_requested=True)
    assert leases.waiting_ids(IntakeUpload) == [job.pk]
    assert leases.postponed_until(IntakeUpload) is None
    assert claimed(job) is None
    assert stored(job).state == JobState.CANCELLED


def test_a_job_held_by_another_is_not_postponed(job):
    lost = claimed(job)
    expire(job)
    claimed(job, "two")
    with pytest.raises(leases.LeaseLost):
        leases.postpone(lost, until=timezone.now())
    assert stored(job).state == JobState.RUNNING


def test_a_finished_job_is_over(job):
    held = claimed(job)
    leases.finish(held)
    done = stored(job)
    assert (done.state, done.error, done.lease_until) == (JobState.DONE, "", None)
    assert done.finished_at is not None
    with pytest.raises(leases.LeaseLost):
        leases.finish(held)


def test_no_two_workers_share_a_name():
    names = {leases.owner_name() for _ in range(100)}
    assert len(names) == 100
    assert max(map(len, names)) <= IntakeUpload._meta.get_field("lease_owner").max_length
