"""Pages, downloads and API of the analysis floor: who enters, and what they get."""

import csv
import hashlib
import io
import json
import re
import zipfile

import pytest
from django.urls import reverse

from readerstudy.analysis import pipeline, services
from readerstudy.analysis.models import AnalysisRun


@pytest.fixture
def run(people, closed, model):
    dataset = services.freeze_dataset(by=people.statistician, study=closed, model=model)
    requested = services.request_analysis(by=people.statistician, dataset=dataset)
    pipeline.run_analysis(requested.pk)
    requested.refresh_from_db()
    return requested


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


def test_an_interim_report_says_so(client, people, study, model):
    dataset = services.freeze_dataset(by=people.statistician, study=study, interim=True)
    requested = services.request_analysis(by=people.statistician, dataset=dataset)
    pipeline.run_analysis(requested.pk)
    client.force_login(people.statistician)
    page = client.get(reverse("analysis:run", args=[requested.public_id])).content.decode()
    assert "<strong>Interim" in page


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


def test_freezing_on_the_page_leads_to_the_run(client, people, closed, model):
    client.force_login(people.statistician)
    url = reverse("analysis:freeze", args=[closed.public_id])
    answer = client.post(url, {"model": str(model.public_id)}, follow=True)
    assert answer.status_code == 200
    assert b"Computing" in answer.content


def test_a_refusal_is_shown_on_the_study_page(client, people, study):
    client.force_login(people.statistician)
    url = reverse("analysis:freeze", args=[study.public_id])
    answer = client.post(url, {"model": ""}, follow=True)
    assert b"The study is still open" in answer.content


def test_the_api_freezes_runs_and_returns_results(client, people, closed, model):
    client.force_login(people.statistician)
    url = reverse("analysis_api:datasets", args=[closed.public_id])
    body = {"model": str(model.public_id)}
    made = client.post(url, body, content_type="application/json")
    assert made.status_code == 201
    run = client.post(reverse("analysis_api:runs", args=[made.json()["dataset"]]))
    assert run.status_code == 201
    assert client.get(reverse("analysis_api:results", args=[run.json()["run"]])).status_code == 404


def test_the_api_refuses_an_open_study_with_the_one_error_shape(client, people, study):
    client.force_login(people.statistician)
    url = reverse("analysis_api:datasets", args=[study.public_id])
    answer = client.post(url, {}, content_type="application/json")
    assert answer.status_code == 422
    assert answer.json().keys() == {"code", "message"}


def test_the_study_page_needs_the_same_queries_for_more_datasets(
    client, people, closed, model, django_assert_max_num_queries
):
    client.force_login(people.statistician)
    for _ in range(5):
        services.freeze_dataset(by=people.statistician, study=closed, model=model)
    with django_assert_max_num_queries(16):
        client.get(reverse("analysis:study", args=[closed.public_id]))
