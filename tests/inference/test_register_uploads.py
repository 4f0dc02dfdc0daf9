"""Bringing checkpoints one by one: each success, then every refusal; nothing unused is kept."""

import hashlib
import shutil
import uuid

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404

from accounts.audit import verify
from accounts.errors import Conflict
from accounts.models import AuditEvent
from cohorts import storage
from inference import selectors, services
from inference.models import ModelUpload, ModelUploadFile, ModelVersion
from tests.inference.conftest import PARAMETERS

# Each reads files of 90 MB in a process of its own; `test_services` registers on both databases.
pytestmark = pytest.mark.no_database

NAME = "last_epoch_ckpt.pth"


def path_of(run=0, fold=0, folder="release"):
    return f"{folder}/RUN{run}/fold{fold}/{NAME}"


def digest_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def upload(people):
    return services.start_model_upload(by=people.coordinator, architecture="DeepENE")


@pytest.fixture
def send(people, upload):
    def send(data, path=None, **more):
        given = {"by": people.coordinator, "upload": upload, "path": path or path_of()}
        return services.store_model_file(**(given | more), chunks=[data])

    return send


def refusal(code, action):
    with pytest.raises(ValidationError) as caught:
        action()
    found = caught.value.code if hasattr(caught.value, "code") else ""
    assert code in {found, caught.value.error_list[0].code}
    return " ".join(caught.value.messages)


def test_members_arrive_one_by_one_and_become_a_model_version(people, upload, send, member_files):
    for file in member_files:
        stored = send(file.path.read_bytes(), path_of(file.run, file.fold))
        assert (stored.run, stored.fold, stored.problem) == (file.run, file.fold, "")
        assert stored.sha256 == digest_of(file.path)
        assert stored.note.startswith("UNTRAINED")
        with storage.local_file(stored.sha256) as kept:
            assert digest_of(kept) == stored.sha256
    inventory = selectors.inventory_of(upload)
    assert inventory.sentence == "2 of 25 members"
    states = [[place.state for place in row] for row in inventory.rows]
    assert states[0] == ["good", "good", "missing", "missing", "missing"]
    assert states[1:] == [["missing"] * 5] * 4
    version = services.register_upload(
        by=people.coordinator,
        upload=upload,
        name="From files",
        provenance="untrained",
        parameters=PARAMETERS,
        thresholds={"ene": 0.5},
    )
    members = list(version.members.values_list("run", "fold", "sha256"))
    assert members == [(0, n, digest_of(file.path)) for n, file in enumerate(member_files)]
    assert (version.expected_members, version.registered_by) == (25, people.coordinator)
    assert ModelUpload.objects.get().model_version == version
    assert AuditEvent.objects.get(verb="register_model_version").new["members"] == 2
    assert list(verify()) == []


def test_the_same_files_give_the_same_digest_from_a_folder_and_from_a_browser(
    people, upload, send, member_folder, member_files
):
    for file in member_files:
        send(file.path.read_bytes(), path_of(file.run, file.fold, "elsewhere"))
    given = {"provenance": "untrained", "parameters": PARAMETERS}
    services.register_upload(by=people.coordinator, upload=upload, name="Browser", **given)
    sentence = refusal(
        "registered_already",
        lambda: services.register_model_version(
            by=None, name="Folder", folder=member_folder, **given
        ),
    )
    assert "Browser" in sentence


def test_a_foreign_file_is_refused_by_its_first_offending_key_and_not_kept(
    people, upload, send, member_files
):
    import torch

    from inference.deepene.checkpoints import load_checkpoint

    state = dict(load_checkpoint(member_files[0].path).state)
    first = next(iter(state))
    state["foreign.weight"] = state.pop(first)
    folder = member_files[0].path.parent
    foreign = folder / "foreign.tmp"
    torch.save({"model": state}, foreign)
    data = foreign.read_bytes()
    foreign.unlink()
    stored = send(data)
    assert repr(first) in stored.problem
    assert path_of() in stored.problem
    assert "/tmp" not in stored.problem
    assert not storage.exists(hashlib.sha256(data).hexdigest())
    inventory = selectors.inventory_of(upload)
    assert (inventory.good, inventory.refused) == (0, 1)
    described = {"name": "N", "provenance": "untrained", "parameters": PARAMETERS}
    sentence = refusal(
        "checkpoint",
        lambda: services.register_upload(by=people.coordinator, upload=upload, **described),
    )
    assert path_of() in sentence
    # The right file under the same path takes its place.
    assert send(member_files[0].path.read_bytes()).problem == ""
    assert upload.files.count() == 1


def test_a_truncated_file_and_a_dangerous_pickle_are_refused(send, member_files):
    import pickle

    whole = member_files[0].path.read_bytes()
    assert send(whole[:1_000_000]).problem
    assert send(pickle.dumps({"model": print})).problem
    assert send(b"").problem


