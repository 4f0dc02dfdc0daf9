"""Import a study that was read elsewhere, from one CSV file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.selectors import user_named
from readerstudy.analysis import pipeline, services
from readerstudy.analysis.imported_table import MAX_BYTES


class Command(BaseCommand):
    help = "Import a study that was read elsewhere (one CSV line per node) and compute its report."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="CSV file; the import page lists its columns")
        parser.add_argument("--title", required=True, help="of the study")
        parser.add_argument("--by", required=True, help="user name of a statistician")
        parser.add_argument("--model-name", default="", help="whose scores are in the file")
        parser.add_argument(
            "--ignore-unknown", action="store_true", help="leave out columns that are not known"
        )
        parser.add_argument("--wait", action="store_true", help="compute in this process")

    def handle(self, *args: Any, **options: Any) -> None:
        by = user_named(options["by"])
        if by is None:
            raise CommandError(f"--by: there is no active account '{options['by']}'.")
        try:
            dataset = services.import_dataset(
                by=by,
                title=options["title"],
                file_name=options["file"].name,
                data=_bytes_of(options["file"]),
                model_name=options["model_name"],
                ignore_unknown=options["ignore_unknown"],
            )
            run = services.request_analysis(by=by, dataset=dataset)
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        except PermissionDenied as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Imported {dataset.rows} nodes, dataset {dataset.digest}.")
        if not options["wait"]:
            self.stdout.write(f"A worker computes run {run.public_id}.")
            return
        pipeline.run_analysis(run.pk)
        run.refresh_from_db()
        if not run.results_key:
            raise CommandError(f"{run.get_state_display()}: {run.error or 'see its page'}")
        self.stdout.write(f"Computed run {run.public_id}, results {run.results_digest}.")


def _bytes_of(path: Path) -> bytes:
    """Return the file's bytes, at most one more than may be imported."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{path}: cannot be read ({error}). Give a file's path.") from error
