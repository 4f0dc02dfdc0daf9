"""The reference study through the application: imported, frozen, run, reported, cell by cell."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from readerstudy.analysis import pipeline, selectors
from readerstudy.analysis.models import AnalysisDataset, AnalysisRun
from tests.readerstudy.analysis.computing import set2
from tests.readerstudy.analysis.computing import test_study_set2 as alone
from tests.readerstudy.analysis.computing import test_study_set2_mean as mean
from tests.readerstudy.analysis.computing import test_study_set2_printed as printed
from tests.readerstudy.statistics.reference import SHARED

FILE = SHARED / "study_set2" / "reader_study.csv"
pytestmark = [
    pytest.mark.golden,
    pytest.mark.skipif(
        not FILE.is_file(),
        reason="reference study absent: shared/reference/statistics/study_set2",
    ),
]


@pytest.fixture
def run(client, people):
    """The file posted through the page, computed by the worker's pipeline."""
    client.force_login(people.statistician)
    posted = client.post(
        reverse("analysis:import"),
        {
            "title": "Study set 2",
            "file": SimpleUploadedFile(FILE.name, FILE.read_bytes(), "text/csv"),
        },
    )
    assert posted.status_code == 302, posted.content.decode()
    requested = AnalysisRun.objects.get()
    assert posted["Location"] == reverse("analysis:run", args=[requested.public_id])
    pipeline.run_analysis(requested.pk)
    requested.refresh_from_db()
    assert requested.state == "done", requested.error
    return requested


@pytest.fixture
def tasks(run, monkeypatch):
    """The comparisons of the reference study read the application's results from here on."""
    text = selectors.results_bytes(run)
    tables = json.loads(text, object_hook=set2.Box)["tables"]
    monkeypatch.setattr(set2, "result", lambda: tables)
    return sorted(set2.TASKS)


def test_every_number_and_every_printed_cell(tasks):
    for task in tasks:
        assert set2.block(task).nodes.n > 0
        alone.test_node_counts(task, "cohort-1")
        alone.test_model_area(task)
        for name in ("youden", "fpr5", "fpr10", "fpr15", "fpr20", "fpr30"):
            alone.test_model_operating_points(task, name)
        for reader in set2.READERS:
            alone.test_readers(task, reader)
            alone.test_model_against_each_reader(task, reader)
        mean.test_mean_of_the_readers(task)
        printed.test_the_printed_table_cell_by_cell(task)


def test_the_frozen_dataset_is_the_file(run):
    dataset = AnalysisDataset.objects.get()
    assert (dataset.rows, dataset.study, dataset.title) == (194, None, "Study set 2")
    frozen = selectors.frozen_table_of(dataset)
    first = frozen.table.rows[0]
    assert first.key == ("2", "B001", "B001-N01")
    assert (first.truth, first.score_metastasis, first.score_ene) == (0, 0.101, 0.103)


def test_its_report_is_shown(client, run):
    page = client.get(reverse("analysis:run", args=[run.public_id]))
    assert page.status_code == 200
    assert "Study set 2" in page.text
    assert "reader_study.csv" in page.text
