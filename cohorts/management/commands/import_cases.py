"""Take DICOM series and node masks into a cohort, here and now."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.selectors import user_named
from cohorts import selectors, services
from cohorts.intake_report import open_questions
from cohorts.management.intake_decisions import add_decisions, decisions_in
from cohorts.models import Cohort, IntakeUpload
from cohorts.pipeline import IntakeProgress
from cohorts.vocabulary import CohortKind
from jobs.models import JobState

WORDS = {
    "accepted": "accepted",
    "already_there": "already there",
    "asked": "ASKED",
    "refused": "REFUSED",
}
ANSWER_HELP = "JSON file of answers by question id; questions are printed with their ids"
HEAD = f"{'no.':>4}  {'outcome':<13}  {'patient':<16}  {'slices':>6}  {'nodes':>5}  file and reason"


class Command(BaseCommand):
    help = "Import a folder or zip of DICOM CT series and node masks; exit code 1 on any refusal."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="folder or zip file")
        parser.add_argument("--cohort", required=True, help="the cohort's name")
        parser.add_argument("--create", action="store_true", help="create the cohort if absent")
        parser.add_argument(
            "--kind",
            choices=[kind.value for kind in CohortKind],
            default=CohortKind.EXTERNAL_TEST.value,
            help="the part of a cohort that is created",
        )
        add_decisions(parser)
        parser.add_argument("--answers", type=Path, metavar="FILE", help=ANSWER_HELP)
        parser.add_argument("--by", default="", help="user name under which this is recorded")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            upload = self._import(options)
        except (ValidationError, PermissionDenied) as refusal:
            raise CommandError(" ".join(getattr(refusal, "messages", [str(refusal)]))) from refusal
        self._print_report(upload)
        patients = upload.report.get("patients", [])
        self._print_questions(upload)
        refused = sum(entry["outcome"] == "refused" for entry in patients)
        asked = sum(entry["outcome"] == "asked" for entry in patients)
        if upload.state != JobState.DONE:
            raise CommandError(upload.error or f"The import ended as: {upload.state}.")
        if refused:
            raise CommandError(f"{refused} of {len(patients)} patients were refused, see above.")
        if asked:
            raise CommandError(
                f"{asked} of {len(patients)} patients wait for answers: write them into a JSON "
                'file, {"question id": "value", ...}, and run again with --answers FILE.'
            )

    def _print_questions(self, upload: IntakeUpload) -> None:
        for question in open_questions(upload.report):
            self.stdout.write(f"question {question['id']}: {question['sentence']}")
            for choice in question["choices"]:
                self.stdout.write(f"    {choice['value']}: {choice['label']}")

    def _import(self, options: dict[str, Any]) -> IntakeUpload:
        by = _person(options["by"])
        cohort = selectors.cohort_named(options["cohort"])
        if cohort is None:
            cohort = self._create(by, options)
        answers = _answers(options["answers"]) if options["answers"] else {}
        line = _ProgressLine(self)
        try:
            return services.import_folder(
                by=by,
                cohort=cohort,
                path=options["path"],
                keep_patient_ids=options["keep_patient_ids"],
                options=decisions_in(options, answers),
                progress=line.show,
            )
        finally:
            line.end()

    def _create(self, by: User | None, options: dict[str, Any]) -> Cohort:
        if not options["create"]:
            raise CommandError(
                f"There is no cohort named '{options['cohort']}': add --create to make it."
            )
        return services.create_cohort(
            by=by, name=options["cohort"], kind=CohortKind(options["kind"])
        )

    def _print_report(self, upload: IntakeUpload) -> None:
        for note in upload.report.get("notes", []):
            self.stdout.write(f"note: {note}")
        entries = upload.report.get("patients", [])
        if entries:
            self.stdout.write(HEAD)
        for entry in entries:
            place = ": ".join(part for part in (entry["file"], entry["sentence"]) if part)
            code = f" ({entry['code']})" if entry["code"] else ""
            self.stdout.write(
                f"{entry['position']:>4}  {WORDS[entry['outcome']]:<13}  "
                f"{entry['pseudonym'] or '-':<16}  {entry['slices']:>6}  {entry['nodes']:>5}  "
                f"{place}{code}"
            )
            for warning in entry["warnings"]:
                self.stdout.write(f"{'':>6}look at it: {warning['message']} ({warning['code']})")


def _answers(path: Path) -> dict[str, str]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise CommandError(f"--answers: {path} cannot be read as JSON ({fault}).") from fault
    is_flat = isinstance(told, dict) and all(
        isinstance(value, str | list) for value in told.values()
    )
    if not is_flat:
        raise CommandError('--answers: {"question id": "value" or ["value", ...]} was expected.')
    return {
        name: value if isinstance(value, str) else "\n".join(map(str, value))
        for name, value in told.items()
    }


def _person(name: str) -> User | None:
    if not name:
        return None
    user = user_named(name)
    if user is None:
        raise CommandError(f"--by: nobody is named '{name}'.")
    return user


class _ProgressLine:
    """One line written over on a terminal; elsewhere a line per patient and stage."""

    def __init__(self, command: BaseCommand) -> None:
        self.out = command.stdout
        self.is_terminal = bool(getattr(self.out, "isatty", bool)())
        self.shown = ""
        self.stage = ""

    def show(self, progress: IntakeProgress) -> None:
        """Show how far the import has come."""
        if self.is_terminal and progress.note != self.shown:
            self.out.write(f"\r\x1b[K{progress.note}", ending="")
            self.out.flush()
        elif not self.is_terminal and progress.stage != self.stage:
            self.out.write(progress.stage)
        self.shown, self.stage = progress.note, progress.stage

    def end(self) -> None:
        """Leave the line, so that what follows starts on its own."""
        if self.is_terminal and self.shown:
            self.out.write("")
