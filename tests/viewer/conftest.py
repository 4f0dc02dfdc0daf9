"""Real Chromium, with and without WebGL, against a stand-in server."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.viewer.stand_in_server import StudyServer

FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SOFTWARE_GL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
DRAWING = {"webgl": SOFTWARE_GL, "no webgl": ["--disable-3d-apis"]}
WAIT_MS = 20_000


def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("Browser tests need Chromium: install it, for example 'apt install chromium'")
    return found


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browsers(playwright: Playwright) -> Iterator[dict[str, Browser]]:
    path = chromium()
    started = {
        name: playwright.chromium.launch(executable_path=path, args=[*FLAGS, *flags])
        for name, flags in DRAWING.items()
    }
    yield started
    for browser in started.values():
        browser.close()


@pytest.fixture
def study() -> Iterator[StudyServer]:
    server = StudyServer()
    yield server
    server.close()


def new_context(browser: Browser) -> BrowserContext:
    context = browser.new_context(
        viewport={"width": 1100, "height": 700}, device_scale_factor=1, reduced_motion="reduce"
    )
    context.set_default_timeout(WAIT_MS)
    return context


@pytest.fixture
def context(browsers: dict[str, Browser]) -> Iterator[BrowserContext]:
    opened = new_context(browsers["webgl"])
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture(params=list(DRAWING))
def any_page(request: pytest.FixtureRequest, browsers: dict[str, Browser]) -> Iterator[Page]:
    """A page in a browser with WebGL, and one in a browser without."""
    opened = new_context(browsers[request.param])
    yield opened.new_page()
    opened.close()
