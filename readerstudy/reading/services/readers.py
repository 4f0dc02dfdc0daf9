"""Who reads: people added by name, and people invited by a link."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts import audit
from accounts.models import User
from accounts.selectors import user_named
from accounts.services import create_user
from readerstudy.reading.models import Invitation, Study, StudyReader, StudyState
from readerstudy.reading.selectors import invitation_with, roles_against_reading
from readerstudy.reading.services.access import lock_study, require_state

TOKEN_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class NewAccount:
    """What an invited person without an account fills in; the e-mail comes from the invitation."""

    username: str
    password: str


@transaction.atomic
def add_reader(*, by: User, study: Study, user: User) -> StudyReader:
    """Make a person the next reader of a draft study."""
    study = lock_study(by, study)
    require_state(study, StudyState.DRAFT, "adding readers")
    reader = _join(study, user)
    audit.record(by=by, verb="add_reader", target=study, new=_named(reader))
    return reader


@transaction.atomic
def remove_reader(*, by: User, reader: StudyReader) -> None:
    """Take a reader out of a draft study again; nothing has been read yet."""
    study = lock_study(by, reader.study)
    require_state(study, StudyState.DRAFT, "removing readers")
    audit.record(by=by, verb="remove_reader", target=study, old=_named(reader))
    reader.delete()


@transaction.atomic
def invite_reader(*, by: User, study: Study, email: str) -> tuple[Invitation, str]:
    """Return an invitation and its token; only the token's SHA-256 is stored, so show it now."""
    study = lock_study(by, study)
    require_state(study, StudyState.DRAFT, "inviting readers")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    invitation = Invitation(
        study=study,
        email=email.strip(),
        token_digest=hashlib.sha256(token.encode()).hexdigest(),
        created_by=by,
        expires_at=timezone.now() + timedelta(days=settings.INVITATION_VALID_DAYS),
    )
    invitation.full_clean()
    invitation.save()
    audit.record(
        by=by,
        verb="invite_reader",
        target=study,
        new={"invitation": invitation.pk, "expires_at": invitation.expires_at.isoformat()},
    )
    return invitation, token


@transaction.atomic
def revoke_invitation(*, by: User, invitation: Invitation) -> Invitation:
    """Make the link worthless."""
    study = lock_study(by, invitation.study)
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if invitation.accepted_at is not None:
        raise ValidationError(
            "This invitation was accepted already: remove the reader instead.",
            code="invitation_accepted",
        )
    if invitation.revoked_at is None:
        invitation.revoked_at = timezone.now()
        invitation.save(update_fields=["revoked_at"])
        audit.record(
            by=by, verb="revoke_invitation", target=study, old={"invitation": invitation.pk}
        )
    return invitation


@transaction.atomic
def accept_invitation(
    *, by: User | None, token: str, account: NewAccount | None = None
) -> StudyReader:
    """Make the person a reader: who is signed in, or a new account; twice changes nothing."""
    found = invitation_with(token)
    study = Study.objects.select_for_update().get(pk=found.study_id)
    invitation = Invitation.objects.select_for_update().get(pk=found.pk)
    if by is not None and invitation.accepted_by_id == by.pk:
        return StudyReader.objects.get(study=study, user=by)
    _refuse_spent(invitation)
    require_state(study, StudyState.DRAFT, "joining it")
    user = by or _new_user(invitation, account)
    reader = _join(study, user)
    invitation.accepted_by, invitation.accepted_at = user, timezone.now()
    invitation.save(update_fields=["accepted_by", "accepted_at"])
    audit.record(
        by=user,
        verb="accept_invitation",
        target=study,
        new={"invitation": invitation.pk, **_named(reader)},
    )
    return reader


def _refuse_spent(invitation: Invitation) -> None:
    if not invitation.is_usable:
        raise ValidationError(
            "This invitation has been used, withdrawn or has expired: ask the coordinator who sent "
            "it for a new one.",
            code="invitation_over",
        )


def _new_user(invitation: Invitation, account: NewAccount | None) -> User:
    if account is None:
        raise ValidationError(
            "Sign in, or choose a user name and a password for a new account.",
            code="account_missing",
        )
    if user_named(invitation.email) is not None:
        raise ValidationError(
            "There is an account with this invitation's e-mail address already: sign in with it.",
            code="account_exists",
        )
    return create_user(
        by=None, username=account.username, email=invitation.email, password=account.password
    )


def _join(study: Study, user: User) -> StudyReader:
    """Give the next number; the study's row is locked by the caller."""
    # Giving a role locks its cohort: of a role and a seat given at once, one sees the other.
    list(study.cohorts.select_for_update().order_by("pk"))
    if sentence := roles_against_reading(user, study):
        raise ValidationError(sentence, code="role_conflict")
    if study.readers.filter(user=user).exists():
        raise ValidationError(
            f"{user.username} is a reader of this study already.", code="reader_already"
        )
    last = study.readers.aggregate(last=Max("number"))["last"] or 0
    reader = StudyReader(study=study, user=user, number=last + 1)
    reader.full_clean()
    reader.save()
    return reader


def _named(reader: StudyReader) -> dict[str, object]:
    return {"reader": reader.number, "user": reader.user_id}
