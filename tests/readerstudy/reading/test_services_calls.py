"""Calls: saved once, replayed, never overwritten; cases submitted when complete."""

import uuid

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.http import Http404

from accounts.errors import Conflict
from accounts.models import AuditEvent
from readerstudy.reading.models import AssignmentNode, AssignmentState, NodeCall, ReadingEvent
from readerstudy.reading.selectors import calls_of, case_for, next_case, pictures_for
from readerstudy.reading.services import (
    EventGiven,
    close_study,
    open_case,
    record_events,
    reopen_case,
    submit_call,
    submit_case,
)
from tests.readerstudy.reading.conftest import call_all, case_at, given, read_case


def code_of(refusal):
    return refusal.value.error_list[0].code


@pytest.fixture
def me(people):
    return people.reader_one


@pytest.fixture
def node(case):
    return case.nodes.get(number=1)


# saving


def test_a_call_is_saved_and_moves_the_version(me, case, node):
    saved = submit_call(by=me, case=case.public_id, given=given(case, node, category=2))
    assert (saved.version, saved.node, saved.category, saved.replayed) == (
        1,
        node.public_id,
        2,
        False,
    )
    row = NodeCall.objects.get()
    assert (row.node, row.category, row.version, row.supersedes) == (node, 2, 1, None)
    case.refresh_from_db()
    assert case.version == 1


def test_a_change_supersedes_the_call_before(me, case, node):
    submit_call(by=me, case=case.public_id, given=given(case, node, category=0))
    case.refresh_from_db()
    submit_call(by=me, case=case.public_id, given=given(case, node, category=2))
    first, second = NodeCall.objects.order_by("version")
    assert (second.supersedes, second.version) == (first, 2)


def test_a_known_id_is_answered_as_before(me, case, node):
    call = given(case, node)
    first = submit_call(by=me, case=case.public_id, given=call)
    again = submit_call(by=me, case=case.public_id, given=call)
    assert (again.version, again.node, again.category) == (first.version, first.node, 1)
    assert again.replayed
    assert NodeCall.objects.count() == 1


def test_a_known_id_is_answered_after_later_calls_submit_and_close(people, me, study, case, node):
    call = given(case, node)
    submit_call(by=me, case=case.public_id, given=call)
    read_case(me, case)
    assert submit_call(by=me, case=case.public_id, given=call).version == 1
    close_study(by=people.coordinator, study=study, confirm_incomplete=True, reason="Over.")
    assert submit_call(by=me, case=case.public_id, given=call).version == 1


@pytest.mark.parametrize("change", ["category", "node", "shown_slice", "shown_case"])
def test_a_known_id_with_other_content_is_refused(me, case, node, change):
    call = given(case, node)
    submit_call(by=me, case=case.public_id, given=call)
    other = {
        "category": 2,
        "node": case.nodes.get(number=2).public_id,
        "shown_slice": call.shown_slice + 1,
        "shown_case": uuid.uuid4(),
    }
    with pytest.raises(ValidationError) as refusal:
        submit_call(
            by=me,
            case=case.public_id,
            given=given(case, node, call=call.call, **{change: other[change]}),
        )
    assert code_of(refusal) == "replayed_with_other_content"
    assert NodeCall.objects.count() == 1


def test_an_id_known_on_another_readers_case_tells_nothing(people, me, study, case, node):
    call = given(case, node)
    submit_call(by=me, case=case.public_id, given=call)
    theirs = case_at(study.readers.get(user=people.reader_two), 1)
    with pytest.raises(ValidationError) as refusal:
        submit_call(
            by=people.reader_two,
            case=theirs.public_id,
            given=given(theirs, theirs.nodes.first(), call=call.call),
        )
    assert code_of(refusal) == "replayed_with_other_content"
    assert NodeCall.objects.count() == 1


@pytest.mark.parametrize("base_version", [0, 2, 99])
def test_a_stale_version_is_a_conflict_with_the_state_now(me, case, node, base_version):
    submit_call(by=me, case=case.public_id, given=given(case, node, category=2))
    with pytest.raises(Conflict) as refusal:
        submit_call(by=me, case=case.public_id, given=given(case, node, base_version=base_version))
    assert code_of(refusal) == "stale_version"
    assert refusal.value.current == {
        "version": 1,
        "state": "draft",
        "calls": {str(node.public_id): 2},
    }
    assert NodeCall.objects.count() == 1


def test_another_case_on_the_screen_is_refused(me, case, node):
    with pytest.raises(ValidationError) as refusal:
        submit_call(by=me, case=case.public_id, given=given(case, node, shown_case=uuid.uuid4()))
    assert code_of(refusal) == "wrong_case_shown"


