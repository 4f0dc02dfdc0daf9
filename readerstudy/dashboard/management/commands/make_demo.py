"""Build the demonstration study; running it again changes nothing that was done."""

import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from readerstudy.dashboard.demonstration import build


class Command(BaseCommand):
    help = "Build the demonstration cohorts, studies, labels, model and report."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--scale", type=float, default=1.0, help="size of the cohorts")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "make_demo creates accounts with a known password and runs with "
                "NODEWISE_DEMO=true only: use 'make demo'."
            )
        self.started, self.last = time.monotonic(), ""
        build(self._tell, scale=options["scale"])
        self._end_line()

    def _tell(self, sentence: str) -> None:
        """Rewrite one line on a terminal; elsewhere write each step once, not each slice."""
        if not sentence:
            return
        if sys.stdout.isatty():
            self.stdout.write(f"\r\033[K{self._clock()} {sentence}", ending="")
            self.stdout.flush()
            self.last = sentence
        elif sentence.split(", slice", maxsplit=1)[0] != self.last:
            self.last = sentence.split(", slice", maxsplit=1)[0]
            self.stdout.write(f"{self._clock()} {self.last}")

    def _end_line(self) -> None:
        ready = f"{self._clock()} The demonstration study is ready."
        self.stdout.write(f"\r\033[K{ready}" if sys.stdout.isatty() else ready)

    def _clock(self) -> str:
        return f"[{time.monotonic() - self.started:5.1f} s]"
