"""An annotator decides what a provider proposed: one accepted, two drawn on, one rejected."""

import gzip
import json
import re
import uuid
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from scipy.ndimage import distance_transform_edt

from tests.e2e import pages
from tests.e2e.conftest import Arrive
from tests.e2e.drawing import Drawing, mask_of
from tests.e2e.inputs import phantom_cases
from tests.e2e.installation import PROVIDER, Installation
from tests.e2e.person import SLOW_MS, Person

pytestmark = [pytest.mark.browser, pytest.mark.no_database]

COHORT, ANNOTATOR = "Candidates", "candidate_annotator"
FREE, TOUCHING, NOTHING, ALIKE = SCORES = 0.9, 0.6, 0.1, 0.8
"""What the provider says of a ball in a free place, one on node 1, another, and node 1 itself."""
A_MOMENT_MS = 300
REASON = "A vessel in cross-section."


@dataclass(frozen=True)
class Proposed:
    """The annotator, who gave that role, and the patient about whom the provider is asked."""

    person: Person
    coordinator: Person
    patient: str

    def candidates(self) -> list[dict]:
        told = self.person.get(f"/api/v1/cohorts/patients/{self.patient}/candidates/")
        return [one["candidate"] for one in told]

    def scored(self, score: float) -> dict:
        (found,) = [one for one in self.candidates() if one["score"] == score]
        return found

    def mask(self, score: float) -> np.ndarray:
        key = self.scored(score)["id"]
        return mask_of(self.person.get(f"/api/v1/cohorts/candidates/{key}/")["runs"])


