"""cohorts.dicom: parse uploads in a child process with memory and time limits.

Parsers of foreign bytes may crash, hang or eat memory; here that costs one patient, not the
server. The parent (`prepare`) writes its order to a file and starts `python -m
cohorts.dicom.reading_child ORDER`. The child groups the files and reads each patient in a fork of
its own (`patient_forks`), several at once; it answers with JSON lines and leaves accepted patients
as folders. A fork that dies costs the patient it was reading, nothing else.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from cohorts.dicom.archive import ArchiveLimits
from cohorts.dicom.disk_watch import DiskWatch
from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.questions import Question

CODE_ROOT = Path(__file__).resolve().parents[2]
GIB = 1024**3


@dataclass(frozen=True, kw_only=True)
class ReadingLimits:
    """What reading one upload may cost.

    Attributes
    ----------
    memory_bytes : int
        Address space of each process.
    cpu_seconds, wall_seconds : int
        Time for grouping the files, and again for each patient.
    output_bytes : int
        All that the reading has on the disk at one time, unpacked files included.
    workers : int
        Patients read at once.
    archive : ArchiveLimits
    """

    memory_bytes: int = 4 * GIB
    cpu_seconds: int = 3600
    wall_seconds: int = 7200
    output_bytes: int = 64 * GIB
    workers: int = 1
    archive: ArchiveLimits = field(default_factory=ArchiveLimits)


@dataclass(frozen=True, kw_only=True)
class ReadingProgress:
    """How far reading has come; `patients` is 0 until the files are grouped.

    `stage` is "unpacking", "files" or "slices"; `done` of `total` counts files or slice steps of
    the patient with number `patient` (from 1). `finished` patients have an answer.
    """

    stage: str
    patient: int = 0
    patients: int = 0
    done: int = 0
    total: int = 0
    finished: int = 0


@dataclass(frozen=True, kw_only=True)
class PreparedPatient:
    """The answer for one patient: a folder with `case.json`, a refusal, or questions."""

    index: int
    folder: str
    source_patient_id: str
    directory: Path | None
    refusal: IntakeError | None
    notes: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def accepted(self) -> bool:
        """Say whether the patient may become a case."""
        return self.refusal is None and not self.questions


@dataclass(frozen=True, kw_only=True)
class PreparedIntake:
    """The answer for a whole upload."""

    patients: tuple[PreparedPatient, ...]
    notes: tuple[str, ...]

    @property
    def accepted(self) -> tuple[PreparedPatient, ...]:
        """The patients that may become cases."""
        return tuple(patient for patient in self.patients if patient.accepted)

    @property
    def refused(self) -> tuple[PreparedPatient, ...]:
        """The patients that may not."""
        return tuple(patient for patient in self.patients if patient.refusal is not None)

    @property
    def asked(self) -> tuple[PreparedPatient, ...]:
        """The patients about whom something is asked first."""
        return tuple(patient for patient in self.patients if patient.questions)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How the files of an upload were grouped, known before the first patient is read.

    `source_patient_ids` are as found, one per patient in order, for hiding and matching only.
    """

    source_patient_ids: tuple[str, ...]
    folders: tuple[str, ...]
    notes: tuple[str, ...]


