"""Reads of what was asked of other archives, and what may be asked."""

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import Http404

from accounts.models import User
from cohorts import sealing
from cohorts.channels.archive_settings import ArchiveSettings, parse_archives
from cohorts.models import ArchivePull, ArchiveSearch, Cohort, Delivery, IntakeUpload
from cohorts.selectors import cohorts_of
from cohorts.vocabulary import CohortRole
from jobs.leases import OPEN
from jobs.models import JobState


def archives_for(cohort: Cohort) -> list[ArchiveSettings]:
    """Return the archives from which the operator lets this cohort be filled."""
    archives = parse_archives(settings.ARCHIVES)
    return [archive for archive in archives if archive.serves(cohort.name)]


def archive_named(cohort: Cohort, name: str) -> ArchiveSettings | None:
    """Return the archive if this cohort may be filled from it; letter case is ignored."""
    wanted = name.casefold()
    return next((one for one in archives_for(cohort) if one.name.casefold() == wanted), None)


def searches_of(cohort: Cohort) -> QuerySet[ArchiveSearch]:
    """Return the cohort's searches, newest first."""
    return cohort.archive_searches.select_related("requested_by").order_by("-pk")[:50]


def pulls_of(cohort: Cohort) -> QuerySet[ArchivePull]:
    """Return the cohort's pulls, newest first."""
    return (
        ArchivePull.objects.filter(search__cohort=cohort)
        .select_related("search", "requested_by", "upload")
        .order_by("-pk")[:50]
    )


def search_for(user: User, public_id: uuid.UUID) -> ArchiveSearch:
    """Return the search; Http404 when absent or not of a cohort the person coordinates."""
    mine = cohorts_of(user, CohortRole.COORDINATOR)
    search = (
        ArchiveSearch.objects.select_related("cohort", "requested_by")
        .filter(public_id=public_id, cohort__in=mine)
        .first()
    )
    if search is None:
        raise Http404
    return search


def pull_for(user: User, public_id: uuid.UUID) -> ArchivePull:
    """Return the pull; Http404 when absent or not of a cohort the person coordinates."""
    mine = cohorts_of(user, CohortRole.COORDINATOR)
    pull = (
        ArchivePull.objects.select_related("search__cohort", "requested_by", "upload")
        .filter(public_id=public_id, search__cohort__in=mine)
        .first()
    )
    if pull is None:
        raise Http404
    return pull


def found_series(search: ArchiveSearch) -> list[dict[str, Any]]:
    """Return what a search found, each with its position; empty once forgotten."""
    found = sealing.unseal(search.sealed_found)
    return [{**series, "position": position} for position, series in enumerate(found)]


def terms_without_series(search: ArchiveSearch) -> list[str]:
    """Return what was asked for in vain, in its order; empty once forgotten."""
    if search.state != JobState.DONE or not search.sealed_terms:
        return []
    found = {series["term"] for series in sealing.unseal(search.sealed_found)}
    return [term for term in sealing.unseal(search.sealed_terms)["terms"] if term not in found]


def has_open_archive_work(cohort: Cohort) -> bool:
    """Say whether a search or a pull of the cohort, or an upload of a pull, is not over."""
    pulls = ArchivePull.objects.filter(search__cohort=cohort)
    waiting = pulls.filter(Q(state__in=OPEN) | Q(upload__state__in=OPEN))
    return waiting.exists() or cohort.archive_searches.filter(state__in=OPEN).exists()


def delivered(key: str) -> IntakeUpload | None:
    """Return the upload that this delivery became, if it did."""
    delivery = Delivery.objects.select_related("upload__cohort").filter(key=key).first()
    return delivery.upload if delivery else None


def pulls_in_use() -> set[str]:
    """Return names of the staging folders that pulls may still need."""
    kept = ArchivePull.objects.exclude(sealed_series="").values_list("public_id", flat=True)
    return {public_id.hex for public_id in kept}


def forgettable(before: datetime) -> tuple[QuerySet[ArchiveSearch], QuerySet[ArchivePull]]:
    """Return searches and pulls that hold ids, are over, and ended before a moment."""
    searches = ArchiveSearch.objects.exclude(state__in=OPEN).filter(finished_at__lt=before)
    pulls = ArchivePull.objects.exclude(state__in=OPEN).filter(finished_at__lt=before)
    return searches.exclude(sealed_found="", sealed_terms=""), pulls.exclude(sealed_series="")


def pull_with_id(told: str) -> ArchivePull | None:
    """Return the pull with this public id (for the command line)."""
    try:
        public_id = uuid.UUID(told)
    except ValueError:
        return None
    pulls = ArchivePull.objects.select_related("search__cohort")
    return pulls.filter(public_id=public_id).first()
