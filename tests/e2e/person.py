"""Somebody at a browser of their own, and what the browser must never do meanwhile."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    WebError,
    expect,
)

from tests.browsers import new_context
from tests.e2e.installation import Installation
from tests.people import PASSWORD

WIDTH = int(os.environ.get("NODEWISE_SCREENSHOT_WIDTH", "1280"))
HEIGHT = WIDTH * 9 // 16
THEME = os.environ.get("NODEWISE_SCREENSHOT_THEME", "")
SCREENSHOTS = os.environ.get("NODEWISE_SCREENSHOTS", "")
SLOW_MS = 120_000
"""For work of the background worker on a busy machine; everything else answers in seconds."""
REFUSED = 400
# What the viewer library says of a picture that could not be loaded, beside what the page says.
LOADER_WORDS = re.compile(
    r"Couldn't process because|XMLHttpRequest|image data is damaged|bytes arrived"
)
# The viewer library greets on the console, and says which of its engines it uses.
GREETINGS = re.compile(r"CornerstoneRender|GPU stall|GL Driver Message|WebGL")
# Said of the tests' own look at the pixels.
OWN_READBACK = "Multiple readback operations using getImageData"


class Watch:
    """Complains about errors, other hosts and refusals that no test asked for."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address = address
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.refusals: list[tuple[int, str]] = []
        self.provoked: list[tuple[int, str]] = []
        self.pictures_fail = False
        context.on("request", self._asked)
        context.on("response", self._answered)
        context.on("console", self._said)
        context.on("weberror", self._broke)

    def _asked(self, request: Request) -> None:
        self.requests.append(request.url)
        if not request.url.startswith((f"{self.address}/", "data:", "blob:")):
            self.complaints.append(f"a request to another host: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status < REFUSED:
            return
        path = response.url.removeprefix(self.address)
        self.refusals.append((response.status, path))
        if not any(status == response.status and part in path for status, part in self.provoked):
            self.complaints.append(f"{response.request.method} {path} answered {response.status}")

    def _said(self, message: ConsoleMessage) -> None:
        # Refusals and lost connections are judged where they are answered.
        if "Failed to load resource" in message.text or GREETINGS.search(message.text):
            return
        if OWN_READBACK in message.text:
            return
        if message.type in {"error", "warning"}:
            self._complain(f"console {message.type}: {message.text}")

    def _broke(self, error: WebError) -> None:
        self._complain(f"uncaught: {error.error}")

    def _complain(self, text: str) -> None:
        if not (self.pictures_fail and LOADER_WORDS.search(text)):
            self.complaints.append(text)

    @contextmanager
    def provoking(self, status: int, part: str) -> Iterator[None]:
        """Expect a refusal, and fail where it does not come."""
        before = len(self.refusals)
        self.provoked.append((status, part))
        yield
        seen = self.refusals[before:]
        assert any(status == found and part in path for found, path in seen), seen


class Person:
    """One signed-in person: a context of their own, so that nobody shares a session."""

    def __init__(self, browser: Browser, house: Installation, name: str) -> None:
        self.house = house
        self.name = name
        self.context = new_context(browser, width=WIDTH, height=HEIGHT)
        if THEME:
            # Dark is the viewer's default and light the others'; here one theme for all pages.
            self.context.add_init_script(
                "if (location.protocol === 'http:') "
                "for (const key of ['nodewise-theme', 'nodewise-viewer-theme']) "
                f"localStorage.setItem(key, '{THEME}');"
            )
        self.watch = Watch(self.context, house.address)
        self.page = self.another_tab()

    def go(self, path: str) -> None:
        self.page.goto(f"{self.house.address}{path}")

    def sign_in(self, page: Page | None = None) -> None:
        page = page or self.page
        page.goto(f"{self.house.address}/account/login/")
        page.get_by_label("User name or e-mail").fill(self.name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(re.compile(r"^(?!.*/login/)"))

    def click(self, name: str, *, role: Any = "button", exact: bool = True) -> None:
        self.page.get_by_role(role, name=name, exact=exact).click()

    def follow(self, name: str, *, exact: bool = True) -> None:
        self.click(name, role="link", exact=exact)

    def sees(self, text: str, *, timeout_ms: float | None = None) -> None:
        expect(self.page.locator("main")).to_contain_text(text, timeout=timeout_ms)

    def row(self, text: str) -> Any:
        return self.page.get_by_role("row").filter(has_text=text)

    def download(self, name: str, folder: Path) -> Path:
        with self.page.expect_download() as coming:
            self.page.get_by_role("link", name=name, exact=True).first.click()
        target = folder / coming.value.suggested_filename
        coming.value.save_as(target)
        return target

    def shot(self, name: str, tab: Page | None = None) -> None:
        """Keep a picture of a page for somebody to look at, where a folder is named."""
        page = tab or self.page
        if SCREENSHOTS:
            folder = Path(SCREENSHOTS)
            folder.mkdir(parents=True, exist_ok=True)
            theme = THEME or "default"
            path = folder / f"{name}-{theme}-{WIDTH}.png"
            # The viewer's pages fill the window and never scroll.
            scrolls = page.locator(".nw-reading").count() == 0
            page.screenshot(path=path, full_page=scrolls)

    def get(self, path: str) -> Any:
        """Ask the API with this person's session."""
        answer = self.context.request.get(f"{self.house.address}{path}")
        assert answer.ok, (path, answer.status)
        return answer.json()

    def another_tab(self) -> Page:
        page = self.context.new_page()
        page.on("dialog", lambda dialog: dialog.accept())
        return page

    def change_tab(self) -> None:
        """Close the tab as it is and go on in a fresh one."""
        self.page.close()
        self.page = self.another_tab()

    def leave(self) -> None:
        self.context.close()
