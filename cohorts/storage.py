"""Where pixels and masks live: blobs under their own SHA-256, through Django's storage API."""

import hashlib
import re

from django.core.files.base import ContentFile
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
