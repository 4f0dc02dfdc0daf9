"""What is sent and told about candidates: explicit keys."""

from typing import Any

from rest_framework import serializers

from cohorts.candidate_selectors import ListedCandidate, OverlappedNode
from cohorts.mask_serializers import RUNS, Edit, Save, SeenNode
from cohorts.models import Candidate, CandidateDecision, CandidateRun
from jobs.models import JobState


class Provider(serializers.Serializer[Any]):
    """A provider that may be asked."""

    name = serializers.CharField()
    version = serializers.CharField()


class RunOfProvider(serializers.Serializer[CandidateRun]):
    """One provider asked about one patient."""

    id = serializers.UUIDField(source="public_id")
    provider = serializers.CharField()
    version = serializers.CharField(source="provider_version")
    settings_digest = serializers.CharField()
    state = serializers.ChoiceField(choices=JobState.values)
    progress = serializers.CharField(source="progress_note")
    requested_by = serializers.CharField(source="requested_by.username", default="")
    requested_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    candidates = serializers.IntegerField(source="found", default=0)
    notes = serializers.ListField(child=serializers.CharField())
    error = serializers.CharField()


class RunsOfPatient(serializers.Serializer[dict[str, Any]]):
    """What may be asked, and what was."""

    providers = Provider(many=True)
    runs = RunOfProvider(many=True)


class NewRun(serializers.Serializer[dict[str, Any]]):
    """Which provider to ask."""

    provider = serializers.CharField(max_length=80)


class Overlap(serializers.Serializer[OverlappedNode]):
    """A node that shares voxels with a candidate."""

    node = serializers.UUIDField(source="node.public_id")
    number = serializers.IntegerField(source="node.number")
    version = serializers.IntegerField()
    dice = serializers.FloatField()
    is_alike = serializers.BooleanField()


class Decision(serializers.Serializer[CandidateDecision]):
    """What was decided about a candidate."""

    verdict = serializers.ChoiceField(choices=CandidateDecision.Verdict.values)
    reason = serializers.CharField()
    by = serializers.CharField(source="by.username")
    created_at = serializers.DateTimeField()
    levels = serializers.JSONField(
        help_text='Of a station: [{"node": 3, "before": "", "after": "IIa left"}].'
    )


class CandidateTold(serializers.Serializer[Candidate]):
    """A candidate without its mask."""

    id = serializers.UUIDField(source="public_id")
    run = serializers.UUIDField(source="run.public_id")
    provider = serializers.CharField(source="run.provider")
    version = serializers.CharField(source="run.provider_version")
    number = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=Candidate.Kind.values)
    side = serializers.CharField()
    level = serializers.CharField()
    score = serializers.FloatField(allow_null=True)
    centroid_zyx = serializers.ListField(child=serializers.FloatField())
    slices = serializers.SerializerMethodField(help_text="First and last, both inclusive.")
    voxels = serializers.IntegerField()
    volume_ml = serializers.FloatField()
    short_axis_mm = serializers.FloatField(allow_null=True)
    long_axis_mm = serializers.FloatField(allow_null=True)
    decision = Decision(default=None, allow_null=True)

    def get_slices(self, candidate: Candidate) -> list[int]:
        """Return the first and the last slice."""
        first, stop = candidate.bounding_box[0]
        return [first, stop - 1]


class Listed(serializers.Serializer[ListedCandidate]):
    """A candidate, and which nodes it overlaps while it is not decided."""

    candidate = CandidateTold()
    overlaps = Overlap(many=True)


class WithMask(serializers.Serializer[dict[str, Any]]):
    """A candidate with its mask."""

    candidate = CandidateTold()
    overlaps = Overlap(many=True)
    runs = serializers.JSONField(help_text=RUNS)


class Acceptance(Save):
    """How a candidate is accepted."""

    runs = serializers.JSONField(
        required=False, default=None, help_text=f"The changed mask; absent: as proposed. {RUNS}"
    )
    replaces = SeenNode(
        required=False,
        allow_null=True,
        default=None,
        help_text="The node of whose mask it becomes a new version; absent: a new node.",
    )


class Rejection(Save):
    """Why a candidate is rejected."""

    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)


class Decided(serializers.Serializer[CandidateDecision]):
    """A stored decision, the same each time it is sent, and the change of masks it made."""

    candidate = serializers.UUIDField(source="candidate.public_id")
    decision = Decision(source="*")
    edit = Edit(allow_null=True)
