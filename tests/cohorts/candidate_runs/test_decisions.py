"""Candidates are decided one by one, by the ways and refusals of the mask editor, once."""

import json

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.errors import Conflict
from accounts.models import AuditEvent
from cohorts import mask_guards, storage
from cohorts.candidate_selectors import candidates_of, with_overlaps
from cohorts.models import CandidateDecision, CTSeries, MaskEdit, Node, NodeMask
from cohorts.services import accept_candidate, reject_candidate, remove_node
from tests.cases import box_runs
from tests.cohorts.masks.conftest import current, fresh, seen, stored_runs


@pytest.fixture
def node(patient):
    return patient.nodes.get(number=1)


@pytest.fixture
def free(candidates):
    """Lies in no node."""
    return candidates[0]


@pytest.fixture
def on_node(candidates):
    """Four of seven columns of node 1."""
    return candidates[1]


@pytest.fixture
def station(candidates):
    """Level IIa left, around node 2."""
    return candidates[2]


def proposed(candidate):
    return json.loads(storage.get(candidate.runs_key))


def accept(by, candidate, **more):
    return accept_candidate(by=by, candidate=candidate, **{"client_id": fresh()} | more)


def test_an_accepted_candidate_becomes_a_node_with_its_provenance(people, patient, free):
    decision = accept(people.annotator_one, free)
    node = patient.nodes.get(number=3)
    mask = current(node)
    assert stored_runs(mask) == proposed(free)
    assert (mask.version, mask.origin, mask.created_by) == (1, "candidate", people.annotator_one)
    assert (decision.verdict, decision.edit.kind) == ("accepted", "added")
    for words in ("Candidate 2", "LN-DETR 1", str(free.public_id), free.run.settings_digest[:12]):
        assert words.replace("Candidate 2", f"Candidate {free.number}") in decision.edit.reason
    event = AuditEvent.objects.get(verb="candidate_accepted")
    assert str(free.public_id) in event.new["candidate"]


def test_a_changed_mask_is_told_apart(people, patient, free):
    runs = box_runs((8, 40, 40), (9, 48, 47))
    decision = accept(people.adjudicator, free, runs=runs)
    mask = current(patient.nodes.get(number=3))
    assert (decision.verdict, mask.origin) == ("edited", "candidate edited")
    assert stored_runs(mask) == runs
    assert proposed(free) != runs


def test_a_candidate_on_a_node_is_told_with_its_dice(patient, candidates, free, on_node):
    told = {one.candidate: one.overlaps for one in with_overlaps(patient, candidates_of(patient))}
    assert told[free] == ()
    (overlap,) = told[on_node]
    assert (overlap.node.number, overlap.version) == (1, 1)
    assert overlap.dice == pytest.approx(2 * 48 / (48 + 84), abs=1e-4)


def test_a_candidate_on_a_node_is_no_new_node_but_a_new_version(people, node, on_node):
    with pytest.raises(ValidationError) as refused:
        accept(people.annotator_one, on_node)
    assert refused.value.code == "overlaps_node"
    assert not CandidateDecision.objects.exists()
    decision = accept(people.annotator_one, on_node, replaces=seen(node))
    mask = current(node)
    assert (mask.version, mask.origin) == (2, "candidate")
    assert stored_runs(mask) == proposed(on_node)
    assert decision.edit.kind == "refined"


def test_a_stale_version_is_not_replaced(people, node, on_node):
    with pytest.raises(Conflict):
        accept(people.annotator_one, on_node, replaces=seen(node, 2))
    assert NodeMask.objects.filter(node=node).count() == 1


def test_a_node_that_the_candidate_does_not_touch_is_not_replaced(people, node, free):
    with pytest.raises(ValidationError) as refused:
        accept(people.annotator_one, free, replaces=seen(node))
    assert refused.value.code == "candidate_apart"


