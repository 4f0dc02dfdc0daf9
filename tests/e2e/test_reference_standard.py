"""The neck CT from empty to released: report, block, warning, discussion, board, reopening."""

import json
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import SHARED
from tests.e2e import pages
from tests.e2e.conftest import Arrive
from tests.e2e.inputs import real_case
from tests.e2e.installation import Installation
from tests.e2e.person import SLOW_MS, Person

pytestmark = [
    pytest.mark.browser,
    pytest.mark.no_database,
    pytest.mark.realdata,
    pytest.mark.skipif(
        not SHARED.is_dir(), reason="../shared is not beside this checkout: no neck CT to label"
    ),
]

COHORT, PATIENT = "Neck pathology", "P001"
PLACES = {
    1: "left IIa",
    2: "left III",
    3: "left IV",
    4: "right IIa",
    5: "right III",
    6: "left IV",
    7: "left III",
    8: "left IV",
}
BENIGN, METASTASIS, ENE = 0, 1, 2
TRUTH = {1: ENE, 2: METASTASIS, **dict.fromkeys(range(3, 9), BENIGN)}
# Made up, and consistent with the truth: examined, positive, with ENE by level.
REPORT = {
    "left-IIa": (6, 1, 1),
    "left-III": (5, 1, 0),
    "left-IV": (4, 0, 0),
    "right-IIa": (7, 0, 0),
    "right-III": (3, 0, 0),
}
ANNOTATORS = {"first_annotator": "Annotator", "second_annotator": "Annotator"}
BOARD = {"review_board": "Adjudicator"}


@dataclass
class Truth:
    """Who is there, and how far they are."""

    arrive: Arrive
    folder: Path
    people: dict[str, Person] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def person(self, name: str) -> Person:
        if name not in self.people:
            self.people[name] = self.arrive(name)
        return self.people[name]

    def after(self, chapter: str) -> None:
        if chapter not in self.told:
            pytest.skip(f"comes after {chapter!r}")


@pytest.fixture(scope="module")
def truth(house: Installation, arrive: Arrive, tmp_path_factory: pytest.TempPathFactory) -> Truth:
    house.create_accounts(*ANNOTATORS, *BOARD)
    return Truth(arrive, tmp_path_factory.mktemp("truth"))


def upload(folder: Path) -> Path:
    real_case(folder / "inside" / "a_case")
    archive = folder / "neck.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as opened:
        for path in sorted((folder / "inside").rglob("*")):
            if path.is_file():
                opened.write(path, path.relative_to(folder / "inside"))
    return archive


def test_the_case_comes_in_and_everybody_gets_a_role(truth: Truth) -> None:
    coordinator = truth.person("coordinator")
    cohort = pages.create_cohort(coordinator, COHORT)
    pages.choose_file(coordinator, "Zip file", upload(truth.folder))
    coordinator.click("Upload")
    coordinator.page.wait_for_url("**/cohorts/uploads/*/", timeout=SLOW_MS)
    pages.wait_for_intake(coordinator)
    coordinator.go(cohort)
    for username, role in (ANNOTATORS | BOARD).items():
        pages.add_member(coordinator, username, role)
    truth.told.add("intake")


def test_the_report_is_entered_checked_by_another_and_locked(truth: Truth) -> None:
    truth.after("intake")
    first, second = (truth.person(name) for name in ANNOTATORS)
    open_report(first)
    page = first.page
    fields = {"report_id": "LAB-2", "days_ct_to_surgery": "20", "largest_deposit_mm": "15"}
    fields |= {
        f"{level}-{name}": str(count)
        for level, counts in REPORT.items()
        for name, count in zip(("examined", "positive", "ene_positive"), counts, strict=True)
    }
    for name, text in fields.items():
        page.locator(f'[name="{name}"]').fill(text)
    chosen = {"primary_site": "oropharynx_p16_negative", "primary_side": "left", "edition": "ajcc8"}
    chosen |= {"pn": "pN3b", "ene_class": "major", "largest_deposit_qualifier": "exact"}
    for name, value in chosen.items():
        page.locator(f'[name="{name}"]').select_option(value)
    for side in ("left", "right"):
        rest = page.locator(f'[data-side="{side}"]')
        rest.get_by_role("button", name="The other levels were not dissected").click()
    expect(page.locator('[data-part="sum"]')).to_have_text("25 examined, 2 positive, 1 with ENE")
    first.shot("truth-report")
    first.click("Save as draft")
    first.sees("Saved as a draft.")
    open_report(second)
    second.click("It says what the paper says")
    second.click("Lock the report")
    second.sees("Locked")
    truth.told.add("report")


def open_report(person: Person) -> None:
    person.go("/annotation/")
    person.page.get_by_role("link", name="Pathology reports").last.click()
    person.page.get_by_role("row").filter(has_text=PATIENT).get_by_role("link").first.click()


def test_the_first_annotator_meets_a_block_and_corrects_it(truth: Truth) -> None:
    truth.after("report")
    annotator = truth.person("first_annotator")
    start(annotator)
    page = annotator.page
    label_all(page, TRUTH | {4: METASTASIS})
    findings = page.locator('[data-part="findings"]')
    expect(findings).to_contain_text("B3 right IIa: no positive node")
    expect(page.locator('[data-part="submit"]')).to_be_disabled()
    annotator.shot("truth-blocked")
    page.locator(".nw-node").nth(3).click()
    press(page, 4, BENIGN)
    expect(findings).not_to_contain_text("B3")
    submit(page)
    truth.told.add("first annotator")


