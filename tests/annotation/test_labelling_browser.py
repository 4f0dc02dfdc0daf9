"""The labelling page in real Chromium: by keys alone, against a locked report."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from annotation import services
from annotation.models import FindingReason, Labelling, NodeLabel
from annotation.pathology_rules.details import LabelDetails
from annotation.pathology_rules.report import PrimarySide
from cohorts.models import Node, NodeMask
from tests.annotation.pathology_rules.reports import exactly, report, rows
from tests.browsers import new_context
from tests.cases import store_case

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

READY = '[data-viewer^="ready"]'
SCREENSHOTS = os.environ.get("NODEWISE_SCREENSHOTS", "")
WIDTHS = (1280, 1920)


@pytest.fixture
def patient(transactional_db, cohort):
    """Three nodes; the station masks put them into the left levels IIa, IIa, III."""
    patient = store_case(cohort, "P001", nodes=3)
    for number, level in ((1, "IIa"), (2, "IIa"), (3, "III")):
        node = Node.objects.filter(patient=patient, number=number)
        node.update(auto_side="left", auto_level=level)
    NodeMask.objects.filter(node__patient=patient, node__number=2).update(short_axis_mm=9.0)
    return patient


@pytest.fixture
def locked(people, patient):
    """One of ten nodes of IIa positive, level III negative."""
    told = {"pn": "pN1", "largest_deposit": exactly(8), "primary_side": PrimarySide.LEFT}
    values = report(*rows(L_IIa=(10, 1, 0), L_III=(8, 0, 0)), **told)
    services.enter_report(by=people.annotator_one, patient=patient, report=values, base_revision=0)
    services.check_report(by=people.annotator_two, patient=patient, base_revision=1)
    services.lock_report(by=people.coordinator, patient=patient, base_revision=2)


@pytest.fixture
def page(client, live_server, people, patient, browsers: dict[str, Browser]) -> Iterator[Page]:
    """Annotator one's browser; it must stay free of complaints."""
    services.start_labelling(by=people.annotator_one, patient=patient)
    client.force_login(people.annotator_one)
    context = new_context(browsers["webgl"], width=1280, height=720)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    context.add_cookies([cookie | {"url": live_server.url}])
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda line: line.type == "error" and complaints.append(line.text))
    opened.base = f"{live_server.url}/annotation/patients/{patient.public_id}/"
    yield opened
    context.close()
    assert complaints == []


def enter(page: Page) -> None:
    page.goto(page.base)
    page.wait_for_selector(READY)


def press(page: Page, *keys: str) -> None:
    """Press keys on the picture of the current node: until it is shown nothing is taken."""
    expect(part(page, "choices").locator("button").first).to_be_enabled()
    for key in keys:
        page.keyboard.press(key)


def part(page: Page, name: str):
    return page.locator(f'[data-part="{name}"]')


def all_saved(page: Page) -> None:
    expect(part(page, "save-text")).to_have_text("All labels saved")


def shot(page: Page, name: str) -> None:
    """Pictures of the page in both themes and widths, where a folder is named for them."""
    if not SCREENSHOTS:
        return
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": width * 9 // 16})
        for theme in ("dark", "light"):
            page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme; }", theme)
            page.wait_for_timeout(300)
            page.screenshot(path=Path(SCREENSHOTS) / f"{name}-{width}-{theme}.png")
    page.set_viewport_size({"width": 1280, "height": 720})


def current(number: int) -> NodeLabel:
    return NodeLabel.objects.get(node__number=number, superseded_by__isnull=True)


@pytest.mark.usefixtures("locked")
def test_a_patient_is_labelled_by_keys_through_a_block_and_a_warning(page):
    enter(page)
    expect(part(page, "automatic")).to_contain_text("Automatic: left IIa")
    # Level, basis and certainty, then the label, which saves it all and goes to the next node.
    press(page, "a", "b", "3", "Escape", "9", "2")
    expect(part(page, "node-heading")).to_have_text("Node 2")
    press(page, "a", "b", "5", "Escape", "8", "2")
    expect(part(page, "node-heading")).to_have_text("Node 3")
    all_saved(page)
    expect(part(page, "levels").locator("tr").first).to_have_text("left IIa2 / 102 / 10 / 0")
    finding = part(page, "findings").locator("li")
    expect(finding).to_contain_text("B1 left IIa: 2 labelled metastatic, 1 positive")
    press(page, "v")
    page.keyboard.type("III l")
    press(page, "Escape", "g")
    page.keyboard.type("a")
    press(page, "Enter", "7", "b", "7", "Escape", "4")
    expect(part(page, "leaving")).to_contain_text("1 of 3 nodes here would leave the analysis")
    all_saved(page)
    expect(part(page, "findings")).to_contain_text("B3 left III: no positive node")
    expect(part(page, "submit")).to_be_disabled()
    expect(part(page, "submit-hint")).to_have_text("Against the report: 2 to correct")
    shot(page, "labelling-blocked")

    # Node 3 becomes benign, node 2 too: it is the larger one, which has to be explained.
    press(page, "1")
    all_saved(page)
    press(page, "p")
    press(page, "1")
    all_saved(page)
    expect(finding).to_contain_text("W1 left IIa: benign node 2")
    expect(part(page, "submit-hint")).to_have_text("Against the report: 1 without a reason")
    press(page, "r")
    page.keyboard.type("Fatty hilum.")
    press(page, "Enter")
    expect(finding).to_contain_text("Reason: Fatty hilum.")
    shot(page, "labelling-settled")
    press(page, "Enter")
    expect(part(page, "submitted")).to_be_visible()

    assert Labelling.objects.get().state == "submitted"
    assert FindingReason.objects.get().reason == "Fatty hilum."
    first, second, third = map(current, (1, 2, 3))
    assert (first.label, second.label, third.label) == (1, 0, 0)
    assert first.details == LabelDetails(place="left IIa", basis="largest_by_size", certainty=3)
    assert third.details == LabelDetails(place="left III", basis="guess", certainty=1, matted="A")
    page.reload()
    page.wait_for_selector(READY)
    expect(page.get_by_label("Matted group")).to_be_disabled()


@pytest.mark.usefixtures("locked")
def test_a_label_against_its_basis_is_not_given(page):
    enter(page)
    press(page, "b", "1", "Escape", "2")
    expect(part(page, "detail-hint")).to_contain_text("“Whole level negative” does not go with")
    expect(part(page, "node-heading")).to_have_text("Node 1")
    press(page, "1")
    all_saved(page)
    assert NodeLabel.objects.get().details.basis == "whole_level_negative"
    # Of the next node nothing but the label is given: it lacks what the rules need.
    expect(part(page, "node-heading")).to_have_text("Node 2")
    press(page, "2")
    expect(page.locator(".nw-node").nth(1)).to_contain_text("lacks level, basis, certainty")
    expect(part(page, "progress")).to_have_text("0 of 3 labelled")


def test_without_a_report_labels_are_enough(page):
    enter(page)
    expect(part(page, "no-report")).to_be_visible()
    for key in "123":
        press(page, key)
    all_saved(page)
    shot(page, "labelling-no-report")
    press(page, "Enter")
    expect(part(page, "submitted")).to_be_visible()
