"""The reading child's limits, each reached once by a real child."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cohorts import drop
from cohorts.dicom.disk_watch import bytes_below
from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.reading_child import ReadingLimits, prepare
from cohorts.models import IntakeUpload
from tests.cohorts.dicom.series_files import ct_slice, write_series
from tests.cohorts.inputs import zip_of

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def source(tmp_path):
    write_series(tmp_path / "in" / "A")
    return tmp_path / "in"


def write_noise(folder: Path, *, size: int, count: int) -> Path:
    folder.mkdir(parents=True)
    for index in range(count):
        noise = np.random.default_rng(index).integers(0, 4000, size * size, np.uint16)
        slice_ = ct_slice(index, Rows=size, Columns=size, PixelData=noise.tobytes())
        slice_.save_as(folder / f"{index:03d}.dcm", enforce_file_format=True)
    return folder


def refusal_of(source, out, limits):
    try:
        (patient,) = prepare(source, out, limits=limits).refused
    except IntakeError as error:
        return error.code
    return patient.refusal.code


def environment_and_limits(folder: Path) -> dict:
    """What a child sees of itself, asked in a child with the same limits and environment."""
    from cohorts.dicom.reading_child import child_environment

    limits = {"memory_bytes": 2**30, "cpu_seconds": 7, "output_bytes": 2**20}
    script = (
        "import json, os, resource, tempfile\n"
        "from cohorts.dicom.process_limits import limit_process\n"
        f"limit_process({limits!r})\n"
        "names = ('AS', 'CPU', 'FSIZE', 'NOFILE', 'CORE')\n"
        "got = {n: resource.getrlimit(getattr(resource, 'RLIMIT_' + n))[0] for n in names}\n"
        "os.environ.pop('GDCM_RESOURCES_PATH', '')  # set by gdcm when it is imported\n"
        "print(json.dumps([got, dict(os.environ), tempfile.gettempdir()]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=child_environment(folder),
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_the_child_has_limits_and_no_secrets(tmp_path, monkeypatch):
    monkeypatch.setenv("DJANGO_SECRET_KEY", "canary-key")
    monkeypatch.setenv("DATABASE_URL", "postgres://canary")
    limits, environment, temporary = environment_and_limits(tmp_path)
    assert limits == {"AS": 2**30, "CPU": 7, "FSIZE": 2**20, "NOFILE": 256, "CORE": 0}
    assert "canary" not in json.dumps(environment)
    assert set(environment) <= {
        "PATH", "LANG", "HOME", "TMPDIR", "PYTHONPATH", "PYTHONWARNINGS", "LC_CTYPE",
        "PYTHONDONTWRITEBYTECODE", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
    }  # fmt: skip
    assert temporary == environment["HOME"] == str(tmp_path)


def test_files_of_a_reading_are_the_owner_s_alone(source, tmp_path):
    (patient,) = prepare(source, tmp_path / "out").patients
    modes = {path.stat().st_mode & 0o077 for path in patient.directory.rglob("*")}
    assert modes == {0}


@pytest.mark.parametrize("output_bytes", [500_000, 10_000])
def test_output_beyond_the_limit_is_refused_and_removed(tmp_path, output_bytes):
    """At 500,000 bytes no single file is too large: all frames together are."""
    source = write_noise(tmp_path / "in", size=512, count=60)
    limits = ReadingLimits(output_bytes=output_bytes)
    assert refusal_of(source, tmp_path / "out", limits) is RefusalCode.OUTPUT_SIZE
    assert bytes_below(tmp_path / "out") == 0
    assert prepare(source, tmp_path / "free", limits=ReadingLimits()).accepted


def test_unpacking_beyond_the_limit_of_one_file_is_refused_and_removed(tmp_path):
    write_noise(tmp_path / "in" / "A", size=512, count=2)
    archive = zip_of(tmp_path / "in", tmp_path / "in.zip")
    limits = ReadingLimits(output_bytes=100_000)
    assert refusal_of(archive, tmp_path / "out", limits) is RefusalCode.OUTPUT_SIZE
    assert list((tmp_path / "out").iterdir()) == []


def test_a_reading_out_of_processor_time_is_refused(tmp_path):
    source = write_noise(tmp_path / "in", size=1024, count=60)
    limits = replace(ReadingLimits(), cpu_seconds=1)
    assert refusal_of(source, tmp_path / "out", limits) is RefusalCode.OUT_OF_TIME
    assert list((tmp_path / "out").iterdir()) == []


def read_in_a_process(source: Path, out: Path) -> subprocess.Popen:
    script = (
        "import sys; from pathlib import Path\n"
        "from cohorts.dicom.reading_child import prepare\n"
        "prepare(Path(sys.argv[1]), Path(sys.argv[2]))\n"
    )
    return subprocess.Popen([sys.executable, "-c", script, str(source), str(out)], cwd=ROOT)


def readers() -> set[int]:
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if b"cohorts.dicom.reading_child" in command:
            found.add(int(path.parent.name))
    return found


def wait_until(condition, seconds: float = 90) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)


def killed_while_reading(place: Path, out: Path) -> tuple[Path, set[int]]:
    """Kill a process while its child reads; return what the child was given, and its processes."""
    process = read_in_a_process(write_noise(place, size=512, count=100), out)
    wait_until(lambda: list(out.glob("patient-*")))
    (order,) = out.glob(".reading-*/order.json")
    ours = {pid for pid in readers() if str(order).encode() in command_of(pid)}
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    return order, ours


finds_readers = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="finds the child in /proc"
)


@finds_readers
def test_no_reader_outlives_its_parent_and_what_it_left_is_the_owner_s_alone(tmp_path):
    order, ours = killed_while_reading(tmp_path / "in", tmp_path / "out")
    assert ours
    wait_until(lambda: not ours & readers())
    assert order.parent.stat().st_mode & 0o077 == 0


@finds_readers
def test_what_a_killed_attempt_left_is_removed_by_the_next(tmp_path, settings):
    settings.DROP_DIR = tmp_path / "drop"
    upload = IntakeUpload(attempts=1)
    first = drop.work_folder(upload)
    order, ours = killed_while_reading(tmp_path / "in", first)
    wait_until(lambda: not ours & readers())
    assert order.exists()
    upload.attempts = 2
    second = drop.work_folder(upload)
    assert list(settings.DROP_DIR.iterdir()) == [second]
    assert list(second.iterdir()) == []


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
