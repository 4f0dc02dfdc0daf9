"""What statisticians' programs send and receive."""

from rest_framework import serializers

from readerstudy.analysis.comparator import Role


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


class StatisticianRun(serializers.Serializer[object]):
    """An analysis run and where it stands."""

    run = serializers.UUIDField(source="public_id")
    state = serializers.CharField()
    percent = serializers.IntegerField()
    results_digest = serializers.CharField()
    error = serializers.CharField()
