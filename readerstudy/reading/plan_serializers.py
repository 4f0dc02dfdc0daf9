"""The analysis plan over the API; its words are checked by the plan's own rules (422)."""

from typing import Any

from rest_framework import serializers

from readerstudy.reading import plan as plans
from readerstudy.reading.models import StudyState
from readerstudy.reading.plan_subgroups import VARIABLES


def _word(known: tuple[str, ...], **kwargs: Any) -> serializers.CharField:
    return serializers.CharField(help_text=f"One of {', '.join(known)}.", **kwargs)


class PlanPrimary(serializers.Serializer):
    """The comparison the study is for."""

    endpoint = _word(plans.ENDPOINTS)
    view = _word(plans.VIEWS)
    comparison = _word(plans.COMPARISONS)
    test = _word(plans.TESTS)
    hypothesis = _word(plans.HYPOTHESES)
    margin = serializers.FloatField(
        allow_null=True, help_text="A difference of areas; null for a difference."
    )


class PlanThresholds(serializers.Serializer):
    """Where the model's cut comes from."""

    source = _word(plans.THRESHOLD_SOURCES)
    fpr_percent = serializers.ListField(
        child=serializers.IntegerField(), help_text="Whole percent, ascending."
    )


class PlanMissing(serializers.Serializer):
    """What becomes of missing values."""

    calls = _word(plans.MISSING_CALLS)
    undetermined = _word(plans.UNDETERMINED)


class PlanSubgroup(serializers.Serializer):
    """One variable the results are split by."""

    variable = _word(VARIABLES)
    edges = serializers.ListField(
        child=serializers.FloatField(),
        required=False,
        help_text="Ascending; a value on an edge belongs above it. Only for sizes and ages.",
    )


class PlanDocument(serializers.Serializer):
    """An analysis plan."""

    schema_version = serializers.IntegerField(help_text=f"{plans.SCHEMA_VERSION}.")
    endpoints = serializers.ListField(child=_word(plans.ENDPOINTS))
    views = serializers.ListField(child=_word(plans.VIEWS))
    primary = PlanPrimary()
    alpha = serializers.FloatField(help_text="Two-sided.")
    multiplicity = _word(plans.MULTIPLICITIES)
    thresholds = PlanThresholds()
    missing = PlanMissing()
    clustering = _word(plans.CLUSTERINGS)
    subgroups = PlanSubgroup(many=True)
    patient_level = _word(plans.PATIENT_LEVELS)
    bootstrap_replicates = serializers.IntegerField()


class PlanLine(serializers.Serializer):
    """One line of the plan in words."""

    heading = serializers.CharField()
    text = serializers.CharField()


class PlanChange(serializers.Serializer):
    """One line that an amendment changed."""

    heading = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class PlanAmendment(serializers.Serializer):
    """A change of the plan after the study was opened."""

    number = serializers.IntegerField(source="row.number")
    reason = serializers.CharField(source="row.reason")
    at = serializers.DateTimeField(source="row.at")
    by = serializers.CharField(source="row.by")
    digest = serializers.CharField(source="row.digest")
    plan = PlanDocument(source="row.plan")
    changes = PlanChange(many=True)


class StudyPlan(serializers.Serializer):
    """The plan in force and its history."""

    study = serializers.UUIDField(source="study.public_id")
    title = serializers.CharField(source="study.title")
    state = serializers.ChoiceField(source="study.state", choices=StudyState.choices)
    protocol_digest = serializers.CharField(
        source="study.protocol_digest", allow_blank=True, help_text="Empty in a draft."
    )
    digest = serializers.CharField(help_text="Of the plan in force: send it as based_on.")
    plan = PlanDocument(source="document")
    summary = PlanLine(many=True)
    amendments = PlanAmendment(many=True)


class PlanInput(serializers.Serializer):
    """A change of the plan."""

    plan = PlanDocument()
    based_on = serializers.CharField(help_text="The digest of the plan it replaces.")
    reason = serializers.CharField(
        default="", allow_blank=True, help_text="Required once the study has been opened."
    )
