"""Reading times: event sequences worked by hand, and what counts of a stored case."""

import random
from datetime import timedelta

import pytest

from readerstudy.reading.models import Assignment, AssignmentState, StudyReader
from readerstudy.reading.selectors import reading_times_of
from readerstudy.reading.selectors.reading_times import active_seconds
from readerstudy.reading.services import (
    EventGiven,
    open_case,
    record_events,
    reopen_case,
    submit_case,
)
from tests import walk
from tests.readerstudy.reading.conftest import call_all, case_at, read_case

AN_HOUR = 3_600_000
START = 1_700_000_000_000
"""The browser's clock counts from 1970."""

SEQUENCES = {
    "nothing": ([], None),
    "one event": ([(0, "opened")], None),
    "slices": ([(0, "opened"), (1_000, "slice"), (2_500, "slice")], 2.5),
    "to the end of the visit": ([(0, "opened"), (4_000, "closed")], 4.0),
    "a pause of 60 s": ([(0, "opened"), (60_000, "slice")], 60.0),
    "a pause of 60.001 s": ([(0, "opened"), (60_001, "slice")], 60.0),
    "a pause of an hour": ([(0, "opened"), (AN_HOUR, "slice"), (AN_HOUR + 5_000, "slice")], 65.0),
    "hidden": (
        [(0, "opened"), (2_000, "slice"), (5_000, "hidden"), (9_000, "visible"), (11_000, "slice")],
        7.0,  # 2 + 3 + 2
    ),
    "hidden and closed": (
        [
            (0, "opened"),
            (2_000, "hidden"),
            (9_000, "closed"),
            (20_000, "opened"),
            (21_000, "slice"),
        ],
        3.0,  # 2 + 1
    ),
    "left for good while hidden": ([(0, "opened"), (1_500, "hidden"), (9_000, "closed")], 1.5),
    "a slice that settles just after hiding": (
        [(0, "opened"), (100, "hidden"), (150, "slice"), (10_000, "visible"), (11_000, "slice")],
        1.1,  # 0.1 + 1
    ),
    "closed and opened again": (
        [
            (0, "opened"),
            (4_000, "slice"),
            (10_000, "closed"),
            (AN_HOUR, "opened"),
            (AN_HOUR + 1_500, "slice"),
            (AN_HOUR + 2_000, "closed"),
        ],
        12.0,  # 4 + 6 + 1.5 + 0.5
    ),
    "three visits, one of them closed by the browser without a word": (
        [
            (0, "opened"),
            (1_000, "closed"),
            (50_000, "opened"),
            (52_000, "slice"),
            (AN_HOUR, "opened"),
            (AN_HOUR + 3_000, "closed"),
        ],
        66.0,  # 1 + 2 + 60 + 3
    ),
    "everything in one millisecond": ([(7, "opened"), (7, "slice"), (7, "closed")], 0.0),
    "hidden and seen again in one millisecond": (
        [(0, "opened"), (1_000, "hidden"), (1_000, "visible"), (1_500, "slice")],
        1.5,
    ),
}


@pytest.mark.parametrize(("events", "seconds"), SEQUENCES.values(), ids=list(SEQUENCES))
def test_active_time_worked_by_hand(events, seconds):
    assert active_seconds(events) == (None if seconds is None else pytest.approx(seconds))


def test_active_time_never_exceeds_the_time_from_first_to_last_event():
    rng = random.Random(5)
    for _ in range(200):
        times = sorted(rng.randint(0, 500_000) for _ in range(rng.randint(2, 30)))
        kinds = [rng.choice(("opened", "slice", "hidden", "visible", "closed")) for _ in times]
        spent = active_seconds(list(zip(times, kinds, strict=True)))
        assert 0 <= spent <= (times[-1] - times[0]) / 1000


# stored cases


def happened(user, case, *events):
    """Record events at so many ms, as the browser sends them."""
    given = [
        EventGiven(kind=kind, slice_index=None, node=None, at_ms=START + at) for at, kind in events
    ]
    record_events(by=user, case=case.public_id, events=given)


def submitted_after(case, **time):
    """Move the opening so far before the submission."""
    case.refresh_from_db()
    opened = case.submitted_at - timedelta(**time)
    Assignment.objects.filter(pk=case.pk).update(first_opened_at=opened)


def only_row(study):
    (row,) = reading_times_of(study)
    return row


