"""Masks that were called stay as they were read, and a reading in progress shows what it froze."""

import uuid

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from cohorts.models import NodeMask
from cohorts.services import NodeVersion, add_node, remove_node, save_mask
from readerstudy.reading.plan import default_plan
from readerstudy.reading.services import amend_plan, close_study, submit_call
from tests.cases import box_runs, store_case
from tests.readerstudy.reading.conftest import given

STRICT = default_plan() | {"alpha": 0.01}


def removed(by, node):
    """Remove a node of the case as an annotator would."""
    seen = NodeVersion(node=node, base_version=1)
    return remove_node(by=by, seen=seen, client_id=uuid.uuid4(), reason="A vessel.")


def call_one(people, case):
    case.refresh_from_db()
    node = case.nodes.select_related("mask").first()
    submit_call(by=people.reader_one, case=case.public_id, given=given(case, node))
    return node


def refused(action):
    masks = NodeMask.objects.count()
    with pytest.raises(ValidationError) as refusal:
        action()
    assert refusal.value.code == "masks_in_use"
    assert NodeMask.objects.count() == masks
    return refusal.value.messages[0]


def test_masks_of_a_study_with_calls_stay_and_the_sentence_names_it(people, study, case):
    node = call_one(people, case)
    sentence = refused(lambda: removed(people.annotator_one, node.node))
    assert f"'{study.title}'" in sentence
    assert "Amend the study" in sentence


def test_patients_not_called_yet_are_bound_as_the_study_has_started(people, study, case):
    call_one(people, case)
    other = study.cohorts.get().patients.exclude(pk=case.patient_id).first()
    runs = box_runs((8, 50, 2), (10, 56, 8))
    refused(
        lambda: add_node(by=people.annotator_one, patient=other, client_id=uuid.uuid4(), runs=runs)
    )


def test_a_closed_study_binds_too(people, study, case):
    node = call_one(people, case)
    close_study(by=people.coordinator, study=study, confirm_incomplete=True, reason="No time left.")
    refused(lambda: removed(people.annotator_one, node.node))


def test_patients_outside_the_study_are_free(people, cohort, case):
    call_one(people, case)
    later = store_case(cohort, "P009", nodes=1)
    removed(people.annotator_one, later.nodes.get())
    assert not later.nodes.exists()


def test_an_amendment_frees_the_masks_until_the_patient_is_called_again(people, study, case):
    amend_plan(by=people.statistician, study=study, plan=STRICT, reason="Before any call.")
    node = call_one(people, case)
    refused(lambda: removed(people.annotator_one, node.node))
    amend_plan(by=people.statistician, study=study, plan=default_plan(), reason="Masks refined.")
    removed(people.annotator_one, node.node)
    call_one(people, case)
    second = case.patient.nodes.first()
    refused(lambda: removed(people.annotator_one, second))


def test_a_reading_in_progress_answers_the_same_bytes_after_masks_changed(people, reader, case):
    client = Client()
    client.force_login(people.reader_one)
    addresses = [
        reverse("reading_api:case", args=[case.public_id]),
        reverse("reading_api:next", args=[reader.public_id]),
    ]
    client.get(addresses[0])  # the first opening is recorded
    before = [client.get(address).content for address in addresses]
    first, second, third = case.patient.nodes.order_by("number")
    (z, _), (y, _), (x, _) = first.masks.get().bounding_box
    save_mask(
        by=people.annotator_one,
        seen=NodeVersion(node=first, base_version=1),
        client_id=uuid.uuid4(),
        runs=box_runs((z, y, x), (z + 1, y + 3, x + 3)),
    )
    removed(people.annotator_one, second)
    add_node(
        by=people.annotator_one,
        patient=case.patient,
        client_id=uuid.uuid4(),
        runs=box_runs((8, 50, 2), (10, 56, 8)),
    )
    assert [client.get(address).content for address in addresses] == before
    call = call_one(people, case)
    assert call.mask.version == 1
    assert third.masks.get().is_current
