"""Imports an annotator's labels from a CSV file."""

from argparse import ArgumentParser, FileType
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.selectors import user_named
from annotation import services
from cohorts.selectors import cohort_named


class Command(BaseCommand):
    help = "Import one annotator's own labels: columns patient, node, label[, comment]."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cohort", required=True, metavar="NAME")
        parser.add_argument("--annotator", required=True, metavar="USERNAME")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen")
        parser.add_argument("--submit", action="store_true", help="submit the file's patients")
        parser.add_argument("file", type=FileType("rb"), metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        cohort, annotator = cohort_named(options["cohort"]), user_named(options["annotator"])
        if cohort is None:
            raise CommandError(f"There is no cohort called '{options['cohort']}'.")
        if annotator is None:
            raise CommandError(f"There is no active user '{options['annotator']}'.")
        try:
            done = services.import_labels(
                by=annotator,
                cohort=cohort,
                csv_file=options["file"],
                dry_run=options["dry_run"],
                submit=options["submit"],
            )
        except (ValidationError, PermissionDenied) as refusal:
            sentences = getattr(refusal, "messages", None) or [str(refusal)]
            raise CommandError("Nothing was imported.\n" + "\n".join(sentences)) from refusal
        counts = ", ".join(f"{number} {change}" for change, number in done.counts.items())
        prefix = "Dry run, nothing written: " if done.dry_run else "Imported: "
        self.stdout.write(f"{prefix}{counts}; {len(done.submitted)} patients submitted.")
