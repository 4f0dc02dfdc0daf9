"""A pathology report is entered, checked by a second person, locked, and corrected with a reason.

The audit trail names the step and its digest, never a count: what a report says is for those who
may open it.
"""

from collections.abc import Mapping
from dataclasses import replace

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts import audit
from accounts.errors import Conflict
from accounts.models import User
from annotation.models import PathologyReport, ReportState
from annotation.pathology_rules import report as written
from annotation.pathology_rules.report_errors import errors_of
from annotation.pathology_rules.report_fields import errors_by_name, read_report
from annotation.pathology_rules.report_json import digest_of, to_json
from annotation.pathology_rules.rules import warnings_of
from annotation.selectors.pathology import may_use_pathology, newest_step, values_of
from cohorts.models import Patient
from cohorts.sealing import seal


def report_from(texts: Mapping[str, str]) -> written.PathologyReport:
    """Read a report from texts by field, or raise ValidationError by field."""
    report, errors = read_report(texts)
    if report is None:
        raise ValidationError(
            {
                name: [ValidationError(sentence, code="not_read") for sentence in sentences]
                for name, sentences in errors_by_name(errors).items()
            }
        )
    return report


def save_report(
    *,
    by: User,
    patient: Patient,
    report: written.PathologyReport,
    base_revision: int,
    reason: str = "",
) -> PathologyReport:
    """Enter the report, or with a reason correct the locked one."""
    if not reason.strip():
        return enter_report(by=by, patient=patient, report=report, base_revision=base_revision)
    return correct_report(
        by=by, patient=patient, report=report, base_revision=base_revision, reason=reason
    )


@transaction.atomic
def enter_report(
    *, by: User, patient: Patient, report: written.PathologyReport, base_revision: int
) -> PathologyReport:
    """Save the report at hand as a draft; a draft may still have errors.

    Changing a checked one makes it a draft again. Saving what is there already adds no step. A
    ``base_revision`` that is not the newest raises Conflict; a locked report is only corrected.
    """
    newest = _newest_for(by, patient)
    if newest and newest.state != ReportState.LOCKED and is_same(newest, report):
        return newest
    _refuse_stale(newest, base_revision)
    if newest and newest.state == ReportState.LOCKED:
        raise ValidationError(
            f"The report of {patient.pseudonym} is locked: correct it with a reason.",
            code="locked",
        )
    version = newest.version if newest else 1
    return _add_draft(by, patient, newest, report, version, "enter_report")


@transaction.atomic
def correct_report(
    *, by: User, patient: Patient, report: written.PathologyReport, base_revision: int, reason: str
) -> PathologyReport:
    """Begin a new version of a locked report; the locked one counts until the new one is locked."""
    newest = _newest_for(by, patient)
    _refuse_stale(newest, base_revision)
    if newest is None or newest.state != ReportState.LOCKED:
        raise ValidationError(
            f"The report of {patient.pseudonym} is not locked: change it and save.",
            code="not_locked",
        )
    if not reason.strip():
        message = "Write why: a correction needs a reason."
        raise ValidationError({"reason": ValidationError(message, code="required")})
    if is_same(newest, report):
        raise ValidationError("Nothing is changed: there is nothing to correct.", code="unchanged")
    version = newest.version + 1
    return _add_draft(by, patient, newest, report, version, "correct_report", reason.strip())


@transaction.atomic
def check_report(*, by: User, patient: Patient, base_revision: int) -> PathologyReport:
    """Confirm, as another person than who entered it, that the draft says what the paper says."""
    newest = _newest_for(by, patient)
    _refuse_stale(newest, base_revision)
    if newest is None or newest.state != ReportState.DRAFT:
        raise ValidationError(
            f"{patient.pseudonym} has no draft to check: reload the page.", code="no_draft"
        )
    if newest.made_by_id == by.pk:
        raise ValidationError(
            "You entered this report: somebody else holds it against the paper.", code="own_entry"
        )
    if errors := errors_of(values_of(newest)):
        raise ValidationError(
            [ValidationError(str(error), code="report_error") for error in errors]
        )
    return _add_step(by, patient, newest, ReportState.CHECKED, "check_report")


@transaction.atomic
def lock_report(
    *, by: User, patient: Patient, base_revision: int, reason: str = ""
) -> PathologyReport:
    """Lock the checked report; where it has warnings, with a reason why they may stand."""
    newest = _newest_for(by, patient)
    _refuse_stale(newest, base_revision)
    if newest is None or newest.state != ReportState.CHECKED:
        raise ValidationError(
            f"The report of {patient.pseudonym} is not checked: let a second person check it.",
            code="not_checked",
        )
    warnings = warnings_of(values_of(newest))
    if warnings and not reason.strip():
        said = " ".join(warning.sentence for warning in warnings)
        message = f"Write why it may stand: {said}"
        raise ValidationError({"reason": ValidationError(message, code="required")})
    return _add_step(by, patient, newest, ReportState.LOCKED, "lock_report", reason.strip())


def _newest_for(by: User, patient: Patient) -> PathologyReport | None:
    """Lock the patient's row for this transaction and return the newest step."""
    locked = Patient.objects.select_for_update(of=("self",)).get(pk=patient.pk)
    if not may_use_pathology(by, locked.cohort):
        raise PermissionDenied(
            f"Only annotators, adjudicators and coordinators of '{locked.cohort.name}' enter and "
            "check its pathology reports."
        )
    return newest_step(locked)


def is_same(step: PathologyReport, report: written.PathologyReport) -> bool:
    """Say whether a step says what a report says."""
    return to_json(values_of(step)) == to_json(report)


def _refuse_stale(newest: PathologyReport | None, base_revision: int) -> None:
    revision = newest.revision if newest else 0
    if base_revision != revision:
        raise Conflict(
            f"The report was changed elsewhere: it is at revision {revision}, this page knew "
            f"revision {base_revision}. Reload the page and look at what is there now.",
            code="stale_version",
            current={"revision": revision, "state": newest.state if newest else ""},
        )


def _add_draft(
    by: User,
    patient: Patient,
    newest: PathologyReport | None,
    report: written.PathologyReport,
    version: int,
    verb: str,
    reason: str = "",
) -> PathologyReport:
    bare = replace(report, report_id="")
    step = PathologyReport(
        patient=patient,
        revision=newest.revision + 1 if newest else 1,
        version=version,
        state=ReportState.DRAFT,
        content=to_json(bare),
        digest=digest_of(bare),
        sealed_report_id=seal(report.report_id) if report.report_id else "",
        reason=reason,
        made_by=by,
        supersedes=newest,
    )
    return _saved(step, verb)


def _add_step(
    by: User,
    patient: Patient,
    newest: PathologyReport,
    state: ReportState,
    verb: str,
    reason: str = "",
) -> PathologyReport:
    step = PathologyReport(
        patient=patient,
        revision=newest.revision + 1,
        version=newest.version,
        state=state,
        content=newest.content,
        digest=newest.digest,
        sealed_report_id=newest.sealed_report_id,
        reason=reason,
        made_by=by,
        supersedes=newest,
    )
    return _saved(step, verb)


def _saved(step: PathologyReport, verb: str) -> PathologyReport:
    step.full_clean()
    step.save(force_insert=True)
    new = {
        "patient": str(step.patient.public_id),
        "revision": step.revision,
        "version": step.version,
        "digest": step.digest,
    }
    audit.record(by=step.made_by, verb=verb, target=step, new=new, reason=step.reason)
    return step
