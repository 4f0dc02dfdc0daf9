"""Several tabs at once: one version wins, one id makes one version, numbers are given once."""

import uuid

import pytest
from django.urls import reverse

from cohorts.models import MaskEdit, Node, NodeMask
from tests.cases import box_runs
from tests.readerstudy.reading.test_races import at_once, signed_in

pytestmark = pytest.mark.django_db(transaction=True)

TABS = 4


@pytest.fixture(autouse=True)
def _on_real_transactions(transactional_db):
    """Asks for the tables to be emptied after each test."""


def posts(user, url, bodies):
    clients = [signed_in(user) for _ in bodies]
    return at_once(
        [
            lambda client=client, body=body: client.post(url, body, "application/json")
            for client, body in zip(clients, bodies, strict=True)
        ]
    )


def statuses(answers):
    return sorted(answer.status_code for answer in answers)


def body(runs, **said):
    return {"client_id": str(uuid.uuid4()), "runs": runs} | said


def test_of_several_tabs_on_one_version_exactly_one_wins(people, node):
    url = reverse("cohorts-api:masks", args=[node.public_id])
    bodies = [body(box_runs((3, 18, 17), (5, 19 + tab, 24)), base_version=1) for tab in range(TABS)]
    answers = posts(people.annotator_one, url, bodies)
    assert statuses(answers) == [200] + [409] * (TABS - 1)
    assert NodeMask.objects.filter(node=node).count() == 2
    assert NodeMask.objects.filter(node=node, is_current=True).count() == 1


def test_one_save_sent_several_times_at_once_is_stored_once(people, node, smaller):
    url = reverse("cohorts-api:masks", args=[node.public_id])
    answers = posts(people.annotator_one, url, [body(smaller, base_version=1)] * TABS)
    assert statuses(answers) == [200] * TABS
    assert sorted(answer.json()["replayed"] for answer in answers) == [False] + [True] * (TABS - 1)
    assert len({answer.json()["edit"]["id"] for answer in answers}) == 1
    assert NodeMask.objects.filter(node=node).count() == 2


def test_nodes_added_at_once_get_different_numbers(people, patient):
    url = reverse("cohorts-api:nodes", args=[patient.public_id])
    bodies = [body(box_runs((8, 8 * tab, 40), (10, 8 * tab + 6, 46))) for tab in range(TABS)]
    assert statuses(posts(people.annotator_one, url, bodies)) == [200] * TABS
    numbers = sorted(Node.objects.filter(patient=patient).values_list("number", flat=True))
    assert numbers == [1, 2, 3, 4, 5, 6]


def test_one_id_on_two_patients_at_once_is_stored_for_one(people, node, other_patient):
    saved = body(box_runs((8, 40, 40), (10, 46, 46)))
    urls = [reverse("cohorts-api:nodes", args=[p.public_id]) for p in (node.patient, other_patient)]
    clients = [signed_in(people.annotator_one) for _ in urls]
    answers = at_once(
        [
            lambda client=client, url=url: client.post(url, saved, "application/json")
            for client, url in zip(clients, urls, strict=True)
        ]
    )
    assert statuses(answers) == [200, 422]
    assert MaskEdit.objects.count() == 1
