"""What is predicted: model versions, prediction runs, predictions."""

import uuid

from django.conf import settings
from django.db import models

from jobs.models import Job


class Provenance(models.TextChoices):
    """Where a model version's weights come from; it stands wherever its predictions stand."""

    PUBLISHED = "published", "Published weights"
    TRAINED_HERE = "trained_here", "Trained here"
    UNTRAINED = "untrained", "Untrained"
    EXTERNAL = "external", "Scores imported from outside"


class ModelVersion(models.Model):
    """One exact model: members with digests, preprocessing, thresholds fixed before reading."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=80, unique=True)
    architecture = models.CharField(max_length=40)
    provenance = models.CharField(max_length=16, choices=Provenance)
    parameters = models.JSONField(
        default=dict,
        blank=True,
        help_text="Preprocessing with its fingerprint; of an external model, the files taken in.",
    )
    thresholds = models.JSONField(
        default=dict,
        blank=True,
        help_text='{"metastasis": probability, "ene": probability} or empty.',
    )
    expected_members = models.PositiveSmallIntegerField(default=25)
    digest = models.CharField(max_length=64, unique=True)
    note = models.TextField(blank=True)
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    registered_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name

    @property
    def is_external(self) -> bool:
        """Its scores were computed elsewhere and imported."""
        return self.provenance == Provenance.EXTERNAL

    @property
    def is_untrained(self) -> bool:
        """Its scores mean nothing and must not enter a conclusion."""
        return self.provenance == Provenance.UNTRAINED


class ModelMember(models.Model):
    """One network of an ensemble: a checkpoint file under its SHA-256."""

    model_version = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, related_name="members"
    )
    run = models.PositiveSmallIntegerField()
    fold = models.PositiveSmallIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["run", "fold"]
        constraints = [
            models.UniqueConstraint(
                fields=["model_version", "run", "fold"], name="inference_member_once"
            )
        ]

    def __str__(self) -> str:
        return f"run {self.run} fold {self.fold}"


class PredictionRun(Job):
    """A request for one model's predictions on one cohort; its items say what must exist."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cohort = models.ForeignKey("cohorts.Cohort", on_delete=models.PROTECT, related_name="+")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"prediction run {self.pk}"


class ItemState(models.TextChoices):
    """Where one node of a run stands."""

    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    PARKED = "parked", "Parked"


class PredictionItem(models.Model):
    """One node a run has to predict."""

    run = models.ForeignKey(PredictionRun, on_delete=models.PROTECT, related_name="items")
    node = models.ForeignKey("cohorts.Node", on_delete=models.PROTECT, related_name="+")
    mask = models.ForeignKey("cohorts.NodeMask", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=ItemState, default=ItemState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "node"], name="inference_item_once_per_run")
        ]

    def __str__(self) -> str:
        return f"item {self.pk}"


class Prediction(models.Model):
    """One model's scores of one node mask; append-only, exactly one row for the pair.

    A score is the ensemble's mean logit, or the imported score of an external model (higher is more
    suspicious). Probabilities are the sigmoid of the logits; external scores have none.
    """

    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    node = models.ForeignKey("cohorts.Node", on_delete=models.PROTECT, related_name="+")
    mask_digest = models.CharField(max_length=64)
    metastasis_score = models.FloatField()
    ene_score = models.FloatField()
    metastasis_probability = models.FloatField(null=True)
    ene_probability = models.FloatField(null=True)
    code_version = models.CharField(max_length=40)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model_version", "mask_digest"], name="inference_one_row_per_mask_and_model"
            )
        ]

    def __str__(self) -> str:
        return f"prediction {self.pk}"
