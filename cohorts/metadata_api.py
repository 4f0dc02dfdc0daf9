"""API for covariates and exclusions from a table."""

import uuid
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import SignedIn
from accounts.schema import errors
from cohorts import selectors, services
from cohorts.services.metadata import MetadataImport
from cohorts.vocabulary import CohortRole


class NewMetadata(serializers.Serializer[dict[str, Any]]):
    """A table to check or to take in."""

    table_file = serializers.FileField(
        help_text="CSV or XLSX of at most 20 MB.", allow_empty_file=True
    )
    dry_run = serializers.BooleanField(
        default=True, help_text="Say what would change, and change nothing."
    )


class MetadataChange(serializers.Serializer[dict[str, Any]]):
    """One field of one patient."""

    row = serializers.IntegerField(help_text="In the file, from 1.")
    patient = serializers.CharField()
    field = serializers.CharField()
    old = serializers.JSONField(allow_null=True)
    new = serializers.JSONField(allow_null=True)


class MetadataDone(serializers.Serializer[MetadataImport]):
    """What an import did, or would do."""

    dry_run = serializers.BooleanField()
    patients = serializers.IntegerField(help_text="In the file.")
    changed_patients = serializers.IntegerField()
    changes = MetadataChange(many=True)


class CohortMetadata(APIView):
    """Covariates and exclusions of a cohort's patients."""

    permission_classes = [SignedIn]
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="cohorts_metadata_create",
        summary="Check a table of patients, or take it in whole",
        request={"multipart/form-data": NewMetadata},
        responses={
            200: MetadataDone,
            **errors(400, 422),
        },
    )
    def post(self, request: Request, cohort_id: uuid.UUID) -> Response:
        cohort = selectors.cohort_for(request.user, cohort_id, CohortRole.COORDINATOR)
        told = NewMetadata(data=request.data)
        told.is_valid(raise_exception=True)
        table: UploadedFile[Any] = told.validated_data["table_file"]
        dry_run = told.validated_data["dry_run"]
        try:
            done = services.import_metadata(
                by=request.user, cohort=cohort, table_file=table, dry_run=dry_run
            )
        except services.MetadataRefused as refusal:
            return Response(_problems(refusal), status=422)
        return Response(MetadataDone(done).data)


def _problems(refusal: services.MetadataRefused) -> dict[str, Any]:
    """Return every problem under its place, such as "row 2, sex"."""
    fields: dict[str, list[str]] = {}
    for error in refusal.errors:
        place = f"row {error.row}, {error.column}" if error.column else f"row {error.row}"
        fields.setdefault(place, []).append(error.message)
    message = f"Nothing was used: {len(refusal.errors)} problems in the file. See 'fields'."
    return {"code": "import_refused", "message": message, "fields": fields}
