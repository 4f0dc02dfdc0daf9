"""Damaged uploads of every format: accepted, asked or refused, within limits, nothing left."""

import os

import pytest

from tests.cohorts.hostile.fuzz import Mutant, Worker, run_fuzz

IN_CI = os.environ.get("CI") == "true"
MUTANTS = int(os.environ.get("NODEWISE_FUZZ_MUTANTS") or (100_000 if IN_CI else 5_000))
pytestmark = pytest.mark.no_database


def test_no_mutant_does_harm():
    report = run_fuzz(MUTANTS)
    assert report.failures == []
    assert report.mutants == MUTANTS
    names = {outcome.split(":")[0] for outcome in report.outcomes}
    assert len(names) >= min(MUTANTS, 16)
    refused = sum(n for outcome, n in report.outcomes.items() if not outcome.endswith("accepted"))
    assert refused > MUTANTS // 4  # mutants that all pass would test nothing


@pytest.mark.filterwarnings("ignore")
def test_undamaged_seeds_are_accepted_and_a_number_is_always_the_same_mutant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", None)
    worker = Worker(tmp_path / "work", run=1)
    for whole in (False, True):
        told = [worker.read(Mutant(index, whole=whole)) for index in range(len(worker.seeds))]
        assert set(told) == {"accepted"}
    numbers = range(60)
    assert [worker.read_number(number) for number in numbers] == [
        worker.read_number(number) for number in numbers
    ]
