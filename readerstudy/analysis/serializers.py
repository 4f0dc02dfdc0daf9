"""What statisticians' programs send and receive."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from rest_framework import serializers

from readerstudy.analysis.comparator import Role
from readerstudy.analysis.imported_table import MAX_BYTES


class StatisticianStudy(serializers.Serializer[object]):
    """A study that may be analysed."""

    study = serializers.UUIDField(source="public_id")
    title = serializers.CharField()
    state = serializers.CharField()


class FreezeRequest(serializers.Serializer[object]):
    """What to freeze."""

    model = serializers.UUIDField(
        required=False, allow_null=True, help_text="Absent: readers only."
    )
    interim = serializers.BooleanField(required=False, default=False)
    role = serializers.ChoiceField(
        choices=[role.value for role in Role],
        required=False,
        allow_null=True,
        help_text="Absent: primary where the model may be that. Untrained or incomplete ones may "
        "not.",
    )


class StatisticianDataset(serializers.Serializer[object]):
    """A frozen dataset."""

    dataset = serializers.UUIDField(source="public_id")
    digest = serializers.CharField()
    rows = serializers.IntegerField()
    interim = serializers.BooleanField()
    model = serializers.CharField(source="labels.model", help_text="Name; empty: readers alone.")
    model_provenance = serializers.CharField(source="labels.model_provenance")
    model_members = serializers.CharField(
        source="labels.model_members", help_text="For example 25 of 25."
    )
    model_role = serializers.CharField(
        source="labels.model_role", help_text="primary or exploratory; empty: readers alone."
    )
    model_notice = serializers.CharField(
        source="labels.model_notice", help_text="What must be said with its numbers."
    )


class ImportRequest(serializers.Serializer[dict[str, Any]]):
    """A study read elsewhere."""

    title = serializers.CharField(max_length=200)
    file = serializers.FileField(
        allow_empty_file=True,
        help_text="CSV, UTF-8, separated by commas or semicolons: cohort, patient, node, truth, "
        "call_<reader> and more, as the import page lists them.",
    )
    model_name = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=100, help_text="Whose scores."
    )
    ignore_unknown = serializers.BooleanField(
        required=False, default=False, help_text="Leave out columns that are not known."
    )

    def validate_file(self, file: UploadedFile) -> UploadedFile:
        """Refuse a file that is too large before anything of it is read."""
        if file.size is None or file.size > MAX_BYTES:
            raise serializers.ValidationError(
                f"Larger than {MAX_BYTES // 1024**2} MB. Leave out columns that the analysis does "
                "not need."
            )
        return file


class StatisticianImport(StatisticianDataset):
    """A frozen dataset of a study read elsewhere."""

    title = serializers.CharField()


class StatisticianRun(serializers.Serializer[object]):
    """An analysis run and where it stands."""

    run = serializers.UUIDField(source="public_id")
    state = serializers.CharField()
    percent = serializers.IntegerField()
    results_digest = serializers.CharField()
    error = serializers.CharField()
