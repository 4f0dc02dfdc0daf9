"""What the two annotators say to each other about a node they labelled differently."""

from django.core.validators import MaxLengthValidator
from django.db import models

from annotation.label_csv import MAX_COMMENT
from cohorts.vocabulary import LABEL_CHOICES


class DiscussionStatement(models.Model):
    """One annotator's last word on one node, having seen both labels; append-only.

    It keeps the annotator's own label or revises it. The labels themselves stay as they were
    submitted: agreement between annotators is measured on them.
    """

    own_label = models.ForeignKey(
        "annotation.NodeLabel", on_delete=models.PROTECT, related_name="+"
    )
    other_label = models.ForeignKey(
        "annotation.NodeLabel", on_delete=models.PROTECT, related_name="+"
    )
    label = models.PositiveSmallIntegerField(choices=LABEL_CHOICES)
    reason = models.TextField(blank=True, validators=[MaxLengthValidator(MAX_COMMENT)])
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["own_label", "other_label"], name="annotation_one_statement_each"
            ),
            models.CheckConstraint(
                condition=models.Q(label__in=[value for value, _ in LABEL_CHOICES]),
                name="annotation_statement_known",
            ),
        ]

    def __str__(self) -> str:
        return f"discussion statement {self.pk}"

    @property
    def is_revision(self) -> bool:
        """Whether another label is given than the one submitted."""
        return self.label != self.own_label.label
