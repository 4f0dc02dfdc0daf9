"""Run the real parsers over many damaged files, each within 2 seconds of processor time and 512 MB.

`run_fuzz` starts worker processes of this module. Each makes the seeds, then reads mutant after
mutant in its own process: number n of a run is always the same file. Before each mutant the worker
writes its number down, so that one which kills it is known.
"""

import argparse
import contextlib
import json
import mmap
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import FrameType

from cohorts.dicom.errors import IntakeError
from tests.cohorts.hostile.mutations import Recipe, mutated, recipe
from tests.cohorts.hostile.readers import Reader, quick_reader, whole_reader
from tests.cohorts.hostile.seeds import Seed, write_seeds

ROOT = Path(__file__).resolve().parents[3]
SECONDS_EACH, BYTES_EACH = 2.0, 512 * 1024**2
HUNG_SECONDS = 60.0
MEMORY_PLACE = Path("/dev/shm")
UNDAMAGED = Recipe(())
TOLD_EVERY = 1000
"""Mutants whose outcomes are written down together: as many at most are lost with a worker."""
TURNS = {"csv": 4, "zip": 2}
"""How often the seeds that cost little come round; the others once."""


class OutOfTime(BaseException):
    """Not an Exception: no parser may catch it."""


@dataclass
class Failure:
    """One mutant that ended otherwise than accepted, asked or refused by a typed refusal."""

    number: int
    seed: str
    what: str
    steps: list[str] = field(default_factory=list)


@dataclass
class FuzzReport:
    """What became of all mutants, by seed and outcome."""

    outcomes: Counter = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    slowest_seconds: float = 0.0
    peak_bytes: int = 0

    @property
    def mutants(self) -> int:
        return sum(self.outcomes.values())


@dataclass(frozen=True)
class Mutant:
    """Which seed is damaged how, and whether it is read as a whole upload.

    `inside` damages what is compressed rather than its compressed bytes.
    """

    seed: int
    steps: Recipe = UNDAMAGED
    inside: bool = False
    whole: bool = True


def mutant_of(run: int, number: int, seeds: list[Seed]) -> Mutant:
    """Return the mutant of a number: always the same."""
    dice = random.Random(f"{run}-{number}")
    turns = [index for index, seed in enumerate(seeds) for _ in range(TURNS.get(seed.name, 1))]
    return Mutant(
        seed=turns[number % len(turns)],
        steps=recipe(dice),
        inside=dice.random() < 0.7,
        whole=dice.random() < 0.05,
    )


