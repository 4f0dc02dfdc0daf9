"""Create an account from the command line."""

import os
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.services import create_user


class Command(BaseCommand):
    help = "Create an account; the password comes from NODEWISE_PASSWORD or a prompt."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--email", default="")
        parser.add_argument("--may-create-cohorts", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        password = os.environ.get("NODEWISE_PASSWORD") or getpass("Password: ")
        try:
            user = create_user(
                by=None,
                username=options["username"],
                email=options["email"],
                password=password,
                may_create_cohorts=options["may_create_cohorts"],
            )
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        self.stdout.write(f"Created {user.username}.")
