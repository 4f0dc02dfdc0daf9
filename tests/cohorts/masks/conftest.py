"""One stored patient with two nodes, and how saves are asked for."""

import json
import uuid

import pytest

from cohorts import storage
from cohorts.models import NodeMask
from cohorts.services import NodeVersion
from tests.cases import box_runs, store_case


@pytest.fixture
def patient(cohort):
    return store_case(cohort, "P001", nodes=2)


@pytest.fixture
def node(patient):
    """Node 1: a box from (3, 18, 17) to (5, 24, 24)."""
    return patient.nodes.get(number=1)


@pytest.fixture
def smaller():
    return box_runs((3, 18, 17), (5, 23, 23))


@pytest.fixture
def other_patient(cohort):
    return store_case(cohort, "P002", nodes=1, seed=1)


def seen(node, version=1):
    return NodeVersion(node=node, base_version=version)


def fresh():
    return uuid.uuid4()


def current(node):
    return NodeMask.objects.get(node=node, is_current=True)


def stored_runs(mask):
    return json.loads(storage.get(mask.runs_key))
