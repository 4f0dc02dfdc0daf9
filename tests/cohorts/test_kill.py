"""SIGKILL in the middle of an import, and the same cohort after it is taken up again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cohorts.conftest import files_below
from tests.cohorts.inputs import write_patient, zip_of
from tests.migrated import write_migrated

ROOT = Path(__file__).resolve().parents[2]
PATIENTS = 6
START = """
from pathlib import Path
from django.core.files.uploadedfile import SimpleUploadedFile
from accounts.models import User
from cohorts import services
from cohorts.vocabulary import CohortKind
user = User.objects.create(username="someone", may_create_cohorts=True)
cohort = services.create_cohort(by=user, name="Killed", kind=CohortKind.DEVELOPMENT)
upload = SimpleUploadedFile("in.zip", Path({archive!r}).read_bytes())
services.request_intake(by=user, cohort=cohort, upload=upload, keep_patient_ids=False)
"""
TELL = """
import json
from cohorts.models import IntakeUpload, NodeMask, Patient
print("TOLD" + json.dumps({
    "patients": list(Patient.objects.values_list("pseudonym", flat=True)),
    "masks": NodeMask.objects.count(),
    "state": IntakeUpload.objects.get().state,
    "attempts": IntakeUpload.objects.get().attempts,
    "report": IntakeUpload.objects.get().report,
}))
"""


class Installation:
    """A whole installation of its own: database, blobs and drop folder in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "NODEWISE_DATA_DIR": str(folder),
            "NODEWISE_LEASE_SECONDS": "2",
            "DJANGO_SETTINGS_MODULE": "readerstudy.settings",
            "DATABASE_URL": f"sqlite:///{folder / 'kill.sqlite3'}",
        }

    def start(self, *arguments: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, *arguments: str) -> str:
        process = self.start(*arguments)
        printed, _ = process.communicate(timeout=120)
        assert process.returncode == 0, printed
        return printed

    def state(self) -> dict:
        printed = self.run("shell", "--no-imports", "-c", TELL)
        return json.loads(printed.partition("TOLD")[2])

    def wait_for_blobs(self, count: int) -> None:
        deadline = time.monotonic() + 60
        while len(files_below(self.folder / "blobs")) < count:
            assert time.monotonic() < deadline, "the worker stored nothing"
            time.sleep(0.002)


def test_a_killed_worker_is_gone_on_with_to_the_same_cohort(tmp_path):
    for number in range(PATIENTS):
        write_patient(tmp_path / "in", f"A{number}", seed=number)
    archive = zip_of(tmp_path / "in", tmp_path / "in.zip")
    here = Installation(tmp_path / "data")
    here.folder.mkdir()
    write_migrated(here.folder / "kill.sqlite3")
    here.run("shell", "--no-imports", "-c", START.format(archive=str(archive)))

    worker = here.start("run_worker", "--batch", "--interval", "0")
    here.wait_for_blobs(9)
    worker.send_signal(signal.SIGKILL)
    worker.wait(timeout=10)
    killed = here.state()
    if killed["state"] == "done":
        pytest.fail("the worker was finished before it was killed: use more patients")
    time.sleep(2.5)

    here.run("run_worker", "--batch", "--interval", "0")

    after = here.state()
    assert (after["state"], after["attempts"]) == ("done", 2)
    assert after["patients"] == [f"P{number:03d}" for number in range(1, PATIENTS + 1)]
    assert after["masks"] == 2 * PATIENTS
    outcomes = {entry["outcome"] for entry in after["report"]["patients"]}
    assert outcomes <= {"accepted", "already_there"}
    assert len(after["report"]["patients"]) == PATIENTS
    assert list((here.folder / "drop").iterdir()) == []
