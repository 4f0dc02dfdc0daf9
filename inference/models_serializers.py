"""What programs send and get when they register models or count ENE nodes."""

from typing import Any

from rest_framework import serializers

from inference.models import Provenance
from inference.runner import ARCHITECTURES
from inference.services.uploading import MOST_PATHS, PATH_LENGTH


class _FlatErrors:
    """Says what is wrong with an entry in the one error shape: a list of sentences per field."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            return super().to_internal_value(data)  # type: ignore[misc]
        except serializers.ValidationError as refusal:
            if not isinstance(refusal.detail, dict):
                raise
            sentences = [
                f"{entry}: {' '.join(map(str, found))}" for entry, found in refusal.detail.items()
            ]
            raise serializers.ValidationError(sentences) from refusal


class PathList(_FlatErrors, serializers.ListField):
    """Relative paths."""


class ThresholdDict(_FlatErrors, serializers.DictField):
    """Probabilities by endpoint."""


class NewModelUpload(serializers.Serializer):
    """Whose release will be sent."""

    architecture = serializers.ChoiceField(choices=ARCHITECTURES)


class CoordinatorModelFile(serializers.Serializer):
    """One checkpoint file as it was found."""

    path = serializers.CharField()
    run = serializers.IntegerField(allow_null=True)
    fold = serializers.IntegerField(allow_null=True)
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    note = serializers.CharField(help_text="What the file says of itself.")
    problem = serializers.CharField(help_text="Why it is no member; empty where it is one.")


class CoordinatorModelUpload(serializers.Serializer):
    """An upload and how many members it has."""

    id = serializers.UUIDField(source="public_id")
    architecture = serializers.CharField()
    started_at = serializers.DateTimeField()
    members = serializers.IntegerField(source="good_count")


class CoordinatorPlace(serializers.Serializer):
    """One place of the ensemble."""

    run = serializers.IntegerField()
    fold = serializers.IntegerField()
    state = serializers.CharField(help_text="missing, good or refused.")
    file = CoordinatorModelFile(allow_null=True)


class CoordinatorInventory(serializers.Serializer):
    """Which members of the release are there."""

    id = serializers.UUIDField(source="upload.public_id")
    architecture = serializers.CharField(source="upload.architecture")
    model = serializers.UUIDField(allow_null=True, help_text="The model version, once registered.")
    members = serializers.IntegerField(source="inventory.good")
    expected_members = serializers.IntegerField(source="inventory.expected")
    refused = serializers.IntegerField(source="inventory.refused")
    places = CoordinatorPlace(many=True)


class FolderPaths(serializers.Serializer):
    """Relative paths of a folder's files."""

    paths = PathList(child=serializers.CharField(max_length=4096), max_length=MOST_PATHS)


class ServerFolder(serializers.Serializer):
    """A folder below the operator's folder of models."""

    folder = serializers.CharField(max_length=PATH_LENGTH)


class CoordinatorFoundMember(serializers.Serializer):
    """A file that stands for a member."""

    path = serializers.CharField()
    run = serializers.IntegerField()
    fold = serializers.IntegerField()
    size_bytes = serializers.IntegerField(allow_null=True)


class CoordinatorFound(serializers.Serializer):
    """What a folder holds."""

    members = CoordinatorFoundMember(many=True)
    ignored = serializers.ListField(child=serializers.CharField())


class NewModelFile(serializers.Serializer):
    """A checkpoint, and its path in the sender's folder."""

    path = serializers.CharField(max_length=PATH_LENGTH)
    file = serializers.FileField(allow_empty_file=True)


class ModelFilePath(serializers.Serializer):
    """Which file is meant."""

    path = serializers.CharField(max_length=PATH_LENGTH)


class NewModelVersion(serializers.Serializer):
    """What the files are."""

    name = serializers.CharField(max_length=80)
    provenance = serializers.CharField(
        max_length=16,
        help_text=f"{Provenance.PUBLISHED.value} or {Provenance.UNTRAINED.value}.",
    )
    parameters = serializers.DictField(
        required=False, help_text="Preprocessing; absent: the defaults."
    )
    thresholds = ThresholdDict(
        child=serializers.FloatField(),
        required=False,
        help_text='{"metastasis": probability, "ene": probability}, both optional.',
    )
    note = serializers.CharField(required=False, allow_blank=True, default="")


class StatisticianAiEneRow(serializers.Serializer):
    """One patient's number of ENE nodes."""

    patient = serializers.CharField()
    nodes = serializers.IntegerField()
    nodes_predicted = serializers.IntegerField(source="predicted")
    ai_ene = serializers.IntegerField(
        source="ene_nodes", allow_null=True, help_text="null: no threshold, or nodes not predicted."
    )
    note = serializers.CharField()


class StatisticianAiEne(serializers.Serializer):
    """A cohort's numbers of ENE nodes by one model."""

    model = serializers.UUIDField(source="version.public_id")
    provenance = serializers.ChoiceField(source="version.provenance", choices=Provenance.choices)
    members = serializers.IntegerField(source="version.member_count")
    expected_members = serializers.IntegerField(source="version.expected_members")
    threshold = serializers.FloatField(source="call.threshold", allow_null=True)
    rule = serializers.CharField(source="call.sentence")
    patients = StatisticianAiEneRow(source="rows", many=True)
