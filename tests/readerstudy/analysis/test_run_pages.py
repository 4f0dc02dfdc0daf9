"""What is told of a finished run: pages, downloads and API; who enters, and what they get."""

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.urls import reverse

from cohorts.models import Cohort
from readerstudy.analysis import pipeline, services
from readerstudy.analysis.models import AnalysisRun
from readerstudy.reading import services as reading
from tests import walk
from tests.cases import store_case
from tests.people import People, people_in


@pytest.fixture(scope="module")
def analysed(django_db_setup, django_db_blocker) -> Iterator[tuple[People, AnalysisRun]]:
    """One finished run for all tests of this file: each of them is rolled back to it."""
    with django_db_blocker.unblock(), transaction.atomic():
        cohort = Cohort.objects.create(name="External test 1")
        people = people_in(cohort)
        for number in range(1, 5):
            store_case(cohort, f"P00{number}", nodes=5)
        walk.release_truth(people, cohort)
        study = walk.open_study(people, cohort)
        walk.read_everything(people, study)
        study = reading.close_study(by=people.coordinator, study=study)
        model = walk.import_scores(people, cohort)
        dataset = services.freeze_dataset(by=people.statistician, study=study, model=model)
        run = services.request_analysis(by=people.statistician, dataset=dataset)
        pipeline.run_analysis(run.pk)
        yield people, run
        transaction.set_rollback(True)


@pytest.fixture
def people(analysed, db):
    return analysed[0]


@pytest.fixture
def run(analysed, db):
    return AnalysisRun.objects.get(pk=analysed[1].pk)


def pages(run):
    return [
        reverse("analysis:study", args=[run.dataset.study.public_id]),
        reverse("analysis:run", args=[run.public_id]),
        reverse("analysis:progress", args=[run.public_id]),
        reverse("analysis:download", args=[run.public_id, "results.csv"]),
        reverse("analysis:download", args=[run.public_id, "results.json"]),
        reverse("analysis:download", args=[run.public_id, "dataset.csv"]),
        reverse("analysis:download", args=[run.public_id, "roc-cohort-1-ene.svg"]),
        reverse("analysis:download", args=[run.public_id, "report.pdf"]),
        reverse("analysis:download", args=[run.public_id, "everything.zip"]),
        reverse("analysis_api:run", args=[run.public_id]),
        reverse("analysis_api:results", args=[run.public_id]),
        reverse("analysis_api:datasets", args=[run.dataset.study.public_id]),
    ]


@pytest.mark.parametrize(
    ("who", "answer"),
    [
        ("statistician", 200),
        ("coordinator", 404),
        ("annotator_one", 404),
        ("adjudicator", 404),
        ("reader_one", 404),
        ("outsider", 404),
    ],
)
def test_only_the_statistician_sees_results(client, people, run, who, answer):
    client.force_login(getattr(people, who))
    assert {client.get(url).status_code for url in pages(run)} == {answer}


def test_a_visitor_is_sent_to_sign_in_and_the_api_says_401(client, run):
    assert [client.get(url).status_code for url in pages(run)] == [302] * 9 + [401] * 3


def test_the_report_shows_values_counts_and_provenance(client, people, run):
    client.force_login(people.statistician)
    page = client.get(reverse("analysis:run", args=[run.public_id])).content.decode()
    assert run.dataset.digest in page
    assert run.results_digest in page
    assert "Scores imported from outside" in page
    assert run.dataset.study.protocol_digest in page
    assert "this is look 1" in page
    assert "<svg" in page
    assert "Reader mean" in page


def test_csv_and_json_hold_the_same_numbers(client, people, run):
    client.force_login(people.statistician)
    url = reverse("analysis:download", args=[run.public_id, "results.csv"])
    lines = list(csv.DictReader(io.StringIO(client.get(url).content.decode())))
    url = reverse("analysis:download", args=[run.public_id, "results.json"])
    tables = json.loads(client.get(url).content)["tables"]
    delong = tables["parts"][0]["endpoints"]["ene"]["model"]["auc"]["delong"]
    line = next(
        line
        for line in lines
        if (line["part"], line["unit"], line["endpoint"], line["subject"], line["measure"])
        == ("cohort-1", "node", "ene", "model", "auc")
        and line["method"] == "delong"
    )
    assert float(line["estimate"]) == delong["estimate"]
    assert float(line["lower"]) == delong["interval"]["lower"]


def test_the_frozen_data_download_has_one_line_per_node(client, people, run):
    client.force_login(people.statistician)
    url = reverse("analysis:download", args=[run.public_id, "dataset.csv"])
    lines = list(csv.DictReader(io.StringIO(client.get(url).content.decode())))
    assert len(lines) == 20
    assert lines[0].keys() >= {"cohort", "patient", "node", "truth", "R1", "R2", "score_ene"}


FORMATS = {
    "report.pdf": b"%PDF",
    "report.docx": b"PK",
    "report.xlsx": b"PK",
    "everything.zip": b"PK",
    "recompute.R": b"#",
    "ene.imrmc": b"",
    "left-out.csv": b"cohort,",
    "checklists.csv": b"",
    "roc-cohort-1-ene.svg": b"<svg",
    "roc-cohort-1-ene.csv": b"",
}


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_is_there_and_is_what_it_says(client, people, run, name):
    client.force_login(people.statistician)
    answer = client.get(reverse("analysis:download", args=[run.public_id, name]))
    assert answer.status_code == 200
    assert answer.content.startswith(FORMATS[name])
    assert answer["Cache-Control"] == "no-store"


def test_everything_holds_every_file_and_its_sums(client, people, run):
    client.force_login(people.statistician)
    url = reverse("analysis:download", args=[run.public_id, "everything.zip"])
    archive = zipfile.ZipFile(io.BytesIO(client.get(url).content))
    assert set(archive.namelist()) == {*run.files, "results.json", "SHA256SUMS"}
    for line in archive.read("SHA256SUMS").decode().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256(archive.read(name)).hexdigest() == digest


def test_every_figure_and_further_file_on_the_page_can_be_fetched(client, people, run):
    client.force_login(people.statistician)
    page = client.get(reverse("analysis:run", args=[run.public_id])).content.decode()
    links = set(re.findall(rf'href="(/analysis/runs/{run.public_id}/files/[^"]+)"', page))
    assert len(links) > 20
    assert {client.get(link).status_code for link in links} == {200}


def test_computing_again_writes_the_same_files(people, run):
    again = services.request_analysis(by=people.statistician, dataset=run.dataset)
    pipeline.run_analysis(again.pk)
    again.refresh_from_db()
    assert again.results_digest == run.results_digest
    assert (run.unblinding, again.unblinding) == (1, 2)
    # The report says which look it was, and nothing else differs.
    told = {name for name in run.files if run.files[name] != again.files[name]}
    assert told <= {"report.json", "report.pdf", "report.docx", "report.xlsx", "checklists.csv"}


def test_a_run_of_an_earlier_version_says_so_and_offers_to_compute_again(client, people, run):
    AnalysisRun.objects.filter(pk=run.pk).update(files={})
    client.force_login(people.statistician)
    page = client.get(reverse("analysis:run", args=[run.public_id])).content.decode()
    assert "computed by an earlier version" in page
    assert reverse("analysis:rerun", args=[run.dataset.public_id]) in page
    url = reverse("analysis:download", args=[run.public_id, "report.pdf"])
    assert client.get(url).status_code == 404


def test_an_unknown_download_is_absent(client, people, run):
    client.force_login(people.statistician)
    assert client.get(reverse("analysis:download", args=[run.public_id, "x"])).status_code == 404
