"""A worker killed with SIGKILL again and again: one row per node, equal to the last bit."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEASE_S = 2
KILLS = 5
NODES = 16

PREPARE = """
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from pathlib import Path
from cohorts.models import Cohort, CohortMember
from inference.deepene.untrained import write_untrained_members
from inference.services import request_predictions
from tests.cases import store_case
from tests.inference.conftest import record_version
from tests.people import person
cohort, by = Cohort.objects.create(name="Killed"), person("coordinator")
CohortMember.objects.create(cohort=cohort, user=by, role="coordinator")
for number in range(4):
    store_case(cohort, f"P{number:03}", nodes=4)
version = record_version("Demo", write_untrained_members(Path("members"), 7, [(0, 0), (0, 1)]))
request_predictions(by=by, cohort=cohort, model_version=version)
"""


def environment(folder: Path, database: str) -> dict[str, str]:
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "readerstudy.settings",
        "DATABASE_URL": f"sqlite:///{folder / database}",
        "NODEWISE_DATA_DIR": str(folder),
        "NODEWISE_LEASE_SECONDS": str(LEASE_S),
        "NODEWISE_INFERENCE_THREADS": "1",
        "PYTHONPATH": str(ROOT),
    }


def worker(folder: Path, database: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "run_worker", "--batch"],
        env=environment(folder, database),
        stderr=subprocess.DEVNULL,
    )


def ask(path: Path, question: str) -> list:
    with closing(sqlite3.connect(path, timeout=20)) as database:
        return database.execute(question).fetchall()


def rows(path: Path) -> list:
    return ask(
        path,
        "SELECT mask_digest, metastasis_score, ene_score, metastasis_probability, ene_probability"
        " FROM inference_prediction ORDER BY mask_digest",
    )


def owner(path: Path) -> str:
    return ask(path, "SELECT lease_owner FROM inference_predictionrun")[0][0]


def state(path: Path) -> str:
    return ask(path, "SELECT state FROM inference_predictionrun")[0][0]


def kill_once(folder: Path, database: str, chance: random.Random, *, while_loading: bool) -> None:
    """Kill a worker at some moment after it took the run, or after it stored another node."""
    path = folder / database
    before, stored = owner(path), len(rows(path))
    process = worker(folder, database)
    while process.poll() is None and owner(path) == before:
        time.sleep(0.02)
    while process.poll() is None and not while_loading and len(rows(path)) == stored:
        time.sleep(0.01)
    time.sleep(chance.uniform(0.0, 0.3))
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(LEASE_S + 0.2)


@pytest.mark.no_database
def test_killed_workers_leave_one_equal_row_per_node(tmp_path):
    subprocess.run(
        [sys.executable, "-c", PREPARE],
        env=environment(tmp_path, "killed.sqlite3"),
        cwd=tmp_path,
        check=True,
    )
    with closing(sqlite3.connect(tmp_path / "killed.sqlite3")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(tmp_path / "killed.sqlite3", tmp_path / "spared.sqlite3")

    chance, counts = random.Random(2), []
    for kill in range(KILLS):
        kill_once(tmp_path, "killed.sqlite3", chance, while_loading=kill == 0)
        counts.append(len(rows(tmp_path / "killed.sqlite3")))
    for database in ("killed.sqlite3", "spared.sqlite3"):
        assert worker(tmp_path, database).wait(timeout=300) == 0
        assert state(tmp_path / database) == "done", counts
    survived, spared = rows(tmp_path / "killed.sqlite3"), rows(tmp_path / "spared.sqlite3")
    assert len(spared) == NODES
    assert survived == spared
    assert 0 < counts[-1] < NODES, f"the kills missed the work: {counts}"
    assert all(
        ask(tmp_path / "killed.sqlite3", "SELECT state = 'done' FROM inference_predictionitem")
    )
