"""An upload on its way: read by the child process, stored patient by patient, reported."""

import contextlib
import logging
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from queue import Empty, Full, Queue
from typing import Any

from django.conf import settings
from django.utils import timezone

from cohorts import drop, intake, intake_report, retention
from cohorts.dicom.archive import ArchiveLimits
from cohorts.dicom.errors import IntakeError
from cohorts.dicom.reading_child import (
    Plan,
    PreparedPatient,
    ReadingLimits,
    ReadingProgress,
    prepare,
)
from cohorts.models import IntakeUpload
from cohorts.time_estimate import TimeEstimate
from jobs import leases
from jobs.models import JobState

logger = logging.getLogger("nodewise.intake")
RENEW_SECONDS = 1.0
POLL_SECONDS = 0.1
UNPACKED_TO_PACKED = 2
"""CT zips to about half; the limit on what comes out follows the limit on what goes in."""


@dataclass(frozen=True, kw_only=True)
class IntakeProgress:
    """How far an upload has come, for people: ``done`` of ``total`` patients, and what is done."""

    done: int = 0
    total: int = 0
    stage: str = "Reading the files"
    detail: str = ""
    left: str = ""

    @property
    def note(self) -> str:
        """Stage, detail and the time that is left as one phrase."""
        return ", ".join(part for part in (self.stage, self.detail, self.left) if part)


Tell = Callable[[IntakeProgress], None]


class NothingToReadError(Exception):
    """The bytes of an upload are gone; the message says what the coordinator can do."""


def take_up(upload_id: int) -> None:
    """Claim the upload and run it; do nothing when somebody else holds it or it is over."""
    held = leases.claim(IntakeUpload, upload_id, owner=leases.owner_name())
    if held is None:
        discard_if_over(upload_id)
        return
    try:
        run_held(held, None)
    finally:
        discard_if_over(upload_id)


def discard_if_over(upload_id: int) -> None:
    """Delete the uploaded bytes once nothing more will happen to them."""
    upload = IntakeUpload.objects.filter(pk=upload_id).first()
    if upload is not None and upload.is_over and upload.kept_until is None:
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
        work = _Intake(upload, source, folder, tell)
        work.run()
        _keep_for_questions(upload, work.report)
        leases.finish(upload)
        if intake_report.is_settled(work.report):
            retention.forget_names(upload, intake_report.settled(work.report))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _keep_for_questions(upload: IntakeUpload, report: dict[str, Any]) -> None:
    """Keep the bytes of an upload about which something is asked."""
    if upload.drop_name and intake_report.open_questions(report):
        until = timezone.now() + timedelta(days=settings.INTAKE_KEEP_DAYS)
        IntakeUpload.objects.filter(pk=upload.pk).update(kept_until=until)


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


class _Intake:
    """Reads in a thread without database; this thread stores each patient as it comes.

    A patient that an earlier attempt stored is not read again: the bytes are the same, so its
    place in the upload is too.
    """

    def __init__(self, upload: IntakeUpload, source: Path, folder: Path, tell: Tell) -> None:
        self.upload, self.source, self.folder, self.tell = upload, source, folder, tell
        self.latest = IntakeProgress()
        self.stop = threading.Event()
        self.options = intake.options_of(upload)
        # Small: read patients lie on the disk until they are stored.
        self.read: Queue[Plan | PreparedPatient] = Queue(maxsize=settings.INTAKE_WORKERS + 1)
        self.entries = {
            entry["position"]: entry
            for entry in upload.report.get("patients", [])
            if entry["outcome"] in intake_report.STORED
        }
        self.ids: intake_report.Ids = frozenset()
        self.report: dict[str, Any] = {}
        self.total = 0
        self.estimate = TimeEstimate(earlier=len(self.entries))

    def run(self) -> None:
        """Read and store until every patient has an entry."""
        with ThreadPoolExecutor(max_workers=1) as pool:
            future = pool.submit(self._prepare)
            try:
                self._store_while_reading(future)
            except BaseException:
                self.stop.set()
                raise
            future.result()
        self._say(IntakeProgress(done=self.total, total=self.total, stage="Done"))

    def _prepare(self) -> None:
        archive = ArchiveLimits(total_bytes=UNPACKED_TO_PACKED * settings.INTAKE_MAX_BYTES)
        limits = ReadingLimits(
            memory_bytes=settings.INTAKE_MEMORY_BYTES,
            cpu_seconds=settings.INTAKE_SECONDS,
            wall_seconds=2 * settings.INTAKE_SECONDS,
            workers=settings.INTAKE_WORKERS,
            # Unpacked files, and patients being read or waiting to be stored; none of them is
            # larger on the disk than it was in memory.
            output_bytes=archive.total_bytes
            + (settings.INTAKE_WORKERS + 3) * settings.INTAKE_MEMORY_BYTES,
            archive=archive,
        )
        prepare(
            self.source,
            self.folder,
            progress=self._on_progress,
            limits=limits,
            options=self.options,
            name=self.upload.shown_name,
            skip=[position - 1 for position in self.entries],
            on_plan=self._hand_over,
            on_patient=self._hand_over,
        )

    def _on_progress(self, progress: ReadingProgress) -> None:
        self._go_on()
        words = _in_words(progress)
        self.latest = replace(words, left=self.estimate.words(progress))

    def _hand_over(self, answer: Plan | PreparedPatient) -> None:
        while True:
            self._go_on()
            with contextlib.suppress(Full):
                self.read.put(answer, timeout=POLL_SECONDS)
                return

    def _go_on(self) -> None:
        if self.stop.is_set():
            raise leases.LeaseLost("reading was stopped")

    def _store_while_reading(self, future: "Future[None]") -> None:
        renewed = 0.0
        while not (future.done() and self.read.empty()):
            with contextlib.suppress(Empty):
                self._take(self.read.get(timeout=POLL_SECONDS))
            self.tell(self.latest)
            if time.monotonic() - renewed >= RENEW_SECONDS:
                _renew(self.upload, self.latest)
                renewed = time.monotonic()

    def _take(self, answer: Plan | PreparedPatient) -> None:
        if isinstance(answer, Plan):
            self.ids = intake_report.ids_to_hide(self.upload, answer)
            self.report = intake_report.start(answer, self.ids)
            _rename(self.upload, intake_report.hide(self.upload.shown_name, self.ids))
            self.total = len(answer.folders)
        else:
            position = answer.index + 1
            stage = f"Storing patient {position} of {self.total}"
            self._say(IntakeProgress(done=len(self.entries), total=self.total, stage=stage))
            entry = intake.store(self.upload, answer, self.ids)
            self.entries[position] = entry
            if answer.directory is not None:
                shutil.rmtree(answer.directory, ignore_errors=True)
        self.report["patients"] = [self.entries[key] for key in sorted(self.entries)]
        _save_report(self.upload, self.report)

    def _say(self, progress: IntakeProgress) -> None:
        """Tell, and hold the lease: nothing may be stored on one that is lost."""
        self.tell(progress)
        _renew(self.upload, progress)


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
        done=progress.finished,
        total=progress.patients,
        stage=f"Patient {progress.patient} of {progress.patients}",
        detail=f"slice {slice_now} of {slices}",
    )


def _renew(upload: IntakeUpload, progress: IntakeProgress) -> None:
    leases.renew(upload, done=progress.done, total=progress.total, note=progress.note)


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
