"""Patients' covariates and exclusions from a table: the whole file or nothing."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import audit
from accounts.models import User
from cohorts.intake import source_key_of
from cohorts.models import Cohort, Patient
from cohorts.patient_columns import PATIENT_ID, Value
from cohorts.patient_table import PatientRow, read_patients
from cohorts.services.authority import refuse_unless_coordinator
from cohorts.tables.cells import CellError, Table, TableError
from cohorts.tables.reading import MAX_BYTES, read_table


class MetadataRefused(ValidationError):
    """Nothing was written; ``errors`` says by row and column what is wrong."""

    def __init__(self, errors: list[CellError]) -> None:
        super().__init__(
            [ValidationError(str(error), code="import_refused") for error in errors],
            code="import_refused",
        )
        self.errors = errors


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """One field of one patient that is, or would be, changed."""

    row: int
    patient: str
    field: str
    old: Value
    new: Value


@dataclass(frozen=True, kw_only=True)
class MetadataImport:
    """What an import did, or would do."""

    patients: int
    changes: list[FieldChange]
    dry_run: bool

    @property
    def changed_patients(self) -> int:
        """How many patients have a change."""
        return len({change.patient for change in self.changes})


def import_metadata(
    *, by: User | None, cohort: Cohort, table_file: BinaryIO, dry_run: bool = False
) -> MetadataImport:
    """Take in covariates and exclusion codes, or raise MetadataRefused with every error.

    A dry run does all of it and takes it back, so that it says exactly what an import would.
    """
    refuse_unless_coordinator(by, cohort)
    data = table_file.read(MAX_BYTES + 1)
    try:
        table = read_table(data)
    except TableError as refusal:
        raise MetadataRefused([refusal.error]) from refusal
    return _apply(by, cohort, table, hashlib.sha256(data).hexdigest(), dry_run)


@transaction.atomic
def _apply(
    by: User | None, cohort: Cohort, table: Table, digest: str, dry_run: bool
) -> MetadataImport:
    patients = {
        patient.pseudonym: patient
        for patient in Patient.objects.select_for_update().filter(cohort=cohort)
    }
    rows, errors = read_patients(table, known_patients(cohort, table, patients))
    if errors:
        raise MetadataRefused(errors)
    changes = [change for row in rows for change in _change(by, row, patients[row.patient])]
    done = MetadataImport(patients=len(rows), changes=changes, dry_run=dry_run)
    if dry_run:
        transaction.set_rollback(True)
    else:
        counts = {"rows": len(rows), "changes": len(changes), "file_sha256": digest}
        audit.record(by=by, verb="import_metadata", target=cohort, new=counts)
    return done


def known_patients(cohort: Cohort, table: Table, patients: Iterable[str]) -> Mapping[str, str]:
    """Return what may stand in the column of patients -> pseudonym."""
    if PATIENT_ID not in table.header:
        return {pseudonym: pseudonym for pseudonym in patients}
    place = table.header.index(PATIENT_ID)
    given = {source_key_of(cohort, row.cells[place]): row.cells[place] for row in table.rows}
    found = Patient.objects.filter(cohort=cohort, source_key__in=given)
    return {given[key]: name for key, name in found.values_list("source_key", "pseudonym")}


def _change(by: User | None, row: PatientRow, patient: Patient) -> list[FieldChange]:
    old = {field: getattr(patient, field) for field in row.values}
    new = {field: value for field, value in row.values.items() if value != old[field]}
    if not new:
        return []
    for field, value in new.items():
        setattr(patient, field, value)
    patient.full_clean(exclude=["age_years"] if patient.age_years is None else None)
    patient.save(update_fields=list(new))
    audit.record(
        by=by,
        verb="change_patient",
        target=patient,
        old={field: old[field] for field in new},
        new=new,
        reason=row.reason if "exclusion_code" in new else "",
    )
    return [
        FieldChange(row=row.row, patient=patient.pseudonym, field=field, old=old[field], new=value)
        for field, value in new.items()
    ]
