"""Give a person a role in a cohort from the command line."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.selectors import user_named
from cohorts import selectors, services
from cohorts.vocabulary import CohortRole


class Command(BaseCommand):
    help = "Give a person a role in a cohort."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cohort", help="the cohort's name")
        parser.add_argument("username", help="user name or e-mail address")
        parser.add_argument("role", choices=[role.value for role in CohortRole])

    def handle(self, *args: Any, **options: Any) -> None:
        cohort = selectors.cohort_named(options["cohort"])
        if cohort is None:
            raise CommandError(f"There is no cohort named '{options['cohort']}'.")
        user = user_named(options["username"])
        if user is None:
            raise CommandError(
                f"Nobody is named '{options['username']}': create the account with "
                "'manage.py create_user'."
            )
        try:
            member = services.add_member(
                by=None, cohort=cohort, user=user, role=CohortRole(options["role"])
            )
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        self.stdout.write(f"{user.username} is {member.role} of '{cohort.name}' now.")
