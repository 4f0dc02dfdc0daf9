"""Import pathology reports of a cohort from a CSV or XLSX table."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError

from accounts.selectors import user_named
from annotation import services
from cohorts.selectors import cohort_named


class Command(BaseCommand):
    help = (
        "Check a table of pathology reports, one row per patient and level; with --apply take it "
        "in as drafts. Exit code 1 on any problem."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("table", type=Path, help="CSV or XLSX file")
        parser.add_argument("--cohort", required=True, help="the cohort's name")
        parser.add_argument("--by", required=True, help="user name of who enters them")
        parser.add_argument("--apply", action="store_true", help="take it in; else only check")

    def handle(self, *args: Any, **options: Any) -> None:
        cohort, by = cohort_named(options["cohort"]), user_named(options["by"])
        if cohort is None:
            raise CommandError(f"There is no cohort named '{options['cohort']}'.")
        if by is None:
            raise CommandError(f"--by: nobody is named '{options['by']}'.")
        try:
            with options["table"].open("rb") as table:
                done = services.import_pathology(
                    by=by, cohort=cohort, table_file=table, dry_run=not options["apply"]
                )
        except OSError as error:
            raise CommandError(f"'{options['table']}' cannot be read: {error.strerror}.") from error
        except (services.ReportsRefused, PermissionDenied) as refusal:
            raise CommandError("\n".join(getattr(refusal, "messages", [str(refusal)]))) from refusal
        for report in done.reports:
            said = "".join(f"  {warning.code}: {warning.sentence}" for warning in report.warnings)
            self.stdout.write(f"row {report.row}  {report.patient}  {report.change}{said}")
        counts = ", ".join(f"{number} {change}" for change, number in done.counts.items())
        prefix = "Only checked, nothing written: " if done.dry_run else "Taken in as drafts: "
        self.stdout.write(f"{prefix}{counts}; {len(done.left_out)} patients left empty.")