def prepare(
    source: Path,
    out: Path,
    *,
    progress: Callable[[ReadingProgress], None] | None = None,
    limits: ReadingLimits | None = None,
    options: IntakeOptions | None = None,
    name: str = "",
    skip: Collection[int] = (),
    on_plan: Callable[[Plan], None] | None = None,
    on_patient: Callable[[PreparedPatient], None] | None = None,
) -> PreparedIntake:
    """Read a folder or zip with one or more patients.

    Parameters
    ----------
    source : Path
        Folder, or zip file.
    out : Path
        Folder that receives `patient-0001` ... for each accepted patient; made if absent. A
        refused patient leaves nothing behind.
    progress : callable, optional
        Called with a `ReadingProgress` as reading goes on.
    limits : ReadingLimits, optional
    options : IntakeOptions, optional
        Decisions and answers of the person who imports.
    name : str, optional
        The upload's name as shown to people; by default the last part of `source`.
    skip : collection of int
        Indexes of patients that an earlier reading of the same source has answered.
    on_plan : callable, optional
        Called once with the `Plan`.
    on_patient : callable, optional
        Called with each patient's answer in order of index, as soon as it and all before it are
        there; the patient's folder is the callee's from then on. While it does not return no
        further answer is taken.

    Returns
    -------
    PreparedIntake
        All answers in order of index.

    Raises
    ------
    IntakeError
        If the upload as a whole cannot be read (damaged zip, no CT, child died while grouping).
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".reading-") as work:
        reading = _Reading(
            source=source.resolve(),
            out=out.resolve(),
            work=Path(work),
            name=name or source.name,
            skip=frozenset(skip),
            on_progress=progress or _ignore,
            on_plan=on_plan or _ignore,
            on_patient=on_patient or _ignore,
        )
        return reading.run(limits or ReadingLimits(), options or IntakeOptions())


def _ignore(_: object) -> None:
    return


@dataclass(kw_only=True)
class _Reading:
    """One upload's reading."""

    source: Path
    out: Path
    work: Path
    name: str
    skip: frozenset[int]
    on_progress: Callable[[ReadingProgress], None]
    on_plan: Callable[[Plan], None]
    on_patient: Callable[[PreparedPatient], None]
    plan: Plan | None = None
    answers: dict[int, PreparedPatient] = field(default_factory=dict)
    order: deque[int] = field(default_factory=deque)

    def run(self, limits: ReadingLimits, options: IntakeOptions) -> PreparedIntake:
        order = self.work / "order.json"
        document = {
            "source": str(self.source),
            "name": self.name,
            "out": str(self.out),
            "work": str(self.work),
            "limits": asdict(limits),
            "options": options.to_dict(),
            "skip": sorted(self.skip),
        }
        order.touch(mode=0o600)  # it holds the cohort's key
        order.write_text(json.dumps(document), encoding="utf-8")
        self._run_child(order, limits)
        ordered = tuple(self.answers[index] for index in sorted(self.answers))
        return PreparedIntake(patients=ordered, notes=self.plan.notes if self.plan else ())

    def _run_child(self, order: Path, limits: ReadingLimits) -> None:
        """Run the child to its end; raise if it dies before it has finished."""
        timed_out = threading.Event()
        with subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            [sys.executable, "-m", "cohorts.dicom.reading_child", str(order)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            # Parsers' messages may quote headers; nothing of them is kept.
            stderr=subprocess.DEVNULL,
            env=child_environment(self.work),
            umask=0o077,
            cwd=CODE_ROOT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        ) as child:
            # Until the plan is there; afterwards the child watches the time of each patient.
            timer = threading.Timer(limits.wall_seconds, _kill, (child, timed_out))
            timer.start()
            try:
                with DiskWatch(self.out, limits.output_bytes, partial(_kill_all, child)) as watch:
                    finished = self._listen(child, timer)
            finally:
                timer.cancel()
                _kill_all(child)
        if not finished:
            self._remove_unanswered()
            raise self._death(child.returncode, timed_out.is_set(), watch.exceeded)

    def _remove_unanswered(self) -> None:
        """Remove what patients left who were being read when the child died."""
        for index in range(len(self.plan.folders) if self.plan else 0):
            if index not in self.answers:
                shutil.rmtree(patient_directory(self.out, index), ignore_errors=True)

    def _listen(self, child: "subprocess.Popen[str]", timer: threading.Timer) -> bool:
        """Take the child's lines until it ends; say whether it said that it finished."""
        for line in child.stdout or ():
            if not line.endswith("\n"):
                break  # killed in the middle of a line
            event = json.loads(line)
            kind = event.pop("event")
            if kind == "refused":
                raise IntakeError.from_dict(event)
            if kind == "finished":
                return True
            if kind == "plan":
                timer.cancel()
            getattr(self, f"_on_{kind}")(**event)
        child.wait()
        return False

    def _on_plan(self, patients: list[dict[str, Any]], notes: list[str]) -> None:
        self.plan = Plan(
            source_patient_ids=tuple(patient["source_patient_id"] for patient in patients),
            folders=tuple(patient["folder"] for patient in patients),
            notes=tuple(notes),
        )
        self.order.extend(index for index in range(len(patients)) if index not in self.skip)
        self.on_plan(self.plan)

    def _on_progress(self, **event: Any) -> None:
        finished = len(self.skip) + len(self.answers)
        self.on_progress(ReadingProgress(**event, finished=finished))

    def _on_patient(self, index: int) -> None:
        if self.plan is None:
            raise RuntimeError("the child answered before it said its plan")
        answer = json.loads(answer_path(self.work, index).read_text(encoding="utf-8"))
        refusal = answer["refusal"] and IntakeError.from_dict(answer["refusal"])
        questions = tuple(Question.from_dict(question) for question in answer["questions"])
        directory = patient_directory(self.out, index)
        if refusal or questions:
            shutil.rmtree(directory, ignore_errors=True)
        patient = PreparedPatient(
            index=index,
            folder=self.plan.folders[index],
            source_patient_id=self.plan.source_patient_ids[index],
            directory=None if refusal or questions else directory,
            refusal=refusal,
            notes=tuple(answer["notes"]),
            questions=questions,
        )
        self.answers[index] = patient
        while self.order and self.order[0] in self.answers:
            self.on_patient(self.answers[self.order.popleft()])

    def _death(self, status: int, timed_out: bool, disk_exceeded: bool) -> IntakeError:
        code = RefusalCode.READER_DIED
        if disk_exceeded:
            code = RefusalCode.OUTPUT_SIZE
        elif timed_out or status == -signal.SIGXCPU:
            code = RefusalCode.OUT_OF_TIME
        return death_of_reader(code, self.name)


