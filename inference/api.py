"""API of the inference room: model versions, and prediction runs of a cohort."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import SignedIn
from accounts.schema import errors
from inference import selectors
from inference.serializers import CoordinatorModelVersion, CoordinatorRun, RunRequest
from inference.services import cancel_run, request_predictions


class ModelVersions(APIView):
    """The model versions, for coordinators and statisticians."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_models_list",
        responses={200: CoordinatorModelVersion(many=True), **errors()},
    )
    def get(self, request: Request) -> Response:
        """List all model versions, newest first."""
        versions = selectors.models_for(request.user)
        return Response(CoordinatorModelVersion(versions, many=True).data)


class CohortRuns(APIView):
    """The prediction runs of one cohort."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_runs_list",
        responses={200: CoordinatorRun(many=True), **errors()},
    )
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """List the cohort's runs, newest first."""
        cohort = selectors.cohort_with_runs_for(request.user, public_id)
        runs = selectors.runs_for(request.user, cohort)
        return Response(CoordinatorRun(runs, many=True).data)

    @extend_schema(
        operation_id="inference_runs_request",
        request=RunRequest,
        responses={201: CoordinatorRun, **errors(400, 422)},
    )
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Request the predictions that the cohort's nodes lack; 422 where none are missing."""
        cohort = selectors.cohort_with_runs_for(request.user, public_id)
        wanted = RunRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        version = selectors.model_version_for(request.user, wanted.validated_data["model"])
        run = request_predictions(by=request.user, cohort=cohort, model_version=version)
        stored = selectors.run_for(request.user, run.public_id)
        return Response(CoordinatorRun(stored).data, status=201)


class Run(APIView):
    """One prediction run."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_runs_retrieve", responses={200: CoordinatorRun, **errors()}
    )
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """Return state and counts of the run."""
        return Response(CoordinatorRun(selectors.run_for(request.user, public_id)).data)


class CancelRun(APIView):
    """The end of a run before its end."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_runs_cancel",
        request=None,
        responses={200: CoordinatorRun, **errors(409)},
    )
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """End the run after the node it is at; what is stored stays. 409 when it is over."""
        run = selectors.run_for(request.user, public_id)
        cancel_run(by=request.user, run=run)
        return Response(CoordinatorRun(selectors.run_for(request.user, public_id)).data)
