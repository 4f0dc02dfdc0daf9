"""Bringing a release's checkpoint files one by one; each is checked before it is kept."""

import hashlib
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import audit
from accounts.errors import Conflict
from accounts.models import User
from cohorts import storage
from inference import selectors, server_folders
from inference.member_inventory import CheckedFile, check_file, member_name, members_of_paths
from inference.models import ModelUpload, ModelUploadFile
from inference.runner import ARCHITECTURES
from inference.services.registering import refuse_unless_registers

CHECKPOINT_SUFFIXES = (".pth", ".h5")
MOST_PATHS = 5000
PATH_LENGTH = 300
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class FoundMember:
    """A file of a chosen folder that stands for a member."""

    path: str
    run: int
    fold: int
    size_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a chosen folder holds: members, and the files that are none."""

    members: tuple[FoundMember, ...]
    ignored: tuple[str, ...]


@transaction.atomic
def start_model_upload(*, by: User, architecture: str) -> ModelUpload:
    """Begin to bring the files of one release."""
    refuse_unless_registers(by)
    if architecture not in ARCHITECTURES:
        raise ValidationError(
            f"Architecture must be one of {', '.join(ARCHITECTURES)}, not '{architecture}'.",
            code="architecture",
        )
    upload = ModelUpload(architecture=architecture, owner=by)
    upload.full_clean()
    upload.save()
    audit.record(
        by=by, verb="start_model_upload", target=upload, new={"architecture": architecture}
    )
    return upload


def members_among(*, by: User, upload: ModelUpload, paths: Sequence[str]) -> Found:
    """Say which paths of the sender's folder stand for members; writes nothing."""
    _refuse_foreign_or_registered(by, upload)
    if len(paths) > MOST_PATHS:
        raise ValidationError(
            f"The folder holds {len(paths)} files, more than {MOST_PATHS}: choose the folder of "
            "one release.",
            code="too_many_files",
        )
    return _found(upload, [(path, None) for path in paths])


def members_in_folder(*, by: User, upload: ModelUpload, folder: str) -> Found:
    """Say which files of a folder on the server stand for members; writes nothing."""
    _refuse_foreign_or_registered(by, upload)
    return _found(upload, server_folders.files_in(folder))


def _found(upload: ModelUpload, files: Sequence[tuple[str, int | None]]) -> Found:
    sizes = {path: size for path, size in files if _may_be_member(path)}
    try:
        named = members_of_paths(list(sizes), upload.architecture)
    except ValueError as refusal:
        raise ValidationError(str(refusal), code="checkpoint") from refusal
    members: dict[tuple[int, int], FoundMember] = {}
    for path, member in named:
        if member is None:
            continue
        if member in members:
            raise ValidationError(
                f"{members[member].path} and {path} both stand for {member_name(*member)}: choose "
                "the folder of one release.",
                code="member_twice",
            )
        run, fold = member
        members[member] = FoundMember(path=path, run=run, fold=fold, size_bytes=sizes[path])
    taken = {found.path for found in members.values()}
    ignored = tuple(path for path, _ in files if path not in taken)
    return Found(members=tuple(members[key] for key in sorted(members)), ignored=ignored)


def store_model_file(
    *, by: User, upload: ModelUpload, path: str, chunks: Iterable[bytes]
) -> ModelUploadFile:
    """Check one file in a process of its own, and keep it if it is a member.

    A refused file is recorded with its reason and not kept. Sending a path again replaces it.
    """
    _refuse_foreign_or_registered(by, upload)
    _refuse_path(path)
    with tempfile.TemporaryDirectory(prefix="nodewise-model-") as folder:
        copy = Path(folder) / PurePosixPath(path).name
        sha256, size = _write(copy, path, chunks)
        try:
            checked = check_file(copy, path, upload.architecture)
        except ValueError as refusal:
            raise ValidationError(str(refusal), code="checkpoint") from refusal
        if not checked.problem and checked.sha256 != sha256:
            raise ValidationError(
                f"{path}: changed while it was checked. Send it again.", code="checkpoint"
            )
        if not checked.problem:
            storage.put_file(copy)
        stored = _record(by, upload, path, sha256, size, checked)
        # Deleting another upload meanwhile may have taken the same bytes away.
        if not checked.problem and not storage.exists(sha256):
            storage.put_file(copy)
    return stored


def store_server_file(*, by: User, upload: ModelUpload, path: str) -> ModelUploadFile:
    """Take one file of the operator's folder; as `store_model_file`."""
    with server_folders.opened(path) as file:
        chunks = iter(partial(file.read, CHUNK_BYTES), b"")
        return store_model_file(by=by, upload=upload, path=path, chunks=chunks)


