"""The worker's side of other archives: searches, and pulls that go on where they stopped."""

import contextlib
import errno
import hashlib
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.core.exceptions import ValidationError

from cohorts import archive_records, archive_selectors, sealing
from cohorts.channels import durable_files
from cohorts.channels.archive_settings import ArchiveSettings
from cohorts.channels.dicomweb import ArchiveConnection, FoundSeries
from cohorts.channels.time_left import in_words
from cohorts.deliveries import hand_over
from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.options import IntakeOptions
from cohorts.models import ArchivePull, ArchiveSearch, Cohort
from jobs import leases
from jobs.models import Job, JobState

logger = logging.getLogger("nodewise.archive")
RENEW_SECONDS = 1.0
MAX_FOUND = 5_000
FULL = "The server's disk is full: ask the operator for room; what has arrived is kept. Go on then."
Tell = Callable[[str], None]


def take_up_search(search_id: int) -> None:
    """Claim a search and run it; do nothing when somebody else holds it or it is over."""
    held = leases.claim(ArchiveSearch, search_id, owner=leases.owner_name())
    if held is not None:
        with _ended_well(held):
            _search(held)
    search = ArchiveSearch.objects.get(pk=search_id)
    if search.state == JobState.CANCELLED:
        archive_records.forget_search(search)


def take_up_pull(pull_id: int, tell: Tell = lambda _: None) -> int | None:
    """Claim a pull and run it to the hand-over; return the upload that waits for intake.

    Files that arrived are kept between attempts.
    """
    held = leases.claim(ArchivePull, pull_id, owner=leases.owner_name())
    if held is not None:
        with _ended_well(held):
            _Pull(held, tell).run()
    pull = ArchivePull.objects.get(pk=pull_id)
    if pull.state in {JobState.DONE, JobState.CANCELLED}:
        archive_records.forget_ids(pull)
        shutil.rmtree(archive_records.staging_of(pull), ignore_errors=True)
    return pull.upload_id if held is not None else None


@contextlib.contextmanager
def _ended_well(job: Job) -> Iterator[None]:
    """Give every end its state: refusals are sentences, faults go back into the queue."""
    try:
        yield
    except leases.Cancelled:
        leases.finish(job, state=JobState.CANCELLED)
    except leases.LeaseLost:
        logger.warning("lease lost", extra={"job": "archive", "job_id": job.pk})
    except IntakeError as refusal:
        leases.finish(job, state=JobState.FAILED, error=f"{refusal.message} ({refusal.code})")
    except ValidationError as refusal:
        leases.finish(job, state=JobState.FAILED, error=" ".join(refusal.messages))
    except OSError as fault:
        if fault.errno != errno.ENOSPC:
            leases.give_back(job, error=f"Stopped by a fault of the system ({fault.strerror}).")
            raise
        leases.finish(job, state=JobState.FAILED, error=FULL)
    except BaseException as fault:
        sentence = f"Stopped by a fault of the system ({type(fault).__name__})."
        leases.give_back(job, error=sentence)
        raise


def _search(search: ArchiveSearch) -> None:
    beat = _Beat(search)
    connection = ArchiveConnection(_archive(search.cohort, search.archive), go_on=beat)
    found: dict[str, FoundSeries] = {}
    asked = sealing.unseal(search.sealed_terms)
    terms, studied = asked["terms"], asked["studied"]
    started = time.monotonic()
    for number, term in enumerate(terms):
        left = in_words(time.monotonic() - started, number, len(terms) - number)
        note = f"Searching: {number} of {len(terms)} done{left}"
        beat.say(done=number, total=len(terms), note=note)
        series = connection.search(search.keyword, term, studied)
        found |= {one.series_uid: one for one in sorted(series, key=_reading_order)}
        _refuse_too_many(len(found))
    beat.say(done=len(terms), total=len(terms), note="Done")
    archive_records.store_found(search, [one.as_dict() for one in found.values()])
    leases.finish(search)


def _reading_order(series: FoundSeries) -> tuple[str, str, str]:
    """Return a key that keeps a study together, the newest last."""
    return series.study_date or "", series.study_uid, series.modality


