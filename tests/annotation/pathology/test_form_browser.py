"""The form in real Chromium: typed by keys alone, with totals, errors, warnings and pN at once."""

from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from annotation import selectors, services
from tests.browsers import new_context
from tests.cases import store_case

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def patient(transactional_db, cohort):
    return store_case(cohort, "P001", nodes=1)


@pytest.fixture
def page(live_server, client, people, patient, browsers: dict[str, Browser]) -> Iterator[Page]:
    """The form, open before annotator one; it must have stayed free of complaints."""
    client.force_login(people.annotator_one)
    context = new_context(browsers["no webgl"])
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    context.add_cookies([cookie | {"url": live_server.url}])
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda line: line.type == "error" and complaints.append(line.text))
    opened.goto(live_server.url + reverse("annotation:pathology", args=[patient.public_id]))
    yield opened
    context.close()
    assert complaints == []


def cell(page: Page, name: str):
    return page.locator(f'[name="{name}"]')


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.name")


def test_a_report_is_typed_by_keys_and_judged_as_it_is_typed(page, patient):
    cell(page, "report_id").focus()
    page.keyboard.type("LAB-1")
    page.keyboard.press("Enter")
    assert focused(page) == "days_ct_to_surgery"
    page.keyboard.type("61")
    cell(page, "primary_site").select_option("larynx")
    cell(page, "primary_side").select_option("left")
    cell(page, "edition").select_option("ajcc8")
    cell(page, "pn").select_option("pN0")
    cell(page, "left-IIa-examined").focus()
    for number in ("10", "8"):
        page.keyboard.type(number)
        page.keyboard.press("Enter")
    assert focused(page) == "left-III-examined"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    assert focused(page) == "left-IIb-positive"
    page.keyboard.type("9")
    page.keyboard.press("ArrowUp")
    page.keyboard.type("1")
    page.keyboard.press("Tab")
    page.keyboard.type("0")
    left = page.locator('[data-side="left"]')
    expect(left.locator('[data-total="examined"]')).to_have_text("18")
    expect(left.locator('[data-total="ene_positive"]')).to_have_text("≥ 0")
    expect(cell(page, "left-IIa-dissected")).to_have_value("yes")
    expect(page.locator("#left-IIb-error")).to_have_text("Positive: 9 positive of 8 examined.")
    expect(cell(page, "left-IIb-positive")).to_have_attribute("aria-invalid", "true")

    cell(page, "left-IIb-positive").fill("0")
    cell(page, "ene_class").select_option("none")
    cell(page, "largest_deposit_qualifier").select_option("exact")
    cell(page, "largest_deposit_mm").fill("18")
    left.get_by_role("button", name="The other levels were not dissected").click()
    expect(page.locator('[data-part="staged"]')).to_have_text("pN1")
    warnings = page.locator('[data-part="warnings"] li')
    expect(warnings).to_have_text(
        [
            r"W7 Surgery was 61 days after CT, more than 60.",
            "W8 The report says pN0 (ajcc8); its own fields give pN1.",
        ]
    )
    expect(page.locator("#left-IIb-error")).to_be_hidden()
    expect(page.locator('[data-part="sum"]')).to_have_text("18 examined, 1 positive, 0 with ENE")

    page.get_by_role("button", name="Save as draft").click()
    expect(page.get_by_text("Saved as a draft.")).to_be_visible()
    saved = selectors.report_state(patient)
    assert saved.staged.category == "pN1"
    assert saved.texts["left-VI-dissected"] == "no"


def test_what_is_not_saved_is_not_confirmed(page, patient, people, sound):
    services.enter_report(by=people.annotator_two, patient=patient, report=sound, base_revision=0)
    page.reload()
    check = page.get_by_role("button", name="It says what the paper says")
    expect(check).to_be_enabled()
    cell(page, "left-IIa-examined").fill("11")
    expect(check).to_be_disabled()
    expect(page.locator('[data-part="dirty"]')).to_have_text("Not saved yet")
