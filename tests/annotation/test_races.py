"""Saves that meet each other: nothing lost, nothing doubled, on both databases."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from accounts import audit
from accounts.errors import Conflict
from annotation import services
from annotation.models import (
    Adjudication,
    DiscussionStatement,
    Labelling,
    NodeLabel,
    ReferenceStandard,
)
from tests.annotation.conftest import label_all
from tests.discussion import keep_all

THREADS = 6


def together(act):
    """Run ``act(number)`` in threads that start at the same moment; return what became of each."""
    barrier = Barrier(THREADS)

    def run(number):
        try:
            barrier.wait()
            return act(number)
        except ValidationError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


@pytest.mark.django_db(transaction=True)
def test_one_of_many_saves_on_the_same_version_wins(transactional_db, people, patients):
    labelling = services.start_labelling(by=people.annotator_one, patient=patients[0])
    node = patients[0].nodes.get(number=1)

    def act(number):
        return services.record_label(
            by=people.annotator_one,
            labelling=labelling,
            node=node,
            client_id=uuid.uuid4(),
            base_version=0,
            label=number % 3,
        )

    results = together(act)
    conflicts = [r for r in results if isinstance(r, Conflict)]
    assert len(conflicts) == THREADS - 1
    assert {c.current["version"] for c in conflicts} == {1}
    assert NodeLabel.objects.count() == 1
    assert Labelling.objects.get().version == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_save_sent_many_times_makes_one_row(transactional_db, people, patients):
    labelling = services.start_labelling(by=people.annotator_one, patient=patients[0])
    node, client_id = patients[0].nodes.get(number=1), uuid.uuid4()

    def act(number):
        return services.record_label(
            by=people.annotator_one,
            labelling=labelling,
            node=node,
            client_id=client_id,
            base_version=0,
            label=1,
        )

    results = together(act)
    assert sorted(r.replayed for r in results) == [False] + [True] * (THREADS - 1)
    assert len({r.row.pk for r in results}) == NodeLabel.objects.count() == 1
    assert list(audit.verify()) == []


@pytest.mark.django_db(transaction=True)
def test_starting_many_times_makes_one_labelling(transactional_db, people, patients):
    found = together(
        lambda number: services.start_labelling(by=people.annotator_one, patient=patients[0])
    )
    assert len({labelling.pk for labelling in found}) == Labelling.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_save_never_slips_in_behind_a_submission(transactional_db, people, patients):
    labelling = services.start_labelling(by=people.annotator_one, patient=patients[1])
    node = patients[1].nodes.get()
    services.record_label(
        by=people.annotator_one,
        labelling=labelling,
        node=node,
        client_id=uuid.uuid4(),
        base_version=0,
        label=0,
    )

    def act(number):
        if number == 0:
            return services.submit_labelling(
                by=people.annotator_one, labelling=labelling, base_version=1
            )
        return services.record_label(
            by=people.annotator_one,
            labelling=labelling,
            node=node,
            client_id=uuid.uuid4(),
            base_version=1,
            label=2,
        )

    results = together(act)
    done = Labelling.objects.get()
    submitted = isinstance(results[0], Labelling)
    assert (done.state == "submitted") == submitted
    assert done.version == (1 if submitted else 2)
    assert sum(not isinstance(r, ValidationError) for r in results) == 1


@pytest.mark.django_db(transaction=True)
def test_one_of_many_last_words_is_kept(transactional_db, people, cohort, patients):
    for person, label in ((people.annotator_one, 0), (people.annotator_two, 2)):
        label_all(person, patients[0], [label, 1])
        label_all(person, patients[1], [1])
    node = patients[0].nodes.get(number=1)
    results = together(
        lambda number: services.state_in_discussion(
            by=people.annotator_one, node=node, label=number % 3, reason="Seen again."
        )
    )
    assert DiscussionStatement.objects.count() == 1
    assert any(isinstance(one, DiscussionStatement) for one in results)


@pytest.mark.django_db(transaction=True)
def test_one_of_many_decisions_and_releases_wins(transactional_db, people, cohort, patients):
    for person, label in ((people.annotator_one, 0), (people.annotator_two, 2)):
        label_all(person, patients[0], [label, 1])
        label_all(person, patients[1], [1])
    keep_all(cohort)
    node = patients[0].nodes.get(number=1)
    together(
        lambda number: services.adjudicate(
            by=people.adjudicator, node=node, label=number % 3, reason="Seen."
        )
    )
    assert Adjudication.objects.count() == 1
    together(
        lambda number: services.release_reference_standard(by=people.coordinator, cohort=cohort)
    )
    assert ReferenceStandard.objects.count() == 1
