"""SIGKILL in the middle of a pull from a real archive, and the same pull gone on with."""

import json
import re
import signal
import time

import pytest

from tests.cohorts.channels import orthanc
from tests.cohorts.channels.conftest import DATA
from tests.cohorts.channels.installation import Installation
from tests.cohorts.conftest import files_below

pytestmark = pytest.mark.no_database
TELL = """
import json
from cohorts.models import ArchivePull, CTSeries, IntakeUpload
print("TOLD" + json.dumps({
    "hu": list(CTSeries.objects.values_list("hu_sha256", flat=True)),
    "uploads": IntakeUpload.objects.count(),
    "sealed": list(ArchivePull.objects.values_list("sealed_series", flat=True)),
}))
"""


def test_a_killed_pull_goes_on_where_it_stopped(archive, reference, tmp_path):
    archive.send(reference)
    data = tmp_path / "data"
    entry = {
        "name": "Hospital",
        "url": archive.url,
        "cohorts": ["Pulled"],
        "user_env": "TEST_USER",
        "password_env": "TEST_PASSWORD",
    }
    installed = Installation(
        data,
        "Pulled",
        NODEWISE_ARCHIVES=json.dumps([entry]),
        TEST_USER=orthanc.USER,
        TEST_PASSWORD=orthanc.PASSWORD,
    )
    start, run = installed.start, installed.run
    process = start(
        "pull_dicomweb", "--cohort", "Pulled", "--archive", "Hospital", "--patient-id", "OKBP-133"
    )
    printed = ""
    while "Fetching: 8 of 33" not in printed:
        line = process.stdout.readline()
        assert line, printed
        printed += line
    process.send_signal(signal.SIGKILL)
    process.wait()
    arrived = {
        path: path.stat().st_mtime_ns
        for path in files_below(data / "pulls")
        if path.suffix == ".dcm"
    }
    assert 8 <= len(arrived) < 33
    pull_id = re.search(r"Pull ([0-9a-f-]{36})", printed)[1]
    time.sleep(2.5)  # until the killed process's lease is over
    printed = run("pull_dicomweb", "--resume", pull_id)
    assert f"Fetching: {len(arrived) + 1} of 33" in printed
    assert f"Fetching: {len(arrived)} of 33" not in printed
    run("run_worker", "--batch")
    told = json.loads(run("shell", "--no-imports", "-c", TELL).partition("TOLD")[2])
    truth = json.loads((DATA / "manifest.json").read_text())["12_geometry_variants"]
    assert told["hu"] == [truth["axial_reference"]["hu_int16_sha256"]]
    assert told["uploads"] == 1
    assert told["sealed"] == [""]
    assert files_below(data / "pulls") == []
