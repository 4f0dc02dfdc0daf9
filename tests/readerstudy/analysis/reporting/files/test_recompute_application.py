"""The files of a finished report, written by the worker, are recomputed by R as they are."""

import shutil
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from readerstudy.analysis import pipeline, selectors
from readerstudy.analysis.models import AnalysisRun
from scripts.check_r import main
from tests.readerstudy.statistics.reference import SHARED

FILE = SHARED / "study_set2" / "reader_study.csv"
pytestmark = [
    pytest.mark.golden,
    pytest.mark.skipif(
        not FILE.is_file(),
        reason="reference study absent: shared/reference/statistics/study_set2",
    ),
    pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed (r-base-core)"),
]


def test_a_reports_own_files_are_recomputed(
    client: Client, people, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    client.force_login(people.statistician)
    file = SimpleUploadedFile(FILE.name, FILE.read_bytes(), "text/csv")
    client.post(reverse("analysis:import"), {"title": "Study set 2", "file": file})
    run = AnalysisRun.objects.get()
    pipeline.run_analysis(run.pk)
    run.refresh_from_db()
    for name in run.files:
        (tmp_path / name).write_bytes(selectors.file_bytes(run, name))
    status = main([str(tmp_path)])
    told = capfd.readouterr().out
    assert status == 0, told[-3000:]
    assert " 0 differ" in told
    assert "is not in the folder" not in told
