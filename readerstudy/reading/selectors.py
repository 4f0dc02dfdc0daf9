"""Reads of the reading room. Whatever depends on a person takes the person first."""

from accounts.models import User
from readerstudy.reading.models import StudyReader


def is_reader(user: User) -> bool:
    """Say whether the person reads in any study (asked by the lobby)."""
    return StudyReader.objects.filter(user=user).exists()
