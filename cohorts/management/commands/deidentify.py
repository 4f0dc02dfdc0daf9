"""Make clean copies of CT images, segmentations, structure sets and label maps."""

import resource
import secrets
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cohorts.deidentification.folder import FolderCleaner
from cohorts.deidentification.policy import DeidentificationPolicy

SHORTEST_KEY = 32


class Command(BaseCommand):
    help = (
        "Copy a folder of DICOM CT, SEG, RTSTRUCT, NIfTI and NRRD files without identity into a "
        "new folder; other files are left out and named; exit code 1 if any was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", type=Path, help="folder to read; nothing in it is changed")
        parser.add_argument("target", type=Path, help="folder to write; must not exist or be empty")
        parser.add_argument(
            "--key-file",
            type=Path,
            default=None,
            help="file with the key (at least 32 characters) by which UIDs and dates are replaced; "
            "the same key gives the same replacements. Without it a new key is used once",
        )
        parser.add_argument(
            "--keep-patient-characteristics",
            action="store_true",
            help="keep sex, age (at most 90 years), size and weight",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        source, target = options["source"], options["target"]
        policy = DeidentificationPolicy(
            secret=_key(options["key_file"]),
            keep_patient_characteristics=options["keep_patient_characteristics"],
        )
        _check_folders(source, target)
        target.mkdir(parents=True, exist_ok=True)
        with _limited_memory(int(settings.INTAKE_MEMORY_BYTES)):
            left_out = self._clean(source, target, policy)
        if left_out:
            raise CommandError("Some files were left out, see above.", returncode=1)

    def _clean(self, source: Path, target: Path, policy: DeidentificationPolicy) -> int:
        written = left_out = 0
        for outcome in FolderCleaner(target, policy).clean_all(source):
            if outcome.refusal is None:
                written += 1
            else:
                left_out += 1
                self.stdout.write(f"left out: {outcome.source}: {outcome.refusal.message}")
        self.stdout.write(f"{written} files written to {target}, {left_out} left out.")
        return left_out


@contextmanager
def _limited_memory(size: int) -> Iterator[None]:
    """Let a file that asks for too much memory fail, not the machine."""
    before = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _key(path: Path | None) -> str:
    if path is None:
        return secrets.token_hex(32)
    try:
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise CommandError(f"The key file cannot be read: {error}") from error
    if len(key) < SHORTEST_KEY:
        raise CommandError(
            f"The key has {len(key)} characters; at least {SHORTEST_KEY} random ones are needed. "
            "Make one with: openssl rand -hex 32"
        )
    return key


def _check_folders(source: Path, target: Path) -> None:
    if not source.is_dir():
        raise CommandError(f"'{source}' is not a folder.")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise CommandError(f"'{target}' exists and is not an empty folder: choose another.")
    if source.resolve() in (target.resolve(), *target.resolve().parents):
        raise CommandError("The target lies inside the source: choose another place.")
