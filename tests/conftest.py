"""Fixtures shared by all tests: people, the shared reference folder, append-only tables."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from accounts import append_only
from tests.browsers import browsers, playwright  # noqa: F401 - fixtures of browser tests
from tests.migrated import write_migrated
from tests.people import cohort, people  # noqa: F401 - fixtures for every test

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference folder beside the checkout; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not beside this checkout: reference data are not compared here")
    return SHARED


PURE_FOLDERS = tuple(
    Path(__file__).resolve().parent / folder
    for folder in (
        "annotation/pathology_rules",
        "cohorts/candidates",
        "cohorts/click_segmentation",
        "cohorts/dicom",
        "cohorts/phantom",
        "cohorts/tables",
        "readerstudy/statistics",
        "readerstudy/analysis/computing",
        "readerstudy/analysis/reporting",
    )
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whole folders of pure tests: a second database would show nothing new."""
    for item in items:
        if any(folder in item.path.parents for folder in PURE_FOLDERS):
            item.add_marker("no_database")


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_modify_db_settings: None) -> bool:
    """Begin with the migrated file on SQLite; Django then finds nothing to migrate."""
    if connection.vendor != "sqlite":
        return False
    write_migrated(Path(connection.settings_dict["TEST"]["NAME"]))
    return True


_triggers_lifted = False


@pytest.fixture(autouse=True)
def _append_only_tables_can_be_emptied(request: pytest.FixtureRequest) -> Iterator[None]:
    """Transactional tests end with a flush, which the triggers would refuse.

    They are put back for every later test of the process: files are spread over processes, so
    transactional tests do not always come last.
    """
    global _triggers_lifted  # noqa: PLW0603 - the database of this process is global too
    names = set(request.fixturenames)
    is_transactional = bool({"transactional_db", "live_server"} & names)
    if is_transactional:
        request.getfixturevalue("transactional_db")
    elif _triggers_lifted and "db" in names:
        request.getfixturevalue("db")
    else:
        yield
        return
    for table in append_only.APPEND_ONLY_TABLES:
        append_only.install(connection, table)
    yield
    if is_transactional:
        for table in append_only.APPEND_ONLY_TABLES:
            append_only.remove(connection, table)
        _triggers_lifted = True
