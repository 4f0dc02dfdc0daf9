"""Handing to intake what a folder or a receiver of this machine collected."""

from pathlib import Path

from accounts.models import User
from cohorts import deliveries, tasks
from cohorts.models import Cohort, IntakeUpload
from cohorts.services.authority import refuse_unless_coordinator


def deliver(
    *, by: User | None, cohort: Cohort, path: Path, key: str, shown_name: str
) -> IntakeUpload:
    """Hand a complete folder or zip to the worker, once for each key."""
    refuse_unless_coordinator(by, cohort)
    upload = deliveries.hand_over(by=by, cohort=cohort, path=path, key=key, shown_name=shown_name)
    if upload.started_at is None:
        tasks.run_intake.enqueue(upload.pk)
    return upload
