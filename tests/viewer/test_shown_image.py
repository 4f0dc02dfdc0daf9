"""Safety: frames are broken one at a time; the picture is covered and no call is possible."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.viewer.stand_in_server import StudyServer
from tests.viewer.synthetic_case import SLICES

pytestmark = pytest.mark.browser

FIRST_SLICE = 3
FAULTS = {
    "missing": "the server answered with status 404",
    "corrupt": "the image data is damaged or belongs to another image",
    "truncated": "bytes arrived",
    "cut": "the connection was lost",
    "login page": "the server sent something other than an image",
    "login page as image": "bytes arrived",
    "no transfer syntax": "the server sent something other than an image",
    "redirect": "the server sent something other than an image",
    "other case": "",
    "other slice": "",
    "never": "it did not arrive within 2 s",
}
SLOW_BROWSER_MS = 15_000


def assert_covered_and_silent(page: Page, study: StudyServer, reason: str) -> None:
    """The cover lies over the picture, says why, and neither keys nor buttons call."""
    cover = page.locator('[data-part="cover"]')
    expect(cover).to_have_attribute("data-failed", "true", timeout=SLOW_BROWSER_MS)
    expect(cover).to_be_visible()
    expect(page.locator('[data-part="message"]')).to_contain_text(reason)
    picture = page.locator('[data-part="viewport"]').bounding_box()
    assert cover.bounding_box() == picture
    background = cover.evaluate("element => getComputedStyle(element).backgroundImage")
    assert "rgba" not in background, "the cover must be opaque"
    for key in "123":
        page.keyboard.press(key)
    expect(page.locator(".nw-choice")).to_have_count(3)
    for button in page.locator(".nw-choice").all():
        expect(button).to_be_disabled()
    assert page.locator('[data-part="progress"]').inner_text() == "0 of 3 called"
    assert all(case.log == [] for case in study.cases)


def state_of(page: Page) -> str:
    return page.locator("[data-viewer]").get_attribute("data-viewer") or ""


def retry(page: Page) -> None:
    page.locator('[data-part="retry"]').click()
    page.wait_for_selector('[data-viewer^="ready"]')
    expect(page.locator('[data-part="cover"]')).to_be_hidden()
    expect(page.locator(".nw-choice").first).to_be_enabled()


@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_case_whose_first_frame_is_broken_cannot_be_called(
    any_page: Page, study: StudyServer, fault: str
) -> None:
    case = study.cases[0]
    study.faults[case.case_id, FIRST_SLICE] = fault
    any_page.goto(study.page_of(case))

    assert_covered_and_silent(any_page, study, FAULTS[fault])

    study.faults.clear()
    retry(any_page)
    any_page.keyboard.press("1")
    expect(any_page.locator('[data-part="progress"]')).to_have_text("1 of 3 called")


def test_broken_slices_are_covered_one_by_one_while_scrolling(
    any_page: Page, study: StudyServer
) -> None:
    """Every other slice is broken in its own way; the good ones between are shown."""
    case = study.cases[0]
    broken = dict(zip(range(FIRST_SLICE + 1, SLICES, 2), list(FAULTS)[::2], strict=False))
    study.faults.update({(case.case_id, index): fault for index, fault in broken.items()})
    any_page.goto(study.page_of(case))
    any_page.wait_for_selector('[data-viewer^="ready"]')

    for index in range(FIRST_SLICE + 1, SLICES):
        any_page.keyboard.press("ArrowUp")
        if index in broken:
            assert_covered_and_silent(any_page, study, FAULTS[broken[index]])
        else:
            any_page.wait_for_selector(f'[data-viewer^="ready"][data-viewer*="|slice:{index}|"]')
            expect(any_page.locator(".nw-choice").first).to_be_enabled()

    study.faults.clear()
    for index in sorted(broken, reverse=True):
        while f"|slice:{index}|" not in (state_of(any_page)):
            any_page.keyboard.press("ArrowDown")
        any_page.wait_for_selector(f'[data-viewer^="ready"][data-viewer*="|slice:{index}|"]')
        expect(any_page.locator('[data-part="cover"]')).to_be_hidden()


def test_after_submitting_a_broken_next_case_covers_the_case_before(
    any_page: Page, study: StudyServer
) -> None:
    """Cornerstone keeps the old picture here while it reports the new case."""
    first, second = study.cases[:2]
    study.faults[second.case_id, FIRST_SLICE] = "missing"
    any_page.goto(study.page_of(first))
    for _ in range(3):
        any_page.wait_for_selector('[data-viewer^="ready"]')
        any_page.keyboard.press("1")
    expect(any_page.locator('[data-part="submit"]')).to_be_enabled()
    first.log.clear()
    any_page.keyboard.press("Enter")

    expect(any_page.locator('[data-part="position"]')).to_have_text("Case 2 of 3")
    assert_covered_and_silent(any_page, study, FAULTS["missing"])
    assert state_of(any_page).startswith(f"failed|case:{second.case_id}|")

    study.faults.clear()
    retry(any_page)


def test_a_call_carries_the_case_and_the_slice_that_were_shown(
    page: Page, study: StudyServer
) -> None:
    case = study.cases[0]
    page.goto(study.page_of(case))
    page.wait_for_selector('[data-viewer^="ready"]')
    page.keyboard.press("ArrowUp")
    page.wait_for_selector('[data-viewer^="ready"][data-viewer*="|slice:4|"]')
    page.keyboard.press("3")
    expect(page.locator('[data-part="save-text"]')).to_have_text("All calls saved")

    [call] = case.log
    assert call["shown_case"] == case.case_id
    assert call["shown_slice"] == 4
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-.*", call["call"])


def test_an_insecure_connection_is_refused_in_words(page: Page, study: StudyServer) -> None:
    """Digests need a secure context; without one nothing may be shown at all."""
    page.add_init_script("Object.defineProperty(crypto, 'subtle', { value: undefined });")
    page.goto(study.page_of(study.cases[0]))

    assert_covered_and_silent(page, study, "Open it with https")
    expect(page.locator('[data-part="retry"]')).to_be_hidden()
    assert study.frame_requests == []


def test_a_lost_graphics_context_covers_the_picture(page: Page, study: StudyServer) -> None:
    page.goto(f"{study.address}/harness/")
    page.wait_for_selector('[data-viewer^="ready"]')
    page.evaluate(
        """() => {
            const [hidden] = viewer.engine._implementation.contextPool.getAllContexts();
            const context = hidden.getOpenGLRenderWindow().getContext();
            context.getExtension('WEBGL_lose_context').loseContext();
        }"""
    )
    page.wait_for_selector('[data-viewer^="failed"]')
    expect(page.locator('[data-part="message"]')).to_contain_text("graphics card was lost")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    expect(page.locator('[data-part="cover"]')).to_be_visible()