@pytest.mark.parametrize("step", [-1, 2])
def test_a_slice_without_the_node_is_refused(me, case, node, step):
    first, stop = node.mask.bounding_box[0]
    outside = first - 1 if step < 0 else stop
    with pytest.raises(ValidationError, match=f"slices {first} to {stop - 1}") as refusal:
        submit_call(by=me, case=case.public_id, given=given(case, node, shown_slice=outside))
    assert code_of(refusal) == "slice_not_of_node"


def test_every_slice_of_the_node_is_accepted(me, case, node):
    first, stop = node.mask.bounding_box[0]
    for z in range(first, stop):
        case.refresh_from_db()
        submit_call(by=me, case=case.public_id, given=given(case, node, shown_slice=z))
    assert list(NodeCall.objects.values_list("shown_slice", flat=True)) == list(range(first, stop))


def test_a_node_of_another_case_is_refused(me, reader, case):
    foreign = case_at(reader, 2).nodes.first()
    with pytest.raises(ValidationError) as refusal:
        submit_call(by=me, case=case.public_id, given=given(case, foreign))
    assert code_of(refusal) == "node_not_of_case"


def test_a_submitted_case_is_locked(me, case, node):
    read_case(me, case)
    with pytest.raises(ValidationError) as refusal:
        submit_call(by=me, case=case.public_id, given=given(case, node))
    assert code_of(refusal) == "case_locked"


def test_nothing_is_saved_in_a_closed_study(people, study, me, case, node):
    close_study(by=people.coordinator, study=study, confirm_incomplete=True, reason="Over.")
    with pytest.raises(ValidationError) as refusal:
        submit_call(by=me, case=case.public_id, given=given(case, node))
    assert code_of(refusal) == "study_closed"


def test_nobody_saves_in_another_readers_case(people, case, node):
    for stranger in (people.reader_two, people.coordinator, people.outsider):
        with pytest.raises(Http404):
            submit_call(by=stranger, case=case.public_id, given=given(case, node))


def test_a_case_ahead_cannot_be_called(me, reader):
    ahead = case_at(reader, 2)
    with pytest.raises(Http404):
        submit_call(by=me, case=ahead.public_id, given=given(ahead, ahead.nodes.first()))


def test_a_reopened_case_takes_calls_again(people, me, case, node):
    read_case(me, case)
    case = reopen_case(by=people.coordinator, assignment=case, reason="Again.")
    saved = submit_call(by=me, case=case.public_id, given=given(case, node, category=2))
    assert saved.version == 5
    case.refresh_from_db()
    submit_case(by=me, case=case.public_id, base_version=5)


@pytest.mark.parametrize(
    "change",
    [
        lambda calls: calls.update(category=2),
        lambda calls: calls._raw_delete("default"),
    ],
)
def test_the_database_keeps_every_call(me, case, node, change):
    submit_call(by=me, case=case.public_id, given=given(case, node))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change(NodeCall.objects.all())


def test_a_save_takes_few_queries(me, case, node, django_assert_max_num_queries):
    call = given(case, node)
    with django_assert_max_num_queries(10):  # two of them are the test's own savepoint
        submit_call(by=me, case=case.public_id, given=call)


# submitting


def test_a_complete_case_is_submitted(me, case):
    call_all(me, case)
    submitted = submit_case(by=me, case=case.public_id, base_version=3)
    assert (submitted.state, submitted.version) == (AssignmentState.SUBMITTED, 3)
    assert submitted.submitted_at is not None
    assert ReadingEvent.objects.filter(assignment=case, kind="submitted").count() == 1
    assert AuditEvent.objects.last().new == {"state": "submitted", "version": 3}


def test_the_same_submit_again_changes_nothing(me, case):
    read_case(me, case)
    events = AuditEvent.objects.count()
    again = submit_case(by=me, case=case.public_id, base_version=3)
    assert again.submitted_at == case.submitted_at
    assert AuditEvent.objects.count() == events


def test_a_submit_of_another_version_is_a_conflict(me, case):
    call_all(me, case)
    with pytest.raises(Conflict):
        submit_case(by=me, case=case.public_id, base_version=2)
    submit_case(by=me, case=case.public_id, base_version=3)
    with pytest.raises(Conflict) as refusal:
        submit_case(by=me, case=case.public_id, base_version=2)
    assert refusal.value.current["state"] == "submitted"


def test_an_incomplete_case_is_refused_naming_its_nodes(me, case):
    with pytest.raises(ValidationError, match="Nodes 1, 2, 3 have no call"):
        submit_case(by=me, case=case.public_id, base_version=0)
    for number in (1, 3):
        case.refresh_from_db()
        call = given(case, case.nodes.get(number=number))
        submit_call(by=me, case=case.public_id, given=call)
    with pytest.raises(ValidationError, match="Node 2 has no call") as refusal:
        submit_case(by=me, case=case.public_id, base_version=2)
    assert code_of(refusal) == "incomplete"


