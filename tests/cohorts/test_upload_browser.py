"""The upload form in real Chromium: a folder or a zip, chosen or dropped, up to the report."""

import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from cohorts import drop
from cohorts.models import IntakeUpload
from cohorts.phantom.cohort import write_phantom_cohort
from tests.browsers import new_context
from tests.cohorts.inputs import zip_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SLICES, SIZE, SEED = 8, 64, 5
MANY = 230
"""A browser gives a dropped folder in portions of 100."""


@pytest.fixture(scope="module")
def phantom(tmp_path_factory: pytest.TempPathFactory):
    """One patient below a folder 'images', and how many nodes the patient has."""
    folder = tmp_path_factory.mktemp("phantom")
    (written,) = write_phantom_cohort(folder, patients=1, seed=SEED, slices=SLICES, size=SIZE)
    return folder / "images", len(written.nodes)


@pytest.fixture
def page(
    transactional_db, live_server, client, people, cohort, data_dir, browsers: dict[str, Browser]
) -> Iterator[Page]:
    """The cohort's page, open before its coordinator; it must have stayed free of complaints."""
    client.force_login(people.coordinator)
    context = new_context(browsers["no webgl"])
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    context.add_cookies([cookie | {"url": live_server.url}])
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda line: line.type == "error" and complaints.append(line.text))
    opened.goto(live_server.url + reverse("cohorts:cohort", args=[cohort.public_id]))
    yield opened
    context.close()
    assert [line for line in complaints if "Failed to load resource" not in line] == []


def press_upload(page: Page) -> None:
    page.get_by_role("button", name="Upload", exact=True).click()


def message(page: Page):
    return page.locator("[data-upload-message]")


def drop_on_form(page: Page, *paths: Path) -> None:
    """Drop files or folders of this machine as a person would, with the browser's own events."""
    form = page.locator("form[data-upload]")
    form.scroll_into_view_if_needed()
    box = form.bounding_box()
    devtools = page.context.new_cdp_session(page)
    held = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + 20, "data": held}
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, **place})


def packed_names(upload: IntakeUpload) -> list[str]:
    """The names in the zip that arrived; every entry is read and its checksum compared."""
    with zipfile.ZipFile(drop.path_of(upload.drop_name)) as archive:
        assert archive.testzip() is None
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        return sorted(archive.namelist())


def names_below(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder.parent).as_posix() for path in files)


def many_files(folder: Path) -> Path:
    (folder / "a" / "b").mkdir(parents=True)
    for number in range(MANY):
        (folder / "a" / "b" / f"{number:03d} é.bin").write_bytes(bytes([number]) * number)
    (folder / "empty.bin").touch()
    return folder


def test_a_chosen_folder_becomes_a_patient(page: Page, phantom):
    images, nodes = phantom
    page.get_by_label("Folder", exact=True).set_input_files(images)
    expect(message(page)).to_contain_text(f"Chosen: 'images', {SLICES + 1} files")
    press_upload(page)
    page.wait_for_url("**/cohorts/uploads/**")

    upload = IntakeUpload.objects.get()
    assert upload.shown_name == "images"
    assert packed_names(upload) == names_below(images)
    expect(page.get_by_role("heading", level=1)).to_contain_text("images")

    call_command("run_worker", batch=True, interval=0)

    row = page.get_by_role("row").filter(has_text="P001")
    expect(row).to_contain_text("Accepted")
    expect(row.get_by_role("cell").nth(2)).to_have_text(str(SLICES))
    expect(row.get_by_role("cell").nth(3)).to_have_text(str(nodes))


def test_a_dropped_folder_arrives_whole(page: Page, tmp_path: Path):
    folder = many_files(tmp_path / "many")
    seen = watch_messages(page)
    drop_on_form(page, folder)
    expect(message(page)).to_contain_text(f"Chosen: 'many', {MANY + 1} files")
    press_upload(page)
    page.wait_for_url("**/cohorts/uploads/**")

    upload = IntakeUpload.objects.get()
    assert upload.shown_name == "many"
    assert packed_names(upload) == names_below(folder)
    with zipfile.ZipFile(drop.path_of(upload.drop_name)) as archive:
        assert archive.read("many/a/b/200 é.bin") == bytes([200]) * 200
    assert f"Packing 0 of {MANY + 1} files. Keep this page open." in seen
    assert any(line.endswith("sent. Keep this page open.") or "Sent." in line for line in seen)


