"""Endpoints: what counts as disease, and which tables can be analysed."""

import math

import pytest

from readerstudy.analysis.computing.endpoints import (
    ENDPOINT_LABELS,
    MODEL,
    REASON_SENTENCES,
    Endpoint,
    Reason,
    StudyTable,
    is_positive,
)
from tests.readerstudy.analysis.computing.studies import node


@pytest.mark.parametrize(
    ("endpoint", "positives"),
    [
        (Endpoint.METASTASIS, [False, True, True]),
        (Endpoint.ENE, [False, False, True]),
        (Endpoint.ENE_AMONG_METASTATIC, [False, False, True]),
    ],
)
def test_which_categories_count_as_disease(endpoint, positives):
    assert [is_positive(category, endpoint) for category in (0, 1, 2)] == positives


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([node(1, 0), node(1, 1)], "listed twice"),
        ([node(1, 9)], "truth must be 0, 1, 2 or None"),
        ([node(1, 0, {"R1": 3, "R2": 0})], "R1 must be"),
        ([node(1, 0, {"R1": 0})], "exactly the readers"),
        ([node(1, 0, score=math.nan)], "finite"),
        ([node(1, 0, score=math.inf)], "finite"),
    ],
)
def test_a_table_that_cannot_be_analysed_is_refused(rows, words):
    with pytest.raises(ValueError, match=words):
        StudyTable(readers=("R1", "R2"), rows=tuple(rows))


@pytest.mark.parametrize("readers", [("R1", "R1"), ("R1", MODEL)])
def test_reader_labels_must_differ_from_each_other_and_the_model(readers):
    with pytest.raises(ValueError, match="readers must differ"):
        StudyTable(readers=readers, rows=())


def test_cohorts_are_listed_by_name():
    rows = (node(1, 0, cohort="B"), node(1, 0, cohort="A"), node(2, 0, cohort="B"))
    assert StudyTable(readers=("R1", "R2"), rows=rows).cohorts == ("A", "B")


def test_every_endpoint_and_every_reason_has_a_sentence():
    assert set(ENDPOINT_LABELS) == set(Endpoint)
    assert set(REASON_SENTENCES) == set(Reason)
