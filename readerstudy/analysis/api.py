"""Statisticians' programs: list studies, freeze, run, fetch results."""

import json
import uuid

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import SignedIn
from accounts.schema import errors
from readerstudy.analysis import selectors, services
from readerstudy.analysis.serializers import (
    FreezeRequest,
    ImportRequest,
    StatisticianDataset,
    StatisticianImport,
    StatisticianRun,
    StatisticianStudy,
)


class Studies(APIView):
    """The studies this statistician may analyse."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="analysis_studies",
        responses={200: StatisticianStudy(many=True), **errors()},
    )
    def get(self, request: Request) -> Response:
        return Response(StatisticianStudy(selectors.studies_for(request.user), many=True).data)


class Datasets(APIView):
    """The frozen datasets of a study."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="analysis_datasets",
        responses={200: StatisticianDataset(many=True), **errors()},
    )
    def get(self, request: Request, study_id: uuid.UUID) -> Response:
        study = selectors.study_for(request.user, study_id)
        return Response(StatisticianDataset(selectors.datasets_of(study), many=True).data)

    @extend_schema(
        operation_id="analysis_freeze",
        request=FreezeRequest,
        responses={201: StatisticianDataset, **errors(400, 422)},
    )
    def post(self, request: Request, study_id: uuid.UUID) -> Response:
        study = selectors.study_for(request.user, study_id)
        form = FreezeRequest(data=request.data)
        form.is_valid(raise_exception=True)
        chosen = form.validated_data.get("model")
        dataset = services.freeze_dataset(
            by=request.user,
            study=study,
            model=selectors.model_for(study, chosen) if chosen else None,
            interim=form.validated_data["interim"],
            role=form.validated_data.get("role"),
        )
        return Response(StatisticianDataset(dataset).data, status=status.HTTP_201_CREATED)


class Imports(APIView):
    """Studies read elsewhere that this statistician imported."""

    permission_classes = [SignedIn]
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="analysis_imports",
        responses={200: StatisticianImport(many=True), **errors()},
    )
    def get(self, request: Request) -> Response:
        return Response(StatisticianImport(selectors.imports_for(request.user), many=True).data)

    @extend_schema(
        operation_id="analysis_import",
        summary="Import a study from one CSV file; it is frozen at once",
        request={"multipart/form-data": ImportRequest},
        responses={201: StatisticianImport, **errors(400, 422)},
    )
    def post(self, request: Request) -> Response:
        selectors.imports_for(request.user)
        form = ImportRequest(data=request.data)
        form.is_valid(raise_exception=True)
        file = form.validated_data.pop("file")
        dataset = services.import_dataset(
            by=request.user, file_name=file.name, data=file.read(), **form.validated_data
        )
        return Response(StatisticianImport(dataset).data, status=status.HTTP_201_CREATED)


class Runs(APIView):
    """Runs of a dataset."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="analysis_run_request",
        request=None,
        responses={201: StatisticianRun, **errors()},
    )
    def post(self, request: Request, dataset_id: uuid.UUID) -> Response:
        dataset = selectors.dataset_for(request.user, dataset_id)
        run = services.request_analysis(by=request.user, dataset=dataset)
        return Response(StatisticianRun(run).data, status=status.HTTP_201_CREATED)


class Run(APIView):
    """One run."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="analysis_run", responses={200: StatisticianRun, **errors()})
    def get(self, request: Request, run_id: uuid.UUID) -> Response:
        return Response(StatisticianRun(selectors.run_for(request.user, run_id)).data)


class Results(APIView):
    """The results of a finished run, as stored."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="analysis_results", responses={200: OpenApiTypes.OBJECT, **errors()}
    )
    def get(self, request: Request, run_id: uuid.UUID) -> Response:
        run = selectors.finished_run_for(request.user, run_id)
        return Response(json.loads(selectors.results_bytes(run)))
