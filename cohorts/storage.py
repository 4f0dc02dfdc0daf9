"""Where pixels and masks live: blobs under their own SHA-256, through Django's storage API."""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage

DIGEST = re.compile(r"^[0-9a-f]{64}$")


class DamagedBlob(Exception):
    """A stored blob no longer has the content its name promises."""


def _path(key: str) -> str:
    if not DIGEST.match(key):
        raise ValueError(f"'{key[:80]}' is not a blob key: 64 hexadecimal digits were expected.")
    return f"{key[:2]}/{key[2:4]}/{key}"


def put(data: bytes) -> str:
    """Store ``data`` unless it is there already and return its key (hexadecimal SHA-256)."""
    key = hashlib.sha256(data).hexdigest()
    if not default_storage.exists(_path(key)):
        default_storage.save(_path(key), ContentFile(data))
    return key


def put_file(path: Path) -> str:
    """Store a large file without holding it in memory; return its key (hexadecimal SHA-256)."""
    with path.open("rb") as source:
        key = hashlib.file_digest(source, "sha256").hexdigest()
        name = _path(key)
        # A copy that was cut off by a kill is shorter than its source.
        if default_storage.exists(name) and default_storage.size(name) != path.stat().st_size:
            default_storage.delete(name)
        if not default_storage.exists(name):
            source.seek(0)
            default_storage.save(name, File(source))
    return key


@contextmanager
def local_file(key: str) -> Iterator[Path]:
    """Lend a blob as a file of this machine; whoever reads it checks its digest."""
    try:
        kept = Path(default_storage.path(_path(key)))
    except NotImplementedError:  # a remote storage
        kept = None
    if kept is not None:
        yield kept
        return
    with tempfile.NamedTemporaryFile(prefix="nodewise-") as copy:
        with default_storage.open(_path(key), "rb") as blob:
            shutil.copyfileobj(blob, copy)
        copy.flush()
        yield Path(copy.name)


def exists(key: str) -> bool:
    """Say whether the blob is stored."""
    return bool(default_storage.exists(_path(key)))


def size(key: str) -> int:
    """Return the blob's length in bytes; FileNotFoundError if it is absent."""
    return int(default_storage.size(_path(key)))


def remove(key: str) -> None:
    """Delete a blob that no row refers to; the caller has made sure of that."""
    default_storage.delete(_path(key))


def get(key: str) -> bytes:
    """Return the blob without checking its digest (the receiver of a frame checks it)."""
    with default_storage.open(_path(key), "rb") as blob:
        return bytes(blob.read())


def get_checked(key: str) -> bytes:
    """Return the blob; raise DamagedBlob when its content does not match its key."""
    data = get(key)
    if hashlib.sha256(data).hexdigest() != key:
        raise DamagedBlob(f"The stored blob {key} is damaged: restore it from a backup.")
    return data
