"""cohorts.dicom: parse uploads in a child process with memory and time limits.

Parsers of foreign bytes may crash, hang or eat memory; here that costs one patient, not the
server. The parent (`prepare`) writes its order to a file and starts `python -m
cohorts.dicom.reading_child ORDER`; the child answers with JSON lines and leaves accepted patients
as folders. If the child dies, the patient it was reading is refused and a new child goes on.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from cohorts.dicom.archive import ArchiveLimits
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
        Address space of the child.
    cpu_seconds, wall_seconds : int
        Time of one child; after it, the patient being read is refused.
    archive : ArchiveLimits
    """

    memory_bytes: int = 4 * GIB
    cpu_seconds: int = 3600
    wall_seconds: int = 7200
    archive: ArchiveLimits = field(default_factory=ArchiveLimits)


@dataclass(frozen=True, kw_only=True)
class ReadingProgress:
    """How far reading has come; `patients` is 0 until the files are grouped.

    `stage` is "unpacking", "files" or "slices"; `done` of `total` counts files or slice steps of
    the patient with number `patient` (from 1).
    """

    stage: str
    patient: int = 0
    patients: int = 0
    done: int = 0
    total: int = 0


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


def prepare(
    source: Path,
    out: Path,
    *,
    progress: Callable[[ReadingProgress], None] | None = None,
    limits: ReadingLimits | None = None,
    options: IntakeOptions | None = None,
    name: str = "",
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

    Returns
    -------
    PreparedIntake

    Raises
    ------
    IntakeError
        If the upload as a whole cannot be read (damaged zip, no CT, child died while grouping).
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".reading-") as work:
        reading = _Reading(
            source.resolve(), out.resolve(), Path(work), name or source.name, progress
        )
        return reading.run(limits or ReadingLimits(), options or IntakeOptions())


class _Reading:
    """One upload's reading: starts children until every patient has an answer."""

    def __init__(
        self,
        source: Path,
        out: Path,
        work: Path,
        name: str,
        progress: Callable[[ReadingProgress], None] | None,
    ) -> None:
        self.source, self.out, self.work, self.name = source, out, work, name
        self.progress = progress
        self.plan: list[dict[str, Any]] = []
        self.notes: tuple[str, ...] = ()
        self.answers: dict[int, PreparedPatient] = {}
        self.current: int | None = None

    def run(self, limits: ReadingLimits, options: IntakeOptions) -> PreparedIntake:
        while True:
            death = self._run_child(limits, options)
            if death is None:
                break
            # Before a patient was begun the trouble is the upload's; afterwards it is theirs.
            if self.current is None or self.current in self.answers:
                for index in self.answers:
                    shutil.rmtree(patient_directory(self.out, index), ignore_errors=True)
                raise death
            self._on_patient(self.current, death.as_dict(), [], [])
        ordered = tuple(self.answers[index] for index in sorted(self.answers))
        return PreparedIntake(patients=ordered, notes=self.notes)

    def _run_child(self, limits: ReadingLimits, options: IntakeOptions) -> IntakeError | None:
        """Run one child to its end; return why it died, or None."""
        order = self.work / "order.json"
        document = {
            "source": str(self.source),
            "name": self.name,
            "out": str(self.out),
            "work": str(self.work),
            "limits": asdict(limits),
            "options": options.to_dict(),
            "skip": sorted(self.answers),
        }
        order.touch(mode=0o600)  # it holds the cohort's key
        order.write_text(json.dumps(document), encoding="utf-8")
        timed_out = threading.Event()
        with subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            [sys.executable, "-m", "cohorts.dicom.reading_child", str(order)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            # Parsers' messages may quote headers; nothing of them is kept.
            stderr=subprocess.DEVNULL,
            env=_child_environment(),
            cwd=CODE_ROOT,
            text=True,
            encoding="utf-8",
        ) as child:
            timer = threading.Timer(limits.wall_seconds, _kill, (child, timed_out))
            timer.start()
            try:
                finished = self._listen(child)
            finally:
                timer.cancel()
                child.kill()
        return None if finished else self._death(child.returncode, timed_out.is_set())

    def _listen(self, child: "subprocess.Popen[str]") -> bool:
        """Take the child's lines until it ends; say whether it said that it finished."""
        finished = False
        for line in child.stdout or ():
            if not line.endswith("\n"):
                break  # killed in the middle of a line
            event = json.loads(line)
            kind = event.pop("event")
            if kind == "refused":
                raise IntakeError.from_dict(event)
            if kind == "finished":
                finished = True
            else:
                getattr(self, f"_on_{kind}")(**event)
        child.wait()
        return finished

    def _on_plan(self, patients: list[dict[str, Any]], notes: list[str]) -> None:
        self.plan, self.notes = patients, tuple(notes)

    def _on_progress(self, **event: Any) -> None:
        if event["stage"] == "slices":
            self.current = event["patient"] - 1
        if self.progress is not None:
            self.progress(ReadingProgress(**event))

    def _on_patient(
        self,
        index: int,
        refusal: dict[str, str] | None,
        notes: list[str],
        questions: list[dict[str, Any]],
    ) -> None:
        directory = patient_directory(self.out, index)
        if refusal is not None or questions:
            shutil.rmtree(directory, ignore_errors=True)
        answer = PreparedPatient(
            index=index,
            folder=self.plan[index]["folder"],
            source_patient_id=self.plan[index]["source_patient_id"],
            directory=directory,
            refusal=None if refusal is None else IntakeError.from_dict(refusal),
            notes=tuple(notes),
            questions=tuple(Question.from_dict(question) for question in questions),
        )
        self.answers[index] = answer if answer.accepted else replace(answer, directory=None)

    def _death(self, status: int, timed_out: bool) -> IntakeError:
        place = self.name
        if self.current is not None:
            place = self.plan[self.current]["folder"] or self.name
        if timed_out or status == -signal.SIGXCPU:
            return IntakeError(
                RefusalCode.OUT_OF_TIME,
                "reading took longer than allowed and was stopped; give fewer or smaller files",
                place,
            )
        return IntakeError(
            RefusalCode.READER_DIED,
            "the reader stopped unexpectedly on these files; one of them is probably damaged",
            place,
        )


def _kill(child: "subprocess.Popen[str]", timed_out: threading.Event) -> None:
    timed_out.set()
    child.kill()


def _child_environment() -> dict[str, str]:
    """Return an environment without the server's secrets, and with single-threaded numerics."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(CODE_ROOT),
        "PYTHONWARNINGS": "ignore",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def patient_directory(out: Path, index: int) -> Path:
    """Return the folder of the accepted patient with an index (from 0)."""
    return out / f"patient-{index + 1:04d}"


if __name__ == "__main__":
    # Imported late: the parent needs none of the parsers, and limits must come first.
    from cohorts.dicom.child_main import main

    main(Path(sys.argv[1]))
