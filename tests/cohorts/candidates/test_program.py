"""A program of the operator's gets the CT, is bounded, and its masks become proposals."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nibabel
import numpy as np
import pytest

from cohorts.candidates.program import ProgramProvider
from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.nifti_writing import affine_xyz_to_ras
from tests.cohorts.candidates.cases import GRID, asked, nodes, volume_hu, write_nifti


class Stopped(Exception):
    """Somebody asked for the end."""


def provider(script, **settings):
    command = [sys.executable, "-c", script, "{input}", "{output}"]
    return ProgramProvider({"command": command} | settings)


def is_alive(pid):
    """A zombie is dead: nobody here waits for children of the program's."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_program_gets_the_ct_and_its_masks_are_read(tmp_path):
    made = write_nifti(tmp_path / "made" / "nodes.nii.gz")
    script = f"import shutil; shutil.copy({str(made)!r}, 'nodes.nii.gz')"
    said = []
    answer = provider(script).propose(asked(tmp_path / "work", said.append))
    assert [one.box for one in answer.found] == [node.box for node in nodes()]
    assert said[0] == "Writing the CT"
    assert said[-1] == "Reading the masks"
    image = nibabel.load(tmp_path / "work" / "input" / "ct.nii.gz")
    assert np.array_equal(np.asarray(image.dataobj).transpose(2, 1, 0), volume_hu())
    assert np.allclose(image.affine, affine_xyz_to_ras(GRID), atol=1e-4)
    told = json.loads((tmp_path / "work" / "input" / "case.json").read_text())
    assert told["geometry"] == GRID.to_dict()


def test_the_ct_comes_as_dicom_where_the_program_wants_it(tmp_path):
    provider("", input="dicom").propose(asked(tmp_path / "work"))
    assert (tmp_path / "work" / "input" / "0001.dcm").read_bytes() == b"onefile"
    assert not (tmp_path / "work" / "input" / "ct.nii.gz").exists()


def test_the_program_learns_no_secret_of_the_server(tmp_path, monkeypatch):
    monkeypatch.setenv("DJANGO_SECRET_KEY", "not for programs")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    script = "import json, os; json.dump(dict(os.environ), open('../environment', 'w'))"
    provider(script, environment=["CUDA_VISIBLE_DEVICES"]).propose(asked(tmp_path / "work"))
    told = json.loads((tmp_path / "work" / "environment").read_text())
    assert told["CUDA_VISIBLE_DEVICES"] == "1"
    assert "not for programs" not in told.values()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("import sys; print('a', flush=True); sys.exit('no weights')", "status 1: no weights"),
        ("import os; os.kill(os.getpid(), 11)", "signal 11"),
    ],
)
def test_a_program_that_fails_is_told_with_its_last_words(tmp_path, script, words):
    with pytest.raises(IntakeError, match=words) as caught:
        provider(script).propose(asked(tmp_path / "work"))
    assert caught.value.code is RefusalCode.PROGRAM_FAILED


def test_a_program_that_is_not_there_is_told(tmp_path):
    with pytest.raises(IntakeError, match="No such file") as caught:
        ProgramProvider({"command": ["/no/such/program"]}).propose(asked(tmp_path / "work"))
    assert caught.value.code is RefusalCode.PROGRAM_FAILED


# It begins a child, says who the two are, and stays.
STAYS = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
with open('pids', 'w') as out:
    out.write(f'{os.getpid()} {child.pid}')
time.sleep(60)
"""


def pids_in(work):
    path = work / "output" / "pids"
    return [int(one) for one in path.read_text().split()] if path.exists() else []


def test_a_program_that_takes_too_long_is_ended(tmp_path):
    with pytest.raises(IntakeError, match=r"longer than 0\.2 s") as caught:
        provider("import time; time.sleep(60)", limit_s=0.2).propose(asked(tmp_path / "work"))
    assert caught.value.code is RefusalCode.OUT_OF_TIME


def test_a_run_that_is_stopped_ends_the_program_and_its_children(tmp_path):
    work = tmp_path / "work"

    def stop(_):
        if len(pids_in(work)) == 2:
            raise Stopped

    with pytest.raises(Stopped):
        provider(STAYS).propose(asked(work, stop))
    deadline = time.monotonic() + 10
    while any(map(is_alive, pids_in(work))) and time.monotonic() < deadline:
        os.sched_yield()
    assert [pid for pid in pids_in(work) if is_alive(pid)] == []


WORKER = f"""
import sys
from pathlib import Path
from tests.cohorts.candidates.cases import asked
from cohorts.candidates.program import ProgramProvider
command = [sys.executable, "-c", {STAYS!r}]
ProgramProvider({{"command": command}}).propose(asked(Path(sys.argv[1])))
"""


def test_the_program_dies_with_the_worker(tmp_path):
    work, deadline = tmp_path / "work", time.monotonic() + 60
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen([sys.executable, "-c", WORKER, str(work)], cwd=root) as worker:
        while len(pids_in(work)) < 2 and time.monotonic() < deadline:
            os.sched_yield()
        worker.kill()
    program, child = pids_in(work)
    try:
        while is_alive(program) and time.monotonic() < deadline:
            os.sched_yield()
        assert not is_alive(program)
    finally:
        os.kill(child, signal.SIGKILL)  # what a program begins is its own to end


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"command": []},
        {"command": "/bin/true"},
        {"command": ["true"]},
        {"command": ["/bin/true"], "input": "nrrd"},
        {"command": ["/bin/true"], "limit_s": 0},
        {"command": ["/bin/true"], "shell": True},
    ],
)
def test_settings_that_are_none_are_refused(settings):
    with pytest.raises((ValueError, TypeError)):
        ProgramProvider(settings)
