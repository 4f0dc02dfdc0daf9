"""What came in without a browser: deliveries, and what was asked of other archives."""

import uuid

from django.db import models

from jobs.models import Job, JobState


class Delivery(models.Model):
    """That a folder, zip or pull was handed to intake: once for each key."""

    key = models.CharField(max_length=64, unique=True)
    upload = models.OneToOneField(
        "cohorts.IntakeUpload", on_delete=models.PROTECT, related_name="delivery"
    )

    def __str__(self) -> str:
        return f"delivery {self.pk}"


class ArchiveSearch(Job):
    """A question to another archive; what was asked and found names patients, so it is sealed."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cohort = models.ForeignKey(
        "cohorts.Cohort", on_delete=models.PROTECT, related_name="archive_searches"
    )
    archive = models.CharField(max_length=80)
    keyword = models.CharField(max_length=20)
    sealed_terms = models.TextField(blank=True, help_text="Encrypted; empty once forgotten.")
    sealed_found = models.TextField(blank=True, help_text="Encrypted; empty once forgotten.")
    found_count = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"archive search {self.pk}"

    @property
    def is_forgotten(self) -> bool:
        """What was asked and found has been erased."""
        return self.is_over and not self.sealed_terms


class ArchivePull(Job):
    """Chosen series on their way from another archive into intake."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    search = models.ForeignKey(ArchiveSearch, on_delete=models.PROTECT, related_name="pulls")
    keep_patient_ids = models.BooleanField(default=False)
    options = models.JSONField(
        default=dict, blank=True, help_text="Decisions for all patients, as intake stores them."
    )
    sealed_series = models.TextField(blank=True, help_text="Encrypted; empty once forgotten.")
    series_count = models.PositiveIntegerField(default=0)
    bytes_arrived = models.PositiveBigIntegerField(default=0)
    upload = models.OneToOneField(
        "cohorts.IntakeUpload", on_delete=models.PROTECT, null=True, related_name="archive_pull"
    )

    def __str__(self) -> str:
        return f"archive pull {self.pk}"

    @property
    def can_go_on(self) -> bool:
        """It failed, and what it was to fetch is still known."""
        return self.state == JobState.FAILED and bool(self.sealed_series)
