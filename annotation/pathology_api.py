"""API of pathology reports: parse, call one service or selector, answer."""

import uuid
from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from accounts.models import User
from accounts.permissions import SignedIn
from accounts.schema import errors
from annotation import selectors, services
from annotation.pathology_serializers import (
    CheckInput,
    ImportedReports,
    ListedReport,
    LockInput,
    ReportFindings,
    ReportInput,
    ReportsTable,
    ReportStanding,
    ReportTexts,
    ReportVersion,
)
from cohorts.models import Patient


class ReportView(APIView):
    """About one patient's report, for those who make or release the truth."""

    permission_classes = [SignedIn]

    @property
    def person(self) -> User:
        return cast("User", self.request.user)

    def patient(self, public_id: uuid.UUID) -> Patient:
        """Return the patient, or raise Http404."""
        return selectors.pathology_patient(self.person, public_id)

    def given(self, serializer: type[Serializer[Any]]) -> dict[str, Any]:
        """Return the parsed body."""
        parsed = serializer(data=self.request.data)
        parsed.is_valid(raise_exception=True)
        return cast("dict[str, Any]", parsed.validated_data)

    def standing(self, patient: Patient, code: int = status.HTTP_200_OK) -> Response:
        """Answer with where the report stands now."""
        return Response(ReportStanding(selectors.report_state(patient)).data, code)


class PatientReport(ReportView):
    """One patient's report: what is at hand, and saving it."""

    @extend_schema(operation_id="annotation_pathology", responses={200: ReportStanding, **errors()})
    def get(self, request: Request, patient: uuid.UUID) -> Response:
        return self.standing(self.patient(patient))

    @extend_schema(
        operation_id="annotation_pathology_save",
        summary="Save the report as a draft; with a reason, as the correction of a locked one",
        request=ReportInput,
        responses={201: ReportStanding, **errors(400, 409, 422)},
    )
    def post(self, request: Request, patient: uuid.UUID) -> Response:
        found = self.patient(patient)
        given = self.given(ReportInput)
        report = services.report_from(given.pop("report"))
        services.save_report(by=self.person, patient=found, report=report, **given)
        return self.standing(found, status.HTTP_201_CREATED)


class ReportPreview(ReportView):
    """What a report as typed so far would say; nothing is saved."""

    @extend_schema(
        operation_id="annotation_pathology_preview",
        request=ReportTexts,
        responses={200: ReportFindings, **errors(400)},
    )
    def post(self, request: Request, patient: uuid.UUID) -> Response:
        self.patient(patient)
        found = selectors.findings_of(self.given(ReportTexts)["report"])
        return Response(ReportFindings(found).data)


class CheckReport(ReportView):
    """Confirm, as another person than who entered it, what a draft says."""

    @extend_schema(
        operation_id="annotation_pathology_check",
        request=CheckInput,
        responses={200: ReportStanding, **errors(400, 409, 422)},
    )
    def post(self, request: Request, patient: uuid.UUID) -> Response:
        found = self.patient(patient)
        services.check_report(by=self.person, patient=found, **self.given(CheckInput))
        return self.standing(found)


class LockReport(ReportView):
    """Lock a checked report."""

    @extend_schema(
        operation_id="annotation_pathology_lock",
        request=LockInput,
        responses={200: ReportStanding, **errors(400, 409, 422)},
    )
    def post(self, request: Request, patient: uuid.UUID) -> Response:
        found = self.patient(patient)
        services.lock_report(by=self.person, patient=found, **self.given(LockInput))
        return self.standing(found)


class ReportVersions(ReportView):
    """The versions of one patient's report with their differences, newest first."""

    @extend_schema(
        operation_id="annotation_pathology_versions",
        responses={200: ReportVersion(many=True), **errors()},
    )
    def get(self, request: Request, patient: uuid.UUID) -> Response:
        found = selectors.report_versions(self.patient(patient))
        return Response(ReportVersion(found, many=True).data)


class CohortReports(ReportView):
    """Where the reports of a cohort's patients stand."""

    @extend_schema(
        operation_id="annotation_pathology_reports",
        responses={200: ListedReport(many=True), **errors()},
    )
    def get(self, request: Request, cohort: uuid.UUID) -> Response:
        found = selectors.pathology_cohort(self.person, cohort)
        return Response(ListedReport(selectors.reports_in(self.person, found), many=True).data)


class ImportReports(ReportView):
    """Reports of a cohort from a table."""

    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="annotation_pathology_import",
        summary="Check a table of reports, or take it in whole as drafts",
        request={"multipart/form-data": ReportsTable},
        responses={200: ImportedReports, **errors(400, 422)},
    )
    def post(self, request: Request, cohort: uuid.UUID) -> Response:
        found = selectors.pathology_cohort(self.person, cohort)
        given = self.given(ReportsTable)
        try:
            done = services.import_pathology(by=self.person, cohort=found, **given)
        except services.ReportsRefused as refusal:
            return Response(_problems(refusal), status.HTTP_422_UNPROCESSABLE_ENTITY)
        return Response(ImportedReports(done).data)


def _problems(refusal: services.ReportsRefused) -> dict[str, Any]:
    """Return every problem under its place, such as "row 2, examined"."""
    fields: dict[str, list[str]] = {}
    for error in refusal.errors:
        place = f"row {error.row}, {error.column}" if error.column else f"row {error.row}"
        fields.setdefault(place, []).append(error.message)
    message = f"Nothing was used: {len(refusal.errors)} problems in the file. See 'fields'."
    return {"code": "import_refused", "message": message, "fields": fields}
