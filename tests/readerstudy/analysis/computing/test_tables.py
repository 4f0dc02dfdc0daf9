"""Tables: what they hold, degenerate cohorts, reproducibility and laws that hold in any study."""

import dataclasses
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readerstudy.analysis.computing.endpoints import StudyTable
from readerstudy.analysis.computing.plain import plain
from readerstudy.analysis.computing.tables import study_tables
from tests.readerstudy.analysis.computing.studies import (
    READERS,
    SUBGROUPS,
    block,
    node,
    part,
    study,
    tables,
)

ENDPOINTS = ["metastasis", "ene", "ene_among_metastatic"]
CUTS = ["fixed", "youden", "fpr10"]


def dumped(table, **changes):
    return json.dumps(tables(table, **changes), sort_keys=True, allow_nan=False)


def renamed(table, change):
    """The study with every row changed."""
    rows = tuple(dataclasses.replace(row, **change(row)) for row in table.rows)
    return StudyTable(readers=table.readers, rows=rows)


def test_the_same_table_gives_the_same_bytes_in_any_row_order():
    table = study(missing=0.1)
    rows = list(table.rows)
    random.Random(1).shuffle(rows)
    mixed = StudyTable(readers=READERS, rows=tuple(rows))
    assert dumped(table, subgroups=SUBGROUPS) == dumped(mixed, subgroups=SUBGROUPS)


def test_the_parts_are_every_cohort_all_together_and_every_subgroup():
    result = tables(study(), subgroups=[{"variable": "sad", "edges": [10.0]}])
    assert [(one["key"], one["kind"], one["name"]) for one in result["parts"]] == [
        ("cohort-1", "cohort", "A"),
        ("cohort-2", "cohort", "B"),
        ("pooled", "pooled", "All cohorts"),
        ("subgroup-1", "subgroup", "Short-axis diameter: < 10 mm"),
        ("subgroup-2", "subgroup", "Short-axis diameter: ≥ 10 mm"),
        ("subgroup-3", "subgroup", "Short-axis diameter: not known"),
    ]
    for one in result["parts"]:
        assert list(one["endpoints"]) == ENDPOINTS
        for found in one["endpoints"].values():
            assert [row["reader"] for row in found["readers"]] == list(READERS)
    # Both cohorts have patients P0 to P5: twelve patients, not six.
    assert part(result)["n_patients"] == 12
    assert result["readers"] == list(READERS)


def test_only_planned_endpoints_and_views_are_computed():
    result = tables(study(confidence=True), endpoints=["ene"], views=["binary", "confidence"])
    assert list(part(result)["endpoints"]) == ["ene"]
    reader = block(result, "ene")["readers"][0]
    assert "auc_ordinal" not in reader
    assert reader["auc_confidence"]["delong"]["status"] == "ok"


def test_a_planned_confidence_that_nobody_gave_is_none():
    found = block(tables(study(), views=["binary", "confidence"]))
    assert found["readers"][0]["auc_confidence"] is None
    assert found["comparisons"][0]["confidence"] is None
    assert found["reader_mean"]["confidence"] is None


def test_alpha_is_the_level_of_every_interval():
    result = tables(study(), alpha=0.1)
    assert result["level"] == 0.9
    levels = set()

    def walk(value):
        if isinstance(value, dict):
            levels.update([value["level"]] if "method" in value and "level" in value else [])
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(result["parts"])
    assert levels == {0.9}


def hand_study():
    values = [
        ("p", 2, 2, 0.9),
        ("p", 1, 0, 0.6),
        ("q", 1, 1, 0.4),
        ("q", 0, 0, 0.5),
        ("r", 0, 1, 0.2),
        ("r", 0, 0, 0.1),
        ("r", 0, 0, 0.3),
    ]
    rows = tuple(
        node(k, truth, {"R1": call}, score, patient=patient)
        for k, (patient, truth, call, score) in enumerate(values)
    )
    return StudyTable(readers=("R1",), rows=rows)


