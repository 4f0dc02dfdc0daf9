"""Recompute every stored analysis and compare the bytes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from readerstudy.analysis.pipeline import recomputed_digest_matches
from readerstudy.analysis.selectors import finished_runs


class Command(BaseCommand):
    help = "Recompute all analysis results from their frozen datasets and compare the bytes."

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = 0
        for run in finished_runs():
            same = recomputed_digest_matches(run)
            wrong += not same
            verdict = "identical" if same else "DIFFERENT"
            self.stdout.write(f"run {run.public_id}  {run.results_digest[:16]}  {verdict}")
        if wrong:
            raise CommandError(f"{wrong} runs do not recompute to their stored bytes.")
