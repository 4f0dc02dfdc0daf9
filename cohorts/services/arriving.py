"""Uploads that come piece by piece, and go on after a lost connection where they stopped."""

import io
import os
import shutil
from collections.abc import Sequence
from typing import Any, BinaryIO

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.errors import Conflict
from accounts.models import User
from cohorts import arrivals, drop
from cohorts.arrivals import Arrival, ExpectedFile, LeftOut
from cohorts.dicom import first_look
from cohorts.dicom.listed_files import shown_path
from cohorts.dicom.options import IntakeOptions
from cohorts.intake_requests import shown, stored_options
from cohorts.models import ArrivingUpload, Cohort, IntakeUpload
from cohorts.services.authority import refuse_unless_coordinator
from cohorts.services.uploads import enqueue_intake

NO_PIECES = io.BytesIO()


def start_arrival(
    *,
    by: User,
    cohort: Cohort,
    shown_name: str,
    files: Sequence[ExpectedFile],
    keep_patient_ids: bool = False,
    options: IntakeOptions | None = None,
) -> ArrivingUpload:
    """Announce the files of an upload; the same files again: go on with what has arrived."""
    refuse_unless_coordinator(by, cohort)
    _refuse_listing(files)
    told = {
        "shown_name": shown(shown_name),
        "keep_patient_ids": keep_patient_ids,
        "options": stored_options(options or IntakeOptions()),
    }
    with transaction.atomic():
        # Locked: two tabs with one folder go on with one upload.
        Cohort.objects.select_for_update().get(pk=cohort.pk)
        found = ArrivingUpload.objects.filter(
            cohort=cohort,
            sender=by,
            listing_digest=arrivals.digest_of(files),
            intake__isnull=True,
        )
        arriving = found.first()
        if arriving is not None and drop.path_of(arriving.drop_name).is_dir():
            found.update(**told, last_piece_at=timezone.now())
            return found.get()
        found.delete()
        return _announce(by, cohort, files, told)


def _announce(
    by: User, cohort: Cohort, files: Sequence[ExpectedFile], told: dict[str, object]
) -> ArrivingUpload:
    total, name = sum(file.size for file in files), drop.new_name(drop.FILES)
    _refuse_full_disk(total)
    arriving = ArrivingUpload(
        cohort=cohort,
        sender=by,
        drop_name=name,
        listing_digest=arrivals.digest_of(files),
        file_count=len(files),
        total_bytes=total,
        **told,
    )
    arriving.full_clean(exclude=["intake"])
    arriving.save()
    arrival = folder_of(arriving)
    arrival.begin(files)
    if not arrival.is_zip:
        for number, file in enumerate(files, 1):
            if reason := first_look.left_out_by_name(file.path, file.size):
                arrival.leave_out(number, reason)
    audit.record(
        by=by,
        verb="start_arrival",
        target=arriving,
        new={"cohort": cohort.name, "files": len(files), "bytes": total},
    )
    return arriving


def folder_of(arriving: ArrivingUpload) -> Arrival:
    """Return the folder of an upload on its way."""
    return Arrival(drop.path_of(arriving.drop_name))


def state_of_arrival(
    arriving: ArrivingUpload, files: Sequence[ExpectedFile] | None = None
) -> dict[str, Any]:
    """Return what has arrived; ``files`` are the sender's, whose order the numbers follow."""
    arrival = folder_of(arriving)
    names = ("public_id", "shown_name", "file_count", "total_bytes", "created_at", "last_piece_at")
    return {
        **{name: getattr(arriving, name) for name in names},
        "numbers": arrival.numbers(arrival.files if files is None else files),
        "arrived": arrival.arrived(),
        "left_out": arrival.left_out(),
    }


def _refuse_listing(files: Sequence[ExpectedFile]) -> None:
    if not files:
        raise ValidationError("There are no files to upload.", code="no_files")
    if len(files) > settings.INTAKE_MAX_FILES:
        raise ValidationError(
            f"These are {len(files)} files, more than {settings.INTAKE_MAX_FILES}: upload fewer "
            "patients at a time.",
            code="too_many_files",
        )
    drop.refuse_too_large(sum(file.size for file in files))
    seen = set()
    for file in files:
        if shown_path(file.path) != file.path:
            raise ValidationError(
                f"'{shown_path(file.path)}' was not given as a plain relative path: choose the "
                "folder again.",
                code="path",
            )
        if file.path in seen:
            raise ValidationError(f"'{file.path}' is there twice.", code="path_twice")
        seen.add(file.path)


