"""Puts back into the queue whatever is requested and not being worked on.

The queue carries ids and loses them when a worker is killed; the job rows do not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django_tasks_db.models import DBTaskResult

from jobs import leases
from jobs.models import Job


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of job and the call that enqueues it."""

    job_type: type[Job]
    task_path: str
    enqueue: Callable[[int], object]


_kinds: dict[str, Kind] = {}


def register(*, job_type: type[Job], task_path: str, enqueue: Callable[[int], object]) -> None:
    """Make a kind of job known; called once from the room's AppConfig.ready."""
    _kinds[job_type._meta.label] = Kind(job_type=job_type, task_path=task_path, enqueue=enqueue)


def run_once() -> int:
    """Enqueue every waiting job that is not already in the queue; return how many were."""
    enqueued = 0
    for kind in _kinds.values():
        queued = _queued_ids(kind.task_path)
        for job_id in leases.waiting_ids(kind.job_type):
            if job_id not in queued:
                kind.enqueue(job_id)
                enqueued += 1
    return enqueued


def next_due() -> datetime | None:
    """Return when the first postponed job of any kind is due; None if nothing is postponed."""
    due = [leases.postponed_until(kind.job_type) for kind in _kinds.values()]
    return min((moment for moment in due if moment is not None), default=None)


def _queued_ids(task_path: str) -> set[int]:
    ready = DBTaskResult.objects.ready().filter(task_path=task_path)
    return {args["args"][0] for args in ready.values_list("args_kwargs", flat=True)}
