"""Register a model version from a folder of checkpoints."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from inference.deepene.parameters import REFERENCE_FINGERPRINT, PreprocessingParameters
from inference.services import register_model_version


class Command(BaseCommand):
    help = "Check a folder of checkpoints (RUN0/fold0/last_epoch_ckpt.pth ...) and register it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True)
        parser.add_argument("--folder", required=True, type=Path)
        parser.add_argument(
            "--provenance", required=True, help="published, trained_here or untrained"
        )
        parser.add_argument("--parameters", type=Path, help="JSON file of preprocessing parameters")
        parser.add_argument(
            "--thresholds", default="{}", help='JSON: {"metastasis": 0.5, "ene": 0.5}'
        )
        parser.add_argument("--expected-members", type=int, default=25)
        parser.add_argument("--note", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            version = register_model_version(
                by=None,
                name=options["name"],
                folder=options["folder"],
                provenance=options["provenance"],
                parameters=self._parameters(options["parameters"]),
                thresholds=_object("--thresholds", options["thresholds"]),
                expected_members=options["expected_members"],
                note=options["note"],
            )
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        members = f"{version.members.count()} of {version.expected_members} members"
        self.stdout.write(
            f"Registered '{version.name}': {version.get_provenance_display()}, {members}, "
            f"digest {version.digest}."
        )

    def _parameters(self, path: Path | None) -> dict[str, Any]:
        if path is None:
            self.stderr.write(
                "No --parameters given: the reference fingerprint is used. It is plausible for "
                "contrast-enhanced neck CT, but not that of the published training data."
            )
            return PreprocessingParameters(fingerprint=REFERENCE_FINGERPRINT).to_dict()
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"--parameters {path}: cannot be read ({error}).") from error
        return _object(f"--parameters {path}", text)


def _object(what: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise CommandError(f"{what}: not JSON ({error}).") from error
    if not isinstance(value, dict):
        raise CommandError(f"{what}: a JSON object in braces was expected.")
    return value
