"""API of the discussion between the two annotators."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import SignedIn
from accounts.schema import errors
from annotation import selectors, services
from annotation.api import parsed, person_of
from annotation.serializers import AnnotatorDiscussion, StatementInput


class Discussions(APIView):
    """The nodes of a cohort that both annotators labelled differently, for the two."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="annotation_discussions",
        responses={200: AnnotatorDiscussion(many=True), **errors()},
    )
    def get(self, request: Request, cohort: uuid.UUID) -> Response:
        """Return them; empty until both have submitted every patient."""
        found = selectors.discussions_in(person_of(request), cohort)
        entries = [selectors.discussion_state(entry) for entry in found]
        return Response(AnnotatorDiscussion(entries, many=True).data)


class Discuss(APIView):
    """One node's discussion, and the person's last word in it."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="annotation_discussion",
        responses={200: AnnotatorDiscussion, **errors()},
    )
    def get(self, request: Request, node: uuid.UUID) -> Response:
        found = selectors.discussion_for(person_of(request), node)
        return Response(AnnotatorDiscussion(selectors.discussion_state(found)).data)

    @extend_schema(
        operation_id="annotation_state_in_discussion",
        request=StatementInput,
        responses={201: AnnotatorDiscussion, **errors(400, 409, 422)},
    )
    def post(self, request: Request, node: uuid.UUID) -> Response:
        found = selectors.discussion_for(person_of(request), node)
        given = parsed(StatementInput, request)
        services.state_in_discussion(by=person_of(request), node=found.node, **given)
        spoken = selectors.discussion_for(person_of(request), node)
        answer = AnnotatorDiscussion(selectors.discussion_state(spoken)).data
        return Response(answer, status.HTTP_201_CREATED)
