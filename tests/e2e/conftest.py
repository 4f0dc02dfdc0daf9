"""One installation for all end-to-end tests of a process, and people who use it."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.browsers import chromium
from tests.e2e.installation import Installation
from tests.e2e.person import Person
from tests.migrated import write_migrated

MODEL = "DeepENE untrained"
Arrive = Callable[..., Person]


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Web server and worker on a database of their own."""
    chromium()
    installation = Installation(tmp_path_factory.mktemp("installation"))
    try:
        write_migrated(installation.database)
        installation.manage("prepare")
        installation.create_accounts("coordinator", may_create_cohorts=True)
        installation.start_server()
        installation.worker = installation.start_worker()
        yield installation
        assert not installation.unexpected_errors(), installation.unexpected_errors()
    finally:
        installation.stop()


@pytest.fixture(scope="session")
def untrained_model(house: Installation, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a registered model of two members with random weights."""
    folder = str(tmp_path_factory.mktemp("members"))
    house.manage("make_untrained_members", "--folder", folder, "--runs", "1", "--folds", "2")
    house.manage(
        *("register_model", "--name", MODEL, "--folder", folder, "--provenance", "untrained"),
        *("--note", "Random weights: they know nothing about nodes."),
    )
    return MODEL


@pytest.fixture(scope="module")
def arrive(browsers: dict[str, Browser], house: Installation) -> Iterator[Arrive]:
    """Let somebody open a browser of their own; each must have stayed free of complaints."""
    present: list[Person] = []

    def arrive(name: str, *, drawing: str = "webgl", signed_in: bool = True) -> Person:
        person = Person(browsers[drawing], house, name)
        present.append(person)
        if signed_in:
            house.create_accounts(name)
            person.sign_in()
        return person

    yield arrive
    for person in present:
        person.leave()
    complaints = [f"{one.name}: {text}" for one in present for text in one.watch.complaints]
    assert not complaints, "\n".join(complaints)
