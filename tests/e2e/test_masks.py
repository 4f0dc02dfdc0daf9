"""An annotator refines masks: brush, undo, save, a stale save, a removal, a node by a click."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e import pages
from tests.e2e.conftest import Arrive
from tests.e2e.drawing import Drawing
from tests.e2e.inputs import phantom_cases
from tests.e2e.installation import Installation
from tests.e2e.person import Person

pytestmark = [pytest.mark.browser, pytest.mark.no_database]

COHORT, ANNOTATOR = "Masks", "mask_annotator"


@pytest.fixture(scope="module")
def annotator(
    arrive: Arrive, house: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Person:
    """The annotator of a cohort with one phantom, on the page of its labels."""
    folder = tmp_path_factory.mktemp("masks")
    phantom_cases(folder, patients=1, seed=2029)
    coordinator = arrive("coordinator")
    page = pages.create_cohort(coordinator, COHORT)
    house.manage("import_cases", "--cohort", COHORT, str(folder / "images"))
    person = arrive(ANNOTATOR)
    coordinator.go(page)
    pages.add_member(coordinator, ANNOTATOR, "Annotator")
    person.go("/annotation/")
    person.page.get_by_role("button", name=re.compile("^Start")).click()
    person.page.wait_for_selector(pages.READY)
    return person


@pytest.fixture
def drawing(annotator: Person) -> Iterator[Drawing]:
    """A tab of its own for each test."""
    (patient,) = re.findall(r"patients/([0-9a-f-]{36})/", annotator.page.url)
    opened = enter(annotator, annotator.another_tab(), patient)
    yield opened
    opened.page.close()


def enter(person: Person, page: Page, patient: str) -> Drawing:
    page.goto(f"{person.house.address}/annotation/patients/{patient}/")
    page.get_by_role("link", name="Masks", exact=True).click()
    page.wait_for_selector(pages.READY)
    found = Drawing(person=person, page=page, patient=patient)
    found.is_on(found.case()["nodes"][0]["number"])
    return found


def test_a_brushed_correction_is_undone_redone_and_saved_as_version_two(drawing):
    before, others = drawing.mask(1), drawing.case()["nodes"][1:]
    drawing.choose(1)
    drawing.page.keyboard.press("b")
    drawing.stroke(1, right=12)
    drawing.shot("masks-brushed")
    drawing.page.keyboard.press("Control+z")
    expect(drawing.part("save-text")).to_have_text("All saved")
    drawing.page.keyboard.press("Control+y")
    expect(drawing.part("save-text")).to_have_text("Changes not saved")
    drawing.page.keyboard.press("Control+s")
    drawing.is_on(1, version=2)
    stored = drawing.node(1)
    said = f"SAD {stored['short_axis_mm']:.1f} mm"
    expect(drawing.part("said")).to_contain_text(f"Version 2 is saved: node 1 ({said}")
    drawing.newest_version(f"refined by {ANNOTATOR}")
    drawing.newest_version(said)
    after = drawing.mask(1)
    _, y, x = map(round, stored["centroid_zyx"])
    drawn = np.argwhere(after & ~before)
    assert (after | ~before).all()
    assert len(drawn) > 0
    assert len(set(drawn[:, 0])) == 1, "a brush draws on one slice"
    assert drawn[:, 2].max() >= x + 8, "as far to the right as was drawn"
    assert abs(drawn[:, 1] - y).max() <= 12
    assert drawing.case()["nodes"][1:] == others


def test_a_stale_save_is_told_and_the_own_drawing_kept_until_decided(drawing):
    drawing.choose(2)
    drawing.stroke(2, right=10)
    other = enter(drawing.person, drawing.person.another_tab(), drawing.patient)
    other.choose(2)
    other.page.keyboard.press("e")
    other.stroke(2, right=2)
    other.page.keyboard.press("Control+s")
    other.is_on(2, version=2)
    other.page.close()
    with drawing.person.watch.provoking(409, "/masks/"):
        drawing.page.keyboard.press("Control+s")
        expect(drawing.part("stale")).to_contain_text("Node 2 has version 2 by now")
    expect(drawing.part("stale")).to_contain_text(f"Version 2: refined by {ANNOTATOR}")
    drawing.page.get_by_role("button", name="Load the newer version").click()
    drawing.is_on(2, version=2)
    expect(drawing.part("kept")).to_be_visible()
    drawing.page.get_by_role("button", name="Use my drawing").click()
    drawing.page.keyboard.press("Control+s")
    drawing.is_on(2, version=3)
    drawing.newest_version("Version 3")


def test_a_drawing_outlives_its_tab_and_is_offered_once(drawing):
    drawing.choose(3)
    drawing.stroke(3, right=9)
    beside = enter(drawing.person, drawing.person.another_tab(), drawing.patient)
    expect(beside.part("kept")).to_be_hidden()  # the page that drew it is still there
    beside.page.close()
    drawing.page.wait_for_timeout(500)
    drawing.page.close()
    later = enter_again(drawing)
    later.is_on(3)
    expect(later.part("kept-text")).to_contain_text("was not saved; this browser has kept it")
    expect(later.part("save-text")).to_have_text("Changes not saved")
    later.shot("masks-draft")
    later.page.get_by_role("button", name="Use my drawing").click()
    before = later.mask(3)
    later.page.keyboard.press("Control+s")
    later.is_on(3, version=2)
    assert (later.mask(3) & ~before).any()
    later.page.close()
    last = enter_again(drawing)
    expect(last.part("kept")).to_be_hidden()
    expect(last.part("save-text")).to_have_text("All saved")
    last.page.close()


def enter_again(drawing: Drawing) -> Drawing:
    """The page of masks in a new tab, whatever node it opens on."""
    page = drawing.person.another_tab()
    page.goto(f"{drawing.person.house.address}/cohorts/patients/{drawing.patient}/masks/")
    page.wait_for_selector(pages.READY)
    return Drawing(person=drawing.person, page=page, patient=drawing.patient)


def test_an_older_version_is_laid_over_the_picture_and_the_drawing_stays(drawing):
    drawing.choose(2)
    outline = drawing.page.get_by_role("button", name="Outline version 1")
    lilac = "([r, g, b]) => r > 150 && b > g + 60 && b > r + 20"
    before = coloured(drawing, lilac)
    outline.click()
    expect(drawing.part("said")).to_contain_text("Version 1 is the dotted lilac line, in slice")
    expect(outline).to_have_attribute("aria-pressed", "true")
    assert coloured(drawing, lilac) > before == 0
    expect(drawing.part("save-text")).to_have_text("All saved")
    drawing.part("versions").get_by_role("button", name="Outline version 1").click()
    expect(outline).to_have_attribute("aria-pressed", "false")
    assert coloured(drawing, lilac) == 0


def coloured(drawing: Drawing, test: str) -> int:
    """How many pixels of the drawn outlines have a colour."""
    return drawing.page.evaluate(
        f"""() => {{
            const test = {test};
            const canvas = document.querySelectorAll('canvas.nw-overlay')[1];
            const {{ data }} = canvas.getContext('2d')
                .getImageData(0, 0, canvas.width, canvas.height);
            let count = 0;
            for (let at = 0; at < data.length; at += 4) {{
                count += data[at + 3] > 200 && test([data[at], data[at + 1], data[at + 2]]) ? 1 : 0;
            }}
            return count;
        }}"""
    )


def test_a_removal_asks_the_reason_and_a_click_brings_the_node_back_as_a_new_one(drawing):
    nodes = drawing.case()["nodes"]
    large = max(nodes[2:], key=lambda one: one["short_axis_mm"])["number"]
    lost, added = drawing.mask(large), nodes[-1]["number"] + 1
    z, y, x = map(round, drawing.node(large)["centroid_zyx"])
    drawing.choose(large)
    drawing.page.keyboard.press("Delete")
    remove = drawing.page.get_by_role("button", name="Remove the node")
    remove.click()
    expect(drawing.part("removal")).to_be_visible()
    drawing.part("reason").fill("A vessel in cross-section.")
    remove.click()
    expect(drawing.part("said")).to_have_text(f"Node {large} is removed.")
    assert large not in [one["number"] for one in drawing.case()["nodes"]]

    drawing.page.keyboard.press("a")
    expect(drawing.part("node-heading")).to_have_text("New node")
    go_to_slice(drawing, z)
    drawing.page.keyboard.press("c")
    drawing.page.mouse.click(*drawing.at(y + 0.5, x + 0.5))
    expect(drawing.part("proposed")).to_contain_text("Proposed: SAD")
    assert len(drawing.case()["nodes"]) == len(nodes) - 1
    drawing.page.keyboard.press("Enter")
    expect(drawing.part("save-text")).to_have_text("Changes not saved")
    drawing.page.keyboard.press("Control+s")
    drawing.is_on(added, version=1)
    drawing.newest_version(f"added by {ANNOTATOR}")
    found = drawing.mask(added)
    # How well a click finds a node is measured elsewhere; here it must be this node.
    assert found[z, y, x]
    assert (found & lost).sum() >= found.sum() / 2


def go_to_slice(drawing: Drawing, wanted: int) -> None:
    while (shown := pages.shown_slice(drawing.page)) != wanted:
        drawing.page.keyboard.press("ArrowUp" if wanted > shown else "ArrowDown")


def test_a_node_is_split_by_a_drawn_part_and_merged_again(drawing):
    before = drawing.mask(1)
    drawing.choose(1)
    drawing.page.keyboard.press("x")
    expect(drawing.part("node-heading")).to_have_text("Splitting node 1")
    drawing.page.keyboard.press("s")
    drawing.stroke(1, right=12)
    drawing.page.keyboard.press("Control+s")
    expect(drawing.part("said")).to_contain_text("Node 1 is split into node")
    part, rest = [one["number"] for one in drawing.case()["nodes"]][-2:]
    assert (drawing.mask(part) | drawing.mask(rest) == before).all()
    assert not (drawing.mask(part) & drawing.mask(rest)).any()
    drawing.is_on(part)
    drawing.page.keyboard.press("m")
    drawing.part("merge-with").select_option(label=f"Node {rest}")
    drawing.page.get_by_role("button", name="Merge the two").click()
    expect(drawing.part("said")).to_contain_text(f"Nodes {part} and {rest} are merged into node")
    assert (drawing.mask(rest + 1) == before).all()


def test_a_save_whose_answer_is_lost_is_sent_again_and_stored_once(drawing):
    number = drawing.case()["nodes"][-1]["number"]
    drawing.choose(number)
    sent = []

    def lose_the_first_answer(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        sent.append(route.request.post_data_json["client_id"])
        answer = route.fetch()
        if len(sent) == 1:
            route.abort()
        else:
            route.fulfill(response=answer)

    drawing.page.route("**/nodes/*/masks/", lose_the_first_answer)
    drawing.page.keyboard.press("e")
    drawing.stroke(number, right=2)
    drawing.page.keyboard.press("Control+s")
    drawing.is_on(number, version=2)
    expect(drawing.part("versions").locator("li")).to_have_count(2)
    assert len(sent) == 2
    assert len(set(sent)) == 1


def test_without_webgl_masks_are_looked_at_and_the_page_says_why(arrive, drawing):
    person = arrive(ANNOTATOR, drawing="no webgl")
    person.go(f"/cohorts/patients/{drawing.patient}/masks/")
    person.page.wait_for_selector(pages.READY)
    looking = Drawing(person=person, page=person.page, patient=drawing.patient)
    expect(looking.part("no-webgl")).to_contain_text("drawing needs WebGL2")
    expect(person.page.get_by_role("button", name=re.compile("^Brush"))).to_be_disabled()
    expect(looking.part("versions").locator("li").first).to_be_visible()
