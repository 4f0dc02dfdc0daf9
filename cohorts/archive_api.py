"""API of other archives: search, choose, pull."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import SignedIn
from accounts.schema import errors
from cohorts import archive_selectors, selectors
from cohorts.archive_serializers import (
    CoordinatorArchive,
    CoordinatorArchivePull,
    CoordinatorArchiveSearch,
    CoordinatorArchiveSearchDetail,
    NewArchivePull,
    NewArchiveSearch,
)
from cohorts.services import archives
from cohorts.vocabulary import CohortRole

# It names patients.
UNCACHED = {"Cache-Control": "no-store"}


class CohortArchives(APIView):
    """Archives of one cohort."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_archives_list",
        summary="List the archives from which this cohort may be filled",
        responses={200: CoordinatorArchive(many=True), **errors()},
    )
    def get(self, request: Request, cohort_id: uuid.UUID) -> Response:
        cohort = selectors.cohort_for(request.user, cohort_id, CohortRole.COORDINATOR)
        return Response(CoordinatorArchive(archive_selectors.archives_for(cohort), many=True).data)


class CohortArchiveSearches(APIView):
    """Searches for one cohort."""

    permission_classes = [SignedIn]
    parser_classes = [JSONParser]

    @extend_schema(
        operation_id="cohorts_archive_searches_list",
        summary="List the searches for a cohort, newest first",
        responses={200: CoordinatorArchiveSearch(many=True), **errors()},
    )
    def get(self, request: Request, cohort_id: uuid.UUID) -> Response:
        cohort = selectors.cohort_for(request.user, cohort_id, CohortRole.COORDINATOR)
        searches = archive_selectors.searches_of(cohort)
        return Response(CoordinatorArchiveSearch(searches, many=True).data)

    @extend_schema(
        operation_id="cohorts_archive_searches_create",
        summary="Look in an archive for CT, SEG and RTSTRUCT series of patients; a worker does it",
        request=NewArchiveSearch,
        responses={201: CoordinatorArchiveSearch, **errors(400, 422)},
    )
    def post(self, request: Request, cohort_id: uuid.UUID) -> Response:
        cohort = selectors.cohort_for(request.user, cohort_id, CohortRole.COORDINATOR)
        told = NewArchiveSearch(data=request.data)
        told.is_valid(raise_exception=True)
        search = archives.request_search(by=request.user, cohort=cohort, **told.validated_data)
        return Response(CoordinatorArchiveSearch(search).data, status=201)


class ArchiveSearchDetail(APIView):
    """One search."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_archive_searches_retrieve",
        summary="Progress of a search, and what it found",
        responses={200: CoordinatorArchiveSearchDetail, **errors()},
    )
    def get(self, request: Request, search_id: uuid.UUID) -> Response:
        search = archive_selectors.search_for(request.user, search_id)
        return Response(CoordinatorArchiveSearchDetail(search).data, headers=UNCACHED)


class ArchiveSearchCancel(APIView):
    """A search that is not waited for."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_archive_searches_cancel",
        summary="Stop a search; what was asked is erased",
        request=None,
        responses={200: CoordinatorArchiveSearch, **errors(409)},
    )
    def post(self, request: Request, search_id: uuid.UUID) -> Response:
        search = archive_selectors.search_for(request.user, search_id)
        done = archives.cancel_search(by=request.user, search=search)
        return Response(CoordinatorArchiveSearch(done).data)


class ArchiveSearchPulls(APIView):
    """Pulls of what a search found."""

    permission_classes = [SignedIn]
    parser_classes = [JSONParser]

    @extend_schema(
        operation_id="cohorts_archive_pulls_create",
        summary="Pull series that a search found; a worker fetches them and takes them in",
        description="What the search found is erased when the pull ends.",
        request=NewArchivePull,
        responses={201: CoordinatorArchivePull, **errors(400, 409, 422)},
    )
    def post(self, request: Request, search_id: uuid.UUID) -> Response:
        search = archive_selectors.search_for(request.user, search_id)
        told = NewArchivePull(data=request.data)
        told.is_valid(raise_exception=True)
        pull = archives.request_pull(
            by=request.user,
            search=search,
            positions=told.validated_data["positions"],
            keep_patient_ids=told.validated_data["keep_patient_ids"],
            options=told.options(),
        )
        return Response(CoordinatorArchivePull(pull).data, status=201)


class CohortArchivePulls(APIView):
    """Pulls into one cohort."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_archive_pulls_list",
        summary="List the pulls into a cohort, newest first",
        responses={200: CoordinatorArchivePull(many=True), **errors()},
    )
    def get(self, request: Request, cohort_id: uuid.UUID) -> Response:
        cohort = selectors.cohort_for(request.user, cohort_id, CohortRole.COORDINATOR)
        return Response(CoordinatorArchivePull(archive_selectors.pulls_of(cohort), many=True).data)


class ArchivePullDetail(APIView):
    """One pull."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_archive_pulls_retrieve",
        summary="Progress of a pull, and the upload that it became",
        responses={200: CoordinatorArchivePull, **errors()},
    )
    def get(self, request: Request, pull_id: uuid.UUID) -> Response:
        pull = archive_selectors.pull_for(request.user, pull_id)
        return Response(CoordinatorArchivePull(pull).data)


class ArchivePullCancel(APIView):
    """A pull that is not wanted any more."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_archive_pulls_cancel",
        summary="Stop a pull; what has arrived is removed",
        request=None,
        responses={200: CoordinatorArchivePull, **errors(409)},
    )
    def post(self, request: Request, pull_id: uuid.UUID) -> Response:
        pull = archive_selectors.pull_for(request.user, pull_id)
        done = archives.cancel_pull(by=request.user, pull=pull)
        return Response(CoordinatorArchivePull(done).data)


class ArchivePullResume(APIView):
    """A pull that failed."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_archive_pulls_resume",
        summary="Go on with a pull that failed; what has arrived is not fetched again",
        request=None,
        responses={200: CoordinatorArchivePull, **errors(409)},
    )
    def post(self, request: Request, pull_id: uuid.UUID) -> Response:
        pull = archive_selectors.pull_for(request.user, pull_id)
        done = archives.resume_pull(by=request.user, pull=pull)
        return Response(CoordinatorArchivePull(done).data)
