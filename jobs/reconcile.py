"""Puts back into the queue whatever is requested and not being worked on.

The queue carries ids and loses them when a worker is killed; the job rows do not. The same minute
serves the rooms' chores: what falls due without anybody asking for it.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django_tasks_db.models import DBTaskResult

from jobs import leases
from jobs.models import Job

logger = logging.getLogger("nodewise.worker")
Chore = Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of job and the call that enqueues it."""

    job_type: type[Job]
    task_path: str
    enqueue: Callable[[int], object]


_kinds: dict[str, Kind] = {}
_chores: dict[str, Chore] = {}


def register(*, job_type: type[Job], task_path: str, enqueue: Callable[[int], object]) -> None:
    """Make a kind of job known; called once from the room's AppConfig.ready."""
    _kinds[job_type._meta.label] = Kind(job_type=job_type, task_path=task_path, enqueue=enqueue)


def register_chore(chore: Chore) -> None:
    """Have something done at every worker's start and every minute; it may run twice at a time."""
    _chores[f"{chore.__module__}.{chore.__qualname__}"] = chore


def run_once() -> int:
    """Enqueue every waiting job not in the queue already, do the chores; return how many were."""
    enqueued = 0
    for kind in _kinds.values():
        queued = _queued_ids(kind.task_path)
        for job_id in leases.waiting_ids(kind.job_type):
            if job_id not in queued:
                kind.enqueue(job_id)
                enqueued += 1
    for name, chore in _chores.items():
        _do(name, chore)
    return enqueued


def _do(name: str, chore: Chore) -> None:
    try:
        chore()
    except Exception:
        # A fault in one room must end neither the worker nor the chores of the others.
        logger.exception("a chore failed", extra={"job": name})


def next_due() -> datetime | None:
    """Return when the first postponed job of any kind is due; None if nothing is postponed."""
    due = [leases.postponed_until(kind.job_type) for kind in _kinds.values()]
    return min((moment for moment in due if moment is not None), default=None)


def _queued_ids(task_path: str) -> set[int]:
    ready = DBTaskResult.objects.ready().filter(task_path=task_path)
    return {args["args"][0] for args in ready.values_list("args_kwargs", flat=True)}
