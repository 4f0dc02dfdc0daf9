"""What statisticians' programs send and receive."""

from rest_framework import serializers


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


class StatisticianDataset(serializers.Serializer[object]):
    """A frozen dataset."""

    dataset = serializers.UUIDField(source="public_id")
    digest = serializers.CharField()
    rows = serializers.IntegerField()
    interim = serializers.BooleanField()


class StatisticianRun(serializers.Serializer[object]):
    """An analysis run and where it stands."""

    run = serializers.UUIDField(source="public_id")
    state = serializers.CharField()
    percent = serializers.IntegerField()
    results_digest = serializers.CharField()
    error = serializers.CharField()
