"""A reader's way through cases: keys, moving on, submitting, the next case on the same page."""

import pytest
from playwright.sync_api import Page, expect

from tests.viewer.stand_in_server import StudyServer
from tests.viewer.test_save_queue import call, open_case, saved

pytestmark = pytest.mark.browser


def heading(page: Page, text: str) -> None:
    expect(page.locator('[data-part="node-heading"]')).to_have_text(text)


def test_a_key_calls_the_node_and_moves_on_to_the_next(any_page: Page, study: StudyServer) -> None:
    case = study.cases[0]
    open_case(any_page, study, case)
    heading(any_page, "Node 1")
    call(any_page, "1")
    heading(any_page, "Node 2")
    any_page.wait_for_selector('[data-viewer^="ready"][data-viewer*="|slice:6|"]')
    call(any_page, "3")
    heading(any_page, "Node 3")
    saved(any_page)

    assert list(case.calls.values()) == [0, 2]
    nodes = any_page.locator(".nw-node")
    expect(nodes.nth(0)).to_contain_text("Benign")
    expect(nodes.nth(1)).to_contain_text("Metastasis with ENE")
    expect(nodes.nth(2)).to_have_attribute("aria-current", "true")


def test_buttons_call_as_keys_do_and_enter_does_not_press_them_again(
    page: Page, study: StudyServer
) -> None:
    case = study.cases[0]
    open_case(page, study, case)
    page.get_by_role("button", name="Metastasis without ENE").click()
    heading(page, "Node 2")
    page.wait_for_selector('[data-viewer^="ready"]')
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    saved(page)
    assert list(case.calls.values()) == [1]


def test_a_key_held_down_calls_one_node_only(page: Page, study: StudyServer) -> None:
    open_case(page, study, study.cases[0])
    page.keyboard.down("1")
    for _ in range(5):
        page.wait_for_selector('[data-viewer^="ready"]')
        page.keyboard.down("1")
    page.keyboard.up("1")
    saved(page)
    assert len(study.cases[0].log) == 1


def test_n_and_p_go_round_the_nodes(page: Page, study: StudyServer) -> None:
    open_case(page, study, study.cases[0])
    page.keyboard.press("n")
    heading(page, "Node 2")
    page.keyboard.press("p")
    page.keyboard.press("p")
    heading(page, "Node 3")


def test_shift_and_digit_choose_a_window_and_call_nothing(page: Page, study: StudyServer) -> None:
    open_case(page, study, study.cases[0])
    page.keyboard.press("Shift+Digit2")
    expect(page.locator('[data-part="window-text"]')).to_have_text("W 2000 · L 500")
    page.keyboard.press("F1")
    expect(page.locator('[data-part="window-text"]')).to_have_text("W 400 · L 50")
    assert study.cases[0].log == []


def test_an_incomplete_case_cannot_be_submitted(page: Page, study: StudyServer) -> None:
    open_case(page, study, study.cases[0])
    call(page, "1")
    saved(page)
    page.keyboard.press("Enter")
    expect(page.locator('[data-part="submit"]')).to_be_disabled()
    expect(page.locator('[data-part="submit-hint"]')).to_have_text("2 to call")
    assert study.cases[0].state == "draft"


def read_case(page: Page) -> None:
    for _ in range(3):
        call(page, "2")
    saved(page)
    expect(page.locator('[data-part="submit"]')).to_be_enabled()
    page.keyboard.press("Enter")


def test_submitting_opens_the_next_case_on_the_same_page_until_all_are_read(
    page: Page, study: StudyServer
) -> None:
    first, second, third = study.cases
    open_case(page, study, first)
    page.evaluate("window.sameDocument = true")
    page.wait_for_selector('[data-viewer*="|loaded:12"]')
    read_case(page)
    page.wait_for_selector(f'[data-viewer^="ready|case:{second.case_id}"]')
    expect(page.locator('[data-part="position"]')).to_have_text("Case 2 of 3")
    expect(page.locator('[data-part="progress"]')).to_have_text("0 of 3 called")
    assert page.url == study.page_of(second)
    read_case(page)
    page.wait_for_selector(f'[data-viewer^="ready|case:{third.case_id}"]')
    read_case(page)

    expect(page.locator('[data-part="finished"]')).to_be_visible()
    assert [case.state for case in study.cases] == ["submitted"] * 3
    assert page.evaluate("window.sameDocument")


