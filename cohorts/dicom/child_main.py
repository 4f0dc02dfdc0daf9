"""cohorts.dicom: what the child process of `reading_child` does."""

import json
import resource
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from cohorts.dicom.archive import ArchiveLimits, unpack_archive
from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.intake import prepare_patient
from cohorts.dicom.listed_files import has_listing, read_listing
from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.patient_forks import die_with_parent, read_in_forks
from cohorts.dicom.patients import PatientInput, group_files
from cohorts.dicom.process_limits import READING_FAULTS, limit_process, refusal_of
from cohorts.dicom.questions import QuestionsOpen
from cohorts.dicom.reading_child import answer_path, death_of_reader, patient_directory
from cohorts.dicom.source_files import SourceFile, list_folder


def main(order_path: Path) -> None:
    """Carry out the order in a JSON file; answer with JSON lines on standard output."""
    order = json.loads(order_path.read_text(encoding="utf-8"))
    die_with_parent()
    limit_process(order["limits"])
    try:
        patients = _group(order)
    except IntakeError as error:
        _say("refused", **error.as_dict())
        return
    except READING_FAULTS as error:
        _say("refused", **refusal_of(error, order["name"]).as_dict())
        return
    reader = _PatientReader(order, patients)
    waiting = [index for index in range(len(patients)) if index not in set(order["skip"])]
    limits = order["limits"]
    read_in_forks(
        waiting,
        read=reader.read,
        ended=reader.ended,
        workers=limits["workers"],
        wall_seconds=limits["wall_seconds"],
    )
    _say("finished")


def _say(event: str, **content: Any) -> None:
    sys.stdout.write(json.dumps({"event": event, **content}) + "\n")
    sys.stdout.flush()


def _group(order: dict[str, Any]) -> list[PatientInput]:
    """List, unpack if need be, and group the files of the upload."""
    files, listed_notes = _source_files(order)
    upload = group_files(
        files,
        lambda done, total: _say("progress", stage="files", done=done, total=total),
    )
    plan = [
        {"folder": patient.folder, "source_patient_id": patient.patient_id}
        for patient in upload.patients
    ]
    _say("plan", patients=plan, notes=listed_notes + upload.notes)
    return upload.patients


def _source_files(order: dict[str, Any]) -> tuple[list[SourceFile], list[str]]:
    """Return the files of the source, and notes about those that never came here."""
    source = Path(order["source"])
    if source.is_dir():
        return read_listing(source) if has_listing(source) else (list_folder(source), [])
    _say("progress", stage="unpacking")
    target = Path(order["work"]) / "unpacked"
    target.mkdir()
    limits = ArchiveLimits(**order["limits"]["archive"])
    return unpack_archive(source, target, limits, name=order["name"]), []


class _PatientReader:
    """Reads patients in forks, and says their answers when the forks have ended.

    Forks write their answer to a file: they share one pipe, on which only short lines stay whole
    (POSIX: up to PIPE_BUF bytes).
    """

    def __init__(self, order: dict[str, Any], patients: list[PatientInput]) -> None:
        self.patients, self.place = patients, str(order["name"])
        self.out, self.work = Path(order["out"]), Path(order["work"])
        self.options = IntakeOptions.from_dict(order["options"])

    def read(self, index: int) -> None:
        """Read one patient (in the fork)."""
        # Parsers start no programs; what has taken one over shall not either (root still may).
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        patient, target = self.patients[index], patient_directory(self.out, index)

        def progress(done: int, total: int) -> None:
            of = {"patient": index + 1, "patients": len(self.patients)}
            _say("progress", stage="slices", done=done, total=total, **of)

        progress(0, 2 * len(patient.ct_files))
        refusal, notes, questions = None, list(patient.notes), []
        try:
            target.mkdir()
            notes = prepare_patient(patient, target, self.options, progress)
        except IntakeError as error:
            refusal = error
        except QuestionsOpen as stop:
            questions = [question.as_dict() for question in stop.questions]
        except READING_FAULTS as error:
            refusal = refusal_of(error, patient.folder)
        self._write(index, refusal, notes, questions)

    def ended(self, index: int, status: int, out_of_time: bool) -> None:
        """Say that a patient has an answer; a fork that died has none, so it is given here."""
        if status != 0 or out_of_time:
            late = out_of_time or status == -signal.SIGXCPU
            code = RefusalCode.OUT_OF_TIME if late else RefusalCode.READER_DIED
            patient = self.patients[index]
            refusal = death_of_reader(code, patient.folder or self.place)
            self._write(index, refusal, patient.notes, [])
        _say("patient", index=index)

    def _write(
        self,
        index: int,
        refusal: IntakeError | None,
        notes: list[str],
        questions: list[dict[str, Any]],
    ) -> None:
        if refusal is not None or questions:
            shutil.rmtree(patient_directory(self.out, index), ignore_errors=True)
        told = refusal and refusal.as_dict()
        answer = {"refusal": told, "notes": notes, "questions": questions}
        answer_path(self.work, index).write_text(json.dumps(answer), encoding="utf-8")