def watch_messages(page: Page) -> list[str]:
    """Collect what the form says, also what it says only for a moment."""
    seen: list[str] = []

    def said(text: str) -> None:
        seen.append(text)

    page.expose_function("nodewiseTestSaid", said)
    message(page).evaluate(
        """element => new MutationObserver(() => window.nodewiseTestSaid(element.textContent))
          .observe(element, { childList: true, characterData: true, subtree: true })"""
    )
    return seen


def test_several_dropped_folders_arrive_together(page: Page, tmp_path: Path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.bin").write_bytes(b"x")
    drop_on_form(page, tmp_path / "one", tmp_path / "two")
    press_upload(page)
    page.wait_for_url("**/cohorts/uploads/**")
    upload = IntakeUpload.objects.get()
    assert upload.shown_name == "one and 1 more"
    assert packed_names(upload) == ["one/x.bin", "two/x.bin"]


@pytest.mark.parametrize("way", ["chosen", "dropped"])
def test_a_zip_is_sent_as_it_is(page: Page, phantom, tmp_path: Path, way: str):
    archive = zip_of(phantom[0], tmp_path / "made by hand.zip")
    if way == "chosen":
        page.get_by_label("Zip file").set_input_files(archive)
    else:
        drop_on_form(page, archive)
    page.get_by_label("The PatientIDs are pseudonyms").check()
    press_upload(page)
    page.wait_for_url("**/cohorts/uploads/**")
    upload = IntakeUpload.objects.get()
    assert (upload.shown_name, upload.keep_patient_ids) == ("made by hand.zip", True)
    assert drop.path_of(upload.drop_name).read_bytes() == archive.read_bytes()


def test_a_large_file_is_packed_in_slices(page: Page, tmp_path: Path):
    """Longer than two slices of 4 MiB, and not a whole number of them."""
    (tmp_path / "large").mkdir()
    content = bytes(range(251)) * 40_000
    (tmp_path / "large" / "long.bin").write_bytes(content)
    page.get_by_label("Folder", exact=True).set_input_files(tmp_path / "large")
    press_upload(page)
    page.wait_for_url("**/cohorts/uploads/**")
    upload = IntakeUpload.objects.get()
    assert packed_names(upload) == ["large/long.bin"]
    with zipfile.ZipFile(drop.path_of(upload.drop_name)) as archive:
        assert archive.read("large/long.bin") == content


def test_the_latest_choice_counts(page: Page, phantom, tmp_path: Path):
    archive = zip_of(phantom[0], tmp_path / "first.zip")
    page.get_by_label("Zip file").set_input_files(archive)
    page.get_by_label("Folder", exact=True).set_input_files(phantom[0])
    expect(message(page)).to_contain_text("Chosen: 'images'")
    assert page.get_by_label("Zip file").evaluate("input => input.files.length") == 0
    drop_on_form(page, archive)
    expect(message(page)).to_contain_text("Chosen: 'first.zip'")
    assert page.get_by_label("Folder", exact=True).evaluate("input => input.files.length") == 0


def test_nothing_chosen_is_said(page: Page):
    press_upload(page)
    expect(message(page)).to_contain_text("Choose a folder or a zip file first.")
    expect(page.get_by_role("button", name="Upload", exact=True)).to_be_focused()


def test_an_empty_folder_is_refused(page: Page, tmp_path: Path):
    (tmp_path / "hollow" / "inner").mkdir(parents=True)
    drop_on_form(page, tmp_path / "hollow")
    expect(message(page)).to_contain_text("'hollow' holds no files: choose the folder with the CT")
    press_upload(page)
    expect(message(page)).to_contain_text("'hollow' holds no files")


def test_a_file_that_went_away_is_named(page: Page, phantom, tmp_path: Path):
    copied = shutil.copytree(phantom[0], tmp_path / "moving")
    page.get_by_label("Folder", exact=True).set_input_files(copied)
    expect(message(page)).to_contain_text("Chosen: 'moving'")
    gone = sorted(copied.rglob("*.dcm"))[3]
    gone.unlink()
    press_upload(page)
    name = gone.relative_to(tmp_path).as_posix()
    expect(message(page)).to_contain_text(f"'{name}' cannot be read: it was moved, changed or is")
    expect(page.get_by_role("button", name="Upload", exact=True)).to_be_enabled()
    assert not IntakeUpload.objects.exists()


def test_a_zip_beside_a_folder_is_refused(page: Page, phantom, tmp_path: Path):
    drop_on_form(page, phantom[0], zip_of(phantom[0], tmp_path / "x.zip"))
    expect(message(page)).to_contain_text("Drop one zip file alone")


def test_what_the_server_would_refuse_is_not_sent(page: Page, phantom, settings, tmp_path: Path):
    """The size told before packing is the size of the zip: the last byte too many counts."""
    settings.INTAKE_MAX_BYTES = zip_bytes(phantom[0]) - 1
    page.reload()
    sent = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    page.get_by_label("Folder", exact=True).set_input_files(phantom[0])
    expect(message(page)).to_contain_text("'images' has 0.1 MB, the server takes 0.1 MB at once.")
    press_upload(page)
    expect(message(page)).to_contain_text("Choose fewer patients at a time, or ask the operator")
    assert sent == []

    settings.INTAKE_MAX_BYTES += 1
    page.reload()
    page.get_by_label("Folder", exact=True).set_input_files(phantom[0])
    press_upload(page)
    page.wait_for_url("**/cohorts/uploads/**")
    upload = IntakeUpload.objects.get()
    assert drop.path_of(upload.drop_name).stat().st_size == settings.INTAKE_MAX_BYTES


def zip_bytes(folder: Path) -> int:
    """Size of a zip of stored entries with data descriptors, as the format has it."""
    names = names_below(folder)
    sizes = sum((folder.parent / name).stat().st_size for name in names)
    return sizes + sum(30 + 16 + 46 + 2 * len(name.encode()) for name in names) + 22


def test_the_refusal_of_the_server_is_shown(page: Page, tmp_path: Path):
    (tmp_path / "text.zip").write_text("no zip at all")
    page.get_by_label("Zip file").set_input_files(tmp_path / "text.zip")
    press_upload(page)
    expect(message(page)).to_contain_text("The file is not a zip")
    expect(page.locator("[data-upload-status]")).to_be_hidden()


def test_an_upload_is_cancelled_with_the_keyboard(page: Page, phantom):
    # Never answered: the upload stays on its way, so that there is time to cancel.
    page.route("**/api/v1/cohorts/*/uploads/", lambda route: None)
    page.get_by_label("Folder", exact=True).set_input_files(phantom[0])
    page.get_by_role("button", name="Upload", exact=True).focus()
    page.keyboard.press("Enter")
    cancel = page.get_by_role("button", name="Cancel", exact=True)
    expect(cancel).to_be_visible()
    expect(page.locator("[data-upload-status]")).to_be_focused()
    page.keyboard.press("Tab")
    expect(cancel).to_be_focused()
    page.keyboard.press("Enter")
    expect(message(page)).to_contain_text("Cancelled. Nothing was taken in")
    expect(message(page)).not_to_have_class(re.compile("text-danger"))
    expect(page.get_by_role("button", name="Upload", exact=True)).to_be_focused()
    assert not IntakeUpload.objects.exists()

    page.unroute("**/api/v1/cohorts/*/uploads/")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cohorts/uploads/**")
    assert IntakeUpload.objects.get().shown_name == "images"


def test_a_lost_connection_is_said(page: Page, phantom):
    page.route("**/api/v1/cohorts/*/uploads/", lambda route: route.abort())
    page.get_by_label("Folder", exact=True).set_input_files(phantom[0])
    press_upload(page)
    expect(message(page)).to_contain_text("The connection was lost")
    expect(page.get_by_role("button", name="Upload", exact=True)).to_be_enabled()


def test_the_form_is_labelled_and_its_folder_waits_for_scripts(page: Page, client, cohort):
    expect(page.get_by_role("group", name="What to upload")).to_have_accessible_description(
        "One folder per patient: the CT series as DICOM, and its node masks as a NIfTI label map "
        "or DICOM SEG. Up to 8.0 GB at once."
    )
    plain = client.get(reverse("cohorts:cohort", args=[cohort.public_id])).text
    before_folder = plain[: plain.index('id="upload_folder"')]
    assert "data-upload-scripted hidden" in before_folder.rsplit("<div", 1)[1]
