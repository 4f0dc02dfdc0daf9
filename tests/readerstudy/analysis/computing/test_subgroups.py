"""Subgroups: every node lies in exactly one band or value of every planned variable."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readerstudy.analysis.computing.endpoints import StudyTable
from readerstudy.analysis.computing.node_sets import columns_of
from readerstudy.analysis.computing.subgroups import TITLES, UNKNOWN, subgroup_nodes
from readerstudy.analysis.frozen_table import PatientRow
from readerstudy.reading.plan_subgroups import NUMERIC, VARIABLES, subgroups_from
from tests.readerstudy.analysis.computing.studies import (
    SUBGROUPS,
    block,
    node,
    part,
    patients_of,
    study,
    tables,
)


def groups(rows, planned, patients=()):
    columns = columns_of(StudyTable(readers=("R1", "R2"), rows=tuple(rows)))
    found = subgroup_nodes(columns, patients, subgroups_from(planned))
    return {one.value: [columns.rows[at].node for at in one.index] for one in found}


def patient(name, **known):
    return PatientRow(cohort="A", patient=name, model_ene=None, note="", **known)


def test_a_value_on_an_edge_belongs_above_it():
    sizes = [None, 3.0, 5.999, 6.0, 9.0, 10.0, 40.0]
    rows = [node(k, 0, short_axis_mm=size) for k, size in enumerate(sizes)]
    found = groups(rows, [{"variable": "sad", "edges": [6.0, 10.0]}])
    assert list(found.items()) == [
        ("< 6 mm", ["N1", "N2"]),
        ("6 to < 10 mm", ["N3", "N4"]),
        ("≥ 10 mm", ["N5", "N6"]),
        (UNKNOWN, ["N0"]),
    ]


def test_bands_and_values_without_a_node_are_left_out():
    found = groups([node(1, 0, short_axis_mm=12.0)], [{"variable": "sad", "edges": [6.0, 10.0]}])
    assert list(found) == ["≥ 10 mm"]


def test_values_stand_by_name_and_unknown_ones_last():
    rows = [node(k, 0, level=level) for k, level in enumerate(["III", "", "II", "III"])]
    assert groups(rows, [{"variable": "level"}]) == {
        "II": ["N2"],
        "III": ["N0", "N3"],
        UNKNOWN: ["N1"],
    }


@pytest.mark.parametrize(
    ("planned", "known", "value"),
    [
        ({"variable": "age", "edges": [60]}, {"age_years": 60}, "≥ 60 years"),
        ({"variable": "age", "edges": [60]}, {"age_years": 0}, "< 60 years"),
        ({"variable": "sex"}, {"sex": "F"}, "F"),
        ({"variable": "primary_site"}, {"primary_site": "larynx"}, "larynx"),
        ({"variable": "scanner"}, {"scanner": "X 100"}, "X 100"),
        (
            {"variable": "slice_thickness", "edges": [1.5, 2.5]},
            {"slice_thickness_mm": 2.0},
            "1.5 to < 2.5 mm",
        ),
    ],
)
def test_what_is_known_of_a_patient_is_known_of_every_node(planned, known, value):
    rows = [node(1, 0), node(2, 0), node(3, 0, patient="P2"), node(4, 0, patient="P3")]
    found = groups(rows, [planned], [patient("P1", **known), patient("P2")])
    # P2 is listed without the value, P3 is not listed at all.
    assert found == {value: ["N1", "N2"], UNKNOWN: ["N3", "N4"]}


def test_one_identifier_in_two_cohorts_is_two_patients():
    rows = [node(1, 0), node(1, 0, cohort="B")]
    found = groups(rows, [{"variable": "sex"}], [patient("P1", sex="M")])
    assert found == {"M": ["N1"], UNKNOWN: ["N1"]}


def test_every_variable_of_a_plan_has_a_title():
    assert set(TITLES) == set(VARIABLES)
    assert {"sad", "age", "slice_thickness"} == set(NUMERIC)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10_000),
    st.lists(st.integers(1, 15), min_size=1, max_size=4, unique=True).map(sorted),
)
def test_the_subgroups_of_a_variable_are_a_partition(seed, edges):
    table = study(seed=seed, n_patients=6)
    columns = columns_of(table)
    planned = subgroups_from([*SUBGROUPS[1:], {"variable": "sad", "edges": edges}])
    found = list(subgroup_nodes(columns, patients_of(table), planned))
    for variable in ("sad", "level", "age", "sex"):
        rows = [one.index for one in found if one.variable == variable]
        assert sorted(np.concatenate(rows).tolist()) == list(range(len(columns.rows)))
        assert all((np.diff(index) > 0).all() for index in rows)


def test_counts_of_the_subgroups_add_up_in_the_tables():
    result = tables(study(missing=0.1), subgroups=SUBGROUPS)
    whole = part(result)
    for variable in ("sad", "level", "age", "sex"):
        parts = [one for one in result["parts"] if one["variable"] == variable]
        assert len(parts) > 1
        for endpoint in whole["endpoints"]:
            for key in ("n", "n_positive", "n_negative"):
                total = sum(one["endpoints"][endpoint]["nodes"][key] for one in parts)
                assert total == block(result, endpoint)["nodes"][key]


def test_a_subgroup_is_the_study_of_its_nodes_alone():
    table = study()
    result = tables(table, subgroups=[{"variable": "sad", "edges": [10.0]}])
    rows = tuple(row for row in table.rows if row.short_axis_mm and row.short_axis_mm >= 10)
    alone = block(tables(StudyTable(readers=table.readers, rows=rows)), "ene")
    found = block(result, "ene", "subgroup-2")
    assert found["nodes"] == alone["nodes"]
    assert found["model"]["auc"] == alone["model"]["auc"]
    for mine, theirs in zip(found["readers"], alone["readers"], strict=True):
        assert mine == {key: value for key, value in theirs.items() if key != "auc_ordinal"}
