"""A cohort with two patients, and shortcuts that go through the services."""

import uuid

import pytest

from annotation import selectors, services
from cohorts.models import Node
from tests.cases import store_case
from tests.discussion import keep_all


@pytest.fixture
def patients(cohort, people):
    """P001 with two nodes and P002 with one."""
    return [store_case(cohort, "P001", nodes=2), store_case(cohort, "P002", nodes=1)]


@pytest.fixture
def labelling(people, patients):
    """Annotator one's empty labelling of P001."""
    return services.start_labelling(by=people.annotator_one, patient=patients[0])


def save(labelling, number, label, *, base=None, comment="", client_id=None, **others):
    """Record a label of the node with this number on the labelling as it is now."""
    labelling.refresh_from_db()
    return services.record_label(
        by=others.pop("by", labelling.annotator),
        labelling=labelling,
        node=Node.objects.get(patient=labelling.patient, number=number),
        client_id=client_id or uuid.uuid4(),
        base_version=labelling.version if base is None else base,
        label=label,
        comment=comment,
        **others,
    )


def label_all(person, patient, labels):
    """Label the patient's nodes in order of number and submit."""
    labelling = services.start_labelling(by=person, patient=patient)
    for number, label in enumerate(labels, 1):
        save(labelling, number, label)
    return services.submit_labelling(by=person, labelling=labelling)


def speak(person, node, label=None, *, reason="", base=0):
    """Keep (no label) or revise one's own label of a node in the discussion."""
    found = selectors.discussion_for(person, node.public_id)
    return services.state_in_discussion(
        by=person,
        node=node,
        label=found.own.label if label is None else label,
        reason=reason,
        base_version=base,
    )


@pytest.fixture
def disputed(people, patients):
    """Both annotators done: node 1 of P001 differs (0, 2), the others agree."""
    label_all(people.annotator_one, patients[0], [0, 1])
    label_all(people.annotator_two, patients[0], [2, 1])
    label_all(people.annotator_one, patients[1], [9])
    label_all(people.annotator_two, patients[1], [9])
    return Node.objects.get(patient=patients[0], number=1)


@pytest.fixture
def discordant(people, disputed):
    """The one disagreement after its discussion: both keep their labels."""
    keep_all(disputed.patient.cohort)
    return disputed


@pytest.fixture
def decided(people, discordant):
    """The one disagreement decided as metastasis."""
    services.adjudicate(by=people.adjudicator, node=discordant, label=1, reason="Seen in the CT.")
    return discordant


@pytest.fixture
def released(people, cohort, decided):
    """Version 1 of the reference standard."""
    return services.release_reference_standard(by=people.coordinator, cohort=cohort)


def state_of(labelling):
    """The labelling as its annotator is told."""
    labelling.refresh_from_db()
    return selectors.labelling_state(labelling)