@transaction.atomic
def _record(
    by: User, upload: ModelUpload, path: str, sha256: str, size: int, checked: CheckedFile
) -> ModelUploadFile:
    held = _held(upload)
    same = held.files.filter(run=checked.run, fold=checked.fold).exclude(path=path).first()
    if same is not None:
        raise ValidationError(
            f"{path}: {member_name(checked.run, checked.fold)} is there already as {same.path}. "
            "Remove that file first.",
            code="member_twice",
        )
    before = held.files.filter(path=path).first()
    old = before.sha256 if before and not before.problem else ""
    file = before or ModelUploadFile(upload=held, path=path)
    file.run, file.fold = checked.run, checked.fold
    file.sha256, file.size_bytes = sha256, size
    file.note, file.problem = checked.note, checked.problem
    file.full_clean()
    file.save()
    audit.record(
        by=by,
        verb="store_model_file",
        target=file,
        new={"path": path, "sha256": sha256, "problem": checked.problem},
    )
    if old and old != sha256:
        transaction.on_commit(partial(_discard_unused, [old]))
    return file


@transaction.atomic
def remove_model_file(*, by: User, upload: ModelUpload, path: str) -> None:
    """Take one file out of an upload that is not registered yet."""
    _refuse_foreign_or_registered(by, upload)
    held = _held(upload)
    file = held.files.filter(path=path).first()
    if file is None:
        raise ValidationError(f"{path[:PATH_LENGTH]}: no such file was sent.", code="absent")
    audit.record(
        by=by, verb="remove_model_file", target=file, old={"path": path, "sha256": file.sha256}
    )
    file.delete()
    transaction.on_commit(partial(_discard_unused, [file.sha256]))


@transaction.atomic
def delete_model_upload(*, by: User, upload: ModelUpload) -> None:
    """Give an upload up, with its files; what is registered cannot be deleted."""
    _refuse_foreign_or_registered(by, upload)
    held = _held(upload)
    digests = [file.sha256 for file in held.files.all()]
    audit.record(by=by, verb="delete_model_upload", target=held, old={"files": len(digests)})
    held.delete()
    transaction.on_commit(partial(_discard_unused, digests))


def _held(upload: ModelUpload) -> ModelUpload:
    """Return the upload under a lock; Conflict where it is gone or registered meanwhile."""
    held = ModelUpload.objects.select_for_update().filter(pk=upload.pk).first()
    if held is None:
        raise Conflict("This upload was deleted meanwhile.", code="deleted")
    if held.model_version_id is not None:
        raise Conflict("These files are registered already.", code="registered_already")
    return held


def _refuse_foreign_or_registered(by: User, upload: ModelUpload) -> None:
    refuse_unless_registers(by)
    if upload.owner_id != by.pk:
        raise ValidationError("Somebody else sends these files.", code="not_yours")
    if upload.model_version_id is not None:
        raise Conflict("These files are registered already.", code="registered_already")


def _may_be_member(path: str) -> bool:
    return path.lower().endswith(CHECKPOINT_SUFFIXES) and len(path) <= PATH_LENGTH


def _refuse_path(path: str) -> None:
    parts = PurePosixPath(path).parts
    is_plain = bool(parts) and parts[0] != "/" and ".." not in parts and path.isprintable()
    if not is_plain or "\\" in path or not _may_be_member(path):
        raise ValidationError(
            f"{path[:PATH_LENGTH]}: the relative path of a {' or '.join(CHECKPOINT_SUFFIXES)} file "
            f"of at most {PATH_LENGTH} characters was expected.",
            code="path",
        )


def _write(copy: Path, path: str, chunks: Iterable[bytes]) -> tuple[str, int]:
    """Write the file and return its SHA-256 and size; refuse it as soon as it is too large."""
    digest, size = hashlib.sha256(), 0
    with copy.open("wb") as target:
        for chunk in chunks:
            size += len(chunk)
            if size > settings.MODEL_FILE_MAX_BYTES:
                raise ValidationError(
                    f"{path}: more than the {settings.MODEL_FILE_MAX_BYTES} bytes a checkpoint may "
                    "have (NODEWISE_MODEL_FILE_MAX_BYTES).",
                    code="too_large",
                )
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest(), size


def _discard_unused(digests: Iterable[str]) -> None:
    """Delete checkpoint blobs that no row refers to any longer."""
    for digest in set(digests):
        if not selectors.is_checkpoint_used(digest) and storage.exists(digest):
            storage.remove(digest)
