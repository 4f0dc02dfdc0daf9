"""A training killed with SIGKILL, stopped and resumed: the same model to the last bit."""

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

from tests.migrated import write_migrated

ROOT = Path(__file__).resolve().parents[2]
LEASE_S = 2
KILLS = 2

PREPARE = """
import django; django.setup()
from cohorts.models import Cohort
from inference.services import start_training
from tests.inference.training_cases import TINY, freeze, store_development
from tests.people import join, person
from types import SimpleNamespace
cohort = store_development(Cohort.objects.create(name="Killed"), patients=6)
by = person("statistician")
join(cohort, by, "statistician")
dataset = freeze(SimpleNamespace(statistician=by), cohort)
start_training(by=by, dataset=dataset, name="Mine", architecture="DeepENE", settings=TINY)
"""

RESUME = """
import django; django.setup()
from accounts.models import User
from inference.models import TrainingRun
from inference.services import resume_training
resume_training(by=User.objects.get(), run=TrainingRun.objects.get())
"""


def environment(folder: Path, database: str) -> dict[str, str]:
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "readerstudy.settings",
        "DATABASE_URL": f"sqlite:///{folder / database}",
        "NODEWISE_DATA_DIR": str(folder),
        "NODEWISE_LEASE_SECONDS": str(LEASE_S),
        # The record names the code: a commit beside this test shall not change it.
        "NODEWISE_COMMIT": "0123456789ab",
        "OMP_NUM_THREADS": "1",
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


def epochs(path: Path) -> int:
    return ask(path, "SELECT sum(epoch) FROM inference_trainingmember")[0][0]


def run_of(path: Path, column: str) -> str:
    return ask(path, f"SELECT {column} FROM inference_trainingrun")[0][0]


def result(path: Path) -> dict[str, list]:
    """All that a training leaves behind, but for names and times."""
    return {
        "members": ask(path, "SELECT run, fold, sha256 FROM inference_modelmember ORDER BY 1, 2"),
        "points": ask(
            path,
            "SELECT run, fold, p.epoch, training_loss, validation_loss, metastasis_auc, ene_auc,"
            " ene_among_metastatic_auc FROM inference_trainingpoint p"
            " JOIN inference_trainingmember m ON m.id = member_id ORDER BY 1, 2, 3",
        ),
        "version": ask(path, "SELECT digest, parameters, thresholds FROM inference_modelversion"),
        "record": ask(path, "SELECT record_key FROM inference_trainingrun"),
        "predictions": ask(
            path,
            "SELECT mask_digest, origin, metastasis_score, ene_score FROM inference_prediction"
            " ORDER BY mask_digest",
        ),
    }


def kill_once(folder: Path, database: str, chance: random.Random, *, at_once: bool) -> None:
    """Kill a worker while it prepares or trains, or after it stored another epoch."""
    path = folder / database
    before, stored = run_of(path, "lease_owner"), epochs(path)
    process = worker(folder, database)
    while process.poll() is None and run_of(path, "lease_owner") == before:
        time.sleep(0.02)
    while process.poll() is None and not at_once and epochs(path) == stored:
        time.sleep(0.01)
    time.sleep(chance.uniform(0.0, 0.5))
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(LEASE_S + 0.2)


def stop_and_resume(folder: Path, database: str) -> None:
    """Ask a running worker to stop, see it end by itself, and let the training go on."""
    path, process = folder / database, worker(folder, database)
    while process.poll() is None and run_of(path, "state") != "running":
        time.sleep(0.02)
    time.sleep(1.0)
    with closing(sqlite3.connect(path, timeout=20)) as connection, connection:
        connection.execute("UPDATE inference_trainingrun SET cancel_requested = 1")
    assert process.wait(timeout=120) == 0
    assert run_of(path, "state") == "cancelled"
    subprocess.run(
        [sys.executable, "-c", RESUME], env=environment(folder, database), cwd=folder, check=True
    )
    assert run_of(path, "state") == "requested"


@pytest.mark.no_database
def test_a_killed_and_stopped_training_gives_the_very_same_model(tmp_path):
    write_migrated(tmp_path / "killed.sqlite3")
    subprocess.run(
        [sys.executable, "-c", PREPARE],
        env=environment(tmp_path, "killed.sqlite3"),
        cwd=tmp_path,
        check=True,
    )
    with closing(sqlite3.connect(tmp_path / "killed.sqlite3")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(tmp_path / "killed.sqlite3", tmp_path / "spared.sqlite3")

    chance, counts = random.Random(5), []
    for kill in range(KILLS):
        kill_once(tmp_path, "killed.sqlite3", chance, at_once=kill == 0)
        counts.append(epochs(tmp_path / "killed.sqlite3"))
        if kill == 0:
            stop_and_resume(tmp_path, "killed.sqlite3")
            counts.append(epochs(tmp_path / "killed.sqlite3"))
    for database in ("killed.sqlite3", "spared.sqlite3"):
        assert worker(tmp_path, database).wait(timeout=300) == 0
        assert run_of(tmp_path / database, "state") == "done", counts
    survived, spared = (result(tmp_path / f"{name}.sqlite3") for name in ("killed", "spared"))
    assert survived == spared
    assert len(spared["members"]) == 2
    assert len(spared["points"]) == 4
    assert len(spared["predictions"]) == 18
    assert counts[-1] > 0, f"the kills missed the work: {counts}"
