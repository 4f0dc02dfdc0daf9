"""Asking other archives, and pulling from them. What names patients is sealed, and forgotten."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import audit
from accounts.errors import Conflict
from accounts.models import User
from cohorts import archive_selectors, sealing, tasks
from cohorts.dicom.options import IntakeOptions
from cohorts.intake_requests import stored_options
from cohorts.models import ArchivePull, ArchiveSearch, Cohort
from cohorts.services.authority import refuse_unless_coordinator
from jobs import leases

KEYWORDS = ("PatientID", "AccessionNumber", "StudyInstanceUID")
MAX_TERMS = 500
MAX_TERM_LENGTH = 64
WILD = re.compile(r"[*?\\\x00-\x1f]")


@transaction.atomic
def request_search(
    *,
    by: User | None,
    cohort: Cohort,
    archive: str,
    keyword: str,
    terms: Sequence[str],
    studied_from: date | None = None,
    studied_until: date | None = None,
) -> ArchiveSearch:
    """Ask the worker to look in an archive for studies of these patients, made in these days."""
    refuse_unless_coordinator(by, cohort)
    known = archive_selectors.archive_named(cohort, archive)
    if known is None:
        raise ValidationError(
            f"'{archive[:80]}' is not an archive of this cohort: the operator lists archives in "
            "NODEWISE_ARCHIVES.",
            code="no_such_archive",
        )
    if keyword not in KEYWORDS:
        raise ValidationError(f"Search by one of {', '.join(KEYWORDS)}.", code="no_such_keyword")
    wanted, studied = checked_terms(terms), _range_of(studied_from, studied_until)
    search = ArchiveSearch(
        cohort=cohort,
        requested_by=by,
        archive=known.name,
        keyword=keyword,
        sealed_terms=sealing.seal({"terms": wanted, "studied": studied}),
    )
    search.full_clean(exclude=["requested_by"] if by is None else None)
    search.save()
    told = {"cohort": cohort.name, "archive": known.name, "terms": len(wanted)}
    audit.record(by=by, verb="search_archive", target=search, new=told)
    transaction.on_commit(lambda: tasks.run_archive_search.enqueue(search.pk))
    return search


def _range_of(first: date | None, last: date | None) -> str:
    """Return the range of study dates as an archive is asked for it (PS3.4 C.2.2.2.5.1)."""
    if first is None and last is None:
        return ""
    if first is not None and last is not None and first > last:
        raise ValidationError(
            f"No study was made from {first} until {last}: swap the dates.", code="dates_reversed"
        )
    return "-".join(day.strftime("%Y%m%d") if day else "" for day in (first, last))


def checked_terms(terms: Sequence[str]) -> list[str]:
    """Return the terms without repetition, or refuse: a wildcard would ask for other patients."""
    wanted = list(dict.fromkeys(term.strip() for term in terms if term.strip()))
    if not wanted:
        raise ValidationError("Nothing to search for: give one per line.", code="no_terms")
    if len(wanted) > MAX_TERMS:
        raise ValidationError(
            f"{len(wanted)} are more than one search takes ({MAX_TERMS}): search in parts.",
            code="too_many_terms",
        )
    for number, term in enumerate(wanted, 1):
        if WILD.search(term) or len(term) > MAX_TERM_LENGTH:
            raise ValidationError(
                f"Number {number} is longer than {MAX_TERM_LENGTH} characters or holds *, ? or "
                "another character that no id has: give each id in full.",
                code="term_form",
            )
    return wanted


@transaction.atomic
def request_pull(
    *,
    by: User | None,
    search: ArchiveSearch,
    positions: Sequence[int],
    keep_patient_ids: bool = False,
    options: IntakeOptions | None = None,
) -> ArchivePull:
    """Ask the worker to fetch the chosen series of a search and take them in."""
    refuse_unless_coordinator(by, search.cohort)
    chosen = _chosen_series(search, set(positions))
    pull = ArchivePull.objects.create(
        search=search,
        requested_by=by,
        keep_patient_ids=keep_patient_ids,
        options=stored_options(options or IntakeOptions()),
        sealed_series=sealing.seal(chosen),
        series_count=len(chosen),
    )
    told = {
        "cohort": search.cohort.name,
        "archive": search.archive,
        "series": len(chosen),
        "keep_patient_ids": keep_patient_ids,
        "options": pull.options,
    }
    audit.record(by=by, verb="pull_from_archive", target=pull, new=told)
    transaction.on_commit(lambda: tasks.run_archive_pull.enqueue(pull.pk))
    return pull


def _chosen_series(search: ArchiveSearch, positions: set[int]) -> list[dict[str, Any]]:
    found = archive_selectors.found_series(search)
    if not found:
        raise Conflict(
            "What this search found is no longer kept, or it found nothing: search again.",
            code="search_forgotten",
            current={"state": search.state},
        )
    chosen = [series for series in found if series.pop("position") in positions]
    if len(chosen) < len(positions):
        raise ValidationError(
            "Something was chosen that the search did not find: choose among its series.",
            code="no_such_series",
        )
    if not any(series["modality"] == "CT" for series in chosen):
        raise ValidationError("Choose at least one CT series.", code="no_ct_chosen")
    return chosen


@transaction.atomic
def cancel_search(*, by: User | None, search: ArchiveSearch) -> ArchiveSearch:
    """Ask the worker to stop searching; what was asked is forgotten."""
    refuse_unless_coordinator(by, search.cohort)
    if leases.ask_to_end(search, what="search", to="stop"):
        audit.record(by=by, verb="cancel_search", target=search)
        transaction.on_commit(lambda: tasks.run_archive_search.enqueue(search.pk))
    return search


@transaction.atomic
def cancel_pull(*, by: User | None, pull: ArchivePull) -> ArchivePull:
    """Ask the worker to stop; what arrived and what was asked is forgotten."""
    refuse_unless_coordinator(by, pull.search.cohort)
    if leases.ask_to_end(pull, what="pull", to="stop"):
        audit.record(by=by, verb="cancel_pull", target=pull)
        transaction.on_commit(lambda: tasks.run_archive_pull.enqueue(pull.pk))
    return pull


@transaction.atomic
def resume_pull(*, by: User | None, pull: ArchivePull) -> ArchivePull:
    """Go on with a pull that failed; files that arrived are not fetched again."""
    refuse_unless_coordinator(by, pull.search.cohort)
    pull.refresh_from_db()
    if not pull.can_go_on or not leases.reopen(pull):
        raise Conflict(
            f"This pull cannot go on ({pull.get_state_display().lower()}): search again.",
            code="cannot_go_on",
            current={"state": pull.state},
        )
    audit.record(by=by, verb="resume_pull", target=pull)
    transaction.on_commit(lambda: tasks.run_archive_pull.enqueue(pull.pk))
    pull.refresh_from_db()
    return pull
