"""Recompute every stored analysis and compare the bytes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from readerstudy.analysis.models import AnalysisRun
from readerstudy.analysis.pipeline import is_recomputable, recomputed_digest_matches
from readerstudy.analysis.selectors import finished_runs, results_of


class Command(BaseCommand):
    help = (
        "Recompute all analysis results from their frozen datasets and compare the bytes. Results "
        "of an earlier version are named; this version cannot recompute them."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        wrong, runs = 0, list(finished_runs())
        for run in runs:
            told = f"run {run.public_id}  {run.results_digest[:16]}  "
            if not is_recomputable(run):
                self.stdout.write(told + _earlier(run))
                continue
            same = recomputed_digest_matches(run)
            wrong += not same
            self.stdout.write(told + ("identical" if same else "DIFFERENT"))
        if wrong:
            raise CommandError(
                f"{wrong} of {len(runs)} stored results do not recompute to the same bytes."
            )


def _earlier(run: AnalysisRun) -> str:
    schema = results_of(run)["schema_version"]
    return (
        f"computed by an earlier version (schema {schema}, code {run.code_version}): cannot be "
        "recomputed here"
    )
