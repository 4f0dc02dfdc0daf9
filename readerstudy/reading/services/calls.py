"""A reader's calls: saved once, never lost, never doubled, never silently overwritten."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone

from accounts import audit
from accounts.errors import Conflict
from accounts.models import User
from readerstudy.reading.models import (
    Assignment,
    AssignmentNode,
    AssignmentState,
    NodeCall,
    ReadingEvent,
    Study,
    StudyState,
)
from readerstudy.reading.selectors import case_for, case_state
from readerstudy.reading.selectors.reader import drafts_before


@dataclass(frozen=True, kw_only=True)
class CallGiven:
    """A call as the browser sends it, with what was on the screen."""

    call: uuid.UUID
    node: uuid.UUID
    category: int
    base_version: int
    shown_case: uuid.UUID
    shown_slice: int


@dataclass(frozen=True, kw_only=True)
class SavedCall:
    """The acknowledgement; the same for a call that was saved before."""

    version: int
    node: uuid.UUID
    category: int
    replayed: bool


@dataclass(frozen=True, kw_only=True)
class EventGiven:
    """Something that happened in front of the reader."""

    kind: str
    slice_index: int | None
    node: uuid.UUID | None
    at_ms: int


def open_case(*, by: User, case: uuid.UUID) -> Assignment:
    """Return the reader's case and record when it was opened for the first time."""
    assignment = case_for(by, case)
    if assignment.first_opened_at is None and assignment.reader.study.state == StudyState.OPEN:
        _record_first_opening(assignment)
    return assignment


@transaction.atomic
def _record_first_opening(assignment: Assignment) -> None:
    now = timezone.now()
    unopened = Assignment.objects.filter(pk=assignment.pk, first_opened_at__isnull=True)
    if unopened.update(first_opened_at=now):
        ReadingEvent.objects.create(assignment=assignment, kind="opened")


def submit_call(*, by: User, case: uuid.UUID, given: CallGiven) -> SavedCall:
    """Save one call, a first one or a change, in one transaction that locks the case's row.

    A known UUID is answered as before (same content) or refused; a stale version is a conflict.
    """
    try:
        return _save_call(by, case, given)
    except IntegrityError as race:
        # Two cases at once under one UUID: each holds its own lock, the unique index decides.
        if NodeCall.objects.filter(client_id=given.call).exists():
            raise _other_content() from race
        raise


@transaction.atomic
def _save_call(by: User, case: uuid.UUID, given: CallGiven) -> SavedCall:
    assignment = _locked_case(by, case)
    if replay := _replayed(assignment, given):
        return replay
    _refuse_closed(assignment)
    _refuse_submitted(assignment)
    _refuse_stale(assignment, given.base_version)
    node = _shown_node(assignment, given)
    call = NodeCall(
        assignment=assignment,
        node=node,
        client_id=given.call,
        version=assignment.version + 1,
        category=given.category,
        shown_slice=given.shown_slice,
        supersedes=NodeCall.objects.filter(node=node, superseded_by__isnull=True).first(),
    )
    call.clean_fields(exclude=["assignment", "node", "supersedes"])
    call.save(force_insert=True)
    assignment.version = call.version
    assignment.save(update_fields=["version"])
    return SavedCall(
        version=call.version, node=node.public_id, category=call.category, replayed=False
    )


@transaction.atomic
def submit_case(*, by: User, case: uuid.UUID, base_version: int) -> Assignment:
    """Lock a case whose every node has a call; the same submit again changes nothing."""
    assignment = _locked_case(by, case)
    if assignment.state == AssignmentState.SUBMITTED and assignment.version == base_version:
        return assignment
    _refuse_closed(assignment)
    _refuse_stale(assignment, base_version)
    _refuse_incomplete(assignment)
    old = assignment.state
    assignment.state, assignment.submitted_at = AssignmentState.SUBMITTED, timezone.now()
    assignment.save(update_fields=["state", "submitted_at"])
    ReadingEvent.objects.create(assignment=assignment, kind="submitted")
    audit.record(
        by=by,
        verb="submit_case",
        target=assignment,
        old={"state": old},
        new={"state": AssignmentState.SUBMITTED.value, "version": assignment.version},
    )
    return assignment


