"""What programs send and get of explanations; only for those who may see scores."""

from typing import Any

from rest_framework import serializers

from cohorts.serializers import CaseFrame, CaseGeometry, CaseNode
from inference.models import AttributionRun
from inference.services.explaining import DEFAULT_STEPS, FEWEST_STEPS, MOST_STEPS
from jobs.models import JobState


class AttributionRunRequest(serializers.Serializer[dict[str, Any]]):
    """Whose scores of which nodes shall be explained."""

    model = serializers.UUIDField(help_text="Id of a registered model version.")
    nodes = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        allow_null=True,
        default=None,
        max_length=10_000,
        help_text="Ids of nodes of the cohort; left out, all that lack a map.",
    )
    steps = serializers.IntegerField(
        default=DEFAULT_STEPS,
        min_value=FEWEST_STEPS,
        max_value=MOST_STEPS,
        help_text="Intervals of each member at first; more are added where they are needed.",
    )


class SeenAttributionRun(serializers.Serializer[AttributionRun]):
    """An attribution run and how far it has come."""

    id = serializers.UUIDField(source="public_id")
    cohort = serializers.UUIDField(source="cohort.public_id")
    model = serializers.UUIDField(source="model_version.public_id")
    steps = serializers.IntegerField()
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


class AttributionQuery(serializers.Serializer[dict[str, Any]]):
    """Which maps are listed."""

    model = serializers.UUIDField(
        required=False, help_text="Id of a model version; left out, the maps of every model."
    )


class AttributionFacts(serializers.Serializer[dict[str, Any]]):
    """What was measured on a map."""

    ene_score = serializers.FloatField(help_text="Mean ENE logit of the ensemble.")
    baseline_score = serializers.FloatField(help_text="The same of the baseline input.")
    attribution_sum = serializers.FloatField(help_text="Sum of the map, in logits.")
    completeness_error = serializers.FloatField(
        help_text="|sum - difference| / |difference|, the difference being at least 0.1 logit."
    )
    steps = serializers.IntegerField(help_text="Intervals of the member that took the most.")
    shell_mm = serializers.FloatField(help_text="Half width of the boundary shell.")
    shell_fraction = serializers.FloatField(help_text="Share of |attribution| in the shell.")
    shell_volume_fraction = serializers.FloatField(help_text="Share of the shown voxels there.")
    enrichment = serializers.FloatField(help_text="Ratio of the two shares.")
    code_version = serializers.CharField()
    created_at = serializers.DateTimeField()


class ListedAttribution(AttributionFacts):
    """One map in a list."""

    id = serializers.UUIDField()
    model = serializers.UUIDField()
    node = serializers.UUIDField()
    patient = serializers.CharField()
    number = serializers.IntegerField()


class MapBox(serializers.Serializer[dict[str, Any]]):
    """Where the map lies on the series' grid."""

    start_zyx = serializers.ListField(child=serializers.IntegerField())
    shape_zyx = serializers.ListField(child=serializers.IntegerField())


class MapValues(serializers.Serializer[dict[str, Any]]):
    """What the bytes of the values must turn out to be, and mean."""

    sha256 = serializers.CharField()
    bytes = serializers.IntegerField()
    scale = serializers.FloatField(help_text="Logits per unit.")
    limit = serializers.FloatField(help_text="Logits per voxel at which the colours end.")


class SeenAttribution(ListedAttribution):
    """One map with its case, for the viewer."""

    box = MapBox()
    values_url = serializers.CharField(help_text="int16, little-endian, (z, y, x) of the box.")
    values = MapValues()
    frames_url = serializers.CharField(help_text="A frame is at this address + index + '/'.")
    geometry = CaseGeometry()
    frames = CaseFrame(many=True)
    nodes = CaseNode(many=True)
