"""What is read: cohorts, patients, CT series, lymph nodes and their masks."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cohorts.vocabulary import CohortKind, CohortRole
from jobs.models import Job


def _choices(words: type[CohortKind] | type[CohortRole]) -> list[tuple[str, str]]:
    return [(word.value, word.value.replace("_", " ").capitalize()) for word in words]


class Cohort(models.Model):
    """Patients of one institution and role in a study."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(
        max_length=16, choices=_choices(CohortKind), default=CohortKind.EXTERNAL_TEST.value
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CohortMember(models.Model):
    """One role of one person in one cohort."""

    cohort = models.ForeignKey(Cohort, on_delete=models.PROTECT, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=16, choices=_choices(CohortRole))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cohort", "user", "role"], name="cohorts_role_once_per_person"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} of {self.cohort_id}"


class PastMember(models.Model):
    """A role that was taken away: what the person saw in it is not forgotten."""

    cohort = models.ForeignKey(Cohort, on_delete=models.PROTECT, related_name="past_members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=16, choices=_choices(CohortRole))
    ended_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.user_id} was {self.role} of {self.cohort_id}"


class Patient(models.Model):
    """One patient under a pseudonym; covariates feed the baseline tables and flow diagram."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cohort = models.ForeignKey(Cohort, on_delete=models.PROTECT, related_name="patients")
    pseudonym = models.CharField(max_length=32)
    source_key = models.CharField(
        max_length=64, help_text="Keyed digest of the source's patient id: finds a second import."
    )
    age_years = models.PositiveSmallIntegerField(null=True)
    sex = models.CharField(max_length=1, blank=True)
    primary_site = models.CharField(max_length=40, blank=True)
    pt = models.CharField(max_length=8, blank=True)
    pn = models.CharField(max_length=8, blank=True)
    staging_edition = models.CharField(max_length=16, blank=True)
    exclusion_code = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pseudonym"]
        constraints = [
            models.UniqueConstraint(
                fields=["cohort", "pseudonym"], name="cohorts_pseudonym_once_per_cohort"
            ),
            models.UniqueConstraint(
                fields=["cohort", "source_key"], name="cohorts_patient_once_per_cohort"
            ),
        ]

    def __str__(self) -> str:
        return self.pseudonym


class CTSeries(models.Model):
    """One CT series as stored: geometry, digests and the list of frames ready to send."""

    patient = models.OneToOneField(Patient, on_delete=models.PROTECT, related_name="series")
    geometry = models.JSONField(help_text="SeriesGeometry.to_dict()")
    frames = models.JSONField(help_text='[{"sha256", "bytes"}, ...] by z; the digest is the key.')
    hu_offset = models.IntegerField(help_text="HU of a stored 0 (rescale intercept).")
    bits_stored = models.PositiveSmallIntegerField()
    hu_sha256 = models.CharField(max_length=64)
    attributes = models.JSONField(default=dict, help_text="The allow-listed attributes.")
    notes = models.JSONField(default=list, help_text="What intake left out or wants known.")
    warnings = models.JSONField(default=list, help_text="IntakeWarning.as_dict() of each.")
    deidentification = models.JSONField(
        default=dict, help_text="Profile, options, table edition, method codes, face protection."
    )
    header_key = models.CharField(
        max_length=64, blank=True, help_text="Blob of the de-identified header (DICOM JSON)."
    )
    study_uid = models.CharField(
        max_length=64, blank=True, db_index=True, help_text="As in the header; empty: by public id."
    )
    series_uid = models.CharField(max_length=64, blank=True, help_text="As in the header.")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"CT of patient {self.patient_id}"

    @property
    def spacing_text(self) -> str:
        """Spacing along z, y, x in mm, for people."""
        return " × ".join(f"{round(size, 4):g}" for size in self.geometry["spacing_zyx_mm"])


class StandingNodes(models.Manager["Node"]):
    """Nodes that have not been removed: what every list and every related manager shows."""

    def get_queryset(self) -> models.QuerySet["Node"]:
        return super().get_queryset().filter(removed_at__isnull=True)


class Node(models.Model):
    """One lymph node instance; its number is stable and says nothing about its category.

    A node that is removed, split or merged leaves the lists and keeps its rows: who called or
    labelled it still points to it. Its number is not given again.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="nodes")
    number = models.PositiveIntegerField(help_text="The label value in the imported mask.")
    name = models.CharField(max_length=64, blank=True)
    auto_side = models.CharField(
        max_length=5, blank=True, help_text="left or right, from the station masks."
    )
    auto_level = models.CharField(
        max_length=4, blank=True, help_text="Ia ... VI, from the station masks."
    )
    neighbouring_station = models.JSONField(
        null=True, blank=True, help_text="NeighbouringStation.to_dict(); unknown where null."
    )
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = StandingNodes()
    with_removed: "models.Manager[Node]" = models.Manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "number"], name="cohorts_node_number_once_per_patient"
            )
        ]

    def __str__(self) -> str:
        return f"node {self.number} of patient {self.patient_id}"


