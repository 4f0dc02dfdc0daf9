"""Write checkpoints of untrained members, for demonstrations."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from inference.member_inventory import EXPECTED_PER_SIDE, member_name
from inference.runner import ARCHITECTURES, Runner

FILE_NAME = "last_epoch_ckpt.pth"


class Command(BaseCommand):
    help = "Write checkpoints with random weights, labelled untrained in themselves (70 MB each)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", required=True, type=Path)
        parser.add_argument("--architecture", default=ARCHITECTURES[0], choices=ARCHITECTURES)
        parser.add_argument("--runs", type=int, default=1, help="1 to 5")
        parser.add_argument("--folds", type=int, default=3, help="1 to 5")
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, *args: Any, **options: Any) -> None:
        # Every command module is imported to list the commands; only this one's use needs torch.
        from inference.deepene.untrained import write_untrained_members
        from inference.runner import runner_of

        runs, folds = options["runs"], options["folds"]
        if not (1 <= runs <= EXPECTED_PER_SIDE and 1 <= folds <= EXPECTED_PER_SIDE):
            raise CommandError(f"--runs and --folds must be 1 to 5, not {runs} and {folds}.")
        members = [(run, fold) for run in range(runs) for fold in range(folds)]
        folder, seed, architecture = options["folder"], options["seed"], options["architecture"]
        if architecture == "DeepENE":
            # Its batch norms take their statistics from noise: otherwise scores are absurd.
            paths = [member.path for member in write_untrained_members(folder, seed, members)]
        else:
            runner = runner_of(architecture)
            paths = [_write(runner, folder, seed, *member) for member in members]
        for path in paths:
            self.stdout.write(f"Wrote {path}")


def _write(runner: Runner, folder: Path, seed: int, run: int, fold: int) -> Path:
    own_seed = seed + EXPECTED_PER_SIDE * run + fold
    network = runner.network()
    runner.initialise(network, own_seed)
    path = folder / member_name(run, fold) / FILE_NAME
    note = f"UNTRAINED: random initial weights from seed {own_seed}; its scores mean nothing."
    runner.save_checkpoint(path, network.state_dict(), note=note)
    return path
