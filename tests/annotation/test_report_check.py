"""Labels held against a locked report while they are made; nothing is submitted over a block."""

import uuid

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.errors import Conflict
from accounts.models import AuditEvent
from annotation import services
from annotation.models import FindingReason
from annotation.pathology_rules.details import LabelDetails
from annotation.pathology_rules.report import PrimarySide
from annotation.selectors import labelling_state, report_check
from cohorts.models import NodeMask
from tests.annotation.conftest import save
from tests.annotation.pathology_rules.reports import exactly, report, rows

REPORT_KEYS = {"levels", "findings", "incomplete"}
LEVEL_KEYS = {
    "places",
    "is_dissected",
    "examined",
    "positive",
    "ene_positive",
    "labelled",
    "metastatic",
    "with_ene",
    "not_determinable",
}
FINDING_KEYS = {"code", "sentence", "places", "nodes", "is_block", "takes_reason", "reason"}
LONG_GAP = 100


def lock(people, patient, *levels, **fields):
    """Enter, check and lock a report; it warns of the gap to surgery by itself."""
    told = {"primary_side": PrimarySide.LEFT, "days_ct_to_surgery": LONG_GAP} | fields
    given = {"by": people.annotator_one, "report": report(*levels, **told)}
    services.enter_report(patient=patient, base_revision=0, **given)
    services.check_report(by=people.annotator_two, patient=patient, base_revision=1)
    services.lock_report(
        by=people.coordinator, patient=patient, base_revision=2, reason="As on the paper."
    )


@pytest.fixture
def locked(people, patients):
    """P001: one of ten nodes of the left level IIa positive, without ENE; level III negative."""
    levels = rows(L_IIa=(10, 1, 0), L_III=(8, 0, 0))
    lock(people, patients[0], *levels, pn="pN1", largest_deposit=exactly(8))


def say(labelling, number, label, place="left IIa", **details):
    """Label a node with all that the rules need."""
    told = {"basis": "guess", "certainty": 1} | details
    return save(labelling, number, label, details=LabelDetails(place=place, **told))


def found(labelling):
    return [(one.finding.code, one.finding.nodes) for one in report_check(labelling).findings]


def codes_of(refusal):
    return [error.code for error in refusal.value.error_list]


def submit(labelling):
    return services.submit_labelling(by=labelling.annotator, labelling=labelling)


def reason_for(labelling, index=0, reason="Seen at surgery.", **others):
    one = report_check(labelling).findings[index].finding
    told = {
        "by": labelling.annotator,
        "client_id": uuid.uuid4(),
        "code": one.code,
        "sentence": one.sentence,
    } | others
    return services.give_reason(labelling=labelling, reason=reason, **told)


def test_without_a_locked_report_nothing_is_asked_but_the_label(people, labelling):
    save(labelling, 1, 1)
    save(labelling, 2, 2)
    assert report_check(labelling) is None
    assert labelling_state(labelling)["report"] is None
    assert submit(labelling).state == "submitted"


def test_a_report_that_is_not_locked_is_no_report(people, labelling):
    services.enter_report(
        by=people.annotator_one,
        patient=labelling.patient,
        report=report(*rows(L_III=(8, 0, 0))),
        base_revision=0,
    )
    assert report_check(labelling) is None


@pytest.mark.usefixtures("locked")
def test_levels_are_counted_as_they_are_labelled(labelling):
    say(labelling, 1, 1)
    say(labelling, 2, 9, matched="left III")
    levels = labelling_state(labelling)["report"]["levels"]
    assert [(one["places"], one["examined"], one["positive"]) for one in levels] == [
        (["left IIa"], 10, 1),
        (["left III"], 8, 0),
    ]
    assert [(one["labelled"], one["metastatic"]) for one in levels] == [(1, 1), (1, 0)]
    assert [one["not_determinable"] for one in levels] == [0, 1]


@pytest.mark.usefixtures("locked")
def test_what_the_rules_need_is_asked_for_before_submitting(labelling):
    save(labelling, 1, 1)
    save(labelling, 2, 0, details=LabelDetails(place="left III", basis="guess"))
    check = report_check(labelling)
    assert [(one.number, one.missing) for one in check.incomplete] == [
        (1, ("level", "basis", "certainty")),
        (2, ("certainty",)),
    ]
    assert [one.labelled for one in check.levels] == [0, 1]
    with pytest.raises(ValidationError) as refusal:
        submit(labelling)
    assert codes_of(refusal) == ["incomplete", "incomplete"]
    assert refusal.value.messages[0] == "Node 1 has no level and basis and certainty yet."


@pytest.mark.usefixtures("locked")
def test_a_block_is_shown_at_once_and_keeps_from_submitting(labelling):
    say(labelling, 1, 1)
    say(labelling, 2, 1)
    assert found(labelling) == [("B1", (1, 2))]
    with pytest.raises(ValidationError, match="B1: left IIa: 2 labelled metastatic") as refusal:
        submit(labelling)
    assert codes_of(refusal) == ["blocked"]
    with pytest.raises(ValidationError, match="no reason settles it"):
        reason_for(labelling)
    say(labelling, 2, 0)
    assert found(labelling) == []
    assert submit(labelling).state == "submitted"


