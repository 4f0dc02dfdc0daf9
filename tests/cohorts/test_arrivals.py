"""Uploads that come piece by piece: resumed, doubled, damaged, lied about, and given up."""

import os
import time
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from accounts.errors import Conflict
from cohorts import drop, pipeline, services
from cohorts.arrivals import PIECE_HEAD, ExpectedFile
from cohorts.dicom.options import IntakeOptions
from cohorts.models import ArrivingUpload, IntakeUpload
from cohorts.vocabulary import CohortRole
from tests.cohorts.conftest import files_below
from tests.cohorts.inputs import write_patient, zip_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_dir")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One patient, and files that nobody needs."""
    write_patient(tmp_path / "in", "A1")
    (tmp_path / "in" / "letter.pdf").write_bytes(b"%PDF-1.7 dear colleague")
    (tmp_path / "in" / "Thumbs.db").write_bytes(b"junk")
    (tmp_path / "in" / "readme.txt").write_bytes(b"please read")
    (tmp_path / "in" / "empty.dcm").touch()
    return tmp_path / "in"


def listed(folder: Path) -> list[ExpectedFile]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        ExpectedFile(path=path.relative_to(folder).as_posix(), size=path.stat().st_size)
        for path in found
    ]


def piece(number: int, offset: int, data: bytes, *, crc: int | None = None) -> bytes:
    told = zlib.crc32(data) if crc is None else crc
    return PIECE_HEAD.pack(number, offset, len(data), told) + data


def start(people, cohort, files, **changes):
    told = {"by": people.coordinator, "cohort": cohort, "shown_name": "in", "files": files}
    return services.start_arrival(**(told | changes))


def send(people, arriving, *pieces: bytes):
    body = BytesIO(b"".join(pieces))
    return services.receive_pieces(by=people.coordinator, arriving=arriving, stream=body)


def send_rest(people, arriving, folder: Path, *, size: int = 1000) -> None:
    """Send what is missing, in pieces."""
    state = services.state_of_arrival(arriving, listed(folder))
    for file, number in zip(listed(folder), state["numbers"], strict=True):
        data = (folder / file.path).read_bytes()
        for offset in range(state["arrived"][number - 1], len(data), size):
            send(people, arriving, piece(number, offset, data[offset : offset + size]))


def finish(people, arriving) -> IntakeUpload:
    arriving.refresh_from_db()
    return services.finish_arrival(by=people.coordinator, arriving=arriving)


def test_what_came_in_pieces_is_taken_in(people, cohort, folder, data_dir):
    options = IntakeOptions(multi_part="one", secret="not to be stored")
    arriving = start(people, cohort, listed(folder), options=options, keep_patient_ids=True)
    send_rest(people, arriving, folder)
    upload = finish(people, arriving)
    assert upload.options["multi_part"] == "one"
    assert "secret" not in upload.options
    assert upload.keep_patient_ids
    pipeline.take_up(upload.pk)
    upload.refresh_from_db()
    assert upload.state == "done", upload.error
    assert [entry["outcome"] for entry in upload.report["patients"]] == ["accepted"]
    assert sorted(upload.report["notes"]) == [
        "Thumbs.db: left out, left behind by a system, no image",
        "empty.dcm: left out, empty",
        "letter.pdf: left out, a PDF document",
        "readme.txt: left out, not DICOM",
    ]
    assert files_below(data_dir / "drop") == []


def test_junk_is_told_before_a_byte_is_sent_and_the_rest_at_its_first_bytes(people, cohort, folder):
    arriving = start(people, cohort, listed(folder))
    state = services.state_of_arrival(arriving)
    assert [item.path for item in state["left_out"]] == ["Thumbs.db", "empty.dcm"]
    number = [file.path for file in listed(folder)].index("letter.pdf") + 1
    (left_out,) = send(people, arriving, piece(number, 0, b"%PDF-1.7"))
    assert (left_out.path, left_out.reason) == ("letter.pdf", "a PDF document")
    # The rest of it may be under way already: it is let pass.
    assert send(people, arriving, piece(number, 8, b" dear")) == []
    assert services.state_of_arrival(arriving)["arrived"][number - 1] == 23


