"""Writes of DICOMweb: tokens are handed out and taken back."""

import hashlib
import secrets
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User
from cohorts import selectors
from cohorts.models import Cohort, DicomwebToken
from cohorts.vocabulary import CohortRole

LONGEST_DAYS = 90


@transaction.atomic
def create_token(*, by: User, cohort: Cohort, name: str, days: int) -> tuple[DicomwebToken, str]:
    """Make a token for the coordinator's own viewer; its secret is returned once and not kept."""
    if not selectors.has_role(by, cohort, CohortRole.COORDINATOR):
        raise PermissionDenied(f"Only a coordinator of '{cohort.name}' may do this.")
    if not 1 <= days <= LONGEST_DAYS:
        raise ValidationError(
            f"A token is good for 1 to {LONGEST_DAYS} days: choose a number between them.",
            code="days_out_of_range",
        )
    secret = f"nodewise_{secrets.token_urlsafe(32)}"
    token = DicomwebToken(
        cohort=cohort,
        user=by,
        name=name.strip(),
        digest=hashlib.sha256(secret.encode()).hexdigest(),
        expires_at=timezone.now() + timedelta(days=days),
    )
    token.full_clean()
    token.save()
    told = {"cohort": cohort.name, "expires_at": token.expires_at.isoformat()}
    audit.record(by=by, verb="create_dicomweb_token", target=token, new=told)
    return token, secret


@transaction.atomic
def revoke_token(*, by: User, token: DicomwebToken) -> DicomwebToken:
    """Take a token back at once; again does nothing."""
    locked = DicomwebToken.objects.select_for_update().get(pk=token.pk)
    if locked.user_id != by.pk:
        raise PermissionDenied("Only whoever made a token may revoke it.")
    if locked.revoked_at is None:
        locked.revoked_at = timezone.now()
        locked.save(update_fields=["revoked_at"])
        audit.record(by=by, verb="revoke_dicomweb_token", target=locked)
    return locked
