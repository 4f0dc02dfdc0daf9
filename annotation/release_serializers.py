"""What the API of releases takes and gives; every key is listed."""

from rest_framework import serializers

from annotation.label_csv import MAX_COMMENT
from annotation.serializers import LABEL_HELP


class ReleasedRow(serializers.Serializer[object]):
    """One node of a released version."""

    patient = serializers.CharField()
    node = serializers.IntegerField()
    mask_digest = serializers.CharField()
    label = serializers.IntegerField(help_text=LABEL_HELP)  # type: ignore[assignment]
    source = serializers.CharField(help_text="agreement, discussion or adjudication")  # type: ignore[assignment]


class ReleasedVersion(serializers.Serializer[object]):
    """A released version without its rows."""

    version = serializers.IntegerField()
    digest = serializers.CharField(
        help_text="SHA-256 of the rows and, where kept, the identifiability as canonical JSON."
    )
    released_at = serializers.DateTimeField()


class ReleasedDifference(serializers.Serializer[object]):
    """A node whose row is not what it was in the version before."""

    patient = serializers.CharField()
    node = serializers.IntegerField()
    before = ReleasedRow(allow_null=True, help_text="Null for a new node.")
    after = ReleasedRow(allow_null=True, help_text="Null for a node that is gone.")


class ReleasedUnit(serializers.Serializer[object]):
    """What is positive or negative as a whole: one node, or a matted lump."""

    nodes = serializers.ListField(child=serializers.IntegerField())
    sad_mm = serializers.FloatField()
    is_matted = serializers.BooleanField()


class ReleasedBounds(serializers.Serializer[object]):
    """Bounds of the number of positive units; ``fewest_unmatted`` without a matted lump."""

    fewest = serializers.IntegerField()
    fewest_unmatted = serializers.IntegerField()
    most = serializers.IntegerField()


class ReleasedChoice(serializers.Serializer[object]):
    """What the report settles for one question; no bounds where the level was not dissected."""

    identifiability = serializers.CharField(
        help_text="forced, size_matched, ambiguous or not_determinable"
    )
    bounds = ReleasedBounds(required=False)
    n_sets = serializers.IntegerField(required=False)
    sets = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        required=False,
        allow_null=True,
        help_text="Sets of node numbers that may be positive; null where they are too many.",
    )


class ReleasedGroup(serializers.Serializer[object]):
    """One level, or lumped levels, with nodes on CT."""

    places = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    units = ReleasedUnit(many=True)
    metastasis = ReleasedChoice()
    ene = ReleasedChoice()
    n_labelings = serializers.IntegerField(allow_null=True)


class ReleasedIdentifiability(serializers.Serializer[object]):
    """What one patient's report leaves open."""

    patient = serializers.CharField()
    report_version = serializers.IntegerField(allow_null=True, help_text="Null: no locked report.")
    format = serializers.IntegerField()
    seen = serializers.CharField()
    groups = ReleasedGroup(many=True)
    levels = serializers.DictField(
        child=serializers.CharField(), help_text="Level on CT by node number."
    )
    unplaced = serializers.ListField(child=serializers.IntegerField())
    disputed = serializers.ListField(
        child=serializers.IntegerField(),
        help_text="Nodes that the annotators count in different levels.",
    )


class ReleasedFinding(serializers.Serializer[object]):
    """A warning of the rules that stood at the release, and why."""

    patient = serializers.CharField()
    code = serializers.CharField()
    sentence = serializers.CharField()
    nodes = serializers.ListField(child=serializers.IntegerField())
    reason = serializers.CharField()
    given_by = serializers.CharField(help_text="annotator or coordinator")


class ReleaseReason(serializers.Serializer[object]):
    """Why a warning may stand that no annotator gave a reason for."""

    finding = serializers.CharField(max_length=16, help_text="Key of the finding.")
    reason = serializers.CharField(max_length=MAX_COMMENT)


class ReleaseInput(serializers.Serializer[object]):
    """Reasons for warnings; none are needed where there is no warning."""

    reasons = ReleaseReason(many=True, required=False, default=list)


class ReopeningInput(serializers.Serializer[object]):
    """Why a labelling is given back."""

    reason = serializers.CharField(max_length=MAX_COMMENT)


class ReopenedLabelling(serializers.Serializer[object]):
    """A labelling that its annotator goes on with."""

    labelling = serializers.UUIDField(source="public_id")
    state = serializers.CharField()
    version = serializers.IntegerField()


class WarningToRelease(serializers.Serializer[object]):
    """A warning of the rules in the final labels."""

    key = serializers.CharField()
    patient = serializers.CharField()
    code = serializers.CharField(source="finding.code")
    sentence = serializers.CharField(source="finding.sentence")
    reason = serializers.CharField(allow_blank=True, help_text="Of an annotator; blank: needed.")


class ReleaseOutlook(serializers.Serializer[object]):
    """What keeps a cohort from its release, and which warnings it would keep."""

    missing = serializers.ListField(child=serializers.CharField())
    warnings = WarningToRelease(many=True)


class ReleasedContent(ReleasedVersion):
    """A released version with its rows."""

    content = ReleasedRow(many=True)
    identifiability = ReleasedIdentifiability(
        many=True, allow_null=True, help_text="Null in versions from before it was kept."
    )
    findings = ReleasedFinding(many=True)
    differences = ReleasedDifference(many=True)
