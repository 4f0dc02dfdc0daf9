"""API of the annotation room: parse, call one service or selector, answer."""

import uuid
from dataclasses import fields
from typing import Any, cast

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from accounts.models import User
from accounts.permissions import SignedIn
from accounts.schema import errors
from annotation import selectors, services
from annotation.pathology_rules.details import LabelDetails
from annotation.release_serializers import (
    ReleasedContent,
    ReleasedVersion,
    ReleaseInput,
    ReleaseOutlook,
    ReopenedLabelling,
    ReopeningInput,
)
from annotation.serializers import (
    AdjudicatorDisagreement,
    AnnotatorLabel,
    AnnotatorLabelling,
    AnnotatorReason,
    AnnotatorSubmission,
    DecisionInput,
    LabelInput,
    ReasonInput,
    SubmitInput,
)


def person_of(request: Request) -> User:
    """Return who asks."""
    return cast("User", request.user)


def parsed(serializer: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return the request's body by a serializer, or raise its errors (400)."""
    given = serializer(data=request.data)
    given.is_valid(raise_exception=True)
    return cast("dict[str, Any]", given.validated_data)


def _details(given: dict[str, Any]) -> LabelDetails:
    """Take what stands beside the label out of the input."""
    return LabelDetails(**{field.name: given.pop(field.name) for field in fields(LabelDetails)})


class OwnLabelling(APIView):
    """An annotator's own labels of one patient."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="annotation_labelling", responses={200: AnnotatorLabelling, **errors()}
    )
    def get(self, request: Request, labelling: uuid.UUID) -> Response:
        own = selectors.own_labelling(person_of(request), labelling)
        return Response(AnnotatorLabelling(selectors.labelling_state(own)).data)


class RecordLabel(APIView):
    """Save the label of one node."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="annotation_record_label",
        request=LabelInput,
        responses={
            201: OpenApiResponse(AnnotatorLabel, "Saved."),
            200: OpenApiResponse(AnnotatorLabel, "Saved before under this client_id."),
            **errors(400, 409, 422),
        },
    )
    def post(self, request: Request, labelling: uuid.UUID) -> Response:
        own = selectors.own_labelling(person_of(request), labelling)
        given = parsed(LabelInput, request)
        node = selectors.node_of(own, given.pop("node"))
        shown = services.Shown(given.pop("shown_case"), given.pop("shown_slice"))
        saved = services.record_label(
            by=person_of(request),
            labelling=own,
            node=node,
            details=_details(given),
            shown=shown,
            **given,
        )
        code = status.HTTP_200_OK if saved.replayed else status.HTTP_201_CREATED
        return Response(AnnotatorLabel(selectors.saved_label(saved.row)).data, code)


class GiveReason(APIView):
    """Say why a finding of the rules may stand."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="annotation_give_reason",
        request=ReasonInput,
        responses={
            201: OpenApiResponse(AnnotatorReason, "Saved."),
            200: OpenApiResponse(AnnotatorReason, "Saved before under this client_id."),
            **errors(400, 409, 422),
        },
    )
    def post(self, request: Request, labelling: uuid.UUID) -> Response:
        own = selectors.own_labelling(person_of(request), labelling)
        given = parsed(ReasonInput, request)
        saved = services.give_reason(by=person_of(request), labelling=own, **given)
        code = status.HTTP_200_OK if saved.replayed else status.HTTP_201_CREATED
        return Response(AnnotatorReason(selectors.saved_reason(saved.row)).data, code)


class SubmitLabelling(APIView):
    """Lock the complete labels of one patient."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="annotation_submit",
        request=SubmitInput,
        responses={200: AnnotatorSubmission, **errors(400, 409, 422)},
    )
    def post(self, request: Request, labelling: uuid.UUID) -> Response:
        own = selectors.own_labelling(person_of(request), labelling)
        given = parsed(SubmitInput, request)
        done = services.submit_labelling(by=person_of(request), labelling=own, **given)
        return Response(AnnotatorSubmission(selectors.labelling_state(done)).data)


