"""Import another model's scores of a cohort from CSV."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.selectors import user_named
from cohorts.selectors import cohort_named
from inference.external_import import ExternalImport, import_external_predictions


class Command(BaseCommand):
    help = "Import scores (columns patient,node,score_metastasis,score_ene): all rows, or none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--cohort", required=True)
        parser.add_argument("--name", required=True, help="name of the external model")
        parser.add_argument("--by", required=True, help="user name of a coordinator")
        parser.add_argument("--dry-run", action="store_true", help="check only")

    def handle(self, *args: Any, **options: Any) -> None:
        result = self._import(options)
        if result.problems:
            for problem in result.problems:
                self.stderr.write(str(problem))
            raise CommandError(f"{len(result.problems)} problems: nothing would be imported.")
        done = "would be imported" if options["dry_run"] else "imported"
        self.stdout.write(f"{result.rows} rows {done} for {result.nodes} nodes.")
        if result.without_row:
            self.stdout.write(f"{len(result.without_row)} nodes have no row.")

    def _import(self, options: dict[str, Any]) -> ExternalImport:
        user, cohort = user_named(options["by"]), cohort_named(options["cohort"])
        if user is None:
            raise CommandError(f"--by: there is no active account '{options['by']}'.")
        if cohort is None:
            raise CommandError(f"--cohort: there is no cohort named '{options['cohort']}'.")
        try:
            return import_external_predictions(
                by=user,
                cohort=cohort,
                name=options["name"],
                csv=options["file"].read_bytes().decode("utf-8"),
                dry_run=options["dry_run"],
            )
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['file']}: cannot be read ({error}).") from error
        except ValidationError as refusal:
            raise CommandError("\n".join(refusal.messages)) from refusal
        except PermissionDenied as refusal:
            raise CommandError(str(refusal)) from refusal
