"""API of the annotators' agreement."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import SignedIn
from accounts.schema import errors
from annotation import selectors
from annotation.api import person_of
from annotation.serializers import DiscussedLabel


class AgreementMeasure(serializers.Serializer[object]):
    """One measure of agreement; undefined numbers are null."""

    answers = serializers.CharField(help_text="four_answers, three_categories, metastasis or ene")
    measure = serializers.CharField(
        help_text="percent_agreement, cohen_kappa_unweighted, cohen_kappa_linear, "
        "cohen_kappa_quadratic or gwet_ac1"
    )
    n_nodes = serializers.IntegerField()
    n_patients = serializers.IntegerField()
    estimate = serializers.FloatField(allow_null=True)
    lower = serializers.FloatField(allow_null=True, help_text="95 % limit by patient.")
    upper = serializers.FloatField(allow_null=True)
    lower_by_node = serializers.FloatField(
        allow_null=True, help_text="95 % limit that takes nodes as independent."
    )
    upper_by_node = serializers.FloatField(allow_null=True)
    status = serializers.CharField(help_text="ok, or why a number is missing or degenerate")
    caution = serializers.CharField(
        allow_blank=True, help_text="Why not to lean on the limits by patient; mostly empty."
    )


class SettledNode(serializers.Serializer[object]):
    """A node that both labelled differently; A and B are drawn anew for each node."""

    patient = serializers.UUIDField()
    pseudonym = serializers.CharField()
    number = serializers.IntegerField()
    annotator_a = DiscussedLabel()
    annotator_b = DiscussedLabel()
    outcome = serializers.CharField(
        help_text="to_discuss, agreed_in_discussion, to_adjudicate or adjudicated"
    )
    label = serializers.IntegerField(  # type: ignore[assignment]
        allow_null=True, help_text="The final label; null while there is none."
    )
    reason = serializers.CharField(allow_blank=True, help_text="The review board's.")


class SecondsPerNode(serializers.Serializer[object]):
    """One annotator's seconds per node, from the save before to its own; pauses left out."""

    n = serializers.IntegerField(help_text="Nodes with a time.")
    n_without = serializers.IntegerField()
    n_pauses = serializers.IntegerField(help_text="Stretches over 5 minutes.")
    median = serializers.FloatField(allow_null=True)
    lower_quartile = serializers.FloatField(allow_null=True)
    upper_quartile = serializers.FloatField(allow_null=True)


class AnnotatorsAgreement(serializers.Serializer[object]):
    """How far a cohort's annotators agreed, each alone; without names."""

    agreement = AgreementMeasure(many=True)
    disagreements = SettledNode(many=True)
    seconds_per_node = SecondsPerNode(many=True, help_text="First and second annotator.")


class Agreement(APIView):
    """The agreement of the annotators, for the cohort's coordinators and adjudicators."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="annotation_agreement", responses={200: AnnotatorsAgreement, **errors()}
    )
    def get(self, request: Request, cohort: uuid.UUID) -> Response:
        """Return it; 404 until both annotators have submitted every patient."""
        report = selectors.open_agreement_report(person_of(request), cohort)
        return Response(AnnotatorsAgreement(selectors.agreement_state(report)).data)
