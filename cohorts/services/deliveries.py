"""Handing to intake what came in without a browser: each delivery once, whatever is killed when."""

from collections.abc import Iterator
from pathlib import Path

from django.db import IntegrityError, transaction

from accounts.models import User
from cohorts import archive_selectors, drop
from cohorts.models import Cohort, Delivery, IntakeUpload
from cohorts.services.authority import refuse_unless_coordinator
from cohorts.services.uploads import enqueue_intake, shown

CHUNK_BYTES = 1024 * 1024


def deliver(
    *,
    by: User | None,
    cohort: Cohort,
    path: Path,
    key: str,
    shown_name: str,
    keep_patient_ids: bool = False,
) -> IntakeUpload:
    """Hand a complete folder or zip to intake, or return the upload that it became before.

    ``key`` names the delivery, not its content. The files stay where they are: the caller removes
    or keeps them once this has returned.
    """
    refuse_unless_coordinator(by, cohort)
    known = archive_selectors.delivered(key)
    if known is not None:
        return known
    # Outside the transaction: gigabytes may be copied while nobody waits for the database.
    name = drop.take_folder(path, move=False) if path.is_dir() else drop.write(_chunks(path))
    try:
        return _record(by, cohort, name, key, shown_name, keep_patient_ids)
    except BaseException as fault:
        drop.discard(name)
        won = archive_selectors.delivered(key) if isinstance(fault, IntegrityError) else None
        if won is None:
            raise
        return won


@transaction.atomic
def _record(
    by: User | None, cohort: Cohort, name: str, key: str, shown_name: str, keep_patient_ids: bool
) -> IntakeUpload:
    asked = enqueue_intake(
        by=by,
        cohort=cohort,
        drop_name=name,
        shown_name=shown(shown_name),
        keep_patient_ids=keep_patient_ids,
    )
    Delivery.objects.create(key=key, upload=asked)
    return asked


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while chunk := source.read(CHUNK_BYTES):
            yield chunk
