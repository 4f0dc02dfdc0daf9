"""Releases a cohort's reference standard."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.selectors import user_named
from annotation import selectors, services
from cohorts.selectors import cohort_named


class Command(BaseCommand):
    help = "Release the next version of a cohort's reference standard."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cohort", required=True, metavar="NAME")
        parser.add_argument("--by", required=True, metavar="USERNAME", help="a coordinator")
        parser.add_argument(
            "--reason",
            action="append",
            nargs=2,
            default=[],
            metavar=("WARNING", "TEXT"),
            help="why a warning may stand; without it they are listed with their keys",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        cohort, coordinator = cohort_named(options["cohort"]), user_named(options["by"])
        if cohort is None:
            raise CommandError(f"There is no cohort called '{options['cohort']}'.")
        if coordinator is None:
            raise CommandError(f"There is no active user '{options['by']}'.")
        try:
            released = services.release_reference_standard(
                by=coordinator, cohort=cohort, reasons=dict(options["reason"])
            )
        except (ValidationError, PermissionDenied) as refusal:
            sentences = getattr(refusal, "messages", None) or [str(refusal)]
            keys = [
                f"--reason {one.key} '...': {one.patient}, {one.finding.code}"
                for one in selectors.warnings_to_release(cohort)
                if not one.reason
            ]
            said = "\n".join(["Nothing was released.", *sentences, *keys])
            raise CommandError(said) from refusal
        self.stdout.write(
            f"Released version {released.version} of '{cohort.name}': {len(released.content)} "
            f"nodes, SHA-256 {released.digest}"
        )
