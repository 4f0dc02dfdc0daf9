"""Asking other archives, and pulling from them. What names patients is sealed, and forgotten."""

import re
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import audit
from accounts.errors import Conflict
from accounts.models import User
from cohorts import archive_selectors, sealing, tasks
from cohorts.models import ArchivePull, ArchiveSearch, Cohort
from cohorts.services.authority import refuse_unless_coordinator
from jobs import leases
from jobs.models import JobState

KEYWORDS = ("PatientID", "AccessionNumber", "StudyInstanceUID")
MAX_TERMS = 500
MAX_TERM_LENGTH = 64
WILD = re.compile(r"[*?\\\x00-\x1f]")


@transaction.atomic
def request_search(
    *, by: User | None, cohort: Cohort, archive: str, keyword: str, terms: Sequence[str]
) -> ArchiveSearch:
    """Ask the worker to look in an archive for studies of these patients."""
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
    wanted = checked_terms(terms)
    search = ArchiveSearch(
        cohort=cohort,
        requested_by=by,
        archive=known.name,
        keyword=keyword,
        sealed_terms=sealing.seal(wanted),
    )
    search.full_clean(exclude=["requested_by"] if by is None else None)
    search.save()
    told = {"cohort": cohort.name, "archive": known.name, "terms": len(wanted)}
    audit.record(by=by, verb="search_archive", target=search, new=told)
    transaction.on_commit(lambda: tasks.run_archive_search.enqueue(search.pk))
    return search


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
) -> ArchivePull:
    """Ask the worker to fetch the chosen series of a search and take them in."""
    refuse_unless_coordinator(by, search.cohort)
    found = archive_selectors.found_series(search)
    if not found:
        raise Conflict(
            "What this search found is no longer kept, or it found nothing: search again.",
            code="search_forgotten",
            current={"state": search.state},
        )
    chosen = [series for series in found if series["position"] in set(positions)]
    if not any(series["modality"] == "CT" for series in chosen):
        raise ValidationError("Choose at least one CT series.", code="no_ct_chosen")
    for series in chosen:
        del series["position"]
    pull = ArchivePull.objects.create(
        search=search,
        requested_by=by,
        keep_patient_ids=keep_patient_ids,
        sealed_series=sealing.seal(chosen),
        series_count=len(chosen),
    )
    told = {"cohort": search.cohort.name, "archive": search.archive, "series": len(chosen)}
    audit.record(by=by, verb="pull_from_archive", target=pull, new=told)
    transaction.on_commit(lambda: tasks.run_archive_pull.enqueue(pull.pk))
    return pull


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
    if pull.state != JobState.FAILED or not pull.sealed_series or not leases.reopen(pull):
        raise Conflict(
            f"This pull cannot go on ({pull.get_state_display().lower()}): search again.",
            code="cannot_go_on",
            current={"state": pull.state},
        )
    audit.record(by=by, verb="resume_pull", target=pull)
    transaction.on_commit(lambda: tasks.run_archive_pull.enqueue(pull.pk))
    pull.refresh_from_db()
    return pull
