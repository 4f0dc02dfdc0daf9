"""The time that an intake still takes."""

import pytest

from cohorts.dicom.reading_child import ReadingProgress
from cohorts.time_estimate import TimeEstimate, time_left

pytestmark = pytest.mark.no_database


def slices(patient: int, done: int, finished: int, patients: int = 10) -> ReadingProgress:
    return ReadingProgress(
        stage="slices", patient=patient, patients=patients, done=done, total=100, finished=finished
    )


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_said_before_the_rate_is_known():
    clock = Clock()
    estimate = TimeEstimate(clock=clock)
    assert estimate.seconds_left(ReadingProgress(stage="files", done=3, total=9)) is None
    assert estimate.seconds_left(slices(1, 0, 0)) is None
    clock.now = 2.0
    assert estimate.seconds_left(slices(1, 50, 0)) is None


def test_patients_read_side_by_side_count_by_their_slices():
    clock = Clock()
    estimate = TimeEstimate(clock=clock)
    estimate.seconds_left(slices(1, 0, 0))
    clock.now = 10.0
    estimate.seconds_left(slices(1, 50, 0))
    # Two halves in ten seconds: nine more of ten.
    assert estimate.seconds_left(slices(2, 50, 0)) == pytest.approx(10 * 9 / 1)


def test_what_an_earlier_attempt_did_is_no_part_of_the_rate():
    clock = Clock()
    estimate = TimeEstimate(earlier=8, clock=clock)
    estimate.seconds_left(slices(9, 0, 8))
    clock.now = 10.0
    assert estimate.seconds_left(slices(9, 100, 9)) == pytest.approx(10.0)
    clock.now = 20.0
    assert estimate.seconds_left(slices(10, 100, 10)) == 0.0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a minute left"),
        (59.9, "less than a minute left"),
        (61, "about 2 min left"),
        (5300, "about 89 min left"),
        (5400, "about 2 h left"),
    ],
)
def test_words(seconds, words):
    assert time_left(seconds) == words
