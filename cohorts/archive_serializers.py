"""What coordinators' programs are told of searches and pulls of other archives."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cohorts import archive_selectors
from cohorts.channels.archive_settings import ArchiveSettings
from cohorts.models import ArchiveSearch
from cohorts.services.archives import KEYWORDS, MAX_TERM_LENGTH, MAX_TERMS
from cohorts.uploads_serializers import IntakeDecisions


class CoordinatorArchive(serializers.Serializer[ArchiveSettings]):
    """An archive from which a cohort may be filled."""

    name = serializers.CharField()
    max_bytes = serializers.IntegerField(help_text="Largest pull.")
    max_instances = serializers.IntegerField(help_text="Largest pull.")


class NewArchiveSearch(serializers.Serializer[dict[str, Any]]):
    """Whom to look for in which archive."""

    archive = serializers.CharField(max_length=80, help_text="Its name; letter case is ignored.")
    keyword = serializers.ChoiceField(choices=KEYWORDS)
    terms = serializers.ListField(
        child=serializers.CharField(max_length=MAX_TERM_LENGTH),
        help_text=f"Values in full, without wildcards; at most {MAX_TERMS}.",
    )
    studied_from = serializers.DateField(
        required=False, allow_null=True, help_text="First study date."
    )
    studied_until = serializers.DateField(
        required=False, allow_null=True, help_text="Last study date."
    )


class _ArchiveWork(serializers.Serializer[Any]):
    """How far a search or pull has come."""

    id = serializers.UUIDField(source="public_id")
    state = serializers.CharField(help_text="requested, running, done, failed or cancelled.")
    percent = serializers.IntegerField()
    progress_done = serializers.IntegerField()
    progress_total = serializers.IntegerField(help_text="0 while not yet known.")
    progress_note = serializers.CharField(help_text="In words, with the time left once known.")
    requested_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField(help_text="A sentence and its code; empty where none.")


class CoordinatorArchiveSearch(_ArchiveWork):
    """One search."""

    cohort = serializers.UUIDField(source="cohort.public_id")
    archive = serializers.CharField()
    keyword = serializers.CharField()
    found_count = serializers.IntegerField(help_text="CT, SEG and RTSTRUCT series.")
    is_forgotten = serializers.BooleanField(help_text="What was asked and found is erased.")
    page = serializers.SerializerMethodField(help_text="The page on which series are chosen.")

    def get_page(self, search: ArchiveSearch) -> str:
        """Return the address of the page."""
        return reverse("cohorts:archive-search", args=[search.public_id])


class FoundArchiveSeries(serializers.Serializer[Any]):
    """One series that was found."""

    position = serializers.IntegerField(help_text="Names it in a pull.")
    term = serializers.CharField(help_text="What was asked for.")
    study_date = serializers.DateField(allow_null=True)
    modality = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    instances = serializers.IntegerField(allow_null=True, help_text="As the archive counts them.")
    study_uid = serializers.CharField()
    series_uid = serializers.CharField()


class CoordinatorArchiveSearchDetail(CoordinatorArchiveSearch):
    """One search with what it found."""

    series = serializers.SerializerMethodField(help_text="Empty until it is done, and once erased.")
    without_series = serializers.SerializerMethodField(help_text="Values that found nothing.")

    @extend_schema_field(FoundArchiveSeries(many=True))
    def get_series(self, search: ArchiveSearch) -> Any:
        """Return the series."""
        return FoundArchiveSeries(archive_selectors.found_series(search), many=True).data

    def get_without_series(self, search: ArchiveSearch) -> list[str]:
        """Return the values that found nothing."""
        return archive_selectors.terms_without_series(search)


class NewArchivePull(IntakeDecisions):
    """Which series are pulled, and what was decided for all patients among them."""

    positions = serializers.ListField(child=serializers.IntegerField(min_value=0))


class CoordinatorArchivePull(_ArchiveWork):
    """One pull."""

    search = serializers.UUIDField(source="search.public_id")
    archive = serializers.CharField(source="search.archive")
    series_count = serializers.IntegerField()
    bytes_arrived = serializers.IntegerField()
    can_go_on = serializers.BooleanField(help_text="It failed and may be resumed.")
    upload = serializers.UUIDField(
        source="upload.public_id", allow_null=True, help_text="What intake makes of it."
    )
