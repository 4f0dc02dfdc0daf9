"""The whole description: counts add up, the order of rows does not matter, speed."""

import dataclasses
import json
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readerstudy.analysis.computing.description import describe
from readerstudy.analysis.computing.endpoints import StudyTable
from readerstudy.analysis.frozen_table import from_bytes, to_bytes
from tests.readerstudy.analysis.computing.description.made_up import drawn, frozen, node, person

STUDIES = st.builds(
    drawn,
    st.integers(0, 10**6),
    cohorts=st.integers(1, 4),
    patients=st.integers(1, 12),
    missing=st.sampled_from([0.0, 0.2, 1.0]),
)


def dumped(table, **arguments):
    return json.dumps(describe(table, **arguments), sort_keys=True, allow_nan=False)


def shuffled(table, seed):
    def mixed(rows):
        return tuple(random.Random(seed).sample(rows, len(rows)))

    return dataclasses.replace(
        table,
        table=StudyTable(readers=table.table.readers, rows=mixed(table.table.rows)),
        patients=mixed(table.patients),
        readings=mixed(table.readings),
        labels=mixed(table.labels),
        flow=mixed(table.flow),
    )


@given(STUDIES, st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_the_same_study_gives_the_same_bytes_in_any_row_order(study, seed):
    assert dumped(study) == dumped(shuffled(study, seed))


@given(STUDIES)
@settings(max_examples=25, deadline=None)
def test_counts_add_up(study):
    found = describe(study)
    *cohorts, whole = found["nodes"]["groups"]
    assert whole["n_nodes"] == len(study.table.rows)
    for entry in (*cohorts, whole):
        counted = sum(one["n"] for one in entry["by_category"]) + entry["undetermined"]
        assert counted == entry["n_nodes"]
        assert sum(one["n"] + one["unknown"] for one in entry["short_axis_mm"][:-1]) == counted
    for variable in found["baseline"]["variables"]:
        people = [entry["n"] + entry["unknown"] for entry in variable["groups"]]
        assert people == [entry["patients"] for entry in found["baseline"]["groups"]]
        if variable["kind"] == "category":
            for entry in variable["groups"]:
                assert sum(one["numerator"] for one in entry["counts"]) == entry["n"]
    for entry in found["flow"]["groups"]:
        left = sum(one["nodes"] for one in entry["excluded"])
        assert entry["assessed"]["nodes"] == entry["included"]["nodes"] + left
    for entry in found["annotators"]["groups"]:
        assert sum(map(sum, entry["table"])) == entry["n"]
        assert entry["categories"]["n"] == entry["n"] - entry["n_not_determinable"]


def test_what_was_frozen_and_read_again_is_described_alike():
    study = drawn(5)
    assert dumped(from_bytes(to_bytes(study))) == dumped(study)


@pytest.mark.parametrize("patients", [None, ()])
def test_a_study_without_anything_is_described_as_empty(patients):
    found = describe(frozen(patients=patients, model=False))
    assert [entry["name"] for entry in found["baseline"]["groups"]] == ["All cohorts"]
    assert found["nodes"]["groups"][0]["n_nodes"] == 0
    assert found["nodes"]["groups"][0]["nodes_per_patient"]["status"] == "too_few_patients"
    assert found["flow"]["groups"][0]["without_model_score"] is None


def test_a_cohort_with_patients_and_no_nodes_is_listed():
    found = describe(frozen([node("A", "P", 1, 0)], patients=[person("B", "Q", age_years=60)]))
    for block in ("baseline", "nodes", "short_axis", "annotators", "flow"):
        assert [one["cohort"] for one in found[block]["groups"]] == ["A", "B", None], block


def test_the_level_reaches_the_intervals():
    found = describe(drawn(3), level=0.9)
    area = found["short_axis"]["groups"][-1]["auc"]["metastasis"]
    assert area["delong"]["interval"]["level"] == area["by_patient"]["interval"]["level"] == 0.9
    annotators = found["annotators"]["groups"][-1]
    assert annotators["agreement"]["wilson"]["level"] == 0.9
    assert annotators["categories"]["gwet_ac1"]["interval"]["level"] == 0.9
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        describe(frozen(), level=95)


def test_a_hundred_thousand_nodes_take_seconds():
    study = drawn(2, cohorts=5, patients=2857, most_nodes=14)
    start = time.process_time()
    describe(study)
    # About one second of one core; the limit leaves room for slower machines.
    assert time.process_time() - start < 6
