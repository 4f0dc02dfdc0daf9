"""A coordinator gives a submitted labelling back; what was said on changed labels is void."""

import uuid
from dataclasses import dataclass

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.utils import DatabaseError

from accounts.errors import Conflict
from accounts.models import AuditEvent
from annotation import selectors, services
from annotation.models import Labelling, LabellingReopening
from annotation.pathology_rules.details import LabelDetails
from annotation.submissions import first_submitted
from cohorts.models import Node, NodeMask
from cohorts.services import NodeVersion, split_node
from tests.annotation.conftest import label_all, save
from tests.cases import box_runs


@dataclass(frozen=True)
class Row:
    node_id: int
    version: int
    label: int


def reopen(by, labelling, reason="The mask was refined."):
    return services.reopen_labelling(by=by, labelling=labelling, reason=reason)


def of(person, patient):
    return Labelling.objects.get(annotator=person, patient=patient)


def submit(labelling, base=None):
    labelling.refresh_from_db()
    version = labelling.version if base is None else base
    return services.submit_labelling(
        by=labelling.annotator, labelling=labelling, base_version=version
    )


def test_a_reopened_labelling_is_a_draft_with_its_labels(people, disputed, patients):
    labelling = of(people.annotator_one, patients[0])
    before = labelling.submitted_at
    reopened = reopen(people.coordinator, labelling)
    assert (reopened.state, reopened.submitted_at, reopened.version) == ("draft", None, 3)
    assert [row.label for row in selectors.current_labels(reopened)] == [0, 1]
    row = LabellingReopening.objects.get()
    assert (row.by, row.reason, row.version) == (people.coordinator, "The mask was refined.", 3)
    assert row.submitted_at == before
    event = AuditEvent.objects.get(verb="reopen_labelling")
    assert (event.reason, event.new) == (row.reason, {"state": "draft", "version": 3})


def test_a_submit_from_before_the_reopening_is_stale(people, disputed, patients):
    labelling = of(people.annotator_one, patients[0])
    known = labelling.version
    reopen(people.coordinator, labelling)
    with pytest.raises(Conflict):
        submit(labelling, base=known)
    assert submit(labelling).state == "submitted"


@pytest.mark.parametrize("name", ["annotator_one", "adjudicator", "statistician", "reader_one"])
def test_nobody_but_a_coordinator_reopens(people, disputed, patients, name):
    with pytest.raises(PermissionDenied, match="Only a coordinator"):
        reopen(getattr(people, name), of(people.annotator_one, patients[0]))
    assert not LabellingReopening.objects.exists()


def test_what_is_not_submitted_is_not_reopened(people, labelling):
    with pytest.raises(ValidationError, match="is not submitted by annotator_one") as refusal:
        reopen(people.coordinator, labelling)
    assert refusal.value.code == "not_submitted"


def test_a_reopening_needs_a_reason(people, disputed, patients):
    with pytest.raises(ValidationError, match="a reopening needs a reason"):
        reopen(people.coordinator, of(people.annotator_one, patients[0]), "  ")
    assert of(people.annotator_one, patients[0]).state == "submitted"


def test_reopenings_stay_as_they_are(people, disputed, patients):
    reopen(people.coordinator, of(people.annotator_one, patients[0]))
    with pytest.raises(DatabaseError), transaction.atomic():
        LabellingReopening.objects.update(reason="Something else.")


def test_a_decision_on_a_label_that_is_changed_counts_no_more(people, cohort, decided, patients):
    labelling = of(people.annotator_one, patients[0])
    reopen(people.coordinator, labelling)
    waiting = [error.code for error in selectors.missing_for_release(cohort)]
    assert waiting == ["not_submitted"]
    save(labelling, 1, 2)
    submit(labelling)
    (standing,) = selectors.standings(cohort, only=decided)
    assert (standing.consensus.outcome, standing.consensus.label) == ("agreed", 2)
    assert standing.decision is None


def test_a_decision_stands_where_its_labels_were_not_touched(people, cohort, decided, patients):
    labelling = of(people.annotator_one, patients[0])
    reopen(people.coordinator, labelling)
    save(labelling, 2, 0)
    submit(labelling)
    (standing,) = selectors.standings(cohort, only=decided)
    assert standing.consensus.outcome == "adjudicated"


def test_a_new_mask_after_the_labels_is_labelled_again_and_released(
    people, cohort, decided, patients
):
    NodeMask.objects.filter(node=decided).update(digest="f" * 64)
    assert [one.code for one in selectors.missing_for_release(cohort)] == ["mask_changed"]
    for person in (people.annotator_one, people.annotator_two):
        labelling = of(person, patients[0])
        reopen(people.coordinator, labelling)
        save(labelling, 1, 2)
        submit(labelling)
    released = services.release_reference_standard(by=people.coordinator, cohort=cohort)
    assert released.content[0]["mask_digest"] == "f" * 64


