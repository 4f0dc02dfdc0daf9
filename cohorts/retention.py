"""What is no longer kept: bytes nobody needs, names of files, ids of patients in other archives.

It falls due by the passing of days, not by anybody's doing, so the worker looks every minute.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from cohorts import archive_records, drop, intake_report
from cohorts.models import ArchivePull, ArrivingUpload, IntakeUpload
from cohorts.neutral_names import is_neutral
from jobs.leases import OPEN


def apply() -> None:
    """Remove all that has fallen due; safe at any time and in any number of workers."""
    close_overdue_questions()
    forget_old_names()
    drop.sweep()
    archive_records.forget_old_ids()
    archive_records.remove_old_files()


def close_overdue_questions() -> None:
    """Give up the questions of uploads that waited for an answer too long."""
    for upload in IntakeUpload.objects.filter(kept_until__lt=timezone.now()):
        close_questions(upload)


def forget_old_names() -> None:
    """Remove the names of files from what was over some days ago, and what never arrived whole."""
    horizon = timezone.now() - timedelta(days=settings.INTAKE_KEEP_DAYS)
    ArrivingUpload.objects.filter(intake__isnull=True, last_piece_at__lt=horizon).delete()
    old = IntakeUpload.objects.filter(kept_until__isnull=True, finished_at__lt=horizon)
    for upload in old.exclude(report__has_key="names_removed"):
        error = intake_report.REMOVED if upload.report.get("refusal") else upload.error
        forget_names(upload, intake_report.without_names(upload.report), error=error)


def forget_names(upload: IntakeUpload, report: dict[str, Any], **more: str) -> None:
    """Put a report without names in place of the one with names, unless work goes on."""
    name = _nameless(upload)
    told = {"report": report, "shown_name": name, **more}
    # Only what is over: somebody may have answered in between.
    IntakeUpload.objects.filter(pk=upload.pk, kept_until__isnull=True).exclude(
        state__in=OPEN
    ).update(**told)
    ArrivingUpload.objects.filter(intake=upload).update(shown_name=name)


def _nameless(upload: IntakeUpload) -> str:
    """Return the name of an upload if it tells nothing of a patient, another one otherwise."""
    # We name pulls ourselves, by the archive.
    ours = ArchivePull.objects.filter(upload=upload).exists()
    return upload.shown_name if ours or is_neutral(upload.shown_name) else "files"


def close_questions(upload: IntakeUpload) -> None:
    """Refuse the patients whose questions stayed open, and remove the bytes."""
    report = intake_report.not_answered(upload.report)
    # Only while it waits for these: somebody may be answering at this moment.
    waiting = IntakeUpload.objects.filter(pk=upload.pk, kept_until=upload.kept_until)
    closed = waiting.exclude(kept_until=None).update(report=report, kept_until=None)
    if closed:
        drop.discard(upload.drop_name)
