"""What planning's programs send and receive."""

from typing import Any

from rest_framework import serializers

from readerstudy.analysis.planning.design import HYPOTHESES, VIEWS


def _number(words: str) -> Any:
    return serializers.FloatField(required=False, help_text=words)


def _numbers(words: str) -> Any:
    return serializers.ListField(
        child=serializers.FloatField(),
        required=False,
        min_length=1,
        max_length=20,
        help_text=f"{words} One for all readers, or one for each.",
    )


class SimulationRequest(serializers.Serializer[object]):
    """A planned study; what is left out has the planning page's default."""

    patients = serializers.IntegerField(required=False)
    nodes_per_patient = _number("Mean, at least 1.")
    dispersion = _number("Of that number; 0 is Poisson.")
    prevalence = _number("Share of positive nodes.")
    patients_positive = _number("Share of patients with a positive node.")
    model_auc = _number("Area of the model.")
    readers = serializers.IntegerField(required=False)
    reader_view = serializers.ChoiceField(choices=VIEWS, required=False)
    sensitivity = _numbers("Of yes/no calls, or of the strictest cut.")
    specificity = _numbers("At the same cut.")
    lenient_sensitivity = _numbers("Ordinal only: at the lenient cut.")
    lenient_specificity = _numbers("Ordinal only: at the lenient cut.")
    reader_auc = _numbers("Confidence only.")
    reader_spread = _number("SD between readers of the distance between the classes.")
    reader_correlation = _number("Of two readers' scores of a node, given its class.")
    model_correlation = _number("Of the model's and a reader's.")
    icc_positive = _number("Of two positive nodes of a patient.")
    icc_negative = _number("Of two negative nodes of a patient.")
    shared_effect = _number("Correlation of a patient's effects on the two classes.")
    missing = _number("Share of missing calls.")
    hypothesis = serializers.ChoiceField(choices=HYPOTHESES, required=False)
    margin = _number("For non-inferiority.")
    alpha = _number("Two-sided.")
    replicates = serializers.IntegerField(required=False)
    seed = serializers.IntegerField(required=False)
    check_error = serializers.BooleanField(required=False)


class PlannerSimulation(serializers.Serializer[object]):
    """A simulation and where it stands."""

    simulation = serializers.UUIDField(source="public_id")
    state = serializers.CharField()
    percent = serializers.IntegerField()
    requested_at = serializers.DateTimeField()
    inputs = serializers.DictField()
    results_digest = serializers.CharField()
    error = serializers.CharField()
