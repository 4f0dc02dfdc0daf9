"""An upload on its way: read by the child process, stored patient by patient, reported."""

import logging
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from cohorts import drop, intake, intake_report
from cohorts.dicom.archive import ArchiveLimits
from cohorts.dicom.errors import IntakeError
from cohorts.dicom.reading_child import PreparedIntake, ReadingLimits, ReadingProgress, prepare
from cohorts.models import IntakeUpload
from jobs import leases
from jobs.models import JobState

logger = logging.getLogger("nodewise.intake")
RENEW_SECONDS = 1.0
UNPACKED_TO_PACKED = 2
"""CT zips to about half; the limit on what comes out follows the limit on what goes in."""


@dataclass(frozen=True, kw_only=True)
class IntakeProgress:
    """How far an upload has come, for people: ``done`` of ``total`` patients, and what is done."""

    done: int = 0
    total: int = 0
    stage: str = "Reading the files"
    detail: str = ""

    @property
    def note(self) -> str:
        """Stage and detail as one phrase."""
        return ", ".join(part for part in (self.stage, self.detail) if part)


Tell = Callable[[IntakeProgress], None]


class NothingToReadError(Exception):
    """The bytes of an upload are gone; the message says what the coordinator can do."""


def take_up(upload_id: int) -> None:
    """Claim the upload and run it; do nothing when somebody else holds it or it is over."""
    drop.sweep()
    held = leases.claim(IntakeUpload, upload_id, owner=leases.owner_name())
    if held is None:
        discard_if_over(upload_id)
        return
    try:
        run_held(held, None)
    finally:
        discard_if_over(upload_id)


def discard_if_over(upload_id: int) -> None:
    """Delete the uploaded file once nothing more will happen to it."""
    upload = IntakeUpload.objects.filter(pk=upload_id).first()
    if upload is not None and upload.is_over:
        drop.discard(upload.drop_name)


def run_held(upload: IntakeUpload, source: Path | None, *, progress: Tell | None = None) -> None:
    """Run an upload this process holds, from ``source`` or from the drop folder, to its end."""
    try:
        _run(upload, source, progress or _tell_nobody)
    except leases.Cancelled:
        leases.finish(upload, state=JobState.CANCELLED)
    except leases.LeaseLost:
        logger.warning("lease lost", extra={"job": "intake", "job_id": upload.pk})
    except IntakeError as refusal:
        _save_report(upload, intake_report.refused_whole(upload, refusal))
        leases.finish(upload, state=JobState.FAILED, error=str(refusal)[:2000])
    except NothingToReadError as refusal:
        leases.finish(upload, state=JobState.FAILED, error=str(refusal))
    except BaseException as fault:
        _after_fault(upload, source, fault)
        raise


def _after_fault(upload: IntakeUpload, source: Path | None, fault: BaseException) -> None:
    """Leave an upload to the next worker; a command's import has nobody to go on with it."""
    sentence = (
        f"Stopped by a fault of the system ({type(fault).__name__}); patients stored until then "
        "are complete."
    )
    if source is None:
        leases.give_back(upload, error=sentence)
    else:
        leases.finish(upload, state=JobState.FAILED, error=sentence + " Run the command again.")


def _tell_nobody(_: IntakeProgress) -> None:
    return


def _run(upload: IntakeUpload, source: Path | None, tell: Tell) -> None:
    if source is None:
        source = _dropped(upload)
    folder = drop.work_folder(upload)
    try:
        prepared = _Reading(upload, source, folder, tell).run()
        _store_all(upload, prepared, tell)
        leases.finish(upload)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _dropped(upload: IntakeUpload) -> Path:
    if not upload.drop_name:
        raise NothingToReadError(
            "The import was interrupted; patients stored until then are complete. "
            "Run 'manage.py import_cases' again for the rest."
        )
    path = drop.path_of(upload.drop_name)
    if not path.exists():
        raise NothingToReadError("The uploaded file is no longer there: upload it again.")
    return path


