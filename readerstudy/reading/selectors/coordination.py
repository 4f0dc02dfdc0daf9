"""What exists for a coordinator: studies, progress and states. No category is read here."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.http import Http404

from accounts.models import User
from cohorts.models import Cohort
from cohorts.selectors import cohort_counts, cohorts_of
from cohorts.vocabulary import CohortRole
from readerstudy.reading.models import (
    Assignment,
    AssignmentState,
    Invitation,
    NodeCall,
    Study,
    StudyReader,
)


@dataclass(frozen=True, kw_only=True)
class ReaderProgress:
    """How far one reader has come."""

    public_id: uuid.UUID
    number: int
    username: str
    submitted: int
    reopened: int
    total: int
    last_activity: datetime | None

    @property
    def percent(self) -> int:
        """Share of submitted cases, in whole per cent."""
        return round(100 * self.submitted / self.total) if self.total else 0


@dataclass(frozen=True, kw_only=True)
class CohortSize:
    """How much one cohort brings into a study."""

    cohort: Cohort
    included: int
    nodes: int


def studies_of(user: User) -> QuerySet[Study]:
    """Return the studies whose every cohort the person coordinates, with counts of both sides."""
    links = Study.cohorts.through.objects
    mine = cohorts_of(user, CohortRole.COORDINATOR).values("pk")
    return (
        Study.objects.filter(pk__in=links.filter(cohort_id__in=mine).values("study_id"))
        .exclude(pk__in=links.exclude(cohort_id__in=mine).values("study_id"))
        .annotate(
            reader_count=Subquery(
                _count(StudyReader.objects.filter(study=OuterRef("pk")), "study")
            ),
            case_count=Subquery(_count(_assignments(OuterRef("pk")), "reader__study")),
            submitted_count=Subquery(
                _count(
                    _assignments(OuterRef("pk")).filter(state=AssignmentState.SUBMITTED),
                    "reader__study",
                )
            ),
        )
        .order_by("title")
    )


def study_for(user: User, public_id: uuid.UUID) -> Study:
    """Return the study, or raise Http404 when absent or not the person's to manage."""
    study = studies_of(user).filter(public_id=public_id).first()
    if study is None:
        raise Http404
    return study


def may_manage(user: User, study: Study) -> bool:
    """Say whether the person coordinates every cohort of the study."""
    return studies_of(user).filter(pk=study.pk).exists()


def study_sizes(study: Study) -> list[CohortSize]:
    """Return included patients and nodes of each cohort of the study, as they are now."""
    sizes = []
    for cohort in study.cohorts.all():
        counts = cohort_counts(cohort)
        sizes.append(CohortSize(cohort=cohort, included=counts["included"], nodes=counts["nodes"]))
    return sizes


def reader_for(user: User, public_id: uuid.UUID) -> StudyReader:
    """Return a reader of a study the person manages, or raise Http404."""
    reader = StudyReader.objects.select_related("study", "user").filter(public_id=public_id).first()
    if reader is None or not may_manage(user, reader.study):
        raise Http404
    return reader


def assignment_for(user: User, public_id: uuid.UUID) -> Assignment:
    """Return a reader's case in a study the person manages, or raise Http404."""
    case = (
        Assignment.objects.select_related("reader__study", "patient")
        .filter(public_id=public_id)
        .first()
    )
    if case is None or not may_manage(user, case.reader.study):
        raise Http404
    return case


def progress_of(study: Study) -> list[ReaderProgress]:
    """Return each reader's progress, in one query."""
    calls = NodeCall.objects.filter(assignment__reader=OuterRef("pk")).order_by("-pk")
    readers = (
        study.readers.select_related("user")
        .annotate(
            total=Count("assignments"),
            submitted=Count("assignments", filter=_in_state(AssignmentState.SUBMITTED)),
            reopened=Count("assignments", filter=_in_state(AssignmentState.REOPENED)),
            last_opened=Max("assignments__first_opened_at"),
            last_submitted=Max("assignments__submitted_at"),
            last_call=Subquery(calls.values("created_at")[:1]),
        )
        .order_by("number")
    )
    return [_progress(reader) for reader in readers]


def submitted_cases(reader: StudyReader) -> QuerySet[Assignment]:
    """Return the reader's submitted and reopened cases in stored order."""
    return (
        reader.assignments.exclude(state=AssignmentState.DRAFT)
        .select_related("patient__cohort")
        .order_by("period__number", "position")
    )


def unsubmitted_count(study: Study) -> int:
    """Return how many cases of all readers are not submitted."""
    return _assignments(study.pk).exclude(state=AssignmentState.SUBMITTED).count()


def open_invitations(study: Study) -> list[Invitation]:
    """Return the invitations that nobody has accepted or revoked, oldest first."""
    waiting = study.invitations.filter(accepted_at__isnull=True, revoked_at__isnull=True)
    return list(waiting.order_by("pk"))


def invitation_for(user: User, study_id: uuid.UUID, number: int) -> Invitation:
    """Return an invitation of a study the person manages, or raise Http404."""
    invitation = study_for(user, study_id).invitations.filter(pk=number).first()
    if invitation is None:
        raise Http404
    return invitation


def invitation_with(token: str) -> Invitation:
    """Return the invitation a token belongs to, whatever its state, or raise Http404."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    invitation = Invitation.objects.select_related("study").filter(token_digest=digest).first()
    if invitation is None:
        raise Http404
    return invitation


def _assignments(study: Any) -> QuerySet[Assignment]:
    return Assignment.objects.filter(reader__study=study)


def _count(rows: QuerySet[Any], group: str) -> QuerySet[Any]:
    counted: QuerySet[Any] = rows.order_by().values(group).annotate(n=Count("pk")).values("n")
    return counted


def _in_state(state: AssignmentState) -> Q:
    return Q(assignments__state=state)


def _progress(reader: Any) -> ReaderProgress:
    moments = [reader.last_opened, reader.last_submitted, reader.last_call]
    return ReaderProgress(
        public_id=reader.public_id,
        number=reader.number,
        username=reader.user.get_full_name() or reader.user.username,
        submitted=reader.submitted,
        reopened=reader.reopened,
        total=reader.total,
        last_activity=max((moment for moment in moments if moment), default=None),
    )
