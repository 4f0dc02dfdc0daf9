"""What came in without a browser, handed over once for each key, whatever is killed when."""

from collections.abc import Iterator
from pathlib import Path

from django.db import IntegrityError, transaction

from accounts.models import User
from cohorts import archive_selectors, drop
from cohorts.dicom.options import IntakeOptions
from cohorts.intake_requests import new_intake, shown
from cohorts.models import Cohort, Delivery, IntakeUpload

CHUNK_BYTES = 1024 * 1024


def hand_over(
    *,
    by: User | None,
    cohort: Cohort,
    path: Path,
    key: str,
    shown_name: str,
    keep_patient_ids: bool = False,
    options: IntakeOptions | None = None,
) -> IntakeUpload:
    """Bring a complete folder or zip into the drop folder, or return what it became before.

    ``key`` names the delivery, not its content. The files stay where they are: the caller removes
    or keeps them once this has returned. Who wants the worker to begin at once enqueues the upload.
    """
    known = archive_selectors.delivered(key)
    if known is not None:
        return known
    # Outside the transaction: gigabytes may be copied while nobody waits for the database.
    name = drop.take_folder(path, move=False) if path.is_dir() else drop.write(_chunks(path))
    try:
        with transaction.atomic():
            asked = new_intake(by, cohort, name, shown(shown_name), keep_patient_ids, options)
            Delivery.objects.create(key=key, upload=asked)
        return asked
    except BaseException as fault:
        drop.discard(name)
        won = archive_selectors.delivered(key) if isinstance(fault, IntegrityError) else None
        if won is None:
            raise
        return won


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while chunk := source.read(CHUNK_BYTES):
            yield chunk
