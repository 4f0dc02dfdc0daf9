"""Write checkpoints of untrained members, for demonstrations."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Write checkpoints with random weights, labelled untrained in themselves (70 MB each)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", required=True, type=Path)
        parser.add_argument("--runs", type=int, default=1, help="1 to 5")
        parser.add_argument("--folds", type=int, default=3, help="1 to 5")
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, *args: Any, **options: Any) -> None:
        # Every command module is imported to list the commands; only this one's use needs torch.
        from inference.deepene.checkpoints import FOLDS, RUNS
        from inference.deepene.untrained import write_untrained_members

        runs, folds = options["runs"], options["folds"]
        if not (1 <= runs <= len(RUNS) and 1 <= folds <= len(FOLDS)):
            raise CommandError(f"--runs and --folds must be 1 to 5, not {runs} and {folds}.")
        members = [(run, fold) for run in range(runs) for fold in range(folds)]
        written = write_untrained_members(options["folder"], options["seed"], members)
        for member in written:
            self.stdout.write(f"Wrote {member.path}")
