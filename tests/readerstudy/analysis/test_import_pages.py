"""The page and the API that a study read elsewhere comes in by."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from readerstudy.analysis import forms, pipeline, serializers
from readerstudy.analysis.imported_help import EXAMPLE
from readerstudy.analysis.models import AnalysisDataset, AnalysisRun

PAGE, API = "analysis:import", "analysis_api:imports"


def body(text=EXAMPLE, **more):
    file = SimpleUploadedFile("calls.csv", text.encode(), "text/csv")
    return {"title": "Read <elsewhere>", "file": file} | more


@pytest.fixture
def browser(client, people):
    client.force_login(people.statistician)
    return client


def test_the_page_explains_lists_and_offers_an_example(browser):
    page = browser.get(reverse(PAGE)).text
    assert "call_&lt;reader&gt;" in page
    assert "You have imported no study yet." in page
    example = browser.get(reverse("analysis:import-example"))
    assert example.text == EXAMPLE
    assert "attachment" in example["Content-Disposition"]


def test_home_leads_to_the_import_and_lists_what_came(browser):
    home = browser.get(reverse("analysis:home")).text
    assert reverse(PAGE) in home
    assert "You have imported no study yet." in home
    browser.post(reverse(PAGE), body())
    assert "Read &lt;elsewhere&gt;" in browser.get(reverse("analysis:home")).text


def test_who_may_not_import_sees_nothing_of_it_at_home(client, people):
    client.force_login(people.coordinator)
    assert reverse(PAGE) not in client.get(reverse("analysis:home")).text


def test_a_file_becomes_a_run_then_a_report_with_downloads(browser):
    posted = browser.post(reverse(PAGE), body(model_name="Theirs"))
    run = AnalysisRun.objects.get()
    assert posted["Location"] == reverse("analysis:run", args=[run.public_id])
    assert "Computing" in browser.get(posted["Location"]).text
    pipeline.run_analysis(run.pk)
    report = browser.get(posted["Location"]).text
    assert "Read &lt;elsewhere&gt;" in report
    assert "Theirs" in report
    table = browser.get(reverse("analysis:download", args=[run.public_id, "dataset.csv"]))
    assert "PHANTOM-001" in table.text
    again = browser.post(reverse("analysis:rerun", args=[run.dataset.public_id]))
    assert again.status_code == 302
    assert AnalysisRun.objects.count() == 2


def test_a_refusal_is_shown_and_what_was_typed_is_kept(browser):
    page = browser.post(reverse(PAGE), body("cohort,patient\nA,1\n", model_name="Theirs"))
    assert page.status_code == 422
    assert "calls.csv, line 1: column &#x27;node&#x27; is missing" in page.text
    assert "Theirs" in page.text
    assert not AnalysisDataset.objects.exists()


def test_unknown_columns_are_left_out_on_request(browser):
    text = "cohort,patient,node,truth,call_R1,hospital\nA,P,1,0,0,x\n"
    assert browser.post(reverse(PAGE), body(text)).status_code == 422
    assert browser.post(reverse(PAGE), body(text, ignore_unknown="on")).status_code == 302
    assert AnalysisDataset.objects.get().sources["ignored_columns"] == ["hospital"]


def test_large_files_are_refused_before_they_are_read(browser, monkeypatch):
    monkeypatch.setattr(forms, "MAX_BYTES", 10)
    monkeypatch.setattr(serializers, "MAX_BYTES", 10)
    assert browser.post(reverse(PAGE), body()).status_code == 422
    assert browser.post(reverse(API), body()).status_code == 400
    assert not AnalysisDataset.objects.exists()


def test_programs_import_and_list(browser):
    made = browser.post(reverse(API), body(model_name="Theirs"))
    assert made.status_code == 201
    assert made.json()["title"] == "Read <elsewhere>"
    assert (made.json()["rows"], made.json()["model"]) == (8, "Theirs")
    (listed,) = browser.get(reverse(API)).json()
    assert listed == made.json()
    run = browser.post(reverse("analysis_api:runs", args=[made.json()["dataset"]]))
    assert run.status_code == 201


def test_a_programs_refusal_names_line_and_column(browser):
    answer = browser.post(reverse(API), body(EXAMPLE.replace("0.104", "high")))
    assert answer.status_code == 422
    assert "line 2, column 'score_metastasis': 'high' is no number" in answer.text.replace(
        "\\u0027", "'"
    )
