"""The pages of pathology reports: what each person finds, types, and is told."""

from dataclasses import replace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from annotation import selectors, services
from annotation.models import PathologyReport
from annotation.pathology_rules.report_fields import ALL_NAMES, texts_of
from annotation.pathology_rules.report_table import read_reports
from cohorts.tables.parsing import parse_table
from tests.cases import store_case


@pytest.fixture
def page(client, people, patient):
    """Open, or send, a page of the report of P001 as somebody."""

    def send(who, name="pathology", body=None, query=""):
        client.force_login(getattr(people, who))
        url = reverse(f"annotation:{name}", args=[patient.public_id]) + query
        return client.get(url) if body is None else client.post(url, body)

    return send


def cohort_page(client, people, cohort, who, name, body=None):
    client.force_login(getattr(people, who))
    url = reverse(f"annotation:{name}", args=[cohort.public_id])
    return client.get(url) if body is None else client.post(url, body)


def test_every_field_has_its_place_in_the_form(page):
    text = page("annotator_one").text
    assert all(f'name="{name}"' in text for name in ALL_NAMES)
    assert "Save as draft" in text
    assert "Not entered" in text


def test_what_is_typed_is_saved_and_shown(page, patient, sound):
    answer = page("annotator_one", body=texts_of(sound) | {"base_revision": 0})
    assert answer.status_code == 302
    assert selectors.report_state(patient).report == sound
    shown = page("annotator_one").text
    assert 'name="left-IIa-examined" value="10"' in shown
    assert "You entered this." in shown
    assert "It says what the paper says" in page("annotator_two").text


def test_a_text_that_cannot_be_read_is_told_at_its_field_and_kept(page, sound):
    typed = texts_of(sound) | {"left-IIa-examined": "ten", "base_revision": 0}
    answer = page("annotator_one", body=typed)
    assert answer.status_code == 422
    assert "Examined: &#x27;ten&#x27; is not understood" in answer.text
    assert 'name="left-IIa-examined" value="ten"' in answer.text
    assert not PathologyReport.objects.exists()


def test_errors_of_a_draft_stand_at_their_fields(page, people, patient, sound):
    wrong = replace(sound, report_id="")
    services.enter_report(by=people.annotator_one, patient=patient, report=wrong, base_revision=0)
    shown = page("annotator_two").text
    assert 'data-error="report_id">Report id: is empty.</p>' in shown
    assert "keep the report from being checked" in shown
    assert "It says what the paper says" not in shown


def test_a_stale_page_keeps_what_was_typed_and_says_what_differs(page, entered, sound):
    typed = texts_of(sound) | {"pt": "pT3", "base_revision": 0}
    answer = page("annotator_two", body=typed)
    assert answer.status_code == 409
    assert "<li>pT: empty → pT3</li>" in answer.text
    assert 'name="base_revision" value="1"' in answer.text
    assert PathologyReport.objects.count() == 1


def test_without_a_revision_nothing_is_saved(page, sound):
    answer = page("annotator_one", body=texts_of(sound))
    assert answer.status_code == 422
    assert "did not say what it is based on" in answer.text


def test_checked_and_locked_on_the_page(page, patient, entered):
    refused = page("annotator_one", "pathology-check", {"base_revision": 1})
    assert refused.status_code == 302
    assert "You entered this report" in page("annotator_one").text
    page("annotator_two", "pathology-check", {"base_revision": 1})
    assert "Lock the report" in page("annotator_two").text
    page("annotator_two", "pathology-lock", {"base_revision": 2})
    shown = page("annotator_one").text
    assert "Locked by annotator_two" in shown
    assert '<fieldset class="pathology-all" disabled>' in shown
    assert "Save as draft" not in shown


