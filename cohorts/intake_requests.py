"""The row that asks for an intake: services write it for people, the worker for what it fetched."""

from pathlib import PurePath
from typing import Any

from accounts import audit
from accounts.models import User
from cohorts.dicom.options import IntakeOptions
from cohorts.models import Cohort, IntakeUpload


def new_intake(
    by: User | None,
    cohort: Cohort,
    drop_name: str,
    shown_name: str,
    keep_patient_ids: bool,
    options: IntakeOptions | None,
) -> IntakeUpload:
    """Write the row of an upload, inside the caller's transaction."""
    told = stored_options(options or IntakeOptions())
    asked = IntakeUpload.objects.create(
        cohort=cohort,
        requested_by=by,
        drop_name=drop_name,
        shown_name=shown_name,
        keep_patient_ids=keep_patient_ids,
        options=told,
    )
    # File names may name patients: they are shown to coordinators, not written into the trail.
    audit.record(
        by=by,
        verb="request_intake",
        target=asked,
        new={"cohort": cohort.name, "keep_patient_ids": keep_patient_ids, "options": told},
    )
    return asked


def stored_options(options: IntakeOptions) -> dict[str, Any]:
    """Return the options as they are stored: without the cohort's key."""
    told = options.to_dict()
    del told["secret"]
    return told


def shown(name: str) -> str:
    """Return the last part of a name, fit to be shown."""
    last = PurePath(name.replace("\\", "/")).name
    return "".join(char if char.isprintable() else "?" for char in last)[:120] or "upload"