@pytest.fixture(scope="module")
def proposed(
    arrive: Arrive, house: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Proposed:
    """A cohort with one phantom, for which the provider's folder has three masks."""
    folder = tmp_path_factory.mktemp("candidates")
    phantom_cases(folder, patients=1, seed=2031)
    coordinator = arrive("coordinator")
    pages.create_cohort(coordinator, COHORT)
    house.manage("import_cases", "--cohort", COHORT, str(folder / "images"))
    person = arrive(ANNOTATOR)
    coordinator.page.reload()
    pages.add_member(coordinator, ANNOTATOR, "Annotator")
    ((key, pseudonym),) = house.ask(
        "SELECT p.public_id, p.pseudonym FROM cohorts_patient p "
        "JOIN cohorts_cohort c ON c.id = p.cohort_id WHERE c.name = ?",
        COHORT,
    )
    found = Proposed(person=person, coordinator=coordinator, patient=str(uuid.UUID(key)))
    propose(found, house.proposed / COHORT / pseudonym)
    return found


def propose(found: Proposed, folder: Path) -> None:
    """Leave four masks for the provider, on the grid of an export, and how sure it is of each."""
    address = f"{found.person.house.address}/api/v1/cohorts/patients/{found.patient}/masks/nifti/"
    exported = found.person.context.request.get(address).body()
    image = nibabel.Nifti1Image.from_bytes(gzip.decompress(exported))
    nodes_xyz = np.asarray(image.dataobj)
    labels_xyz = np.zeros(nodes_xyz.shape, np.uint8)
    on_edge = np.argwhere(nodes_xyz == 1)
    places = [free_place(nodes_xyz), on_edge[on_edge[:, 0].argmax()]]
    labels_xyz[ball(nodes_xyz.shape, places[0])] = 1
    labels_xyz[ball(nodes_xyz.shape, places[1])] = 2
    labels_xyz[ball(nodes_xyz.shape, free_place(nodes_xyz + labels_xyz))] = 3
    labels_xyz[(nodes_xyz == 1) & (labels_xyz == 0)] = 4
    folder.mkdir(parents=True)
    nibabel.save(nibabel.Nifti1Image(labels_xyz, image.affine), folder / "nodes.nii.gz")
    scores = {"1": FREE, "2": TOUCHING, "3": NOTHING, "4": ALIKE}
    (folder / "scores.json").write_text(json.dumps({"nodes.nii.gz": scores}))


def free_place(taken_xyz: np.ndarray) -> np.ndarray:
    """The voxel farthest from all masks, away from the borders."""
    away = distance_transform_edt(taken_xyz == 0)
    inner = np.zeros_like(away)
    inside = (slice(30, -30), slice(30, -30), slice(3, -3))
    inner[inside] = away[inside]
    return np.array(np.unravel_index(inner.argmax(), away.shape))


def ball(shape: tuple[int, ...], place_xyz: np.ndarray) -> np.ndarray:
    """Five pixels across and three slices high."""
    x, y, z = np.indices(shape) - place_xyz.reshape(3, 1, 1, 1)
    return x**2 + y**2 + 2 * z**2 <= 2.3**2


def go_to_row(proposed: Proposed, score: float) -> Locator:
    """Press J until the keyboard is in the row, from the first one on."""
    page = proposed.person.page
    row = page.locator("tr:focus")
    for _ in proposed.candidates():
        page.keyboard.press("k")
    for _ in proposed.candidates():
        if f"{score:.2f}" in row.inner_text():
            break
        page.keyboard.press("j")
    expect(row).to_contain_text(f"{score:.2f}")
    return row


def drawing_page(proposed: Proposed, page: Page) -> Drawing:
    page.wait_for_selector(pages.READY)
    return Drawing(person=proposed.person, page=page, patient=proposed.patient)


def versions_of(drawing: Drawing, number: int) -> list[dict]:
    key = drawing.node(number)["node"]
    return drawing.person.get(f"/api/v1/cohorts/nodes/{key}/masks/")["versions"]


def test_a_provider_is_asked_and_each_candidate_decided(proposed):
    person, page = proposed.person, proposed.person.page
    person.go(f"/cohorts/patients/{proposed.patient}/candidates/")
    person.click("Ask")
    expect(page.locator("tr[data-candidate]")).to_have_count(4, timeout=SLOW_MS)
    person.shot("candidates")
    look_at_its_slice(proposed)
    accept_by_key(proposed)
    edit_on_the_drawing_page(proposed)
    edit_as_the_mask_of_a_node(proposed)
    drawings_that_are_kept_stay_what_they_were_of(proposed)
    reject_with_a_reason(proposed)
    verdicts = {score: proposed.scored(score)["decision"]["verdict"] for score in SCORES}
    edited = {TOUCHING: "edited", ALIKE: "edited"}
    assert verdicts == {FREE: "accepted", NOTHING: "rejected"} | edited
    told = person.house.ask(
        "SELECT verb, reason FROM accounts_auditevent WHERE verb LIKE 'candidate_%' ORDER BY id"
    )
    assert told == [
        ("candidate_accepted", ""),
        ("candidate_edited", ""),
        ("candidate_edited", ""),
        ("candidate_rejected", REASON),
    ]


def look_at_its_slice(proposed: Proposed) -> None:
    """The list names slices as the viewer does, and leads there; nothing is drawn."""
    page = proposed.person.page
    link = page.get_by_role("row").filter(has_text=f"{FREE:.2f}").get_by_role("link").first
    first, last = map(int, (link.inner_text()).split(" to "))
    link.click()
    drawing = drawing_page(proposed, page)
    shown = drawing.part("slice-text").inner_text()
    assert first <= int(re.search(r"\d+", shown).group()) <= last
    expect(drawing.part("candidate-state")).to_have_text("Open: nobody has decided yet.")
    expect(drawing.part("save-text")).to_have_text("All saved")
    proposed.person.shot("candidate-looked-at")
    page.get_by_role("link", name="All candidates").click()


def accept_by_key(proposed: Proposed) -> None:
    page = proposed.person.page
    go_to_row(proposed, FREE)
    page.keyboard.press("a")
    proposed.person.sees("is decided")
    expect(page.locator("tr:focus")).to_have_attribute("data-candidate", "")
    drawing = Drawing(person=proposed.person, page=page, patient=proposed.patient)
    added = drawing.case()["nodes"][-1]["number"]
    assert (drawing.mask(added) == proposed.mask(FREE)).all()
    (version,) = versions_of(drawing, added)
    assert (version["origin"], version["by"]) == ("candidate", ANNOTATOR)


def edit_on_the_drawing_page(proposed: Proposed) -> None:
    page = proposed.person.page
    row = go_to_row(proposed, TOUCHING)
    page.keyboard.press("a")  # it only grazes node 1: no key makes it that node's mask
    page.wait_for_timeout(A_MOMENT_MS)
    expect(row).to_contain_text(f"{TOUCHING:.2f}")
    assert proposed.scored(TOUCHING)["decision"] is None
    page.keyboard.press("e")
    drawing = drawing_page(proposed, page)
    candidate, node_1 = proposed.scored(TOUCHING), drawing.mask(1)
    named = f"candidate {candidate['number']}"
    z, y, x = candidate["centroid_zyx"]
    expect(drawing.part("node-heading")).to_have_text(f"New node from {named}")
    expect(drawing.part("candidate")).to_contain_text(f"{PROVIDER} 1, score {TOUCHING:.2f}")
    expect(drawing.part("save-text")).to_have_text("Changes not saved")
    both = (proposed.mask(TOUCHING) & node_1).sum()
    expect(drawing.part("said")).to_have_text(f"{both} voxels left out: other nodes are protected.")
    assert pages.shown_slice(page) == round(z)
    drawing.drag((y, x + 3), right=6)
    proposed.person.shot("candidate-edited")
    page.keyboard.press("Control+s")
    expect(drawing.part("candidate-state")).to_have_text(
        f"Accepted with a changed mask by {ANNOTATOR}."
    )
    expect(drawing.part("save-text")).to_have_text("All saved")
    proposed.person.shot("candidate-saved")
    added = drawing.case()["nodes"][-1]["number"]
    expect(drawing.part("said")).to_contain_text(f"Saved as node {added} (")
    stored = drawing.mask(added)
    assert (stored & ~proposed.mask(TOUCHING))[round(z)].any(), "what was drawn is stored"
    assert not (stored & node_1).any()
    assert (drawing.mask(1) == node_1).all()
    (version,) = versions_of(drawing, added)
    assert (version["origin"], version["by"]) == ("candidate edited", ANNOTATOR)


def edit_as_the_mask_of_a_node(proposed: Proposed) -> None:
    """Meanwhile the role is lost: the drawing is kept, and is saved when the role is back."""
    page, coordinator = proposed.person.page, proposed.coordinator
    page.get_by_role("link", name="All candidates").click()
    row = go_to_row(proposed, ALIKE)
    expect(row.locator('[data-key="a"]')).to_have_text("New mask of node 1")
    page.keyboard.press("e")
    drawing = drawing_page(proposed, page)
    heading = drawing.part("node-heading")
    expect(heading).to_contain_text("Node 1 from candidate")
    page.get_by_role("button", name="Edit as a new node").click()  # unasked: nothing is drawn yet
    expect(heading).to_contain_text("New node from candidate")
    page.get_by_role("button", name="Edit as mask of node 1").click()
    expect(heading).to_contain_text("Node 1 from candidate")
    z, y, x = proposed.scored(ALIKE)["centroid_zyx"]
    drawing.drag((y, x), right=14)
    pages.remove_member(coordinator, ANNOTATOR)
    with proposed.person.watch.provoking(404, "/candidates/"):
        page.keyboard.press("Control+s")
        expect(drawing.part("notice-text")).to_contain_text("You no longer decide about candidates")
    expect(drawing.part("save-text")).to_have_text("Changes not saved")
    pages.add_member(coordinator, ANNOTATOR, "Annotator")
    page.keyboard.press("Control+s")
    drawing.is_on(1, version=2)
    stored = drawing.mask(1)
    assert (stored & ~proposed.mask(ALIKE))[round(z)].any(), "what was drawn is stored"


def drawings_that_are_kept_stay_what_they_were_of(proposed: Proposed) -> None:
    """Beside an open candidate a node is drawn on, and then the candidate; each tab is closed."""
    address, key = proposed.person.house.address, proposed.scored(NOTHING)["id"]
    beside = f"{address}/cohorts/patients/{proposed.patient}/masks/?candidate={key}"
    y, x = proposed.scored(NOTHING)["centroid_zyx"][1:]
    for edit, heading in (("", r"^Node 1$"), ("&edit=1", "^New node from candidate")):
        drawing = drawing_page(proposed, opened(proposed, beside + edit))
        if not edit:
            drawing.choose(1)
        drawing.drag((y, x + 4), right=5)
        expect(drawing.part("save-text")).to_have_text("Changes not saved")
        drawing.page.wait_for_timeout(2 * A_MOMENT_MS)
        drawing.page.close()
        later = drawing_page(proposed, opened(proposed, beside))
        expect(later.part("kept-text")).to_contain_text("this browser has kept it")
        expect(later.part("node-heading")).to_have_text(re.compile(heading))
        later.page.get_by_role("button", name="Drop my drawing").click()
        later.page.wait_for_timeout(2 * A_MOMENT_MS)
        later.page.close()


def opened(proposed: Proposed, address: str) -> Page:
    page = proposed.person.another_tab()
    page.goto(address)
    return page


def reject_with_a_reason(proposed: Proposed) -> None:
    """Meanwhile another tab still draws on it: its save is refused in words."""
    page = proposed.person.page
    page.get_by_role("link", name="All candidates").click()
    row = go_to_row(proposed, NOTHING)
    late = proposed.person.another_tab()
    editing = row.get_by_role("link", name="Edit in the drawing page").get_attribute("href")
    late.goto(f"{proposed.person.house.address}{editing}")
    drawing = drawing_page(proposed, late)
    page.bring_to_front()
    row.get_by_label("Why it is rejected").fill(REASON)
    page.keyboard.press("Enter")
    expect(page.get_by_role("row").filter(has_text="Rejected by")).to_contain_text(REASON)
    late.bring_to_front()
    with proposed.person.watch.provoking(409, "/accept/"):
        late.keyboard.press("Control+s")
        expect(drawing.part("notice-text")).to_contain_text("This candidate was rejected already")
    expect(drawing.part("candidate-state")).to_have_text(f"Rejected by {ANNOTATOR}: {REASON}")
    expect(late.locator('[data-act="save"]')).to_be_disabled()
    proposed.person.shot("candidates-decided")
    late.close()
