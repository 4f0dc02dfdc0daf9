"""Changes of node masks: a new version, a new node, removal, split, merger.

Each is one transaction that locks the patient's row: a save sent twice is answered as before, one
that rests on an older version is a conflict, and nothing is overwritten or deleted.
"""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from accounts import audit
from accounts.errors import Conflict
from accounts.models import User
from cohorts.dicom.geometry import BoundingBox
from cohorts.mask_guards import refuse_guarded
from cohorts.mask_selectors import (
    REFINES,
    edit_with,
    protected_in,
    stored_mask,
)
from cohorts.models import MaskEdit, MaskEditNode, Node, NodeMask, Patient
from cohorts.received_masks import ReceivedMask, placed, received_mask, trimmed
from cohorts.selectors import has_role
from cohorts.services.mask_rows import (
    end_node,
    new_node,
    new_version,
    warn_of_overlaps,
)

SHORTEST_REASON = 3
Kind = MaskEdit.Kind


@dataclass(frozen=True, kw_only=True)
class NodeVersion:
    """A node and the version of its mask that the person saw."""

    node: Node
    base_version: int


@dataclass(frozen=True, kw_only=True)
class MaskSource:
    """Where a mask comes from that no person drew from nothing: its mark, and in words."""

    origin: str
    words: str


@dataclass(frozen=True, kw_only=True)
class SavedEdit:
    """A stored save; ``replayed`` where it had been stored before."""

    edit: MaskEdit
    replayed: bool


@dataclass(frozen=True, kw_only=True)
class _Request:
    """What was asked, by whom: the same request has the same digest."""

    by: User
    patient: Patient
    client_id: uuid.UUID
    kind: Kind
    seen: tuple[NodeVersion, ...] = ()
    runs: Any = None
    reason: str = ""
    origin: str = ""

    @property
    def mask_origin(self) -> str:
        """What new versions are marked with."""
        return self.origin or self.kind

    @property
    def digest(self) -> str:
        """SHA-256 over everything but the id."""
        seen = [[str(one.node.public_id), one.base_version] for one in self.seen]
        content = [self.kind, self.by.pk, self.patient.pk, seen, self.runs, self.reason]
        content += [self.origin] if self.origin else []
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def save_mask(
    *,
    by: User,
    seen: NodeVersion,
    client_id: uuid.UUID,
    runs: Any,
    source: MaskSource | None = None,
) -> SavedEdit:
    """Store a new version of a node's mask, drawn on the version that was seen."""
    request = _request(by, Kind.REFINED, client_id, (seen,), runs=runs)
    return _once(_with_source(request, source))


def add_node(
    *,
    by: User,
    patient: Patient,
    client_id: uuid.UUID,
    runs: Any,
    source: MaskSource | None = None,
) -> SavedEdit:
    """Store a node that had no mask, under the number after the last."""
    request = _Request(by=by, patient=patient, client_id=client_id, kind=Kind.ADDED, runs=runs)
    return _once(_with_source(request, source))


def remove_node(*, by: User, seen: NodeVersion, client_id: uuid.UUID, reason: str) -> SavedEdit:
    """Take a node off the lists, with the reason; its rows stay."""
    return _once(_request(by, Kind.REMOVED, client_id, (seen,), reason=reason.strip()))


def split_node(*, by: User, seen: NodeVersion, client_id: uuid.UUID, runs: Any) -> SavedEdit:
    """End a node and store two in its place: the part that is given, and the rest."""
    return _once(_request(by, Kind.SPLIT, client_id, (seen,), runs=runs))


def merge_nodes(
    *, by: User, seen: tuple[NodeVersion, NodeVersion], client_id: uuid.UUID
) -> SavedEdit:
    """End two nodes of a patient and store one in their place."""
    return _once(_request(by, Kind.MERGED, client_id, seen))


def _request(
    by: User,
    kind: Kind,
    client_id: uuid.UUID,
    seen: tuple[NodeVersion, ...],
    *,
    runs: Any = None,
    reason: str = "",
) -> _Request:
    return _Request(
        by=by,
        patient=seen[0].node.patient,
        client_id=client_id,
        kind=kind,
        seen=seen,
        runs=runs,
        reason=reason,
    )


def _with_source(request: _Request, source: MaskSource | None) -> _Request:
    if source is None:
        return request
    return replace(request, origin=source.origin, reason=source.words)


def _once(request: _Request) -> SavedEdit:
    try:
        return _save(request)
    except IntegrityError as race:
        # Two patients at once under one id: each holds its own lock, the unique index decides.
        if edit_with(request.client_id) is not None:
            raise _other_content() from race
        raise


@transaction.atomic
def _save(request: _Request) -> SavedEdit:
    if not has_role(request.by, request.patient.cohort, *REFINES):
        raise PermissionDenied("Only annotators and adjudicators of the cohort change masks.")
    # The series is read after the lock was granted: a row joined to the locked one may be older.
    patient = Patient.objects.select_for_update().get(pk=request.patient.pk)
    if replay := _replayed(request):
        return replay
    refuse_guarded(patient)
    before = [_current(patient, one) for one in request.seen]
    changes = _CHANGES[request.kind](request, patient, before)
    warn_of_overlaps(patient)
    return SavedEdit(edit=_record(request, patient, changes), replayed=False)


def _replayed(request: _Request) -> SavedEdit | None:
    known = edit_with(request.client_id)
    if known is None:
        return None
    if known.content_digest != request.digest:
        raise _other_content()
    return SavedEdit(edit=known, replayed=True)


def _other_content() -> ValidationError:
    return ValidationError(
        "This save was sent before with another content: load the case again.",
        code="client_id_reused",
    )


