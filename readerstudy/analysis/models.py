"""What is concluded: frozen datasets, runs, results."""

import uuid

from django.conf import settings
from django.db import models

from jobs.models import Job
from readerstudy.analysis.comparator import labels_of


class AnalysisDataset(models.Model):
    """One frozen table: truth version x calls x predictions, with its digest; append-only."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    study = models.ForeignKey(
        "reading.Study",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="None for data read elsewhere and imported.",
    )
    title = models.CharField(
        max_length=200, blank=True, help_text="Of imported data; blank where a study has one."
    )
    model_version = models.ForeignKey(
        "inference.ModelVersion",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    interim = models.BooleanField(default=False)
    sources = models.JSONField(
        help_text="Digests of the protocol, each reference standard, the model; counts."
    )
    table_key = models.CharField(max_length=64, help_text="Blob of the canonical table.")
    digest = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    frozen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    frozen_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"dataset {self.digest[:12]}"

    @property
    def is_imported(self) -> bool:
        """Whether the data were read elsewhere."""
        return self.study_id is None

    @property
    def name(self) -> str:
        """What people call it."""
        return self.title if self.study is None else str(self.study.title)

    @property
    def labels(self) -> dict[str, str]:
        """Whose scores it holds, and what may be concluded from them."""
        return labels_of(self.sources)


class AnalysisRun(Job):
    """One computation over a frozen dataset; recomputing gives the same bytes."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    dataset = models.ForeignKey(AnalysisDataset, on_delete=models.PROTECT, related_name="runs")
    code_version = models.CharField(max_length=40)
    seed = models.PositiveBigIntegerField(default=0)
    results_key = models.CharField(max_length=64, blank=True)
    results_digest = models.CharField(max_length=64, blank=True)
    files = models.JSONField(default=dict, help_text="Name of each file of the report: its blob.")
    unblinding = models.PositiveIntegerField(
        null=True, help_text="Which look at this test set it was; empty for runs never counted."
    )

    def __str__(self) -> str:
        return f"run {self.pk}"


class PowerSimulation(Job):
    """A planned study, simulated; uses no study's data and is its requester's alone."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    inputs = models.JSONField(help_text="The plan, as the planning form and the API take it.")
    code_version = models.CharField(max_length=40)
    results_key = models.CharField(max_length=64, blank=True)
    results_digest = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"simulation {self.pk}"
