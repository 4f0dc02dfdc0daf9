"""AI-ENE: nodes called ENE per patient, for every model, and why there is no count."""

import csv
import io

import pytest
from django.http import Http404
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from cohorts.models import NodeMask
from inference import selectors
from inference.models import Prediction, Provenance
from inference.selectors.ai_ene import NO_NODE, EneCall, count_ene
from inference.selectors.predictions import PredictionRow
from inference.thresholds import is_positive
from tests.cases import store_case
from tests.inference.conftest import record_version

CALL = EneCall(threshold=0.3, architecture="DeepENE", on_scores=False)


def row(patient, node, probability, score=0.0):
    return PredictionRow(
        patient=patient,
        node=node,
        node_id=node,
        mask_digest=f"{patient}{node}",
        metastasis_score=0.0,
        ene_score=score,
        metastasis_probability=0.5,
        ene_probability=probability,
    )


def test_nodes_at_and_above_the_threshold_count_and_a_patient_without_nodes_counts_0():
    rows = [row("P1", 1, 0.3), row("P1", 2, 0.29), row("P1", 3, 0.9), row("P2", 1, 0.1)]
    counted = count_ene({"P1": 3, "P2": 1, "P3": 0}, rows, CALL)
    assert [(one.patient, one.ene_nodes, one.note) for one in counted] == [
        ("P1", 2, ""),
        ("P2", 0, ""),
        ("P3", 0, NO_NODE),
    ]


def test_dualnet_counts_above_its_threshold_only():
    call = EneCall(threshold=0.3, architecture="DualNet", on_scores=False)
    rows = [row("P1", 1, 0.3), row("P1", 2, 0.3000001)]
    (counted,) = count_ene({"P1": 2}, rows, call)
    assert counted.ene_nodes == 1
    assert call.sentence == "ENE probability > 0.3"
    assert CALL.sentence == "ENE probability ≥ 0.3"


def test_a_patient_who_is_not_wholly_predicted_has_no_count_and_says_so():
    counted = count_ene({"P1": 2, "P2": 1}, [row("P1", 1, 0.9)], CALL)
    assert [(one.ene_nodes, one.note) for one in counted] == [
        (None, "1 of 2 nodes predicted"),
        (None, "not predicted"),
    ]


def test_without_a_threshold_there_is_no_count_not_even_without_nodes():
    call = EneCall(threshold=None, architecture="DeepENE", on_scores=False)
    counted = count_ene({"P1": 1, "P2": 0}, [row("P1", 1, 0.9)], call)
    assert [one.ene_nodes for one in counted] == [None, None]
    assert "no ENE threshold" in call.sentence


def test_imported_scores_are_judged_on_their_own_scale():
    call = EneCall(threshold=2.0, architecture="external", on_scores=True)
    rows = [row("P1", 1, None, 2.0), row("P1", 2, None, 1.9)]
    assert count_ene({"P1": 2}, rows, call)[0].ene_nodes == 1


@given(
    st.dictionaries(st.sampled_from("ABCDE"), st.lists(st.floats(0, 1), max_size=6)),
    st.floats(0.01, 0.99),
    st.sampled_from(["DeepENE", "DualNet"]),
)
def test_counts_are_those_of_the_rule_whatever_the_order(probabilities, threshold, architecture):
    call = EneCall(threshold=threshold, architecture=architecture, on_scores=False)
    nodes = {patient: len(values) for patient, values in probabilities.items()}
    rows = [
        row(patient, number, value)
        for patient, values in probabilities.items()
        for number, value in enumerate(values)
    ]
    counted = {one.patient: one.ene_nodes for one in count_ene(nodes, rows, call)}
    assert counted == {one.patient: one.ene_nodes for one in count_ene(nodes, rows[::-1], call)}
    for patient, values in probabilities.items():
        assert counted[patient] == sum(is_positive(v, threshold, architecture) for v in values)


@pytest.fixture
def predicted(db, cohort):
    """Two patients with nodes, one without; the model calls nodes from number 2 on."""
    store_case(cohort, "P001", nodes=3)
    store_case(cohort, "P002", nodes=1)
    store_case(cohort, "P003", nodes=0)
    excluded = store_case(cohort, "P004", nodes=2)
    excluded.exclusion_code = "other"
    excluded.save()
    version = record_version("Cut", [], thresholds={"ene": 0.2})
    for mask in NodeMask.objects.select_related("node"):
        Prediction.objects.create(
            model_version=version,
            node=mask.node,
            mask_digest=mask.digest,
            metastasis_score=0.0,
            ene_score=0.0,
            metastasis_probability=0.5,
            ene_probability=mask.node.number / 10,
            code_version="test",
        )
    return version


def test_the_query_lists_every_included_patient(cohort, predicted):
    counted = selectors.ai_ene_of(cohort, predicted)
    assert [(one.patient, one.nodes, one.ene_nodes) for one in counted] == [
        ("P001", 3, 2),
        ("P002", 1, 0),
        ("P003", 0, 0),
    ]


def test_page_file_and_api_tell_the_same_with_provenance(client, people, cohort, predicted):
    client.force_login(people.statistician)
    ids = [cohort.public_id, predicted.public_id]
    page = client.get(reverse("inference:ai-ene", args=ids)).text
    assert "Untrained" in page
    assert "0 of 25 members" in page
    assert NO_NODE in page
    text = client.get(reverse("inference:ai-ene-csv", args=ids)).text
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [line["ai_ene"] for line in lines] == ["2", "0", "0"]
    assert {line["provenance"] for line in lines} == {"untrained"}
    assert {line["members"] for line in lines} == {"0 of 25"}
    assert {line["rule"] for line in lines} == {"ENE probability ≥ 0.2"}
    told = client.get(reverse("inference_api:ai-ene", args=ids)).json()
    assert [one["ai_ene"] for one in told["patients"]] == [2, 0, 0]
    assert (told["provenance"], told["members"], told["threshold"]) == ("untrained", 0, 0.2)


def test_an_imported_model_without_a_threshold_says_that_there_is_no_count(
    client, people, cohort, predicted
):
    version = record_version("Imported", [], provenance=Provenance.EXTERNAL, expected_members=0)
    client.force_login(people.coordinator)
    ids = [cohort.public_id, version.public_id]
    page = client.get(reverse("inference:ai-ene", args=ids)).text
    assert "Imported scores carry no threshold" in page
    assert "not available" in page
    told = client.get(reverse("inference_api:ai-ene", args=ids)).json()
    assert {one["ai_ene"] for one in told["patients"]} == {None}


@pytest.mark.parametrize("who", ["annotator_one", "adjudicator", "reader_one", "outsider"])
def test_whoever_judges_nodes_sees_no_counts(people, cohort, predicted, who):
    with pytest.raises(Http404):
        selectors.ai_ene_for(getattr(people, who), cohort, predicted)
