"""Pathology reports as stored: every step of entering, checking, locking and correcting one."""

import hashlib

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q

from annotation.label_csv import MAX_COMMENT
from annotation.pathology_rules.report_json import from_json, to_json


class ReportState(models.TextChoices):
    """How far one version of a report has come; only a locked one counts."""

    DRAFT = "draft", "Draft"
    CHECKED = "checked", "Checked"
    LOCKED = "locked", "Locked"


class PathologyReport(models.Model):
    """One step of one patient's pathology report; append-only, the next step supersedes it.

    A save, a check and a lock are one row each, so that who entered, checked and locked what is
    kept by itself. ``revision`` counts the rows of the patient and is what a save is based on;
    ``version`` counts the reports: 1 as first entered, one more for each correction. The report
    that counts is the newest locked row; the work at hand is the row that nothing supersedes.

    The levels are no rows of their own: the rules need the report as a whole, nobody searches
    for a level, and a second copy beside the digested text could contradict it.

    The laboratory's number lies beside the content, encrypted: it names the patient. Content and
    digest are without it.
    """

    patient = models.ForeignKey("cohorts.Patient", on_delete=models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField(help_text="1, 2, ...: the patient's steps.")
    version = models.PositiveIntegerField(help_text="1, and one more for each correction.")
    state = models.CharField(max_length=8, choices=ReportState)
    content = models.TextField(help_text="report_json.to_json() without the report's id.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the content.")
    sealed_report_id = models.TextField(blank=True, help_text="The laboratory's number, encrypted.")
    reason = models.TextField(
        blank=True,
        validators=[MaxLengthValidator(MAX_COMMENT)],
        help_text="Of a correction: why. Of a lock: why the warnings may stand.",
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    made_at = models.DateTimeField(auto_now_add=True)
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "revision"], name="annotation_report_revision_once"
            ),
            models.UniqueConstraint(
                fields=["patient"],
                condition=Q(supersedes__isnull=True),
                name="annotation_one_first_report_per_patient",
            ),
            models.UniqueConstraint(
                fields=["patient", "version"],
                condition=Q(state=ReportState.LOCKED),
                name="annotation_report_version_locked_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=ReportState.values), name="annotation_report_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"pathology report of patient {self.patient_id}, revision {self.revision}"

    def clean(self) -> None:
        """Refuse content that is not the canonical text of a report, or has another digest."""
        try:
            is_canonical = to_json(from_json(self.content)) == self.content
        except ValueError as wrong:
            raise ValidationError(str(wrong), code="no_report") from wrong
        if not is_canonical:
            raise ValidationError("The report's text is not in its fixed form.", code="no_report")
        if hashlib.sha256(self.content.encode()).hexdigest() != self.digest:
            raise ValidationError("The digest is not that of the content.", code="digest")
