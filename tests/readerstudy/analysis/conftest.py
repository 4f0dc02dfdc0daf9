"""A closed study with released truth and scores of an outside model."""

import pytest

from readerstudy.reading import services as reading
from tests import walk
from tests.cases import store_case


@pytest.fixture
def cases(cohort):
    """Four stored patients with five nodes each."""
    return [store_case(cohort, f"P00{number}", nodes=5) for number in range(1, 5)]


@pytest.fixture
def study(people, cohort, cases):
    """A study with released truth, everything read, still open."""
    walk.release_truth(people, cohort)
    opened = walk.open_study(people, cohort)
    walk.read_everything(people, opened)
    return opened


@pytest.fixture
def closed(people, study):
    """The study, closed."""
    return reading.close_study(by=people.coordinator, study=study)


@pytest.fixture
def model(people, cohort, cases):
    """Imported scores for every node."""
    return walk.import_scores(people, cohort)
