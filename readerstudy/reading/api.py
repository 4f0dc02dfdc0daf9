"""API of the reading room: the reader's own studies, cases and calls."""

import uuid
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import SignedIn
from accounts.schema import errors
from cohorts.serving import AnyAccept, signed_frame_response
from readerstudy.reading import selectors, serializers, services
from readerstudy.reading.selectors.reader_case import reader_case, reader_pictures


class ReaderAPI(APIView):
    """A route for whoever is signed in; what exists is decided by the selectors."""

    permission_classes = [SignedIn]

    def finalize_response(
        self, request: Request, response: HttpResponse, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Keep answers about a person's reading out of every cache; frames say their own."""
        response.headers.setdefault("Cache-Control", "no-store")
        return super().finalize_response(request, response, *args, **kwargs)


class MyStudies(ReaderAPI):
    """My open studies."""

    @extend_schema(
        operation_id="reading_studies",
        summary="My open studies",
        responses={200: serializers.ReaderStudy(many=True), **errors()},
    )
    def get(self, request: Request) -> Response:
        mine = selectors.study_readers_of(request.user, only_open=True)
        return Response(serializers.ReaderStudy(mine, many=True).data)


class NextCase(ReaderAPI):
    """The case that waits for me."""

    @extend_schema(
        operation_id="reading_next_case",
        summary="The next case of a study, null when all are submitted",
        responses={200: serializers.ReaderNextCase, **errors()},
    )
    def get(self, request: Request, study: uuid.UUID) -> Response:
        reader = selectors.study_reader_for(request.user, study)
        return Response(serializers.ReaderNextCase({"case": selectors.next_case(reader)}).data)


class Case(ReaderAPI):
    """One case as its reader sees it."""

    @extend_schema(
        operation_id="reading_case",
        summary="A case that has been reached; the first time is recorded as its opening",
        responses={200: serializers.ReaderCase, **errors()},
    )
    def get(self, request: Request, case: uuid.UUID) -> Response:
        assignment = services.open_case(by=request.user, case=case)
        return Response(serializers.ReaderCase(reader_case(assignment)).data)


class CasePictures(ReaderAPI):
    """Geometry and frame list alone."""

    @extend_schema(
        operation_id="reading_case_pictures",
        summary="Frame list of a reached case or the one after, for fetching ahead",
        responses={200: serializers.ReaderPictures, **errors()},
    )
    def get(self, request: Request, case: uuid.UUID) -> Response:
        assignment = selectors.pictures_for(request.user, case)
        return Response(serializers.ReaderPictures(reader_pictures(assignment)).data)


class CaseFrame(ReaderAPI):
    """One CT slice."""

    content_negotiation_class = AnyAccept

    @extend_schema(
        operation_id="reading_case_frame",
        summary="One slice as a JPEG-LS stream; the address is the case's `frames_url`",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, **errors()},
    )
    def get(self, request: Request, case: uuid.UUID, signature: str, index: int) -> HttpResponse:
        series = selectors.pictures_for(request.user, case).series
        return signed_frame_response(request.user, case, series, signature, index)


class Calls(ReaderAPI):
    """Save a call."""

    @extend_schema(
        operation_id="reading_submit_call",
        summary="Save or change the call of a node; safe to repeat under the same id",
        request=serializers.ReaderCallInput,
        responses={
            201: serializers.ReaderCallSaved,
            200: serializers.ReaderCallSaved,
            **errors(400, 409, 422),
        },
    )
    def post(self, request: Request, case: uuid.UUID) -> Response:
        form = serializers.ReaderCallInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = services.CallGiven(**form.validated_data)
        saved = services.submit_call(by=request.user, case=case, given=given)
        code = status.HTTP_200_OK if saved.replayed else status.HTTP_201_CREATED
        return Response(serializers.ReaderCallSaved(saved).data, status=code)


class Submit(ReaderAPI):
    """Submit a case."""

    @extend_schema(
        operation_id="reading_submit_case",
        summary="Lock a case whose every node has a call; safe to repeat",
        request=serializers.ReaderSubmitInput,
        responses={200: serializers.ReaderCaseSubmitted, **errors(400, 409, 422)},
    )
    def post(self, request: Request, case: uuid.UUID) -> Response:
        form = serializers.ReaderSubmitInput(data=request.data)
        form.is_valid(raise_exception=True)
        submitted = services.submit_case(by=request.user, case=case, **form.validated_data)
        answer = {"state": submitted.state, "next": selectors.next_case(submitted.reader)}
        return Response(serializers.ReaderCaseSubmitted(answer).data)


class Events(ReaderAPI):
    """Report what happened on the page."""

    @extend_schema(
        operation_id="reading_record_events",
        summary="Report openings, slices viewed and pauses, at most 500 at a time",
        request=serializers.ReaderEventsInput,
        responses={202: serializers.ReaderEventsTaken, **errors(400, 422)},
    )
    def post(self, request: Request, case: uuid.UUID) -> Response:
        form = serializers.ReaderEventsInput(data=request.data)
        form.is_valid(raise_exception=True)
        events = [services.EventGiven(**event) for event in form.validated_data["events"]]
        recorded = services.record_events(by=request.user, case=case, events=events)
        answer = serializers.ReaderEventsTaken({"recorded": recorded}).data
        return Response(answer, status=status.HTTP_202_ACCEPTED)