def test_a_child_that_runs_out_of_memory_or_time_ends_alone(send, member_files, settings):
    settings.MODEL_CHECK_MEMORY_BYTES = 50_000_000
    assert "ended early" in refusal("checkpoint", lambda: send(b"x"))
    settings.MODEL_CHECK_MEMORY_BYTES = 16 << 30
    settings.MODEL_CHECK_SECONDS = 0.2
    assert "not finished after 0.2 s" in refusal("checkpoint", lambda: send(b"x"))
    assert not ModelUploadFile.objects.exists()


@pytest.mark.parametrize(
    "path",
    [
        "/etc/RUN0/fold0/last_epoch_ckpt.pth",
        "../RUN0/fold0/last_epoch_ckpt.pth",
        "release\\RUN0\\fold0\\last_epoch_ckpt.pth",
        "release/RUN0/fold0/last\nepoch_ckpt.pth",
        "release/RUN0/fold0/notes.txt",
        "",
        f"{'a' * 300}/RUN0/fold0/last_epoch_ckpt.pth",
    ],
)
def test_a_path_that_is_none_is_refused_before_anything_is_loaded(send, path):
    with pytest.raises(ValidationError) as caught:
        send(b"x", path or "x")
    assert caught.value.code == "path"


def test_a_path_that_names_no_member_is_refused(send):
    assert "names no member" in refusal(
        "checkpoint", lambda: send(b"x", "release/RUN7/fold0/last_epoch_ckpt.pth")
    )


def test_a_file_larger_than_allowed_is_refused_while_it_is_read(send, settings):
    settings.MODEL_FILE_MAX_BYTES = 10
    assert "NODEWISE_MODEL_FILE_MAX_BYTES" in refusal("too_large", lambda: send(b"x" * 11))


def test_one_member_cannot_be_sent_under_two_paths(send, member_files):
    data = member_files[0].path.read_bytes()
    send(data)
    sentence = refusal("member_twice", lambda: send(data, path_of(folder="copy")))
    assert path_of() in sentence


def test_a_folder_is_sorted_into_members_and_others(people, upload):
    paths = [path_of(0, 1), path_of(4, 4), "release/README.md", "release/RUN9/fold0/x.pth"]
    found = services.members_among(by=people.coordinator, upload=upload, paths=paths)
    assert [(one.path, one.run, one.fold) for one in found.members] == [
        (path_of(0, 1), 0, 1),
        (path_of(4, 4), 4, 4),
    ]
    assert found.ignored == ("release/README.md", "release/RUN9/fold0/x.pth")
    both = [path_of(), path_of(folder="second")]
    sentence = refusal(
        "member_twice",
        lambda: services.members_among(by=people.coordinator, upload=upload, paths=both),
    )
    assert both[0] in sentence
    assert both[1] in sentence


def test_deleting_an_upload_takes_away_what_nobody_else_needs(
    people, upload, send, member_files, django_capture_on_commit_callbacks
):
    shared = send(member_files[0].path.read_bytes())
    alone = send(member_files[1].path.read_bytes(), path_of(0, 1))
    other = services.start_model_upload(by=people.coordinator, architecture="DeepENE")
    send(member_files[0].path.read_bytes(), upload=other)
    with django_capture_on_commit_callbacks(execute=True):
        services.delete_model_upload(by=people.coordinator, upload=upload)
    assert not ModelUpload.objects.filter(pk=upload.pk).exists()
    assert storage.exists(shared.sha256)
    assert not storage.exists(alone.sha256)
    assert AuditEvent.objects.filter(verb="delete_model_upload").count() == 1


def test_one_file_can_be_removed(
    people, upload, send, member_files, django_capture_on_commit_callbacks
):
    stored = send(member_files[1].path.read_bytes(), path_of(0, 1))
    with django_capture_on_commit_callbacks(execute=True):
        services.remove_model_file(by=people.coordinator, upload=upload, path=stored.path)
    assert not upload.files.exists()
    assert not storage.exists(stored.sha256)
    refusal(
        "absent",
        lambda: services.remove_model_file(by=people.coordinator, upload=upload, path=stored.path),
    )


def test_what_is_registered_takes_no_more_files_and_stays(people, upload, send, member_files):
    data = member_files[0].path.read_bytes()
    send(data)
    given = {"name": "N", "provenance": "untrained", "parameters": PARAMETERS}
    services.register_upload(by=people.coordinator, upload=upload, **given)
    for action in (
        lambda: send(data),
        lambda: services.delete_model_upload(by=people.coordinator, upload=upload),
        lambda: services.register_upload(by=people.coordinator, upload=upload, **given),
        lambda: services.members_among(by=people.coordinator, upload=upload, paths=[]),
    ):
        with pytest.raises(Conflict):
            action()


def test_a_lost_blob_is_found_before_registering(people, upload, send, member_files):
    stored = send(member_files[1].path.read_bytes(), path_of(0, 1))
    storage.remove(stored.sha256)
    given = {"name": "N", "provenance": "untrained", "parameters": PARAMETERS}
    sentence = refusal(
        "checkpoint",
        lambda: services.register_upload(by=people.coordinator, upload=upload, **given),
    )
    assert "no longer stored" in sentence
    assert not ModelVersion.objects.exists()