def test_the_next_case_is_fetched_ahead_and_the_left_one_leaves_the_caches(
    page: Page, study: StudyServer
) -> None:
    first, second, _ = study.cases
    cached = """() => import('/static/viewer/cornerstone.js').then(
        ({ cache }) => Array.from(cache._imageCache.keys())
    )"""
    with page.expect_response(lambda answer: f"{second.case_id}/frames/0/" in answer.url):
        open_case(page, study, first)
    page.wait_for_selector('[data-viewer*="|loaded:12"]')
    read_case(page)
    page.wait_for_selector(f'[data-viewer^="ready|case:{second.case_id}"]')

    assert not any(first.case_id in image_id for image_id in page.evaluate(cached))
    requested = [index for case_id, index in study.frame_requests if case_id == second.case_id]
    assert sorted(requested) == sorted(set(requested)), "a prefetched frame is fetched once"


def test_a_submitted_case_is_shown_locked(page: Page, study: StudyServer) -> None:
    study.cases[0].state = "submitted"
    open_case(page, study, study.cases[0])
    page.keyboard.press("1")
    expect(page.locator('[data-part="call-hint"]')).to_have_text("This case is submitted.")
    expect(page.locator(".nw-choice").first).to_be_disabled()
    assert study.cases[0].log == []


def test_a_lost_answer_to_the_submission_goes_on_to_the_next_case(
    page: Page, study: StudyServer
) -> None:
    first, second, _ = study.cases
    open_case(page, study, first)

    def submit_but_lose_the_answer(route) -> None:
        route.fetch()
        route.abort("connectionreset")

    page.route("**/submit/", submit_but_lose_the_answer)
    read_case(page)
    page.wait_for_selector(f'[data-viewer^="ready|case:{second.case_id}"]')
    assert first.state == "submitted"


def test_the_list_of_keys_opens_with_a_question_mark(page: Page, study: StudyServer) -> None:
    open_case(page, study, study.cases[0])
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Call: Metastasis with ENE")
    page.keyboard.press("1")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert study.cases[0].log == []


def test_the_theme_is_dark_at_first_and_the_choice_is_kept(page: Page, study: StudyServer) -> None:
    open_case(page, study, study.cases[0])
    document = page.locator("html")
    expect(document).to_have_attribute("data-bs-theme", "dark")
    page.locator('[data-part="theme"]').click()
    page.reload()
    expect(document).to_have_attribute("data-bs-theme", "light")


def test_looking_at_slices_is_told_to_the_server(page: Page, study: StudyServer) -> None:
    with page.expect_response("**/events/"):
        open_case(page, study, study.cases[0])
    kinds = [event["kind"] for event in study.events]
    assert kinds[:2] == ["opened", "slice"]
    assert study.events[1]["slice"] == 3
    assert study.events[1]["node"] == next(iter(study.cases[0].masks))


def test_the_diary_of_the_next_case_outlives_a_slow_answer_to_the_last(
    page: Page, study: StudyServer
) -> None:
    first, second, _ = study.cases
    held = []

    def hold(route) -> None:
        if first.case_id in route.request.url:
            held.append(route)
        else:
            route.continue_()

    page.route("**/events/", hold)
    open_case(page, study, first)
    read_case(page)
    page.wait_for_selector(f'[data-viewer^="ready|case:{second.case_id}"]')
    with page.expect_request(lambda told: f"{second.case_id}/events/" in told.url) as sent:
        for route in held:
            route.continue_()
    kinds = [event["kind"] for event in sent.value.post_data_json["events"]]
    assert kinds[:2] == ["opened", "slice"]
    assert [event["kind"] for event in study.events].count("closed") == 1


def test_nothing_moves_between_the_first_paint_and_the_picture(
    page: Page, study: StudyServer
) -> None:
    page.add_init_script(
        """window.shifts = 0;
        new PerformanceObserver((list) => {
            list.getEntries().forEach((entry) => { window.shifts += entry.value; });
        }).observe({ type: 'layout-shift', buffered: true });"""
    )
    open_case(page, study, study.cases[0])
    assert page.evaluate("window.shifts") < 0.02


def test_the_page_breaks_no_rule_of_its_content_security_policy(
    any_page: Page, study: StudyServer
) -> None:
    complaints: list[str] = []
    any_page.on("console", lambda message: complaints.append(message.text))
    any_page.on("pageerror", lambda error: complaints.append(str(error)))
    open_case(any_page, study, study.cases[0])
    any_page.keyboard.press("l")
    call(any_page, "1")
    saved(any_page)
    ours = [text for text in complaints if "CornerstoneRender" not in text]
    assert ours == []
