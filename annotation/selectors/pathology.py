"""Pathology reports: the one that counts, the work at hand, and how both came about."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography.fernet import InvalidToken
from django.db.models import QuerySet

from accounts.models import User
from annotation.models import PathologyReport, ReportState
from annotation.pathology_rules import report as written
from annotation.pathology_rules.findings import Finding
from annotation.pathology_rules.report_errors import ReportError, errors_of
from annotation.pathology_rules.report_json import from_json
from annotation.pathology_rules.rules import warnings_of
from annotation.pathology_rules.staging import StagedN, recomputed_n
from cohorts.models import Cohort, Patient
from cohorts.sealing import unseal
from cohorts.selectors import cohort_for, cohorts_of, has_role, patient_for
from cohorts.vocabulary import CohortRole

PATHOLOGY_ROLES = (CohortRole.ANNOTATOR, CohortRole.ADJUDICATOR, CohortRole.COORDINATOR)
"""Who enters, checks and sees reports: those who make the truth, and those who release it.
A statistician sees the released truth only; a reader holds no role in the cohort at all."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """Who did something to a report, and when."""

    by: User
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where one patient's report stands.

    Attributes
    ----------
    revision : int
        What the next save is based on; 0 before the first.
    report : PathologyReport or None
        The values at hand, with the laboratory's number; None before the first save.
    reason : str
        Of the correction that is at hand.
    checked, locked : Step or None
        None where the version at hand has not come so far.
    errors : tuple of ReportError
        What keeps it from being checked.
    warnings : tuple of Finding
        What locking it asks a reason for.
    staged : StagedN or None
        The recomputed N category; None while there are errors.
    """

    revision: int = 0
    version: int = 0
    state: str = ""
    report: written.PathologyReport | None = None
    digest: str = ""
    reason: str = ""
    entered: Step | None = None
    checked: Step | None = None
    locked: Step | None = None
    errors: tuple[ReportError, ...] = ()
    warnings: tuple[Finding, ...] = ()
    staged: StagedN | None = None


def may_use_pathology(person: User, cohort: Cohort) -> bool:
    """Say whether the person may enter, check and see the cohort's reports."""
    return has_role(person, cohort, *PATHOLOGY_ROLES)


def pathology_cohorts(person: User) -> QuerySet[Cohort]:
    """Return the cohorts whose reports the person may see."""
    return cohorts_of(person, *PATHOLOGY_ROLES)


def pathology_cohort(person: User, public_id: uuid.UUID) -> Cohort:
    """Return the cohort for those who may see its reports, or raise Http404."""
    return cohort_for(person, public_id, *PATHOLOGY_ROLES)


def pathology_patient(person: User, public_id: uuid.UUID) -> Patient:
    """Return the patient for those who may see the report, or raise Http404."""
    return patient_for(person, public_id, *PATHOLOGY_ROLES)


def current_report(patient: Patient) -> written.PathologyReport | None:
    """Return the newest locked version, None before one is locked; without the report's id."""
    row = locked_versions(patient).last()
    return from_json(row.content) if row else None


def locked_versions(patient: Patient) -> QuerySet[PathologyReport]:
    """Return the patient's locked versions, oldest first."""
    rows = PathologyReport.objects.filter(patient=patient, state=ReportState.LOCKED)
    return rows.order_by("version")


def report_steps(patient: Patient) -> QuerySet[PathologyReport]:
    """Return every step of the patient's report, oldest first."""
    rows = PathologyReport.objects.filter(patient=patient)
    return rows.select_related("made_by").order_by("revision")


def newest_step(patient: Patient) -> PathologyReport | None:
    """Return the patient's step that nothing supersedes, None before the first."""
    return report_steps(patient).filter(superseded_by__isnull=True).first()


def report_state(patient: Patient) -> Standing:
    """Return the report at hand: its values, who did what, and what is wrong with it."""
    steps = list(report_steps(patient))
    if not steps:
        return Standing()
    newest = steps[-1]
    own = [step for step in steps if step.version == newest.version]
    report = values_of(newest)
    errors = errors_of(report)
    return Standing(
        revision=newest.revision,
        version=newest.version,
        state=newest.state,
        report=report,
        digest=newest.digest,
        reason=own[0].reason,
        entered=_last(own, ReportState.DRAFT),
        checked=None if newest.state == ReportState.DRAFT else _last(own, ReportState.CHECKED),
        locked=_last(own, ReportState.LOCKED),
        errors=errors,
        warnings=() if errors else warnings_of(report),
        staged=None if errors else recomputed_n(report),
    )


def values_of(step: PathologyReport) -> written.PathologyReport:
    """Return what a step says, with the laboratory's number.

    The number is "" where the server's key is another than the one it was encrypted under.
    """
    try:
        report_id = unseal(step.sealed_report_id) or ""
    except InvalidToken:
        report_id = ""
    return replace(from_json(step.content), report_id=report_id)


def _last(steps: list[PathologyReport], state: ReportState) -> Step | None:
    found = [step for step in steps if step.state == state]
    return Step(by=found[-1].made_by, at=found[-1].made_at) if found else None
