"""What the viewers are sent of a stored case: geometry, frame list, node masks, frames.

Identifiers are given by the caller: a blinded room passes its own random ones, so nothing here
carries a key, a pseudonym or a UID.

The address of a frame is signed for one person and one case: beside the session, which says who
asks, it says that this address was handed to them. It does not expire, so that a browser's cache
knows a frame again; it tells nothing about the case, and no two people or cases share one.
"""

import hashlib
import uuid
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from rest_framework.exceptions import APIException
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from accounts.models import User
from cohorts import selectors
from cohorts.dicom.frames import JPEG_LS_LOSSLESS
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.models import CTSeries, NodeMask, Patient

FRAME_CONTENT_TYPE = f"application/octet-stream; transfer-syntax={JPEG_LS_LOSSLESS}"
FRAME_CACHE_CONTROL = "private, max-age=31536000, immutable"


class AnyAccept(BaseContentNegotiation):
    """For frame routes: viewers ask for a type no JSON renderer has, refusals stay JSON."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Return the first parser; frames are only ever fetched."""
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the first renderer whatever the request accepts."""
        return renderers[0], renderers[0].media_type


def geometry_payload(series: CTSeries) -> dict[str, Any]:
    """Return the grid of the series as the viewer wants it."""
    geometry = SeriesGeometry.from_dict(series.geometry)
    slices, rows, columns = geometry.shape_zyx
    spacing_z, spacing_y, spacing_x = geometry.spacing_zyx_mm
    return {
        "rows": rows,
        "columns": columns,
        "slices": slices,
        "pixel_spacing_mm": [spacing_y, spacing_x],
        "slice_spacing_mm": spacing_z,
        "row_direction": list(geometry.row_direction),
        "column_direction": list(geometry.column_direction),
        "rescale_intercept": series.hu_offset,
        "bits_stored": series.bits_stored,
    }


def frames_payload(series: CTSeries) -> list[dict[str, Any]]:
    """Return index (z ascending), digest and length of every frame, for the receiver's check."""
    return [
        {"index": index, "sha256": frame["sha256"], "bytes": frame["bytes"]}
        for index, frame in enumerate(series.frames)
    ]


def node_payload(mask: NodeMask, *, node_id: str, number: int) -> dict[str, Any]:
    """Return one node's place and mask; ``slices`` are its first and last slice, both inclusive."""
    first, stop = mask.bounding_box[0]
    return {
        "node": str(node_id),
        "number": number,
        "centroid_zyx": mask.centroid_zyx,
        "slices": [first, stop - 1],
        "runs": selectors.mask_runs(mask),
    }


class FrameUnavailable(APIException):
    """The row is there and the blob is not: the server's fault, and nothing to guess about."""

    status_code = 503
    default_code = "frame_unavailable"
    default_detail = "This slice is missing on the server: tell the coordinator of the study."


def frame_response(series: CTSeries, index: int) -> HttpResponse:
    """Return one frame as the JPEG-LS stream that is stored; Http404 outside the series."""
    try:
        frame = selectors.frame(series, index)
    except FileNotFoundError as lost:
        raise FrameUnavailable from lost
    response = HttpResponse(frame, content_type=FRAME_CONTENT_TYPE)
    response["Cache-Control"] = FRAME_CACHE_CONTROL
    return response


def frames_signature(user_id: int, case_id: uuid.UUID, series: CTSeries) -> str:
    """Return what the addresses of a case's frames carry for one person: 64 hexadecimal digits.

    ``case_id`` is the id under which the person knows the case. The list of frames is covered, so
    that an address never leads to other pixels than those it was made for.
    """
    frames = hashlib.sha256("".join(frame["sha256"] for frame in series.frames).encode())
    message = f"{user_id}\x1f{case_id}\x1f{frames.hexdigest()}"
    return salted_hmac("nodewise-frames", message, algorithm="sha256").hexdigest()


def signed_frame_response(
    user: User, case_id: uuid.UUID, series: CTSeries, signature: str, index: int
) -> HttpResponse:
    """Return one frame to the person its address was handed to; Http404 to anybody else."""
    if not constant_time_compare(signature, frames_signature(user.pk, case_id, series)):
        raise Http404
    return frame_response(series, index)


def case_payload(user: User, patient: Patient) -> dict[str, Any]:
    """Return a case for people who know it by its own identifiers (never for a blinded reader)."""
    if not hasattr(patient, "series"):
        raise Http404
    case_id = patient.public_id
    signature = frames_signature(user.pk, case_id, patient.series)
    first_frame = reverse("cohorts-api:frame", args=[case_id, signature, 0])
    return {
        "patient": case_id,
        "pseudonym": patient.pseudonym,
        "frames_url": first_frame.removesuffix("0/"),
        "geometry": geometry_payload(patient.series),
        "frames": frames_payload(patient.series),
        "nodes": [_masked_node(mask) for mask in selectors.current_masks(patient)],
    }


def _masked_node(mask: NodeMask) -> dict[str, Any]:
    node = mask.node.public_id
    masks = reverse("cohorts-api:masks", args=[node])
    return node_payload(mask, node_id=str(node), number=mask.node.number) | {
        "url": masks.removesuffix("masks/"),
        "mask_version": mask.version,
        "short_axis_mm": mask.short_axis_mm,
    }
