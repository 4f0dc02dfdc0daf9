"""The upload form in real Chromium: a folder or a zip, chosen or dropped, up to the report."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from cohorts import drop
from cohorts.dicom.listed_files import LISTING
from cohorts.models import ArrivingUpload, IntakeUpload
from cohorts.phantom.cohort import write_phantom_cohort
from tests.browsers import new_context
from tests.cohorts.inputs import write_patient, zip_of
from tests.cohorts.test_questions import write_two_parts

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


def arrived(upload: IntakeUpload) -> dict[str, bytes]:
    """The files that arrived, by the name under which they were given."""
    place = drop.path_of(upload.drop_name)
    listing = json.loads((place / LISTING).read_text())
    return {entry["name"]: (place / entry["file"]).read_bytes() for entry in listing["files"]}


def content_below(folder: Path) -> dict[str, bytes]:
    return {name: (folder.parent / name).read_bytes() for name in names_below(folder)}


def fake_ct(text: bytes = b"") -> bytes:
    """What passes for a CT image at first sight."""
    return bytes(128) + b"DICM" + b"1.2.840.10008.5.1.4.1.1.2\0" + text


def names_below(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder.parent).as_posix() for path in files)


def many_files(folder: Path) -> Path:
    (folder / "a" / "b").mkdir(parents=True)
    for number in range(MANY):
        (folder / "a" / "b" / f"{number:03d} é.bin").write_bytes(fake_ct(bytes([number]) * number))
    return folder


def test_a_chosen_folder_becomes_a_patient(page: Page, phantom):
    images, nodes = phantom
    page.get_by_label("Folder", exact=True).set_input_files(images)
    expect(message(page)).to_contain_text(f"Chosen: 'images', {SLICES + 1} files")
    press_upload(page)
    page.wait_for_url("**/cohorts/uploads/**")

    upload = IntakeUpload.objects.get()
    assert upload.shown_name == "images"
    assert arrived(upload) == content_below(images)
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
    expect(message(page)).to_contain_text(f"Chosen: 'many', {MANY} files")
    press_upload(page)
    page.wait_for_url("**/cohorts/uploads/**")

    upload = IntakeUpload.objects.get()
    assert upload.shown_name == "many"
    assert arrived(upload) == content_below(folder)
    assert any("Sending" in line or "Sent." in line for line in seen)


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
        (tmp_path / name / "x.bin").write_bytes(fake_ct())
    drop_on_form(page, tmp_path / "one", tmp_path / "two")
    press_upload(page)
    page.wait_for_url("**/cohorts/uploads/**")
    upload = IntakeUpload.objects.get()
    assert upload.shown_name == "one and 1 more"
    assert sorted(arrived(upload)) == ["one/x.bin", "two/x.bin"]


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


def test_a_large_file_goes_in_pieces(page: Page, tmp_path: Path):
    """Longer than two pieces of 4 MiB, and not a whole number of them."""
    (tmp_path / "large").mkdir()
    content = fake_ct(bytes(range(251)) * 40_000)
    (tmp_path / "large" / "long.bin").write_bytes(content)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.get_by_label("Folder", exact=True).set_input_files(tmp_path / "large")
    press_upload(page)
    page.wait_for_url("**/cohorts/uploads/**")
    assert arrived(IntakeUpload.objects.get()) == {"large/long.bin": content}
    assert len([url for url in requests if url.endswith("/pieces/")]) == 2


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
    expect(message(page)).to_contain_text("Choose a folder, files or a zip first.")
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
    assert ArrivingUpload.objects.count() == 1


def test_a_zip_beside_a_folder_is_refused(page: Page, phantom, tmp_path: Path):
    drop_on_form(page, phantom[0], zip_of(phantom[0], tmp_path / "x.zip"))
    expect(message(page)).to_contain_text("Drop one zip file alone")


@pytest.mark.parametrize(
    ("limit", "words"),
    [("INTAKE_MAX_BYTES", "the server takes"), ("INTAKE_MAX_FILES", "files, the")],
)
def test_what_the_server_would_refuse_is_not_sent(page: Page, phantom, settings, limit, words):
    """The last byte and the last file too many count."""
    content = content_below(phantom[0])
    exact = {
        "INTAKE_MAX_BYTES": sum(map(len, content.values())),
        "INTAKE_MAX_FILES": len(content),
    }[limit]
    setattr(settings, limit, exact - 1)
    page.reload()
    sent = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    page.get_by_label("Folder", exact=True).set_input_files(phantom[0])
    expect(message(page)).to_contain_text(words)
    press_upload(page)
    expect(message(page)).to_contain_text("Choose fewer patients at a time")
    assert sent == []

    setattr(settings, limit, exact)
    page.reload()
    page.get_by_label("Folder", exact=True).set_input_files(phantom[0])
    press_upload(page)
    page.wait_for_url("**/cohorts/uploads/**")


def test_what_will_not_be_used_is_said_before_it_is_sent(page: Page, phantom, tmp_path: Path):
    folder = shutil.copytree(phantom[0], tmp_path / "mixed")
    (folder / "letter.pdf").write_bytes(b"%PDF-1.7")
    (folder / "notes.txt").write_bytes(b"please read")
    (folder / "Thumbs.db").write_bytes(b"junk")
    (folder / "old.zip").write_bytes(b"PK\x03\x04")
    (folder / "empty.dcm").touch()
    page.get_by_label("Folder", exact=True).set_input_files(folder)
    left_out = page.locator("[data-upload-left-out]")
    expect(left_out).to_contain_text(f"5 of {SLICES + 6} files will not be used")
    left_out.locator("summary").click()
    for line in (
        "mixed/letter.pdf: a PDF document",
        "mixed/notes.txt: not DICOM",
        "mixed/Thumbs.db: left behind by a system, no image",
        "mixed/old.zip: an archive; unpack it first",
        "mixed/empty.dcm: empty",
    ):
        expect(left_out).to_contain_text(line)
    press_upload(page)
    page.wait_for_url("**/cohorts/uploads/**")
    used = {name.replace("images/", "mixed/", 1) for name in content_below(phantom[0])}
    assert set(arrived(IntakeUpload.objects.get())) == used


def test_a_folder_without_ct_is_refused_before_it_is_sent(page: Page, tmp_path: Path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_bytes(b"hello")
    page.get_by_label("Folder", exact=True).set_input_files(tmp_path / "letters")
    expect(message(page)).to_contain_text("'letters' holds no DICOM CT image")
    press_upload(page)
    assert not ArrivingUpload.objects.exists()


def test_the_refusal_of_the_server_is_shown(page: Page, tmp_path: Path):
    (tmp_path / "text.zip").write_text("no zip at all")
    page.get_by_label("Zip file").set_input_files(tmp_path / "text.zip")
    press_upload(page)
    expect(message(page)).to_contain_text("The file is not a zip")
    expect(page.locator("[data-upload-status]")).to_be_hidden()


def hold_pieces(page: Page) -> None:
    """Never answer: the upload stays on its way, so that there is time to do something."""
    page.route("**/pieces/", lambda route: None)


def test_an_upload_is_cancelled_with_the_keyboard(page: Page, phantom, data_dir):
    hold_pieces(page)
    page.get_by_label("Folder", exact=True).set_input_files(phantom[0])
    expect(message(page)).to_contain_text("Chosen")
    page.get_by_role("button", name="Upload", exact=True).focus()
    page.keyboard.press("Enter")
    cancel = page.get_by_role("button", name="Cancel", exact=True)
    expect(cancel).to_be_visible()
    expect(page.locator("[data-upload-status]")).to_be_focused()
    expect(message(page)).to_contain_text("Sending")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(cancel).to_be_focused()
    page.keyboard.press("Enter")
    expect(message(page)).to_contain_text("Cancelled, and what had arrived was removed.")
    expect(message(page)).not_to_have_class(re.compile("text-danger"))
    expect(page.get_by_role("button", name="Upload", exact=True)).to_be_focused()
    assert not ArrivingUpload.objects.exists()
    assert list((data_dir / "drop").iterdir()) == []

    page.unroute("**/pieces/")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cohorts/uploads/**")
    assert IntakeUpload.objects.get().shown_name == "images"


def test_a_paused_upload_goes_on(page: Page, phantom):
    hold_pieces(page)
    page.get_by_label("Folder", exact=True).set_input_files(phantom[0])
    press_upload(page)
    page.get_by_role("button", name="Pause").click()
    expect(message(page)).to_contain_text("Paused. What has arrived is kept")
    page.unroute("**/pieces/")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/cohorts/uploads/**")
    assert arrived(IntakeUpload.objects.get()) == content_below(phantom[0])


def test_a_lost_connection_is_gone_on_with_by_itself(page: Page, phantom):
    lost: list[str] = []

    def lose_two(route) -> None:
        if len(lost) < 2:
            lost.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    page.route("**/pieces/", lose_two)
    page.get_by_label("Folder", exact=True).set_input_files(phantom[0])
    press_upload(page)
    expect(message(page)).to_contain_text("The connection is lost. Trying again in")
    page.wait_for_url("**/cohorts/uploads/**")
    assert arrived(IntakeUpload.objects.get()) == content_below(phantom[0])


def test_after_a_reload_only_the_rest_is_sent(page: Page, tmp_path: Path):
    """Killed in the middle; the same folder is chosen again, and the report comes."""
    (tmp_path / "big").mkdir()
    content = {}
    for number in range(6):
        content[f"big/{number}.dcm"] = fake_ct(bytes([number]) * 4_000_000)
        (tmp_path / content_name(number)).write_bytes(content[f"big/{number}.dcm"])
    through: list[int] = []

    def let_one_through(route) -> None:
        if not through:
            through.append(len(route.request.post_data_buffer or b""))
            route.continue_()

    page.route("**/pieces/", let_one_through)
    page.get_by_label("Folder", exact=True).set_input_files(tmp_path / "big")
    press_upload(page)
    expect(page.locator("[data-upload-numbers]")).to_contain_text(" MB of 22.9 MB")
    page.wait_for_timeout(1500)
    page.on("dialog", lambda dialog: dialog.accept())
    # First the reload, which ends the requests that are held: let go, they would still arrive.
    page.reload()
    page.unroute("**/pieces/")
    expect(page.get_by_role("group", name="Unfinished upload big")).to_contain_text(
        "Choose the same folder again to go on where it stopped."
    )
    sent: list[int] = []
    page.on(
        "request",
        lambda request: (
            request.url.endswith("/pieces/")
            and sent.append(int(request.headers.get("content-length", 0)))
        ),
    )
    page.get_by_label("Folder", exact=True).set_input_files(tmp_path / "big")
    press_upload(page)
    page.wait_for_url("**/cohorts/uploads/**")
    assert arrived(IntakeUpload.objects.get()) == content
    assert ArrivingUpload.objects.count() == 1


def content_name(number: int) -> str:
    return f"big/{number}.dcm"


def test_an_unfinished_upload_is_given_up(page: Page, phantom, data_dir):
    hold_pieces(page)
    page.get_by_label("Folder", exact=True).set_input_files(phantom[0])
    press_upload(page)
    expect(message(page)).to_contain_text("Sending")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.get_by_role("button", name="Give up images").click()
    expect(page.get_by_text("What had arrived was removed.")).to_be_visible()
    assert not ArrivingUpload.objects.exists()
    assert list((data_dir / "drop").iterdir()) == []


def test_decisions_go_with_the_files(page: Page, phantom):
    page.get_by_label("Make faces unrecognisable").check()
    page.get_by_text("Structure names and parts").click()
    page.get_by_label("A structure of several parts is").select_option("several")
    page.get_by_label("Structures that are nodes").fill("GTVn*, LN *")
    page.get_by_label("Folder", exact=True).set_input_files(phantom[0])
    press_upload(page)
    page.wait_for_url("**/cohorts/uploads/**")
    options = IntakeUpload.objects.get().options
    assert options["protect_faces"]
    assert options["multi_part"] == "several"
    assert options["node_structures"] == ["GTVn*", "LN *"]


def test_the_form_is_labelled_and_its_folder_waits_for_scripts(page: Page, client, cohort):
    expect(page.get_by_role("group", name="What to upload")).to_have_accessible_description(
        "One folder per patient: the CT series as DICOM, and its node masks beside it. "
        "Up to 8.0 GB at once."
    )
    plain = client.get(reverse("cohorts:cohort", args=[cohort.public_id])).text
    before_folder = plain[: plain.index('id="upload_folder"')]
    assert "data-upload-scripted hidden" in before_folder.rsplit("<div", 1)[1]


def test_from_a_dropped_folder_to_an_answered_question(page: Page, tmp_path: Path):
    """Two structures in two parts each: answered together, and read by the real worker."""
    for number in (1, 2):
        write_two_parts(write_patient(tmp_path / "two", f"A{number}", seed=number))
    drop_on_form(page, tmp_path / "two")
    expect(message(page)).to_contain_text("Chosen: 'two'")
    press_upload(page)
    page.wait_for_url("**/cohorts/uploads/**")
    call_command("run_worker", batch=True, interval=0)

    expect(page.get_by_text("2 patients wait for your answer.")).to_be_visible()
    page.get_by_role("link", name="Answer now").click()
    first = page.get_by_role("group", name="Patient no. 1")
    first.get_by_label("Several nodes").check()
    first.get_by_role("button", name="Use this answer for the similar question").click()
    second = page.get_by_role("group", name="Patient no. 2")
    expect(second.get_by_label("Several nodes")).to_be_checked()
    page.get_by_role("button", name="Send answers").click()
    page.wait_for_url(re.compile(r"/cohorts/uploads/[0-9a-f-]+/$"))
    call_command("run_worker", batch=True, interval=0)

    for pseudonym in ("P001", "P002"):
        row = page.get_by_role("row").filter(has_text=pseudonym)
        expect(row).to_contain_text("Accepted")
        expect(row.get_by_role("cell").nth(3)).to_have_text("2")