def test_a_small_study_worked_by_hand():
    result = tables(hand_study())
    metastasis = block(result)
    assert (metastasis["nodes"]["n_positive"], metastasis["nodes"]["n_negative"]) == (3, 4)
    assert metastasis["model"]["auc"]["delong"]["estimate"] == pytest.approx(11 / 12)
    counts = metastasis["readers"][0]["counts"]
    assert [counts[k]["numerator"] for k in ("sensitivity", "specificity", "accuracy")] == [2, 3, 5]
    area = metastasis["readers"][0]["auc_binary"]["delong"]["estimate"]
    assert area == pytest.approx((2 / 3 + 3 / 4) / 2)
    difference = metastasis["comparisons"][0]["binary"]["delong"]["estimate"]
    assert difference == pytest.approx(11 / 12 - (2 / 3 + 3 / 4) / 2)
    among = block(result, "ene_among_metastatic")["nodes"]
    assert (among["n"], among["n_positive"]) == (3, 1)
    assert [entry["n"] for entry in among["left_out"]] == [4]
    assert block(result, "ene")["model"]["auc"]["delong"]["status"] == "variance_undefined"
    assert metastasis["agreement"]["binary"]["status"] == "too_few_readers"


def test_fixed_thresholds_come_with_the_model():
    found = block(tables(hand_study()))
    point = found["model"]["operating_points"]["fixed"]
    # At 0.55 the model calls 0.9 and 0.6 positive: two of three positives, no negative.
    assert point["point"]["threshold"] == 0.55
    assert point["point"]["counts"]["true_positives"] == 2
    assert point["point"]["counts"]["false_positives"] == 0
    mcnemar = found["comparisons"][0]["mcnemar"]["fixed"]
    assert mcnemar["chosen_on"] == point["chosen_on"] != "chosen on this data"
    # The reader missed the second positive and the model the third; the model alone is right on
    # the negative the reader called.
    pairs = mcnemar["sensitivity"]["test"]["counts"]
    assert (pairs["both"], pairs["first_only"], pairs["second_only"]) == (1, 1, 1)
    assert mcnemar["specificity"]["test"]["counts"]["first_only"] == 1
    against = found["reader_mean"]["against_model"]["fixed"]
    assert against["sensitivity"]["difference"] == pytest.approx(0)
    assert against["specificity"]["difference"] == pytest.approx(1 / 4)


def test_without_fixed_thresholds_there_is_no_fixed_point():
    result = study_tables(study())
    found = block(result)
    assert found["model"]["operating_points"]["fixed"] is None
    assert list(found["comparisons"][0]["mcnemar"]) == ["youden", "fpr10"]
    assert part(result)["confusion"]["sides"]["model"] is None


def test_comparisons_use_common_nodes_and_say_what_they_left_out():
    found = block(tables(study(missing=0.15)))
    for row, alone in zip(found["comparisons"], found["readers"], strict=True):
        nodes, reader = row["nodes"], row["reader"]
        assert nodes["available"][reader] == alone["nodes"]["n"]
        assert nodes["available"]["model"] == found["model"]["nodes"]["n"]
        assert nodes["n"] < min(nodes["available"].values())
        dropped = {entry["side"]: entry["n"] for entry in nodes["left_out"]}
        assert dropped == {
            side: found["nodes"]["n"] - nodes["available"][side] for side in ("model", reader)
        }
        assert row["binary"]["delong"]["n"] == row["ordinal"]["delong"]["n"] == nodes["n"]
        assert list(row["mcnemar"]) == CUTS
        for cut in row["mcnemar"].values():
            pairs = (cut[kind]["test"]["counts"] for kind in ("sensitivity", "specificity"))
            assert sum(sum(counts.values()) for counts in pairs) == nodes["n"]
    agreement = found["agreement"]["three_categories"]
    assert agreement["n_incomplete"] > 0
    assert agreement["n_complete"] + agreement["n_incomplete"] == found["nodes"]["n"]


def test_the_model_meets_the_mean_reader_at_every_cut():
    found = block(tables(study(missing=0.1)))
    mean = found["reader_mean"]
    assert list(mean["against_model"]) == CUTS
    for cut in mean["against_model"].values():
        for name, n in (("sensitivity", "n_positive"), ("specificity", "n_negative")):
            entry = cut[name]
            assert entry["model"]["denominator"] == mean["nodes"][n]
            assert entry["reader_mean"] == pytest.approx(mean["proportions"][name]["mean"])
            difference = entry["model"]["value"] - entry["reader_mean"]
            assert entry["difference"] == pytest.approx(difference)