def death_of_reader(code: RefusalCode, place: str) -> IntakeError:
    """Return the refusal for a process that took too long or died."""
    sentences = {
        RefusalCode.OUT_OF_TIME: "reading took longer than allowed and was stopped; "
        "give fewer or smaller files",
        RefusalCode.OUTPUT_SIZE: "reading wrote more to the disk than allowed and was stopped; "
        "give fewer patients",
        RefusalCode.READER_DIED: "the reader stopped unexpectedly on these files; "
        "one of them is probably damaged",
    }
    return IntakeError(code, sentences[code], place)


def _kill(child: "subprocess.Popen[str]", timed_out: threading.Event) -> None:
    timed_out.set()
    _kill_all(child)


def _kill_all(child: "subprocess.Popen[str]") -> None:
    """End the child and its forks, which are of its process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def child_environment(work: Path) -> dict[str, str]:
    """Return an environment without the server's secrets, and with single-threaded numerics.

    Temporary files go into the reading's own folder, which is removed with everything in it.
    """
    return {
        "PATH": os.environ.get("PATH", ""),
        "LANG": "C.UTF-8",
        "HOME": str(work),
        "TMPDIR": str(work),
        "PYTHONPATH": str(CODE_ROOT),
        "PYTHONWARNINGS": "ignore",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def patient_directory(out: Path, index: int) -> Path:
    """Return the folder of the accepted patient with an index (from 0)."""
    return out / f"patient-{index + 1:04d}"


def answer_path(work: Path, index: int) -> Path:
    """Return the file with the answer for the patient with an index (from 0)."""
    return work / f"answer-{index + 1:04d}.json"


if __name__ == "__main__":
    # Imported late: the parent needs none of the parsers, and limits must come first.
    from cohorts.dicom.child_main import main

    main(Path(sys.argv[1]))