def test_a_station_gives_its_level_to_the_nodes_whose_centre_lies_in_it(people, patient, station):
    warning = {"code": "no_station", "message": "lies in no station mask"}
    CTSeries.objects.filter(patient=patient).update(
        warnings=[warning | {"node": 1}, warning | {"node": 2}]
    )
    decision = accept(people.annotator_one, station)
    told = {node.number: (node.auto_level, node.auto_side) for node in patient.nodes.all()}
    assert told == {1: ("", ""), 2: ("IIa", "left")}
    assert decision.levels == [{"node": 2, "before": "", "after": "IIa left"}]
    assert decision.edit is None
    assert [one["node"] for one in CTSeries.objects.get(patient=patient).warnings] == [1]
    assert AuditEvent.objects.get(verb="candidate_accepted").new["levels"] == decision.levels


def test_a_changed_station_counts_as_changed(people, patient, station):
    runs = box_runs((3, 18, 17), (5, 24, 24))
    decision = accept(people.annotator_one, station, runs=runs)
    assert (decision.verdict, decision.levels[0]["node"]) == ("edited", 1)
    assert patient.nodes.get(number=2).auto_level == ""


def test_a_station_replaces_no_node(people, node, station):
    with pytest.raises(ValidationError) as refused:
        accept(people.annotator_one, station, replaces=seen(node))
    assert refused.value.code == "station_is_no_node"


def test_a_rejected_candidate_stays_and_changes_nothing(people, patient, free):
    decision = reject_candidate(
        by=people.annotator_two, candidate=free, client_id=fresh(), reason=" A vessel. "
    )
    assert (decision.verdict, decision.reason) == ("rejected", "A vessel.")
    assert not MaskEdit.objects.exists()
    assert AuditEvent.objects.get(verb="candidate_rejected").reason == "A vessel."


@pytest.mark.parametrize("which", ["free", "station"])
def test_the_same_acceptance_again_is_answered_as_before(people, request, which):
    call = {
        "by": people.annotator_one,
        "candidate": request.getfixturevalue(which),
        "client_id": fresh(),
    }
    first = accept_candidate(**call)
    assert accept_candidate(**call) == first
    assert CandidateDecision.objects.count() == 1
    with pytest.raises(ValidationError) as refused:
        accept_candidate(**call | {"runs": box_runs((8, 40, 40), (9, 42, 42))})
    assert refused.value.code == "client_id_reused"


def test_an_id_serves_one_candidate(people, free, station):
    client_id = fresh()
    reject_candidate(by=people.annotator_one, candidate=free, client_id=client_id)
    reject_candidate(by=people.annotator_one, candidate=free, client_id=client_id)
    for again in ({"candidate": station}, {"candidate": free, "reason": "Another."}):
        with pytest.raises(ValidationError) as refused:
            reject_candidate(by=people.annotator_one, client_id=client_id, **again)
        assert refused.value.code == "client_id_reused"


def test_a_candidate_is_decided_once(people, free):
    reject_candidate(by=people.annotator_one, candidate=free, client_id=fresh())
    with pytest.raises(Conflict) as refused:
        accept(people.annotator_two, free)
    assert refused.value.current == {"verdict": "rejected"}
    assert Node.objects.count() == 2


@pytest.mark.parametrize("which", ["free", "station"])
def test_masks_in_use_are_not_changed(people, request, which, monkeypatch):
    monkeypatch.setattr(mask_guards, "_guards", [lambda patient: "Readers have called it."])
    candidate = request.getfixturevalue(which)
    with pytest.raises(ValidationError) as refused:
        accept(people.annotator_one, candidate)
    assert refused.value.code == "masks_in_use"
    reject_candidate(by=people.annotator_one, candidate=candidate, client_id=fresh())


@pytest.mark.parametrize("who", ["coordinator", "reader_one", "statistician", "outsider"])
def test_only_annotators_and_adjudicators_decide(people, candidates, who):
    for candidate in candidates:
        with pytest.raises(PermissionDenied):
            accept(getattr(people, who), candidate)
        with pytest.raises(PermissionDenied):
            reject_candidate(by=getattr(people, who), candidate=candidate, client_id=fresh())


def test_the_node_of_a_candidate_is_removed_like_any_other(people, patient, free):
    accept(people.annotator_one, free)
    node = patient.nodes.get(number=3)
    remove_node(by=people.annotator_one, seen=seen(node), client_id=fresh(), reason="A vessel.")
    assert [one.number for one in patient.nodes.all()] == [1, 2]
