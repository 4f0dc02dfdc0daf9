"""A statistician alone: a study from elsewhere becomes a report; a new study is planned."""

import csv
import json
import re
import zipfile
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.e2e import pages
from tests.e2e.conftest import Arrive
from tests.e2e.person import SLOW_MS, Person

pytestmark = [pytest.mark.browser, pytest.mark.no_database]

NAME, STUDY = "biostatistician", "Read elsewhere"
REPLICATES = 200
COUNTS = re.compile(r"sensitivity \d+% \((\d+)/(\d+)\), specificity \d+% \((\d+)/(\d+)\)")


@pytest.fixture(scope="module")
def statistician(arrive: Arrive) -> Person:
    coordinator = arrive("coordinator")
    person = arrive(NAME)
    pages.create_cohort(coordinator, "Of the statistician")
    pages.add_member(coordinator, NAME, "Statistician")
    return person


@pytest.fixture(scope="module")
def example(statistician: Person, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the import page offers."""
    statistician.go("/analysis/")
    statistician.follow("import a study from a file")
    return statistician.download("Download an example", tmp_path_factory.mktemp("import"))


@pytest.fixture(scope="module")
def report(statistician: Person, example: Path) -> Person:
    """The statistician before the report of the example."""
    statistician.go("/analysis/imports/")
    page = statistician.page
    page.get_by_label("Title of the study").fill(STUDY)
    pages.choose_file(statistician, "CSV file", example)
    statistician.shot("import")
    statistician.click("Import and compute")
    page.locator(".report-figure svg").first.wait_for(timeout=SLOW_MS)
    return statistician


def nodes_of(example: Path) -> list[dict[str, str]]:
    with example.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def expected_counts(example: Path, reader: str) -> tuple[str, ...]:
    """Right calls and all calls of ENE, of positive and of negative nodes."""
    called = [row for row in nodes_of(example) if row[f"call_{reader}"] != "NA"]
    cells: list[int] = []
    for positive in (True, False):
        side = [row for row in called if (row["truth"] == "metastasis_ene") is positive]
        right = [row for row in side if (row[f"call_{reader}"] == "metastasis_ene") is positive]
        cells += [len(right), len(side)]
    return tuple(map(str, cells))


def test_the_contents_lead_to_every_section_and_follow_the_reader(report: Person) -> None:
    page = report.page
    contents = page.get_by_role("navigation", name="Contents")
    titles = page.locator(".report-body > .report-section > h2").all_inner_texts()
    assert len(titles) > 10
    for title in titles:
        expect(contents.get_by_role("link", name=title, exact=True)).to_have_count(1)
    contents.get_by_role("link", name="Readers and model", exact=True).click()
    heading = page.get_by_role("heading", name="Readers and model", level=2, exact=True)
    expect(heading).to_be_in_viewport()
    contents.get_by_role("link", name="Methods", exact=True).click()
    expect(page.get_by_role("heading", name="Methods", level=2)).to_be_in_viewport()
    expect(contents.locator('[aria-current="location"]')).to_have_text("Methods")
    report.shot("report-imported")


def test_a_mark_tells_its_value_under_the_mouse_and_by_keyboard(
    report: Person, example: Path
) -> None:
    plot = report.page.locator("#figure-roc-cohort-1-ene .report-plot")
    tip = report.page.locator(".figure-tip")
    expect(tip).to_be_hidden()
    plot.scroll_into_view_if_needed()
    plot.locator("svg circle").first.hover(force=True)
    expect(tip).to_contain_text("sensitivity")
    plot.focus()
    report.page.keyboard.press("Home")
    expect(tip).to_have_text(re.compile(r"^Model: AUC .* n = 8$"))
    told = walk_to(report.page, "R2:")
    found = COUNTS.search(told)
    assert found, told
    assert found.groups() == expected_counts(example, "R2")
    report.page.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def walk_to(page: Page, beginning: str) -> str:
    """Press the arrow until the mark that begins so is told."""
    for _ in range(20):
        page.keyboard.press("ArrowRight")
        told = page.locator(".figure-tip").inner_text()
        if told.startswith(beginning):
            return told
    raise AssertionError(f"no mark tells of {beginning}")


def test_the_page_is_no_wider_than_the_window_and_no_anchor_stands_twice(report: Person) -> None:
    wide, twice = report.page.evaluate(
        """() => {
            const root = document.documentElement;
            const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
            return [root.scrollWidth - root.clientWidth, ids.length - new Set(ids).size];
        }"""
    )
    assert wide == 0
    assert twice == 0


def test_the_downloads_open_and_agree(report: Person, example: Path, tmp_path: Path) -> None:
    pdf = report.download("PDF", tmp_path).read_bytes()
    assert pdf.startswith(b"%PDF")
    assert pdf.rstrip().endswith(b"%%EOF")
    with zipfile.ZipFile(report.download("Word", tmp_path)) as word:
        text = word.read("word/document.xml").decode()
    assert STUDY in text
    assert text.count("<w:tbl>") == report.page.locator(".report-table table").count()
    table_4 = load_workbook(report.download("Excel", tmp_path))["table-4"]
    cells = [str(cell.value) for row in table_4.iter_rows() for cell in row]
    right, of, _, _ = expected_counts(example, "R1")
    assert any(f"({right}/{of})" in cell for cell in cells)
    with zipfile.ZipFile(report.download("Everything, ZIP", tmp_path)) as everything:
        assert everything.testzip() is None
        names = {Path(name).name for name in everything.namelist()}
        (stored,) = [name for name in everything.namelist() if Path(name).name == "dataset.csv"]
        frozen = everything.read(stored).decode().splitlines()
    assert {"report.pdf", "report.docx", "report.xlsx", "results.json", "recompute.R"} <= names
    assert len(frozen) == len(nodes_of(example)) + 1


def test_a_formula_answers_at_once(statistician: Person) -> None:
    statistician.go("/analysis/planning/?method=areas")
    page = statistician.page
    page.get_by_label("Patients", exact=True).fill("28")
    statistician.click("Compute")
    statistician.sees("With 28 patients the power is 0.8")
    statistician.sees("A power of 0.8 needs 28 patients.")
    assert "patients=28" in page.url, "the address keeps the plan"
    page.get_by_label("Patients", exact=True).fill("14")
    statistician.click("Compute")
    statistician.sees("With 14 patients the power is 0.5")
    statistician.sees("A power of 0.8 needs 28 patients.")
    statistician.shot("planning")


def test_a_small_simulation_runs_to_its_end(statistician: Person, tmp_path: Path) -> None:
    statistician.go("/analysis/planning/simulate/")
    page = statistician.page
    for label, value in {
        "Patients": "20",
        "Readers": "2",
        "Simulated studies": str(REPLICATES),
    }.items():
        page.get_by_label(label, exact=True).fill(value)
    statistician.shot("simulate")
    statistician.click("Simulate")
    page.get_by_role("link", name="Results, JSON").wait_for(timeout=SLOW_MS)
    statistician.sees(f"{REPLICATES} studies of 20 patients and 2 readers")
    expect(page.get_by_role("table").first.get_by_role("row")).not_to_have_count(0)
    results = json.loads(statistician.download("Results, JSON", tmp_path).read_text())
    assert results["inputs"]["replicates"] == REPLICATES
    statistician.shot("simulation")
