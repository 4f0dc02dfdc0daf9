"""Creating cohorts, and giving and taking roles in them."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts import audit
from accounts.models import User
from cohorts import roles, selectors
from cohorts.models import Cohort, CohortMember, PastMember
from cohorts.services.authority import refuse_unless_coordinator
from cohorts.vocabulary import CohortKind, CohortRole


@transaction.atomic
def create_cohort(*, by: User | None, name: str, kind: CohortKind) -> Cohort:
    """Create an empty cohort; whoever creates it becomes its coordinator."""
    if by is not None and not by.may_create_cohorts:
        raise PermissionDenied(
            "Your account may not create cohorts: ask the operator for this permission."
        )
    cohort = Cohort(name=name.strip(), kind=kind, created_by=by)
    if Cohort.objects.filter(name__iexact=cohort.name).exists():
        raise ValidationError(
            f"There is already a cohort named '{cohort.name}': choose another name.",
            code="name_taken",
        )
    cohort.full_clean(exclude=["created_by"] if by is None else None)
    cohort.save()
    audit.record(
        by=by, verb="create_cohort", target=cohort, new={"name": cohort.name, "kind": cohort.kind}
    )
    if by is not None:
        _give_role(by=by, cohort=cohort, user=by, role=CohortRole.COORDINATOR)
    return cohort


@transaction.atomic
def add_member(*, by: User | None, cohort: Cohort, user: User, role: CohortRole) -> CohortMember:
    """Give a person one role in the cohort."""
    refuse_unless_coordinator(by, cohort)
    return _give_role(by=by, cohort=cohort, user=user, role=role)


def _give_role(*, by: User | None, cohort: Cohort, user: User, role: CohortRole) -> CohortMember:
    # Locked: the checks of two roles given at the same moment must see each other.
    Cohort.objects.select_for_update().get(pk=cohort.pk)
    if selectors.has_role(user, cohort, role):
        raise ValidationError(
            f"{user.username} is {role.value} of '{cohort.name}' already.", code="already_member"
        )
    roles.refuse_conflicts(user=user, cohort=cohort, role=role)
    member = CohortMember(cohort=cohort, user=user, role=role)
    member.full_clean()
    member.save()
    audit.record(by=by, verb="add_member", target=cohort, new=_membership(user, role))
    return member


@transaction.atomic
def remove_member(*, by: User | None, cohort: Cohort, user: User, role: CohortRole) -> Cohort:
    """Take a role from a person; the last coordinator stays."""
    refuse_unless_coordinator(by, cohort)
    Cohort.objects.select_for_update().get(pk=cohort.pk)
    if not selectors.has_role(user, cohort, role):
        raise ValidationError(
            f"{user.username} is not {role.value} of '{cohort.name}'.", code="not_a_member"
        )
    holders = CohortMember.objects.filter(cohort=cohort, role=role)
    if role is CohortRole.COORDINATOR and holders.count() == 1:
        raise ValidationError(
            f"{user.username} is the last coordinator of '{cohort.name}': "
            "add another coordinator first.",
            code="last_coordinator",
        )
    holders.filter(user=user).delete()
    PastMember.objects.create(cohort=cohort, user=user, role=role)
    audit.record(by=by, verb="remove_member", target=cohort, old=_membership(user, role))
    return cohort


def _membership(user: User, role: CohortRole) -> dict[str, str]:
    return {"user": user.username, "role": role.value}