def test_agreement_stays_that_of_the_first_submission(people, cohort, disputed, patients):
    before = selectors.annotator_pairs(cohort)
    labelling = of(people.annotator_one, patients[0])
    reopen(people.coordinator, labelling)
    save(labelling, 1, 2)
    assert selectors.annotator_pairs(cohort) == before
    submit(labelling)
    assert selectors.annotator_pairs(cohort) == before
    assert ("P001", 1, 0, 2) in [tuple(pair) for pair in before]
    (told,) = selectors.agreement_report(cohort).disagreements
    assert {told.label_a.label, told.label_b.label} == {0, 2}
    assert told.final_label == "Metastasis with ENE"


def test_the_label_of_a_removed_node_is_out_of_the_way(people, labelling):
    save(labelling, 1, 1)
    save(labelling, 2, 0)
    Node.objects.filter(patient=labelling.patient, number=2).update(
        removed_at="2026-11-30T12:00:00Z"
    )
    assert [row.node.number for row in selectors.current_labels(labelling)] == [1]
    assert submit(labelling).state == "submitted"


def test_the_page_and_the_api_reopen(client, people, cohort, patients):
    label_all(people.annotator_one, patients[0], [0, 1])
    labelling = of(people.annotator_one, patients[0])
    client.force_login(people.coordinator)
    page = f"/annotation/cohorts/{cohort.public_id}/release/"
    assert f"/annotation/labellings/{labelling.public_id}/reopen/" in client.get(page).text
    done = client.post(
        f"/annotation/labellings/{labelling.public_id}/reopen/", {"reason": "Wrong side."}
    )
    assert (done.status_code, done.url) == (302, page)
    assert "annotator_one can go on with P001." in client.get(page).text
    again = client.post(
        f"/api/v1/annotation/labellings/{labelling.public_id}/reopen/",
        {"reason": "Once more."},
        content_type="application/json",
    )
    assert (again.status_code, again.json()["code"]) == (422, "not_submitted")
    submit(labelling)
    by_api = client.post(
        f"/api/v1/annotation/labellings/{labelling.public_id}/reopen/",
        {"reason": "Once more."},
        content_type="application/json",
    )
    assert by_api.json() == {"labelling": str(labelling.public_id), "state": "draft", "version": 4}
    stranger = client.post(f"/annotation/labellings/{uuid.uuid4()}/reopen/", {"reason": "x"})
    assert stranger.status_code == 404


def test_the_first_submission_counts_for_each_node():
    rows = [
        Row(node_id=1, version=1, label=0),
        Row(node_id=2, version=2, label=1),
        Row(node_id=1, version=3, label=2),
        Row(node_id=1, version=5, label=1),
        Row(node_id=3, version=6, label=2),
        Row(node_id=3, version=8, label=0),
    ]
    found = first_submitted(reversed(rows), [3, 6])
    assert {node: row.label for node, row in found.items()} == {1: 2, 2: 1, 3: 2}
    assert first_submitted(rows, []) == {}


def test_a_split_node_keeps_its_place_and_shows_what_it_was(people, patients):
    """Its parts are to be labelled anew; where they lie and what they were is not lost."""
    labelling = services.start_labelling(by=people.annotator_one, patient=patients[0])
    place = LabelDetails(place="left III", matched="left IV", matted="A")
    save(labelling, 1, 1, details=place)
    save(labelling, 2, 0)
    labelling = submit(labelling)
    node = patients[0].nodes.get(number=1)
    split_node(
        by=people.annotator_two,
        seen=NodeVersion(node=node, base_version=1),
        client_id=uuid.uuid4(),
        runs=box_runs((3, 18, 17), (4, 24, 24)),
    )
    reopen(people.coordinator, labelling)
    labelling.refresh_from_db()
    nodes = {one["number"]: one for one in selectors.labelling_state(labelling)["nodes"]}
    assert sorted(nodes) == [2, 3, 4]
    assert nodes[2]["formerly"] == []
    for number in (3, 4):
        told = nodes[number]
        assert [(one["number"], one["label"]) for one in told["formerly"]] == [(1, 1)]
        assert (told["label"], told["place"], told["matched"]) == (None, "left III", "left IV")
        assert (told["matted"], told["basis"], told["certainty"]) == ("A", "", None)
    save(labelling, 3, 0)
    state = selectors.labelling_state(Labelling.objects.get(pk=labelling.pk))
    assert next(one for one in state["nodes"] if one["number"] == 3)["place"] == ""