def _refuse_full_disk(total_bytes: int) -> None:
    free = shutil.disk_usage(settings.DROP_DIR).free
    if total_bytes > free:
        raise ValidationError(
            f"The server has room for {free // 1024**2} MB more: upload fewer patients at a time, "
            "or ask the operator to make room.",
            code="no_room",
        )


def receive_pieces(*, by: User, arriving: ArrivingUpload, stream: BinaryIO) -> list[LeftOut]:
    """Take the pieces of one request; return the files that turned out to be of no use."""
    _refuse_foreign_or_finished(by, arriving)
    arrival = folder_of(arriving)
    left_out = [
        found for piece in arrivals.pieces_in(stream) if (found := arrival.add(piece)) is not None
    ]
    ArrivingUpload.objects.filter(pk=arriving.pk).update(last_piece_at=timezone.now())
    return left_out


def finish_arrival(*, by: User, arriving: ArrivingUpload) -> IntakeUpload:
    """Ask the worker to take in what has arrived; asked again, the answer is the same."""
    refuse_unless_coordinator(by, arriving.cohort)
    _refuse_foreign(by, arriving)
    if arriving.intake is not None:
        return arriving.intake
    arrival = folder_of(arriving)
    if missing := arrival.missing():
        raise Conflict(
            f"{missing} bytes have not arrived yet: send them first.",
            code="incomplete",
            current={"missing_bytes": missing},
        )
    try:
        _refuse_content(arrival)
    except ValidationError:
        _forget(arriving)
        raise
    return _hand_over(by, arriving, arrival)


def _refuse_content(arrival: Arrival) -> None:
    if arrival.is_zip:
        if not arrival.head(1).startswith(drop.ZIP_MAGIC):
            raise drop.not_a_zip()
    elif not arrival.may_hold_ct():
        raise ValidationError(
            f"None of these {len(arrival.files)} files is a DICOM CT image: choose the folder with "
            "the CT series, and the masks beside it. Nothing was kept.",
            code="no_ct",
        )


@transaction.atomic
def _hand_over(by: User, arriving: ArrivingUpload, arrival: Arrival) -> IntakeUpload:
    locked = ArrivingUpload.objects.select_for_update().get(pk=arriving.pk)
    if locked.intake is not None:
        return locked.intake
    name = arriving.drop_name
    if arrival.is_zip:
        name = drop.new_name(drop.ZIP)
        # The last piece may have come long ago; what has no row yet is kept while it is young.
        arrival.path(1).touch()
        os.link(arrival.path(1), drop.path_of(name))
        transaction.on_commit(lambda: drop.discard(arriving.drop_name))
    else:
        arrival.list_files()
    locked.intake = enqueue_intake(
        by=by,
        cohort=locked.cohort,
        drop_name=name,
        shown_name=locked.shown_name,
        keep_patient_ids=locked.keep_patient_ids,
        options=IntakeOptions.from_dict(locked.options),
    )
    locked.save(update_fields=["intake"])
    return locked.intake


def give_up_arrival(*, by: User, arriving: ArrivingUpload) -> None:
    """Remove an upload on its way, with what has arrived of it."""
    _refuse_foreign_or_finished(by, arriving)
    audit.record(by=by, verb="give_up_arrival", target=arriving)
    _forget(arriving)


def _forget(arriving: ArrivingUpload) -> None:
    ArrivingUpload.objects.filter(pk=arriving.pk, intake__isnull=True).delete()
    drop.discard(arriving.drop_name)


def _refuse_foreign(by: User, arriving: ArrivingUpload) -> None:
    if arriving.sender_id != by.pk:
        raise ValidationError("Somebody else sends these files.", code="not_yours")


def _refuse_foreign_or_finished(by: User, arriving: ArrivingUpload) -> None:
    refuse_unless_coordinator(by, arriving.cohort)
    _refuse_foreign(by, arriving)
    if arriving.intake_id is not None:
        raise Conflict("These files have been handed over already.", code="handed_over")
