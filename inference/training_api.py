"""API of training: frozen data, start, state, stop, resume, record."""

import json
import uuid
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import SignedIn
from accounts.schema import errors
from inference import selectors
from inference.models import TrainingRun
from inference.services import resume_training, start_training, stop_training
from inference.training_serializers import (
    CoordinatorTraining,
    CoordinatorTrainingData,
    CoordinatorTrainingMember,
    CoordinatorTrainingPoint,
    CoordinatorTrainingState,
    TrainingRequest,
)


class TrainingData(APIView):
    """The frozen data that may be trained on."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_training_data_list",
        responses={200: CoordinatorTrainingData(many=True), **errors()},
    )
    def get(self, request: Request) -> Response:
        """List the frozen data of the person's cohorts, newest first."""
        selectors.training_runs_for(request.user)
        datasets = selectors.training_datasets_for(request.user)
        return Response(CoordinatorTrainingData(datasets, many=True).data)


class Trainings(APIView):
    """The trainings of the person's cohorts."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_trainings_list",
        responses={200: CoordinatorTraining(many=True), **errors()},
    )
    def get(self, request: Request) -> Response:
        """List the trainings, newest first."""
        runs = selectors.training_runs_for(request.user)
        return Response(CoordinatorTraining(runs, many=True).data)

    @extend_schema(
        operation_id="inference_trainings_start",
        request=TrainingRequest,
        responses={201: CoordinatorTraining, **errors(400, 422)},
    )
    def post(self, request: Request) -> Response:
        """Start a training; 422 names the setting or the patients that forbid it."""
        selectors.training_runs_for(request.user)
        wanted = TrainingRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        chosen = wanted.validated_data
        dataset = selectors.training_dataset_for(request.user, chosen["dataset"])
        run = start_training(
            by=request.user,
            dataset=dataset,
            name=chosen["name"],
            architecture=chosen["architecture"],
            settings=chosen["settings"],
        )
        return Response(CoordinatorTraining(run).data, status=201)


class Training(APIView):
    """One training."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_trainings_retrieve",
        responses={200: CoordinatorTrainingState, **errors()},
    )
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """Return state, members and curves of the training."""
        return Response(_state(selectors.training_run_for(request.user, public_id)))


class Stop(APIView):
    """The end of a training before its end."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_trainings_stop",
        request=None,
        responses={200: CoordinatorTrainingState, **errors(409)},
    )
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Stop after the epoch it is at; it can be resumed. 409 when it is over."""
        run = selectors.training_run_for(request.user, public_id)
        stop_training(by=request.user, run=run)
        return Response(_state(run))


class Resume(APIView):
    """The way on for a training that was stopped or failed."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_trainings_resume",
        request=None,
        responses={200: CoordinatorTrainingState, **errors(409)},
    )
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Go on from the stored states. 409 when it neither was stopped nor failed."""
        run = selectors.training_run_for(request.user, public_id)
        resume_training(by=request.user, run=run)
        return Response(_state(run))


class Record(APIView):
    """The record of a finished training."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_trainings_record",
        responses={200: OpenApiTypes.OBJECT, **errors()},
    )
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """Return splits, fingerprints, thresholds, curves and digests, as stored."""
        run = selectors.finished_training_run_for(request.user, public_id)
        return Response(json.loads(selectors.training_record_bytes(run)))


def _state(run: TrainingRun) -> dict[str, Any]:
    data: dict[str, Any] = CoordinatorTraining(run).data
    members = run.members.order_by("run", "fold")
    return data | {
        "members": CoordinatorTrainingMember(members, many=True).data,
        "curves": CoordinatorTrainingPoint(selectors.curve_points(run), many=True).data,
    }
