"""What exists for a reader: own studies, and own cases as far as they have been reached."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import Http404

from accounts.models import User
from readerstudy.reading.models import (
    Assignment,
    AssignmentState,
    NodeCall,
    StudyReader,
    StudyState,
)

STORED_ORDER = ("period__number", "position")


@dataclass(frozen=True, kw_only=True)
class CaseRow:
    """One case in a reader's list; ``public_id`` is None where it has not been reached."""

    position: int
    state: str
    label: str
    public_id: uuid.UUID | None


def is_reader(user: User) -> bool:
    """Say whether the person reads in any study."""
    return StudyReader.objects.filter(user=user).exists()


def study_readers_of(user: User, *, only_open: bool = False) -> QuerySet[StudyReader]:
    """Return the person's studies with ``total``, ``submitted`` and ``next_id``, in one query."""
    mine = StudyReader.objects.filter(user=user).select_related("study")
    if only_open:
        mine = mine.filter(study__state=StudyState.OPEN)
    return mine.annotate(
        total=Count("assignments"),
        submitted=Count("assignments", filter=Q(assignments__state=AssignmentState.SUBMITTED)),
        next_id=Subquery(_waiting(OuterRef("pk")).values("public_id")[:1]),
    ).order_by("study__title")


def study_reader_for(user: User, public_id: uuid.UUID) -> StudyReader:
    """Return the person's own place in a study, annotated as above, or raise Http404."""
    reader = study_readers_of(user).filter(public_id=public_id).first()
    if reader is None:
        raise Http404
    return reader


def next_case(reader: StudyReader, *, after: Assignment | None = None) -> uuid.UUID | None:
    """Return the first case in stored order that waits to be submitted; None when none does.

    ``after`` is left out: what waits once that case is submitted.
    """
    if reader.study.state != StudyState.OPEN:
        return None
    waiting = _waiting(reader.pk)
    if after is not None:
        waiting = waiting.exclude(pk=after.pk)
    return waiting.values_list("public_id", flat=True).first()


def cases_of(reader: StudyReader) -> list[CaseRow]:
    """Return the reader's cases in stored order."""
    rows, reached = [], True
    for case in Assignment.objects.filter(reader=reader).order_by(*STORED_ORDER):
        rows.append(
            CaseRow(
                position=case.position,
                state=case.state,
                label=_state_label(case, reached=reached),
                public_id=case.public_id if _is_visible(case, reached=reached) else None,
            )
        )
        reached = reached and case.state != AssignmentState.DRAFT
    return rows


def case_for(user: User, public_id: uuid.UUID) -> Assignment:
    """Return the person's own case, or raise Http404 when absent or not reached yet."""
    case = _own_case(user, public_id)
    if drafts_before(case) > 0:
        raise Http404
    return case


def pictures_for(user: User, public_id: uuid.UUID) -> Assignment:
    """Return a case whose frames may be fetched: as ``case_for``, and the one case after that.

    The browser fetches the next case's frames while the current one is read.
    """
    case = _own_case(user, public_id)
    if drafts_before(case) > 1:
        raise Http404
    return case


def drafts_before(case: Assignment) -> int:
    """Return how many cases before this one are still in draft; 0 means it has been reached."""
    if case.state != AssignmentState.DRAFT:
        return 0
    number = case.period.number
    return Assignment.objects.filter(
        Q(period__number__lt=number) | Q(period__number=number, position__lt=case.position),
        reader_id=case.reader_id,
        state=AssignmentState.DRAFT,
    ).count()


def current_calls(case: Assignment) -> dict[int, NodeCall]:
    """Return the call that counts now for each called node, by the key of the AssignmentNode."""
    calls = NodeCall.objects.filter(assignment=case, superseded_by__isnull=True)
    return {call.node_id: call for call in calls}


def case_state(case: Assignment) -> dict[str, Any]:
    """Return version, state and calls as a browser whose version is stale needs them."""
    calls = NodeCall.objects.filter(assignment=case, superseded_by__isnull=True)
    return {
        "version": case.version,
        "state": case.state,
        "calls": {
            str(node): category
            for node, category in calls.order_by("node__number").values_list(
                "node__public_id", "category"
            )
        },
    }


def cases_in_period(case: Assignment) -> int:
    """Return how many cases the reader has in the period of this one."""
    return Assignment.objects.filter(reader_id=case.reader_id, period_id=case.period_id).count()


def submitted_count(reader: StudyReader) -> int:
    """Return how many cases the reader has submitted."""
    return Assignment.objects.filter(reader=reader, state=AssignmentState.SUBMITTED).count()


def _own_case(user: User, public_id: uuid.UUID) -> Assignment:
    case = (
        Assignment.objects.select_related("reader__study", "period", "series")
        .filter(public_id=public_id, reader__user=user)
        .first()
    )
    if case is None:
        raise Http404
    return case


def _waiting(reader: Any) -> QuerySet[Assignment]:
    return (
        Assignment.objects.filter(reader=reader)
        .exclude(state=AssignmentState.SUBMITTED)
        .order_by(*STORED_ORDER)
    )


def _is_visible(case: Assignment, *, reached: bool) -> bool:
    return reached or case.state != AssignmentState.DRAFT


def _state_label(case: Assignment, *, reached: bool) -> str:
    if case.state != AssignmentState.DRAFT:
        return AssignmentState(case.state).label
    if not reached:
        return "Waiting"
    return "In progress" if case.version else "Next"
