"""Request a model's predictions for a cohort."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.selectors import user_named
from cohorts.selectors import cohort_named
from inference.selectors import model_named
from inference.services import request_predictions


class Command(BaseCommand):
    help = "Request the predictions that a cohort's nodes lack; the worker computes them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cohort", required=True)
        parser.add_argument("--model", required=True)
        parser.add_argument("--by", required=True, help="user name of a coordinator")

    def handle(self, *args: Any, **options: Any) -> None:
        user, cohort = user_named(options["by"]), cohort_named(options["cohort"])
        version = model_named(options["model"])
        if user is None:
            raise CommandError(f"--by: there is no active account '{options['by']}'.")
        if cohort is None:
            raise CommandError(f"--cohort: there is no cohort named '{options['cohort']}'.")
        if version is None:
            raise CommandError(f"--model: no model version is named '{options['model']}'.")
        try:
            run = request_predictions(by=user, cohort=cohort, model_version=version)
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        except PermissionDenied as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Requested {run.progress_total} nodes: run {run.public_id}.")
