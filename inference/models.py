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
    not_before = models.DateTimeField(null=True, help_text="The next try waits until then.")
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "node"], name="inference_item_once_per_run")
        ]

    def __str__(self) -> str:
        return f"item {self.pk}"


class PredictionOrigin(models.TextChoices):
    """Which networks a score comes from."""

    ALL_MEMBERS = "all_members", "All members"
    OUT_OF_FOLD = "out_of_fold", "Members that did not train on the patient"
    IMPORTED = "imported", "Imported"


class Prediction(models.Model):
    """One model's scores of one node mask; append-only, exactly one row for the pair.

    A score is the ensemble's mean logit, or the imported score of an external model (higher is more
    suspicious). Probabilities are the sigmoid of the logits; external scores have none.
    """

    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    node = models.ForeignKey("cohorts.Node", on_delete=models.PROTECT, related_name="+")
    mask_digest = models.CharField(max_length=64)
    origin = models.CharField(
        max_length=12, choices=PredictionOrigin, default=PredictionOrigin.ALL_MEMBERS
    )
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


class ModelUpload(models.Model):
    """Checkpoint files that a coordinator sends one by one, until registered or given up."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    architecture = models.CharField(max_length=40)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(auto_now_add=True)
    model_version = models.OneToOneField(
        ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    def __str__(self) -> str:
        return f"model upload {self.pk}"


class ModelUploadFile(models.Model):
    """One file of an upload: a member of the ensemble, or why it is none."""

    upload = models.ForeignKey(ModelUpload, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=300, help_text="As the sender's folder names it.")
    run = models.PositiveSmallIntegerField(null=True)
    fold = models.PositiveSmallIntegerField(null=True)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    note = models.TextField(blank=True)
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ["path"]
        constraints = [
            models.UniqueConstraint(fields=["upload", "path"], name="inference_upload_path_once")
        ]

    def __str__(self) -> str:
        return self.path


class TrainingDataset(models.Model):
    """Node masks with a released reference standard, frozen upstairs and handed down as data.

    Append-only. The table is a blob of canonical JSON under its own SHA-256.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cohort = models.ForeignKey("cohorts.Cohort", on_delete=models.PROTECT, related_name="+")
    reference_digest = models.CharField(max_length=64)
    table_key = models.CharField(max_length=64, unique=True)
    patients = models.PositiveIntegerField()
    nodes = models.PositiveIntegerField()
    frozen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    frozen_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"training dataset {self.table_key[:12]}"


class TrainingRun(Job):
    """A request to train every member of one model version by nested cross-validation."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    dataset = models.ForeignKey(TrainingDataset, on_delete=models.PROTECT, related_name="runs")
    name = models.CharField(max_length=80, unique=True, help_text="Of the model version to be.")
    architecture = models.CharField(max_length=40)
    settings = models.JSONField(help_text="Every choice, the seed included.")
    code_version = models.CharField(max_length=40, blank=True)
    record_key = models.CharField(
        max_length=64, blank=True, help_text="Blob: splits, fingerprints, thresholds, digests."
    )
    model_version = models.OneToOneField(
        ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="training_run"
    )

    def __str__(self) -> str:
        return f"training run {self.pk}"


class TrainingMember(models.Model):
    """One network in training: how far it is, and the state from which it can go on."""

    training_run = models.ForeignKey(TrainingRun, on_delete=models.PROTECT, related_name="members")
    run = models.PositiveSmallIntegerField()
    fold = models.PositiveSmallIntegerField()
    epoch = models.PositiveIntegerField(default=0, help_text="Epochs whose result is stored.")
    is_done = models.BooleanField(default=False)
    state_key = models.CharField(max_length=64, blank=True, help_text="Blob to resume from.")
    checkpoint_sha256 = models.CharField(max_length=64, blank=True)
    scores_key = models.CharField(
        max_length=64, blank=True, help_text="Blob: logits of the inner validation and outer fold."
    )

    class Meta:
        ordering = ["run", "fold"]
        constraints = [
            models.UniqueConstraint(
                fields=["training_run", "run", "fold"], name="inference_training_member_once"
            )
        ]

    def __str__(self) -> str:
        return f"run {self.run} fold {self.fold}"


class TrainingPoint(models.Model):
    """One point of a member's curves; the AUCs are those of the inner validation patients."""

    member = models.ForeignKey(TrainingMember, on_delete=models.PROTECT, related_name="points")
    epoch = models.PositiveIntegerField()
    training_loss = models.FloatField()
    validation_loss = models.FloatField(null=True)
    metastasis_auc = models.FloatField(null=True)
    ene_auc = models.FloatField(null=True)
    ene_among_metastatic_auc = models.FloatField(null=True)

    class Meta:
        ordering = ["epoch"]
        constraints = [
            models.UniqueConstraint(
                fields=["member", "epoch"], name="inference_training_point_once"
            )
        ]

    def __str__(self) -> str:
        return f"epoch {self.epoch}"


class AttributionRun(Job):
    """A request to explain one model's ENE scores of some nodes of one cohort."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cohort = models.ForeignKey("cohorts.Cohort", on_delete=models.PROTECT, related_name="+")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    steps = models.PositiveSmallIntegerField(default=32)

    def __str__(self) -> str:
        return f"attribution run {self.pk}"


class AttributionItem(models.Model):
    """One node a run has to explain."""

    run = models.ForeignKey(AttributionRun, on_delete=models.PROTECT, related_name="items")
    node = models.ForeignKey("cohorts.Node", on_delete=models.PROTECT, related_name="+")
    mask = models.ForeignKey("cohorts.NodeMask", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=ItemState, default=ItemState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "node"], name="inference_attribution_item_once_per_run"
            )
        ]

    def __str__(self) -> str:
        return f"attribution item {self.pk}"


class AttributionMap(models.Model):
    """Integrated gradients of one model's ENE logit of one node mask, on the CT grid; append-only.

    The blob holds float32 values of the box, (z, y, x), in logits per voxel; they sum to the logit
    minus the baseline's logit up to ``completeness_error``.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    node = models.ForeignKey("cohorts.Node", on_delete=models.PROTECT, related_name="+")
    mask_digest = models.CharField(max_length=64)
    map_key = models.CharField(max_length=64)
    box = models.JSONField(help_text="Start and stop (z, y, x) on the series' grid.")
    steps = models.PositiveSmallIntegerField()
    ene_score = models.FloatField(help_text="Ensemble logit.")
    baseline_score = models.FloatField(help_text="Ensemble logit of the baseline.")
    attribution_sum = models.FloatField()
    completeness_error = models.FloatField(help_text="|sum - difference| / |difference|.")
    shell_mm = models.FloatField()
    shell_fraction = models.FloatField(help_text="Share of |attribution| near the boundary.")
    shell_volume_fraction = models.FloatField(help_text="Share of the voxels there.")
    code_version = models.CharField(max_length=40)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model_version", "mask_digest"], name="inference_one_map_per_mask_and_model"
            )
        ]

    def __str__(self) -> str:
        return f"attribution map {self.pk}"
