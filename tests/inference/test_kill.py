"""A worker killed with SIGKILL again and again: one row per node, equal to the last bit."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KILLS = 20


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """A folder whose database is prepared once, and put back before every round."""
    return tmp_path_factory.mktemp("killed")


def after_kills(folder: Path, *arguments: str) -> dict:
    """Run the killing program in a process of its own; return its report."""
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{folder / 'killed.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "readerstudy.settings",
        "NODEWISE_DATA_DIR": str(folder),
        "NODEWISE_INFERENCE_BATCH": "3",
        "NODEWISE_INFERENCE_THREADS": "1",
        "NODEWISE_LOG_LEVEL": "CRITICAL",
        # Workers are forked: a pool of OpenMP threads would not survive that.
        "OMP_NUM_THREADS": "1",
    }
    told = subprocess.run(
        [sys.executable, "-m", "tests.inference.killing", *arguments],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(told.stdout)


@pytest.mark.no_database
def test_killed_workers_leave_one_equal_row_per_node(stage):
    report = after_kills(stage, "--kills", str(KILLS), "--seed", "2")
    assert report["kills"] >= KILLS
    assert report["timed"] > 0
    assert report["at_statement"] > 0
    assert any(0 < stored < 12 for stored in report["stored_at_kill"]), "the kills missed the work"
    assert report["nodes"] == 12 * report["rounds"]
    left = {name: report[name] for name in ("missing", "duplicated", "different", "unfinished")}
    assert not any(left.values()), (left, report["reasons"])


@pytest.mark.no_database
def test_without_its_protection_the_same_kill_loses_a_row(stage):
    """The control: a store that is not one transaction, cut in the middle."""
    report = after_kills(stage, "--cut-a-store", "--unprotected")
    assert report["missing"] == 1
    report = after_kills(stage, "--cut-a-store")
    assert report["missing"] == 0


@pytest.mark.no_database
def test_a_node_that_kills_every_worker_is_parked_and_the_rest_goes_on(stage):
    report = after_kills(stage, "--deadly-node")
    assert report == {
        "lost": 4,
        "parked": [["P001", 2, "The worker was lost 3 times while it prepared this node."]],
        "predicted": 11,
        "state": "done",
    }
