"""cohorts.channels: ask a DICOMweb archive what it holds (QIDO-RS) and fetch it (WADO-RS).

DICOM PS3.18 sections 10.4 and 10.6. Only hosts that the operator wrote down are ever asked.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

from cohorts.channels.archive_session import CHUNK_BYTES, not_trusted, session_with
from cohorts.channels.archive_settings import ArchiveSettings
from cohorts.channels.durable_files import written_durably
from cohorts.channels.multipart import boundary_of, copy_single_part
from cohorts.dicom.errors import IntakeError, RefusalCode

try:
    import requests
    from dicomweb_client.api import DICOMwebClient
except ModuleNotFoundError:  # the extra "network" is optional; see ArchiveConnection
    IS_INSTALLED = False
else:
    IS_INSTALLED = True

PAGE = 1000
RETRY_WAITS_S = (0.5, 2.0, 8.0)
WANTED = ("CT", "SEG", "RTSTRUCT")
# As it is stored: an archive must not decode and encode anew what is digested here.
ACCEPT = 'multipart/related; type="application/dicom"; transfer-syntax=*'
SERIES_FIELDS = ["SeriesDescription", "NumberOfSeriesRelatedInstances"]
UID = re.compile(r"^[0-9.]{1,64}$")
DAY = re.compile(r"^[0-9]{8}$")
PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class FoundSeries:
    """One series of an archive: identifying, so never stored unsealed."""

    term: str
    study_uid: str
    study_date: str | None
    """As in 2026-01-24; None where the archive says none."""
    series_uid: str
    modality: str
    description: str
    instances: int | None
    """What the archive says; None where it says nothing."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


class ArchiveConnection:
    """A session with one archive.

    Parameters
    ----------
    archive : ArchiveSettings
    go_on : callable
        Called before each attempt and each chunk; raises to stop.
    waits_s : sequence of float
        Pauses before the second and each later attempt.

    Raises
    ------
    IntakeError
        From every method: one code per way in which an archive can fail (``remote_*``).
    """

    def __init__(
        self,
        archive: ArchiveSettings,
        *,
        go_on: Callable[[], None] = lambda: None,
        waits_s: Sequence[float] = RETRY_WAITS_S,
    ) -> None:
        if not IS_INSTALLED:
            raise IntakeError(
                RefusalCode.REMOTE_NOT_INSTALLED,
                "archives cannot be asked from this installation: the operator should install "
                "its extra, pip install 'nodewise[network]'",
            )
        self.archive, self.go_on, self.waits_s = archive, go_on, waits_s
        self.session = session_with(archive)
        self.client = DICOMwebClient(
            archive.url.rstrip("/"), session=self.session, timeout=archive.timeout_s
        )
        # Once only: this class waits and tries again itself, and can be stopped meanwhile.
        self.client.set_http_retry_params(retry=False)

    def search(self, keyword: str, term: str, studied: str = "") -> list[FoundSeries]:
        """Return CT, SEG and RTSTRUCT series of the studies that match.

        ``keyword`` is PatientID, AccessionNumber or StudyInstanceUID; ``studied`` a range of study
        dates (PS3.4 section C.2.2.2.5.1), ``20200101-20201231`` or open at one end.
        """
        asked = {keyword: term} | ({"StudyDate": studied} if studied else {})
        studies = self._listed(
            lambda: self.client.search_for_studies(search_filters=asked, limit=PAGE)
        )
        found = []
        for study in studies:
            uid, day = _uid(study, "0020000D"), _text(study, "00080020")
            # Some archives ignore a filter they do not know: then everything would come.
            if keyword == "PatientID" and _text(study, "00100020") not in {term, ""}:
                continue
            if studied and not is_within(studied, day):
                continue
            found += [self._series(term, uid, day, one) for one in self._series_of(uid)]
        return [series for series in found if series.modality in WANTED]

    def _series_of(self, study_uid: str) -> list[dict[str, Any]]:
        return self._listed(
            lambda: self.client.search_for_series(study_uid, fields=SERIES_FIELDS, limit=PAGE)
        )

    @staticmethod
    def _series(term: str, study_uid: str, day: str, told: dict[str, Any]) -> FoundSeries:
        count = _text(told, "00201209")
        return FoundSeries(
            term=term,
            study_uid=study_uid,
            study_date=_written_date(day),
            series_uid=_uid(told, "0020000E"),
            modality=_text(told, "00080060"),
            description=_text(told, "0008103E")[:64],
            instances=int(count) if count.isdecimal() else None,
        )

    def instances(self, series: FoundSeries) -> list[str]:
        """Return the SOP Instance UIDs of a series; refuse where their number is another."""
        uids: dict[str, None] = {}
        while True:
            page = self._listed(partial(self._page, series, len(uids)))
            fresh = {_uid(one, "00080018"): None for one in page}
            before = len(uids)
            uids |= fresh
            if len(page) < PAGE or len(uids) == before:
                break
        if not uids or series.instances not in {None, len(uids)}:
            raise IntakeError(
                RefusalCode.REMOTE_COUNT,
                f"the archive lists {len(uids)} of the {series.instances or 'unknown number of'} "
                "instances of a series: it may still be receiving it, or have lost some. Search "
                "again when the series is complete there",
            )
        return list(uids)

    def _page(self, series: FoundSeries, offset: int) -> object:
        return self.client.search_for_instances(
            series.study_uid, series.series_uid, limit=PAGE, offset=offset
        )

    def _listed(self, ask: Callable[[], object]) -> list[dict[str, Any]]:
        """Ask for a list of objects, and get one or a refusal."""
        answer = self._patiently(ask)
        if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
            raise _no_json()
        return answer

    def fetch(self, series: FoundSeries, instance_uid: str, target: Path, *, room: int) -> int:
        """Write one instance to ``target`` as the archive stores it; return its size in bytes.

        ``target`` appears whole or not at all; ``room`` is how many bytes it may have.
        """
        url = (
            f"{self.archive.url.rstrip('/')}/studies/{series.study_uid}"
            f"/series/{series.series_uid}/instances/{instance_uid}"
        )
        return self._patiently(lambda: self._fetch_once(url, target, room))

    def _fetch_once(self, url: str, target: Path, room: int) -> int:
        with self.session.get(
            url, headers={"Accept": ACCEPT}, stream=True, timeout=self.archive.timeout_s
        ) as answer:
            answer.raise_for_status()
            boundary = boundary_of(answer.headers.get("Content-Type", ""))
            chunks = self._counted(answer.iter_content(CHUNK_BYTES), room)
            with written_durably(target) as sink:
                if boundary is None:
                    return sum(sink.write(chunk) for chunk in chunks)
                return copy_single_part(chunks, boundary, sink)

    def _counted(self, chunks: Iterator[bytes], room: int) -> Iterator[bytes]:
        for chunk in chunks:
            self.go_on()
            room -= len(chunk)
            if room < 0:
                raise IntakeError(
                    RefusalCode.REMOTE_TOO_LARGE,
                    "the series are larger than one pull from this archive may be "
                    f"({self.archive.max_bytes} bytes); choose fewer",
                )
            yield chunk

    def _patiently(self, ask: Callable[[], Answer]) -> Answer:
        """Ask again, after a pause, where the fault may pass."""
        for wait_s in self.waits_s:
            try:
                return self._once(ask)
            except IntakeError as refusal:
                if not isinstance(refusal, _PassingFault):
                    raise
            self._wait(wait_s)
        return self._once(ask)

    def _once(self, ask: Callable[[], Answer]) -> Answer:
        self.go_on()
        with _faults_named(self.archive):
            return ask()

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.go_on()
            time.sleep(min(left, 0.25))


