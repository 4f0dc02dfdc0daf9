"""The analysis plan in force and its amendments; readers of a study never see either."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404

from accounts.models import User
from cohorts.selectors import cohorts_of
from cohorts.vocabulary import CohortRole
from readerstudy.reading.models import PlanAmendment, Study
from readerstudy.reading.plan import Plan, document_of, plan_from
from readerstudy.reading.plan_words import PlanChange, PlanLine, changes_between, summary_of
from readerstudy.reading.protocol import digest
from readerstudy.reading.selectors.coordination import may_manage


@dataclass(frozen=True, kw_only=True)
class AmendmentRow:
    """One change of the plan after the opening, as a plain row."""

    number: int
    reason: str
    at: datetime
    by: str
    digest: str
    plan: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class AmendmentStory:
    """An amendment with what it changed, in words."""

    row: AmendmentRow
    changes: tuple[PlanChange, ...]


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """Everything about a study's plan that a person who may see it sees."""

    study: Study
    plan: Plan
    amendments: tuple[AmendmentStory, ...]
    may_manage: bool

    @property
    def document(self) -> dict[str, Any]:
        """The plan in force in the words of today's schema."""
        return document_of(self.plan)

    @property
    def digest(self) -> str:
        """Digest of ``document``: what a change says it rests on."""
        return digest(self.document)

    @property
    def summary(self) -> tuple[PlanLine, ...]:
        """The plan in force in words."""
        return summary_of(self.plan)


def plan_of(study: Study) -> dict[str, Any]:
    """Return the document of the plan in force: the last amendment's, or the study's own."""
    last = last_amendment(study)
    plan: dict[str, Any] = study.plan if last is None else last.plan
    return plan


def plan_summary(study: Study) -> tuple[PlanLine, ...]:
    """Return the plan in force in words."""
    return summary_of(plan_from(plan_of(study)))


def last_amendment(study: Study) -> PlanAmendment | None:
    """Return the amendment in force, or None."""
    return PlanAmendment.objects.filter(study=study).order_by("-number").first()


def amendments_of(study: Study) -> tuple[AmendmentRow, ...]:
    """Return the amendments as plain rows, the first first."""
    rows = PlanAmendment.objects.filter(study=study).select_related("by").order_by("number")
    return tuple(
        AmendmentRow(
            number=row.number,
            reason=row.reason,
            at=row.created_at,
            by=row.by.get_full_name() or row.by.username,
            digest=row.digest,
            plan=row.plan,
        )
        for row in rows
    )


def planned_studies_of(user: User) -> QuerySet[Study]:
    """Return the studies whose plan is the person's to see and to change.

    Those who coordinate every cohort, or are statistician of every cohort, and do not read.
    """
    return (
        Study.objects.filter(
            Q(pk__in=_within(user, CohortRole.COORDINATOR))
            | Q(pk__in=_within(user, CohortRole.STATISTICIAN))
        )
        .exclude(readers__user=user)
        .order_by("title")
    )


def may_plan(user: User, study: Study) -> bool:
    """Say whether the person may see and change the plan of the study."""
    return planned_studies_of(user).filter(pk=study.pk).exists()


def study_plan_for(user: User, public_id: uuid.UUID) -> StudyPlan:
    """Return a study's plan with its history, or raise Http404 when absent or not the person's."""
    study = planned_studies_of(user).filter(public_id=public_id).first()
    if study is None:
        raise Http404
    before, stories = plan_from(study.plan), []
    for row in amendments_of(study):
        after = plan_from(row.plan)
        stories.append(AmendmentStory(row=row, changes=changes_between(before, after)))
        before = after
    return StudyPlan(
        study=study,
        plan=before,
        amendments=tuple(stories),
        may_manage=may_manage(user, study),
    )


def _within(user: User, role: CohortRole) -> QuerySet[Any]:
    """Return the keys of the studies all of whose cohorts the person has this one role in."""
    links = Study.cohorts.through.objects
    mine = cohorts_of(user, role).values("pk")
    inside = links.filter(cohort_id__in=mine)
    outside = links.exclude(cohort_id__in=mine)
    keys: QuerySet[Any] = inside.exclude(study_id__in=outside.values("study_id"))
    return keys.values("study_id")
