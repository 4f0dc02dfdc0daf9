"""Baseline-table tests: reference suites, exhaustive enumeration, undefined cases, invariants."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from readerstudy.statistics import fisher
from readerstudy.statistics.contingency import compare_proportions, pearson_chi2, yates_chi2
from readerstudy.statistics.fisher import fisher_exact
from readerstudy.statistics.results import Status
from readerstudy.statistics.two_samples import two_samples
from tests.readerstudy.statistics.reference import cases, close, close_interval

TABLE = {"rel": 1e-8}


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("group_tests/contingency.json"))
def test_contingency_tables_agree_with_the_reference(case):
    table, expected = case["table"], case["expected"]
    result = compare_proportions(table)
    pearson = result.pearson
    close(pearson.test.statistic, expected["pearson_chi2"], **TABLE)
    assert pearson.test.degrees_of_freedom == expected["df"]
    close(pearson.test.p_two_sided, expected["p"], **TABLE, absolute=0)
    close(pearson.smallest_expected, expected["min_expected"], **TABLE)
    assert pearson.cells_expected_below_5 == expected["cells_expected_below_5"]
    assert pearson.dropped is expected["empty_rows_or_columns_dropped"]
    exact = fisher_exact(table)
    assert exact.method == "exact"
    close(exact.p, expected["fisher_p"], rel=1e-6, absolute=0)
    rule = "fisher" if expected["cells_expected_below_5"] else "pearson"
    assert result.chosen == rule
    close(result.p, expected["fisher_p" if rule == "fisher" else "p"], rel=1e-6, absolute=0)
    if "yates_chi2" in expected:
        yates = yates_chi2(table)
        close(yates.statistic, expected["yates_chi2"], **TABLE)
        close(yates.p_two_sided, expected["yates_p"], **TABLE, absolute=0)
        check_odds_ratio(exact, expected)


def check_odds_ratio(exact, expected):
    ratio = expected["fisher_conditional_odds_ratio"]
    close(exact.odds_ratio, ratio, rel=1e-4)
    close(exact.sample_odds_ratio, expected["sample_odds_ratio"], **TABLE)
    interval = exact.odds_ratio_interval
    # R solves for these limits to about four digits (uniroot's default tolerance).
    close(interval.lower, expected["fisher_or_ci_lower"], rel=1e-4)
    if expected["fisher_or_ci_upper"] is None:
        assert interval.upper == math.inf
    else:
        close(interval.upper, expected["fisher_or_ci_upper"], rel=1e-3)


def test_the_conditional_odds_ratio_agrees_with_scipy():
    for table in ([[62, 20], [3, 7]], [[5, 9], [11, 2]], [[1, 4], [4, 1]]):
        ours = fisher_exact(table)
        theirs = stats.contingency.odds_ratio(table, kind="conditional")
        assert ours.odds_ratio == pytest.approx(theirs.statistic, rel=1e-6)
        limits = theirs.confidence_interval(0.95)
        assert ours.odds_ratio_interval.lower == pytest.approx(limits.low, rel=1e-6)
        assert ours.odds_ratio_interval.upper == pytest.approx(limits.high, rel=1e-6)


def enumerated(table):
    """Sum over every table with these margins, one by one."""
    table = np.asarray(table)
    rows, columns = table.sum(axis=1), table.sum(axis=0)

    def weight(cells):
        return -sum(math.lgamma(x + 1) for x in np.asarray(cells).ravel())

    constant = sum(math.lgamma(x + 1) for x in (*rows, *columns)) - math.lgamma(table.sum() + 1)

    def tables(index, left):
        if index == len(columns) - 1:
            if left.sum() == columns[-1]:
                yield [left]
            return
        for cells in itertools.product(*(range(x + 1) for x in left)):
            if sum(cells) == columns[index]:
                for rest in tables(index + 1, left - np.array(cells)):
                    yield [np.array(cells), *rest]

    observed = weight(table)
    return sum(
        math.exp(constant + weight(cells))
        for cells in tables(0, rows)
        if weight(cells) <= observed + 1e-7
    )


small_tables = st.integers(2, 3).flatmap(
    lambda columns: st.lists(
        st.lists(st.integers(0, 3), min_size=columns, max_size=columns), min_size=2, max_size=4
    )
)


@settings(max_examples=40, deadline=None)
@given(small_tables)
def test_fisher_equals_listing_every_table(table):
    array = np.array(table)
    kept = array[array.sum(axis=1) > 0][:, array.sum(axis=0) > 0]
    exact = fisher_exact(table)
    if min(kept.shape) < 2:
        assert exact.status is Status.TOO_FEW_CATEGORIES
        return
    assert exact.p == pytest.approx(enumerated(kept), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(small_tables, st.randoms(use_true_random=False))
def test_order_of_rows_columns_and_turning_do_not_matter(table, random):
    array = np.array(table)
    mixed = array[random.sample(range(len(array)), len(array))].T
    for test in (fisher_exact, lambda t: pearson_chi2(t).test):
        one, two = test(table), test(mixed)
        assert one.status is two.status
        p, q = (getattr(r, "p", None) or getattr(r, "p_two_sided", None) for r in (one, two))
        assert p is q is None or p == pytest.approx(q, rel=1e-9)


def test_a_large_table_is_simulated_only_with_a_generator(monkeypatch):
    monkeypatch.setattr(fisher, "MOST_WORK", 10)
    table = [[1, 0, 3], [2, 4, 0], [0, 1, 2]]
    with pytest.raises(ValueError, match="pass a numpy Generator"):
        fisher_exact(table)
    runs = [
        fisher_exact(table, generator=np.random.default_rng(4), replicates=20_000) for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert runs[0].method == "simulated"
    assert compare_proportions(table, generator=np.random.default_rng(4)).chosen == (
        "fisher_simulated"
    )
    monkeypatch.undo()
    exact = fisher_exact(table).p
    assert abs(runs[0].p - exact) < 4 * runs[0].standard_error


def test_undefined_tables_and_refusals():
    for table in ([[3, 5]], [[3, 0], [5, 0]], [[0, 0], [0, 0]]):
        assert pearson_chi2(table).status is Status.TOO_FEW_CATEGORIES
        assert fisher_exact(table).p is None
        assert compare_proportions(table).chosen == "none"
    assert yates_chi2([[3, 0], [5, 0]]).status is Status.TOO_FEW_CATEGORIES
    for bad in ([[1.5, 2], [3, 4]], [[-1, 2], [3, 4]], [[math.nan, 2], [3, 4]]):
        with pytest.raises(ValueError, match="whole counts"):
            fisher_exact(bad)
    with pytest.raises(ValueError, match="rows and columns"):
        pearson_chi2([1, 2])
    with pytest.raises(ValueError, match="2 x 2"):
        yates_chi2([[1, 2, 3], [4, 5, 6]])


def test_chi_square_by_hand():
    # 10 20 / 20 10: all expected 15, each deviation 5: 4 * 25/15; Yates 4 * 20.25/15.
    assert pearson_chi2([[10, 20], [20, 10]]).test.statistic == pytest.approx(20 / 3)
    assert yates_chi2([[10, 20], [20, 10]]).statistic == pytest.approx(5.4)


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("group_tests/continuous.json"))
def test_two_samples_agree_with_the_reference(case):
    result, expected = two_samples(case["a"], case["b"]), case["expected"]
    for sample, name in ((result.first, "a"), (result.second, "b")):
        close(sample.mean, expected[f"mean_{name}"], **TABLE)
        close(sample.standard_deviation, expected[f"sd_{name}"], **TABLE)
        for ours, wanted in zip(sample.quantiles, expected[f"quantiles_{name}_type7"], strict=True):
            close(ours, wanted, **TABLE)
    for name, test in (("student", result.student), ("welch", result.welch)):
        close(test.statistic, expected[f"{name}_t"], **TABLE)
        close(test.degrees_of_freedom, expected[f"{name}_df"], **TABLE)
        close(test.p_two_sided, expected[f"{name}_p"], **TABLE, absolute=0)
    close_interval(
        result.student_interval,
        expected["student_ci_lower"],
        expected["student_ci_upper"],
        **TABLE,
    )
    ranks = result.mann_whitney
    assert ranks.u == expected["mann_whitney_U_of_a"]
    assert ranks.has_ties is expected["has_ties"]
    close(ranks.asymptotic_p, expected["mw_asymptotic_continuity_p"], **TABLE, absolute=0)
    close(
        ranks.asymptotic_uncorrected_p,
        expected["mw_asymptotic_no_continuity_p"],
        **TABLE,
        absolute=0,
    )
    for key in ("mw_exact_p_no_ties", "mw_exact_conditional_p_with_ties"):
        if expected[key] is not None:
            close(ranks.exact_p, expected[key], **TABLE, absolute=0)
    rule = expected["mw_exact_p_no_ties"]
    close(ranks.p, expected["mw_asymptotic_continuity_p"] if rule is None else rule, **TABLE)


def test_two_samples_by_hand():
    # Means 2 and 5, both variances 1, n 3 and 3: t = -3 / sqrt(2/3), df 4; U 0.
    result = two_samples([1, 2, 3], [4, 5, 6])
    assert result.student.statistic == pytest.approx(-3 / math.sqrt(2 / 3))
    assert result.welch.degrees_of_freedom == pytest.approx(4)
    assert (result.mann_whitney.u, result.mann_whitney.p) == (0, pytest.approx(2 / 20))


@pytest.mark.parametrize(
    ("first", "second", "status", "p"),
    [
        ([], [1.0], Status.TOO_FEW_NODES, None),
        ([1.0], [2.0, 3.0], Status.TOO_FEW_NODES, 2 / 3),
        ([2.0, 2.0], [2.0, 2.0], Status.ZERO_VARIANCE_ZERO_DIFFERENCE, None),
        ([2.0, 2.0], [3.0, 3.0], Status.ZERO_VARIANCE_NONZERO_DIFFERENCE, 0.1939),
    ],
)
def test_degenerate_samples_are_named(first, second, status, p):
    result = two_samples(first, second)
    assert result.status is status
    assert result.student.p_two_sided is None
    if p is not None:
        assert result.mann_whitney.p == pytest.approx(p, abs=5e-5)
    elif result.mann_whitney is not None:
        assert result.mann_whitney.p is None


def test_bad_samples_are_refused():
    with pytest.raises(ValueError, match="missing values"):
        two_samples([1, math.nan], [1, 2])
    with pytest.raises(ValueError, match="one axis"):
        two_samples([[1, 2]], [1, 2])


samples = st.lists(st.integers(0, 6), min_size=2, max_size=9)


@settings(max_examples=100, deadline=None)
@given(samples, samples)
def test_exchanging_the_samples_mirrors_everything(first, second):
    one, two = two_samples(first, second), two_samples(second, first)
    assert one.status is two.status
    if one.student.statistic is not None:
        assert one.student.statistic == pytest.approx(-two.student.statistic)
        assert one.welch.p_two_sided == pytest.approx(two.welch.p_two_sided)
    left, right = one.mann_whitney, two.mann_whitney
    assert left.u + right.u == len(first) * len(second)
    if left.p is not None:
        assert left.exact_p == pytest.approx(right.exact_p)
        # A strictly increasing map changes no rank.
        curved = two_samples(np.exp(first), np.exp(second)).mann_whitney
        assert curved.exact_p == pytest.approx(left.exact_p)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=2, max_size=4),
    st.lists(st.integers(0, 4), min_size=2, max_size=4),
)
def test_the_exact_rank_test_equals_listing_every_allocation(first, second):
    pooled = np.array(first + second, dtype=float)
    assume(len(set(pooled)) > 1)
    ranks = stats.rankdata(pooled)
    sums = np.array(
        [
            ranks[list(chosen)].sum()
            for chosen in itertools.combinations(range(len(pooled)), len(first))
        ]
    )
    observed = abs(ranks[: len(first)].sum() - sums.mean())
    expected = (np.abs(sums - sums.mean()) >= observed - 1e-9).mean()
    assert two_samples(first, second).mann_whitney.exact_p == pytest.approx(expected)
