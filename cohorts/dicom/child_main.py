"""cohorts.dicom: what the child process of `reading_child` does."""

import json
import resource
import shutil
import sys
from pathlib import Path
from typing import Any

from cohorts.dicom.archive import ArchiveLimits, unpack_archive
from cohorts.dicom.errors import UNREADABLE_ERRORS, IntakeError, RefusalCode
from cohorts.dicom.intake import prepare_patient
from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.patients import PatientInput, group_files
from cohorts.dicom.questions import QuestionsOpen
from cohorts.dicom.reading_child import patient_directory
from cohorts.dicom.source_files import SourceFile, list_folder

GRACE_CPU_SECONDS = 5
"""Between the signal that ends the child and the one that cannot be caught."""


def main(order_path: Path) -> None:
    """Carry out the order in a JSON file; answer with JSON lines on standard output."""
    order = json.loads(order_path.read_text(encoding="utf-8"))
    _limit(order["limits"])
    try:
        patients = _group(order)
    except IntakeError as error:
        _say("refused", **error.as_dict())
        return
    except MemoryError:
        _say("refused", **_out_of_memory(order["name"]).as_dict())
        return
    options = IntakeOptions.from_dict(order["options"])
    for index, patient in enumerate(patients):
        if index not in order["skip"]:
            _read_patient(patient, index, len(patients), Path(order["out"]), options)
    _say("finished")


def _limit(limits: dict[str, Any]) -> None:
    memory, cpu = int(limits["memory_bytes"]), int(limits["cpu_seconds"])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + GRACE_CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _say(event: str, **content: Any) -> None:
    sys.stdout.write(json.dumps({"event": event, **content}) + "\n")
    sys.stdout.flush()


def _group(order: dict[str, Any]) -> list[PatientInput]:
    """List, unpack if need be, and group the files of the upload."""
    upload = group_files(
        _source_files(order),
        lambda done, total: _say("progress", stage="files", done=done, total=total),
    )
    plan = [
        {"folder": patient.folder, "source_patient_id": patient.patient_id}
        for patient in upload.patients
    ]
    _say("plan", patients=plan, notes=upload.notes)
    return upload.patients


def _source_files(order: dict[str, Any]) -> list[SourceFile]:
    source, listing = Path(order["source"]), Path(order["work"]) / "files.json"
    if source.is_dir():
        return list_folder(source)
    if listing.exists():
        # An earlier child unpacked the archive and died later.
        names = json.loads(listing.read_text(encoding="utf-8"))
        return [SourceFile(name, Path(path)) for name, path in names]
    _say("progress", stage="unpacking")
    target = Path(order["work"]) / "unpacked"
    target.mkdir()
    limits = ArchiveLimits(**order["limits"]["archive"])
    files = unpack_archive(source, target, limits, name=order["name"])
    listing.write_text(
        json.dumps([(file.name, str(file.path)) for file in files]), encoding="utf-8"
    )
    return files


def _read_patient(
    patient: PatientInput, index: int, patients: int, out: Path, options: IntakeOptions
) -> None:
    """Read one patient and say the answer; a refusal or a question leaves no folder."""

    def progress(done: int, total: int) -> None:
        _say(
            "progress", stage="slices", patient=index + 1, patients=patients, done=done, total=total
        )

    progress(0, 2 * len(patient.ct_files))
    target = patient_directory(out, index)
    refusal, notes, questions = None, list(patient.notes), []
    try:
        target.mkdir()
        notes = prepare_patient(patient, target, options, progress)
    except IntakeError as error:
        refusal = error
    except QuestionsOpen as stop:
        questions = [question.as_dict() for question in stop.questions]
    except MemoryError:
        refusal = _out_of_memory(patient.folder)
    except UNREADABLE_ERRORS as error:
        refusal = IntakeError(
            RefusalCode.UNREADABLE,
            f"a file of this patient cannot be read ({type(error).__name__}); export it again",
            patient.folder,
        )
    if refusal is not None or questions:
        shutil.rmtree(target, ignore_errors=True)
    told = refusal and refusal.as_dict()
    _say("patient", index=index, refusal=told, notes=notes, questions=questions)


def _out_of_memory(place: str) -> IntakeError:
    return IntakeError(
        RefusalCode.OUT_OF_MEMORY,
        "reading needs more memory than allowed; give a smaller series",
        place,
    )
