"""What the API of pathology reports takes and gives; every key is listed."""

from rest_framework import serializers

from annotation.label_csv import MAX_COMMENT
from annotation.pathology_rules.report_fields import ALL_NAMES, LONGEST_TEXT

NAMES_HELP = (
    "Text by field: those of the whole report by name, those of a level as side-level-name "
    "(left-IIa-examined). A field that is left out is empty; empty: the report does not say."
)


def _texts() -> serializers.DictField:
    cell = serializers.CharField(allow_blank=True, max_length=LONGEST_TEXT)
    return serializers.DictField(child=cell, help_text=NAMES_HELP)


class ReportTexts(serializers.Serializer[object]):
    """A report that is only looked at."""

    report = _texts()

    def validate_report(self, texts: dict[str, str]) -> dict[str, str]:
        """Refuse more names than there are: none of them is read in vain."""
        if len(texts) > len(ALL_NAMES):
            raise serializers.ValidationError(f"At most {len(ALL_NAMES)} fields are expected.")
        return texts


class ReportInput(ReportTexts):
    """A report on its way in."""

    base_revision = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, help_text="The revision it builds on; 0: the first."
    )
    reason = serializers.CharField(
        max_length=MAX_COMMENT,
        allow_blank=True,
        default="",
        help_text="Of a correction of a locked report: why.",
    )


class CheckInput(serializers.Serializer[object]):
    """The revision that was held against the paper."""

    base_revision = serializers.IntegerField(min_value=0, max_value=2**31 - 1)


class LockInput(CheckInput):
    """The revision that is locked, and why its warnings may stand."""

    reason = serializers.CharField(
        max_length=MAX_COMMENT,
        allow_blank=True,
        default="",
        help_text="Needed where there are warnings.",
    )


class ReportWarning(serializers.Serializer[object]):
    """What locking the report asks a reason for."""

    code = serializers.CharField(help_text="W7 or W8.")
    sentence = serializers.CharField()


class RecomputedN(serializers.Serializer[object]):
    """The N category by the report's own fields."""

    category = serializers.CharField(allow_null=True)
    possible = serializers.ListField(child=serializers.CharField())
    because = serializers.CharField(allow_blank=True, help_text="Why there is no one category.")


class ReportFindings(serializers.Serializer[object]):
    """What is wrong with a report, and what follows from it."""

    problems = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Sentences by field; with any of these a report is not checked.",
    )
    warnings = ReportWarning(many=True)
    staged = RecomputedN(allow_null=True)


class ReportStep(serializers.Serializer[object]):
    """Who did something to a report, and when."""

    by = serializers.CharField(source="by.username")
    at = serializers.DateTimeField()


class ReportStanding(ReportFindings):
    """Where one patient's report stands."""

    revision = serializers.IntegerField(help_text="The next base_revision.")
    version = serializers.IntegerField(help_text="1, and one more for each correction; 0: none.")
    state = serializers.CharField(
        allow_blank=True, help_text="draft, checked or locked; empty before the first save"
    )
    report = serializers.DictField(
        child=serializers.CharField(allow_blank=True), source="texts", help_text=NAMES_HELP
    )
    digest = serializers.CharField(allow_blank=True, help_text="SHA-256 without the report's id.")
    reason = serializers.CharField(allow_blank=True, help_text="Of the correction.")
    entered = ReportStep(allow_null=True)
    checked = ReportStep(allow_null=True)
    locked = ReportStep(allow_null=True)


class ReportDifference(serializers.Serializer[object]):
    """One field that a version says otherwise than the one before."""

    name = serializers.CharField()
    old = serializers.CharField(allow_blank=True)
    new = serializers.CharField(allow_blank=True)


class ReportVersion(serializers.Serializer[object]):
    """One version of a report."""

    version = serializers.IntegerField()
    state = serializers.CharField()
    digest = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    lock_reason = serializers.CharField(allow_blank=True)
    entered = ReportStep(allow_null=True)
    checked = ReportStep(allow_null=True)
    locked = ReportStep(allow_null=True)
    differences = ReportDifference(many=True)


class ListedReport(serializers.Serializer[object]):
    """One patient in the list of reports."""

    patient = serializers.UUIDField(source="public_id")
    pseudonym = serializers.CharField()
    state = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField()
    revision = serializers.IntegerField()


class ReportsTable(serializers.Serializer[object]):
    """A table to check or to take in."""

    table_file = serializers.FileField(
        help_text="CSV or XLSX of at most 20 MB.", allow_empty_file=True
    )
    dry_run = serializers.BooleanField(
        default=True, help_text="Say what would become of each report, and change nothing."
    )


class ImportedReport(serializers.Serializer[object]):
    """What became of one patient's report."""

    row = serializers.IntegerField(help_text="In the file, from 1.")
    patient = serializers.CharField()
    change = serializers.CharField(help_text="new, changed or unchanged")
    warnings = ReportWarning(many=True)


class ImportedReports(serializers.Serializer[object]):
    """What an import did, or would do."""

    dry_run = serializers.BooleanField()
    reports = ImportedReport(many=True)
    left_out = serializers.ListField(
        child=serializers.CharField(), help_text="Patients in whose rows nothing is filled in."
    )
