"""The C-STORE receiver, with senders of two makes: what it acknowledged is never lost."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage, Verification

from cohorts.channels import received_files
from cohorts.channels.received_files import (
    ReceivedFiles,
    ReceiverLimits,
    StoreStatus,
)
from cohorts.channels.receiving import LOSSLESS, Receiver, parse_peer
from tests.cohorts.channels.conftest import DATA
from tests.cohorts.channels.installation import Installation
from tests.cohorts.channels.orthanc import free_port
from tests.cohorts.conftest import files_below
from tests.cohorts.hostile.bombs import element, inserted, item
from tests.cohorts.inputs import write_patient

ROOT = Path(__file__).resolve().parents[3]
ROOMY = ReceiverLimits(reserve_bytes=0)


@pytest.fixture
def receiver(tmp_path):
    """Start receivers on free ports; all end with the test."""
    started = []

    def start(limits=ROOMY, peers=(), timeout_s=10.0):
        files = ReceivedFiles(tmp_path / "received", limits)
        one = Receiver(
            files=files,
            ae_title="NODEWISE",
            host="127.0.0.1",
            port=free_port(),
            peers=peers,
            timeout_s=timeout_s,
        )
        one.start()
        started.append(one)
        return one

    yield start
    for one in started:
        one.stop()


def associated(receiver, calling="SENDER", called="NODEWISE", syntaxes=LOSSLESS):
    entity = AE(ae_title=calling)
    entity.add_requested_context(Verification)
    for syntax in syntaxes:
        entity.add_requested_context(CTImageStorage, syntax)
    return entity.associate("127.0.0.1", receiver.port, ae_title=called)


def images(tmp_path, name="P-1", **more):
    place = write_patient(tmp_path / f"in-{name}", name, nodes=0, **more)
    return [pydicom.dcmread(path) for path in sorted((place / "ct").iterdir())]


def send(receiver, datasets, **more):
    association = associated(receiver, **more)
    assert association.is_established
    answers = [association.send_c_store(dataset).Status for dataset in datasets]
    association.release()
    return answers


def kept(receiver):
    return files_below(receiver.files.folder / "incoming")


def test_echo(receiver):
    association = associated(receiver())
    assert association.send_c_echo().Status == 0
    association.release()


def test_images_are_kept_as_they_came(receiver, tmp_path):
    one = receiver()
    sent = images(tmp_path)
    assert send(one, sent) == [0] * 5
    arrived = {pydicom.dcmread(path).SOPInstanceUID: path for path in kept(one)}
    assert arrived.keys() == {image.SOPInstanceUID for image in sent}
    for image in sent:
        stored = pydicom.dcmread(arrived[image.SOPInstanceUID])
        assert stored.PixelData == image.PixelData
        assert stored.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert list(one.files.transit.iterdir()) == []
    assert not any("P-1" in str(path.relative_to(tmp_path)) for path in kept(one))


def test_the_same_again_is_no_second_file_and_another_under_its_uid_is_refused(receiver, tmp_path):
    one = receiver()
    sent = images(tmp_path)
    send(one, sent)
    assert send(one, sent) == [0] * 5
    before = {path: path.read_bytes() for path in kept(one)}
    sent[0].PixelData = bytes(len(sent[0].PixelData))
    assert send(one, sent[:1]) == [StoreStatus.DUPLICATE]
    assert {path: path.read_bytes() for path in kept(one)} == before


def test_two_patients_under_one_study_uid_are_kept_apart(receiver, tmp_path):
    one = receiver()
    first, second = images(tmp_path, "ONE"), images(tmp_path, "TWO", seed=2)
    for image in second:
        image.StudyInstanceUID = first[0].StudyInstanceUID
    send(one, first + second)
    assert len(list((one.files.folder / "incoming").iterdir())) == 2


def test_a_full_disk_is_answered_as_such(receiver, tmp_path):
    one = receiver(ReceiverLimits(reserve_bytes=1 << 60))
    assert send(one, images(tmp_path)[:1]) == [0xA700]
    assert kept(one) == []
    assert list(one.files.transit.iterdir()) == []


@pytest.mark.parametrize(
    "limits",
    [
        ReceiverLimits(reserve_bytes=0, study_instances=2),
        ReceiverLimits(reserve_bytes=0, study_bytes=12_000),
    ],
    ids=["instances", "bytes"],
)
def test_a_study_beyond_its_limits_is_stopped(receiver, tmp_path, limits):
    one = receiver(limits)
    answers = send(one, images(tmp_path))
    assert answers[:2] == [0, 0]
    assert set(answers[2:]) == {0xA700}


def test_an_instance_beyond_its_limit_is_broken_off(receiver, tmp_path):
    one = receiver(ReceiverLimits(reserve_bytes=0, instance_bytes=50_000))
    (image, *_) = images(tmp_path)
    image.Rows, image.PixelData = 48 * 100, image.PixelData * 100
    association = associated(one)
    answer = association.send_c_store(image)
    assert "Status" not in answer or answer.Status != 0
    association.join(5)
    assert kept(one) == []


def test_only_named_peers_may_send(receiver):
    one = receiver(peers=(parse_peer("SCANNER@127.0.0.1"),))
    allowed = associated(one, calling="SCANNER")
    assert allowed.is_established
    allowed.release()
    assert associated(one, calling="STRANGER").is_rejected


def test_a_named_peer_from_another_address_may_not(receiver):
    one = receiver(peers=(parse_peer("SCANNER@192.0.2.7"),))
    assert associated(one, calling="SCANNER").is_rejected


def test_another_called_title_is_refused(receiver):
    assert associated(receiver(), called="ELSEWHERE").is_rejected


def test_lossy_syntaxes_are_not_accepted(receiver):
    association = associated(receiver(), syntaxes=[JPEGBaseline8Bit])
    assert not any(
        context.abstract_syntax == CTImageStorage for context in association.accepted_contexts
    )
    association.release()


@pytest.mark.parametrize("told", ["SCANNER", "@host", "SCANNER@", "A" * 17 + "@127.0.0.1"])
def test_peers_of_another_form_are_named(told):
    with pytest.raises(ValueError, match="AET@host"):
        parse_peer(told)


def test_unreadable_data_sets_are_not_acknowledged(tmp_path):
    files = ReceivedFiles(tmp_path / "received", ROOMY)
    for number, data in enumerate((b"", b"\0" * 132, b"\0" * 128 + b"DICM" + os.urandom(500))):
        arrived = files.transit / f"{number}.dcm"
        arrived.write_bytes(data)
        assert files.keep(arrived, "1.2.3")[0] is not StoreStatus.SUCCESS
    assert files_below(tmp_path / "received" / "incoming") == []


def test_an_instance_made_to_exhaust_the_receiver_is_not_acknowledged(tmp_path, monkeypatch):
    """Nothing stands between a sender and the receiver's own process."""
    few = replace(received_files.OBJECT_BOUNDS, items=500)
    monkeypatch.setattr(received_files, "OBJECT_BOUNDS", few)
    files = ReceivedFiles(tmp_path / "received", ROOMY)
    arrived = sorted(write_patient(tmp_path / "in", "A1", nodes=0).rglob("*.dcm"))[0]
    uid = pydicom.dcmread(arrived).SOPInstanceUID
    good = shutil.copy(arrived, files.transit / "good.dcm")
    inserted(arrived, element((0x0008, 0x1115), b"SQ", item() * 501, 0xFFFFFFFF))
    assert files.keep(arrived, uid) == (StoreStatus.CANNOT_UNDERSTAND, "")
    assert files.keep(good, uid)[0] is StoreStatus.SUCCESS


