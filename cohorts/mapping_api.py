"""API that tells coordinators who is who, in an encrypted file."""

import uuid
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.permissions import SignedIn
from accounts.schema import errors
from cohorts import selectors, services
from cohorts.mapping_views import encrypted_file
from cohorts.vocabulary import CohortRole


class MappingRequest(serializers.Serializer[dict[str, Any]]):
    """Whose pseudonyms are asked for."""

    patient_ids = serializers.ListField(
        child=serializers.CharField(max_length=200), allow_empty=False
    )
    passphrase = serializers.CharField(
        max_length=200, trim_whitespace=False, help_text="At least 14 characters; it is not kept."
    )


class CohortMapping(APIView):
    """Who is who in a cohort."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_mapping_create",
        summary="Get the pseudonyms of PatientIDs that you hold, encrypted",
        description=(
            "403 where the installation never says who is who. `manage.py mapping_key FILE` opens "
            "the file offline; an empty pseudonym: not in the cohort."
        ),
        request=MappingRequest,
        responses={
            (200, "application/octet-stream"): OpenApiResponse(
                OpenApiTypes.BINARY, "The encrypted file."
            ),
            **errors(400, 422),
        },
    )
    def post(self, request: Request, cohort_id: uuid.UUID) -> HttpResponse:
        cohort = selectors.cohort_for(request.user, cohort_id, CohortRole.COORDINATOR)
        told = MappingRequest(data=request.data)
        told.is_valid(raise_exception=True)
        document = services.make_mapping(by=request.user, cohort=cohort, **told.validated_data)
        return encrypted_file(cohort, document)