def test_warnings_are_shown_and_ask_for_a_reason(page, people, patient, sound):
    late = replace(sound, days_ct_to_surgery=61)
    services.enter_report(by=people.annotator_one, patient=patient, report=late, base_revision=0)
    assert "<strong>W7</strong> Surgery was 61 days after CT" in page("annotator_two").text
    page("annotator_two", "pathology-check", {"base_revision": 1})
    assert 'name="reason"' in page("annotator_two").text
    page("annotator_two", "pathology-lock", {"base_revision": 2})
    assert "Write why it may stand" in page("annotator_two").text
    page("annotator_two", "pathology-lock", {"base_revision": 2, "reason": "No later CT."})
    assert "Locked with its warnings because: No later CT." in page("annotator_two").text


def test_a_locked_report_is_corrected_with_a_reason(page, patient, locked, sound):
    assert 'name="reason"' not in page("annotator_one").text
    assert 'name="reason"' in page("annotator_one", query="?correct").text
    typed = texts_of(replace(sound, pt="pT3")) | {"base_revision": 3, "reason": " "}
    refused = page("annotator_one", body=typed)
    assert refused.status_code == 422
    assert "a correction needs a reason" in refused.text
    assert '<option value="pT3" selected>' in refused.text
    assert page("annotator_one", body=typed | {"reason": "Misread."}).status_code == 302
    shown = page("annotator_one").text
    assert "Corrected because: Misread." in shown
    assert "<td>pT</td><td>empty</td><td>pT3</td>" in shown


def test_the_list_says_what_is_next_for_whom(client, people, cohort, entered):
    store_case(cohort, "P002", nodes=1)
    own = cohort_page(client, people, cohort, "annotator_one", "pathology-reports").text
    assert "waits for a second person" in own
    assert "enter it" in own
    other = cohort_page(client, people, cohort, "adjudicator", "pathology-reports").text
    assert "check it" in other


@pytest.mark.parametrize(
    ("who", "start"),
    [
        ("annotator_one", "/annotation/"),
        ("adjudicator", "/annotation/adjudication/"),
        ("coordinator", "/annotation/release/"),
    ],
)
def test_the_list_is_reached_from_the_own_work(client, people, cohort, who, start):
    client.force_login(getattr(people, who))
    assert (
        reverse("annotation:pathology-reports", args=[cohort.public_id]) in client.get(start).text
    )


def test_a_table_is_checked_then_imported(client, people, cohort, patient):
    def send(line, **press):
        text = "patient,side,level,dissected,report_id,ene_class\n" + line
        file = SimpleUploadedFile("reports.csv", text.encode(), "text/csv")
        body = {"table_file": file} | press
        return cohort_page(client, people, cohort, "coordinator", "pathology-import", body)

    wrong = send("P001,left,III,perhaps,LAB-1,none", check="yes")
    assert wrong.status_code == 422
    assert "<td>dissected</td>" in wrong.text
    good = "P001,left,III,no,LAB-1,none"
    assert "1 new, 0 changed" in send(good, check="yes").text
    assert not PathologyReport.objects.exists()
    assert send(good, **{"import": "yes"}).status_code == 302
    assert PathologyReport.objects.count() == 1
    nothing = cohort_page(client, people, cohort, "coordinator", "pathology-import", {})
    assert "Choose a table first." in nothing.text


def test_the_empty_table_reads_as_nothing_filled_in(client, people, cohort, patient):
    answer = cohort_page(client, people, cohort, "annotator_one", "pathology-template")
    assert "attachment" in answer["Content-Disposition"]
    table = parse_table(answer.content)
    assert len(table.rows) == 18
    assert read_reports(table, {"P001": "P001"}) == ([], ["P001"], [])


@pytest.mark.parametrize("who", ["statistician", "reader_one", "outsider"])
def test_who_has_no_part_in_the_truth_finds_nothing(client, people, cohort, page, locked, who):
    for body in (None, {"base_revision": 3}):
        assert page(who, body=body).status_code == 404
    for name in ("pathology-check", "pathology-lock"):
        assert page(who, name, {"base_revision": 3}).status_code == 404
    for name in ("pathology-reports", "pathology-import", "pathology-template"):
        assert cohort_page(client, people, cohort, who, name).status_code == 404
