"""Freezing truth for training: who may, what is refused, what is in it."""

import json

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from accounts.models import AuditEvent
from cohorts import storage
from cohorts.models import Cohort, NodeMask
from cohorts.services import exclude_patient
from inference.models import TrainingDataset
from readerstudy.analysis.training_data import freeze_training_dataset
from tests import walk
from tests.cases import store_case


@pytest.fixture
def development(people, cohort):
    """A development cohort with released truth: four patients with five nodes each."""
    Cohort.objects.filter(pk=cohort.pk).update(kind="development")
    cohort.refresh_from_db()
    for number in range(1, 5):
        store_case(cohort, f"P00{number}", nodes=5)
    walk.release_truth(people, cohort, undetermined=3)
    return cohort


def refusal(people, cohort) -> ValidationError:
    with pytest.raises(ValidationError) as raised:
        freeze_training_dataset(by=people.statistician, cohort=cohort)
    assert not TrainingDataset.objects.exists()
    return raised.value


def test_the_table_holds_released_labels_on_present_masks(people, development):
    dataset = freeze_training_dataset(by=people.statistician, cohort=development)
    table = json.loads(storage.get_checked(dataset.table_key))
    assert (dataset.patients, dataset.nodes) == (4, 16)
    assert dataset.reference_digest == table["reference_standard"]["digest"]
    for row in table["nodes"]:
        mask = NodeMask.objects.get(digest=row["mask"])
        assert str(mask.node.public_id) == row["id"]
        assert (mask.node.patient.pseudonym, mask.node.number) == (row["patient"], row["node"])
        category = walk.truth_of(mask.node)
        assert (row["metastasis"], row["ene"]) == (int(category >= 1), int(category == 2))
    assert [(row["node"], row["reason"]) for row in table["left_out"]] == [
        (3, "not determinable")
    ] * 4
    assert AuditEvent.objects.filter(verb="freeze_training_dataset").count() == 1


def test_the_same_data_are_kept_once(people, development):
    first = freeze_training_dataset(by=people.statistician, cohort=development)
    assert freeze_training_dataset(by=people.statistician, cohort=development) == first
    assert TrainingDataset.objects.count() == 1


@pytest.mark.parametrize("who", ["coordinator", "annotator_one", "adjudicator", "reader_one"])
def test_only_a_statistician_freezes(people, development, who):
    with pytest.raises(PermissionDenied, match="Only a statistician"):
        freeze_training_dataset(by=getattr(people, who), cohort=development)


@pytest.mark.parametrize("kind", ["internal_test", "external_test"])
def test_a_test_cohort_is_refused(people, development, kind):
    Cohort.objects.filter(pk=development.pk).update(kind=kind)
    development.refresh_from_db()
    assert refusal(people, development).code == "not_a_development_cohort"


def test_truth_must_be_released(people, cohort):
    Cohort.objects.filter(pk=cohort.pk).update(kind="development")
    cohort.refresh_from_db()
    store_case(cohort, "P001")
    assert refusal(people, cohort).code == "no_reference_standard"


def test_a_changed_mask_is_named(people, development):
    changed = NodeMask.objects.filter(node__patient__pseudonym="P002", node__number=4)
    changed.update(digest="a" * 64)
    problem = refusal(people, development)
    assert problem.code == "masks_differ"
    assert "P002 node 4" in problem.message


def test_a_node_without_truth_is_named(people, development):
    store_case(development, "P009", nodes=1)
    problem = refusal(people, development)
    assert problem.code == "nodes_without_truth"
    assert "P009 node 1" in problem.message


def test_excluded_patients_take_no_part(people, development):
    patient = development.patients.get(pseudonym="P001")
    exclude_patient(by=people.coordinator, patient=patient, code="other", reason="A test.")
    dataset = freeze_training_dataset(by=people.statistician, cohort=development)
    assert (dataset.patients, dataset.nodes) == (3, 12)


def test_one_ct_under_two_names_is_refused(people, development):
    one, two = development.patients.filter(pseudonym__in=["P001", "P002"])
    two.series.hu_sha256 = one.series.hu_sha256
    two.series.save()
    problem = refusal(people, development)
    assert problem.code == "same_ct_twice"
    assert "P001 and P002" in problem.message


def test_a_patient_of_a_test_cohort_is_refused(people, development):
    tested = Cohort.objects.create(name="Tested", kind="external_test")
    twin = store_case(tested, "T001", nodes=1)
    twin.series.hu_sha256 = development.patients.get(pseudonym="P003").series.hu_sha256
    twin.series.save()
    problem = refusal(people, development)
    assert problem.code == "shares_ct_with_test_cohort"
    assert "P003" in problem.message
    assert "T001 of 'Tested'" in problem.message


def test_the_page_freezes_and_says_what_stands_in_the_way(client, people, development):
    client.force_login(people.statistician)
    url = reverse("analysis:freeze-training-data", args=[development.public_id])
    page = client.post(url, follow=True).content.decode()
    assert "16 nodes of 4 patients" in page
    Cohort.objects.filter(pk=development.pk).update(kind="external_test")
    page = client.get(reverse("analysis:training-data")).content.decode()
    assert "train on a development cohort" in page
    assert "Freeze for training" not in page


def test_nobody_else_reaches_the_page(client, people, development):
    url = reverse("analysis:freeze-training-data", args=[development.public_id])
    for who in (people.coordinator, people.annotator_one, people.reader_one):
        client.force_login(who)
        assert client.post(url).status_code == 404
