"""API of uploads that arrive piece by piece."""

import uuid
from collections.abc import Mapping
from typing import IO, Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import SignedIn
from accounts.schema import errors
from cohorts import selectors, services
from cohorts.serializers import CoordinatorUploadDetail, UploadAnswers
from cohorts.uploads_serializers import Arriving, ArrivingState, NewArrival, Received
from cohorts.vocabulary import CohortRole


class StreamParser(BaseParser):
    """Hands the body over unread."""

    media_type = "application/octet-stream"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> IO[Any]:
        """Return the stream."""
        return stream


class CohortArrivals(APIView):
    """Uploads of one cohort on their way."""

    permission_classes = [SignedIn]
    parser_classes = [JSONParser]

    @extend_schema(
        operation_id="cohorts_arrivals_list",
        summary="List your uploads of this cohort that have not arrived whole",
        responses={200: Arriving(many=True), **errors()},
    )
    def get(self, request: Request, cohort_id: uuid.UUID) -> Response:
        cohort = selectors.cohort_for(request.user, cohort_id, CohortRole.COORDINATOR)
        return Response(Arriving(selectors.arrivals_of(request.user, cohort), many=True).data)

    @extend_schema(
        operation_id="cohorts_arrivals_create",
        summary="Announce the files of an upload, or go on with one that was announced before",
        request=NewArrival,
        responses={201: ArrivingState, **errors(400, 422)},
    )
    def post(self, request: Request, cohort_id: uuid.UUID) -> Response:
        cohort = selectors.cohort_for(request.user, cohort_id, CohortRole.COORDINATOR)
        told = NewArrival(data=request.data)
        told.is_valid(raise_exception=True)
        arriving = services.start_arrival(
            by=request.user,
            cohort=cohort,
            shown_name=told.validated_data["name"],
            files=told.expected(),
            keep_patient_ids=told.validated_data["keep_patient_ids"],
            options=told.options(),
        )
        state = services.state_of_arrival(arriving, told.expected())
        return Response(ArrivingState(state).data, status=201)


class ArrivalDetail(APIView):
    """One upload on its way."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_arrivals_retrieve",
        summary="What has arrived of an upload",
        responses={200: ArrivingState, **errors(409)},
    )
    def get(self, request: Request, arrival_id: uuid.UUID) -> Response:
        arriving = selectors.arrival_for(request.user, arrival_id)
        return Response(ArrivingState(services.state_of_arrival(arriving)).data)


class ArrivalPieces(APIView):
    """Bytes of files."""

    permission_classes = [SignedIn]
    parser_classes: ClassVar[list[type[BaseParser]]] = [StreamParser]

    @extend_schema(
        operation_id="cohorts_arrivals_pieces",
        summary="Send pieces of files",
        description=(
            "Any number of pieces up to 64 MiB in all. Each begins with 20 bytes, big endian: "
            "number of the file (32 bit), offset (64), length (32, at most 8 MiB), CRC-32 of what "
            "follows (32). What is here already changes nothing; 409 'gap' says from where to go "
            "on; 422 'piece_damaged' asks to send again."
        ),
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={200: Received, **errors(400, 409, 422)},
    )
    def post(self, request: Request, arrival_id: uuid.UUID) -> Response:
        arriving = selectors.arrival_for(request.user, arrival_id)
        # Without a body there is no stream, and nothing to take.
        stream = request.data if hasattr(request.data, "read") else services.NO_PIECES
        left_out = services.receive_pieces(by=request.user, arriving=arriving, stream=stream)
        return Response(Received({"left_out": left_out}).data)


class ArrivalFinish(APIView):
    """The end of an upload's way."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_arrivals_finish",
        summary="Everything was sent: let a worker take it in",
        request=None,
        responses={201: CoordinatorUploadDetail, **errors(409, 422)},
    )
    def post(self, request: Request, arrival_id: uuid.UUID) -> Response:
        arriving = selectors.arrival_for(request.user, arrival_id)
        upload = services.finish_arrival(by=request.user, arriving=arriving)
        return Response(CoordinatorUploadDetail(upload).data, status=201)


class ArrivalGiveUp(APIView):
    """An upload that is not gone on with."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_arrivals_give_up",
        summary="Give an upload up and remove what has arrived",
        request=None,
        responses={204: None, **errors(409)},
    )
    def post(self, request: Request, arrival_id: uuid.UUID) -> Response:
        arriving = selectors.arrival_for(request.user, arrival_id)
        services.give_up_arrival(by=request.user, arriving=arriving)
        return Response(status=204)


class UploadQuestions(APIView):
    """Open questions of an upload."""

    permission_classes = [SignedIn]
    parser_classes = [JSONParser]

    @extend_schema(
        operation_id="cohorts_uploads_answer",
        summary="Answer what intake asked; the upload is read again with the answers",
        request=UploadAnswers,
        responses={200: CoordinatorUploadDetail, **errors(400, 409, 422)},
    )
    def post(self, request: Request, upload_id: uuid.UUID) -> Response:
        upload = selectors.upload_for(request.user, upload_id)
        told = UploadAnswers(data=request.data)
        told.is_valid(raise_exception=True)
        answers = told.validated_data["answers"]
        done = services.answer_intake(by=request.user, upload=upload, answers=answers)
        return Response(CoordinatorUploadDetail(done).data)


class UploadGiveUp(APIView):
    """Questions of an upload that nobody answers."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_uploads_give_up_questions",
        summary="Leave the questions unanswered: refuse these patients, remove their files",
        request=None,
        responses={200: CoordinatorUploadDetail, **errors(409)},
    )
    def post(self, request: Request, upload_id: uuid.UUID) -> Response:
        upload = selectors.upload_for(request.user, upload_id)
        done = services.give_up_questions(by=request.user, upload=upload)
        return Response(CoordinatorUploadDetail(done).data)
