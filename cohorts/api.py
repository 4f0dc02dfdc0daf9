"""API of the ground floor: cohorts and uploads for coordinators, pixels for those who annotate."""

import uuid

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import SignedIn
from accounts.schema import errors
from cohorts import selectors, services
from cohorts.serializers import (
    AnnotatorCase,
    CoordinatorCohort,
    CoordinatorCohortDetail,
    CoordinatorUpload,
    CoordinatorUploadDetail,
    NewUpload,
)
from cohorts.serving import AnyAccept, case_payload, signed_frame_response
from cohorts.vocabulary import CohortRole

SEES_PIXELS = (CohortRole.ANNOTATOR, CohortRole.ADJUDICATOR, CohortRole.COORDINATOR)


class MyCohorts(APIView):
    """Cohorts of this coordinator."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_list",
        summary="List the cohorts you coordinate",
        responses={200: CoordinatorCohort(many=True), **errors()},
    )
    def get(self, request: Request) -> Response:
        cohorts = selectors.cohorts_with_counts(request.user)
        return Response(CoordinatorCohort(cohorts, many=True).data)


class CohortDetail(APIView):
    """One cohort."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_retrieve",
        summary="Numbers of one cohort",
        responses={200: CoordinatorCohortDetail, **errors()},
    )
    def get(self, request: Request, cohort_id: uuid.UUID) -> Response:
        cohort = selectors.cohort_for(request.user, cohort_id, CohortRole.COORDINATOR)
        found = {"cohort": cohort, "counts": selectors.cohort_counts(cohort)}
        return Response(CoordinatorCohortDetail(found).data)


class CohortUploads(APIView):
    """Uploads of one cohort."""

    permission_classes = [SignedIn]
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="cohorts_uploads_list",
        summary="List the uploads of a cohort, newest first",
        responses={200: CoordinatorUpload(many=True), **errors()},
    )
    def get(self, request: Request, cohort_id: uuid.UUID) -> Response:
        cohort = selectors.cohort_for(request.user, cohort_id, CohortRole.COORDINATOR)
        return Response(CoordinatorUpload(selectors.uploads_of(cohort), many=True).data)

    @extend_schema(
        operation_id="cohorts_uploads_create",
        summary="Upload a zip; a worker takes it in",
        request={"multipart/form-data": NewUpload},
        responses={201: CoordinatorUploadDetail, **errors(400, 422)},
    )
    def post(self, request: Request, cohort_id: uuid.UUID) -> Response:
        cohort = selectors.cohort_for(request.user, cohort_id, CohortRole.COORDINATOR)
        told = NewUpload(data=request.data)
        told.is_valid(raise_exception=True)
        upload = services.request_intake(
            by=request.user,
            cohort=cohort,
            upload=told.validated_data["file"],
            keep_patient_ids=told.validated_data["keep_patient_ids"],
        )
        return Response(CoordinatorUploadDetail(upload).data, status=201)


class UploadDetail(APIView):
    """One upload."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_uploads_retrieve",
        summary="Progress and report of one upload",
        responses={200: CoordinatorUploadDetail, **errors()},
    )
    def get(self, request: Request, upload_id: uuid.UUID) -> Response:
        upload = selectors.upload_for(request.user, upload_id)
        return Response(CoordinatorUploadDetail(upload).data)


class PatientCase(APIView):
    """A case as the viewer wants it."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_case_retrieve",
        summary="Geometry, frame list and node masks of a patient",
        responses={200: AnnotatorCase, **errors()},
    )
    def get(self, request: Request, patient_id: uuid.UUID) -> Response:
        patient = selectors.patient_for(request.user, patient_id, *SEES_PIXELS)
        return Response(AnnotatorCase(case_payload(request.user, patient)).data)


class PatientFrame(APIView):
    """One slice."""

    permission_classes = [SignedIn]
    content_negotiation_class = AnyAccept

    @extend_schema(
        operation_id="cohorts_frame_retrieve",
        summary="One slice as a JPEG-LS stream; the address is the case's `frames_url`",
        responses={
            (200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY),
            **errors(),
        },
    )
    def get(
        self, request: Request, patient_id: uuid.UUID, signature: str, index: int
    ) -> HttpResponse:
        patient = selectors.patient_for(request.user, patient_id, *SEES_PIXELS)
        return signed_frame_response(request.user, patient_id, patient.series, signature, index)