class _Reading:
    """Reads in a thread without database while this thread keeps the lease alive."""

    def __init__(self, upload: IntakeUpload, source: Path, folder: Path, tell: Tell) -> None:
        self.upload, self.source, self.folder, self.tell = upload, source, folder, tell
        self.latest = IntakeProgress()
        self.stop = threading.Event()

    def run(self) -> PreparedIntake:
        with ThreadPoolExecutor(max_workers=1) as pool:
            future = pool.submit(self._prepare)
            try:
                self._watch(future)
            except BaseException:
                self.stop.set()
                raise
            return future.result()

    def _prepare(self) -> PreparedIntake:
        archive = ArchiveLimits(total_bytes=UNPACKED_TO_PACKED * settings.INTAKE_MAX_BYTES)
        limits = ReadingLimits(
            memory_bytes=settings.INTAKE_MEMORY_BYTES,
            cpu_seconds=settings.INTAKE_SECONDS,
            wall_seconds=2 * settings.INTAKE_SECONDS,
            archive=archive,
        )
        return prepare(
            self.source,
            self.folder,
            progress=self._on_progress,
            limits=limits,
            name=self.upload.shown_name,
        )

    def _on_progress(self, progress: ReadingProgress) -> None:
        if self.stop.is_set():
            raise leases.LeaseLost("reading was stopped")
        self.latest = _in_words(progress)

    def _watch(self, future: "Future[PreparedIntake]") -> None:
        renewed = 0.0
        while True:
            over = wait([future], timeout=0.1).done
            self.tell(self.latest)
            if over or time.monotonic() - renewed >= RENEW_SECONDS:
                _renew(self.upload, self.latest)
                renewed = time.monotonic()
            if over:
                return


def _in_words(progress: ReadingProgress) -> IntakeProgress:
    if progress.stage == "unpacking":
        return IntakeProgress(stage="Unpacking the zip")
    if progress.stage == "files":
        return IntakeProgress(
            stage="Looking at the files", detail=f"{progress.done} of {progress.total}"
        )
    # Each slice counts twice in the reader: once decoded, once encoded.
    slices, slice_now = progress.total // 2, (progress.done + 1) // 2
    return IntakeProgress(
        done=progress.patient - 1,
        total=progress.patients,
        stage=f"Patient {progress.patient} of {progress.patients}",
        detail=f"slice {slice_now} of {slices}",
    )


def _renew(upload: IntakeUpload, progress: IntakeProgress) -> None:
    leases.renew(upload, done=progress.done, total=progress.total, note=progress.note)


def _store_all(upload: IntakeUpload, prepared: PreparedIntake, tell: Tell) -> None:
    earlier = upload.report
    ids = intake_report.ids_to_hide(upload, prepared)
    report = intake_report.start(prepared, ids)
    _rename(upload, intake_report.hide(upload.shown_name, ids))
    total = len(prepared.patients)
    for position, patient in enumerate(prepared.patients, start=1):
        progress = IntakeProgress(
            done=position - 1, total=total, stage=f"Storing patient {position} of {total}"
        )
        tell(progress)
        _renew(upload, progress)
        entry = intake.store(upload, patient, ids)
        report["patients"].append(intake_report.resumed(earlier, position, entry))
        _save_report(upload, report)
    done = IntakeProgress(done=total, total=total, stage="Done")
    _renew(upload, done)
    tell(done)


def _rename(upload: IntakeUpload, shown_name: str) -> None:
    """Forget the name of a file or folder that turned out to be a PatientID."""
    IntakeUpload.objects.filter(pk=upload.pk).exclude(shown_name=shown_name).update(
        shown_name=shown_name
    )


def _save_report(upload: IntakeUpload, report: dict[str, Any]) -> None:
    held = IntakeUpload.objects.filter(
        pk=upload.pk, lease_owner=upload.lease_owner, attempts=upload.attempts
    )
    held.update(report={**report, "written_at": timezone.now().isoformat()})