@dataclass
class Worker:
    """Reads mutants in this process, which has a folder of its own."""

    place: Path
    run: int

    def __post_init__(self) -> None:
        self.seeds = write_seeds(self.place / "seeds")
        self.data = [seed.data for seed in self.seeds]
        self.quick = [quick_reader(seed) for seed in self.seeds]
        self.whole = [whole_reader(seed) for seed in self.seeds]
        self.out, self.temporary = self.place / "out", self.place / "temporary"
        for folder in (self.out, self.temporary):
            folder.mkdir()
        tempfile.tempdir = str(self.temporary)
        os.chdir(self.temporary)

    def read_number(self, number: int) -> tuple[Seed, str]:
        """Read one mutant; return its outcome, which begins with FAILED if it may not be so."""
        mutant = mutant_of(self.run, number, self.seeds)
        return self.seeds[mutant.seed], self.read(mutant)

    def read(self, mutant: Mutant) -> str:
        file = self.seeds[mutant.seed].file
        file.write_bytes(mutated(self.data[mutant.seed], mutant.steps, inside=mutant.inside))
        outcome = self._outcome((self.whole if mutant.whole else self.quick)[mutant.seed])
        left = [path.name for path in self.temporary.iterdir()]
        for path in self.out.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        return f"FAILED: left {left[:3]}" if left else outcome

    def _outcome(self, reader: Reader) -> str:
        try:
            with time_limit(SECONDS_EACH):
                return reader(self.out)
        except IntakeError as error:
            return str(error.code)
        except OutOfTime:
            return f"FAILED: longer than {SECONDS_EACH} s"
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the finding
            return f"FAILED: {type(error).__name__}: {str(error)[:150]}"

    def shrunk(self, number: int) -> list[str]:
        """Return the fewest mutations of a failing mutant that still fail."""
        mutant, index = mutant_of(self.run, number, self.seeds), 0
        while index < len(mutant.steps.steps):
            fewer = replace(mutant, steps=mutant.steps.without(index))
            if self.read(fewer).startswith("FAILED"):
                mutant = fewer
            else:
                index += 1
        return [name for name, _ in mutant.steps.steps]


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `OutOfTime` in the block when it takes more processor time."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise OutOfTime

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def limit_memory() -> int:
    """Allow this process 512 MB more than it has; return what it has resident."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    has = int(status["VmSize"].split()[0]) * 1024
    resource.setrlimit(resource.RLIMIT_AS, (has + BYTES_EACH, has + BYTES_EACH))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def work(options: argparse.Namespace) -> None:
    """Read mutants from `first` to `last`; tell now and then, and failures at once."""
    report = FuzzReport()
    with (options.place / "state").open("r+b") as file, mmap.mmap(file.fileno(), 8) as state:
        worker = Worker(options.place / f"work-{options.first}", options.run)
        for index in range(len(worker.seeds)):  # imports and caches, before memory is measured
            worker.read(Mutant(index))
        before = limit_memory()
        for number in range(options.first, options.last):
            state[:] = struct.pack("<q", number)
            started = time.perf_counter()
            seed, outcome = worker.read_number(number)
            report.slowest_seconds = max(report.slowest_seconds, time.perf_counter() - started)
            failed = outcome.startswith("FAILED")
            report.outcomes[f"{seed.name}: {'FAILED' if failed else outcome}"] += 1
            if failed:
                steps = worker.shrunk(number)
                report.failures.append(Failure(number, seed.name, outcome, steps))
            if failed or report.mutants == TOLD_EVERY or number + 1 == options.last:
                tell(report, before, number + 1)
                report = FuzzReport()
        state[:] = struct.pack("<q", options.last)


def tell(report: FuzzReport, before: int, up_to: int) -> None:
    """Write one line with what is known since the last one."""
    report.peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    failures = [asdict(failure) for failure in report.failures]
    line = {**vars(report), "failures": failures, "up_to": up_to}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def run_fuzz(mutants: int, *, run: int = 1, first: int = 0, workers: int = 2) -> FuzzReport:
    """Read many mutants in several processes; one that dies costs one mutant."""
    report = FuzzReport()
    base = MEMORY_PLACE if MEMORY_PLACE.is_dir() else None
    with tempfile.TemporaryDirectory(dir=base, prefix="nodewise-fuzz-") as name:
        share = -(-mutants // workers)
        parts = [
            _Part(Path(name) / str(index), run, start, min(start + share, first + mutants))
            for index, start in enumerate(range(first, first + mutants, share))
        ]
        while running := [part for part in parts if part.next < part.last]:
            for part in running:
                part.look(report)
            time.sleep(0.05)
    return report


class _Part:
    """One worker's numbers, begun again behind a mutant that killed it."""

    def __init__(self, place: Path, run: int, first: int, last: int) -> None:
        place.mkdir()
        self.place, self.run, self.next, self.last = place, run, first, last
        self.seen, self.since = first, time.monotonic()
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        (self.place / "state").write_bytes(struct.pack("<q", self.next))
        self.seen, self.since = self.next, time.monotonic() + 60  # importing takes a while
        numbers = ["--first", str(self.next), "--last", str(self.last), "--run", str(self.run)]
        with (self.place / "told").open("wb") as told, (self.place / "said").open("wb") as said:
            return subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", __spec__.name, str(self.place), *numbers],
                stdout=told,
                stderr=said,
                cwd=ROOT,
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )

    def look(self, report: FuzzReport) -> None:
        """Take what the worker has to tell, if it has ended; kill it if it hangs."""
        status = self.process.poll()
        (at,) = struct.unpack("<q", (self.place / "state").read_bytes())
        if status is not None:
            self._take_told(report)
        if status == 0:
            self.next = self.last
        elif status is not None and status > 0:
            raise RuntimeError((self.place / "said").read_text()[-2000:])
        elif status is not None:
            report.failures.append(Failure(at, "", f"FAILED: the worker died ({status})"))
            report.outcomes["died"] += 1 + at - self.next
            self.next = at + 1
            if self.next < self.last:
                self.process = self._start()
        elif at != self.seen:
            self.seen, self.since = at, time.monotonic()
        elif time.monotonic() - self.since > HUNG_SECONDS:
            self.process.kill()

    def _take_told(self, report: FuzzReport) -> None:
        for line in (self.place / "told").read_text().splitlines(keepends=True):
            if not line.endswith("\n"):
                break  # it died while it was telling
            told = json.loads(line)
            self.next = told.pop("up_to")
            _add(report, told)


def _add(report: FuzzReport, told: dict) -> None:
    report.outcomes.update(told["outcomes"])
    report.failures += [Failure(**failure) for failure in told["failures"]]
    report.slowest_seconds = max(report.slowest_seconds, told["slowest_seconds"])
    report.peak_bytes = max(report.peak_bytes, told["peak_bytes"])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("place", type=Path)
    for name in ("--first", "--last", "--run"):
        parser.add_argument(name, type=int, required=True)
    work(parser.parse_args())


if __name__ == "__main__":
    main()