def test_agreement_of_whole_parts_has_coefficients_besides():
    result = tables(study(), subgroups=SUBGROUPS)
    agreement = block(result)["agreement"]
    for coding in ("three_categories", "binary"):
        besides = agreement[f"{coding}_besides"]
        assert len(besides["cohen_pairs"]["pairs"]) == 3
        assert besides["gwet_ac1"]["status"] == besides["krippendorff_nominal"]["status"] == "ok"
    assert agreement["binary_besides"]["krippendorff_ordinal"] is None
    assert "binary_besides" not in block(result, key="subgroup-1")["agreement"]


def test_subgroups_are_brief():
    found = block(tables(study(), subgroups=SUBGROUPS), key="subgroup-1")
    assert "roc" not in found["model"]
    assert list(found["model"]["operating_points"]) == ["rule", "fixed"]
    assert "auc_ordinal" not in found["readers"][0]
    assert list(found["comparisons"][0]["mcnemar"]) == ["fixed"]


def test_without_a_model_the_readers_are_still_reported():
    result = tables(study(with_model=False))
    found = block(result)
    assert found["model"] is None
    assert found["comparisons"] == []
    assert "model_minus_mean" not in found["reader_mean"]["binary"]
    assert "against_model" not in found["reader_mean"]
    assert found["reader_mean"]["binary"]["mean_auc_fixed_readers"]["status"] == "ok"
    assert result["primary"]["tests"] == []
    assert result["primary"]["bootstrap"]["result"] is None
    assert result["between_cohorts"] == []


def test_a_model_that_scores_one_endpoint_leaves_the_readers_of_the_others():
    only = renamed(study(), lambda row: {"score_metastasis": None})
    result = tables(only)
    metastasis, ene = block(result), block(result, "ene")
    assert metastasis["model"] is None
    assert metastasis["reader_mean"]["nodes"]["n"] == metastasis["nodes"]["n"] > 0
    assert ene["reader_mean"]["binary"]["model_minus_mean"] is not None
    other = block(tables(renamed(study(), lambda row: {"score_ene": None})))
    assert other["reader_mean"]["binary"]["model_minus_mean"] is not None


def test_an_empty_table_has_empty_rows():
    result = tables(StudyTable(readers=READERS, rows=()))
    found = block(result, "ene")
    assert [one["key"] for one in result["parts"]] == ["pooled"]
    assert (found["nodes"]["n"], found["model"]) == (0, None)
    assert found["readers"][0]["auc_binary"]["delong"]["status"] == "class_missing"
    assert found["readers"][0]["counts"]["accuracy"]["status"] == "denominator_zero"
    assert found["agreement"] == {"three_categories": None, "binary": None}


def test_without_readers_the_model_is_still_reported():
    rows = tuple(dataclasses.replace(row, calls={}) for row in study().rows)
    found = block(tables(StudyTable(readers=(), rows=rows)))
    assert found["reader_mean"] is None
    assert found["model"]["auc"]["delong"]["status"] == "ok"


def test_operating_points_are_labelled_and_the_curve_runs_from_corner_to_corner():
    model = block(tables(study()), "ene")["model"]
    points = model["operating_points"]
    assert points["youden"]["chosen_on"] == "chosen on this data"
    assert [one["target_percent"] for one in points["false_positive_rate"]] == [5, 10, 15, 20, 30]
    curve = model["roc"]
    assert curve[0]["threshold"] is None
    for end, rate in ((curve[0], 0), (curve[-1], 1)):
        assert (end["true_positive_rate"], end["false_positive_rate"]) == (rate, rate)


def test_a_long_curve_is_thinned_and_keeps_its_corners():
    rng = random.Random(3)
    rows = tuple(
        node(k, k % 2, {"R1": 0}, rng.random(), patient=f"P{k // 5:04d}") for k in range(3000)
    )
    result = tables(StudyTable(readers=("R1",), rows=rows), endpoints=["metastasis", "ene"])
    curve = block(result)["model"]["roc"]
    assert len(curve) == 1000
    assert (curve[0]["true_positive_rate"], curve[-1]["true_positive_rate"]) == (0, 1)


def test_only_probabilities_are_calibrated():
    assert block(tables(study()))["model"]["calibration"]["result"]["n"] > 0
    far = block(tables(renamed(study(), lambda row: {"score_metastasis": row.score_ene * 9})))
    calibration = far["model"]["calibration"]
    assert calibration["result"] is None
    assert "no probabilities" in calibration["reason"]