def test_the_same_folder_goes_on_where_it_stopped_in_any_order(people, cohort, folder):
    first = start(people, cohort, listed(folder))
    data = (folder / "A1/ct/IM000.dcm").read_bytes()
    send(people, first, piece(1, 0, data[:3000]))
    again = start(people, cohort, list(reversed(listed(folder))))
    assert again.pk == first.pk
    state = services.state_of_arrival(again, list(reversed(listed(folder))))
    assert state["numbers"][-1] == 1
    assert state["arrived"][0] == 3000
    send_rest(people, again, folder)
    assert finish(people, again).state == "requested"


def test_a_changed_file_makes_another_upload(people, cohort, folder):
    first = start(people, cohort, listed(folder))
    changed = [ExpectedFile(path=file.path, size=file.size, modified=7) for file in listed(folder)]
    assert start(people, cohort, changed).pk != first.pk


def test_two_tabs_send_the_same_bytes(people, cohort, folder):
    arriving = start(people, cohort, listed(folder))
    data = (folder / "A1/ct/IM000.dcm").read_bytes()
    for offset, end in [(0, 2000), (0, 2000), (1000, 2500), (0, 100), (2500, len(data))]:
        send(people, arriving, piece(1, offset, data[offset:end]))
    assert services.folder_of(arriving).path(1).read_bytes() == data


def test_a_gap_says_from_where_to_go_on(people, cohort, folder):
    arriving = start(people, cohort, listed(folder))
    with pytest.raises(Conflict) as refusal:
        send(people, arriving, piece(1, 500, b"x"))
    assert refusal.value.current == {"number": 1, "offset": 0}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (piece(1, 0, b"abc", crc=1), "piece_damaged"),
        (piece(1, 0, b"abcdef")[:-2], "piece_damaged"),
        (piece(1, 0, b"abcdef")[:7], "piece_damaged"),
        (piece(0, 0, b"x"), "not_announced"),
        (piece(99, 0, b"x"), "not_announced"),
        (piece(1, 10**15, b"x"), "size_changed"),
        (PIECE_HEAD.pack(1, 0, 2**32 - 1, 0), "piece_too_large"),
    ],
)
def test_pieces_that_cannot_be_right_are_refused(people, cohort, folder, body, code):
    arriving = start(people, cohort, listed(folder))
    with pytest.raises(ValidationError) as refusal:
        send(people, arriving, body)
    assert refusal.value.code == code
    assert services.folder_of(arriving).arrived()[0] == 0


def test_more_bytes_than_announced_are_refused(people, cohort, folder):
    arriving = start(people, cohort, listed(folder))
    data = (folder / "A1/ct/IM000.dcm").read_bytes()
    with pytest.raises(ValidationError, match="it changed"):
        send(people, arriving, piece(1, 0, data + b"x"))


@pytest.mark.parametrize(
    "path",
    [
        "../x.dcm",
        "/etc/passwd",
        "a/../../x",
        "C:/x.dcm",
        "a\\..\\x.dcm",
        "a\x00b",
        "./x",
        "a//b",
        "",
    ],
)
def test_names_that_lead_elsewhere_are_refused(people, cohort, path, data_dir):
    with pytest.raises(ValidationError) as refusal:
        start(people, cohort, [ExpectedFile(path=path, size=10)])
    assert refusal.value.code == "path"
    assert not (data_dir / "drop").exists()


