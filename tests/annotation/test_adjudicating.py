"""An adjudicator decides where two submitted labels differ, and nowhere else."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404

from accounts.errors import Conflict
from accounts.models import AuditEvent
from annotation import selectors, services
from annotation.models import Adjudication, Labelling
from cohorts.models import Node
from cohorts.vocabulary import CohortRole
from tests.annotation.conftest import label_all, save
from tests.discussion import keep_all
from tests.people import join, person


def decide(people, node, label=1, **changes):
    told = {"by": people.adjudicator, "node": node, "label": label, "reason": "Seen in the CT."}
    return services.adjudicate(**(told | changes))


def test_a_decision_is_kept_with_both_labels_and_the_reason(people, discordant):
    made = decide(people, discordant, reason="  Fat plane lost. ")
    assert (made.label, made.reason) == (1, "Fat plane lost.")
    assert {made.first_label.label, made.second_label.label} == {0, 2}
    event = AuditEvent.objects.get(verb="adjudicate")
    assert event.reason == "Fat plane lost."
    assert event.new == {"node": str(discordant.public_id), "version": 1}


def test_a_later_decision_supersedes_the_first(people, discordant):
    first = decide(people, discordant)
    second = decide(people, discordant, label=2, base_version=1)
    assert second.supersedes == first
    (found,) = selectors.discordant_nodes(people.adjudicator, discordant.patient.cohort)
    assert (found.decision, found.base_version) == (second, 2)


@pytest.mark.parametrize("base_version", [0, 2])
def test_a_decision_on_an_unseen_state_is_a_conflict(people, decided, base_version):
    with pytest.raises(Conflict, match="has 1 decisions, you have seen") as refusal:
        decide(people, decided, base_version=base_version)
    assert refusal.value.current == {"version": 1}
    assert Adjudication.objects.count() == 1


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_reason_is_required(people, discordant, reason):
    with pytest.raises(ValidationError) as refusal:
        decide(people, discordant, reason=reason)
    assert refusal.value.message_dict == {"reason": ["Write why: a decision needs a reason."]}


def test_an_unknown_label_is_refused(people, discordant):
    with pytest.raises(ValidationError) as refusal:
        decide(people, discordant, label=3)
    assert "label" in refusal.value.message_dict


def test_where_both_agree_there_is_nothing_to_decide(people, discordant):
    agreed = Node.objects.get(patient=discordant.patient, number=2)
    with pytest.raises(ValidationError, match="Node 2 of P001 is no disagreement") as refusal:
        decide(people, agreed)
    assert refusal.value.code == "no_disagreement"


def test_before_both_have_submitted_there_is_nothing_to_decide(people, patients):
    label_all(people.annotator_one, patients[0], [0, 1])
    other = services.start_labelling(by=people.annotator_two, patient=patients[0])
    save(other, 1, 2)
    save(other, 2, 2)
    with pytest.raises(ValidationError, match="no disagreement"):
        decide(people, patients[0].nodes.get(number=1))
    assert selectors.discordant_nodes(people.adjudicator, patients[0].cohort) == []


@pytest.mark.parametrize(
    "who", ["coordinator", "annotator_one", "statistician", "reader_one", "outsider"]
)
def test_only_adjudicators_decide(people, discordant, who):
    with pytest.raises(PermissionDenied, match="Only an adjudicator"):
        decide(people, discordant, by=getattr(people, who))


def test_an_annotator_with_both_roles_decides_nothing(people, cohort, discordant):
    join(cohort, people.annotator_one, CohortRole.ADJUDICATOR)
    with pytest.raises(PermissionDenied):
        decide(people, discordant, by=people.annotator_one)
    with pytest.raises(Http404):
        selectors.discordant_nodes(people.annotator_one, cohort)


def test_who_ever_labelled_here_decides_nothing(people, cohort, discordant):
    former = person("former")
    join(cohort, former, CohortRole.ADJUDICATOR)
    Labelling.objects.create(annotator=former, patient=discordant.patient)
    with pytest.raises(PermissionDenied):
        decide(people, discordant, by=former)
    assert selectors.disagreements_by_cohort(former) == []


def test_the_adjudicator_sees_only_disagreements_and_no_names(people, cohort, discordant):
    (found,) = selectors.discordant_nodes(people.adjudicator, cohort)
    assert found.node == discordant
    told = selectors.disagreement_state(found)
    assert {told["annotator_a"]["label"], told["annotator_b"]["label"]} == {0, 2}
    assert "annotator_one" not in str(told)
    assert "annotator_two" not in str(told)


def test_who_is_a_does_not_follow_from_the_person(people, cohort):
    from tests.cases import store_case

    big = store_case(cohort, "P003", nodes=24)
    label_all(people.annotator_one, big, [0] * 24)
    label_all(people.annotator_two, big, [1] * 24)
    keep_all(cohort)
    found = selectors.discordant_nodes(people.adjudicator, cohort)
    assert {entry.label_a.label for entry in found} == {0, 1}


def test_nobody_else_sees_disagreements(people, cohort, discordant):
    for who in ("coordinator", "annotator_one", "annotator_two", "statistician", "outsider"):
        with pytest.raises(Http404):
            selectors.discordant_nodes(getattr(people, who), cohort)


def test_an_agreed_node_is_not_found_as_disagreement(people, discordant):
    agreed = Node.objects.get(patient=discordant.patient, number=2)
    with pytest.raises(Http404):
        selectors.disagreement_for(people.adjudicator, agreed.public_id)
