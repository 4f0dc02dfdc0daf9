"""Confusion tables: reference standard against call, three categories by three."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from readerstudy.analysis.computing.confusion import confusion
from readerstudy.analysis.computing.endpoints import Endpoint, StudyTable
from readerstudy.analysis.computing.model_calls import ModelRule
from readerstudy.analysis.computing.node_sets import columns_of
from tests.readerstudy.analysis.computing.studies import (
    THRESHOLDS,
    block,
    node,
    part,
    study,
    tables,
)


def counted(rows, model=None, index=None):
    columns = columns_of(StudyTable(readers=("R1", "R2"), rows=tuple(rows)))
    index = np.arange(len(rows)) if index is None else np.array(index)
    return confusion(columns, index, model or ModelRule())


def rows_of_a_hand():
    return [
        node(0, 0, {"R1": 0, "R2": 2}, score_metastasis=0.1, score_ene=0.9),
        node(1, 1, {"R1": 2, "R2": 1}, score_metastasis=0.9, score_ene=0.1),
        node(2, 2, {"R1": 2, "R2": None}, score_metastasis=0.9, score_ene=0.9),
        node(3, None, {"R1": 1, "R2": 1}, score_metastasis=0.9, score_ene=0.9),
        node(4, 2, {"R1": 0, "R2": 0}, score=None),
    ]


def test_rows_are_the_reference_standard_and_columns_the_calls():
    found = counted(rows_of_a_hand(), ModelRule(thresholds=THRESHOLDS))
    assert found["undetermined"] == 1
    assert found["sides"] == {
        # A node that is not metastatic for the model has no ENE, however high that score.
        "model": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        "R1": [[1, 0, 0], [0, 0, 1], [1, 0, 1]],
        "R2": [[0, 0, 1], [0, 1, 0], [1, 0, 0]],
    }
    assert found["missing"] == {"model": 1, "R1": 0, "R2": 1}


def test_an_index_chooses_the_part():
    found = counted(rows_of_a_hand(), index=[1, 3])
    assert found["sides"]["R1"] == [[0, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert found["undetermined"] == 1


def test_a_model_without_both_thresholds_has_no_categories():
    for thresholds in ({}, {"ene": 0.5}, {"metastasis": 0.5}):
        found = counted(rows_of_a_hand(), ModelRule(thresholds=thresholds))
        assert found["sides"]["model"] is found["missing"]["model"] is None


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.3]))
def test_the_tables_hold_the_counts_of_every_endpoint(seed, missing):
    result = tables(study(seed=seed, missing=missing, n_patients=5))
    for name in ("cohort-1", "cohort-2", "pooled"):
        sides = part(result, name)["confusion"]["sides"]
        for endpoint in Endpoint:
            for row in block(result, endpoint.value, name)["readers"]:
                cells = np.array(sides[row["reader"]])
                disease = np.arange(3) >= (1 if endpoint is Endpoint.METASTASIS else 2)
                asked = cells[1:] if endpoint is Endpoint.ENE_AMONG_METASTATIC else cells
                truth = disease[-len(asked) :]
                counts = row["counts"]
                assert asked[truth][:, disease].sum() == counts["true_positives"]
                assert asked[truth][:, ~disease].sum() == counts["false_negatives"]
                assert asked[~truth][:, disease].sum() == counts["false_positives"]
                assert asked[~truth][:, ~disease].sum() == counts["true_negatives"]


def test_cohorts_add_up_to_all_together():
    result = tables(study(missing=0.2))
    cells = {
        key: np.array(part(result, key)["confusion"]["sides"]["R1"])
        for key in ("cohort-1", "cohort-2", "pooled")
    }
    assert (cells["cohort-1"] + cells["cohort-2"] == cells["pooled"]).all()
