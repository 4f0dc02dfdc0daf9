"""Tables: missing data, degenerate cohorts, reproducibility and the checks on themselves."""

import copy
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readerstudy.analysis.computing.endpoints import NodeRow, StudyTable
from readerstudy.analysis.computing.plain import plain
from readerstudy.analysis.computing.self_checks import (
    TableInconsistentError,
    check_parts_add_up,
    check_result,
)
from readerstudy.analysis.computing.tables import study_tables

READERS = ("R1", "R2", "R3")


def study(seed=7, n_patients=12, missing=0.0, with_model=True):
    """A made-up study of two cohorts; a reader's call is the truth in about 7 of 10 nodes."""
    rng = random.Random(seed)
    rows = []
    for patient in range(n_patients):
        for number in range(rng.randint(3, 7)):
            truth = rng.choice((0, 0, 0, 1, 2))
            calls = {
                reader: truth if rng.random() < 0.7 else rng.choice((0, 1, 2)) for reader in READERS
            }
            rows.append(
                NodeRow(
                    cohort="AB"[patient % 2],
                    patient=f"P{patient // 2}",
                    node=f"N{number}",
                    truth=None if rng.random() < missing else truth,
                    calls={
                        reader: None if rng.random() < missing else call
                        for reader, call in calls.items()
                    },
                    score_metastasis=model_score(rng, truth >= 1, missing, with_model),
                    score_ene=model_score(rng, truth == 2, missing, with_model),
                )
            )
    return StudyTable(readers=READERS, rows=tuple(rows))


def model_score(rng, disease, missing, with_model):
    score = round(rng.gauss(0.7 if disease else 0.4, 0.2), 2)
    return score if with_model and rng.random() >= missing else None


def dumped(table):
    return json.dumps(study_tables(table), sort_keys=True, allow_nan=False)


def test_the_same_table_gives_the_same_bytes_in_any_row_order():
    table = study(missing=0.1)
    rows = list(table.rows)
    random.Random(1).shuffle(rows)
    assert dumped(table) == dumped(StudyTable(readers=READERS, rows=tuple(rows)))


def test_every_cohort_and_all_together_have_every_endpoint():
    result = study_tables(study())
    assert [part["name"] for part in result["cohorts"]] == ["A", "B"]
    for part in [*result["cohorts"], result["pooled"]]:
        assert list(part["endpoints"]) == ["metastasis", "ene", "ene_among_metastatic"]
        for block in part["endpoints"].values():
            assert [row["reader"] for row in block["readers"]] == list(READERS)
    # Both cohorts have patients P0 to P5: twelve patients, not six.
    assert result["pooled"]["n_patients"] == 12


def test_a_small_study_worked_by_hand():
    rows = tuple(
        NodeRow(
            cohort="A",
            patient=patient,
            node=f"N{k}",
            truth=truth,
            calls={"R1": call},
            score_metastasis=score,
            score_ene=score,
        )
        for k, (patient, truth, call, score) in enumerate(
            [
                ("p", 2, 2, 0.9),
                ("p", 1, 0, 0.6),
                ("q", 1, 1, 0.4),
                ("q", 0, 0, 0.5),
                ("r", 0, 1, 0.2),
                ("r", 0, 0, 0.1),
                ("r", 0, 0, 0.3),
            ]
        )
    )
    block = study_tables(StudyTable(readers=("R1",), rows=rows))["pooled"]["endpoints"]
    metastasis = block["metastasis"]
    assert (metastasis["nodes"]["n_positive"], metastasis["nodes"]["n_negative"]) == (3, 4)
    assert metastasis["model"]["auc"]["delong"]["estimate"] == pytest.approx(11 / 12)
    counts = metastasis["readers"][0]["counts"]
    assert [counts[k]["numerator"] for k in ("sensitivity", "specificity", "accuracy")] == [2, 3, 5]
    area = metastasis["readers"][0]["auc_binary"]["delong"]["estimate"]
    assert area == pytest.approx((2 / 3 + 3 / 4) / 2)
    difference = metastasis["comparisons"][0]["binary"]["delong"]["estimate"]
    assert difference == pytest.approx(11 / 12 - (2 / 3 + 3 / 4) / 2)
    among = block["ene_among_metastatic"]["nodes"]
    assert (among["n"], among["n_positive"], len(among["left_out"])) == (3, 1, 4)
    assert block["ene"]["model"]["auc"]["delong"]["status"] == "variance_undefined"
    assert metastasis["agreement"]["binary"]["status"] == "too_few_readers"


