"""An open study with two readers over three cases, and the shortest way to a saved call."""

import uuid

import pytest
from django.urls import reverse

from cohorts.serving import frames_signature
from readerstudy.reading.models import Assignment, StudyReader
from readerstudy.reading.services import (
    CallGiven,
    add_reader,
    create_study,
    open_study,
    submit_call,
    submit_case,
    update_protocol,
)
from tests.cases import store_case

SEED = 20260124


@pytest.fixture
def draft(people, cohort):
    """A draft with protocol and two readers over three patients of three nodes."""
    for pseudonym in ("P001", "P002", "P003"):
        store_case(cohort, pseudonym, nodes=3)
    study = create_study(by=people.coordinator, title="Neck nodes", cohorts=[cohort])
    study = update_protocol(by=people.coordinator, study=study, protocol="Call every node.")
    for user in (people.reader_one, people.reader_two):
        add_reader(by=people.coordinator, study=study, user=user)
    return study


@pytest.fixture
def study(draft, people):
    """The draft, opened from a fixed seed."""
    return open_study(by=people.coordinator, study=draft, seed=SEED)


@pytest.fixture
def reader(study, people):
    """The first reader's place in the study."""
    return StudyReader.objects.get(study=study, user=people.reader_one)


@pytest.fixture
def case(reader):
    """The first reader's first case."""
    return case_at(reader, 1)


def case_at(reader, position):
    return Assignment.objects.get(reader=reader, position=position)


def frame_url(case, index):
    """The address of a frame as the case's own reader is given it."""
    signature = frames_signature(case.reader.user_id, case.public_id, case.series)
    return reverse("reading_api:frame", args=[case.public_id, signature, index])


def given(case, node, /, **changes):
    """A call of ``node`` as the browser would send it."""
    first, _ = node.mask.bounding_box[0]
    values = {
        "call": uuid.uuid4(),
        "node": node.public_id,
        "category": 1,
        "base_version": case.version,
        "shown_case": case.public_id,
        "shown_slice": first,
    }
    return CallGiven(**values | changes)


def call_all(user, case, category=1):
    """Call every node of the case."""
    for node in case.nodes.all():
        case.refresh_from_db()
        submit_call(by=user, case=case.public_id, given=given(case, node, category=category))
    case.refresh_from_db()


def read_case(user, case, category=1):
    """Call every node of the case and submit it."""
    call_all(user, case, category)
    submit_case(by=user, case=case.public_id, base_version=case.version)
    case.refresh_from_db()
