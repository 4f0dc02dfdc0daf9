"""API of explanations: runs, maps, and the CT beneath them, for those who may see scores."""

import uuid

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import SignedIn
from accounts.schema import errors
from cohorts.serving import AnyAccept, frame_response
from inference.attribution_display import facts_of, map_payload
from inference.attribution_serializers import (
    AttributionQuery,
    AttributionRunRequest,
    ListedAttribution,
    SeenAttribution,
    SeenAttributionRun,
)
from inference.explanation.map_bytes import quantised
from inference.selectors import explanations as selectors
from inference.services.explaining import cancel_attribution_run, request_attributions


class CohortAttributionRuns(APIView):
    """The attribution runs of one cohort."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_attribution_runs_list",
        responses={200: SeenAttributionRun(many=True), **errors()},
    )
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """List the cohort's attribution runs, newest first."""
        cohort = selectors.explained_cohort_for(request.user, public_id)
        runs = selectors.attribution_runs_for(request.user, cohort)
        return Response(SeenAttributionRun(runs, many=True).data)

    @extend_schema(
        operation_id="inference_attribution_runs_request",
        request=AttributionRunRequest,
        responses={201: SeenAttributionRun, **errors(400, 422)},
    )
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Request maps of the ENE scores of nodes; 422 where none is missing."""
        cohort = selectors.explained_cohort_for(request.user, public_id)
        wanted = AttributionRunRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        told = wanted.validated_data
        version = selectors.explainable_model_for(request.user, told.pop("model"))
        run = request_attributions(by=request.user, cohort=cohort, model_version=version, **told)
        stored = selectors.attribution_run_for(request.user, run.public_id)
        return Response(SeenAttributionRun(stored).data, status=201)


class AttributionRun(APIView):
    """One attribution run."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_attribution_runs_retrieve",
        responses={200: SeenAttributionRun, **errors()},
    )
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """Return state and counts of the run."""
        run = selectors.attribution_run_for(request.user, public_id)
        return Response(SeenAttributionRun(run).data)


class CancelAttributionRun(APIView):
    """The end of a run before its end."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_attribution_runs_cancel",
        request=None,
        responses={200: SeenAttributionRun, **errors(409)},
    )
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """End the run; what is stored stays. 409 when it is over."""
        run = selectors.attribution_run_for(request.user, public_id)
        cancel_attribution_run(by=request.user, run=run)
        stored = selectors.attribution_run_for(request.user, public_id)
        return Response(SeenAttributionRun(stored).data)


class CohortAttributions(APIView):
    """The maps of one cohort's nodes by one model."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_attributions_list",
        parameters=[AttributionQuery],
        responses={200: ListedAttribution(many=True), **errors(400)},
    )
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """List maps of the cohort's current masks, by patient and node."""
        cohort = selectors.explained_cohort_for(request.user, public_id)
        query = AttributionQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        wanted = query.validated_data.get("model")
        models = (
            [selectors.explainable_model_for(request.user, wanted)]
            if wanted
            else selectors.models_with_maps(cohort)
        )
        rows = [
            facts_of(row.map) | vars(row) | {"id": row.map.public_id, "model": version.public_id}
            for version in models
            for row in selectors.explained_nodes_of(cohort, version)
            if row.map is not None
        ]
        return Response(ListedAttribution(rows, many=True).data)


class Attribution(APIView):
    """One map with its case."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_attributions_retrieve",
        responses={200: SeenAttribution, **errors()},
    )
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """Return what was measured on the map, and all that a viewer needs to show it."""
        found, mask = selectors.attribution_map_for(request.user, public_id)
        return Response(SeenAttribution(map_payload(found, mask)).data)


class AttributionValues(APIView):
    """The values of one map."""

    permission_classes = [SignedIn]
    content_negotiation_class = AnyAccept

    @extend_schema(
        operation_id="inference_attributions_values",
        responses={
            (200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY),
            **errors(),
        },
    )
    def get(self, request: Request, public_id: uuid.UUID) -> HttpResponse:
        """Return the map as int16, little-endian, (z, y, x) of its box; digest and scale beside."""
        found, _ = selectors.attribution_map_for(request.user, public_id)
        data, _ = quantised(selectors.attribution_values(found))
        response = HttpResponse(data, content_type="application/octet-stream")
        response["Cache-Control"] = "private, max-age=31536000, immutable"
        return response


class AttributionFrame(APIView):
    """One slice of the CT beneath a map."""

    permission_classes = [SignedIn]
    content_negotiation_class = AnyAccept

    @extend_schema(
        operation_id="inference_attributions_frame",
        responses={
            (200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY),
            **errors(),
        },
    )
    def get(self, request: Request, public_id: uuid.UUID, index: int) -> HttpResponse:
        """Return one slice as a JPEG-LS stream."""
        _, mask = selectors.attribution_map_for(request.user, public_id)
        return frame_response(mask.node.patient.series, index)
