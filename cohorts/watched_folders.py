"""Watched folders: what has come to rest goes to intake, and gets a report when it is through."""

import logging
from pathlib import Path

from django.core.exceptions import ValidationError

from cohorts import archive_selectors
from cohorts.channels import watching
from cohorts.channels.watching import Taken
from cohorts.intake_report import REFUSED
from cohorts.models import Cohort, IntakeUpload
from cohorts.services.deliveries import deliver
from jobs.models import JobState

logger = logging.getLogger("nodewise.watch")


def look_once(cohort: Cohort, folder: Path, settle_s: float) -> list[str]:
    """Take up what has come to rest, report on what is through; return a line for each event."""
    said = []
    for taken in watching.claim_settled(folder, settle_s):
        try:
            said += _take_on(cohort, taken)
        except OSError as fault:
            # One entry that cannot be read must not hold up the others; it is tried again.
            logger.warning("entry not read", extra={"job": "watch", "error": fault.strerror})
            said.append(f"An entry could not be read ({fault.strerror}); it is tried again.")
    return said


def _take_on(cohort: Cohort, taken: Taken) -> list[str]:
    if why := watching.refusal_of(taken.path):
        return [_end(taken, accepted=False, report=why)]
    upload = archive_selectors.delivered(taken.key)
    if upload is not None:
        return [_end_with_report(taken, upload)] if upload.is_over else []
    try:
        deliver(by=None, cohort=cohort, path=taken.path, key=taken.key, shown_name=taken.path.name)
    except ValidationError as refusal:
        return [_end(taken, accepted=False, report=" ".join(refusal.messages))]
    return [f"Taken up: {taken.path.name}"]


def _end(taken: Taken, *, accepted: bool, report: str) -> str:
    place = watching.finish(taken, accepted=accepted, report=report + "\n")
    return f"{'Taken in' if accepted else 'Refused'}: {place.name}"


def _end_with_report(taken: Taken, upload: IntakeUpload) -> str:
    entries = upload.report.get("patients", [])
    accepted = any(entry["outcome"] != REFUSED for entry in entries)
    accepted = accepted and upload.state == JobState.DONE
    return _end(taken, accepted=accepted, report=report_text(upload))


def report_text(upload: IntakeUpload) -> str:
    """Return the report of an upload for people who look into a folder."""
    lines = [f"{upload.cohort.name}, {upload.requested_at:%Y-%m-%d %H:%M} UTC"]
    refusal = upload.report.get("refusal")
    if refusal:
        lines.append(f"Refused: {refusal['sentence']} ({refusal['code']})")
    elif upload.error:
        lines.append(f"{upload.get_state_display()}: {upload.error}")
    lines += [_patient_line(entry) for entry in upload.report.get("patients", [])]
    lines += [f"Note: {note}" for note in upload.report.get("notes", [])]
    return "\n".join(lines)


def _patient_line(entry: dict[str, object]) -> str:
    outcome = str(entry["outcome"]).replace("_", " ")
    if entry["outcome"] == REFUSED:
        return f"{entry['file'] or 'A patient'}: refused: {entry['sentence']} ({entry['code']})"
    return f"{entry['pseudonym']}: {outcome}, {entry['slices']} slices, {entry['nodes']} nodes"
