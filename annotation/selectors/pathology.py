"""Pathology reports: the one that counts, the work at hand, and how both came about."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography.fernet import InvalidToken
from django.db.models import QuerySet

from accounts.models import User
from annotation.models import PathologyReport, ReportState
from annotation.pathology_rules import report as written
from annotation.pathology_rules.findings import Finding
from annotation.pathology_rules.report_errors import ReportError, errors_of
from annotation.pathology_rules.report_fields import (
    Difference,
    differences,
    errors_by_name,
    read_report,
    texts_of,
)
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
class Findings:
    """What is wrong with a report, and what follows from it.

    Attributes
    ----------
    errors : tuple of ReportError
        What keeps it from being checked.
    warnings : tuple of Finding
        What locking it asks a reason for.
    staged : StagedN or None
        The recomputed N category; None while there are errors.
    """

    errors: tuple[ReportError, ...] = ()
    warnings: tuple[Finding, ...] = ()
    staged: StagedN | None = None

    @property
    def problems(self) -> dict[str, list[str]]:
        """The errors as sentences, by the full name of the field."""
        return errors_by_name(self.errors)


@dataclass(frozen=True, kw_only=True)
class Standing(Findings):
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

    @property
    def texts(self) -> dict[str, str]:
        """What the fields hold, by full name; empty before the first save."""
        return texts_of(self.report) if self.report else {}


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of a report: how it came about, and what it says otherwise than the one before.

    Attributes
    ----------
    reason : str
        Why it was corrected; "" of the first.
    lock_reason : str
        Why its warnings may stand.
    """

    version: int
    state: str
    digest: str
    reason: str
    lock_reason: str
    entered: Step | None
    checked: Step | None
    locked: Step | None
    differences: tuple[Difference, ...]


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One patient in the list of reports; state "" and version 0 before the first save."""

    public_id: uuid.UUID
    pseudonym: str
    state: str
    version: int
    revision: int
    is_own_draft: bool


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


def locked_reports_in(cohort: Cohort) -> dict[int, tuple[written.PathologyReport, int]]:
    """Return the newest locked report and its version by the patient's key."""
    rows = PathologyReport.objects.filter(patient__cohort=cohort, state=ReportState.LOCKED)
    return {
        row.patient_id: (from_json(row.content), row.version) for row in rows.order_by("version")
    }


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
    version = _version(newest.version, own, ())
    report = values_of(newest)
    found = _findings(report, errors_of(report))
    return Standing(
        revision=newest.revision,
        version=version.version,
        state=version.state,
        report=report,
        digest=version.digest,
        reason=version.reason,
        entered=version.entered,
        checked=version.checked,
        locked=version.locked,
        errors=found.errors,
        warnings=found.warnings,
        staged=found.staged,
    )


def findings_of(texts: Mapping[str, str]) -> Findings:
    """Return what a report would say whose fields hold these texts."""
    report, errors = read_report(texts)
    return Findings(errors=errors) if report is None else _findings(report, errors)


def _findings(report: written.PathologyReport, errors: tuple[ReportError, ...]) -> Findings:
    if errors:
        return Findings(errors=errors)
    return Findings(warnings=warnings_of(report), staged=recomputed_n(report))


def report_versions(patient: Patient) -> list[Version]:
    """Return the versions of the patient's report, newest first."""
    by_version: dict[int, list[PathologyReport]] = {}
    for step in report_steps(patient):
        by_version.setdefault(step.version, []).append(step)
    found: list[Version] = []
    before: dict[str, str] | None = None
    for version, steps in by_version.items():
        texts = texts_of(values_of(steps[-1]))
        found.append(_version(version, steps, differences(before, texts) if before else ()))
        before = texts
    return found[::-1]


def reports_in(person: User, cohort: Cohort) -> list[Listed]:
    """Return the patients of the cohort that are not excluded, each with where its report stands.

    A draft that the person entered waits for somebody else.
    """
    newest = {
        step.patient_id: step
        for step in PathologyReport.objects.filter(
            patient__cohort=cohort, superseded_by__isnull=True
        )
    }
    return [
        _listed(person, patient, newest.get(patient.pk))
        for patient in cohort.patients.filter(exclusion_code="")
    ]


def values_of(step: PathologyReport) -> written.PathologyReport:
    """Return what a step says, with the laboratory's number.

    The number is "" where the server's key is another than the one it was encrypted under.
    """
    try:
        report_id = unseal(step.sealed_report_id) or ""
    except InvalidToken:
        report_id = ""
    return replace(from_json(step.content), report_id=report_id)


def _version(
    version: int, steps: list[PathologyReport], differing: tuple[Difference, ...]
) -> Version:
    newest = steps[-1]
    is_locked = newest.state == ReportState.LOCKED
    return Version(
        version=version,
        state=newest.state,
        digest=newest.digest,
        reason=steps[0].reason,
        lock_reason=newest.reason if is_locked else "",
        entered=_last(steps, ReportState.DRAFT),
        checked=None if newest.state == ReportState.DRAFT else _last(steps, ReportState.CHECKED),
        locked=_last(steps, ReportState.LOCKED),
        differences=differing,
    )


def _listed(person: User, patient: Patient, step: PathologyReport | None) -> Listed:
    return Listed(
        public_id=patient.public_id,
        pseudonym=patient.pseudonym,
        state=step.state if step else "",
        version=step.version if step else 0,
        revision=step.revision if step else 0,
        is_own_draft=step is not None
        and step.state == ReportState.DRAFT
        and step.made_by_id == person.pk,
    )


def _last(steps: list[PathologyReport], state: ReportState) -> Step | None:
    found = [step for step in steps if step.state == state]
    return Step(by=found[-1].made_by, at=found[-1].made_at) if found else None
