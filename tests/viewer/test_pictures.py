"""What is drawn, against arithmetic: grey values, windows, outlines along pixel edges."""

import numpy as np
import pytest
from playwright.sync_api import Page

from tests.viewer.stand_in_server import StudyServer
from tests.viewer.synthetic_case import COLUMNS, ROWS, SPACING_MM

pytestmark = pytest.mark.browser

SIDE = 256
# Rounding to whole grey values, and the 1,024 steps of the WebGL lookup table.
TOLERANCE = 0.75
MARGIN = (SIDE - ROWS) // 2
WINDOWS = [(50, 400), (500, 2000), (-600, 1500), (50, 1000)]
ACTUAL_PIXELS = "viewer.camera.actualPixels();"
EIGHT_FOLD = (
    "const { camera } = viewer; camera.actualPixels(); "
    "camera.zoomBy(8); camera.centreOn([3, 86, 79]);"
)
PRESETS = [f"viewer.actions()['preset-{preset}']();" for preset in range(4)]
PIXELS_OF = """selector => {
    const canvas = document.querySelector(selector);
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return [canvas.width, canvas.height, Array.from(data)];
}"""


def open_harness(page: Page, study: StudyServer) -> None:
    page.goto(f"{study.address}/harness/")
    page.wait_for_selector('[data-viewer^="ready"]')


def pixels(page: Page, selector: str) -> np.ndarray:
    width, height, data = page.evaluate(PIXELS_OF, selector)
    return np.array(data, dtype=np.float64).reshape(height, width, 4)


def after_drawing(page: Page, script: str) -> None:
    """Run ``script`` and wait until the viewport has drawn what it asked for."""
    page.evaluate(
        """async () => {
            const element = document.querySelector('[data-part="viewport"]');
            const drawn = new Promise((resolve) => {
                element.addEventListener('CORNERSTONE_IMAGE_RENDERED', resolve, { once: true });
            });
            act();
            await drawn;
        }""".replace("act();", script),
    )


def expected_grey(hounsfield: np.ndarray, centre: int, width: int) -> np.ndarray:
    """DICOM PS3.3 C.11.2.1.2.1, linear, on 0…255."""
    low, high = centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2
    return np.clip((hounsfield - low) / (high - low) * 255, 0, 255)


@pytest.mark.parametrize(("preset", "window"), list(enumerate(WINDOWS)))
def test_grey_values_at_one_to_one_follow_the_window(
    any_page: Page, study: StudyServer, preset: int, window: tuple[int, int]
) -> None:
    open_harness(any_page, study)
    after_drawing(any_page, ACTUAL_PIXELS)
    if preset > 0:
        after_drawing(any_page, PRESETS[preset])

    drawn = pixels(any_page, '[data-part="viewport"] canvas')[..., 0]

    inside = drawn[MARGIN : MARGIN + ROWS, MARGIN : MARGIN + COLUMNS]
    wanted = expected_grey(study.cases[0].volume_zyx[3].astype(float), *window)
    assert np.abs(inside - wanted).max() <= TOLERANCE


def test_inverting_turns_black_to_white(any_page: Page, study: StudyServer) -> None:
    open_harness(any_page, study)
    after_drawing(any_page, ACTUAL_PIXELS)
    after_drawing(any_page, "viewer.setInverted(true);")

    drawn = pixels(any_page, '[data-part="viewport"] canvas')[..., 0]

    inside = drawn[MARGIN : MARGIN + ROWS, MARGIN : MARGIN + COLUMNS]
    wanted = 255 - expected_grey(study.cases[0].volume_zyx[3].astype(float), 50, 400)
    assert np.abs(inside - wanted).max() <= 1.0


def edges(mask_yx: np.ndarray) -> set[tuple[float, float]]:
    """Midpoints (x, y) of the pixel edges between inside and outside."""
    padded = np.pad(mask_yx, 1)
    vertical = np.argwhere(padded[1:-1, 1:] != padded[1:-1, :-1])
    horizontal = np.argwhere(padded[1:, 1:-1] != padded[:-1, 1:-1])
    return {(float(x), y + 0.5) for y, x in vertical} | {(x + 0.5, float(y)) for y, x in horizontal}


