"""Writes of the foundation: accounts."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import audit
from accounts.models import User


@transaction.atomic
def create_user(
    *, by: User | None, username: str, email: str, password: str, may_create_cohorts: bool = False
) -> User:
    """Create an account with a checked password; the password itself is not audited.

    Addresses are kept in lower case: sign-in looks them up so.
    """
    if "@" in username:
        raise ValidationError(
            "A user name cannot contain '@': it could be mistaken for somebody's e-mail address; "
            "choose another.",
            code="username_like_address",
        )
    if User.objects.filter(username__iexact=username).exists():
        raise ValidationError(
            f"The user name '{username}' is taken: choose another.", code="username_taken"
        )
    address = email.strip().lower()
    user = User(username=username, email=address, may_create_cohorts=may_create_cohorts)
    validate_password(password, user)
    user.set_password(password)
    user.full_clean()
    user.save()
    audit.record(by=by, verb="create_user", target=user, new={"username": username})
    return user
