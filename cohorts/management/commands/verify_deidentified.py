"""Search all that is stored for known identifiers."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cohorts import selectors
from cohorts.deidentification.tokens import Token, read_tokens, tokens_in
from cohorts.models import Cohort
from cohorts.verification_selectors import stored_content


class Command(BaseCommand):
    help = (
        "Search rows, blobs and files on their way for identifiers that must not be there; "
        "exit code 1 if one is found. Tokens themselves are never printed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--tokens", type=Path, required=True, help="file with one identifier a line, or JSON"
        )
        parser.add_argument("--cohort", default="", help="only this cohort; by default everything")
        parser.add_argument(
            "--without-frames",
            action="store_true",
            help="leave out compressed frames, which are made from voxels alone: faster",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        tokens, cohort = _tokens(options["tokens"]), _cohort(options["cohort"])
        pieces = found = 0
        for piece in stored_content(cohort, frames=not options["without_frames"]):
            pieces += 1
            for token in tokens_in(piece.data, tokens):
                found += 1
                self.stdout.write(f"FOUND {token.shown} in {piece.place}")
        self.stdout.write(f"{pieces} pieces searched for {len(tokens)} tokens, {found} found.")
        if found:
            raise CommandError("Identifiers are stored, see above.", returncode=1)


def _tokens(path: Path) -> list[Token]:
    try:
        return read_tokens(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"The list of tokens cannot be used: {error}") from error


def _cohort(name: str) -> Cohort | None:
    cohort = selectors.cohort_named(name) if name else None
    if name and cohort is None:
        raise CommandError(f"There is no cohort named '{name}'.")
    return cohort
