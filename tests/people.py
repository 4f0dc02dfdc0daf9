"""The same few people in every test: one per role, and an outsider."""

from dataclasses import dataclass
from typing import Any

import pytest

from accounts.models import User
from cohorts.models import Cohort, CohortMember
from cohorts.vocabulary import CohortRole

PASSWORD = "correct-horse-battery"


def person(username: str, **fields: Any) -> User:
    """Create an account that can be signed in with ``client.force_login``."""
    return User.objects.create(username=username, email=f"{username}@example.org", **fields)


@dataclass(frozen=True)
class People:
    """One person per role in one cohort; reader_one and reader_two hold no role in it."""

    coordinator: User
    annotator_one: User
    annotator_two: User
    adjudicator: User
    statistician: User
    reader_one: User
    reader_two: User
    outsider: User


def join(cohort: Cohort, user: User, role: CohortRole) -> None:
    """Give ``user`` a role without going through the service."""
    CohortMember.objects.get_or_create(cohort=cohort, user=user, role=role)


@pytest.fixture
def cohort(db: None) -> Cohort:
    """An empty cohort."""
    return Cohort.objects.create(name="External test 1")


@pytest.fixture
def people(cohort: Cohort) -> People:
    """One person per role in ``cohort``."""
    return people_in(cohort)


def people_in(cohort: Cohort) -> People:
    """Create one person per role in ``cohort``."""
    made = People(
        coordinator=person("coordinator", may_create_cohorts=True),
        annotator_one=person("annotator_one"),
        annotator_two=person("annotator_two"),
        adjudicator=person("adjudicator"),
        statistician=person("statistician"),
        reader_one=person("reader_one"),
        reader_two=person("reader_two"),
        outsider=person("outsider"),
    )
    join(cohort, made.coordinator, CohortRole.COORDINATOR)
    join(cohort, made.annotator_one, CohortRole.ANNOTATOR)
    join(cohort, made.annotator_two, CohortRole.ANNOTATOR)
    join(cohort, made.adjudicator, CohortRole.ADJUDICATOR)
    join(cohort, made.statistician, CohortRole.STATISTICIAN)
    return made
