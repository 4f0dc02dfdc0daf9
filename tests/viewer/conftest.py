"""Real Chromium, with and without WebGL, against a stand-in server."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browsers import DRAWING, new_context
from tests.viewer.stand_in_server import StudyServer


@pytest.fixture
def study() -> Iterator[StudyServer]:
    server = StudyServer()
    yield server
    server.close()


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
