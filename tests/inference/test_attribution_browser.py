"""The map over the CT in real Chromium: drawn where the voxels lie, in the right colours."""

from collections.abc import Iterator

import numpy as np
import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from cohorts.models import NodeMask
from cohorts.selectors import current_masks_in
from tests.attribution_cases import store_map
from tests.browsers import DRAWING, new_context
from tests.cases import store_case

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

READY = '[data-map="ready"][data-viewer^="ready"]'
ORANGE, BLUE = np.array([255, 140, 26]), np.array([61, 139, 255])

COLOUR_AT = """([x, y]) => {
    const canvas = document.querySelector('[data-part="overlay"]');
    const { data } = canvas.getContext('2d').getImageData(x, y, 1, 1);
    return Array.from(data);
}"""


@pytest.fixture(params=list(DRAWING))
def page(
    request,
    transactional_db,
    live_server,
    client,
    people,
    cohort,
    version,
    browsers: dict[str, Browser],
) -> Iterator[Page]:
    """The page of one map, open before the statistician; it must stay free of complaints."""
    store_case(cohort, "P001", nodes=1)
    found = store_map(current_masks_in(cohort).get(), version)
    client.force_login(people.statistician)
    context = new_context(browsers[request.param])
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    context.add_cookies([cookie | {"url": live_server.url}])
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda line: line.type == "error" and complaints.append(line.text))
    opened.goto(live_server.url + reverse("inference:attribution", args=[found.public_id]))
    yield opened
    context.close()
    assert complaints == []


def box() -> list[list[int]]:
    return NodeMask.objects.get().bounding_box


def place_of(page: Page, row: float, column: float) -> list[int]:
    """Where a pixel's middle lies on the canvas, told by the outline's own bounding lines."""
    (_, _), (y0, y1), (x0, x1) = box()
    left, top, right, bottom = page.evaluate(OUTLINE_BOX)
    return [
        round(left + (column + 0.5 - x0) / (x1 - x0) * (right - left)),
        round(top + (row + 0.5 - y0) / (y1 - y0) * (bottom - top)),
    ]


OUTLINE_BOX = """() => {
    const canvas = document.querySelector('[data-part="overlay"]');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let [left, top, right, bottom] = [Infinity, Infinity, -1, -1];
    for (let at = 0; at < data.length; at += 4) {
        // The current node's line, #ffd24a.
        if (data[at] === 255 && data[at + 1] === 210 && data[at + 2] === 74) {
            const x = (at / 4) % canvas.width;
            const y = Math.floor(at / 4 / canvas.width);
            // The node's number stands outside, to the upper right of the box.
            const row = canvas.width * y;
            left = Math.min(left, x);
            bottom = Math.max(bottom, y);
            const run = data[4 * (row + x + 8)] === 255 && data[4 * (row + x + 8) + 1] === 210;
            if (run) { top = Math.min(top, y); right = Math.max(right, x + 8); }
        }
    }
    return [left, top, right, bottom];
}"""


def colour(page: Page, row: float, column: float) -> np.ndarray:
    return np.array(page.evaluate(COLOUR_AT, place_of(page, row, column)))


def test_the_map_lies_over_its_voxels_and_can_be_taken_away(page: Page) -> None:
    page.wait_for_selector(READY)
    _, (y0, y1), (x0, x1) = box()
    middle = (y0 + y1 - 1) / 2
    left, right = colour(page, middle, x0 + 1), colour(page, middle, x1 - 2)
    # Both sizes are beyond and at half of the colour scale: opacity 0.7 times its square root.
    assert np.abs(left[:3] - ORANGE).max() <= 8
    assert np.abs(right[:3] - BLUE).max() <= 8
    assert left[3] == pytest.approx(0.7 * 255, abs=6)
    assert right[3] == pytest.approx(0.7 * 255 * 0.5**0.5, abs=6)
    assert colour(page, middle, x1 + 4)[3] == 0

    page.keyboard.press("a")
    expect(page.locator('[data-part="overlay-on"]')).not_to_be_checked()
    assert colour(page, middle, x0 + 1)[3] == 0
    page.keyboard.press("a")
    assert colour(page, middle, x0 + 1)[3] > 100


def test_the_slider_and_the_arrows_change_the_opacity(page: Page) -> None:
    page.wait_for_selector(READY)
    _, (y0, y1), (x0, _) = box()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(page.locator('[data-part="opacity-text"]')).to_have_text("90 %")
    stronger = colour(page, (y0 + y1 - 1) / 2, x0 + 1)[3]
    assert stronger == pytest.approx(0.9 * 255, abs=6)
    page.locator('[data-part="opacity"]').fill("20")
    expect(page.locator('[data-part="opacity-text"]')).to_have_text("20 %")
    assert colour(page, (y0 + y1 - 1) / 2, x0 + 1)[3] == pytest.approx(0.2 * 255, abs=6)


def test_scrolling_tells_what_the_slice_holds(page: Page) -> None:
    page.wait_for_selector(READY)
    told = page.locator('[data-part="slice-sum"]')
    # 6 rows of 3 columns at +0.02, and of 4 at -0.01.
    expect(told).to_have_text("This slice: +0.36 and −0.24 logits.")
    page.keyboard.press("Home")
    expect(told).to_have_text("This slice is outside the map.")
    page.wait_for_selector('[data-viewer^="ready"]')
    drawn = """() => { const c = document.querySelector('[data-part="overlay"]');
        return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(Boolean); }"""
    assert not page.evaluate(drawn)
    page.keyboard.press("m")
    expect(told).to_have_text("This slice: +0.36 and −0.24 logits.")


def test_a_map_damaged_on_its_way_is_not_shown(page: Page) -> None:
    page.wait_for_selector(READY)

    def damage(route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.body()[:-2] + b"\x00\x01")

    page.route("**/values/", damage)
    page.reload()
    expect(page.locator('[data-part="problem-text"]')).to_contain_text("damaged on its way")
    page.unroute("**/values/")
    page.locator('[data-part="problem-retry"]').click()
    page.wait_for_selector(READY)
