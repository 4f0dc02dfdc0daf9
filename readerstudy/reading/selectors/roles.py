"""Roles exclude reading, seen from both sides."""

from accounts.models import User
from cohorts.models import Cohort
from cohorts.selectors import cohorts_sharing_ct, role_ever_held
from readerstudy.reading.models import Study, StudyReader


def roles_against_reading(user: User, study: Study) -> str | None:
    """Return why the person cannot read in this study, or None."""
    held = role_ever_held(user, study.cohorts.all())
    if held is None:
        return None
    role, cohort = held
    return (
        f"{user.username} is or was {role} of '{cohort.name}' and would not read it blinded: "
        "choose another reader."
    )


def reading_conflict(user: User, cohort: Cohort) -> str | None:
    """Return why the person cannot be given a role in this cohort, or None."""
    reader = (
        StudyReader.objects.filter(user=user, study__cohorts__in=cohorts_sharing_ct([cohort]))
        .select_related("study")
        .order_by("study__title")
        .first()
    )
    if reader is None:
        return None
    return (
        f"{user.username} reads CT of '{cohort.name}' blinded in the study "
        f"'{reader.study.title}' and cannot hold a role in the cohort: choose another person."
    )
