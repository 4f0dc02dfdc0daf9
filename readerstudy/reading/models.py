"""What readers said: studies, orders, calls. Nothing here points to truth or predictions."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cohorts.vocabulary import CATEGORY_CHOICES


class StudyState(models.TextChoices):
    """A study opens once and closes once."""

    DRAFT = "draft", "Draft"
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


class Study(models.Model):
    """One blinded reader study: protocol, cohorts, seed; locked and hashed at opening."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField(max_length=120, unique=True)
    protocol = models.TextField(blank=True)
    plan = models.JSONField(default=dict, help_text="The analysis plan as data.")
    cohorts = models.ManyToManyField("cohorts.Cohort", related_name="+")
    state = models.CharField(max_length=8, choices=StudyState, default=StudyState.DRAFT)
    version = models.PositiveSmallIntegerField(default=1)
    seed = models.PositiveBigIntegerField(null=True, blank=True)
    protocol_digest = models.CharField(max_length=64, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title


class PlanAmendment(models.Model):
    """The analysis plan of a study after its opening, with the reason; append-only.

    The plan before is the amendment before, or the study's own: nothing is overwritten.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="amendments")
    number = models.PositiveSmallIntegerField(help_text="Counted from 1 in each study.")
    plan = models.JSONField(help_text="The whole plan from here on.")
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    digest = models.CharField(
        max_length=64, help_text="Covers plan, reason and the digest before: a chain."
    )

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["study", "number"], name="reading_amendment_number_once"
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1), name="reading_amendment_counted_from_1"
            ),
        ]

    def __str__(self) -> str:
        return f"amendment {self.number}"


class StudyReader(models.Model):
    """One reader of one study."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="readers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField(help_text="R1, R2, ... in reports.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["study", "user"], name="reading_reader_once_per_study"),
            models.UniqueConstraint(
                fields=["study", "number"], name="reading_number_once_per_study"
            ),
        ]

    def __str__(self) -> str:
        return f"R{self.number}"


class Invitation(models.Model):
    """A link that lets one person become a reader of a draft study; only its digest is kept."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField()
    token_digest = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"invitation {self.pk}"

    @property
    def is_usable(self) -> bool:
        """Whether nobody has used or withdrawn it and it has not expired."""
        untouched = self.accepted_at is None and self.revoked_at is None
        return untouched and timezone.now() < self.expires_at


class Period(models.Model):
    """One pass of the readers over the cases."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="periods")
    number = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="reading_period_once")
        ]

    def __str__(self) -> str:
        return f"period {self.number}"


class AssignmentState(models.TextChoices):
    """Where one reader stands with one case."""

    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    REOPENED = "reopened", "Reopened"


class Assignment(models.Model):
    """One case in one reader's stored order; its row is the lock for every save."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reader = models.ForeignKey(StudyReader, on_delete=models.PROTECT, related_name="assignments")
    period = models.ForeignKey(Period, on_delete=models.PROTECT, related_name="assignments")
    position = models.PositiveIntegerField()
    patient = models.ForeignKey("cohorts.Patient", on_delete=models.PROTECT, related_name="+")
    series = models.ForeignKey("cohorts.CTSeries", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=AssignmentState, default=AssignmentState.DRAFT)
    version = models.PositiveIntegerField(default=0)
    first_opened_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["period_id", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["reader", "period", "position"], name="reading_position_once"
            ),
            models.UniqueConstraint(
                fields=["reader", "period", "patient"], name="reading_case_once_per_period"
            ),
        ]

    def __str__(self) -> str:
        return f"assignment {self.pk}"


class AssignmentNode(models.Model):
    """One node as one reader sees it: own id, own number, the mask frozen at opening."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="nodes")
    node = models.ForeignKey("cohorts.Node", on_delete=models.PROTECT, related_name="+")
    mask = models.ForeignKey("cohorts.NodeMask", on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField(help_text="By position, cranial first.")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "number"], name="reading_node_number_once"
            ),
            models.UniqueConstraint(fields=["assignment", "node"], name="reading_node_once"),
        ]

    def __str__(self) -> str:
        return f"node {self.number} of assignment {self.assignment_id}"


class NodeCall(models.Model):
    """A reader's category for a node; append-only, a change supersedes the row before."""

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="calls")
    node = models.ForeignKey(AssignmentNode, on_delete=models.PROTECT, related_name="calls")
    client_id = models.UUIDField(unique=True)
    version = models.PositiveIntegerField(help_text="The assignment's version this call made.")
    category = models.PositiveSmallIntegerField(choices=CATEGORY_CHOICES)
    shown_slice = models.PositiveIntegerField(help_text="z of the slice that was shown.")
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="superseded_by"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "version"], name="reading_version_once_per_assignment"
            ),
            models.UniqueConstraint(
                fields=["node"],
                condition=Q(supersedes__isnull=True),
                name="reading_one_first_call_per_node",
            ),
            models.CheckConstraint(
                condition=Q(category__in=[value for value, _ in CATEGORY_CHOICES]),
                name="reading_category_known",
            ),
        ]

    def __str__(self) -> str:
        return f"call {self.pk}"


class Reopening(models.Model):
    """A coordinator gave a submitted case back to its reader; append-only."""

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="reopenings")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    version = models.PositiveIntegerField(
        help_text="The assignment's version this reopening made: an old submit is then stale."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "version"], name="reading_reopening_version_once"
            )
        ]

    def __str__(self) -> str:
        return f"reopening {self.pk}"


class ReadingEvent(models.Model):
    """What happened in front of the reader: opened, slices viewed, hidden, closed; append-only."""

    KINDS = [(k, k) for k in ("opened", "slice", "closed", "hidden", "visible", "submitted")]

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=10, choices=KINDS)
    slice_index = models.PositiveIntegerField(null=True)
    node = models.ForeignKey(
        AssignmentNode, on_delete=models.PROTECT, null=True, related_name="events"
    )
    client_ms = models.PositiveBigIntegerField(
        null=True, help_text="Milliseconds since the page opened, by the browser's clock."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