def test_nothing_can_be_registered_before_a_member_is_there(people, upload):
    given = {"name": "N", "provenance": "published", "parameters": PARAMETERS}
    refusal(
        "members",
        lambda: services.register_upload(by=people.coordinator, upload=upload, **given),
    )


def test_trained_here_is_said_by_the_trainer_alone(people, upload, member_folder):
    given = {"name": "N", "provenance": "trained_here", "parameters": PARAMETERS}
    for action in (
        lambda: services.register_upload(by=people.coordinator, upload=upload, **given),
        lambda: services.register_model_version(by=None, folder=member_folder, **given),
    ):
        assert "training on this installation" in refusal("provenance", action)


@pytest.mark.parametrize("who", ["statistician", "reader_one", "annotator_one", "outsider"])
def test_only_coordinators_bring_models_and_each_sees_the_own_uploads(people, upload, who):
    stranger = getattr(people, who)
    with pytest.raises(PermissionDenied):
        services.start_model_upload(by=stranger, architecture="DeepENE")
    with pytest.raises((PermissionDenied, ValidationError)):
        services.store_model_file(by=stranger, upload=upload, path=path_of(), chunks=[b"x"])
    with pytest.raises(Http404):
        selectors.model_upload_for(stranger, upload.public_id)
    with pytest.raises(Http404):
        selectors.model_upload_for(people.coordinator, uuid.uuid4())


def test_another_coordinator_cannot_touch_an_upload(people, cohort, upload):
    from cohorts.vocabulary import CohortRole
    from tests.people import join

    join(cohort, people.outsider, CohortRole.COORDINATOR)
    with pytest.raises(Http404):
        selectors.model_upload_for(people.outsider, upload.public_id)
    refusal(
        "not_yours",
        lambda: services.delete_model_upload(by=people.outsider, upload=upload),
    )


@pytest.fixture
def server_folder(tmp_path, settings, member_files):
    """A release below the operator's folder, and a secret beside it."""
    settings.MODELS_DIR = str(tmp_path / "models")
    for file in member_files[:1]:
        target = tmp_path / "models" / path_of(file.run, file.fold)
        target.parent.mkdir(parents=True)
        shutil.copy(file.path, target)
    (tmp_path / "models" / "release" / "README.md").write_text("A release.")
    secret = tmp_path / "secret" / "RUN0" / "fold0"
    secret.mkdir(parents=True)
    shutil.copy(member_files[1].path, secret / NAME)
    return tmp_path / "models"


def test_a_release_on_the_server_is_taken_from_below_the_operators_folder(
    people, upload, server_folder, member_files
):
    found = services.members_in_folder(by=people.coordinator, upload=upload, folder="release")
    assert [(one.path, one.size_bytes) for one in found.members] == [
        (path_of(), member_files[0].path.stat().st_size)
    ]
    assert found.ignored == ("release/README.md",)
    stored = services.store_server_file(by=people.coordinator, upload=upload, path=path_of())
    assert stored.sha256 == digest_of(member_files[0].path)


@pytest.mark.parametrize(
    "path",
    [
        "../secret/RUN0/fold0/last_epoch_ckpt.pth",
        "release/../../secret/RUN0/fold0/last_epoch_ckpt.pth",
        "linked/RUN0/fold0/last_epoch_ckpt.pth",
        "release/RUN0/fold1/last_epoch_ckpt.pth",
        "release/RUN0/fold9/last_epoch_ckpt.pth",
    ],
)
def test_nothing_outside_the_operators_folder_can_be_reached(people, upload, server_folder, path):
    (server_folder / "linked").symlink_to(server_folder.parent / "secret")
    linked_file = server_folder / path_of(0, 1)
    linked_file.parent.mkdir()
    linked_file.symlink_to(server_folder.parent / "secret" / "RUN0" / "fold0" / NAME)
    absolute = str(server_folder.parent / "secret" / "RUN0" / "fold0" / NAME)
    for tried in (path, absolute):
        refusal(
            "folder",
            lambda tried=tried: services.store_server_file(
                by=people.coordinator, upload=upload, path=tried
            ),
        )
    for folder in ("..", "linked", str(server_folder.parent / "secret"), ""):
        refusal(
            "folder",
            lambda folder=folder: services.members_in_folder(
                by=people.coordinator, upload=upload, folder=folder
            ),
        )
    # Links inside a folder that may be chosen are not even listed.
    found = services.members_in_folder(by=people.coordinator, upload=upload, folder="release")
    assert [one.path for one in found.members] == [path_of()]


def test_without_an_operators_folder_nothing_is_offered(people, upload, settings):
    settings.MODELS_DIR = ""
    sentence = refusal(
        "folder",
        lambda: services.members_in_folder(by=people.coordinator, upload=upload, folder="x"),
    )
    assert "NODEWISE_MODELS_DIR" in sentence
