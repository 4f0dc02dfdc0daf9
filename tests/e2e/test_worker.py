"""A worker that dies in the middle of a prediction run that a coordinator asked for."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e import pages
from tests.e2e.conftest import Arrive
from tests.e2e.inputs import phantom_cases
from tests.e2e.installation import Installation
from tests.e2e.person import SLOW_MS

pytestmark = [pytest.mark.browser, pytest.mark.no_database]

COHORT = "Killed in the middle"
FIRST_NODES = 2


def stored(house: Installation) -> int:
    ((count,),) = house.ask(
        "SELECT count(*) FROM inference_prediction JOIN cohorts_node node ON node.id = node_id"
        " JOIN cohorts_patient patient ON patient.id = node.patient_id"
        " JOIN cohorts_cohort cohort ON cohort.id = patient.cohort_id WHERE cohort.name = ?",
        COHORT,
    )
    return count


def owner(house: Installation) -> str:
    ((name,),) = house.ask(
        "SELECT lease_owner FROM inference_predictionrun run JOIN cohorts_cohort cohort"
        " ON cohort.id = run.cohort_id WHERE cohort.name = ?",
        COHORT,
    )
    return name


def wait_for_predictions(house: Installation, count: int) -> None:
    deadline = time.monotonic() + SLOW_MS / 1000
    while stored(house) < count:
        assert time.monotonic() < deadline, house.log("worker.log")[-2000:]
        time.sleep(0.01)


@pytest.fixture(scope="module")
def nodes(house: Installation, arrive: Arrive, tmp_path_factory: pytest.TempPathFactory) -> int:
    """A cohort of three phantoms; the number of its nodes."""
    folder: Path = tmp_path_factory.mktemp("killed")
    cases = phantom_cases(folder, patients=3, seed=2030, slices=24, size=192)
    house.manage("import_cases", "--cohort", COHORT, "--create", str(folder / "images"))
    house.manage("add_member", COHORT, "coordinator", "coordinator")
    return sum(case.nodes for case in cases)


def test_another_worker_finishes_what_a_killed_one_began(
    house: Installation, arrive: Arrive, untrained_model: str, nodes: int
) -> None:
    coordinator = arrive("coordinator")
    pages.request_predictions(coordinator, COHORT, untrained_model)
    progress = coordinator.page.locator("#run-progress")
    wait_for_predictions(house, FIRST_NODES)
    first_owner = owner(house)
    house.kill(house.worker)
    left_behind = stored(house)
    assert FIRST_NODES <= left_behind < nodes, "killed in the middle"
    expect(progress).to_contain_text(f"{left_behind} predicted")
    coordinator.shot("prediction-run-interrupted")

    house.worker = house.start_worker()
    expect(progress).to_contain_text(
        f"{nodes} predicted, 0 parked, 0 waiting, of {nodes} nodes.", timeout=SLOW_MS
    )
    expect(progress).to_contain_text("Done")
    per_node = house.ask(
        "SELECT node_id, count(*) FROM inference_prediction JOIN cohorts_node node"
        " ON node.id = node_id JOIN cohorts_patient patient ON patient.id = node.patient_id"
        " JOIN cohorts_cohort cohort ON cohort.id = patient.cohort_id WHERE cohort.name = ?"
        " GROUP BY node_id",
        COHORT,
    )
    assert [count for _, count in per_node] == [1] * nodes
    assert owner(house) != first_owner, "another worker finished it"
