"""Take covariates and exclusion codes of patients from a CSV or XLSX table."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError

from accounts.selectors import user_named
from cohorts import selectors, services
from cohorts.patient_columns import Value


class Command(BaseCommand):
    help = "Check a table of patients; with --apply take it in. Exit code 1 on any problem."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("table", type=Path, help="CSV or XLSX file")
        parser.add_argument("--cohort", required=True, help="the cohort's name")
        parser.add_argument("--apply", action="store_true", help="take it in; else only check")
        parser.add_argument("--by", default="", help="user name under which this is recorded")

    def handle(self, *args: Any, **options: Any) -> None:
        cohort = selectors.cohort_named(options["cohort"])
        if cohort is None:
            raise CommandError(f"There is no cohort named '{options['cohort']}'.")
        by = user_named(options["by"]) if options["by"] else None
        if options["by"] and by is None:
            raise CommandError(f"--by: nobody is named '{options['by']}'.")
        try:
            with options["table"].open("rb") as table:
                done = services.import_metadata(
                    by=by, cohort=cohort, table_file=table, dry_run=not options["apply"]
                )
        except OSError as error:
            raise CommandError(f"'{options['table']}' cannot be read: {error.strerror}.") from error
        except (services.MetadataRefused, PermissionDenied) as refusal:
            raise CommandError("\n".join(getattr(refusal, "messages", [str(refusal)]))) from refusal
        for change in done.changes:
            ends = f"{_shown(change.old)} -> {_shown(change.new)}"
            self.stdout.write(f"row {change.row}  {change.patient}  {change.field}: {ends}")
        verb = "would change" if done.dry_run else "changed"
        self.stdout.write(f"{done.changed_patients} of {done.patients} patients {verb}.")


def _shown(value: Value) -> Value:
    return "empty" if value in ("", None) else value
