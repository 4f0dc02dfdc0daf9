"""Real Chromium, with and without WebGL: one for all tests of a process."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright

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


def new_context(browser: Browser, *, width: int = 1100, height: int = 700) -> BrowserContext:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=1,
        reduced_motion="reduce",
    )
    context.set_default_timeout(WAIT_MS)
    return context