class NodeMask(models.Model):
    """One version of a node's mask on the CT grid, with what was measured on it."""

    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="masks")
    version = models.PositiveSmallIntegerField(default=1)
    is_current = models.BooleanField(default=True)
    digest = models.CharField(
        max_length=64, help_text="SHA-256 over the CT's HU digest and the run-length bytes."
    )
    runs_key = models.CharField(max_length=64, help_text="Blob of the run-length JSON.")
    bounding_box = models.JSONField(help_text="[[z0, z1], [y0, y1], [x0, x1]], half-open.")
    centroid_zyx = models.JSONField()
    voxels = models.PositiveIntegerField()
    volume_ml = models.FloatField()
    short_axis_mm = models.FloatField()
    long_axis_mm = models.FloatField()
    touches_border = models.BooleanField(default=False)
    border_mm = models.FloatField(
        null=True, help_text="Smallest distance of the mask to the border of the volume."
    )
    origin = models.CharField(max_length=16, default="imported")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["node", "version"], name="cohorts_mask_version_once_per_node"
            ),
            models.UniqueConstraint(
                fields=["node"],
                condition=Q(is_current=True),
                name="cohorts_one_current_mask_per_node",
            ),
        ]

    def __str__(self) -> str:
        return f"mask v{self.version} of node {self.node_id}"


class StationMask(models.Model):
    """A mask of one nodal level, as it came with the patient's CT; append-only."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="stations")
    side = models.CharField(max_length=5, blank=True, help_text="left or right; empty: not told.")
    level = models.CharField(max_length=4, help_text="Ia ... VI")
    runs_key = models.CharField(max_length=64, help_text="Blob of the run-length JSON.")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"level {self.level} {self.side} of patient {self.patient_id}"


class DicomwebToken(models.Model):
    """Lets a viewer read one cohort by DICOMweb in a person's name; only its digest is kept."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cohort = models.ForeignKey(Cohort, on_delete=models.PROTECT, related_name="dicomweb_tokens")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60, help_text="What it is for.")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"DICOMweb token {self.pk}"


class IntakeUpload(Job):
    """A coordinator's upload on its way through intake, and the report of what became of it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cohort = models.ForeignKey(Cohort, on_delete=models.PROTECT, related_name="uploads")
    drop_name = models.CharField(max_length=80, help_text="File in the drop folder, ours by name.")
    shown_name = models.CharField(max_length=120)
    keep_patient_ids = models.BooleanField(default=False)
    options = models.JSONField(
        default=dict, help_text="IntakeOptions without secret: decisions, and answers by question."
    )
    report = models.JSONField(default=dict)
    kept_until = models.DateTimeField(
        null=True, help_text="While questions are open: when the uploaded bytes are removed."
    )

    def __str__(self) -> str:
        return f"upload {self.pk}"


class ArrivingUpload(models.Model):
    """Files on their way from a browser, piece by piece; complete ones become an `IntakeUpload`.

    What has arrived is what lies in the drop folder; this row says whose it is.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cohort = models.ForeignKey(Cohort, on_delete=models.PROTECT, related_name="arrivals")
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    drop_name = models.CharField(max_length=80)
    shown_name = models.CharField(max_length=120)
    keep_patient_ids = models.BooleanField(default=False)
    options = models.JSONField(default=dict)
    listing_digest = models.CharField(
        max_length=64, help_text="SHA-256 over paths, sizes and times of change: what is resumed."
    )
    file_count = models.PositiveIntegerField()
    total_bytes = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    last_piece_at = models.DateTimeField(default=timezone.now)
    intake = models.OneToOneField(
        IntakeUpload, on_delete=models.PROTECT, null=True, related_name="arrival"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cohort", "sender", "listing_digest"],
                condition=Q(intake__isnull=True),
                name="cohorts_one_arrival_of_a_listing",
            ),
        ]

    def __str__(self) -> str:
        return f"arriving upload {self.pk}"


# At the end: these refer to the rows above, and Django finds models in this module only.
from cohorts.candidate_models import Candidate as Candidate  # noqa: E402, PLC0414
from cohorts.candidate_models import CandidateDecision as CandidateDecision  # noqa: E402, PLC0414
from cohorts.candidate_models import CandidateRun as CandidateRun  # noqa: E402, PLC0414
from cohorts.channel_models import ArchivePull as ArchivePull  # noqa: E402, PLC0414
from cohorts.channel_models import ArchiveSearch as ArchiveSearch  # noqa: E402, PLC0414
from cohorts.channel_models import Delivery as Delivery  # noqa: E402, PLC0414
from cohorts.mask_models import MaskEdit as MaskEdit  # noqa: E402, PLC0414
from cohorts.mask_models import MaskEditNode as MaskEditNode  # noqa: E402, PLC0414