def _refuse_too_many(found: int) -> None:
    if found > MAX_FOUND:
        raise IntakeError(
            RefusalCode.REMOTE_TOO_LARGE,
            f"the search found more than {MAX_FOUND} series; search for fewer patients at once, "
            "or between two dates",
        )


def _archive(cohort: Cohort, name: str) -> ArchiveSettings:
    archive = archive_selectors.archive_named(cohort, name)
    if archive is None:
        raise ValidationError(
            f"'{name}' is no longer an archive of this cohort: ask the operator.",
            code="no_such_archive",
        )
    return archive


class _Beat:
    """Renews the lease now and then, however long the archive takes."""

    def __init__(self, job: Job) -> None:
        self.job, self.renewed = job, 0.0

    def __call__(self) -> None:
        if time.monotonic() - self.renewed >= RENEW_SECONDS:
            leases.renew(self.job)
            self.renewed = time.monotonic()

    def say(self, *, done: int, total: int, note: str) -> None:
        """Store how far the work has come."""
        leases.renew(self.job, done=done, total=total, note=note)
        self.renewed = time.monotonic()


@dataclass
class _Pull:
    pull: ArchivePull
    tell: Tell
    size_bytes: int = 0
    started: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        """Fetch what is not there yet, and hand the folder over."""
        cohort = self.pull.search.cohort
        self.archive = _archive(cohort, self.pull.search.archive)
        self.beat = _Beat(self.pull)
        self.connection = ArchiveConnection(self.archive, go_on=self.beat)
        self._fetch(self._wanted())
        self.beat.say(done=self.total, total=self.total, note="Handing over to intake")
        upload = hand_over(
            by=self.pull.requested_by,
            cohort=cohort,
            path=archive_records.staging_of(self.pull),
            key=self.pull.public_id.hex,
            shown_name=f"{self.pull.series_count} series from {self.archive.name}",
            keep_patient_ids=self.pull.keep_patient_ids,
            options=IntakeOptions.from_dict(self.pull.options),
        )
        archive_records.store_upload(self.pull, upload)
        leases.finish(self.pull)

    def _wanted(self) -> dict[Path, tuple[FoundSeries, str]]:
        """Return the place of each instance; names tell nothing of the patient."""
        chosen = [FoundSeries(**told) for told in sealing.unseal(self.pull.sealed_series)]
        folder, wanted = archive_records.staging_of(self.pull), {}
        for number, series in enumerate(chosen, 1):
            self.beat.say(done=0, total=0, note=f"Listing series {number} of {len(chosen)}")
            for uid in self.connection.instances(series):
                name = hashlib.sha256(uid.encode()).hexdigest()[:32]
                wanted[folder / f"series{number:03d}" / f"{name}.dcm"] = (series, uid)
        self.total = len(wanted)
        if self.total > self.archive.max_instances:
            raise IntakeError(
                RefusalCode.REMOTE_TOO_LARGE,
                f"the series hold {self.total} instances, one pull from this archive may have "
                f"{self.archive.max_instances}; choose fewer",
            )
        return wanted

    def _fetch(self, wanted: dict[Path, tuple[FoundSeries, str]]) -> None:
        folder = archive_records.staging_of(self.pull)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        durable_files.remove_partial(folder)
        there = {path for path in wanted if path.is_file()}
        self.size_bytes = sum(path.stat().st_size for path in there)
        for fetched, (path, (series, uid)) in enumerate(
            (item for item in wanted.items() if item[0] not in there), 1
        ):
            path.parent.mkdir(exist_ok=True, mode=0o700)
            room = self.archive.max_bytes - self.size_bytes
            self.size_bytes += self.connection.fetch(series, uid, path, room=room)
            self._say(len(there) + fetched, fetched)
        os.sync()

    def _say(self, done: int, fetched: int) -> None:
        left = in_words(time.monotonic() - self.started, fetched, self.total - done)
        note = f"Fetching: {done} of {self.total} files{left}"
        self.beat.say(done=done, total=self.total, note=note)
        archive_records.store_arrived(self.pull, self.size_bytes)
        self.tell(note)