class ReopenLabelling(APIView):
    """Give a submitted labelling back to its annotator."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="annotation_reopen",
        request=ReopeningInput,
        responses={200: ReopenedLabelling, **errors(400, 422)},
    )
    def post(self, request: Request, labelling: uuid.UUID) -> Response:
        found = selectors.labelling_to_reopen(person_of(request), labelling)
        given = parsed(ReopeningInput, request)
        reopened = services.reopen_labelling(by=person_of(request), labelling=found, **given)
        return Response(ReopenedLabelling(reopened).data)


class Disagreements(APIView):
    """The nodes of a cohort on which the annotators disagree, for its adjudicators."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="annotation_disagreements",
        responses={200: AdjudicatorDisagreement(many=True), **errors()},
    )
    def get(self, request: Request, cohort: uuid.UUID) -> Response:
        found = selectors.discordant_nodes(
            person_of(request), selectors.cohort_to_adjudicate(person_of(request), cohort)
        )
        entries = [selectors.disagreement_state(entry) for entry in found]
        return Response(AdjudicatorDisagreement(entries, many=True).data)


class Adjudicate(APIView):
    """One disagreement, and the decision on it."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="annotation_disagreement",
        responses={200: AdjudicatorDisagreement, **errors()},
    )
    def get(self, request: Request, node: uuid.UUID) -> Response:
        found = selectors.disagreement_for(person_of(request), node)
        return Response(AdjudicatorDisagreement(selectors.disagreement_state(found)).data)

    @extend_schema(
        operation_id="annotation_adjudicate",
        request=DecisionInput,
        responses={201: AdjudicatorDisagreement, **errors(400, 409, 422)},
    )
    def post(self, request: Request, node: uuid.UUID) -> Response:
        found = selectors.disagreement_for(person_of(request), node)
        given = parsed(DecisionInput, request)
        services.adjudicate(by=person_of(request), node=found.node, **given)
        decided = selectors.disagreement_for(person_of(request), node)
        answer = AdjudicatorDisagreement(selectors.disagreement_state(decided)).data
        return Response(answer, status.HTTP_201_CREATED)


class ReferenceStandards(APIView):
    """The released versions of a cohort's reference standard, and the release of the next."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="annotation_reference_standards",
        responses={200: ReleasedVersion(many=True), **errors()},
    )
    def get(self, request: Request, cohort: uuid.UUID) -> Response:
        found = selectors.cohort_of_reference_standards(person_of(request), cohort)
        versions = selectors.reference_standards_of(found)
        return Response(ReleasedVersion(versions, many=True).data)

    @extend_schema(
        operation_id="annotation_release",
        request=ReleaseInput,
        responses={201: ReleasedVersion, **errors(400, 422)},
    )
    def post(self, request: Request, cohort: uuid.UUID) -> Response:
        found = selectors.cohort_to_release(person_of(request), cohort)
        given = parsed(ReleaseInput, request)["reasons"]
        released = services.release_reference_standard(
            by=person_of(request),
            cohort=found,
            reasons={one["finding"]: one["reason"] for one in given},
        )
        return Response(ReleasedVersion(released).data, status.HTTP_201_CREATED)


class NextRelease(APIView):
    """What stands before the next release of a cohort's reference standard."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="annotation_next_release", responses={200: ReleaseOutlook, **errors()}
    )
    def get(self, request: Request, cohort: uuid.UUID) -> Response:
        found = selectors.cohort_to_release(person_of(request), cohort)
        return Response(ReleaseOutlook(selectors.release_outlook(found)).data)


class ReferenceStandardVersion(APIView):
    """One released version with its rows."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="annotation_reference_standard",
        responses={200: ReleasedContent, **errors()},
    )
    def get(self, request: Request, cohort: uuid.UUID, version: int) -> Response:
        found = selectors.cohort_of_reference_standards(person_of(request), cohort)
        released = selectors.reference_standard(found, version)
        return Response(ReleasedContent(selectors.released_content(released)).data)