@pytest.mark.parametrize(
    ("files", "limits", "code"),
    [
        ([], {}, "no_files"),
        ([ExpectedFile(path="a", size=1)] * 2, {}, "path_twice"),
        (
            [ExpectedFile(path=name, size=1) for name in "abc"],
            {"INTAKE_MAX_FILES": 2},
            "too_many_files",
        ),
        ([ExpectedFile(path="a", size=101)], {"INTAKE_MAX_BYTES": 100}, "too_large"),
        ([ExpectedFile(path="a", size=10**18)], {"INTAKE_MAX_BYTES": 10**19}, "no_room"),
    ],
)
def test_listings_beyond_a_limit_are_refused(people, cohort, settings, files, limits, code):
    for name, value in limits.items():
        setattr(settings, name, value)
    with pytest.raises(ValidationError) as refusal:
        start(people, cohort, files)
    assert refusal.value.code == code
    assert not ArrivingUpload.objects.exists()


def test_an_upload_is_not_finished_before_it_is_whole(people, cohort, folder):
    arriving = start(people, cohort, listed(folder))
    with pytest.raises(Conflict, match="have not arrived"):
        finish(people, arriving)
    assert not IntakeUpload.objects.exists()


def test_finishing_twice_gives_one_upload(people, cohort, folder, data_dir):
    arriving = start(people, cohort, listed(folder))
    send_rest(people, arriving, folder)
    first = finish(people, arriving)
    assert finish(people, arriving) == first
    assert IntakeUpload.objects.count() == 1
    arriving.refresh_from_db()
    for action in (
        send,
        lambda people, arriving: services.give_up_arrival(by=people.coordinator, arriving=arriving),
    ):
        with pytest.raises(Conflict, match="handed over"):
            action(people, arriving)
    assert start(people, cohort, listed(folder)).pk != arriving.pk


def test_files_without_any_ct_are_refused_and_removed(people, cohort, tmp_path, data_dir):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_bytes(b"hello")
    report = bytearray(400)
    report[128:132] = b"DICM"
    report[140:170] = b"1.2.840.10008.5.1.4.1.1.88.11\0"
    (tmp_path / "letters" / "b.dcm").write_bytes(report)
    arriving = start(people, cohort, listed(tmp_path / "letters"))
    send_rest(people, arriving, tmp_path / "letters")
    with pytest.raises(ValidationError, match="None of these 2 files") as refusal:
        finish(people, arriving)
    assert refusal.value.code == "no_ct"
    assert files_below(data_dir / "drop") == []
    assert not ArrivingUpload.objects.exists()


def test_a_zip_comes_in_pieces_too(people, cohort, folder, tmp_path, data_dir):
    (tmp_path / "zips").mkdir()
    archive = zip_of(folder, tmp_path / "zips" / "one.zip")
    arriving = start(people, cohort, listed(tmp_path / "zips"))
    send_rest(people, arriving, tmp_path / "zips", size=5000)
    upload = finish(people, arriving)
    assert drop.path_of(upload.drop_name).read_bytes() == archive.read_bytes()


def test_a_false_zip_is_refused(people, cohort, tmp_path):
    (tmp_path / "zips").mkdir()
    (tmp_path / "zips" / "one.zip").write_bytes(b"no zip")
    arriving = start(people, cohort, listed(tmp_path / "zips"))
    send_rest(people, arriving, tmp_path / "zips")
    with pytest.raises(ValidationError, match="not a zip"):
        finish(people, arriving)


def test_giving_up_removes_what_has_arrived(people, cohort, folder, data_dir):
    arriving = start(people, cohort, listed(folder))
    send_rest(people, arriving, folder)
    services.give_up_arrival(by=people.coordinator, arriving=arriving)
    assert list((data_dir / "drop").iterdir()) == []
    assert not ArrivingUpload.objects.exists()


def test_bytes_removed_under_an_upload_are_a_conflict(people, cohort, folder):
    """As when a second tab gives up, or the disk is tidied: the folder is chosen again."""
    arriving = start(people, cohort, listed(folder))
    drop.discard(arriving.drop_name)
    for action in (send, finish):
        with pytest.raises(Conflict, match="was removed meanwhile"):
            action(people, arriving, *([piece(1, 0, b"x")] if action is send else []))
    again = start(people, cohort, listed(folder))
    send_rest(people, again, folder)
    assert finish(people, again).state == "requested"


