"""Flow of patients and nodes."""

import pytest

from readerstudy.analysis.computing.description import describe
from readerstudy.analysis.computing.self_checks import TableInconsistentError
from tests.readerstudy.analysis.computing.description.made_up import (
    flow_count,
    frozen,
    node,
    person,
)

ROWS = (
    node("A", "P1", 1, 0, calls=(0, None)),
    node("A", "P1", 2, None, score=None),
    node("A", "P2", 1, 2, calls=(None, None)),
    node("B", "P1", 1, 1),
)
FLOW = (
    flow_count("A", "", 3, 5),
    flow_count("A", "motion", 2, 4),
    flow_count("A", "no_series", 1, 0),
    flow_count("B", "", 1, 1),
    flow_count("B", "motion", 1, 2),
)


def groups(**parts):
    return describe(frozen(ROWS, **parts))["flow"]["groups"]


def test_counts_by_hand():
    a, b, whole = groups(flow=FLOW)
    assert a["assessed"] == {"patients": 6, "nodes": 9}
    assert a["excluded"] == [
        {"code": "motion", "patients": 2, "nodes": 4},
        {"code": "no_series", "patients": 1, "nodes": 0},
    ]
    assert a["included"] == {"patients": 3, "nodes": 5, "source": "flow"}
    assert a["read"] == {"patients": 2, "nodes": 3}
    assert [entry["n"] for entry in a["by_category"]] == [1, 0, 1]
    assert a["undetermined"] == 1
    assert a["missing_calls"] == {"R1": 1, "R2": 2}
    assert a["without_model_score"] == {"metastasis": 1, "ene": 1}
    assert b["missing_calls"] == {"R1": 0, "R2": 0}
    assert whole["assessed"] == {"patients": 8, "nodes": 12}
    assert whole["excluded"][0] == {"code": "motion", "patients": 3, "nodes": 6}
    # The same name in two cohorts is two patients.
    assert whole["read"] == {"patients": 3, "nodes": 4}


def test_without_recorded_exclusions_the_rows_are_counted():
    a, _, whole = groups(patients=[person("A", "P3")])
    assert (a["assessed"], a["excluded"]) == (None, None)
    assert a["included"] == {"patients": 3, "nodes": 3, "source": "rows"}
    assert whole["included"] == {"patients": 4, "nodes": 4, "source": "rows"}


def test_exclusions_of_one_cohort_do_not_stand_for_all():
    a, b, whole = groups(flow=FLOW[:3])
    assert a["included"]["source"] == "flow"
    assert b["included"]["source"] == "rows"
    assert whole["included"] == {"patients": 4, "nodes": 6, "source": "mixed"}
    assert (whole["assessed"], whole["excluded"]) == (None, None)


def test_a_model_that_scored_nothing_misses_everything_and_no_model_misses_nothing():
    rows = [node("A", "P", 1, 0, score=None)]
    found = describe(frozen(rows))["flow"]["groups"][0]
    assert found["without_model_score"] == {"metastasis": 1, "ene": 1}
    found = describe(frozen(rows, model=False))["flow"]["groups"][0]
    assert found["without_model_score"] is None


def test_negative_counts_are_refused():
    with pytest.raises(TableInconsistentError, match="code 'motion': a count is negative"):
        groups(flow=[flow_count("A", "", 1, 1), flow_count("A", "motion", -1, 0)])
