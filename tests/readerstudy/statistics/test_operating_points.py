"""Operating points: reference suite, hand-computed counts, ties, invariants."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readerstudy.statistics.operating_points import (
    counted,
    counted_calls,
    false_positive_target,
    youden,
)
from readerstudy.statistics.results import Status
from readerstudy.statistics.roc import roc_points
from tests.readerstudy.statistics.reference import cases, close, close_interval

PROPORTIONS = ("sensitivity", "specificity", "accuracy", "ppv", "npv")


def check_proportion(result, expected):
    assert (result.numerator, result.denominator) == (
        expected["numerator"],
        expected["denominator"],
    )
    close(result.value, expected["value"])
    for method in ("wilson", "clopper_pearson"):
        close_interval(
            getattr(result, method),
            expected[f"{method}_lower"],
            expected[f"{method}_upper"],
            what=method,
        )


def check_counts(counts, expected):
    assert (
        counts.true_positives,
        counts.false_negatives,
        counts.false_positives,
        counts.true_negatives,
    ) == tuple(expected[key] for key in ("tp", "fn", "fp", "tn"))
    for name in PROPORTIONS:
        check_proportion(getattr(counts, name), expected[name])


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("operating_points/operating_points.json"))
def test_operating_points_agree_with_the_reference(case):
    labels, scores, expected = case["labels"], case["scores"], case["expected"]
    best = youden(labels, scores)
    close(best.j, expected["youden"]["J"])
    assert list(best.tied_thresholds) == expected["youden"]["tied_thresholds"]
    assert len(best.tied_thresholds) == expected["youden"]["tie_count"]
    assert best.point.threshold == expected["youden"]["threshold"]
    counts = best.point.counts
    elsewhere = [(point["tp"], point["fp"]) for point in expected["pROC_best"]]
    assert (counts.true_positives, counts.false_positives) in elsewhere
    check_counts(best.point.counts, expected["youden"])
    for percent in (5, 10, 15, 20, 30):
        target = false_positive_target(labels, scores, percent)
        wanted = expected["fpr_targets"][f"fpr{percent}"]
        assert target.attainable.threshold == wanted["attainable"]["threshold"]
        check_counts(target.attainable.counts, wanted["attainable"])
        for name in ("sensitivity", "specificity", "accuracy"):
            close(getattr(target.interpolated, name), wanted["interpolated"][name], what=name)


def test_a_curve_worked_by_hand():
    labels, scores = [1, 1, 1, 0, 0, 0, 0], [0.9, 0.6, 0.2, 0.7, 0.3, 0.2, 0.1]
    points = [
        (p.threshold, p.true_positives, p.false_positives) for p in roc_points(labels, scores)
    ]
    assert points == [
        (None, 0, 0),
        (0.9, 1, 0),
        (0.7, 1, 1),
        (0.6, 2, 1),
        (0.3, 2, 2),
        (0.2, 3, 3),
        (0.1, 3, 4),
    ]
    best = youden(labels, scores)
    assert best.point.threshold == 0.6
    assert best.j == pytest.approx(2 / 3 - 1 / 4)
    quarter = false_positive_target(labels, scores, 25)
    assert quarter.attainable.threshold == 0.6
    assert quarter.interpolated.sensitivity == pytest.approx(2 / 3)
    half_way = false_positive_target(labels, scores, 60)
    # Between 2 and 3 false positives: 60% of 4 is 2.4, so 0.4 of the way from 2 to 3 hits.
    assert half_way.interpolated.sensitivity == pytest.approx((2 + 0.4) / 3)
    assert half_way.attainable.counts.false_positives == 2


def test_a_tie_goes_to_the_highest_threshold():
    best = youden([1, 0, 1, 0], [4, 3, 2, 1])
    assert best.tied_thresholds == (4.0, 2.0)
    assert best.point.threshold == 4


def test_a_target_met_exactly_counts_as_met():
    labels, scores = [1] + [0] * 20, [0.5, 0.9] + [0.1] * 19
    assert false_positive_target(labels, scores, 5).attainable.counts.true_positives == 1


def test_nothing_called_positive_has_no_predictive_value():
    counts = counted(tp=0, fn=3, fp=0, tn=4)
    assert counts.ppv.value is None
    assert counts.ppv.status is Status.DENOMINATOR_ZERO
    assert counts.npv.value == pytest.approx(4 / 7)


def test_one_class_has_no_operating_point():
    assert youden([1, 1], [1, 2]).status is Status.CLASS_MISSING
    assert false_positive_target([0, 0], [1, 2], 5).status is Status.CLASS_MISSING


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="whole number"):
        false_positive_target([0, 1], [0, 1], 7.5)
    with pytest.raises(ValueError, match="calls must have shape"):
        counted_calls([0, 1], [0, 1, 1])
    with pytest.raises(ValueError, match="counts must satisfy"):
        counted(tp=-1, fn=2, fp=0, tn=0)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 8)), min_size=2, max_size=40),
    st.integers(0, 100),
)
def test_points_are_what_calling_at_their_threshold_gives(nodes, percent):
    labels, scores = [y for y, _ in nodes], [s for _, s in nodes]
    if len(set(labels)) < 2:
        return
    best = youden(labels, scores)
    target = false_positive_target(labels, scores, percent)
    for point in (best.point, target.attainable):
        threshold = float("inf") if point.threshold is None else point.threshold
        assert point.counts == counted_calls(labels, [int(s >= threshold) for s in scores])
    assert 100 * target.attainable.counts.false_positives <= percent * labels.count(0)
    for point in roc_points(labels, scores):
        gain = point.true_positives / sum(labels) - point.false_positives / labels.count(0)
        assert gain <= best.j + 1e-12
