"""Choosing among what a search found, in real Chromium and with the keyboard alone."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from cohorts import sealing
from cohorts.models import ArchivePull, ArchiveSearch
from jobs.models import JobState
from tests.browsers import new_context

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def series(number, modality, description):
    return {
        "term": f"MRN-{number}",
        "study_uid": f"1.2.{number}",
        "study_date": f"202{number}-01-24",
        "series_uid": f"1.2.{number}.{len(description)}",
        "modality": modality,
        "description": description,
        "instances": 1 if modality == "SEG" else 100,
    }


FOUND = [
    series(1, "CT", "Neck 1.0"),
    series(1, "CT", "Thorax 5.0"),
    series(1, "SEG", "Nodes"),
    series(2, "CT", "Neck 2.0 soft"),
]


@pytest.fixture
def search(transactional_db, people, cohort):
    return ArchiveSearch.objects.create(
        cohort=cohort,
        requested_by=people.coordinator,
        archive="Hospital",
        keyword="PatientID",
        state=JobState.RUNNING,
        progress_note="Searching: 1 of 2 done",
        sealed_terms=sealing.seal({"terms": ["MRN-1", "MRN-2"], "studied": ""}),
    )


@pytest.fixture
def page(live_server, client, people, search, browsers):
    client.force_login(people.coordinator)
    context = new_context(browsers["no webgl"])
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    context.add_cookies([cookie | {"url": live_server.url}])
    opened, complaints = context.new_page(), []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda line: line.type == "error" and complaints.append(line.text))
    address = reverse("cohorts:archive-search", args=[search.public_id])
    opened.goto(live_server.url + address)
    yield opened
    context.close()
    assert complaints == []


def test_series_appear_are_narrowed_chosen_and_pulled(page, search):
    expect(page.locator("main")).to_contain_text("Searching: 1 of 2 done")
    ArchiveSearch.objects.update(
        state=JobState.DONE, sealed_found=sealing.seal(FOUND), found_count=len(FOUND)
    )
    chosen = page.locator("[data-chosen]")
    expect(chosen).to_have_text("0 of 4 series chosen")

    page.get_by_label("Show series with").focus()
    page.keyboard.type("ct NECK")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr:visible")).to_have_count(2)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(chosen).to_have_text("2 of 4 series chosen: 200 instances")

    find = page.get_by_label("Show series with")
    find.fill("MRN-1")
    everything = page.get_by_label("Choose all series shown")
    expect(everything).to_have_js_property("indeterminate", True)
    expect(chosen).to_have_text("2 of 4 series chosen, 1 of them not shown: 200 instances")
    page.locator("tbody").get_by_text("Nodes").click()
    page.get_by_label("CT Neck 1.0 of MRN-1").press("Space")
    find.fill("")
    expect(chosen).to_have_text("2 of 4 series chosen: 101 instances")

    page.get_by_role("button", name="Pull chosen").press("Enter")
    expect(page.locator("main")).to_contain_text("2 series are being pulled.")
    assert sealing.unseal(ArchivePull.objects.get().sealed_series) == [FOUND[2], FOUND[3]]
