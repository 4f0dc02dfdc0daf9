"""What a page has drawn, against arithmetic on the uploaded DICOM files."""

import base64

import numpy as np
from playwright.sync_api import Page
from scipy.ndimage import maximum_filter, minimum_filter

from tests.e2e.inputs import CaseFiles
from tests.viewer.test_pictures import expected_grey

SOFT_TISSUE = (50, 400)
ROUNDING = 2.0
SAMPLES_PER_SIDE = 120
GREYS_OF = """canvas => {
    const { width, height } = canvas;
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
    const red = new Uint8Array(width * height).map((_, index) => data[4 * index]);
    return [width, height, red.toBase64()];
}"""


def drawn_greys(page: Page) -> np.ndarray:
    canvas = page.locator('[data-part="viewport"] canvas')
    width, height, encoded = canvas.evaluate(GREYS_OF)
    greys = np.frombuffer(base64.b64decode(encoded), np.uint8)
    return greys.reshape(height, width).astype(float)


def share_of_right_greys(page: Page, case: CaseFiles, index: int) -> tuple[float, int]:
    """Compare what is drawn with slice ``index``, fitted to the view, in the first window.

    Returns the share of sampled pixels whose grey lies within their 3 x 3 neighbourhood, and how
    many of these tell something: neither black nor white, in a flat neighbourhood.
    """
    drawn = drawn_greys(page)
    plane, (spacing_y, spacing_x) = case.plane_hu(index)
    grey = expected_grey(plane.astype(float), *SOFT_TISSUE)
    low, high = minimum_filter(grey, 3), maximum_filter(grey, 3)
    (height, width), (rows, columns) = drawn.shape, grey.shape
    per_mm = min(height / (rows * spacing_y), width / (columns * spacing_x))
    step = max(1, rows // SAMPLES_PER_SIDE)
    y, x = np.mgrid[2 : rows - 2 : step, 2 : columns - 2 : step]
    at_y = (height / 2 + (y + 0.5 - rows / 2) * spacing_y * per_mm).astype(int)
    at_x = (width / 2 + (x + 0.5 - columns / 2) * spacing_x * per_mm).astype(int)
    found = drawn[at_y, at_x]
    fits = (found >= low[y, x] - ROUNDING) & (found <= high[y, x] + ROUNDING)
    telling = (low[y, x] > 16) & (high[y, x] < 239) & (high[y, x] - low[y, x] < 64)
    return float(fits.mean()), int((fits & telling).sum())
