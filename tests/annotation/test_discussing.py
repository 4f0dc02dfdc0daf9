"""Two annotators discuss what they labelled differently, after both have finished alone."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404

from accounts.errors import Conflict
from accounts.models import AuditEvent
from annotation import selectors, services
from annotation.consensus import Outcome
from annotation.models import DiscussionStatement
from tests.annotation.conftest import label_all, speak
from tests.cases import store_case


def outcome_of(node):
    (standing,) = selectors.standings(node.patient.cohort, only=node)
    return standing.consensus


def test_both_keep_and_it_goes_to_the_adjudicator(people, disputed):
    assert outcome_of(disputed).outcome == Outcome.TO_DISCUSS
    speak(people.annotator_one, disputed)
    assert outcome_of(disputed).outcome == Outcome.TO_DISCUSS
    speak(people.annotator_two, disputed, base=1)
    assert outcome_of(disputed).outcome == Outcome.TO_ADJUDICATE
    assert AuditEvent.objects.filter(verb="state_in_discussion").count() == 2


def test_one_revises_and_they_agree(people, cohort, disputed):
    speak(people.annotator_one, disputed, 2, reason="The margin is lost on slice 4.")
    speak(people.annotator_two, disputed, base=1)
    found = outcome_of(disputed)
    assert (found.outcome, found.label) == (Outcome.AGREED_IN_DISCUSSION, 2)
    released = services.release_reference_standard(by=people.coordinator, cohort=cohort)
    assert [row["source"] for row in released.content] == ["discussion", "agreement", "agreement"]
    # Agreement between the two is measured on what each said alone.
    assert (0, 2) in [(pair.first, pair.second) for pair in selectors.annotator_pairs(cohort)]


def test_the_audit_trail_names_no_label(people, disputed):
    speak(people.annotator_one, disputed, 2, reason="The margin is lost.")
    event = AuditEvent.objects.get(verb="state_in_discussion")
    assert event.new == {"node": str(disputed.public_id), "version": 1}
    assert event.reason == ""


def test_a_revision_needs_a_reason(people, disputed):
    with pytest.raises(ValidationError) as refusal:
        speak(people.annotator_one, disputed, 2, reason="  ")
    assert refusal.value.message_dict == {"reason": ["Write why you revise your label."]}
    assert not DiscussionStatement.objects.exists()


def test_an_unknown_label_is_refused(people, disputed):
    with pytest.raises(ValidationError) as refusal:
        speak(people.annotator_one, disputed, 3, reason="Because.")
    assert "label" in refusal.value.message_dict


def test_a_last_word_is_one(people, disputed):
    first = speak(people.annotator_one, disputed)
    assert speak(people.annotator_one, disputed) == first
    with pytest.raises(ValidationError, match="kept as you said it") as refusal:
        speak(people.annotator_one, disputed, 2, reason="After all.", base=1)
    assert refusal.value.code == "already_stated"


def test_who_has_not_read_the_other_one_is_told_to(people, disputed):
    speak(people.annotator_one, disputed, 2, reason="The margin is lost.")
    with pytest.raises(Conflict, match="read it first") as refusal:
        speak(people.annotator_two, disputed, base=0)
    assert refusal.value.current == {"version": 1}


def test_nothing_is_seen_before_both_have_submitted_every_patient(people, cohort, patients):
    label_all(people.annotator_one, patients[0], [0, 1])
    label_all(people.annotator_two, patients[0], [2, 1])
    label_all(people.annotator_one, patients[1], [9])
    node = patients[0].nodes.get(number=1)
    for annotator in (people.annotator_one, people.annotator_two):
        (entry,) = selectors.cohort_discussions(annotator)
        assert (entry.is_open, entry.nodes) == (False, [])
        with pytest.raises(Http404):
            selectors.discussion_for(annotator, node.public_id)
        with pytest.raises(ValidationError, match="once both have submitted every patient"):
            services.state_in_discussion(by=annotator, node=node, label=0)


def test_a_patient_that_comes_later_closes_only_what_nobody_spoke_of(people, cohort, patients):
    for annotator, label in ((people.annotator_one, 0), (people.annotator_two, 2)):
        label_all(annotator, patients[0], [label, label])
        label_all(annotator, patients[1], [9])
    first, second = patients[0].nodes.order_by("number")
    speak(people.annotator_one, first)
    store_case(cohort, "P003", nodes=1)
    assert [
        one.node for one in selectors.discussions_in(people.annotator_two, cohort.public_id)
    ] == [first]
    speak(people.annotator_two, first, base=1)
    with pytest.raises(ValidationError, match="not to discuss"):
        services.state_in_discussion(by=people.annotator_one, node=second, label=0)


def test_where_both_agree_there_is_nothing_to_discuss(people, disputed):
    agreed = disputed.patient.nodes.get(number=2)
    with pytest.raises(ValidationError, match="not to discuss") as refusal:
        services.state_in_discussion(by=people.annotator_one, node=agreed, label=1)
    assert refusal.value.code == "no_discussion"


def test_the_adjudicator_waits_for_the_discussion(people, cohort, disputed):
    assert selectors.discordant_nodes(people.adjudicator, cohort) == []
    with pytest.raises(ValidationError, match="still in the annotators' discussion") as refusal:
        services.adjudicate(by=people.adjudicator, node=disputed, label=1, reason="Seen.")
    assert refusal.value.code == "in_discussion"


def test_the_adjudicator_reads_the_last_words_without_names(people, cohort, disputed):
    speak(people.annotator_one, disputed, 1, reason="Rather without ENE.")
    speak(people.annotator_two, disputed, base=1)
    (found,) = selectors.discordant_nodes(people.adjudicator, cohort)
    told = selectors.disagreement_state(found)
    said = {told[side]["label"]: told[side]["statement"] for side in ("annotator_a", "annotator_b")}
    assert said == {
        0: {"label": 1, "reason": "Rather without ENE."},
        2: {"label": 2, "reason": ""},
    }


@pytest.mark.parametrize(
    "who", ["coordinator", "adjudicator", "statistician", "reader_one", "outsider"]
)
def test_only_the_two_annotators_discuss(people, cohort, disputed, who):
    somebody = getattr(people, who)
    with pytest.raises(PermissionDenied, match="Only annotators"):
        services.state_in_discussion(by=somebody, node=disputed, label=1)
    with pytest.raises(Http404):
        selectors.discussion_for(somebody, disputed.public_id)
    with pytest.raises(Http404):
        selectors.discussions_in(somebody, cohort.public_id)
    assert selectors.cohort_discussions(somebody) == []


def test_the_pages_lead_through_the_discussion(client, people, disputed):
    client.force_login(people.annotator_one)
    page = client.get("/annotation/discussion/").text
    assert "Waits for you" in page
    url = f"/annotation/discussion/{disputed.public_id}/"
    assert "Metastasis with ENE" in client.get(url).text
    refused = client.post(url, {"label": 2, "base_version": 0, "reason": ""})
    assert refused.status_code == 422
    assert "Write why you revise your label." in refused.text
    done = client.post(url, {"label": 2, "base_version": 0, "reason": "The margin is lost."})
    assert (done.status_code, done.url) == (302, "/annotation/discussion/")
    assert "Waits for the other annotator" in client.get(url).text
    client.force_login(people.annotator_two)
    told = client.get(url).text
    assert "revised to Metastasis with ENE. The margin is lost." in told
    client.post(url, {"label": 2, "base_version": 1, "reason": ""})
    assert "Agreed: Metastasis with ENE" in client.get("/annotation/discussion/").text
