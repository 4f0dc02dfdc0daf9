"""What programs send and get about training; no label and no score is among it."""

from rest_framework import serializers

from inference.runner import ARCHITECTURES
from jobs.models import JobState


class CoordinatorTrainingData(serializers.Serializer):
    """Frozen training data as a coordinator's program sees them."""

    id = serializers.UUIDField(source="public_id")
    cohort = serializers.UUIDField(source="cohort.public_id")
    digest = serializers.CharField(source="table_key", help_text="SHA-256 of the frozen table.")
    patients = serializers.IntegerField()
    nodes = serializers.IntegerField()
    frozen_at = serializers.DateTimeField()


class TrainingRequest(serializers.Serializer):
    """What is to be trained."""

    dataset = serializers.UUIDField(help_text="Id of frozen training data.")
    name = serializers.CharField(max_length=80, help_text="Of the model version to be.")
    architecture = serializers.ChoiceField(choices=[(name, name) for name in ARCHITECTURES])
    settings = serializers.DictField(
        required=False,
        default=dict,
        help_text="Settings that differ from the architecture's published training.",
    )


class CoordinatorTrainingMember(serializers.Serializer):
    """How far one member is."""

    run = serializers.IntegerField()
    fold = serializers.IntegerField()
    epoch = serializers.IntegerField(help_text="Epochs whose result is stored.")
    is_done = serializers.BooleanField()


class CoordinatorTraining(serializers.Serializer):
    """A training as a coordinator's program sees it."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    architecture = serializers.CharField()
    dataset = serializers.UUIDField(source="dataset.public_id")
    settings = serializers.DictField(help_text="Every choice.")
    state = serializers.ChoiceField(choices=JobState.choices)
    cancel_requested = serializers.BooleanField(help_text="It is to stop.")
    epochs_done = serializers.IntegerField(source="progress_done", help_text="Of all members.")
    epochs = serializers.IntegerField(source="progress_total")
    note = serializers.CharField(source="progress_note")
    error = serializers.CharField(help_text="Why the training failed; empty otherwise.")
    model_version = serializers.UUIDField(
        source="model_version.public_id",
        default=None,
        allow_null=True,
        help_text="Of the model version that came of it.",
    )
    requested_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class CoordinatorTrainingPoint(serializers.Serializer):
    """One evaluation; the AUCs are those of the inner validation."""

    run = serializers.IntegerField()
    fold = serializers.IntegerField()
    epoch = serializers.IntegerField()
    training_loss = serializers.FloatField()
    validation_loss = serializers.FloatField(allow_null=True)
    metastasis_auc = serializers.FloatField(allow_null=True)
    ene_auc = serializers.FloatField(allow_null=True)
    ene_among_metastatic_auc = serializers.FloatField(allow_null=True)


class CoordinatorTrainingState(CoordinatorTraining):
    """A training with its members and curves."""

    members = CoordinatorTrainingMember(many=True)
    curves = CoordinatorTrainingPoint(many=True, help_text="By run, fold and epoch.")
