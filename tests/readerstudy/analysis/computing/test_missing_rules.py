"""Missing data: each of the plan's rules, worked by hand, and what always adds up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readerstudy.analysis.computing.endpoints import StudyTable
from tests.readerstudy.analysis.computing.studies import block, node, part, study, tables

CALLS = ("complete_pairs", "complete_all", "as_wrong")
UNDETERMINED = ("leave_out", "as_benign", "as_metastasis")


def hand_study():
    """Six nodes of three patients: R1 lacks N1 and N3, R2 lacks N4, the model lacks N2."""
    rows = [
        #    truth R1    R2    score
        ("p", 1, 1, 1, 0.9),
        ("p", 2, None, 2, 0.8),
        ("q", 2, 0, 1, None),
        ("q", 0, None, 0, 0.7),
        ("r", 0, 0, None, 0.2),
        ("r", 0, 1, 0, 0.1),
    ]
    return StudyTable(
        readers=("R1", "R2"),
        rows=tuple(
            node(k, truth, {"R1": one, "R2": two}, score, patient=patient)
            for k, (patient, truth, one, two, score) in enumerate(rows)
        ),
    )


def fractions(row):
    return [
        (row["counts"][name]["numerator"], row["counts"][name]["denominator"])
        for name in ("sensitivity", "specificity")
    ]


@pytest.mark.parametrize(
    ("rule", "first", "second", "model_n", "paired", "mean_n"),
    [
        # R1 called N0, N2, N4, N5; with the model N0, N4, N5.
        ("complete_pairs", [(1, 2), (1, 2)], [(3, 3), (2, 2)], 5, (3, 4), 2),
        # N0 and N5 are all that everybody has.
        ("complete_all", [(1, 1), (0, 1)], [(1, 1), (1, 1)], 2, (2, 2), 2),
        # R1 is wrong on N1 (missed) and N3 (called), R2 on N4; the model's score stays missing.
        ("as_wrong", [(1, 3), (1, 3)], [(3, 3), (2, 3)], 5, (5, 5), 5),
    ],
)
def test_what_becomes_of_missing_calls(rule, first, second, model_n, paired, mean_n):
    found = block(tables(hand_study(), missing={"calls": rule}))
    one, two = found["readers"]
    assert (fractions(one), fractions(two)) == (first, second)
    assert found["model"]["nodes"]["n"] == model_n
    assert tuple(row["nodes"]["n"] for row in found["comparisons"]) == paired
    assert found["reader_mean"]["nodes"]["n"] == mean_n
    assert found["nodes"]["n"] == 6


def test_a_plan_of_complete_nodes_says_which_it_left_out():
    found = block(tables(hand_study(), missing={"calls": "complete_all"}))
    assert found["complete"]["n"] == 2
    assert found["complete"]["available"] == {"model": 5, "R1": 4, "R2": 5}
    assert {entry["side"]: entry["n"] for entry in found["complete"]["left_out"]} == {
        "model": 1,
        "R1": 2,
        "R2": 1,
    }
    assert block(tables(hand_study()))["complete"] is None


def test_a_missing_call_is_the_worst_answer_in_every_view():
    found = block(tables(hand_study(), missing={"calls": "as_wrong"}))
    # R1: positives 1, 0 (missing), 0; negatives 2 (missing; worst), 0, 1.
    ordinal = found["readers"][0]["auc_ordinal"]["delong"]["estimate"]
    # Of nine pairs the positive wins: 1 > 0; ties 1 = 1, 0 = 0 twice: 1 + 3/2.
    assert ordinal == pytest.approx(2.5 / 9)
    binary = found["readers"][0]["auc_binary"]["delong"]["estimate"]
    assert binary == pytest.approx((1 / 3 + 1 / 3) / 2)


@pytest.mark.parametrize("rule", CALLS)
def test_agreement_never_counts_a_call_nobody_made(rule):
    found = block(tables(hand_study(), missing={"calls": rule}))["agreement"]["binary"]
    assert (found["n_complete"], found["n_incomplete"]) == (3, 3)


def test_missing_values_are_listed_whatever_the_rule():
    expected = [
        ("N1", "reader_call_missing", "R1"),
        ("N2", "model_score_missing", "model"),
        ("N3", "reader_call_missing", "R1"),
        ("N4", "reader_call_missing", "R2"),
    ]
    for rule in CALLS:
        found = tables(hand_study(), missing={"calls": rule})["missing"]
        assert [(one["node"], one["reason"], one["side"]) for one in found] == expected


@pytest.mark.parametrize(
    ("rule", "metastasis", "among", "undetermined"),
    [
        ("leave_out", (2, 1), (1, 1), 2),
        ("as_benign", (2, 3), (1, 1), 0),
        ("as_metastasis", (4, 1), (1, 3), 0),
    ],
)
def test_what_becomes_of_nodes_without_a_reference_standard(rule, metastasis, among, undetermined):
    truths = [2, 1, 0, None, None]
    rows = tuple(node(k, truth, patient=f"P{k}") for k, truth in enumerate(truths))
    result = tables(StudyTable(readers=("R1", "R2"), rows=rows), missing={"undetermined": rule})
    for endpoint, expected in (("metastasis", metastasis), ("ene_among_metastatic", among)):
        nodes = block(result, endpoint)["nodes"]
        assert (nodes["n_positive"], nodes["n_negative"]) == expected
    assert part(result)["confusion"]["undetermined"] == undetermined
    # What is missing is told even where the plan fills it in.
    assert [one["node"] for one in result["missing"]] == ["N3", "N4"]


some_study = st.builds(
    study,
    seed=st.integers(0, 10_000),
    missing=st.sampled_from([0.1, 0.4, 0.9]),
    n_patients=st.integers(1, 5),
)


def correct(row, name):
    return row["counts"][name]["numerator"]


@settings(max_examples=8, deadline=None)
@given(some_study, st.sampled_from(UNDETERMINED))
def test_counting_missing_calls_as_wrong_makes_no_reader_better(table, undetermined):
    """The right calls stay the same; only the nodes they are counted among grow."""
    pairs, wrong, complete = (
        tables(table, missing={"calls": rule, "undetermined": undetermined})
        for rule in ("complete_pairs", "as_wrong", "complete_all")
    )
    for endpoint in ("metastasis", "ene", "ene_among_metastatic"):
        for paired, harsh, common in zip(
            block(pairs, endpoint)["readers"],
            block(wrong, endpoint)["readers"],
            block(complete, endpoint)["readers"],
            strict=True,
        ):
            for name in ("sensitivity", "specificity", "accuracy"):
                mine, theirs = paired["counts"][name], harsh["counts"][name]
                assert theirs["numerator"] == mine["numerator"] >= correct(common, name)
                assert theirs["denominator"] >= mine["denominator"]
                assert mine["value"] is None or theirs["value"] <= mine["value"]


@settings(max_examples=8, deadline=None)
@given(some_study, st.sampled_from(CALLS), st.sampled_from(UNDETERMINED))
def test_used_and_left_out_are_all_nodes(table, calls, undetermined):
    result = tables(table, missing={"calls": calls, "undetermined": undetermined})
    for one in result["parts"]:
        for found in one["endpoints"].values():
            nodes = found["nodes"]
            assert nodes["n"] + sum(entry["n"] for entry in nodes["left_out"]) == one["n_nodes"]
            among = (found["complete"] or nodes)["n"]
            rows = [row["nodes"] for row in found["readers"]]
            rows += [found["model"]["nodes"]] if found["model"] else []
            for row in rows:
                assert row["n"] + sum(entry["n"] for entry in row["left_out"]) == among
            if calls == "complete_all":
                assert {row["n"] for row in rows} == {among}
                assert {row["nodes"]["n"] for row in found["comparisons"]} <= {among}


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000))
def test_without_missing_values_the_rules_are_one(seed):
    table = study(seed=seed, n_patients=4)
    one, *others = (tables(table, missing={"calls": rule})["parts"] for rule in CALLS)
    for other in others:
        for mine, theirs in zip(one, other, strict=True):
            for endpoint, found in mine["endpoints"].items():
                again = theirs["endpoints"][endpoint]
                assert {**found, "complete": None} == {**again, "complete": None}
