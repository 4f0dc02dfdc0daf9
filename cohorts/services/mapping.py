"""Who is P001: answered to coordinators who hold the PatientIDs, and never stored.

The server keeps a keyed digest of each PatientID and no PatientID. Whoever brings the list of
PatientIDs gets the pseudonyms to it, encrypted with a passphrase of their own.
"""

from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts import audit
from accounts.models import User
from cohorts.deidentification.mapping import encrypt_mapping
from cohorts.intake import source_key_of
from cohorts.models import Cohort
from cohorts.services.authority import refuse_unless_coordinator

MOST_PATIENTS = 100_000


@transaction.atomic
def make_mapping(
    *, by: User | None, cohort: Cohort, patient_ids: Iterable[str], passphrase: str
) -> bytes:
    """Return the encrypted mapping of those PatientIDs that are in the cohort."""
    refuse_unless_coordinator(by, cohort)
    if settings.MAPPING != "coordinator":
        raise PermissionDenied(
            "This installation never says who is who (NODEWISE_MAPPING is 'never')."
        )
    asked = {text.strip() for text in patient_ids if text.strip()}
    if not 0 < len(asked) <= MOST_PATIENTS:
        raise ValidationError(
            f"Give 1 to {MOST_PATIENTS} PatientIDs, one a line.", code="no_patient_ids"
        )
    stored = dict(cohort.patients.values_list("source_key", "pseudonym"))
    keys = {source_key_of(cohort, patient_id): patient_id for patient_id in asked}
    found = {patient_id: stored[key] for key, patient_id in keys.items() if key in stored}
    try:
        document = encrypt_mapping(found, passphrase)
    except ValueError as error:
        raise ValidationError(str(error), code="passphrase_short") from error
    audit.record(
        by=by, verb="make_mapping", target=cohort, new={"asked": len(asked), "found": len(found)}
    )
    return document
