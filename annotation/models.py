"""What is true: labels of two annotators, adjudications, released reference standards."""

import uuid

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q

from annotation.discussion_models import DiscussionStatement
from annotation.label_csv import MAX_COMMENT
from annotation.pathology_models import PathologyReport, ReportState
from annotation.pathology_rules.details import CERTAINTY_LABELS, MAX_MATTED, LabelDetails
from annotation.pathology_rules.findings import Code
from annotation.pathology_rules.labels import BASIS_LABELS
from annotation.pathology_rules.places import PLACE_NAMES
from cohorts.vocabulary import LABEL_CHOICES

__all__ = [
    "Adjudication",
    "DiscussionStatement",
    "FindingReason",
    "Labelling",
    "LabellingReopening",
    "LabellingState",
    "NodeLabel",
    "PathologyReport",
    "ReferenceStandard",
    "ReportState",
]

PLACE_CHOICES = [(name, name) for name in PLACE_NAMES]
LONGEST_PLACE = max(map(len, PLACE_NAMES))


class LabellingState(models.TextChoices):
    """Where one annotator stands with one patient."""

    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"


class Labelling(models.Model):
    """One annotator's work on one patient, alone."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    annotator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    patient = models.ForeignKey("cohorts.Patient", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=LabellingState, default=LabellingState.DRAFT)
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["annotator", "patient"], name="annotation_one_labelling_per_patient"
            )
        ]

    def __str__(self) -> str:
        return f"labelling {self.pk}"


class LabellingReopening(models.Model):
    """A coordinator gave a submitted labelling back to its annotator; append-only."""

    labelling = models.ForeignKey(Labelling, on_delete=models.PROTECT, related_name="reopenings")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(validators=[MaxLengthValidator(MAX_COMMENT)])
    version = models.PositiveIntegerField(
        help_text="The labelling's version this reopening made: an old submit is then stale."
    )
    submitted_at = models.DateTimeField(help_text="When it had been submitted.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["labelling", "version"], name="annotation_reopening_version_once"
            )
        ]

    def __str__(self) -> str:
        return f"labelling reopening {self.pk}"


class NodeLabel(models.Model):
    """One annotator's label of one node; append-only, a change supersedes the row before.

    What stands beside the label is empty where it was not recorded: labels from before these
    fields, or imported ones.
    """

    labelling = models.ForeignKey(Labelling, on_delete=models.PROTECT, related_name="labels")
    node = models.ForeignKey("cohorts.Node", on_delete=models.PROTECT, related_name="+")
    mask_digest = models.CharField(max_length=64)
    client_id = models.UUIDField(unique=True)
    version = models.PositiveIntegerField(help_text="The labelling's version this row made.")
    label = models.PositiveSmallIntegerField(choices=LABEL_CHOICES)
    place = models.CharField(
        max_length=LONGEST_PLACE,
        blank=True,
        choices=PLACE_CHOICES,
        help_text="Side and level where the annotator sees the node on CT.",
    )
    matched = models.CharField(
        max_length=LONGEST_PLACE,
        blank=True,
        choices=PLACE_CHOICES,
        help_text="The report's place it is counted in, where that is another.",
    )
    basis = models.CharField(
        max_length=24,
        blank=True,
        choices=[(basis.value, name) for basis, name in BASIS_LABELS.items()],
    )
    certainty = models.PositiveSmallIntegerField(
        null=True, blank=True, choices=list(CERTAINTY_LABELS.items())
    )
    matted = models.CharField(
        max_length=MAX_MATTED, blank=True, help_text="Name of the matted group."
    )
    comment = models.TextField(blank=True, validators=[MaxLengthValidator(MAX_COMMENT)])
    shown_slice = models.PositiveIntegerField(
        null=True, blank=True, help_text="z of the slice that was shown; empty for imported labels."
    )
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["labelling", "version"], name="annotation_version_once_per_labelling"
            ),
            models.UniqueConstraint(
                fields=["labelling", "node"],
                condition=Q(supersedes__isnull=True),
                name="annotation_one_first_label_per_node",
            ),
            models.CheckConstraint(
                condition=Q(label__in=[value for value, _ in LABEL_CHOICES]),
                name="annotation_label_known",
            ),
        ]

    def __str__(self) -> str:
        return f"label {self.pk}"

    @property
    def details(self) -> LabelDetails:
        """What was recorded beside the label."""
        return LabelDetails(
            place=self.place,
            matched=self.matched,
            basis=self.basis,
            certainty=self.certainty,
            matted=self.matted,
        )


class FindingReason(models.Model):
    """Why an annotator lets a finding of the rules stand; append-only, the newest counts.

    It is given for one sentence, which names levels, nodes and counts: once the labels or the
    report change what it says, a new reason is asked for.
    """

    labelling = models.ForeignKey(Labelling, on_delete=models.PROTECT, related_name="reasons")
    client_id = models.UUIDField(unique=True)
    code = models.CharField(max_length=2, choices=[(code.value, code.value) for code in Code])
    sentence = models.TextField()
    reason = models.TextField(validators=[MaxLengthValidator(MAX_COMMENT)])
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"reason {self.pk}"


class Adjudication(models.Model):
    """The adjudicator's decision on a node the annotators disagree on; append-only."""

    node = models.ForeignKey("cohorts.Node", on_delete=models.PROTECT, related_name="+")
    adjudicator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    label = models.PositiveSmallIntegerField(choices=LABEL_CHOICES)
    reason = models.TextField(validators=[MaxLengthValidator(MAX_COMMENT)])
    first_label = models.ForeignKey(NodeLabel, on_delete=models.PROTECT, related_name="+")
    second_label = models.ForeignKey(NodeLabel, on_delete=models.PROTECT, related_name="+")
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["node"],
                condition=Q(supersedes__isnull=True),
                name="annotation_one_first_adjudication_per_node",
            ),
            models.CheckConstraint(
                condition=Q(label__in=[value for value, _ in LABEL_CHOICES]),
                name="annotation_decision_known",
            ),
        ]

    def __str__(self) -> str:
        return f"adjudication {self.pk}"


class ReferenceStandard(models.Model):
    """A released, frozen version of a cohort's adjudicated categories; append-only."""

    cohort = models.ForeignKey("cohorts.Cohort", on_delete=models.PROTECT, related_name="+")
    version = models.PositiveSmallIntegerField()
    content = models.JSONField(
        help_text='[{"patient", "node", "mask_digest", "label", "source"}, ...] in fixed order.'
    )
    identifiability = models.JSONField(
        null=True,
        blank=True,
        help_text="Per patient what the pathology report leaves open; empty in versions from "
        "before it was kept.",
    )
    digest = models.CharField(max_length=64)
    findings = models.JSONField(
        default=list,
        blank=True,
        help_text='Warnings of the rules that stood: [{"patient", "code", "sentence", "nodes", '
        '"reason", "given_by"}, ...].',
    )
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    released_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cohort", "version"], name="annotation_version_once_per_cohort"
            )
        ]

    def __str__(self) -> str:
        return f"reference standard v{self.version} of cohort {self.cohort_id}"