def test_the_second_annotator_explains_a_warning(truth: Truth) -> None:
    truth.after("first annotator")
    annotator = truth.person("second_annotator")
    start(annotator)
    page = annotator.page
    # The smaller of the two nodes of this level is taken for the metastasis.
    label_all(page, TRUTH | {2: BENIGN, 7: METASTASIS})
    findings = page.locator('[data-part="findings"]')
    expect(findings).to_contain_text("W1 left III: benign node 2")
    expect(page.locator('[data-part="submit"]')).to_be_disabled()
    page.keyboard.press("r")
    page.keyboard.type("Node 2 has a fatty hilum.")
    page.keyboard.press("Enter")
    expect(findings).to_contain_text("Reason: Node 2 has a fatty hilum.")
    annotator.shot("truth-warning")
    submit(page)
    truth.told.add("second annotator")


def start(annotator: Person) -> None:
    annotator.go("/annotation/")
    annotator.click(f"Start {PATIENT}")
    annotator.page.wait_for_selector(pages.READY)
    assert pages.node_count(annotator.page) == len(TRUTH)


def label_all(page: Page, labels: dict[int, int]) -> None:
    for number, label in labels.items():
        page.locator(".nw-node").nth(number - 1).click()
        expect(page.locator('[data-part="node-heading"]')).to_have_text(f"Node {number}")
        page.locator("#place").select_option(PLACES[number])
        page.locator("#basis").select_option("guess")
        page.locator("#certainty").select_option("2")
        press(page, number, label)
    saved(page)


def press(page: Page, number: int, label: int) -> None:
    """Give the shown node a label by its key, once the picture is there."""
    expect(page.locator('[data-part="node-heading"]')).to_have_text(f"Node {number}")
    expect(page.locator('[data-part="choices"] button').first).to_be_enabled()
    page.keyboard.press("Escape")
    page.keyboard.press(str(label + 1))


def saved(page: Page) -> None:
    expect(page.locator('[data-part="save-text"]')).to_have_text("All labels saved")


def submit(page: Page) -> None:
    saved(page)
    pages.submit(page)
    expect(page.locator('[data-part="submitted"]')).to_be_visible()


def test_one_disagreement_ends_in_the_discussion_and_one_goes_to_the_board(truth: Truth) -> None:
    truth.after("second annotator")
    for name in ANNOTATORS:
        annotator = truth.person(name)
        for number in (2, 7):
            annotator.go("/annotation/discussion/")
            annotator.follow(f"Discuss node {number} of {PATIENT}")
            annotator.page.wait_for_selector(pages.READY)
            if (name, number) == ("second_annotator", 7):
                say(annotator, "Benign", "I agree: the larger one is it.")
            else:
                say(annotator, own_label(annotator), "")
    truth.told.add("discussion")


def own_label(annotator: Person) -> str:
    """What the page shows as the person's own label."""
    return annotator.page.locator(".annotation-answer dd").first.text_content() or ""


def say(annotator: Person, label: str, reason: str) -> None:
    annotator.page.get_by_role("radio", name=label.strip(), exact=True).check()
    annotator.page.get_by_label("Reason").fill(reason)
    annotator.shot("truth-discussion")
    annotator.click("Save my last word")
    annotator.sees("Your statement is saved.")


def test_the_board_decides_what_stays_open(truth: Truth) -> None:
    truth.after("discussion")
    board = truth.person("review_board")
    board.go("/annotation/adjudication/")
    rows = board.page.locator("tbody tr").filter(has_text=PATIENT)
    expect(rows.filter(has_text="Open")).to_have_count(1)
    board.follow(f"Decide node 2 of {PATIENT}")
    board.page.wait_for_selector(pages.READY)
    for name in ANNOTATORS:
        expect(board.page.locator("main")).not_to_contain_text(name)
    board.page.keyboard.press(str(METASTASIS + 1))
    board.page.get_by_label("Reason").fill("One of two is positive; this one is the larger.")
    board.shot("truth-board")
    board.click("Save the decision")
    board.sees("The decision is saved.")
    truth.told.add("board")


def test_the_coordinator_reads_the_agreement_and_releases(truth: Truth) -> None:
    truth.after("board")
    coordinator = truth.person("coordinator")
    coordinator.go("/annotation/release/")
    coordinator.follow(COHORT)
    coordinator.page.get_by_label("Release these labels").check()
    coordinator.shot("truth-release")
    coordinator.click("Release")
    coordinator.sees("Version 1 is released.")
    coordinator.shot("truth-released")
    with coordinator.page.expect_download() as coming:
        coordinator.page.get_by_role("link", name="JSON", exact=True).first.click()
    released = json.loads(coming.value.path().read_text(encoding="utf-8"))
    assert {row["node"]: row["label"] for row in released["content"]} == TRUTH
    sources = {row["node"]: row["source"] for row in released["content"]}
    assert (sources[2], sources[7]) == ("adjudication", "discussion")
    assert set(sources.values()) == {"agreement", "discussion", "adjudication"}
    truth.told.add("released")


def test_a_reopened_labelling_closes_the_release_until_it_is_submitted_again(truth: Truth) -> None:
    truth.after("released")
    coordinator, annotator = truth.person("coordinator"), truth.person("first_annotator")
    row = coordinator.page.get_by_role("row").filter(has_text=PATIENT).last
    row.locator("summary").first.click()
    row.get_by_label("Why is it given back?").first.fill("Is node 5 in level III?")
    row.get_by_role("button", name=re.compile("^Reopen")).first.click()
    coordinator.sees(f"first_annotator can go on with {PATIENT}.")
    coordinator.sees(f"first_annotator has not submitted 1 of 1 patients: {PATIENT}.")
    annotator.go("/annotation/")
    annotator.follow(f"Continue {PATIENT}")
    annotator.page.wait_for_selector(pages.READY)
    submit(annotator.page)
    coordinator.page.reload()
    coordinator.sees("Against the last version: 0 new, 0 gone, 0 changed.")
