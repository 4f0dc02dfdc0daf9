"""API that hands out masks as files, for who annotates and who coordinates."""

import uuid

from django.http import Http404, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.permissions import SignedIn
from accounts.schema import errors
from cohorts import selectors
from cohorts.mask_exports import FORMS, exported
from cohorts.mask_selectors import SEES_MASKS, mask_version, node_for
from cohorts.models import NodeMask, Patient
from cohorts.serving import AnyAccept
from cohorts.storage import DamagedBlob

FORM = OpenApiParameter("form", str, OpenApiParameter.PATH, enum=sorted(FORMS))
FILES = {
    **{(200, media_type): OpenApiResponse(OpenApiTypes.BINARY) for media_type, _ in FORMS.values()},
    **errors(422),
}


class MaskUnavailable(APIException):
    """The row is there and the blob is not, or not as it was."""

    status_code = 503
    default_code = "mask_unavailable"
    default_detail = "A mask is missing or damaged on the server: tell the operator."


def _sent(patient: Patient, masks: list[NodeMask], form: str, what: str) -> HttpResponseBase:
    if form not in FORMS or not masks:
        raise Http404
    try:
        file = exported(patient, masks, form, what)
    except (FileNotFoundError, DamagedBlob) as lost:
        raise MaskUnavailable from lost
    response = StreamingHttpResponse(file.pieces, content_type=file.media_type)
    response["Content-Disposition"] = f'attachment; filename="{file.name}"'
    response["Cache-Control"] = "private, no-store"
    return response


class PatientMasksFile(APIView):
    """All nodes of a patient as they are now."""

    permission_classes = [SignedIn]
    content_negotiation_class = AnyAccept

    @extend_schema(
        operation_id="cohorts_masks_export",
        summary="The masks of all nodes as they are now, as DICOM Segmentation or NIfTI label map",
        parameters=[FORM],
        responses=FILES,
    )
    def get(self, request: Request, patient_id: uuid.UUID, form: str) -> HttpResponseBase:
        patient = selectors.patient_for(request.user, patient_id, *SEES_MASKS)
        return _sent(patient, list(selectors.current_masks(patient)), form, "nodes")


class MaskVersionFile(APIView):
    """One version of a node's mask."""

    permission_classes = [SignedIn]
    content_negotiation_class = AnyAccept

    @extend_schema(
        operation_id="cohorts_mask_version_export",
        summary="One version of a node's mask, a removed node's too, as a file",
        parameters=[FORM],
        responses=FILES,
    )
    def get(
        self, request: Request, node_id: uuid.UUID, version: int, form: str
    ) -> HttpResponseBase:
        node = node_for(request.user, node_id, *SEES_MASKS)
        what = f"node-{node.number}-v{version}"
        return _sent(node.patient, [mask_version(node, version)], form, what)
