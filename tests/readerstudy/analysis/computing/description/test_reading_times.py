"""Reading times per reader and cohort."""

import pytest

from readerstudy.analysis.computing.description import describe
from tests.readerstudy.analysis.computing.description.made_up import frozen, node, reading

READINGS = (
    reading("R1", "A", "P1", nodes=2, active_seconds=60.0, total_seconds=100.0, changed_calls=1),
    reading("R1", "A", "P2", nodes=4, active_seconds=240.0, total_seconds=300.0),
    reading("R1", "A", "P3", nodes=0, active_seconds=30.0, total_seconds=40.0),
    reading("R1", "A", "P4", nodes=1, total_seconds=50.0, changed_calls=2),
    reading("R1", "B", "P1", nodes=1, active_seconds=90.0),
)


@pytest.fixture
def times():
    return describe(frozen([node("A", "P1", 1, 0)], readings=READINGS))["reading_times"]


def test_seconds_per_case_and_per_node(times):
    a, b, whole = times["readers"][0]["groups"]
    assert (a["cases"], a["nodes"], a["cases_without_nodes"], a["changed_calls"]) == (4, 7, 1, 3)
    active = a["active"]
    assert (active["per_case"]["n"], active["per_case"]["unknown"]) == (3, 1)
    assert (active["per_case"]["median"], active["per_case"]["total"]) == (60, 330)
    # 60/2 and 240/4; the case without nodes has no seconds per node.
    assert (active["per_node"]["n"], active["per_node"]["unknown"]) == (2, 1)
    assert active["per_node"]["median"] == 45
    assert a["total"]["per_case"]["total"] == 490
    assert b["total"]["per_case"]["n"] == 0
    assert whole["cases"] == 5


def test_minutes_for_the_figure(times):
    minutes = times["readers"][0]["active_minutes_per_case"]
    assert minutes == {"n": 4, "unknown": 1, "thinned": False, "values": [0.5, 1, 1.5, 4]}


def test_a_reader_without_a_submitted_case_is_listed(times):
    assert [one["reader"] for one in times["readers"]] == ["R1", "R2"]
    assert times["readers"][1]["groups"][-1]["cases"] == 0
    assert times["readers"][1]["groups"][-1]["active"]["per_case"]["median"] is None


def test_at_most_two_thousand_minutes_are_kept():
    readings = [reading("R1", "A", f"P{n}", active_seconds=float(n)) for n in range(2500)]
    found = describe(frozen(readings=readings))["reading_times"]
    minutes = found["readers"][0]["active_minutes_per_case"]
    assert (minutes["n"], len(minutes["values"]), minutes["thinned"]) == (2500, 2000, True)


def test_a_study_without_times_says_so(times):
    assert times["recorded"] is True
    found = describe(frozen([node("A", "P1", 1, 0)]))["reading_times"]
    assert found["recorded"] is False