@pytest.mark.usefixtures("locked")
def test_a_warning_needs_a_reason_for_the_very_sentence(labelling):
    NodeMask.objects.filter(node__patient=labelling.patient, node__number=2).update(short_axis_mm=9)
    say(labelling, 1, 1)
    say(labelling, 2, 0)
    assert found(labelling) == [("W1", (1, 2))]
    with pytest.raises(ValidationError, match=r"W1: .* Write why it may stand") as refusal:
        submit(labelling)
    assert codes_of(refusal) == ["reason_missing"]
    reason_for(labelling)
    NodeMask.objects.filter(node__patient=labelling.patient, node__number=2).update(short_axis_mm=7)
    with pytest.raises(ValidationError, match="W1"):
        submit(labelling)
    reason_for(labelling, reason="Still seen.")
    assert submit(labelling).state == "submitted"
    assert FindingReason.objects.count() == 2


def test_ene_that_ct_does_not_show_is_settled_by_writing_so(people, labelling):
    levels = rows(L_IIa=(10, 2, 1))
    lock(people, labelling.patient, *levels, pn="pN3b", largest_deposit=exactly(8))
    say(labelling, 1, 1)
    say(labelling, 2, 1)
    assert found(labelling) == [("B5", ())]
    with pytest.raises(ValidationError, match="B5"):
        submit(labelling)
    reason_for(labelling, reason="Not visible on CT.")
    assert submit(labelling).state == "submitted"


@pytest.mark.usefixtures("locked")
def test_what_the_report_was_locked_with_is_not_asked_again(labelling):
    say(labelling, 1, 0)
    assert found(labelling) == []


@pytest.fixture
def warned(labelling, locked):
    """A labelling with W1."""
    NodeMask.objects.filter(node__patient=labelling.patient, node__number=2).update(short_axis_mm=9)
    say(labelling, 1, 1)
    say(labelling, 2, 0)
    return labelling


def test_a_reason_is_kept_once_and_audited_without_its_words(warned):
    client_id = uuid.uuid4()
    first = reason_for(warned, reason="  Seen. ", client_id=client_id)
    again = reason_for(warned, reason="Seen.", client_id=client_id)
    assert (first.replayed, again) == (False, (first.row, True))
    assert FindingReason.objects.get().reason == "Seen."
    event = AuditEvent.objects.get(verb="give_reason")
    assert event.new == {"labelling": str(warned.public_id), "version": 2}
    with pytest.raises(ValidationError, match="other content"):
        reason_for(warned, reason="Other.", client_id=client_id)


def test_an_empty_reason_is_none(warned):
    with pytest.raises(ValidationError, match="needs a reason"):
        reason_for(warned, reason="  ")


def test_a_finding_that_moved_on_takes_no_reason(warned):
    with pytest.raises(Conflict) as refusal:
        reason_for(warned, sentence="What was never shown.")
    assert refusal.value.error_list[0].code == "stale_finding"


def test_nobody_gives_a_reason_in_anothers_labelling_or_after_submitting(people, warned):
    with pytest.raises(PermissionDenied):
        reason_for(warned, by=people.annotator_two)
    reason_for(warned)
    submit(warned)
    with pytest.raises(ValidationError, match="submitted"):
        reason_for(warned, reason="Another one.")


def test_the_page_is_sent_exactly_these_keys(client, people, warned):
    client.force_login(people.annotator_one)
    base = f"/api/v1/annotation/labellings/{warned.public_id}/"
    state = client.get(base).json()["report"]
    assert set(state) == REPORT_KEYS
    assert {frozenset(level) for level in state["levels"]} == {frozenset(LEVEL_KEYS)}
    (finding,) = state["findings"]
    assert set(finding) == FINDING_KEYS
    body = {
        "client_id": str(uuid.uuid4()),
        "code": finding["code"],
        "sentence": finding["sentence"],
        "reason": "Seen.",
    }
    answers = [
        client.post(f"{base}reasons/", body, content_type="application/json") for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].content == answers[1].content
    assert set(answers[0].json()) == {*body, "report"}
    assert answers[0].json()["report"]["findings"][0]["reason"] == "Seen."
    stale = client.post(
        f"{base}reasons/",
        body | {"client_id": str(uuid.uuid4()), "sentence": "?"},
        content_type="application/json",
    )
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_finding")


def test_the_others_labels_and_reasons_change_nothing_here(people, warned):
    before = labelling_state(warned)
    other = services.start_labelling(by=people.annotator_two, patient=warned.patient)
    say(other, 1, 1)
    say(other, 2, 0)
    reason_for(other, by=people.annotator_two)
    assert labelling_state(warned) == before


def test_what_leaves_the_analysis_elsewhere_is_counted_from_own_labels(people, patients, labelling):
    for person in (people.annotator_one, people.annotator_two):
        other = services.start_labelling(by=person, patient=patients[1])
        save(other, 1, 9 if person == people.annotator_one else 1)
    assert labelling_state(labelling)["elsewhere"] == {"nodes": 1, "not_determinable": 1}