def test_comparisons_use_common_nodes_and_say_what_they_left_out():
    result = study_tables(study(missing=0.15))
    block = result["pooled"]["endpoints"]["metastasis"]
    for row, alone in zip(block["comparisons"], block["readers"], strict=True):
        nodes, reader = row["nodes"], row["reader"]
        assert nodes["available"][reader] == alone["nodes"]["n"]
        assert nodes["available"]["model"] == block["model"]["nodes"]["n"]
        assert nodes["n"] < min(nodes["available"].values())
        dropped = {(part["cohort"], part["patient"], part["node"]) for part in nodes["left_out"]}
        assert nodes["n"] + len(dropped) == block["nodes"]["n"]
        assert row["binary"]["delong"]["n"] == row["ordinal"]["delong"]["n"] == nodes["n"]
        mcnemar = row["mcnemar"]["youden"]
        pairs = sum(sum(mcnemar[k]["test"]["counts"].values()) for k in mcnemar if k[0] == "s")
        assert pairs == nodes["n"]
    agreement = block["agreement"]["three_categories"]
    assert agreement["n_incomplete"] > 0
    assert agreement["n_complete"] + agreement["n_incomplete"] == block["nodes"]["n"]


def test_without_a_model_the_readers_are_still_reported():
    block = study_tables(study(with_model=False))["pooled"]["endpoints"]["metastasis"]
    assert block["model"] is None
    assert block["comparisons"] == []
    assert "model_minus_mean" not in block["reader_mean"]["binary"]
    assert block["reader_mean"]["binary"]["mean_auc_fixed_readers"]["status"] == "ok"


def test_an_empty_table_has_empty_rows():
    result = study_tables(StudyTable(readers=READERS, rows=()))
    block = result["pooled"]["endpoints"]["ene"]
    assert (result["cohorts"], block["nodes"]["n"], block["model"]) == ([], 0, None)
    assert block["readers"][0]["auc_binary"]["delong"]["status"] == "class_missing"
    assert block["readers"][0]["counts"]["accuracy"]["status"] == "denominator_zero"
    nobody = study_tables(StudyTable(readers=(), rows=study().rows[:0]))
    assert nobody["pooled"]["endpoints"]["ene"]["reader_mean"] is None


def test_operating_points_are_labelled_and_the_curve_runs_from_corner_to_corner():
    model = study_tables(study())["pooled"]["endpoints"]["ene"]["model"]
    points = model["operating_points"]
    assert points["youden"]["chosen_on"] == "chosen on this data"
    assert [part["target_percent"] for part in points["false_positive_rate"]] == [5, 10, 15, 20, 30]
    curve = model["roc"]
    assert curve[0]["threshold"] is None
    for end, rate in ((curve[0], 0), (curve[-1], 1)):
        assert (end["true_positive_rate"], end["false_positive_rate"]) == (rate, rate)


def test_few_patients_are_warned_of():
    area = study_tables(study())["pooled"]["endpoints"]["ene"]["model"]["auc"]
    assert "12 patients" in area["patient_clustered_warning"]


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("model", "auc", "delong", "estimate"), 2.0, "does not hold the estimate"),
        (("nodes", "n"), 3, "do not add up"),
        (("readers", 0, "counts", "true_positives"), 999, "do not add up"),
        (("readers", 0, "counts", "sensitivity", "numerator"), 999, "exceeds"),
        (("readers", 0, "counts", "accuracy", "value"), 0.01, "does not hold"),
        (("comparisons", 0, "binary", "delong", "test", "p_two_sided"), 1.5, "not a probability"),
        (("comparisons", 0, "nodes", "n"), 1, "differs from|do not add up"),
        (("model", "roc", 0, "true_positive_rate"), float("nan"), "not a finite number"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(path, value, words):
    result = copy.deepcopy(study_tables(study()))
    holder = result["pooled"]["endpoints"]["metastasis"]
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    with pytest.raises(TableInconsistentError, match=words):
        check_result(result)


def test_a_comparison_on_other_nodes_than_it_lists_is_refused():
    result = study_tables(study())
    part = result["pooled"]["endpoints"]["ene"]["comparisons"][0]["ordinal"]["delong"]
    part["n"] += 1
    part["n_negative"] += 1
    with pytest.raises(TableInconsistentError, match="differs from"):
        check_result(result)


def test_cohorts_must_add_up_to_the_pooled_table():
    result = study_tables(study())
    with pytest.raises(TableInconsistentError, match="cohorts hold"):
        check_parts_add_up(result["pooled"], result["cohorts"][:1])


def test_results_must_be_finite_and_of_known_kinds():
    with pytest.raises(ValueError, match="must be None"):
        plain({"x": float("inf")})
    with pytest.raises(TypeError, match="no plain form"):
        plain({1, 2})


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.3, 0.8]), st.integers(1, 5))
def test_any_small_study_gives_a_table_that_passes_its_own_checks(seed, missing, n_patients):
    text = dumped(study(seed=seed, n_patients=n_patients, missing=missing))
    assert json.loads(text)["schema_version"] == 1
