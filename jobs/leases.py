"""Taking, renewing and ending the lease on a job: the only writer of a job's state."""

import os
import socket
import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db.models import F, Min, Q, QuerySet
from django.utils import timezone

from accounts.errors import Conflict
from jobs.models import Job, JobState

AnyJob = TypeVar("AnyJob", bound=Job)
MAX_ATTEMPTS = 5
OPEN = (JobState.REQUESTED, JobState.RUNNING)


class LeaseLost(Exception):
    """Another worker took the job up, or it was cancelled: stop writing at once."""


class Cancelled(LeaseLost):
    """Somebody asked for this job to end."""


def owner_name() -> str:
    """Return a name no other worker process shares."""
    return f"{socket.gethostname()[:20]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"


def claim(job_type: type[AnyJob], job_id: int, *, owner: str) -> AnyJob | None:
    """Take the job if nobody holds it; one UPDATE decides, so two workers cannot both win."""
    now = timezone.now()
    rows = job_type._default_manager.filter(_free(), pk=job_id, state__in=OPEN)
    job = rows.first()
    if job is None:
        return None
    if job.cancel_requested:
        rows.update(state=JobState.CANCELLED, finished_at=now, lease_until=None)
        return None
    if job.attempts >= MAX_ATTEMPTS:
        sentence = job.error or f"Given up: the worker was lost {job.attempts} times on this job."
        rows.update(state=JobState.FAILED, finished_at=now, lease_until=None, error=sentence)
        return None
    won = rows.filter(attempts=job.attempts).update(
        state=JobState.RUNNING,
        lease_owner=owner,
        lease_until=_until(),
        attempts=job.attempts + 1,
        started_at=job.started_at or now,
    )
    return job_type._default_manager.get(pk=job_id) if won else None


def renew(
    job: AnyJob,
    *,
    done: int | None = None,
    total: int | None = None,
    note: str | None = None,
    despite_cancel: bool = False,
) -> None:
    """Extend the lease, store progress; raise LeaseLost or Cancelled when it is not ours.

    ``despite_cancel`` is for a step that is brought to its end first.
    """
    changes: dict[str, object] = {"lease_until": _until()}
    if done is not None:
        changes["progress_done"] = done
    if total is not None:
        changes["progress_total"] = total
    if note is not None:
        changes["progress_note"] = note[:200]
    rows = _held(job)
    if not (rows if despite_cancel else rows.filter(cancel_requested=False)).update(**changes):
        if rows.exists():
            raise Cancelled(f"{job._meta.label} {job.pk} was cancelled")
        raise LeaseLost(f"{job._meta.label} {job.pk} is no longer held by {job.lease_owner}")


def finish(job: AnyJob, *, state: JobState = JobState.DONE, error: str = "") -> None:
    """End the job; raise LeaseLost when somebody else holds it by now."""
    ended = _held(job).update(
        state=state, finished_at=timezone.now(), lease_until=None, error=error
    )
    if not ended:
        raise LeaseLost(f"{job._meta.label} {job.pk} is no longer held by {job.lease_owner}")


def give_back(job: AnyJob, *, error: str) -> None:
    """Put a job that broke back into the queue; after MAX_ATTEMPTS the next claim fails it."""
    _held(job).update(state=JobState.REQUESTED, lease_until=None, error=error[:2000])


def postpone(job: AnyJob, *, until: datetime) -> None:
    """Put a job whose remaining steps wait back into the queue; no worker takes it before then.

    It is no lost worker: the attempt does not count. Raise LeaseLost when the job is not ours.
    """
    changed = _held(job).update(
        state=JobState.REQUESTED, lease_until=until, attempts=F("attempts") - 1
    )
    if not changed:
        raise LeaseLost(f"{job._meta.label} {job.pk} is no longer held by {job.lease_owner}")


def postponed_until(job_type: type[Job]) -> datetime | None:
    """Return when the first postponed job is due; None if none is."""
    waiting = job_type._default_manager.filter(
        state=JobState.REQUESTED, lease_until__isnull=False, cancel_requested=False
    )
    due: datetime | None = waiting.aggregate(due=Min("lease_until"))["due"]
    return due


def ask_to_end(job: AnyJob, *, what: str, to: str) -> bool:
    """Ask the worker to end the job at its next step; say whether nobody had asked before.

    Raises Conflict ("This run is over ...: nothing is left to cancel.") for a job that has ended.
    The caller enqueues it once more: a job that no worker has begun ends when one looks at it.
    """
    if job.cancel_requested and not job.is_over:
        return False
    open_rows = type(job)._default_manager.filter(pk=job.pk, state__in=OPEN)
    asked = open_rows.update(cancel_requested=True)
    job.refresh_from_db()
    if not asked:
        state = JobState(job.state)
        raise Conflict(
            f"This {what} is over ({state.label.lower()}): nothing is left to {to}.",
            code="run_over",
            current={"state": job.state},
        )
    return True


def reopen(
    job: Job, *, states: Collection[JobState] = (JobState.FAILED, JobState.CANCELLED)
) -> bool:
    """Put a job that ended in one of ``states`` back into the queue; say whether it was one."""
    return bool(
        type(job)
        ._default_manager.filter(pk=job.pk, state__in=states)
        .update(
            state=JobState.REQUESTED,
            cancel_requested=False,
            finished_at=None,
            lease_until=None,
            attempts=0,
            error="",
        )
    )


def forget_losses(job: AnyJob) -> None:
    """Start the count of lost workers anew: something was stored that no later attempt repeats."""
    if job.attempts > 1 and _held(job).update(attempts=1):
        job.attempts = 1


def waiting_ids(job_type: type[Job]) -> list[int]:
    """Return ids of jobs that should be worked on and are not."""
    rows = job_type._default_manager.filter(_free(), state__in=OPEN)
    return list(rows.values_list("pk", flat=True))


def _free() -> Q:
    """Nobody holds it: never taken, its worker lost, due again, or cancelled while it waited."""
    ended = Q(lease_until__isnull=True) | Q(lease_until__lt=timezone.now())
    return ended | Q(state=JobState.REQUESTED, cancel_requested=True)


def _held(job: AnyJob) -> QuerySet[AnyJob]:
    return type(job)._default_manager.filter(
        pk=job.pk, lease_owner=job.lease_owner, attempts=job.attempts, state=JobState.RUNNING
    )


def _until() -> datetime:
    return timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)
