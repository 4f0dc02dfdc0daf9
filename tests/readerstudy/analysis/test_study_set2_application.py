"""The reference study through the application: imported, frozen, run, reported, cell by cell."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from readerstudy.analysis import pipeline, selectors
from readerstudy.analysis.models import AnalysisDataset, AnalysisRun
from tests.readerstudy.analysis import test_study_set2 as reference
from tests.readerstudy.statistics.reference import SHARED, load

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
def blocks(run):
    text = selectors.results_bytes(run)
    tables = json.loads(text, object_hook=reference.Box)["tables"]
    return tables["parts"][0].endpoints


def test_every_number_and_every_printed_cell(blocks):
    for task, endpoint in reference.TASKS.items():
        ours, expected = blocks[endpoint], load(f"study_set2/expected_{task}.json")
        reference.test_node_counts(ours, expected)
        reference.test_model_area(ours, expected)
        for name in reference.OPERATING_POINTS:
            reference.test_model_operating_points(ours, expected, name)
        for reader in reference.READERS:
            reference.test_readers(ours, expected, reader)
            reference.test_model_against_each_reader(ours, expected, reader)
        reference.test_mean_of_the_readers(ours, expected)
        for view, key in (
            ("binary", "readers_vs_model_hillis"),
            ("ordinal", "readers_vs_model_hillis_ordinal"),
        ):
            reference.test_readers_as_a_sample_against_the_model(ours, expected, view, key)
        for part in ("binary", "three_categories"):
            reference.test_agreement(ours, expected, task, part, f"agreement_{part}")
        reference.test_the_printed_table_cell_by_cell(ours, task)


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