def test_nothing_is_submitted_in_a_closed_study(people, study, me, case):
    call_all(me, case)
    close_study(by=people.coordinator, study=study, confirm_incomplete=True, reason="Over.")
    with pytest.raises(ValidationError) as refusal:
        submit_case(by=me, case=case.public_id, base_version=3)
    assert code_of(refusal) == "study_closed"


def test_nobody_submits_another_readers_case(people, me, case):
    call_all(me, case)
    with pytest.raises(Http404):
        submit_case(by=people.reader_two, case=case.public_id, base_version=3)


# order


def test_cases_are_reached_one_after_the_other(me, reader):
    first, second, third = (case_at(reader, position) for position in (1, 2, 3))
    assert next_case(reader) == first.public_id
    for ahead in (second, third):
        with pytest.raises(Http404):
            case_for(me, ahead.public_id)
    read_case(me, first)
    assert next_case(reader) == second.public_id
    assert case_for(me, second.public_id) == second
    assert case_for(me, first.public_id) == first
    with pytest.raises(Http404):
        case_for(me, third.public_id)


def test_pictures_may_be_fetched_one_case_ahead(me, people, reader):
    assert pictures_for(me, case_at(reader, 2).public_id) == case_at(reader, 2)
    with pytest.raises(Http404):
        pictures_for(me, case_at(reader, 3).public_id)
    with pytest.raises(Http404):
        pictures_for(people.reader_two, case_at(reader, 1).public_id)


def test_a_reopened_case_comes_first(people, me, reader):
    for position in (1, 2):
        read_case(me, case_at(reader, position))
    reopen_case(by=people.coordinator, assignment=case_at(reader, 1), reason="Again.")
    assert next_case(reader) == case_at(reader, 1).public_id
    assert case_for(me, case_at(reader, 3).public_id)


def test_after_the_last_case_nothing_waits(me, reader):
    for position in (1, 2, 3):
        read_case(me, case_at(reader, position))
    assert next_case(reader) is None


# opening and events


def test_the_first_opening_is_recorded_once(me, case):
    open_case(by=me, case=case.public_id)
    case.refresh_from_db()
    opened = case.first_opened_at
    open_case(by=me, case=case.public_id)
    case.refresh_from_db()
    assert case.first_opened_at == opened is not None
    assert ReadingEvent.objects.filter(kind="opened").count() == 1


def test_looking_at_a_closed_study_records_nothing(people, study, me, case):
    close_study(by=people.coordinator, study=study, confirm_incomplete=True, reason="Over.")
    open_case(by=me, case=case.public_id)
    assert not ReadingEvent.objects.exists()


def event(**changes):
    values = {"kind": "slice", "slice_index": 3, "node": None, "at_ms": 1200}
    return EventGiven(**values | changes)


def test_events_are_appended(me, case, node):
    events = [event(), event(kind="hidden", slice_index=None), event(node=node.public_id)]
    assert record_events(by=me, case=case.public_id, events=events) == 3
    rows = ReadingEvent.objects.order_by("pk").values_list(
        "kind", "slice_index", "node", "client_ms"
    )
    assert list(rows) == [
        ("slice", 3, None, 1200),
        ("hidden", None, None, 1200),
        ("slice", 3, node.pk, 1200),
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"node": uuid.uuid4()}, "node_not_of_case"), ({"slice_index": 12}, "slice_not_of_case")],
)
def test_events_of_something_else_are_refused_whole(me, case, changes, code):
    with pytest.raises(ValidationError) as refusal:
        record_events(by=me, case=case.public_id, events=[event(), event(**changes)])
    assert code_of(refusal) == code
    assert not ReadingEvent.objects.exists()


def test_nobody_reports_events_of_another_readers_case(people, case):
    with pytest.raises(Http404):
        record_events(by=people.reader_two, case=case.public_id, events=[event()])


# what the analysis room gets


def test_only_final_calls_of_submitted_cases_are_handed_over(people, study, me, reader):
    first, second = case_at(reader, 1), case_at(reader, 2)
    call_all(me, first, category=0)
    read_case(me, first, category=2)
    call_all(me, second, category=1)
    rows = calls_of(study)
    mine = [row for row in rows if row.reader_number == 1]
    assert len(rows) == 18
    assert {row.category for row in mine if row.submitted} == {2}
    assert sum(row.submitted for row in rows) == 3
    assert all(row.category is None for row in rows if not row.submitted)
    by_node = {(row.patient_pseudonym, row.node_number): row.mask_digest for row in mine}
    frozen = AssignmentNode.objects.filter(assignment__reader=reader)
    assert by_node == {
        (n.assignment.patient.pseudonym, n.node.number): n.mask.digest for n in frozen
    }


def test_handing_over_takes_one_query(study, django_assert_num_queries):
    with django_assert_num_queries(1):
        calls_of(study)