def test_a_submitted_case_is_one_row(people, study, case):
    open_case(by=people.reader_one, case=case.public_id)
    happened(people.reader_one, case, (0, "opened"), (1_000, "slice"), (8_500, "closed"))
    read_case(people.reader_one, case)
    submitted_after(case, minutes=2, milliseconds=500)
    row = only_row(study)
    assert (row.reader_number, row.cohort_name) == (1, "External test 1")
    assert row.patient_pseudonym == case.patient.pseudonym
    assert (row.nodes, row.changed_calls) == (3, 0)
    assert (row.active_seconds, row.total_seconds) == (8.5, 120.5)


def test_an_open_or_reopened_case_is_none(people, study, case):
    call_all(people.reader_one, case)
    assert reading_times_of(study) == ()
    submit_case(by=people.reader_one, case=case.public_id, base_version=case.version)
    assert len(reading_times_of(study)) == 1
    reopen_case(by=people.coordinator, assignment=case, reason="Wrong key.")
    assert reading_times_of(study) == ()


def test_after_reopening_both_visits_count_to_the_last_submission(people, study, case):
    me = people.reader_one
    open_case(by=me, case=case.public_id)
    happened(me, case, (0, "opened"), (10_000, "closed"))
    read_case(me, case, category=1)
    first = case.submitted_at
    reopen_case(by=people.coordinator, assignment=case, reason="Wrong key.")
    case.refresh_from_db()
    happened(me, case, (AN_HOUR, "opened"), (AN_HOUR + 4_000, "slice"))
    read_case(me, case, category=2)
    assert case.state == AssignmentState.SUBMITTED
    assert case.submitted_at > first
    submitted_after(case, hours=2)
    row = only_row(study)
    assert row.active_seconds == 14.0
    assert row.total_seconds == 7200.0
    assert (row.nodes, row.changed_calls) == (3, 3)


def test_every_change_of_a_call_counts_once(people, study, case):
    for category in (0, 1, 2):
        call_all(people.reader_one, case, category)
    read_case(people.reader_one, case, category=2)
    row = only_row(study)
    # 3 nodes, each called first and then changed 3 times, the last time to the same category.
    assert (row.nodes, row.changed_calls) == (3, 9)


def test_what_the_diary_sends_on_leaving_counts_and_a_later_look_does_not(people, study, case):
    me = people.reader_one
    read_case(me, case)
    # The last events of the visit arrive just after the submission.
    happened(me, case, (0, "opened"), (3_000, "slice"), (5_000, "closed"))
    assert only_row(study).active_seconds == 5.0
    before = Assignment.objects.get(pk=case.pk).submitted_at - timedelta(seconds=11)
    happened(me, case, (AN_HOUR, "opened"), (AN_HOUR + 9_000, "slice"))
    assert only_row(study).active_seconds == 14.0
    Assignment.objects.filter(pk=case.pk).update(submitted_at=before)
    assert only_row(study).active_seconds is None


def test_the_order_of_arrival_decides_only_within_one_millisecond(people, study, case):
    me = people.reader_one
    happened(me, case, (9_000, "visible"), (10_000, "slice"))
    happened(me, case, (0, "opened"), (1_000, "slice"), (1_000, "hidden"))
    read_case(me, case)
    assert only_row(study).active_seconds == 2.0


def test_the_servers_own_events_have_no_part_in_active_time(people, study, case):
    open_case(by=people.reader_one, case=case.public_id)
    happened(people.reader_one, case, (0, "opened"))
    read_case(people.reader_one, case)
    row = only_row(study)
    assert row.active_seconds is None
    assert row.total_seconds > 0


def test_without_an_opening_there_is_no_total(people, study, case):
    read_case(people.reader_one, case)
    assert only_row(study).total_seconds is None


def test_two_queries_whatever_the_size_and_no_other_study(
    people, cohort, study, case, django_assert_num_queries
):
    other = walk.open_study(people, cohort, title="Other")
    walk.read_everything(people, other)
    read_case(people.reader_one, case)
    with django_assert_num_queries(2):
        assert len(reading_times_of(study)) == 1
    with django_assert_num_queries(2):
        rows = reading_times_of(other)
    assert [row.reader_number for row in rows] == [1, 1, 1, 2, 2, 2]
    assert [row.patient_pseudonym for row in rows] == ["P001", "P002", "P003"] * 2


def test_a_reader_has_the_time_of_nobody_else(people, study, case, reader):
    second = case_at(StudyReader.objects.get(study=study, user=people.reader_two), 1)
    for user, mine, end in ((people.reader_one, case, 1_000), (people.reader_two, second, 2_000)):
        happened(user, mine, (0, "opened"), (end, "closed"))
        read_case(user, mine)
    assert [row.active_seconds for row in reading_times_of(study)] == [1.0, 2.0]
