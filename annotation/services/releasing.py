"""A coordinator releases a cohort's final labels as a version of its reference standard."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts import audit
from accounts.models import User
from annotation.label_csv import MAX_COMMENT
from annotation.models import ReferenceStandard
from annotation.reference_table import digest_of, in_fixed_order
from annotation.selectors import (
    final_rows,
    last_reference_standard,
    missing_for_release,
    settled_in,
    warnings_to_release,
)
from cohorts.models import Cohort
from cohorts.selectors import has_role
from cohorts.vocabulary import CohortRole

NO_REASONS: Mapping[str, str] = MappingProxyType({})


@transaction.atomic
def release_reference_standard(
    *, by: User, cohort: Cohort, reasons: Mapping[str, str] = NO_REASONS
) -> ReferenceStandard:
    """Freeze the cohort's final labels as the next version; refuse while anything is missing.

    With them is kept how far each patient's locked pathology report settles which nodes are
    positive; the digest covers both. ``reasons`` say, by the finding's key, why a warning of the
    rules may stand that no annotator has given one for.
    """
    locked = Cohort.objects.select_for_update().get(pk=cohort.pk)
    if not has_role(by, locked, CohortRole.COORDINATOR):
        raise PermissionDenied(
            f"Only a coordinator of '{locked.name}' releases its reference standard."
        )
    if missing := missing_for_release(locked):
        raise ValidationError(missing)
    findings = _explained(locked, reasons)
    rows = in_fixed_order(final_rows(locked))
    settled = settled_in(locked)
    digest = digest_of(rows, settled)
    last = last_reference_standard(locked)
    if last is not None and last.digest == digest:
        raise ValidationError(
            f"Nothing has changed since version {last.version}: there is nothing new to release.",
            code="unchanged",
        )
    released = ReferenceStandard(
        cohort=locked,
        version=last.version + 1 if last else 1,
        content=rows,
        identifiability=settled,
        digest=digest,
        findings=findings,
        released_by=by,
    )
    released.full_clean()
    released.save(force_insert=True)
    new = {"version": released.version, "digest": digest, "nodes": len(rows)}
    audit.record(by=by, verb="release_reference_standard", target=released, new=new)
    return released


def _explained(cohort: Cohort, reasons: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the warnings with their reasons, or raise ValidationError for those without."""
    rows = [one.row(reasons.get(one.key, "").strip()) for one in warnings_to_release(cohort)]
    problems = [
        ValidationError(
            f"{row['patient']}: {row['code']}: {row['sentence']} Write why it may stand, in at "
            f"most {MAX_COMMENT} characters.",
            code="reason_missing",
        )
        for row in rows
        if not 0 < len(row["reason"]) <= MAX_COMMENT
    ]
    if problems:
        raise ValidationError(problems)
    return rows
