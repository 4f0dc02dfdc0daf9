"""Reads of the foundation."""

from accounts.models import User


def user_named(username_or_email: str) -> User | None:
    """Return the active account with this user name or e-mail address, in any letter case."""
    wanted = username_or_email.strip()
    by_name = User.objects.filter(is_active=True, username__iexact=wanted).first()
    if by_name or "@" not in wanted:
        return by_name
    return User.objects.filter(is_active=True, email__iexact=wanted).first()
