"""An acknowledged call is saved, and a call that is not acknowledged is never lost."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.viewer.stand_in_server import StudyServer
from tests.viewer.synthetic_case import SyntheticCase

pytestmark = pytest.mark.browser


def open_case(page: Page, study: StudyServer, case: SyntheticCase) -> None:
    page.goto(study.page_of(case))
    page.wait_for_selector('[data-viewer^="ready"]')


def call(page: Page, key: str) -> None:
    page.wait_for_selector('[data-viewer^="ready"]')
    expect(page.locator(".nw-choice").first).to_be_enabled()
    page.keyboard.press(key)


def save_state(page: Page) -> str | None:
    return page.locator('[data-part="save"]').get_attribute("data-state")


def saved(page: Page) -> None:
    expect(page.locator('[data-part="save"]')).to_have_attribute("data-state", "saved")
    expect(page.locator('[data-part="save-text"]')).to_have_text("All calls saved")


def waiting(page: Page, count: str) -> None:
    expect(page.locator('[data-part="save"]')).to_have_attribute("data-state", "waiting")
    expect(page.locator('[data-part="save-text"]')).to_contain_text(f"{count} waiting for")


def test_calls_are_saved_one_after_the_other_with_rising_versions(
    page: Page, study: StudyServer
) -> None:
    case = study.cases[0]
    open_case(page, study, case)
    for key in "132":
        call(page, key)
    saved(page)

    assert [entry["base_version"] for entry in case.log] == [0, 1, 2]
    assert list(case.calls.values()) == [0, 2, 1]
    assert list(case.calls) == list(case.masks)


def test_calls_made_offline_wait_and_are_saved_when_the_server_is_back(
    page: Page, study: StudyServer
) -> None:
    case = study.cases[0]
    open_case(page, study, case)
    page.wait_for_selector('[data-viewer*="|loaded:12"]')
    study.offline = True
    call(page, "1")
    call(page, "2")
    waiting(page, "2 calls")
    expect(page.locator('.nw-node[data-waiting="true"]')).to_have_count(2)
    assert case.log == []

    study.offline = False
    page.locator('[data-part="save-retry"]').click()
    saved(page)
    assert list(case.calls.values()) == [0, 1]
    expect(page.locator('.nw-node[data-waiting="true"]')).to_have_count(0)


def test_the_queue_tries_again_by_itself(page: Page, study: StudyServer) -> None:
    open_case(page, study, study.cases[0])
    study.offline = True
    call(page, "1")
    waiting(page, "1 call")
    study.offline = False
    saved(page)
    assert list(study.cases[0].calls.values()) == [0]


def test_waiting_calls_outlive_the_tab(context: BrowserContext, study: StudyServer) -> None:
    case = study.cases[0]
    page = context.new_page()
    open_case(page, study, case)
    page.wait_for_selector('[data-viewer*="|loaded:12"]')
    study.offline = True
    for key in "321":
        call(page, key)
    waiting(page, "3 calls")
    page.close()

    study.offline = False
    again = context.new_page()
    open_case(again, study, case)
    saved(again)
    assert [entry["category"] for entry in case.log] == [2, 1, 0]
    expect(again.locator('[data-part="progress"]')).to_have_text("3 of 3 called")


def test_a_call_whose_answer_was_lost_is_not_saved_twice(
    context: BrowserContext, study: StudyServer
) -> None:
    """The server saved it, the browser never heard: the same UUID comes again."""
    case = study.cases[0]
    page = context.new_page()
    open_case(page, study, case)

    def save_but_lose_the_answer(route) -> None:
        route.fetch()
        route.abort("connectionreset")

    page.route("**/calls/", save_but_lose_the_answer)
    call(page, "2")
    waiting(page, "1 call")
    page.close()
    assert len(case.log) == 1

    again = context.new_page()
    open_case(again, study, case)
    saved(again)
    assert len(case.log) == 1
    call(again, "3")
    saved(again)
    assert [entry["category"] for entry in case.log] == [1, 2]


def conflict(context: BrowserContext, study: StudyServer) -> Page:
    """Two tabs on one case; the second still believes in the old version."""
    case = study.cases[0]
    first, second = context.new_page(), context.new_page()
    open_case(first, study, case)
    open_case(second, study, case)
    call(first, "1")
    saved(first)
    second.bring_to_front()
    call(second, "3")
    expect(second.locator('[data-part="conflict"]')).to_be_visible()
    rows = second.locator('[data-part="conflict-rows"] tr')
    expect(rows).to_have_count(1)
    expect(rows.first).to_have_text("Node 1BenignMetastasis with ENE")
    assert list(case.calls.values()) == [0]
    return second


def test_a_conflict_can_be_settled_for_the_saved_calls(
    context: BrowserContext, study: StudyServer
) -> None:
    page = conflict(context, study)
    page.locator('[data-part="keep-server"]').click()
    saved(page)
    assert list(study.cases[0].calls.values()) == [0]
    expect(page.locator(".nw-node").first).to_contain_text("Benign")
    page.reload()
    page.wait_for_selector('[data-viewer^="ready"]')
    saved(page)
    assert len(study.cases[0].log) == 1


def test_a_conflict_can_be_settled_for_the_own_calls(
    context: BrowserContext, study: StudyServer
) -> None:
    page = conflict(context, study)
    page.keyboard.press("Escape")
    expect(page.locator('[data-part="conflict"]')).to_be_visible()
    page.locator('[data-part="keep-own"]').click()
    saved(page)
    assert list(study.cases[0].calls.values()) == [2]
    assert [entry["base_version"] for entry in study.cases[0].log] == [0, 1]
    expect(page.locator(".nw-node").first).to_contain_text("Metastasis with ENE")


def test_a_refused_call_is_shown_and_can_be_discarded(page: Page, study: StudyServer) -> None:
    open_case(page, study, study.cases[0])
    study.refuse_calls_with = (422, "study_closed")
    call(page, "1")
    expect(page.locator('[data-part="save"]')).to_have_attribute("data-state", "refused")
    expect(page.locator('[data-part="save-text"]')).to_contain_text("The study is closed.")

    study.refuse_calls_with = None
    page.locator('[data-part="save-discard"]').click()
    saved(page)
    assert study.cases[0].log == []
    expect(page.locator('[data-part="progress"]')).to_have_text("0 of 3 called")


def test_a_signed_out_reader_keeps_the_calls(page: Page, study: StudyServer) -> None:
    open_case(page, study, study.cases[0])
    study.refuse_calls_with = (401, "not_authenticated")
    call(page, "1")
    expect(page.locator('[data-part="save"]')).to_have_attribute("data-state", "signed-out")

    study.refuse_calls_with = None
    page.locator('[data-part="save-retry"]').click()
    saved(page)
    assert list(study.cases[0].calls.values()) == [0]
