"""Every test of this room has a data folder of its own: what is left behind is counted."""

from pathlib import Path

import pytest
from django.core.files.storage import default_storage


@pytest.fixture
def data_dir(settings, tmp_path: Path) -> Path:
    """An empty drop folder, one for pulls, and an empty blob folder."""
    settings.DROP_DIR = tmp_path / "drop"
    settings.PULL_DIR = tmp_path / "pulls"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "blobs")},
        },
    }
    assert Path(default_storage.location) == tmp_path / "blobs"
    return tmp_path


def files_below(folder: Path) -> list[Path]:
    """Return every file below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]
