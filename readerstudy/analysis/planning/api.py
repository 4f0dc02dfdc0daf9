"""Planners' programs: ask for a simulation, follow it, fetch its results."""

import json
import uuid
from typing import cast

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.permissions import SignedIn
from accounts.schema import errors
from readerstudy.analysis.planning import selectors, services
from readerstudy.analysis.planning.serializers import PlannerSimulation, SimulationRequest


class Simulations(APIView):
    """The person's simulations."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="analysis_planning_list",
        responses={200: PlannerSimulation(many=True), **errors()},
    )
    def get(self, request: Request) -> Response:
        """List them, newest first."""
        found = selectors.simulations_for(_user(request))
        return Response(PlannerSimulation(found, many=True).data)

    @extend_schema(
        operation_id="analysis_planning_simulate",
        request=SimulationRequest,
        responses={201: PlannerSimulation, **errors(400, 422)},
    )
    def post(self, request: Request) -> Response:
        """Simulate a planned study; 422 names the input and the rule."""
        selectors.simulations_for(_user(request))
        wanted = SimulationRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        found = services.request_simulation(by=_user(request), given=wanted.validated_data)
        return Response(PlannerSimulation(found).data, status=201)


class Simulation(APIView):
    """One simulation."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="analysis_planning_retrieve",
        responses={200: PlannerSimulation, **errors()},
    )
    def get(self, request: Request, simulation_id: uuid.UUID) -> Response:
        found = selectors.simulation_for(_user(request), simulation_id)
        return Response(PlannerSimulation(found).data)


class Cancel(APIView):
    """The end of a simulation before its end."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="analysis_planning_cancel",
        request=None,
        responses={200: PlannerSimulation, **errors(409)},
    )
    def post(self, request: Request, simulation_id: uuid.UUID) -> Response:
        """Ask it to end; 409 when it is over."""
        found = selectors.simulation_for(_user(request), simulation_id)
        found = services.cancel_simulation(by=_user(request), simulation=found)
        return Response(PlannerSimulation(found).data)


class Results(APIView):
    """The results of a finished simulation, as stored."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="analysis_planning_results",
        responses={200: OpenApiTypes.OBJECT, **errors()},
    )
    def get(self, request: Request, simulation_id: uuid.UUID) -> Response:
        found = selectors.finished_simulation_for(_user(request), simulation_id)
        return Response(json.loads(selectors.results_bytes(found)))


def _user(request: Request) -> User:
    """Return the signed-in person; ``SignedIn`` has let nobody else through."""
    return cast("User", request.user)