def test_what_nobody_goes_on_with_is_swept(people, cohort, folder, data_dir, settings):
    arriving = start(people, cohort, listed(folder))
    place = drop.path_of(arriving.drop_name)
    os.utime(place, (time.time() - 10**6,) * 2)
    drop.sweep()
    assert place.is_dir()
    settings.INTAKE_KEEP_DAYS = 0
    drop.sweep()
    assert not place.exists()
    settings.INTAKE_KEEP_DAYS = 14
    assert services.state_of_arrival(start(people, cohort, listed(folder)))["arrived"][0] == 0


@pytest.mark.parametrize("who", ["annotator_one", "statistician", "outsider"])
def test_only_coordinators_send(people, cohort, folder, who):
    with pytest.raises(PermissionDenied):
        start(people, cohort, listed(folder), by=getattr(people, who))
    arriving = start(people, cohort, listed(folder))
    with pytest.raises(PermissionDenied):
        services.receive_pieces(by=getattr(people, who), arriving=arriving, stream=BytesIO())


def test_over_the_api(client, people, cohort, folder, django_capture_on_commit_callbacks):
    client.force_login(people.coordinator)
    files = [{"path": file.path, "size": file.size, "modified": 5} for file in listed(folder)]
    address = reverse("cohorts-api:arrivals", args=[cohort.public_id])
    body = {"name": "in", "files": files, "node_structures": ["GTVn*"], "multi_part": "several"}
    answer = client.post(address, body, content_type="application/json")
    assert answer.status_code == 201, answer.content
    url, total = answer.json()["url"], 0
    for number, file in zip(answer.json()["numbers"], files, strict=True):
        data = (folder / file["path"]).read_bytes()
        sent = client.generic(
            "POST", url + "pieces/", piece(number, 0, data), "application/octet-stream"
        )
        assert sent.status_code == 200, sent.content
        total += len(sent.json()["left_out"])
    assert total == 2
    assert sum(client.get(url).json()["arrived"]) == sum(file["size"] for file in files)
    assert [one["url"] for one in client.get(address).json()] == [url]
    with django_capture_on_commit_callbacks() as callbacks:
        done = client.post(url + "finish/")
    assert (done.status_code, len(callbacks)) == (201, 1)
    upload = IntakeUpload.objects.get()
    assert (upload.options["node_structures"], upload.options["multi_part"]) == (
        ["GTVn*"],
        "several",
    )
    assert client.post(url + "finish/").json()["id"] == done.json()["id"]
    assert client.post(url + "give-up/").status_code == 409


@pytest.mark.parametrize("who", ["annotator_one", "outsider", "second"])
def test_nobody_else_finds_the_upload(client, people, cohort, folder, who):
    arriving = start(people, cohort, listed(folder))
    if who == "second":
        # Another coordinator of the same cohort: the files are still not theirs.
        services.add_member(
            by=people.coordinator, cohort=cohort, user=people.outsider, role=CohortRole.COORDINATOR
        )
    client.force_login(people.outsider if who == "second" else getattr(people, who))
    url = reverse("cohorts-api:arrival", args=[arriving.public_id])
    assert client.get(url).status_code == 404
    assert client.post(url + "give-up/").status_code == 404
    for action in ("pieces/", "finish/"):
        assert (
            client.generic("POST", url + action, b"", "application/octet-stream").status_code == 404
        )


def test_a_wrong_field_of_one_file_is_named_by_its_place(client, people, cohort):
    client.force_login(people.coordinator)
    address = reverse("cohorts-api:arrivals", args=[cohort.public_id])
    files = [{"path": "a", "size": 1}, {"path": "b", "size": -1}]
    answer = client.post(address, {"name": "x", "files": files}, content_type="application/json")
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == ["files.1.size"]
