"""A reader on bad days: no WebGL, broken pictures, signed out, offline, two windows."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e import pages
from tests.e2e.conftest import Arrive
from tests.e2e.inputs import CaseFiles, phantom_cases
from tests.e2e.installation import Installation
from tests.e2e.person import Person
from tests.e2e.pictures import share_of_right_greys
from tests.viewer.test_save_queue import call, saved, waiting

pytestmark = [pytest.mark.browser, pytest.mark.no_database]

COHORT = "Bad days"
READER = "steady_reader"
SLICES = 24


@dataclass(frozen=True)
class Reading:
    """The reader on the first case of a study made for this test alone."""

    reader: Person
    house: Installation
    case: CaseFiles
    case_id: str

    @property
    def page(self) -> Page:
        return self.reader.page

    @property
    def api(self) -> str:
        return f"/api/v1/reading/cases/{self.case_id}/"

    def calls(self) -> list[int]:
        """The calls the server has, by node."""
        found = [node["call"] for node in self.reader.get(self.api)["nodes"]]
        return [one["category"] for one in found if one]

    def rows(self) -> int:
        """How many calls were ever stored for this case."""
        ((count,),) = self.house.ask(
            "SELECT count(*) FROM reading_nodecall JOIN reading_assignment assignment"
            " ON assignment.id = assignment_id WHERE assignment.public_id = ?",
            self.case_id.replace("-", ""),
        )
        return count


@pytest.fixture(scope="module")
def coordinator(
    arrive: Arrive, house: Installation, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Person, CaseFiles]:
    folder = tmp_path_factory.mktemp("bad-days")
    (case,) = phantom_cases(folder, patients=1, seed=2029)
    person = arrive("coordinator")
    pages.create_cohort(person, COHORT)
    house.manage("import_cases", "--cohort", COHORT, str(folder / "images"))
    house.create_accounts(READER)
    return person, case


@pytest.fixture
def begin(
    coordinator: tuple[Person, CaseFiles], house: Installation, arrive: Arrive, request
) -> Callable[..., Reading]:
    """Open a study for one test and let the reader come to its list of studies."""
    person, case = coordinator
    title = f"Study {request.node.name.replace('[', ' ').replace(']', '')}"[:120]
    pages.open_study_for(person, title, COHORT, READER)

    def begin(*, drawing: str = "webgl") -> Reading:
        reader = arrive(READER, drawing=drawing)
        studies = reader.get("/api/v1/reading/studies/")
        (next_case,) = [one["next_case"] for one in studies if one["title"] == title]
        return Reading(reader, house, case, next_case)

    return begin


def open_case(reading: Reading) -> None:
    reading.reader.go(f"/reading/cases/{reading.case_id}/")


def test_a_browser_without_webgl_shows_the_same_and_reads_to_the_end(begin) -> None:
    reading = begin(drawing="no webgl")
    open_case(reading)
    page = reading.page
    page.wait_for_selector(pages.READY)
    assert page.evaluate("document.createElement('canvas').getContext('webgl2')") is None
    right, telling = share_of_right_greys(page, reading.case, pages.shown_slice(page))
    assert right == 1.0
    assert telling > 50
    pages.call_nodes(page, lambda node: str(node % 3 + 1), count=reading.case.nodes)
    saved(page)
    assert reading.calls() == [(index + 1) % 3 for index in range(reading.case.nodes)]
    pages.submit(page)
    expect(page.locator('[data-part="finished"]')).to_be_visible()


def first_frame(reading: Reading) -> str:
    """The digest of the slice that the case opens on."""
    payload = reading.reader.get(reading.api)
    first = min(payload["nodes"], key=lambda node: node["number"])
    return payload["frames"][round(first["centroid_zyx"][0])]["sha256"]


@pytest.fixture(params=["deleted", "overwritten", "another slice"])
def break_frame(request, house: Installation) -> Iterator[Callable[[str, str], int]]:
    """Break the stored bytes of one frame; put back afterwards."""
    kept: dict = {}

    def break_frame(digest: str, other: str) -> None:
        path = house.blob(digest)
        kept[path] = path.read_bytes()
        path.unlink()
        if request.param == "deleted":
            house.provoked_errors.append("answered with status 503")
        if request.param == "overwritten":
            path.write_bytes(b"not a picture at all")
        if request.param == "another slice":
            path.write_bytes(house.blob(other).read_bytes())

    break_frame.kind = request.param
    yield break_frame
    for path, content in kept.items():
        path.unlink(missing_ok=True)
        path.write_bytes(content)


def test_a_broken_picture_is_covered_and_cannot_be_called(begin, break_frame) -> None:
    reading = begin(drawing="no webgl")
    payload = reading.reader.get(reading.api)
    digest = first_frame(reading)
    other = next(one["sha256"] for one in payload["frames"] if one["sha256"] != digest)
    path = reading.house.blob(digest)
    good = path.read_bytes()
    break_frame(digest, other)
    reading.reader.watch.provoked.append((503, "/frames/"))
    reading.reader.watch.pictures_fail = True
    page = reading.page
    open_case(reading)
    page.wait_for_selector('[data-viewer^="failed"]')
    cover = page.locator('[data-part="cover"]')
    expect(cover).to_be_visible()
    expect(cover).to_contain_text("cannot be shown")
    reading.reader.shot(f"broken-frame-{break_frame.kind.replace(' ', '-')}")
    for key in "123":
        page.keyboard.press(key)
    expect(page.locator(".nw-choice").first).to_be_disabled()
    expect(page.locator('[data-part="progress"]')).to_have_text(f"0 of {reading.case.nodes} called")
    assert reading.calls() == []
    assert reading.rows() == 0

    path.unlink(missing_ok=True)
    path.write_bytes(good)
    page.locator('[data-part="retry"]').click()
    call(page, "3")
    saved(page)
    assert reading.calls() == [2]


def test_signed_out_in_the_middle_says_so_and_loses_nothing(begin) -> None:
    reading = begin()
    page, held = reading.page, []
    central = f"/frames/{round(reading.reader.get(reading.api)['nodes'][0]['centroid_zyx'][0])}/"

    def hold(route: Route) -> None:
        if central in route.request.url or not holding:
            route.continue_()
        else:
            held.append(route)

    holding = True
    page.route("**/frames/**", hold)
    open_case(reading)
    page.wait_for_selector(pages.READY)
    elsewhere = reading.reader.another_tab()
    elsewhere.goto(f"{reading.house.address}/account/logout/")
    elsewhere.get_by_role("button", name="Sign out").last.click()
    elsewhere.wait_for_url("**/account/login/")

    page.bring_to_front()
    with reading.reader.watch.provoking(401, "/calls/"):
        call(page, "2")
        expect(page.locator('[data-part="save"]')).to_have_attribute("data-state", "signed-out")
    expect(page.locator('[data-part="save-text"]')).to_contain_text("sign in again, then retry")
    # What the page tells in the background is refused as well.
    reading.reader.watch.provoked.append((401, "/events/"))
    reading.reader.watch.pictures_fail = True
    with reading.reader.watch.provoking(401, "/frames/"):
        holding = False
        for route in held:
            route.continue_()
        page.keyboard.press("Home")
        expect(page.locator('[data-part="message"]')).to_contain_text("you are signed out")
    reading.reader.shot("signed-out")

    reading.reader.sign_in(elsewhere)
    page.bring_to_front()
    page.locator('[data-part="save-retry"]').click()
    saved(page)
    assert reading.calls() == [1]
    page.locator('[data-part="retry"]').click()
    page.wait_for_selector(pages.READY)


def test_calls_made_without_a_connection_wait_and_are_saved_once(begin) -> None:
    reading = begin()
    page = reading.page
    open_case(reading)
    page.wait_for_selector(f'[data-viewer*="|loaded:{SLICES}"]')
    reading.reader.context.set_offline(True)
    for key in "132":
        call(page, key)
    waiting(page, "3 calls")
    reading.reader.shot("offline")
    assert reading.rows() == 0
    reading.reader.context.set_offline(False)
    saved(page)
    assert reading.calls() == [0, 2, 1]
    assert reading.rows() == 3


def test_calls_outlive_a_tab_closed_without_a_connection(begin) -> None:
    reading = begin()
    open_case(reading)
    reading.page.wait_for_selector(f'[data-viewer*="|loaded:{SLICES}"]')
    reading.reader.context.set_offline(True)
    call(reading.page, "3")
    waiting(reading.page, "1 call")
    reading.reader.change_tab()
    reading.reader.context.set_offline(False)
    open_case(reading)
    reading.page.wait_for_selector(pages.READY)
    saved(reading.page)
    assert reading.calls() == [2]
    assert reading.rows() == 1


def test_two_windows_on_one_case_ask_which_call_should_stand(begin) -> None:
    reading = begin(drawing="no webgl")
    first, second = reading.page, reading.reader.another_tab()
    open_case(reading)
    first.wait_for_selector(pages.READY)
    second.goto(first.url)
    second.wait_for_selector(pages.READY)
    first.bring_to_front()
    call(first, "1")
    saved(first)
    second.bring_to_front()
    with reading.reader.watch.provoking(409, "/calls/"):
        call(second, "3")
        expect(second.locator('[data-part="conflict"]')).to_be_visible()
    expect(second.locator('[data-part="conflict-rows"] tr')).to_have_text(
        [re.compile("Node 1.*Benign.*Metastasis with ENE")]
    )
    assert reading.calls() == [0]
    second.locator('[data-part="keep-own"]').click()
    saved(second)
    assert reading.calls() == [2]
    assert reading.rows() == 2
