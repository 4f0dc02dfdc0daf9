"""Write or open the encrypted list of who is who."""

import csv
import getpass
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from cohorts import selectors
from cohorts.deidentification.mapping import MappingUnreadableError, decrypt_mapping
from cohorts.services.mapping import make_mapping


class Command(BaseCommand):
    help = (
        "Write the pseudonyms of PatientIDs that you hold to an encrypted file (--cohort, --ids), "
        "or print such a file as CSV; opening needs no database. Nothing is stored on the server."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the encrypted file to write or open")
        parser.add_argument("--cohort", default="", help="write: the cohort's name")
        parser.add_argument("--ids", type=Path, default=None, help="write: one PatientID a line")
        parser.add_argument(
            "--passphrase-file", type=Path, default=None, help="instead of asking for it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        writing = bool(options["cohort"])
        if writing != (options["ids"] is not None):
            raise CommandError("--cohort and --ids belong together: give both to write a file.")
        passphrase = _passphrase(options["passphrase_file"])
        try:
            if writing:
                self._write(options["file"], options["cohort"], options["ids"], passphrase)
            else:
                self._open(options["file"], passphrase)
        except (ValidationError, PermissionDenied, MappingUnreadableError, OSError) as error:
            raise CommandError(" ".join(getattr(error, "messages", [str(error)]))) from error

    def _write(self, file: Path, name: str, ids: Path, passphrase: str) -> None:
        cohort = selectors.cohort_named(name)
        if cohort is None:
            raise CommandError(f"There is no cohort named '{name}'.")
        patient_ids = ids.read_text(encoding="utf-8").splitlines()
        document = make_mapping(
            by=None, cohort=cohort, patient_ids=patient_ids, passphrase=passphrase
        )
        with file.open("xb") as sink:
            sink.write(document)
        self.stdout.write(f"Written to {file}. Without the passphrase nobody can open it.")

    def _open(self, file: Path, passphrase: str) -> None:
        writer = csv.writer(self.stdout)
        writer.writerow(["patient_id", "pseudonym"])  # an empty pseudonym: not in the cohort
        found = decrypt_mapping(file.read_bytes(), passphrase)
        pairs = sorted(found.items(), key=lambda pair: pair[1])
        writer.writerows(pairs)


def _passphrase(file: Path | None) -> str:
    if file is not None:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    if not sys.stdin.isatty():
        raise CommandError("Give --passphrase-file where nobody can be asked.")
    return getpass.getpass("Passphrase: ")
