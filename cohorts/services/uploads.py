"""Asking for an intake, importing at once, and stopping."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts import audit
from accounts.errors import Conflict
from accounts.models import User
from cohorts import drop, pipeline, tasks
from cohorts.dicom.options import IntakeOptions
from cohorts.intake_requests import new_intake, shown
from cohorts.models import Cohort, IntakeUpload
from cohorts.services.authority import refuse_unless_coordinator
from jobs import leases


def request_intake(
    *,
    by: User,
    cohort: Cohort,
    upload: "UploadedFile[Any]",
    keep_patient_ids: bool,
    options: IntakeOptions | None = None,
) -> IntakeUpload:
    """Store an uploaded zip in the drop folder and ask the worker to take it in."""
    refuse_unless_coordinator(by, cohort)
    # Outside the transaction: gigabytes are copied while nobody waits for the database.
    name = drop.write(upload.chunks())
    try:
        return enqueue_intake(
            by=by,
            cohort=cohort,
            drop_name=name,
            shown_name=shown(upload.name or "upload.zip"),
            keep_patient_ids=keep_patient_ids,
            options=options,
        )
    except BaseException:
        drop.discard(name)
        raise


def request_intake_of_folder(
    *,
    by: User | None,
    cohort: Cohort,
    folder: Path,
    shown_name: str,
    options: IntakeOptions | None = None,
    keep_patient_ids: bool = False,
    move: bool = False,
) -> IntakeUpload:
    """Bring a complete folder of this machine into the drop folder and ask the worker to read it.

    For sources that collect files themselves: a watched folder, an archive, a receiver. ``by`` is
    None where no person stands behind it. ``move`` removes the files from ``folder``.
    """
    refuse_unless_coordinator(by, cohort)
    name = drop.take_folder(folder, move=move)
    try:
        return enqueue_intake(
            by=by,
            cohort=cohort,
            drop_name=name,
            shown_name=shown(shown_name),
            keep_patient_ids=keep_patient_ids,
            options=options,
        )
    except BaseException:
        drop.discard(name)
        raise


@transaction.atomic
def enqueue_intake(
    *,
    by: User | None,
    cohort: Cohort,
    drop_name: str,
    shown_name: str,
    keep_patient_ids: bool,
    options: IntakeOptions | None = None,
) -> IntakeUpload:
    """Write the row of an upload whose bytes are in the drop folder, and wake the worker."""
    asked = new_intake(by, cohort, drop_name, shown_name, keep_patient_ids, options)
    transaction.on_commit(lambda: tasks.run_intake.enqueue(asked.pk))
    return asked


def import_folder(
    *,
    by: User | None,
    cohort: Cohort,
    path: Path,
    keep_patient_ids: bool,
    options: IntakeOptions | None = None,
    progress: Callable[[pipeline.IntakeProgress], None] | None = None,
) -> IntakeUpload:
    """Take in a folder or zip of this machine at once, without the worker; return what happened."""
    refuse_unless_coordinator(by, cohort)
    if not path.exists():
        raise ValidationError(
            f"There is nothing at '{path}': give a folder or a zip file.", code="no_such_path"
        )
    with transaction.atomic():
        asked = new_intake(by, cohort, "", shown(path.resolve().name), keep_patient_ids, options)
        # Claimed in the same transaction, so that no worker ever sees it free.
        held = leases.claim(IntakeUpload, asked.pk, owner=leases.owner_name())
    if held is None:
        raise RuntimeError("a new intake could not be claimed")
    pipeline.run_held(held, path, progress=progress)
    held.refresh_from_db()
    return held


@transaction.atomic
def cancel_intake(*, by: User | None, upload: IntakeUpload) -> IntakeUpload:
    """Ask the worker to stop; patients already stored stay."""
    refuse_unless_coordinator(by, upload.cohort)
    locked = IntakeUpload.objects.select_for_update().get(pk=upload.pk)
    if locked.is_over:
        raise Conflict(
            f"This upload is over already ({locked.get_state_display().lower()}).",
            code="already_over",
            current={"state": locked.state},
        )
    locked.cancel_requested = True
    locked.save(update_fields=["cancel_requested"])
    audit.record(by=by, verb="cancel_intake", target=locked)
    return locked
