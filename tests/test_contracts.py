"""Each import contract is seen to fail on a violation made on purpose."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("accounts", "jobs", "cohorts", "annotation", "inference", "readerstudy")

VIOLATIONS = [
    ("cohorts/selectors.py", "import annotation.consensus", "Floors"),
    ("readerstudy/reading/selectors/reader.py", "import annotation.consensus", "Floors"),
    ("readerstudy/reading/services/calls.py", "import inference.selectors", "Truth is read only"),
    ("cohorts/views.py", "import annotation.selectors", "Truth is read only"),
    ("cohorts/dicom/runs.py", "import django", "Pure cores"),
    ("readerstudy/statistics/delong.py", "import cohorts.vocabulary", "The statistics library"),
    ("readerstudy/analysis/services.py", "import annotation.models", "Annotation's rows"),
    ("readerstudy/analysis/services.py", "import inference.models", "Inference's rows"),
    ("readerstudy/analysis/services.py", "import readerstudy.reading.models", "Reading's rows"),
    ("readerstudy/dashboard/selectors.py", "import readerstudy.analysis.models", "Analysis' rows"),
    ("annotation/selectors/own_work.py", "import annotation.services", "Inside a room"),
    ("readerstudy/analysis/services.py", "import torch", "Only the model package"),
]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package)
    shutil.copy(ROOT / ".importlinter", folder)
    return folder


def lint(folder):
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    wide = os.environ | {"COLUMNS": "200"}  # a contract's name and its verdict on one line
    return subprocess.run(
        command, cwd=folder, env=wide, capture_output=True, text=True, check=False
    )


@pytest.mark.no_database
def test_the_house_as_it_stands_keeps_every_contract(house):
    done = lint(house)
    assert done.returncode == 0, done.stdout


@pytest.mark.no_database
@pytest.mark.parametrize(("file", "statement", "contract"), VIOLATIONS)
def test_a_violation_is_caught(house, file, statement, contract):
    path = house / file
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}\n{statement}\n", encoding="utf-8")
    try:
        done = lint(house)
    finally:
        path.write_text(before, encoding="utf-8")
    broken = [line for line in done.stdout.splitlines() if line.endswith("BROKEN")]
    assert done.returncode == 1
    assert any(contract in line for line in broken), done.stdout
