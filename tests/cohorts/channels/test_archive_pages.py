"""The coordinators' pages and API of other archives: what they show, and how they refuse."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from cohorts import archive_records, archive_selectors, sealing
from cohorts.models import ArchivePull, ArchiveSearch, IntakeUpload
from jobs.models import JobState

pytestmark = pytest.mark.django_db
PATIENT_ID = "MRN-4711"
NECK = {
    "term": PATIENT_ID,
    "study_uid": "1.2.3",
    "study_date": "2026-01-24",
    "series_uid": "1.2.3.4",
    "modality": "CT",
    "description": "Neck <soft tissue>",
    "instances": 90,
}
MASK = NECK | {"series_uid": "1.2.3.5", "modality": "SEG", "description": "", "instances": None}


@pytest.fixture
def listed(settings, cohort):
    """An installation with one archive for the cohort, and one for another cohort."""
    entry = {"name": "Hospital", "url": "https://pacs.example.org", "cohorts": [cohort.name]}
    other = entry | {"name": "Elsewhere", "cohorts": ["Another"]}
    settings.ARCHIVES = [entry, other]


@pytest.fixture
def coordinator(client, people):
    client.force_login(people.coordinator)
    return client


@pytest.fixture
def found(cohort, people):
    """A search that is done: a CT and a mask of one patient, nothing of another."""
    return ArchiveSearch.objects.create(
        cohort=cohort,
        requested_by=people.coordinator,
        archive="Hospital",
        keyword="PatientID",
        state=JobState.DONE,
        finished_at=timezone.now(),
        sealed_terms=sealing.seal({"terms": [PATIENT_ID, "MRN-404"], "studied": ""}),
        sealed_found=sealing.seal([NECK, MASK]),
        found_count=2,
        progress_done=2,
        progress_total=2,
    )


@pytest.fixture
def make_pull(found):
    def make(**fields):
        sealed = sealing.seal([NECK])
        return ArchivePull.objects.create(
            **{"search": found, "sealed_series": sealed, "series_count": 1} | fields
        )

    return make


def page(name, thing):
    return reverse(f"cohorts:{name}", args=[thing.public_id])


def api(name, thing):
    return reverse(f"cohorts-api:{name}", args=[thing.public_id])


def post_json(client, url, body):
    return client.post(url, json.dumps(body), "application/json")


def asked_for(**changes):
    return {"archive": "Hospital", "keyword": "PatientID", "terms": PATIENT_ID} | changes


def test_without_an_archive_the_page_says_how_to_list_one(coordinator, cohort):
    answer = coordinator.get(page("archives", cohort))
    assert "No archive may fill this cohort yet" in answer.text
    assert "NODEWISE_ARCHIVES" in answer.text
    assert f'"cohorts": ["{cohort.name}"]' in answer.text
    assert "<textarea" not in answer.text
    assert "Nothing has been pulled yet." in answer.text


def test_the_cohort_links_to_the_page(coordinator, cohort):
    assert page("archives", cohort) in coordinator.get(page("cohort", cohort)).text


def test_only_the_archives_of_the_cohort_are_offered(coordinator, cohort, listed):
    text = coordinator.get(page("archives", cohort)).text
    assert 'value="Hospital"' in text
    assert "Elsewhere" not in text
    names = [one["name"] for one in coordinator.get(api("archives", cohort)).json()]
    assert names == ["Hospital"]


def test_a_search_is_asked_for_on_the_page(coordinator, cohort, listed):
    told = asked_for(terms=f" {PATIENT_ID}\r\n\r\nMRN-2\r\n", studied_from="2026-01-01")
    answer = coordinator.post(page("archives", cohort), told)
    search = ArchiveSearch.objects.get()
    assert answer["Location"] == page("archive-search", search)
    asked = sealing.unseal(search.sealed_terms)
    assert asked == {"terms": [PATIENT_ID, "MRN-2"], "studied": "20260101-"}
    waiting = coordinator.get(answer["Location"]).text
    assert 'hx-trigger="every 1s"' in waiting
    assert "Waiting for the worker" in waiting
    assert PATIENT_ID not in waiting


REFUSED_SEARCHES = [
    ({"archive": "Elsewhere"}, "no_such_archive"),
    ({"archive": "Hospital "}, None),
    ({"terms": ["MRN*"]}, "term_form"),
    ({"terms": ["MRN?"]}, "term_form"),
    ({"terms": []}, "no_terms"),
    ({"terms": [f"MRN-{number}" for number in range(501)]}, "too_many_terms"),
    ({"studied_from": "2026-02-01", "studied_until": "2026-01-01"}, "dates_reversed"),
]


@pytest.mark.parametrize(("change", "code"), REFUSED_SEARCHES)
def test_a_refused_search_says_why(coordinator, cohort, listed, change, code):
    body = asked_for(terms=[PATIENT_ID]) | change
    answer = post_json(coordinator, api("archive-searches", cohort), body)
    if code is None:
        assert answer.status_code == 201
        return
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    lines = "\n".join(body["terms"])
    on_page = coordinator.post(page("archives", cohort), body | {"terms": lines})
    assert on_page.status_code == 422
    assert 'role="alert"' in on_page.text
    assert on_page["Cache-Control"] == "no-store"
    assert not ArchiveSearch.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"keyword": "PatientName"}, "keyword"),
        ({"terms": "MRN-1"}, "terms"),
        ({"terms": ["1" * 65]}, "terms.0"),
        ({"studied_from": "yesterday"}, "studied_from"),
    ],
)
def test_a_search_of_the_wrong_form(coordinator, cohort, listed, change, field):
    body = asked_for(terms=[PATIENT_ID]) | change
    answer = post_json(coordinator, api("archive-searches", cohort), body)
    assert answer.status_code == 400
    assert any(name.startswith(field.split(".")[0]) for name in answer.json()["fields"])


def test_what_was_found_is_there_to_choose_from(coordinator, found):
    answer = coordinator.get(page("archive-search", found))
    assert answer["Cache-Control"] == "no-store"
    assert answer.text.count('name="positions"') == 2
    assert "Neck &lt;soft tissue&gt;" in answer.text
    assert "2026-01-24" in answer.text
    assert "Nothing was found for 1 of 2 ids" in answer.text
    assert "<code>MRN-404</code>" in answer.text
    assert "every 1s" not in answer.text
    told = coordinator.get(api("archive-search", found))
    assert told["Cache-Control"] == "no-store"
    assert told.json()["without_series"] == ["MRN-404"]
    assert told.json()["series"] == [NECK | {"position": 0}, MASK | {"position": 1}]


def test_chosen_series_are_pulled(coordinator, cohort, found, people):
    told = {"positions": ["0", "1"], "keep_patient_ids": "on", "protect_faces": "on"}
    told |= {"multi_part": "one", "node_structures": "LN*, GTVn*"}
    answer = coordinator.post(page("archive-search", found), told, follow=True)
    assert "2 series are being pulled." in answer.text
    pull = ArchivePull.objects.get()
    assert sealing.unseal(pull.sealed_series) == [NECK, MASK]
    assert pull.keep_patient_ids
    assert pull.options["protect_faces"]
    assert (pull.options["multi_part"], pull.options["node_structures"]) == (
        "one",
        ["LN*", "GTVn*"],
    )
    assert pull.requested_by == people.coordinator
    assert 'hx-trigger="every 1s"' in answer.text
    trail = json.dumps(list(AuditEvent.objects.values("old", "new", "reason")))
    assert PATIENT_ID not in trail


@pytest.mark.parametrize(
    ("positions", "code"),
    [([], "no_ct_chosen"), ([1], "no_ct_chosen"), ([0, 99], "no_such_series")],
)
def test_a_refused_choice_says_why_and_keeps_what_was_chosen(coordinator, found, positions, code):
    answer = post_json(coordinator, api("archive-search-pulls", found), {"positions": positions})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    on_page = coordinator.post(page("archive-search", found), {"positions": positions})
    assert on_page.status_code == 422
    assert answer.json()["message"] in on_page.text
    assert on_page.text.count(" checked") == len([one for one in positions if one < 2])
    assert not ArchivePull.objects.exists()


def test_a_position_that_is_no_number(coordinator, found):
    on_page = coordinator.post(page("archive-search", found), {"positions": ["first"]})
    assert on_page.status_code == 422
    assert "Select a valid choice" in on_page.text
    url = api("archive-search-pulls", found)
    assert post_json(coordinator, url, {"positions": ["first"]}).status_code == 400


def test_an_erased_search_is_asked_again(coordinator, found):
    archive_records.forget_search(found)
    assert "2 series were found. They have been erased" in (
        coordinator.get(page("archive-search", found)).text
    )
    on_page = coordinator.post(page("archive-search", found), {"positions": ["0"]})
    assert on_page.status_code == 422
    assert "no longer kept" in on_page.text
    answer = post_json(coordinator, api("archive-search-pulls", found), {"positions": [0]})
    assert (answer.status_code, answer.json()["code"]) == (409, "search_forgotten")
    assert coordinator.get(api("archive-search", found)).json()["is_forgotten"] is True


def test_more_series_than_a_form_of_django_takes_by_default(coordinator, found):
    many = [NECK | {"series_uid": f"1.2.{number}"} for number in range(1200)]
    ArchiveSearch.objects.update(sealed_found=sealing.seal(many), found_count=1200)
    answer = coordinator.post(page("archive-search", found), {"positions": list(range(1200))})
    assert answer.status_code == 302
    assert ArchivePull.objects.get().series_count == 1200


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (JobState.FAILED, "HTTP 401"),
        (JobState.CANCELLED, "Stopped; what was asked is erased"),
        (JobState.RUNNING, "Stop this search"),
    ],
)
def test_a_search_that_found_nothing_yet(coordinator, found, state, words):
    error = "Credentials refused (HTTP 401)" if state == JobState.FAILED else ""
    ArchiveSearch.objects.update(state=state, error=error, sealed_found="")
    text = coordinator.get(page("archive-search-progress", found)).text
    assert words in text
    assert "<html" not in text
    assert ("every 1s" in text) == (state == JobState.RUNNING)


def test_a_running_pull_is_looked_at_until_its_upload_is_over(
    coordinator, cohort, found, make_pull
):
    pull = make_pull(
        state=JobState.RUNNING,
        progress_done=45,
        progress_total=90,
        progress_note="Fetching: 45 of 90 files, about 3 min left",
        bytes_arrived=23_000_000,
    )
    work = page("archive-work", cohort)
    text = coordinator.get(work).text
    assert 'aria-valuenow="50"' in text
    assert "about 3 min left (21.9\xa0MB)" in text
    assert page("cancel-pull", pull) in text
    assert "every 1s" in text
    upload = IntakeUpload.objects.create(cohort=cohort, shown_name="1 series from Hospital")
    ArchivePull.objects.update(state=JobState.DONE, upload=upload)
    text = coordinator.get(work).text
    assert page("upload", upload) in text
    assert page("cancel-pull", pull) not in text
    assert "every 1s" in text
    IntakeUpload.objects.update(state=JobState.DONE)
    assert "every 1s" not in coordinator.get(work).text
    told = coordinator.get(api("archive-pull", pull)).json()
    assert told["upload"] == str(upload.public_id)
    assert coordinator.get(api("archive-pulls", cohort)).json() == [told]


def test_a_pull_is_stopped_on_the_page_and_only_once(coordinator, make_pull):
    pull = make_pull()
    answer = coordinator.post(page("cancel-pull", pull), follow=True)
    assert "stops at the next step" in answer.text
    assert "Stopping" in answer.text
    ArchivePull.objects.update(state=JobState.CANCELLED)
    answer = coordinator.post(page("cancel-pull", pull), follow=True)
    assert "This pull is over (cancelled)" in answer.text
    refused = coordinator.post(api("archive-pull-cancel", pull))
    assert (refused.status_code, refused.json()["code"]) == (409, "run_over")


def test_a_search_is_stopped_on_the_page_and_only_once(coordinator, found):
    ArchiveSearch.objects.update(state=JobState.REQUESTED)
    answer = coordinator.post(page("cancel-search", found), follow=True)
    assert "The search stops at the next step." in answer.text
    assert "Stop this search" not in answer.text
    ArchiveSearch.objects.update(state=JobState.DONE)
    answer = coordinator.post(page("cancel-search", found), follow=True)
    assert "This search is over (done)" in answer.text
    refused = coordinator.post(api("archive-search-cancel", found))
    assert (refused.status_code, refused.json()["code"]) == (409, "run_over")


def test_a_failed_pull_goes_on(coordinator, cohort, make_pull):
    pull = make_pull(state=JobState.FAILED, error="'Hospital' did not answer (remote_time_out)")
    text = coordinator.get(page("archives", cohort)).text
    assert "did not answer (remote_time_out)" in text
    assert page("resume-pull", pull) in text
    answer = coordinator.post(page("resume-pull", pull), follow=True)
    assert "goes on where it stopped" in answer.text
    pull.refresh_from_db()
    assert (pull.state, pull.error) == (JobState.REQUESTED, "")


def test_a_failed_pull_whose_ids_are_erased_cannot_go_on(coordinator, cohort, make_pull):
    pull = make_pull(state=JobState.FAILED, finished_at=timezone.now() - timedelta(days=8))
    archive_records.forget_old_ids()
    assert page("resume-pull", pull) not in coordinator.get(page("archives", cohort)).text
    answer = coordinator.post(page("resume-pull", pull), follow=True)
    assert "cannot go on (failed): search again" in answer.text
    refused = coordinator.post(api("archive-pull-resume", pull))
    assert (refused.status_code, refused.json()["code"]) == (409, "cannot_go_on")
    assert coordinator.get(api("archive-pull", pull)).json()["can_go_on"] is False


def test_many_pulls_cost_no_more_queries(
    coordinator, cohort, make_pull, django_assert_max_num_queries
):
    for number in range(10):
        upload = IntakeUpload.objects.create(cohort=cohort, shown_name=f"{number}")
        make_pull(state=JobState.DONE, upload=upload)
    with django_assert_max_num_queries(14):
        coordinator.get(page("archives", cohort))


@pytest.mark.parametrize("who", ["annotator_one", "adjudicator", "statistician", "outsider"])
def test_for_others_nothing_of_it_exists(client, people, cohort, found, make_pull, who):
    pull = make_pull(state=JobState.FAILED)
    client.force_login(getattr(people, who))
    addresses = [(page("archives", cohort), asked_for()), (page("archive-search", found), {})]
    addresses += [(page(name, pull), {}) for name in ("cancel-pull", "resume-pull")]
    for address, body in addresses:
        assert client.post(address, body).status_code == 404
    body = asked_for(terms=["1"])
    assert post_json(client, api("archive-searches", cohort), body).status_code == 404
    body = {"positions": [0]}
    assert post_json(client, api("archive-search-pulls", found), body).status_code == 404
    assert client.get(api("archive-search", found)).status_code == 404
    assert (ArchiveSearch.objects.count(), ArchivePull.objects.count()) == (1, 1)


def test_what_found_nothing_is_told_in_the_order_asked_for(found):
    asked = {"terms": ["b", PATIENT_ID, "a"], "studied": ""}
    ArchiveSearch.objects.update(sealed_terms=sealing.seal(asked))
    found.refresh_from_db()
    assert archive_selectors.terms_without_series(found) == ["b", "a"]
