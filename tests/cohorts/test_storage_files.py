"""Large blobs, kept and lent as files."""

import hashlib
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from cohorts import storage


def test_a_file_is_kept_under_its_digest_once(tmp_path):
    file = tmp_path / "weights"
    file.write_bytes(b"w" * 200_000)
    key = storage.put_file(file)
    assert key == hashlib.sha256(file.read_bytes()).hexdigest()
    assert storage.put_file(file) == key
    with storage.local_file(key) as path:
        assert path.read_bytes() == file.read_bytes()


def test_a_copy_cut_off_by_a_kill_is_replaced(tmp_path):
    file = tmp_path / "weights"
    file.write_bytes(b"v" * 200_000)
    key = storage.put_file(file)
    name = f"{key[:2]}/{key[2:4]}/{key}"
    with Path(default_storage.path(name)).open("r+b") as stored:
        stored.truncate(1000)
    assert storage.put_file(file) == key
    assert storage.get_checked(key) == file.read_bytes()


def test_only_digests_are_keys():
    with pytest.raises(ValueError, match="64 hexadecimal"), storage.local_file("../secret"):
        pass
