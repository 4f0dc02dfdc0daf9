"""One case as its reader is sent it: frozen masks, stored order, own calls."""

from typing import Any

from django.urls import reverse

from cohorts.models import NodeMask
from cohorts.serving import frames_payload, frames_signature, geometry_payload, node_payload
from cohorts.vocabulary import CATEGORY_CHOICES
from readerstudy.reading.models import Assignment, AssignmentNode, NodeCall
from readerstudy.reading.selectors.reader import cases_in_period, current_calls, next_case


def reader_case(case: Assignment) -> dict[str, Any]:
    """Return the whole case: pictures, nodes in reading order, the reader's own calls."""
    calls = current_calls(case)
    nodes = AssignmentNode.objects.filter(assignment=case).select_related("mask")
    study = case.reader.study
    return {
        "case": case.public_id,
        "study": study.title,
        "study_id": case.reader.public_id,
        "position": case.position,
        "total": cases_in_period(case),
        "state": case.state,
        "version": case.version,
        "protocol": study.protocol,
        "categories": [
            {"value": value, "label": label, "key": str(value + 1)}
            for value, label in CATEGORY_CHOICES
        ],
        "frames_url": _frames_url(case),
        "geometry": geometry_payload(case.series),
        "frames": frames_payload(case.series),
        "nodes": [_node(node, calls.get(node.pk)) for node in nodes.order_by("number")],
        "next_case": next_case(case.reader, after=case),
    }


def reader_pictures(case: Assignment) -> dict[str, Any]:
    """Return what fetching a case's frames ahead needs: the frames, and which to fetch first."""
    masks = NodeMask.objects.filter(pk__in=case.nodes.values("mask_id"))
    return {
        "case": case.public_id,
        "frames_url": _frames_url(case),
        "geometry": geometry_payload(case.series),
        "frames": frames_payload(case.series),
        "node_slices": sorted({round(mask.centroid_zyx[0]) for mask in masks}, reverse=True),
    }


def _frames_url(case: Assignment) -> str:
    """Return where the case's frames are for its reader and nobody else: add index and '/'."""
    signature = frames_signature(case.reader.user_id, case.public_id, case.series)
    first_frame = reverse("reading_api:frame", args=[case.public_id, signature, 0])
    return first_frame.removesuffix("0/")


def _node(node: AssignmentNode, call: NodeCall | None) -> dict[str, Any]:
    payload = node_payload(node.mask, node_id=str(node.public_id), number=node.number)
    payload["call"] = None if call is None else {"category": call.category, "version": call.version}
    return payload
