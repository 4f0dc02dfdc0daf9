"""A real archive for the module, and an installation that may ask it."""

import zipfile
from pathlib import Path

import pytest

from tests.cohorts.channels import orthanc
from tests.cohorts.conftest import data_dir  # noqa: F401 - a fixture of these tests too

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.fixture(scope="session")
def archive_server(tmp_path_factory):
    if why := orthanc.absence():
        pytest.skip(why)
    with orthanc.running(tmp_path_factory.mktemp("orthanc")) as server:
        yield server


@pytest.fixture
def archive(archive_server):
    yield archive_server
    archive_server.forget_all()


@pytest.fixture
def may_ask(archive, settings, monkeypatch, data_dir):  # noqa: F811
    """Let every test cohort be filled from the archive; returns the settings' entry."""
    monkeypatch.setenv("TEST_ARCHIVE_USER", orthanc.USER)
    monkeypatch.setenv("TEST_ARCHIVE_PASSWORD", orthanc.PASSWORD)
    entry = {
        "name": "Hospital",
        "url": archive.url,
        "cohorts": ["External test 1"],
        "user_env": "TEST_ARCHIVE_USER",
        "password_env": "TEST_ARCHIVE_PASSWORD",
        "timeout_s": 20,
    }
    settings.ARCHIVES = [entry]
    return entry


@pytest.fixture
def reference(tmp_path):
    """32 slices of a real planning CT in DICOM, with a SEG: a folder, and its truth."""
    place = DATA / "12_geometry_variants" / "axial_reference"
    if not place.is_dir():
        pytest.skip("../shared/data is absent")
    folder = tmp_path / "reference"
    with zipfile.ZipFile(place / "series.zip") as opened:
        opened.extractall(folder)
    (folder / "nodes_seg.dcm").write_bytes((place / "nodes_seg.dcm").read_bytes())
    return folder