def test_few_patients_are_warned_of():
    area = block(tables(study()), "ene")["model"]["auc"]
    assert "12 patients" in area["patient_clustered_warning"]
    area = block(tables(study(n_patients=40, nodes=(2, 3))), "ene")["model"]["auc"]
    assert area["patient_clustered_warning"] is None


def test_progress_names_every_part():
    told = []
    study_tables(study(), progress=told.append)
    assert told[:3] == ["Computing A", "Computing B", "Computing all cohorts"]


def test_results_must_be_finite_and_of_known_kinds():
    with pytest.raises(ValueError, match="must be None"):
        plain({"x": float("inf")})
    with pytest.raises(TypeError, match="no plain form"):
        plain({1, 2})


some_study = st.builds(
    study,
    seed=st.integers(0, 10_000),
    missing=st.sampled_from([0.0, 0.3, 0.8]),
    n_patients=st.integers(1, 5),
    confidence=st.booleans(),
)
few = settings(max_examples=8, deadline=None)


@few
@given(
    some_study,
    st.sampled_from(["complete_pairs", "complete_all", "as_wrong"]),
    st.sampled_from(["leave_out", "as_benign", "as_metastasis"]),
)
def test_any_small_study_gives_a_table_that_passes_its_own_checks(table, calls, undetermined):
    text = dumped(
        table,
        missing={"calls": calls, "undetermined": undetermined},
        subgroups=SUBGROUPS,
        views=["binary", "ordinal", "confidence"],
    )
    assert json.loads(text)["schema_version"] == 2


@few
@given(some_study)
def test_other_names_of_cohorts_and_patients_change_no_number(table):
    longer = renamed(table, lambda row: {"cohort": row.cohort * 2, "patient": f"x-{row.patient}"})
    one, two = tables(table), tables(longer)
    assert [entry["name"] for entry in two["parts"][:-1]] == [
        entry["name"] * 2 for entry in one["parts"][:-1]
    ]
    for mine, other in zip(one["parts"], two["parts"], strict=True):
        assert mine["endpoints"] == other["endpoints"]
        assert mine["confusion"] == other["confusion"]


@few
@given(some_study)
def test_a_monotone_change_of_the_scores_changes_no_area_and_no_best_point(table):
    def cubed(row):
        scores = {"score_metastasis": row.score_metastasis, "score_ene": row.score_ene}
        return {name: None if one is None else one**3 / 2 for name, one in scores.items()}

    one, two = tables(table), tables(renamed(table, cubed))
    for endpoint in ENDPOINTS:
        mine, other = block(one, endpoint), block(two, endpoint)
        if mine["model"] is None:
            assert other["model"] is None
            continue
        assert mine["model"]["auc"] == other["model"]["auc"]
        best = [found["model"]["operating_points"]["youden"]["point"] for found in (mine, other)]
        assert (best[0] and best[0]["counts"]) == (best[1] and best[1]["counts"])
        for first, second in zip(mine["comparisons"], other["comparisons"], strict=True):
            assert first["binary"] == second["binary"]
            assert first["ordinal"] == second["ordinal"]


@few
@given(some_study, st.permutations(READERS))
def test_readers_in_another_order_are_the_same_rows_in_that_order(table, order):
    other = StudyTable(readers=tuple(order), rows=table.rows)
    one, two = tables(table), tables(other)
    for endpoint in ENDPOINTS:
        mine, theirs = block(one, endpoint), block(two, endpoint)
        for rows in ("readers", "comparisons"):
            found = {row["reader"]: row for row in theirs[rows]}
            assert list(found) == [reader for reader in order if mine[rows]]
            assert {row["reader"]: row for row in mine[rows]} == found
        assert mine["reader_mean"]["proportions"] == theirs["reader_mean"]["proportions"]


@few
@given(some_study)
def test_a_part_alone_is_the_part_in_the_whole(table):
    alone = StudyTable(readers=READERS, rows=tuple(row for row in table.rows if row.cohort == "A"))
    one, two = tables(table), tables(alone)
    assert part(one, "cohort-1")["endpoints"] == part(two, "cohort-1")["endpoints"]
    assert part(two, "cohort-1")["endpoints"] == part(two, "pooled")["endpoints"]
