"""Who may hold which role together; upper rooms register what they know of conflicts."""

from collections.abc import Callable

from django.core.exceptions import ValidationError

from accounts.models import User
from cohorts.models import Cohort, CohortMember, PastMember
from cohorts.vocabulary import CohortRole

ConflictCheck = Callable[[User, Cohort], str | None]
_conflict_checks: list[ConflictCheck] = []

EXCLUSIVE = (
    {CohortRole.ANNOTATOR, CohortRole.ADJUDICATOR},
    {CohortRole.ANNOTATOR, CohortRole.STATISTICIAN},
)
"""An adjudicator decides between annotators; an annotator must not see model results."""


def register_conflict_check(check: ConflictCheck) -> None:
    """Add a question asked before a role is given: a sentence means no, None means no objection."""
    if check not in _conflict_checks:
        _conflict_checks.append(check)


def refuse_conflicts(*, user: User, cohort: Cohort, role: CohortRole) -> None:
    """Raise ValidationError when the role cannot be held beside what the person already is."""
    for check in _conflict_checks:
        if sentence := check(user, cohort):
            raise ValidationError(sentence, code="role_conflict")
    # A role that was taken away counts: what was seen in it is not forgotten.
    held = {
        role
        for members in (CohortMember.objects, PastMember.objects)
        for role in members.filter(user=user, cohort=cohort).values_list("role", flat=True)
    }
    for pair in EXCLUSIVE:
        if role in pair and (pair - {role}) & held:
            other = next(iter(pair - {role}))
            raise ValidationError(
                f"{user.username} is or was {other.value} of '{cohort.name}' and cannot also be "
                f"its {role.value}: choose another person.",
                code="role_conflict",
            )