class _PassingFault(IntakeError):
    """A fault that may be gone at the next attempt."""


@contextmanager
def _faults_named(archive: ArchiveSettings) -> Iterator[None]:
    """Turn what the HTTP library raises into refusals; urls name patients and are left out."""
    try:
        yield
    except requests.exceptions.HTTPError as fault:
        raise _of_status(fault.response.status_code if fault.response is not None else 0) from None
    except requests.exceptions.SSLError:
        raise not_trusted(archive) from None
    except requests.exceptions.Timeout:
        raise _PassingFault(
            RefusalCode.REMOTE_TIME_OUT,
            f"'{archive.name}' did not answer within {archive.timeout_s:g} s; what has arrived is "
            "kept. Go on later",
        ) from None
    except (requests.exceptions.JSONDecodeError, requests.exceptions.InvalidJSONError):
        raise _no_json() from None
    except requests.exceptions.RequestException:
        raise _PassingFault(
            RefusalCode.REMOTE_UNREACHABLE,
            f"'{archive.name}' cannot be reached, or broke off; what has arrived is kept. Ask the "
            "operator whether the archive is running, and go on later",
        ) from None
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as fault:
        if isinstance(fault, IntakeError):
            raise
        raise _no_json() from None


def _no_json() -> IntakeError:
    return IntakeError(
        RefusalCode.REMOTE_CONTENT_TYPE,
        "the archive did not answer in DICOM JSON; the operator should check the url of its "
        "DICOMweb service",
    )


def _of_status(status: int) -> IntakeError:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return IntakeError(
            RefusalCode.REMOTE_AUTHENTICATION,
            f"the archive refused our credentials (HTTP {status}); the operator should check them",
        )
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return IntakeError(
            RefusalCode.REMOTE_NOT_FOUND,
            f"the archive lists an instance or service that it does not have (HTTP {status}); "
            "search again, and tell the archive's administrator if it happens again",
        )
    if status == HTTPStatus.NOT_ACCEPTABLE:
        return IntakeError(
            RefusalCode.REMOTE_CONTENT_TYPE,
            "the archive cannot send DICOM files as they are stored (HTTP 406)",
        )
    passing = status in PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return (_PassingFault if passing else IntakeError)(
        RefusalCode.REMOTE_FAULT,
        f"the archive answered with HTTP {status}; go on later, or ask its administrator",
    )


def is_within(studied: str, day: str) -> bool:
    """Say whether a date (DA) lies in a range as `ArchiveConnection.search` takes it."""
    first, _, last = studied.partition("-")
    return _written_date(day) is not None and first <= day and (not last or day <= last)


def _written_date(day: str) -> str | None:
    """Return 20260124 as 2026-01-24; None for what is no date."""
    try:
        return date.fromisoformat(day).isoformat() if DAY.match(day) else None
    except ValueError:
        return None


def _uid(told: dict[str, Any], tag: str) -> str:
    """Return a UID that can stand in a url as it is."""
    uid = _text(told, tag)
    if not UID.match(uid):
        raise IntakeError(
            RefusalCode.REMOTE_FAULT,
            "the archive names a study, series or instance by something that is no UID; its "
            "administrator has to correct the images there",
        )
    return uid


def _text(told: dict[str, Any], tag: str) -> str:
    """Return the first value of an attribute in DICOM JSON (PS3.18 Annex F) as text."""
    attribute = told.get(tag)
    values = attribute.get("Value") if isinstance(attribute, dict) else None
    return str(values[0]) if isinstance(values, list) and values else ""