def _current(patient: Patient, seen: NodeVersion) -> NodeMask:
    """Return the mask in force; Conflict unless it is the one that was seen."""
    if seen.node.patient_id != patient.pk:
        raise ValidationError(
            "The nodes are of two patients: choose nodes of one.", code="two_patients"
        )
    found = NodeMask.objects.filter(node=seen.node, is_current=True)
    mask = found.select_related("node").first()
    if mask is None or mask.version != seen.base_version:
        state = "was removed" if mask is None else f"has version {mask.version} by now"
        raise Conflict(
            f"Node {seen.node.number} {state}: load the case again and repeat the change on it.",
            code="stale_mask",
            current={"version": None if mask is None else mask.version},
        )
    mask.node.patient = patient  # the locked row, whose series all changes share
    return mask


_Change = tuple[Node, NodeMask | None, NodeMask | None]


def _refined(request: _Request, patient: Patient, before: Sequence[NodeMask]) -> list[_Change]:
    mask, old = received_mask(patient.series, request.runs), stored_mask(before[0])
    if mask.box == old.box and bool((mask.voxels == old.voxels).all()):
        raise ValidationError(
            "The mask is the one in force: nothing was changed.", code="same_mask"
        )
    _refuse_overlap(patient, mask, [before[0].node], allowed=placed(old, mask.box))
    after = new_version(
        by=request.by, node=before[0].node, mask=mask, before=before[0], origin=request.mask_origin
    )
    return [(before[0].node, before[0], after)]


def _added(request: _Request, patient: Patient, before: Sequence[NodeMask]) -> list[_Change]:
    mask = received_mask(patient.series, request.runs)
    _refuse_overlap(patient, mask, [])
    return [_begun(request, patient, mask, [])]


def _removed(request: _Request, patient: Patient, before: Sequence[NodeMask]) -> list[_Change]:
    if len(request.reason) < SHORTEST_REASON:
        raise ValidationError(
            "A reason is needed: say in a few words why this is no node, it is kept in the audit "
            "trail.",
            code="reason_missing",
        )
    return [_ended(mask) for mask in before]


def _split(request: _Request, patient: Patient, before: Sequence[NodeMask]) -> list[_Change]:
    whole, part = stored_mask(before[0]), received_mask(patient.series, request.runs)
    inside = placed(part, whole.box) & whole.voxels
    rest = whole.voxels & ~inside
    if np.count_nonzero(inside) < np.count_nonzero(part.voxels) or not rest.any():
        raise ValidationError(
            "The part must lie within the node and leave some of it: draw the part again.",
            code="part_not_of_node",
        )
    parents = [before[0].node]
    return [
        _ended(before[0]),
        _begun(request, patient, part, parents),
        _begun(request, patient, trimmed(whole.box, rest), parents),
    ]


def _merged(request: _Request, patient: Patient, before: Sequence[NodeMask]) -> list[_Change]:
    first, second = before
    if first.pk == second.pk:
        raise ValidationError("Choose two different nodes to merge.", code="one_node")
    one, other = stored_mask(first), stored_mask(second)
    pairs = zip(one.box.start_zyx, other.box.start_zyx, strict=True)
    ends = zip(one.box.stop_zyx, other.box.stop_zyx, strict=True)
    (z0, y0, x0), (z1, y1, x1) = [min(p) for p in pairs], [max(p) for p in ends]
    box = BoundingBox((z0, y0, x0), (z1, y1, x1))
    union = ReceivedMask(box=box, voxels=placed(one, box) | placed(other, box))
    ended = [_ended(mask) for mask in before]
    return [*ended, _begun(request, patient, union, [first.node, second.node])]


_CHANGES = {
    Kind.REFINED: _refined,
    Kind.ADDED: _added,
    Kind.REMOVED: _removed,
    Kind.SPLIT: _split,
    Kind.MERGED: _merged,
}


def _ended(mask: NodeMask) -> _Change:
    end_node(mask.node, mask)
    return mask.node, mask, None


def _begun(
    request: _Request, patient: Patient, mask: ReceivedMask, parents: Sequence[Node]
) -> _Change:
    node = new_node(patient=patient, like=parents)
    after = new_version(
        by=request.by, node=node, mask=mask, before=None, origin=request.mask_origin
    )
    return node, None, after


def _refuse_overlap(
    patient: Patient,
    mask: ReceivedMask,
    nodes: Sequence[Node],
    allowed: Any = False,
) -> None:
    """Refuse voxels of other nodes, but those that the version before shared with them already."""
    shared = mask.voxels & protected_in(patient, mask.box, nodes) & np.logical_not(allowed)
    if shared.any():
        raise ValidationError(
            f"{np.count_nonzero(shared)} voxels belong to another node: other nodes are protected, "
            "merge the two or take the voxels from the other one first.",
            code="overlaps_node",
        )


def _record(request: _Request, patient: Patient, changes: list[_Change]) -> MaskEdit:
    edit = MaskEdit(
        client_id=request.client_id,
        content_digest=request.digest,
        patient=patient,
        kind=request.kind,
        reason=request.reason,
        by=request.by,
    )
    edit.full_clean(exclude=["patient", "by"])
    edit.save(force_insert=True)
    MaskEditNode.objects.bulk_create(
        MaskEditNode(edit=edit, node=node, before=before, after=after)
        for node, before, after in changes
    )
    audit.record(
        by=request.by,
        verb=f"masks_{request.kind}",
        target=edit,
        old={"masks": [mask.digest for _, mask, _ in changes if mask is not None]},
        new={
            "nodes": [node.number for node, _, _ in changes],
            "masks": [mask.digest for _, _, mask in changes if mask is not None],
        },
        reason=request.reason,
    )
    return edit