def test_a_study_waits_for_quiet_and_for_open_associations(receiver, tmp_path):
    one = receiver()
    association = associated(one)
    for image in images(tmp_path):
        association.send_c_store(image)
    assert list(one.files.come_to_rest(0.0, one.busy)) == []
    association.release()
    deadline = time.monotonic() + 5
    while one.busy:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert list(one.files.come_to_rest(60.0, one.busy)) == []
    ((key, folder),) = one.files.come_to_rest(0.0, one.busy)
    assert len(files_below(folder)) == 5
    again = ReceivedFiles(one.files.folder, ROOMY)  # a restart before the hand-over
    assert [name for name, _ in again.come_to_rest(60.0, frozenset())] == [key]


def test_several_senders_at_once(receiver, tmp_path):
    one = receiver()
    groups = [images(tmp_path, f"P-{number}", seed=number) for number in range(4)]
    answers = []
    threads = [
        threading.Thread(target=lambda group=group: answers.append(send(one, group)))
        for group in groups
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [[0] * 5] * 4
    assert len(kept(one)) == 20


# The command in a process of its own, killed for good, with a database of its own.


@pytest.fixture
def installation(tmp_path):
    installed = Installation(tmp_path / "data", "Received")
    return installed.start, installed.run


def listening(start, port, quiet):
    process = start(
        "receive_dicom", "--cohort", "Received", "--port", str(port), "--quiet-seconds", quiet
    )
    line = process.stdout.readline()
    while line and "Listening" not in line:
        line = process.stdout.readline()
    assert "Listening" in line
    return process


TELL = """
import json
from cohorts.models import CTSeries, IntakeUpload, Node
print("TOLD" + json.dumps({
    "hu": list(CTSeries.objects.values_list("hu_sha256", flat=True)),
    "nodes": Node.objects.count(),
    "uploads": IntakeUpload.objects.count(),
}))
"""


@pytest.mark.no_database
@pytest.mark.skipif(shutil.which("storescu") is None, reason="storescu (dcmtk) is not installed")
def test_killed_after_the_acknowledgement_a_study_sent_by_dcmtk_is_taken_in(
    installation, reference
):
    start, run = installation
    port = free_port()
    process = listening(start, port, "600")
    sent = subprocess.run(
        ["storescu", "-R", "-aec", "NODEWISE", "+sd", "+r", "127.0.0.1", str(port), str(reference)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert sent.returncode == 0, sent.stdout + sent.stderr
    process = listening(start, port, "0.5")
    try:
        assert "Taken up: a study of 33 instances" in process.stdout.readline()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    assert process.returncode == 0
    run("run_worker", "--batch")
    told = json.loads(run("shell", "--no-imports", "-c", TELL).partition("TOLD")[2])
    truth = json.loads((DATA / "manifest.json").read_text())["12_geometry_variants"]
    assert told["hu"] == [truth["axial_reference"]["hu_int16_sha256"]]
    assert told["nodes"] == 3
    assert told["uploads"] == 1


@pytest.mark.no_database
def test_a_receiver_for_the_network_needs_named_peers(installation):
    start, _ = installation
    process = start("receive_dicom", "--cohort", "Received", "--host", "0.0.0.0")
    printed, _ = process.communicate(timeout=600)
    assert process.returncode == 1
    assert "--allow AET@host" in printed
