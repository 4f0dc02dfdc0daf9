"""Somebody who has never seen the application makes the first call within a few actions."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.e2e import pages
from tests.e2e.conftest import Arrive
from tests.e2e.inputs import phantom_cases
from tests.e2e.installation import Installation
from tests.e2e.person import Person
from tests.people import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.no_database]

MOST_ACTIONS = 6


class Counted:
    """Hands on keyboard and mouse; typing into one field counts as one action."""

    def __init__(self, page) -> None:
        self.page = page
        self.actions = 0

    def types(self, text: str) -> None:
        self.actions += 1
        self.page.keyboard.type(text)

    def presses(self, key: str) -> None:
        self.actions += 1
        self.page.keyboard.press(key)

    def clicks(self, place) -> None:
        self.actions += 1
        place.click()


@pytest.fixture(scope="module")
def study(house: Installation, arrive: Arrive, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("first")
    phantom_cases(folder, patients=1, seed=2029)
    coordinator = arrive("coordinator")
    pages.create_cohort(coordinator, "First call")
    house.manage("import_cases", "--cohort", "First call", str(folder / "images"))
    house.create_accounts("newcomer")
    pages.open_study_for(coordinator, "A first study", "First call", "newcomer")
    return "A first study"


def test_from_the_sign_in_page_to_the_first_saved_call(study: str, arrive: Arrive) -> None:
    newcomer = arrive("newcomer", signed_in=False)
    newcomer.go("/")
    page, hands = newcomer.page, Counted(newcomer.page)
    # Nobody has to click into the first field.
    expect(page.get_by_label("User name or e-mail")).to_be_focused()
    newcomer.shot("sign-in")

    hands.types("newcomer")
    hands.presses("Tab")
    hands.types(PASSWORD)
    hands.presses("Enter")
    start = page.get_by_role("link", name=re.compile("Start reading"))
    start.wait_for()
    newcomer.shot("my-studies-first-visit")
    hands.clicks(start)
    page.wait_for_selector(pages.READY)
    case = pages.shown_case(page)
    hands.presses("2")
    pages.all_calls_saved(page)

    calls = [node["call"] for node in newcomer.get(f"/api/v1/reading/cases/{case}/")["nodes"]]
    assert [one["category"] for one in calls if one] == [1]
    assert hands.actions <= MOST_ACTIONS
    assert newcomer.watch.requests
    assert newcomer.watch.complaints == []


MISCHIEF = {
    "another host": "document.body.append(Object.assign(new Image(), {src: 'http://x.invalid/'}))",
    "Content Security Policy": (
        "document.body.append(Object.assign(document.createElement('script'), {text: '1'}))"
    ),
    "answered 404": "fetch('/no/such/page/')",
    "console error": "console.error('broken')",
    "uncaught": "setTimeout(() => { throw new Error('thrown') })",
}


@pytest.mark.parametrize("complaint", list(MISCHIEF))
def test_the_watch_over_every_page_would_notice(
    browsers, house: Installation, complaint: str
) -> None:
    person = Person(browsers["no webgl"], house, "nobody")
    person.go("/account/login/")
    assert person.watch.complaints == []
    person.page.evaluate(f"() => {{ {MISCHIEF[complaint]}; }}")
    deadline = time.monotonic() + 10
    while not any(complaint in text for text in person.watch.complaints):
        assert time.monotonic() < deadline, person.watch.complaints
        person.page.evaluate("new Promise(requestAnimationFrame)")
    person.leave()
