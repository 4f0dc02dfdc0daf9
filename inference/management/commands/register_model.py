"""Register a model version from a folder of checkpoints."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from inference.models import ModelVersion
from inference.reference_parameters import (
    REFERENCE_LABEL,
    has_reference_fingerprint,
    starting_parameters,
)
from inference.runner import ARCHITECTURES
from inference.services import register_model_version
from inference.thresholds import PUBLISHED_THRESHOLDS


class Command(BaseCommand):
    help = (
        "Check a folder of checkpoints (DeepENE: RUN0/fold0/last_epoch_ckpt.pth ...), register it "
        "and print which members it holds."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True)
        parser.add_argument("--folder", required=True, type=Path)
        parser.add_argument("--architecture", default=ARCHITECTURES[0], choices=ARCHITECTURES)
        parser.add_argument("--provenance", required=True, help="published or untrained")
        parser.add_argument("--parameters", type=Path, help="JSON file of preprocessing parameters")
        parser.add_argument(
            "--thresholds",
            help='JSON: {"metastasis": 0.5, "ene": 0.5}; absent: what the publication fixes',
        )
        parser.add_argument("--expected-members", type=int, help="absent: as published")
        parser.add_argument("--note", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        architecture = options["architecture"]
        try:
            version = register_model_version(
                by=None,
                name=options["name"],
                folder=options["folder"],
                architecture=architecture,
                provenance=options["provenance"],
                parameters=_parameters(architecture, options["parameters"]),
                thresholds=_thresholds(architecture, options["thresholds"]),
                expected_members=options["expected_members"],
                note=options["note"],
            )
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        self._tell(version)

    def _tell(self, version: ModelVersion) -> None:
        members = list(version.members.all())
        for member in members:
            self.stdout.write(f"RUN{member.run}/fold{member.fold}  {member.sha256}")
        self.stdout.write(
            f"Registered '{version.name}': {version.architecture}, "
            f"{version.get_provenance_display()}, "
            f"{len(members)} of {version.expected_members} members, digest {version.digest}."
        )
        if has_reference_fingerprint(version.architecture, version.parameters):
            self.stderr.write(
                f"Its intensities are normalised by the {REFERENCE_LABEL}: plausible for "
                "contrast-enhanced neck CT. Give --parameters where the right numbers are known."
            )


def _parameters(architecture: str, path: Path | None) -> dict[str, Any]:
    if path is None:
        return starting_parameters(architecture)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"--parameters {path}: cannot be read ({error}).") from error
    return _object(f"--parameters {path}", text)


def _thresholds(architecture: str, text: str | None) -> dict[str, Any]:
    if text is None:
        return dict(PUBLISHED_THRESHOLDS.get(architecture, {}))
    return _object("--thresholds", text)


def _object(what: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise CommandError(f"{what}: not JSON ({error}).") from error
    if not isinstance(value, dict):
        raise CommandError(f"{what}: a JSON object in braces was expected.")
    return value
