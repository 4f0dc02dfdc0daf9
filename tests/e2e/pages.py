"""What people do on the pages, one function per errand; used by every test that needs it done."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.person import SLOW_MS, Person
from tests.people import PASSWORD
from tests.viewer.test_save_queue import call, saved

ROLES = {
    "annotator_one": "Annotator",
    "annotator_two": "Annotator",
    "adjudicator": "Adjudicator",
    "statistician": "Statistician",
}
PROTOCOL = "Call every outlined node: benign, metastasis, or metastasis with ENE."
READY = '[data-viewer^="ready"]'


def create_cohort(coordinator: Person, name: str) -> str:
    """Return the address of the new cohort's page."""
    coordinator.go("/cohorts/")
    coordinator.page.get_by_label("Name").fill(name)
    coordinator.click("Create cohort")
    coordinator.page.get_by_role("heading", name=name, level=1).wait_for()
    return path_of(coordinator.page)


def path_of(page: Page) -> str:
    return re.sub(r"^https?://[^/]+", "", page.url)


def add_member(coordinator: Person, username: str, role: str) -> None:
    page = coordinator.page
    page.get_by_label("User name or e-mail address").fill(username)
    page.get_by_label("Role").select_option(label=role)
    coordinator.click("Add member")
    expect(coordinator.row(username).filter(has_text=role)).to_have_count(1)


def remove_member(coordinator: Person, username: str) -> None:
    coordinator.row(username).get_by_role("button", name="Remove").click()
    expect(coordinator.row(username)).to_have_count(0)


def create_study(coordinator: Person, title: str, cohort: str) -> str:
    """Return the address of the draft's page."""
    coordinator.go("/studies/")
    coordinator.page.get_by_label("Title").fill(title)
    coordinator.page.get_by_label(re.compile(f"^{cohort}")).check()
    coordinator.click("Create draft")
    coordinator.page.get_by_role("heading", name=title, level=1).wait_for()
    return path_of(coordinator.page)


def write_protocol(coordinator: Person) -> None:
    coordinator.page.get_by_role("textbox", name="Protocol").fill(PROTOCOL)
    coordinator.click("Save protocol")
    expect(coordinator.page.get_by_role("textbox", name="Protocol")).to_have_value(PROTOCOL)


def add_reader(coordinator: Person, username: str) -> None:
    coordinator.page.get_by_label("User name or e-mail").fill(username)
    coordinator.click("Add reader")
    expect(coordinator.row(username)).to_have_count(1)


def open_study(coordinator: Person) -> None:
    coordinator.follow("Open the study …")
    coordinator.page.get_by_label("I have checked the protocol").check()
    coordinator.click("Open the study")
    coordinator.sees("Open since")


def open_study_for(coordinator: Person, title: str, cohort: str, reader: str) -> None:
    """The shortest way to a study that ``reader`` can read."""
    create_study(coordinator, title, cohort)
    write_protocol(coordinator)
    add_reader(coordinator, reader)
    open_study(coordinator)


def start_reading(reader: Person, title: str) -> None:
    reader.go("/reading/")
    reader.page.get_by_role("link", name=re.compile(f"(Start reading|Continue) {title}")).click()
    reader.page.wait_for_selector(READY)


def shown_node(page: Page) -> int:
    heading = page.locator('[data-part="node-heading"]')
    expect(heading).to_have_text(re.compile(r"^Node \d+$"))
    return int((heading.text_content() or "").removeprefix("Node "))


def shown_case(page: Page) -> str:
    state = page.wait_for_selector(READY).get_attribute("data-viewer") or ""
    return state.split("|")[1].removeprefix("case:")


def shown_slice(page: Page) -> int:
    state = page.wait_for_selector(READY).get_attribute("data-viewer") or ""
    return int(state.split("|")[2].removeprefix("slice:"))


def node_count(page: Page) -> int:
    return page.locator(".nw-node").count()


def call_nodes(
    page: Page, key_of: Callable[[int], str], *, count: int, done: int = 0, verb: str = "called"
) -> None:
    """Press one key per node shown, ``count`` times; after each the page says how many are done."""
    total = node_count(page)
    for number in range(done + 1, done + count + 1):
        call(page, key_of(shown_node(page)))
        progress = page.locator('[data-part="progress"]')
        expect(progress).to_have_text(f"{number} of {total} {verb}")


def submit(page: Page) -> None:
    expect(page.locator('[data-part="submit"]')).to_be_enabled()
    page.keyboard.press("Enter")


def all_calls_saved(page: Page) -> None:
    saved(page)


def choose_file(person: Person, label: str, path: Path) -> None:
    person.page.get_by_label(label).set_input_files(path)


def choose_option(page: Page, label: str, text: str) -> None:
    field = page.get_by_label(label)
    option = field.locator("option").filter(has_text=text)
    field.select_option(value=option.get_attribute("value"))


def wait_for_intake(coordinator: Person) -> None:
    badge = coordinator.page.locator("#upload-progress .badge").first
    expect(badge).to_have_text("Done", timeout=SLOW_MS)


def request_predictions(coordinator: Person, cohort: str, model: str) -> None:
    coordinator.go("/inference/")
    coordinator.follow(cohort)
    choose_option(coordinator.page, "Model version", model)
    coordinator.click("Request predictions")
    coordinator.page.locator("#run-progress").wait_for()


def import_scores(coordinator: Person, cohort: str, model: str, file: Path, *, rows: int) -> None:
    coordinator.go("/inference/")
    coordinator.follow(cohort)
    coordinator.follow("Import scores")
    coordinator.page.get_by_label("Name of the model").fill(model)
    choose_file(coordinator, "CSV file", file)
    coordinator.click("Check file")
    coordinator.sees(f"{rows} rows fit the cohort's {rows} nodes.")
    coordinator.shot("scores-checked")
    coordinator.click(f"Import {rows} rows", exact=False)
    coordinator.sees(model)


def create_invited_account(invited: Person) -> None:
    invited.page.get_by_label("User name").fill(invited.name)
    invited.page.get_by_label("Password", exact=True).fill(PASSWORD)
    invited.page.get_by_label("Password again").fill(PASSWORD)
    invited.click("Create account and join")
