"""What programs send and get in the inference room; scores are not among it."""

from rest_framework import serializers

from inference.models import Provenance
from jobs.models import JobState


class CoordinatorModelVersion(serializers.Serializer):
    """A model version as a coordinator's program sees it."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    architecture = serializers.CharField()
    provenance = serializers.ChoiceField(choices=Provenance.choices)
    members = serializers.IntegerField(source="member_count", help_text="Networks registered.")
    expected_members = serializers.IntegerField(help_text="0 for imported scores.")
    digest = serializers.CharField(help_text="SHA-256 over everything that decides a prediction.")
    registered_at = serializers.DateTimeField()


class CoordinatorRun(serializers.Serializer):
    """A prediction run as a coordinator's program sees it."""

    id = serializers.UUIDField(source="public_id")
    cohort = serializers.UUIDField(source="cohort.public_id")
    model = serializers.UUIDField(source="model_version.public_id")
    provenance = serializers.ChoiceField(
        source="model_version.provenance", choices=Provenance.choices
    )
    members = serializers.IntegerField(source="model_version.member_count")
    expected_members = serializers.IntegerField(source="model_version.expected_members")
    state = serializers.ChoiceField(choices=JobState.choices)
    cancel_requested = serializers.BooleanField()
    nodes = serializers.IntegerField(source="item_count")
    waiting = serializers.IntegerField(source="waiting_count")
    done = serializers.IntegerField(source="done_count")
    parked = serializers.IntegerField(source="parked_count")
    note = serializers.CharField(source="progress_note")
    error = serializers.CharField(help_text="Why the run failed; empty otherwise.")
    requested_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class RunRequest(serializers.Serializer):
    """Whose predictions are wanted."""

    model = serializers.UUIDField(help_text="Id of a registered model version.")
