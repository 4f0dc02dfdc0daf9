"""Train a model on a development cohort's released reference standard."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.errors import Conflict
from accounts.models import User
from accounts.selectors import user_named
from cohorts.models import Cohort
from cohorts.selectors import cohort_named
from inference.runner import ARCHITECTURES
from inference.selectors import training_run_named
from inference.services import resume_training, start_training
from readerstudy.analysis.training_data import data_to_train_on
from readerstudy.analysis.training_watch import train_here

NUMBERS = {
    "runs": "each trains every fold again (published: 5)",
    "folds": "of patients (published: 5)",
    "epochs": "of each member (published DeepENE: 300)",
    "seed": "of weights, order, dropout and augmentation",
}


class Command(BaseCommand):
    help = (
        "Train a model by nested cross-validation by patient, on a development cohort with "
        "a released reference standard. --by a statistician freezes the data first; a coordinator "
        "trains on what was frozen last."
    )
    architecture = ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cohort", required=True, help="name of the development cohort")
        parser.add_argument("--name", required=True, help="of the model version to be")
        parser.add_argument(
            "--by", required=True, help="user name of a statistician or coordinator"
        )
        if not self.architecture:
            parser.add_argument("--architecture", required=True, choices=ARCHITECTURES)
        for name, words in NUMBERS.items():
            parser.add_argument(f"--{name}", type=int, help=words)
        parser.add_argument("--settings-file", type=Path, help="JSON file of further settings")
        parser.add_argument(
            "--resume", action="store_true", help="let the stopped training of this name go on"
        )
        parser.add_argument(
            "--wait", action="store_true", help="train in this process and show progress"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        by, cohort = self._person(options["by"]), self._cohort(options["cohort"])
        try:
            run = self._run(by, cohort, options)
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        except (PermissionDenied, Conflict) as refusal:
            raise CommandError(str(refusal)) from refusal
        members = run.settings["runs"] * run.settings["folds"]
        self.stdout.write(
            f"Training '{run.name}': {run.architecture}, {members} members, "
            f"{run.settings['epochs']} epochs each, on {run.dataset.nodes} nodes of "
            f"{run.dataset.patients} patients (data {run.dataset.table_key[:12]})."
        )
        if not options["wait"]:
            self.stdout.write("A worker trains it: its page under Models, Training shows how far.")
            return
        run = train_here(run, self.stdout.write)
        if run.model_version is None:
            raise CommandError(f"{run.get_state_display()}: {run.error or 'see its page'}")
        self.stdout.write(f"Registered '{run.model_version.name}', {run.model_version.digest}.")

    def _run(self, by: User, cohort: Cohort, options: dict[str, Any]) -> Any:
        if options["resume"]:
            found = training_run_named(options["name"])
            if found is None:
                raise CommandError(f"--name: there is no training named '{options['name']}'.")
            return resume_training(by=by, run=found)
        settings = self._settings(options["settings_file"])
        settings |= {name: options[name] for name in NUMBERS if options[name] is not None}
        return start_training(
            by=by,
            dataset=data_to_train_on(by=by, cohort=cohort),
            name=options["name"],
            architecture=self.architecture or options["architecture"],
            settings=settings,
        )

    def _person(self, name: str) -> User:
        user = user_named(name)
        if user is None:
            raise CommandError(f"--by: there is no active account '{name}'.")
        return user

    def _cohort(self, name: str) -> Cohort:
        cohort = cohort_named(name)
        if cohort is None:
            raise CommandError(f"--cohort: there is no cohort named '{name}'.")
        return cohort

    def _settings(self, path: Path | None) -> dict[str, Any]:
        if path is None:
            return {}
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CommandError(f"--settings-file {path}: cannot be read ({error}).") from error
        if not isinstance(found, dict):
            raise CommandError(f"--settings-file {path}: a JSON object is expected.")
        return found
