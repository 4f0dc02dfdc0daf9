"""Search another archive and pull what was found, here and now."""

import csv
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.selectors import user_named
from cohorts import archive_pipeline, archive_selectors, selectors
from cohorts.management.intake_decisions import add_decisions, decisions_in
from cohorts.models import ArchivePull, ArchiveSearch, Cohort
from cohorts.services import archives
from jobs.models import Job, JobState


class Command(BaseCommand):
    help = (
        "Search an archive of NODEWISE_ARCHIVES and pull the CT, SEG and RTSTRUCT series of the "
        "studies found; the worker takes them in. Ended early, --resume goes on."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cohort", default="", help="the cohort that is filled")
        parser.add_argument("--archive", default="", help="the archive's name in the settings")
        for option, keyword in zip(
            ("--patient-id", "--accession", "--study"), archives.KEYWORDS, strict=True
        ):
            parser.add_argument(
                option, action="append", default=[], dest=keyword, help="may be repeated"
            )
        parser.add_argument("--csv", type=Path, help="a CSV with a column named like --csv-column")
        parser.add_argument("--csv-column", choices=archives.KEYWORDS, default="PatientID")
        parser.add_argument("--list", action="store_true", help="search only")
        add_decisions(parser)
        parser.add_argument("--resume", default="", help="the id of a pull that did not end")
        parser.add_argument("--by", default="", help="user name under which this is recorded")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._run(options)
        except (ValidationError, PermissionDenied) as refusal:
            raise CommandError(" ".join(getattr(refusal, "messages", [str(refusal)]))) from refusal

    def _run(self, options: dict[str, Any]) -> None:
        by = user_named(options["by"]) if options["by"] else None
        if options["by"] and by is None:
            raise CommandError(f"--by: nobody is named '{options['by']}'.")
        if options["resume"]:
            pull = archive_selectors.pull_with_id(options["resume"])
            if pull is None:
                raise CommandError(f"--resume: there is no pull '{options['resume']}'.")
            if pull.state == JobState.FAILED:
                archives.resume_pull(by=by, pull=pull)
            self._fetch(pull)
            return
        search = self._search(by, options)
        if options["list"] or not search.found_count:
            return
        pull = archives.request_pull(
            by=by,
            search=search,
            positions=range(search.found_count),
            keep_patient_ids=options["keep_patient_ids"],
            options=decisions_in(options),
        )
        self._fetch(pull)

    def _search(self, by: Any, options: dict[str, Any]) -> ArchiveSearch:
        keyword, terms = _terms(options)
        search = archives.request_search(
            by=by,
            cohort=_cohort(options["cohort"]),
            archive=options["archive"],
            keyword=keyword,
            terms=terms,
        )
        archive_pipeline.take_up_search(search.pk)
        _raise_unless_done(search)
        for series in archive_selectors.found_series(search):
            count = "?" if series["instances"] is None else series["instances"]
            self.stdout.write(
                f"{series['term']}  {series['modality']:<8}  {count:>5} instances  "
                f"{series['description']}"
            )
        self.stdout.write(f"{search.found_count} series found.")
        return search

    def _fetch(self, pull: ArchivePull) -> None:
        self.stdout.write(f"Pull {pull.public_id}")
        self.stdout.flush()
        archive_pipeline.take_up_pull(pull.pk, self._say)
        _raise_unless_done(pull)
        self.stdout.write(f"Handed to intake; see the uploads of '{pull.search.cohort.name}'.")

    def _say(self, note: str) -> None:
        self.stdout.write(note)
        self.stdout.flush()


def _terms(options: dict[str, Any]) -> tuple[str, list[str]]:
    given = {keyword: options[keyword] for keyword in archives.KEYWORDS if options[keyword]}
    if options["csv"] is not None:
        column = options["csv_column"]
        given[column] = given.get(column, []) + _column(options["csv"], column)
    if len(given) != 1:
        raise CommandError("Search by one of --patient-id, --accession, --study or --csv.")
    ((keyword, terms),) = given.items()
    return keyword, terms


def _column(path: Path, column: str) -> list[str]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as opened:
            rows = list(csv.DictReader(opened))
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise CommandError(f"--csv: {path} cannot be read as a CSV in UTF-8.") from fault
    if not rows or column not in rows[0]:
        raise CommandError(f"--csv: {path} has no column '{column}' with values.")
    return [row[column] or "" for row in rows]


def _cohort(name: str) -> Cohort:
    cohort = selectors.cohort_named(name)
    if cohort is None:
        raise CommandError(f"There is no cohort named '{name}': create it first.")
    return cohort


def _raise_unless_done(job: Job) -> None:
    job.refresh_from_db()
    if job.state != JobState.DONE:
        raise CommandError(job.error or f"This ended as: {job.state}.")
