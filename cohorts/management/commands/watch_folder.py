"""Take in what is copied into a folder."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections

from cohorts import selectors, watched_folders
from cohorts.models import Cohort


class Command(BaseCommand):
    help = (
        "Watch a folder: each subfolder or zip that has come to rest is taken in once, by the "
        "worker, and moved to _taken or _refused with a report. Safe to kill at any time."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cohort", default="", help="the cohort that is filled")
        parser.add_argument("--folder", type=Path, help="the folder that is watched")
        parser.add_argument("--once", action="store_true", help="look once and end")
        parser.add_argument(
            "--settle", type=float, default=30.0, help="seconds without change before it is taken"
        )
        parser.add_argument("--interval", type=float, default=5.0, help="seconds between looks")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["settle"] < 0 or options["interval"] <= 0:
            raise CommandError("--settle must not be negative and --interval must be above 0.")
        while True:
            for cohort, folder in self._watched(options):
                for line in watched_folders.look_once(cohort, folder, options["settle"]):
                    self.stdout.write(line)
            if options["once"]:
                return
            close_old_connections()
            time.sleep(options["interval"])

    def _watched(self, options: dict[str, Any]) -> list[tuple[Cohort, Path]]:
        if options["folder"] is not None:
            return [(_cohort(options["cohort"]), _existing(options["folder"]))]
        if not settings.WATCH_DIR:
            raise CommandError(
                "Give --cohort and --folder, or set NODEWISE_WATCH_DIR to a folder with one "
                "subfolder for each cohort, named like it."
            )
        top = _existing(Path(settings.WATCH_DIR))
        if options["cohort"]:
            return [(_cohort(options["cohort"]), _existing(top / options["cohort"]))]
        folders = [place for place in sorted(top.iterdir()) if place.is_dir()]
        return [
            (cohort, place)
            for place in folders
            if not place.is_symlink() and (cohort := selectors.cohort_named(place.name)) is not None
        ]


def _cohort(name: str) -> Cohort:
    cohort = selectors.cohort_named(name)
    if cohort is None:
        raise CommandError(f"There is no cohort named '{name}': create it first.")
    return cohort


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise CommandError(f"There is no folder '{folder}'.")
    return folder
