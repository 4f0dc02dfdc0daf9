"""Reads of mask versions: the history of a node, its ancestors, and what stands beside it."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from django.db.models import Max, QuerySet
from django.http import Http404
from numpy.typing import NDArray

from accounts.models import User
from cohorts.dicom.geometry import BoundingBox
from cohorts.dicom.masks import NodeMaskInput
from cohorts.dicom.warnings import WarningCode
from cohorts.models import MaskEdit, MaskEditNode, Node, NodeMask, Patient
from cohorts.received_masks import ReceivedMask, placed
from cohorts.selectors import cohorts_of, current_masks, mask_array
from cohorts.vocabulary import CohortRole

REFINES = (CohortRole.ANNOTATOR, CohortRole.ADJUDICATOR)
SEES_MASKS = (*REFINES, CohortRole.COORDINATOR)


def node_for(user: User, public_id: uuid.UUID, *roles: CohortRole) -> Node:
    """Return the node, removed ones too, or raise Http404 when it is not of the person's roles."""
    node = (
        Node.with_removed.select_related("patient__cohort", "patient__series")
        .filter(public_id=public_id, patient__cohort__in=cohorts_of(user, *roles))
        .first()
    )
    if node is None:
        raise Http404
    return node


def versions_of(node: Node) -> QuerySet[NodeMask]:
    """Return every version of the node's mask, the newest first."""
    return node.masks.select_related("created_by").order_by("-version")


def mask_version(node: Node, version: int) -> NodeMask:
    """Return one version of the node's mask, or raise Http404."""
    mask = node.masks.select_related("node").filter(version=version).first()
    if mask is None:
        raise Http404
    return mask


def every_version(patient: Patient) -> QuerySet[NodeMask]:
    """Return every version of every node of the patient, removed ones too; the newest first."""
    masks = NodeMask.objects.filter(node__patient=patient).select_related("node", "created_by")
    return masks.order_by("node__number", "-version")


def have_overlaps(patient: Patient) -> bool:
    """Say whether nodes of the patient, as they are now, share voxels: then no label map is one."""
    code = WarningCode.OVERLAPPING_NODES
    return any(warning["code"] == code for warning in patient.series.warnings)


def next_node_number(patient: Patient) -> int:
    """Return the number after the last one ever given to a node of the patient."""
    last = Node.with_removed.filter(patient=patient).aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


def edit_with(client_id: uuid.UUID) -> MaskEdit | None:
    """Return the save that a browser made under this id."""
    return MaskEdit.objects.filter(client_id=client_id).first()


@dataclass(frozen=True, kw_only=True)
class Descent:
    """Which nodes became which in a split or a merger, by their keys."""

    kind: str
    parents: tuple[int, ...]
    children: tuple[int, ...]


def descents_in(patient: Patient) -> list[Descent]:
    """Return the splits and mergers of the patient's nodes, the first one first; two queries."""
    kinds = (MaskEdit.Kind.SPLIT, MaskEdit.Kind.MERGED)
    edits = MaskEdit.objects.filter(patient=patient, kind__in=kinds).prefetch_related("nodes")
    return [
        Descent(
            kind=edit.kind,
            parents=_keys(one for one in edit.nodes.all() if one.after_id is None),
            children=_keys(one for one in edit.nodes.all() if one.before_id is None),
        )
        for edit in edits
    ]


def _keys(nodes: Iterable[MaskEditNode]) -> tuple[int, ...]:
    return tuple(one.node_id for one in nodes)


def stored_mask(mask: NodeMask) -> ReceivedMask:
    """Return a version's voxels, digest checked."""
    box, voxels = mask_array(mask)
    return ReceivedMask(box=box, voxels=voxels)


def other_masks(patient: Patient, leave_out: Iterable[Node]) -> list[NodeMaskInput]:
    """Return the current masks of the patient's nodes but some, by number."""
    keys = {node.pk for node in leave_out}
    found = []
    for mask in current_masks(patient).exclude(node__in=keys):
        box, voxels = mask_array(mask)
        found.append(NodeMaskInput(label=mask.node.number, name="", box=box, mask=voxels))
    return found


def protected_in(
    patient: Patient, box: BoundingBox, leave_out: Iterable[Node]
) -> NDArray[np.bool_]:
    """Return the voxels of a box that belong to nodes of the patient but some (z, y, x)."""
    protected = np.zeros(box.shape_zyx, dtype=np.bool_)
    for other in other_masks(patient, leave_out):
        protected |= placed(ReceivedMask(box=other.box, voxels=other.mask), box)
    return protected
