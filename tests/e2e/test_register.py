"""A coordinator registers a release in the browser, with a connection that is lost on the way."""

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Arrive
from tests.e2e.installation import Installation
from tests.e2e.person import SLOW_MS

pytestmark = [pytest.mark.browser, pytest.mark.no_database]


@pytest.fixture(scope="module")
def release(house: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two members of random weights, and files beside them that are none."""
    folder = tmp_path_factory.mktemp("browser") / "release"
    house.manage(
        *("make_untrained_members", "--folder", str(folder), "--runs", "1", "--folds", "2"),
        *("--seed", "77"),
    )
    (folder / "README.md").write_text("A release.")
    (folder / "RUN0" / "fold0" / "optimiser.pth").write_bytes(b"no member by its path")
    return folder


def cell(person, run, fold):
    return person.page.locator(f'[data-member="{run}-{fold}"]')


def choose(person, folder):
    field = person.page.get_by_label("The release's folder on your computer")
    # set_input_files does not wait for what a person has to wait for.
    expect(field).to_be_enabled(timeout=SLOW_MS)
    field.set_input_files(folder)


def test_a_release_goes_up_file_by_file_and_is_registered(
    house: Installation, arrive: Arrive, release: Path
) -> None:
    person = arrive("coordinator")
    person.go("/inference/")
    person.follow("Register a model")
    person.shot("register-choose")
    person.click("Go on to the files")
    person.sees("0 of 25 members")
    # The second file meets a lost connection once; nothing of the first is sent again.
    tries = []

    def lose_once(route):
        tries.append(route.request.url)
        if len(tries) == 2:
            route.abort("connectionreset")
        else:
            route.continue_()

    person.page.route("**/files/", lose_once)
    choose(person, release)
    expect(cell(person, 0, 0)).to_have_attribute("data-state", "good", timeout=SLOW_MS)
    person.sees("2 of 25 members", timeout_ms=SLOW_MS)
    person.sees("2 files sent.", timeout_ms=SLOW_MS)
    assert len(tries) == 3
    expect(person.page.locator("[data-ignored] summary")).to_contain_text("2 files are no member")
    expect(cell(person, 0, 2)).to_have_attribute("data-state", "missing")
    person.shot("register-files")
    # After a reload the files are still there, and choosing the folder again sends none.
    person.page.reload()
    expect(cell(person, 0, 1)).to_have_attribute("data-state", "good")
    choose(person, release)
    person.sees("0 files sent, 2 there already.", timeout_ms=SLOW_MS)
    assert len(tries) == 3
    person.page.get_by_label("Name").fill("From the browser")
    person.page.get_by_label("Untrained").check()
    person.page.get_by_label("ENE", exact=True).fill("0.4")
    person.shot("register-describe")
    person.click("Register")
    person.page.wait_for_url(re.compile(r"/inference/models/"))
    person.sees("Registered 'From the browser'.")
    person.sees("2 of 25 members")
    person.sees("ene ≥ 0.4")
    person.sees("reference fingerprint, not the published one")
    person.shot("register-model")
    rows = house.ask(
        "SELECT run, fold FROM inference_modelmember JOIN inference_modelversion AS version"
        " ON version.id = model_version_id WHERE version.name = 'From the browser'"
    )
    assert sorted(rows) == [(0, 0), (0, 1)]


def test_a_damaged_file_is_refused_in_its_place_and_can_be_replaced(
    arrive: Arrive, release: Path, tmp_path: Path
) -> None:
    person = arrive("coordinator")
    damaged = tmp_path / "release"
    shutil.copytree(release / "RUN0" / "fold0", damaged / "RUN0" / "fold0")
    path = damaged / "RUN0" / "fold0" / "last_epoch_ckpt.pth"
    path.write_bytes(path.read_bytes()[:2_000_000])
    person.go("/inference/models/register/")
    person.click("Go on to the files")
    choose(person, damaged)
    expect(cell(person, 0, 0)).to_have_attribute("data-state", "refused", timeout=SLOW_MS)
    person.sees("1 refused: ")
    person.sees("not a complete torch file")
    expect(person.page.get_by_label("The release's folder on your computer")).to_be_enabled()
    person.shot("register-refused")
    shutil.copy(release / "RUN0" / "fold0" / "last_epoch_ckpt.pth", path)
    choose(person, damaged)
    person.sees("1 file sent.", timeout_ms=SLOW_MS)
    expect(cell(person, 0, 0)).to_have_attribute("data-state", "good")
    person.click("Delete this upload")
    person.sees("Deleted. Nothing of that upload is kept.")
