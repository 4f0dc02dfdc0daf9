"""DeLong: reference suites, hand-computed values, degenerate cases, invariants."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from readerstudy.statistics import delong
from readerstudy.statistics.hanley_mcneil import hanley_mcneil
from readerstudy.statistics.inputs import complete_nodes
from readerstudy.statistics.results import Status
from readerstudy.statistics.tails import normal_test
from tests.readerstudy.statistics.reference import (
    cases,
    close,
    close_interval,
    close_matrix,
)

P = {"rel": 1e-6, "absolute": 0.0}


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("delong/delong_single.json"))
def test_single_curve_agrees_with_the_reference(case):
    expected = case["expected"]
    result = delong.single(case["labels"], case["scores"])
    assert (result.n_positive, result.n_negative) == (expected["n_pos"], expected["n_neg"])
    close(result.estimate, expected["auc"])
    close(result.variance, expected["variance"])
    close(result.standard_error, expected["se"])
    close_interval(result.interval, expected["ci_lower"], expected["ci_upper"])
    close_interval(
        result.interval,
        expected["ci_lower_unclipped"],
        expected["ci_upper_unclipped"],
        unclipped=True,
    )
    close_interval(result.logit_interval, expected["logit_ci_lower"], expected["logit_ci_upper"])
    assert (result.variance is not None) is expected["defined_variance"]
    old = hanley_mcneil(result.estimate, n_positive=result.n_positive, n_negative=result.n_negative)
    close(old.standard_error, expected["hanley_mcneil_se"])
    close_interval(
        old.interval,
        expected["hanley_mcneil_lower_unclipped"],
        expected["hanley_mcneil_upper_unclipped"],
        unclipped=True,
    )


def check_comparison(result, expected, case_id):
    loose = {"rel": 1e-6} if case_id == "nearly_identical_ranks" else {}
    close(result.estimate, expected["difference"], **loose, absolute=1e-12)
    close(result.standard_error, expected["se_difference"], **loose)
    close(result.test.statistic, expected["z"], **loose)
    close(result.test.p_two_sided, expected["p_two_sided"], **P)
    close(result.test.p_greater, expected["p_greater"], **P)
    close(result.test.p_less, expected["p_less"], **P)
    close_interval(
        result.interval, expected["ci_difference_lower"], expected["ci_difference_upper"], **loose
    )
    assert result.status == expected["status"]


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("delong/delong_paired.json"))
def test_paired_comparison_agrees_with_the_reference(case):
    expected = case["expected"]
    labels, first, second = case["labels"], case["scores_1"], case["scores_2"]
    check_comparison(delong.paired(labels, first, second), expected, case["id"])
    cov = delong.covariance(labels, {"first": first, "second": second})
    close(cov.estimates[0], expected["auc_1"])
    close(cov.estimates[1], expected["auc_2"])
    if expected["variance_1"] is None:
        assert cov.matrix is None
    else:
        close(cov.matrix[0][0], expected["variance_1"])
        close(cov.matrix[1][1], expected["variance_2"])
        close(cov.matrix[0][1], expected["covariance"])


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("delong/delong_missing.json"))
def test_missing_calls_are_left_out_pairwise(case):
    expected = case["expected"]
    labels = np.array(case["labels"])
    first = np.array(case["scores_1"], dtype=float)
    second = np.array(case["scores_2"], dtype=float)
    kept = complete_nodes(first, second)
    result = delong.paired(labels[kept], first[kept], second[kept])
    assert (result.n, result.n_positive, result.n_negative, int((~kept).sum())) == (
        expected["n_used"],
        expected["n_pos_used"],
        expected["n_neg_used"],
        expected["n_dropped"],
    )
    check_comparison(result, expected, case["id"])
    if complete_nodes(first).all():
        close(delong.single(labels, first).estimate, expected["auc_1_on_all_nodes"])
    else:
        with pytest.raises(ValueError, match="missing values"):
            delong.single(labels, first)


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("delong/delong_unpaired.json"))
def test_unpaired_comparison_agrees_with_the_reference(case):
    expected = case["expected"]
    first = delong.single(case["labels_1"], case["scores_1"])
    second = delong.single(case["labels_2"], case["scores_2"])
    normal, welch = delong.unpaired(first, second)
    for result, name in ((first, "1"), (second, "2")):
        close(result.estimate, expected[f"auc_{name}"])
        close(result.variance, expected[f"variance_{name}"])
    close(normal.estimate, expected["difference"])
    close(normal.standard_error, expected["se_difference"])
    close(normal.test.p_two_sided, expected["p_two_sided_normal"], **P)
    close_interval(
        normal.interval,
        expected["ci_difference_lower_normal"],
        expected["ci_difference_upper_normal"],
    )
    close(welch.statistic, expected["D"])
    close(welch.degrees_of_freedom, expected["df"])
    close(welch.p_two_sided, expected["p_two_sided_t"], **P)
    close(welch.p_less, expected["p_less_t"], **P)
    close(welch.p_greater, expected["p_greater_t"], **P)


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("delong/delong_covariance.json"))
def test_covariance_contrast_and_omnibus_agree_with_the_reference(case):
    expected = case["expected"]
    names = case["curves"]
    curves = {name: case["scores"][name] for name in names}
    cov = delong.covariance(case["labels"], curves)
    assert cov.names == tuple(names)
    for value, name in zip(cov.estimates, names, strict=True):
        close(value, expected["auc"][name])
    close_matrix(cov.matrix, expected["covariance"])
    result = delong.contrast(
        case["labels"], curves, dict(zip(names, case["contrast"], strict=True))
    )
    close(result.estimate, expected["contrast_estimate"])
    close(result.standard_error, expected["contrast_se"])
    close(result.test.statistic, expected["contrast_z"])
    close(result.test.p_two_sided, expected["contrast_p_two_sided"], **P)
    close_interval(result.interval, expected["contrast_ci_lower"], expected["contrast_ci_upper"])
    rest = delong.covariance(case["labels"], {name: curves[name] for name in names[1:]})
    for matrix, key in ((cov, "omnibus_all_equal"), (rest, "omnibus_curves_2_to_k_equal")):
        joint = delong.omnibus(matrix)
        close(joint.statistic, expected[key]["chi2"])
        assert joint.degrees_of_freedom == expected[key]["df"]
        close(joint.p_two_sided, expected[key]["p"], **P)


def scale_inputs(n):
    i = np.arange(n, dtype=np.int64)
    y = ((i * 7919) % 10 < 3).astype(int)
    u = ((i + 1) * 1103515245 % 2147483647) / 2147483647
    v = ((i + 1) * 1220703125 % 2147483647) / 2147483647
    a = u + 0.35 * y
    b = 0.5 * u + 0.5 * v + 0.2 * y
    return y, {"a": a, "b": b, "tied": np.floor(20 * b) / 20}


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("performance/delong_scale.json"))
def test_large_inputs_agree_with_the_reference(case):
    y, curves = scale_inputs(case["n"])
    expected = case["expected"]
    assert int(y.sum()) == case["n_pos"]
    cov = delong.covariance(y, curves)
    for k, name in enumerate(cov.names):
        close(cov.estimates[k], expected[f"auc_{name}"], rel=1e-12)
        close(cov.matrix[k][k], expected[f"var_{name}"], rel=1e-8)
    close(cov.matrix[0][1], expected["cov_a_b"], rel=1e-8)
    result = delong.paired(y, curves["a"], curves["b"])
    close(result.test.statistic, expected["z_a_b"], rel=1e-8)
    close(result.test.p_two_sided, expected["p_a_b"], **P)
    tied = delong.paired(y, curves["a"], curves["tied"])
    close(tied.test.statistic, expected["z_a_tied"], rel=1e-8)


def test_a_curve_worked_by_hand():
    # Positives 3, 1; negatives 2, 0: pairs won 3>2, 3>0, 1>0, lost 1<2, so AUC 3/4.
    # V10 = (1, 1/2), V01 = (1/2, 1): each variance 1/8, and 1/8/2 + 1/8/2 = 1/8.
    result = delong.single([1, 1, 0, 0], [3, 1, 2, 0])
    assert result.estimate == 0.75
    assert result.variance == pytest.approx(0.125)
    assert result.interval.upper == 1
    assert result.interval.upper_unclipped == pytest.approx(0.75 + 1.959963984540054 * 0.125**0.5)


def test_a_binary_call_has_the_closed_form_variance():
    labels = [1] * 5 + [0] * 10
    calls = [1, 1, 1, 1, 0] + [1, 1] + [0] * 8
    result = delong.single(labels, calls)
    assert result.estimate == pytest.approx((0.8 + 0.8) / 2)
    assert result.variance == pytest.approx((0.8 * 0.2 / 4 + 0.8 * 0.2 / 9) / 4)


@pytest.mark.parametrize(
    ("labels", "scores", "auc", "status"),
    [
        ([1, 1, 0, 0], [2, 3, 0, 1], 1, Status.ZERO_VARIANCE),
        ([1, 1, 0, 0], [0, 1, 2, 3], 0, Status.ZERO_VARIANCE),
        ([1, 1, 0, 0], [7, 7, 7, 7], 0.5, Status.ZERO_VARIANCE),
        ([1, 0, 0], [2, 1, 3], 0.5, Status.VARIANCE_UNDEFINED),
        ([0, 0], [1, 2], None, Status.CLASS_MISSING),
        ([], [], None, Status.CLASS_MISSING),
    ],
)
def test_degenerate_curves_are_named(labels, scores, auc, status):
    result = delong.single(labels, scores)
    assert (result.estimate, result.status) == (auc, status)
    if status is Status.ZERO_VARIANCE:
        assert result.interval.degenerate
        assert result.interval.warning
    else:
        assert result.interval is None


@pytest.mark.parametrize(
    ("second", "status", "p"),
    [
        ([20, 30, 0, 10], Status.ZERO_VARIANCE_ZERO_DIFFERENCE, 1),
        ([0, 1, 2, 3], Status.ZERO_VARIANCE_NONZERO_DIFFERENCE, None),
    ],
)
def test_degenerate_comparisons_are_named(second, status, p):
    result = delong.paired([1, 1, 0, 0], [2, 3, 0, 1], second)
    assert (result.status, result.test.p_two_sided) == (status, p)


def test_an_extreme_tail_is_not_zero():
    # 1 - cdf(25) is 0 in double precision; the tail is 3.06e-138.
    assert normal_test(25.0).p_greater == pytest.approx(3.0566967e-138, rel=1e-6)
    assert normal_test(-25.0).p_two_sided == pytest.approx(6.1133934e-138, rel=1e-6)
    assert normal_test(-25.0).p_greater == 1


def test_two_equal_curves_have_no_joint_test():
    labels, scores = [1, 1, 0, 0, 1, 0], [3, 1, 2, 0, 4, 3]
    cov = delong.covariance(labels, {"a": scores, "b": scores, "c": [1, 0, 1, 0, 1, 0]})
    assert delong.omnibus(cov).status is Status.SINGULAR_COVARIANCE
    with pytest.raises(ValueError, match="at least two curves"):
        delong.omnibus(delong.covariance(labels, {"a": scores}))


@pytest.mark.parametrize(
    ("labels", "scores", "words"),
    [
        ([0, 2], [1, 2], "labels must be 0"),
        ([0, 1], [1, math.nan], "missing values"),
        ([0, 1], [1, 2, 3], "one per node"),
    ],
)
def test_bad_input_is_refused(labels, scores, words):
    with pytest.raises(ValueError, match=words):
        delong.single(labels, scores)


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="level"):
        delong.single([0, 1], [0, 1], level=1)
    with pytest.raises(ValueError, match="weights must name"):
        delong.contrast([0, 1], {"a": [0, 1]}, {"b": 1})
    with pytest.raises(ValueError, match="at least one reader"):
        delong.reader_mean_weights("model", [])
    with pytest.raises(ValueError, match="auc must lie"):
        hanley_mcneil(1.2, n_positive=3, n_negative=3)


@st.composite
def two_curves(draw):
    n = draw(st.integers(4, 30))
    labels = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    assume(2 <= sum(labels) <= n - 2)
    score = st.integers(-6, 6)
    return [labels] + [draw(st.lists(score, min_size=n, max_size=n)) for _ in range(2)]


@settings(max_examples=100, deadline=None)
@given(two_curves())
def test_flipping_a_score_mirrors_the_area(data):
    labels, scores, _ = data
    up, down = delong.single(labels, scores), delong.single(labels, [-s for s in scores])
    assert up.estimate == pytest.approx(1 - down.estimate, abs=1e-12)
    assert up.variance == pytest.approx(down.variance, abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(two_curves(), st.randoms(use_true_random=False))
def test_the_order_of_nodes_does_not_matter(data, random):
    labels, first, second = data
    order = list(range(len(labels)))
    random.shuffle(order)
    mixed = [[column[k] for k in order] for column in data]
    one, two = delong.paired(labels, first, second), delong.paired(*mixed)
    assert one.estimate == two.estimate
    assert one.status == two.status
    assert one.standard_error == pytest.approx(two.standard_error, abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(two_curves())
def test_a_monotone_transformation_changes_nothing(data):
    labels, scores, _ = data
    stretched = [math.exp(s) * 3 - 1 for s in scores]
    assert delong.single(labels, scores) == delong.single(labels, stretched)
    same = delong.paired(labels, scores, stretched)
    assert same.status is Status.ZERO_VARIANCE_ZERO_DIFFERENCE


@settings(max_examples=100, deadline=None)
@given(two_curves())
def test_the_paired_test_is_antisymmetric(data):
    labels, first, second = data
    one, two = delong.paired(labels, first, second), delong.paired(labels, second, first)
    assert one.estimate == -two.estimate
    assert one.test.p_two_sided == two.test.p_two_sided
    assert one.test.p_greater == two.test.p_less
    assert one.status == two.status


@settings(max_examples=100, deadline=None)
@given(two_curves())
def test_the_area_of_a_binary_call_is_the_mean_of_sensitivity_and_specificity(data):
    labels, scores, _ = data
    calls = [int(s > 0) for s in scores]
    hits = sum(c for c, y in zip(calls, labels, strict=True) if y)
    clear = sum(1 - c for c, y in zip(calls, labels, strict=True) if not y)
    sensitivity, specificity = hits / sum(labels), clear / (len(labels) - sum(labels))
    area = delong.single(labels, calls).estimate
    assert area == pytest.approx((sensitivity + specificity) / 2, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(two_curves())
def test_the_contrast_variance_equals_the_covariance_form(data):
    labels, first, second = data
    cov = np.array(delong.covariance(labels, {"a": first, "b": second}).matrix)
    result = delong.paired(labels, first, second)
    by_matrix = cov[0, 0] + cov[1, 1] - 2 * cov[0, 1]
    assert result.standard_error**2 == pytest.approx(by_matrix, abs=1e-12)
