"""What programs proposed for a case, and what people decided about it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from cohorts.mask_models import MaskEdit
from cohorts.models import Patient
from jobs.models import Job, JobState


class CandidateRun(Job):
    """One provider asked about one patient; its candidates come with its end, all or none."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="candidate_runs")
    provider = models.CharField(max_length=80)
    provider_version = models.CharField(max_length=40)
    settings_digest = models.CharField(max_length=64)
    notes = models.JSONField(
        default=list, blank=True, help_text="What the provider left out, in words."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "provider"],
                condition=Q(state__in=[JobState.REQUESTED, JobState.RUNNING]),
                name="cohorts_one_open_run_of_a_provider",
            )
        ]

    def __str__(self) -> str:
        return f"candidate run {self.pk}"


class Candidate(models.Model):
    """A proposed mask on the grid of the patient's CT; append-only."""

    class Kind(models.TextChoices):
        NODE = "node", "Node"
        STATION = "station", "Station"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    run = models.ForeignKey(CandidateRun, on_delete=models.PROTECT, related_name="candidates")
    number = models.PositiveSmallIntegerField(help_text="In its run, from 1.")
    kind = models.CharField(max_length=7, choices=Kind)
    side = models.CharField(max_length=5, blank=True, help_text="Of a station.")
    level = models.CharField(max_length=4, blank=True, help_text="Of a station.")
    score = models.FloatField(null=True, help_text="0 to 1, as the provider says.")
    runs_key = models.CharField(max_length=64, help_text="Blob of the run-length JSON.")
    bounding_box = models.JSONField(help_text="[[z0, z1], [y0, y1], [x0, x1]], half-open.")
    centroid_zyx = models.JSONField()
    voxels = models.PositiveIntegerField()
    volume_ml = models.FloatField()
    short_axis_mm = models.FloatField(null=True, help_text="Of a node.")
    long_axis_mm = models.FloatField(null=True, help_text="Of a node.")

    class Meta:
        ordering = ["run", "number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="cohorts_candidate_once_per_run")
        ]

    def __str__(self) -> str:
        return f"candidate {self.number} of run {self.run_id}"

    @property
    def slice(self) -> int:
        """Slice of its centre, from 0."""
        centre: float = self.centroid_zyx[0]
        return round(centre)


class CandidateDecision(models.Model):
    """What a person decided about one candidate, once; append-only."""

    class Verdict(models.TextChoices):
        ACCEPTED = "accepted", "Accepted"
        EDITED = "edited", "Accepted with a changed mask"
        REJECTED = "rejected", "Rejected"

    candidate = models.OneToOneField(Candidate, on_delete=models.PROTECT, related_name="decision")
    client_id = models.UUIDField(unique=True, help_text="Made by the browser: sent once.")
    verdict = models.CharField(max_length=8, choices=Verdict)
    reason = models.CharField(max_length=500, blank=True)
    edit = models.OneToOneField(
        MaskEdit, on_delete=models.PROTECT, null=True, related_name="candidate_decision"
    )
    runs_key = models.CharField(
        max_length=64, blank=True, help_text="Of a station: blob of its mask where it was changed."
    )
    levels = models.JSONField(
        default=list,
        blank=True,
        help_text='Of a station: [{"node", "before", "after"}, ...].',
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.verdict} {self.candidate_id}"
