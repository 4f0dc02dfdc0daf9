"""API of candidates: asking providers, and deciding about what they proposed."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import SignedIn
from accounts.schema import errors
from cohorts import candidate_serializers as told
from cohorts import selectors, services
from cohorts.candidate_selectors import (
    candidate_for,
    candidates_of,
    mask_runs_of,
    providers_for,
    run_for,
    runs_of,
    with_overlaps,
)
from cohorts.mask_api import valid, version_seen
from cohorts.mask_selectors import REFINES, SEES_MASKS


class PatientCandidateRuns(APIView):
    """Providers that may be asked about a patient, and those that were."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_candidate_runs_list",
        summary="Providers of candidates, and the runs of a patient, the newest first",
        responses={200: told.RunsOfPatient, **errors()},
    )
    def get(self, request: Request, patient_id: uuid.UUID) -> Response:
        patient = selectors.patient_for(request.user, patient_id, *SEES_MASKS)
        found = {"providers": providers_for(patient.cohort), "runs": runs_of(patient)}
        return Response(told.RunsOfPatient(found).data)

    @extend_schema(
        operation_id="cohorts_candidate_runs_create",
        summary="Ask a provider for candidates; a worker does it",
        request=told.NewRun,
        responses={201: told.RunOfProvider, **errors(400, 409, 422)},
    )
    def post(self, request: Request, patient_id: uuid.UUID) -> Response:
        patient = selectors.patient_for(request.user, patient_id, *SEES_MASKS)
        given = valid(told.NewRun, request)
        run = services.request_candidates(by=request.user, patient=patient, **given)
        return Response(told.RunOfProvider(run).data, status=201)


class CandidateRunDetail(APIView):
    """One run."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_candidate_runs_retrieve",
        summary="How far a run has come, and how it ended",
        responses={200: told.RunOfProvider, **errors()},
    )
    def get(self, request: Request, run_id: uuid.UUID) -> Response:
        return Response(told.RunOfProvider(run_for(request.user, run_id)).data)


class CandidateRunStop(APIView):
    """The end of a run before its end."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_candidate_runs_stop",
        summary="Ask the worker to stop a run; nothing of it is stored",
        request=None,
        responses={200: told.RunOfProvider, **errors(409)},
    )
    def post(self, request: Request, run_id: uuid.UUID) -> Response:
        run = services.stop_candidates(by=request.user, run=run_for(request.user, run_id))
        return Response(told.RunOfProvider(run).data)


class PatientCandidates(APIView):
    """Candidates of a patient."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_candidates_list",
        summary="Candidates of a patient by slice, with decisions and the nodes they overlap",
        responses={200: told.Listed(many=True), **errors()},
    )
    def get(self, request: Request, patient_id: uuid.UUID) -> Response:
        patient = selectors.patient_for(request.user, patient_id, *SEES_MASKS)
        found = with_overlaps(patient, candidates_of(patient))
        return Response(told.Listed(found, many=True).data)


class CandidateDetail(APIView):
    """One candidate."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_candidates_retrieve",
        summary="A candidate with its mask",
        responses={200: told.WithMask, **errors()},
    )
    def get(self, request: Request, candidate_id: uuid.UUID) -> Response:
        candidate = candidate_for(request.user, candidate_id, *SEES_MASKS)
        (listed,) = with_overlaps(candidate.run.patient, [candidate])
        found = {"candidate": candidate, "overlaps": listed.overlaps}
        return Response(told.WithMask(found | {"runs": mask_runs_of(candidate)}).data)


class CandidateAcceptance(APIView):
    """A candidate that is taken."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_candidates_accept",
        summary="Accept a candidate: a new node, a new version of one, or a level of nodes",
        request=told.Acceptance,
        responses={200: told.Decided, **errors(400, 409, 422)},
    )
    def post(self, request: Request, candidate_id: uuid.UUID) -> Response:
        candidate = candidate_for(request.user, candidate_id, *REFINES)
        given = valid(told.Acceptance, request)
        seen = given.pop("replaces")
        replaces = version_seen(request.user, seen.pop("node"), seen) if seen else None
        decision = services.accept_candidate(
            by=request.user, candidate=candidate, replaces=replaces, **given
        )
        return Response(told.Decided(decision).data)


class CandidateRejection(APIView):
    """A candidate that is not taken."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_candidates_reject",
        summary="Reject a candidate; it stays, with the reason",
        request=told.Rejection,
        responses={200: told.Decided, **errors(400, 409, 422)},
    )
    def post(self, request: Request, candidate_id: uuid.UUID) -> Response:
        candidate = candidate_for(request.user, candidate_id, *REFINES)
        given = valid(told.Rejection, request)
        decision = services.reject_candidate(by=request.user, candidate=candidate, **given)
        return Response(told.Decided(decision).data)
