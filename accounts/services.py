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
    """Create an account with a checked password; the password itself is not audited."""
    if User.objects.filter(username__iexact=username).exists():
        raise ValidationError(
            f"The user name '{username}' is taken: choose another.", code="username_taken"
        )
    user = User(username=username, email=email, may_create_cohorts=may_create_cohorts)
    validate_password(password, user)
    user.set_password(password)
    user.full_clean()
    user.save()
    audit.record(by=by, verb="create_user", target=user, new={"username": username})
    return user
