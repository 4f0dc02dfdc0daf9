"""What the worker writes of searches and pulls, and when it forgets whom they were about."""

import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from cohorts import archive_selectors, sealing
from cohorts.models import ArchivePull, ArchiveSearch, IntakeUpload

KEEP_IDS = timedelta(days=7)


def staging_of(pull: ArchivePull) -> Path:
    """Return where the files of a pull lie until all have come."""
    return Path(settings.PULL_DIR) / pull.public_id.hex


def store_found(search: ArchiveSearch, found: Sequence[dict[str, object]]) -> None:
    """Keep what a search found, sealed like what was asked for: both are forgotten together."""
    ArchiveSearch.objects.filter(pk=search.pk).update(
        sealed_found=sealing.seal(list(found)), found_count=len(found)
    )


def store_upload(pull: ArchivePull, upload: IntakeUpload) -> None:
    """Tie a pull to what it became."""
    ArchivePull.objects.filter(pk=pull.pk).update(upload=upload)


def store_arrived(pull: ArchivePull, size_bytes: int) -> None:
    """Write down how many bytes lie in the staging folder."""
    ArchivePull.objects.filter(pk=pull.pk).update(bytes_arrived=size_bytes)


@transaction.atomic
def forget_ids(pull: ArchivePull) -> None:
    """Erase whom a pull was for, and what its search had found."""
    ArchivePull.objects.filter(pk=pull.pk).update(sealed_series="")
    forget_search(pull.search)


def forget_search(search: ArchiveSearch) -> None:
    """Erase whom a search was for, and what it found."""
    ArchiveSearch.objects.filter(pk=search.pk).update(sealed_found="", sealed_terms="")


def forget_old_ids() -> None:
    """Erase ids of searches and pulls that ended long ago and were not gone on with."""
    searches, pulls = archive_selectors.forgettable(timezone.now() - KEEP_IDS)
    searches.update(sealed_found="", sealed_terms="")
    pulls.update(sealed_series="")


def remove_old_files() -> None:
    """Remove files of pulls that nobody will go on with."""
    folders = list(Path(settings.PULL_DIR).glob("*"))
    kept = archive_selectors.pulls_in_use()
    for folder in folders:
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)
