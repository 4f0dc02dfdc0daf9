"""Who is P001: answered to coordinators who hold the PatientIDs, and never stored.

The server keeps a keyed digest of each PatientID and no PatientID. Whoever brings the list of
PatientIDs gets the pseudonyms to it, encrypted with a passphrase of their own.
"""

from collections.abc import Iterable
from typing import BinaryIO

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts import audit
from accounts.models import User
from cohorts.deidentification.mapping import encrypt_mapping
from cohorts.intake import source_key_of
from cohorts.models import Cohort
from cohorts.patient_columns import PATIENT_ID
from cohorts.services.authority import refuse_unless_coordinator
from cohorts.tables.cells import TableError
from cohorts.tables.reading import MAX_BYTES, read_table

MOST_PATIENTS = 100_000
COORDINATOR = "coordinator"
NEVER = "This installation never says who is who (NODEWISE_MAPPING is 'never')."


def may_make_mappings() -> bool:
    """Say whether this installation tells coordinators who is who."""
    return bool(settings.MAPPING == COORDINATOR)


def patient_ids_in(table_file: BinaryIO) -> list[str]:
    """Return the column ``patient_id`` of a CSV or XLSX table."""
    try:
        table = read_table(table_file.read(MAX_BYTES + 1))
    except TableError as refusal:
        raise ValidationError(str(refusal.error), code="table") from refusal
    if PATIENT_ID not in table.header:
        raise ValidationError(
            f"The table has no column '{PATIENT_ID}': name the column with the PatientIDs so in "
            "the first line.",
            code="no_patient_id_column",
        )
    column = table.header.index(PATIENT_ID)
    return [row.cells[column] for row in table.rows if column < len(row.cells)]


@transaction.atomic
def make_mapping(
    *, by: User | None, cohort: Cohort, patient_ids: Iterable[str], passphrase: str
) -> bytes:
    """Return the encrypted mapping of PatientIDs; those that are not in the cohort map to ""."""
    refuse_unless_coordinator(by, cohort)
    if not may_make_mappings():
        raise PermissionDenied(NEVER)
    asked = {text.strip() for text in patient_ids if text.strip()}
    if not 0 < len(asked) <= MOST_PATIENTS:
        raise ValidationError(
            f"Give 1 to {MOST_PATIENTS} PatientIDs, one a line.", code="no_patient_ids"
        )
    stored = dict(cohort.patients.values_list("source_key", "pseudonym"))
    mapping = {
        patient_id: stored.get(source_key_of(cohort, patient_id), "") for patient_id in asked
    }
    found = len([pseudonym for pseudonym in mapping.values() if pseudonym])
    if not found:
        raise ValidationError(
            "None of these PatientIDs is in the cohort: write them as they stand in the DICOM "
            "files.",
            code="none_found",
        )
    try:
        document = encrypt_mapping(mapping, passphrase)
    except ValueError as error:
        raise ValidationError(str(error), code="passphrase_short") from error
    audit.record(
        by=by, verb="make_mapping", target=cohort, new={"asked": len(asked), "found": found}
    )
    return document
