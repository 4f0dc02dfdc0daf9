"""What the viewers are sent of a stored case: geometry, frame list, node masks, frames.

Identifiers are given by the caller: a blinded room passes its own random ones, so nothing here
carries a key, a pseudonym or a UID.
"""

from typing import Any

from django.http import HttpResponse

from cohorts import selectors
from cohorts.dicom.frames import JPEG_LS_LOSSLESS
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.models import CTSeries, NodeMask

FRAME_CONTENT_TYPE = f"application/octet-stream; transfer-syntax={JPEG_LS_LOSSLESS}"
FRAME_CACHE_CONTROL = "private, max-age=31536000, immutable"


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


def frame_response(series: CTSeries, index: int) -> HttpResponse:
    """Return one frame as the JPEG-LS stream that is stored; Http404 outside the series."""
    response = HttpResponse(selectors.frame(series, index), content_type=FRAME_CONTENT_TYPE)
    response["Cache-Control"] = FRAME_CACHE_CONTROL
    return response
