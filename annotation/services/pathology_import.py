"""Pathology reports from a table: the whole file or nothing; what comes in are drafts."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import BinaryIO

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts import audit
from accounts.models import User
from annotation.models import PathologyReport, ReportState
from annotation.pathology_rules.findings import Finding
from annotation.pathology_rules.report_table import TableReport, read_reports
from annotation.pathology_rules.rules import warnings_of
from annotation.selectors.pathology import may_use_pathology, newest_step
from annotation.services.pathology import enter_report, is_same
from cohorts.models import Cohort, Patient
from cohorts.services.metadata import known_patients
from cohorts.tables.cells import CellError, Table, TableError
from cohorts.tables.reading import MAX_BYTES, read_table

CHANGES = ("new", "changed", "unchanged")


class ReportsRefused(ValidationError):
    """Nothing was written; ``errors`` says by row and column what is wrong."""

    def __init__(self, errors: list[CellError]) -> None:
        super().__init__(
            [ValidationError(str(error), code="import_refused") for error in errors],
            code="import_refused",
        )
        self.errors = errors


@dataclass(frozen=True, kw_only=True)
class ImportedReport:
    """What became of one patient's report: "new", "changed" or "unchanged"."""

    row: int
    patient: str
    change: str
    warnings: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True)
class ReportImport:
    """What an import did, or would do; ``left_out`` are patients without anything filled in."""

    reports: list[ImportedReport]
    left_out: list[str]
    dry_run: bool

    @property
    def counts(self) -> dict[str, int]:
        """How many reports are new, changed and unchanged."""
        found = Counter(report.change for report in self.reports)
        return {change: found[change] for change in CHANGES}


def import_pathology(
    *, by: User, cohort: Cohort, table_file: BinaryIO, dry_run: bool = False
) -> ReportImport:
    """Take in reports as drafts, or raise ReportsRefused with every error.

    A dry run does all of it and takes it back, so that it says exactly what an import would.
    """
    if not may_use_pathology(by, cohort):
        raise PermissionDenied(
            f"Only annotators, adjudicators and coordinators of '{cohort.name}' import its "
            "pathology reports."
        )
    data = table_file.read(MAX_BYTES + 1)
    try:
        table = read_table(data)
    except TableError as refusal:
        raise ReportsRefused([refusal.error]) from refusal
    return _apply(by, cohort, table, hashlib.sha256(data).hexdigest(), dry_run)


@transaction.atomic
def _apply(by: User, cohort: Cohort, table: Table, digest: str, dry_run: bool) -> ReportImport:
    # Locked first, so that nobody saves between the check and the writing.
    locked = Patient.objects.select_for_update(of=("self",)).filter(cohort=cohort).order_by("pk")
    patients = {patient.pseudonym: patient for patient in locked}
    found, left_out, errors = read_reports(table, known_patients(cohort, table, patients))
    standing = {one.patient: newest_step(patients[one.patient]) for one in found}
    errors += [error for one in found if (error := _locked(one, standing[one.patient]))]
    if errors:
        raise ReportsRefused(sorted(errors, key=lambda error: error.row))
    reports = [_take_in(by, one, patients[one.patient], standing[one.patient]) for one in found]
    done = ReportImport(reports=reports, left_out=left_out, dry_run=dry_run)
    if dry_run:
        transaction.set_rollback(True)
    else:
        new = {**done.counts, "file_sha256": digest}
        audit.record(by=by, verb="import_pathology", target=cohort, new=new)
    return done


def _locked(one: TableReport, step: PathologyReport | None) -> CellError | None:
    if step is None or step.state != ReportState.LOCKED or is_same(step, one.report):
        return None
    message = f"the report of {one.patient} is locked: correct it on its page, with a reason."
    return CellError(row=one.row, column="", message=message)


def _take_in(
    by: User, one: TableReport, patient: Patient, step: PathologyReport | None
) -> ImportedReport:
    change = "new"
    if step is not None:
        change = "unchanged" if is_same(step, one.report) else "changed"
    if change != "unchanged":
        base_revision = step.revision if step else 0
        enter_report(by=by, patient=patient, report=one.report, base_revision=base_revision)
    return ImportedReport(
        row=one.row, patient=one.patient, change=change, warnings=warnings_of(one.report)
    )