def test_outlines_run_along_pixel_edges_over_their_own_pixels(
    any_page: Page, study: StudyServer
) -> None:
    open_harness(any_page, study)
    after_drawing(any_page, EIGHT_FOLD)
    place = any_page.evaluate(
        "() => { const m = viewer.camera.toCanvas(); return [m.a, m.e, m.f]; }"
    )
    scale, left, top = place
    assert scale == pytest.approx(8, abs=0.01)

    painted = pixels(any_page, '[data-part="overlay"]')[..., 3]
    drawn = pixels(any_page, '[data-part="viewport"] canvas')[..., 0]
    mask_zyx = next(iter(study.cases[0].masks.values()))
    wanted = edges(mask_zyx[3])
    rows, columns = np.nonzero(mask_zyx[3])
    grey = expected_grey(study.cases[0].volume_zyx[3].astype(float), 50, 400)
    for y in range(rows.min(), rows.max() + 1):
        for x in range(columns.min(), columns.max()):
            for edge in ((float(x), y + 0.5), (x + 0.5, float(y))):
                at = (round(top + scale * edge[1]), round(left + scale * edge[0]))
                assert (painted[at] > 128) == (edge in wanted), edge
            middle = (int(top + scale * (y + 0.5)), int(left + scale * (x + 0.5)))
            assert painted[middle] == 0
            # The picture lies under the outline: the middle of a pixel carries its grey value,
            # up to the share of its neighbours, 1/16 of a pixel away in x and in y.
            around = study.cases[0].volume_zyx[3, y - 1 : y + 2, x - 1 : x + 2]
            tolerance = int(np.ptp(around)) * 2 / 16 * 255 / 399 + 1
            assert abs(drawn[middle] - grey[y, x]) <= tolerance


def test_a_length_is_measured_in_millimetres(any_page: Page, study: StudyServer) -> None:
    open_harness(any_page, study)
    after_drawing(any_page, ACTUAL_PIXELS)
    any_page.keyboard.press("l")
    box = any_page.locator('[data-part="viewport"]').bounding_box()
    assert box is not None
    any_page.mouse.move(box["x"] + 80, box["y"] + 100)
    any_page.mouse.down()
    any_page.mouse.move(box["x"] + 120, box["y"] + 100, steps=4)
    any_page.mouse.move(box["x"] + 180, box["y"] + 100, steps=4)
    any_page.mouse.up()

    any_page.locator('[data-part="viewport"] svg text', has_text=f"{100 * SPACING_MM:g}").wait_for()


def test_the_wheel_goes_caudal_downwards_and_home_goes_cranial(
    any_page: Page, study: StudyServer
) -> None:
    open_harness(any_page, study)
    any_page.locator('[data-part="viewport"]').hover()

    any_page.mouse.wheel(0, 120)
    any_page.wait_for_selector('[data-viewer*="|slice:2|"]')
    any_page.keyboard.press("Home")
    any_page.wait_for_selector('[data-viewer^="ready"][data-viewer*="|slice:11|"]')
    any_page.keyboard.press("ArrowDown")
    any_page.wait_for_selector('[data-viewer^="ready"][data-viewer*="|slice:10|"]')

    assert "Slice 2 / 12" in any_page.inner_text(".nw-facts")


def test_the_window_follows_the_left_drag(any_page: Page, study: StudyServer) -> None:
    open_harness(any_page, study)
    box = any_page.locator('[data-part="viewport"]').bounding_box()
    assert box is not None

    any_page.mouse.move(box["x"] + 100, box["y"] + 100)
    any_page.mouse.down()
    any_page.mouse.move(box["x"] + 140, box["y"] + 80)
    any_page.mouse.up()

    assert any_page.inner_text('[data-part="window-text"]') == "W 440 · L 30"
    any_page.keyboard.press("Space")
    assert any_page.inner_text('[data-part="window-text"]') == "W 400 · L 50"


def test_the_window_stays_while_scrolling(any_page: Page, study: StudyServer) -> None:
    open_harness(any_page, study)
    after_drawing(any_page, ACTUAL_PIXELS)
    after_drawing(any_page, PRESETS[1])
    any_page.keyboard.press("ArrowUp")
    any_page.wait_for_selector('[data-viewer^="ready"][data-viewer*="|slice:4|"]')

    drawn = pixels(any_page, '[data-part="viewport"] canvas')[..., 0]

    inside = drawn[MARGIN : MARGIN + ROWS, MARGIN : MARGIN + COLUMNS]
    wanted = expected_grey(study.cases[0].volume_zyx[4].astype(float), 500, 2000)
    assert np.abs(inside - wanted).max() <= TOLERANCE
