"""Eight browsers at once: one save wins, the others are told; one id makes one row."""

import threading
import time
import uuid

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from readerstudy.reading.models import Assignment, NodeCall
from readerstudy.reading.services import close_study, submit_call, submit_case
from tests.readerstudy.reading.conftest import call_all, given

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 8


@pytest.fixture(autouse=True)
def _on_real_transactions(transactional_db):
    """Asks for the tables to be emptied after each test."""


def body_of(call):
    return {
        name: str(value) if isinstance(value, uuid.UUID) else value
        for name, value in vars(call).items()
    }


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def at_once(actions):
    """Run the actions from a common start and return their results in order."""
    barrier, results = threading.Barrier(len(actions)), [None] * len(actions)

    def run(index, action):
        barrier.wait()
        try:
            results[index] = action()
        except Exception as error:  # noqa: BLE001 - handed to the test
            results[index] = error
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=(index, action)) for index, action in enumerate(actions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def posts(user, case, bodies):
    """Post each body from a client of its own, all at once; return the responses."""
    url = reverse("reading_api:calls", args=[case.public_id])
    clients = [signed_in(user) for _ in bodies]
    return at_once(
        [
            lambda client=client, body=body: client.post(url, body, "application/json")
            for client, body in zip(clients, bodies, strict=True)
        ]
    )


def test_of_eight_saves_on_one_version_exactly_one_wins(people, case):
    nodes = list(case.nodes.all())
    bodies = [body_of(given(case, nodes[index % 3])) for index in range(THREADS)]
    answers = posts(people.reader_one, case, bodies)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (THREADS - 1)
    assert NodeCall.objects.count() == 1
    assert Assignment.objects.get(pk=case.pk).version == 1
    assert {a.json()["current"]["version"] for a in answers if a.status_code == 409} == {1}


def test_one_id_from_eight_browsers_makes_one_row(people, case):
    body = body_of(given(case, case.nodes.first()))
    answers = posts(people.reader_one, case, [body] * THREADS)
    assert sorted(answer.status_code for answer in answers) == [200] * (THREADS - 1) + [201]
    assert len({answer.content for answer in answers}) == 1
    assert NodeCall.objects.count() == 1


def test_one_id_on_two_readers_cases_makes_one_row(people, study):
    """The second comes while the first is saved but not committed: only the index can tell."""
    cases = [reader.assignments.get(position=1) for reader in study.readers.order_by("number")]
    call_id = uuid.uuid4()
    calls = [given(case, case.nodes.first(), call=call_id) for case in cases]
    saved = threading.Event()

    def first():
        with transaction.atomic():
            submit_call(by=people.reader_one, case=cases[0].public_id, given=calls[0])
            saved.set()
            time.sleep(0.5)  # long enough for the second to run into the uncommitted row

    def second():
        saved.wait(10)
        submit_call(by=people.reader_two, case=cases[1].public_id, given=calls[1])

    won, refused = at_once([first, second])
    assert won is None
    assert isinstance(refused, ValidationError)
    assert refused.code == "replayed_with_other_content"
    assert NodeCall.objects.count() == 1


def test_a_case_is_submitted_once(people, case):
    call_all(people.reader_one, case)
    results = at_once(
        [lambda: submit_case(by=people.reader_one, case=case.public_id, base_version=3)] * THREADS
    )
    assert {result.submitted_at for result in results} == {
        Assignment.objects.get(pk=case.pk).submitted_at
    }
    assert case.events.filter(kind="submitted").count() == 1


def test_no_call_slips_into_a_study_that_closes(people, study, case):
    """Either the save came first and is there, or it was refused: never an unkept promise."""
    url = reverse("reading_api:calls", args=[case.public_id])
    client, body = signed_in(people.reader_one), body_of(given(case, case.nodes.first()))
    answer, closed = at_once(
        [
            lambda: client.post(url, body, "application/json"),
            lambda: close_study(
                by=people.coordinator, study=study, confirm_incomplete=True, reason="Over."
            ),
        ]
    )
    assert closed.state == "closed"
    assert (answer.status_code, NodeCall.objects.count()) in {(201, 1), (422, 0)}
    if answer.status_code == 201:
        assert NodeCall.objects.get().created_at <= closed.closed_at