@transaction.atomic
def record_events(*, by: User, case: uuid.UUID, events: Sequence[EventGiven]) -> int:
    """Append what the browser reports; return how many rows were written."""
    assignment = case_for(by, case)
    _refuse_closed(assignment)
    nodes = dict(assignment.nodes.values_list("public_id", "pk"))
    slices = len(assignment.series.frames)
    for event in events:
        if event.node is not None and event.node not in nodes:
            raise _foreign_node()
        if event.slice_index is not None and event.slice_index >= slices:
            raise ValidationError(
                f"Slice {event.slice_index} does not exist: the series has {slices} slices, "
                "counted from 0.",
                code="slice_not_of_case",
            )
    rows = [
        ReadingEvent(
            assignment=assignment,
            kind=event.kind,
            slice_index=event.slice_index,
            node_id=nodes[event.node] if event.node else None,
            client_ms=event.at_ms,
        )
        for event in events
    ]
    return len(ReadingEvent.objects.bulk_create(rows))


def _locked_case(by: User, case: uuid.UUID) -> Assignment:
    """Return the reader's case, its row locked to the end of the transaction."""
    assignment = (
        Assignment.objects.select_for_update(of=("self",))
        .select_related("reader", "period")
        .filter(public_id=case, reader__user=by)
        .first()
    )
    if assignment is None or drafts_before(assignment) > 0:
        raise Http404
    # Read after the lock was granted: a row joined to the locked one may be older than it.
    assignment.reader.study = Study.objects.get(pk=assignment.reader.study_id)
    return assignment


def _replayed(assignment: Assignment, given: CallGiven) -> SavedCall | None:
    known = NodeCall.objects.select_related("node").filter(client_id=given.call).first()
    if known is None:
        return None
    same = (
        known.assignment_id == assignment.pk
        and known.node.public_id == given.node
        and known.category == given.category
        and known.shown_slice == given.shown_slice
        and given.shown_case == assignment.public_id
    )
    if not same:
        raise _other_content()
    return SavedCall(
        version=known.version, node=known.node.public_id, category=known.category, replayed=True
    )


def _shown_node(assignment: Assignment, given: CallGiven) -> AssignmentNode:
    """Return the called node if this case and a slice of the node were on the screen."""
    if given.shown_case != assignment.public_id:
        raise ValidationError(
            "Another case was on the screen when this call was made: load the case again.",
            code="wrong_case_shown",
        )
    node = assignment.nodes.select_related("mask").filter(public_id=given.node).first()
    if node is None:
        raise _foreign_node()
    first, stop = node.mask.bounding_box[0]
    if not first <= given.shown_slice < stop:
        raise ValidationError(
            f"Slice {given.shown_slice} was on the screen, but node {node.number} lies on slices "
            f"{first} to {stop - 1}: go to the node before calling it.",
            code="slice_not_of_node",
        )
    return node


def _refuse_closed(assignment: Assignment) -> None:
    if assignment.reader.study.state != StudyState.OPEN:
        raise ValidationError(
            "The study is closed: nothing can be changed any more.", code="study_closed"
        )


def _refuse_submitted(assignment: Assignment) -> None:
    if assignment.state == AssignmentState.SUBMITTED:
        raise ValidationError(
            "This case was submitted and is locked: ask the coordinator to reopen it.",
            code="case_locked",
        )


def _refuse_stale(assignment: Assignment, base_version: int) -> None:
    if base_version != assignment.version:
        raise Conflict(
            "This case has changed since it was loaded, perhaps in another tab: the state now is "
            "in 'current'.",
            code="stale_version",
            current=case_state(assignment),
        )


def _refuse_incomplete(assignment: Assignment) -> None:
    missing = list(
        assignment.nodes.filter(calls__isnull=True)
        .order_by("number")
        .values_list("number", flat=True)
    )
    if missing:
        word = "Node" if len(missing) == 1 else "Nodes"
        verb = "has" if len(missing) == 1 else "have"
        raise ValidationError(
            f"{word} {', '.join(map(str, missing))} {verb} no call yet: call every node, then "
            "submit.",
            code="incomplete",
        )


def _foreign_node() -> ValidationError:
    return ValidationError(
        "This node does not belong to this case: load the case again.", code="node_not_of_case"
    )


def _other_content() -> ValidationError:
    return ValidationError(
        "A call with this id was saved with other content: make a new id for a new call.",
        code="replayed_with_other_content",
    )
