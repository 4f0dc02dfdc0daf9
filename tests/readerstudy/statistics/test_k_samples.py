"""One-way ANOVA and Kruskal-Wallis: hand values, two samples, statsmodels, degenerate samples."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.oneway import anova_oneway

from readerstudy.statistics.k_samples import kruskal_wallis, one_way_anova
from readerstudy.statistics.results import Status
from readerstudy.statistics.two_samples import two_samples

SAMPLES = st.lists(
    st.lists(st.integers(-50, 50).map(float), min_size=2, max_size=12), min_size=3, max_size=5
)


def test_anova_by_hand():
    # Means 2, 3, 7, grand mean 4: between 3 (4 + 1 + 9) = 42 on 2, within 2 + 2 + 2 = 6 on 6.
    found = one_way_anova([[1, 2, 3], [2, 3, 4], [6, 7, 8]])
    assert found.statistic == pytest.approx(21)
    assert (found.degrees_of_freedom, found.degrees_of_freedom_within) == (2, 6)
    # With 2 numerator df the tail is closed: (1 + 2 F/df2)^(-df2/2) = 8^-3.
    assert found.p == pytest.approx(8**-3)
    assert found.n == (3, 3, 3)


def test_kruskal_wallis_by_hand():
    # Rank sums 6, 15, 24: H = 12/90 (12 + 75 + 192) - 30 = 7.2; with 2 df p = exp(-H/2).
    found = kruskal_wallis([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    assert found.statistic == pytest.approx(7.2)
    assert found.p == pytest.approx(math.exp(-3.6))
    assert (found.degrees_of_freedom, found.degrees_of_freedom_within) == (2, None)


def test_kruskal_wallis_divides_by_the_tie_correction():
    # Mid-ranks 1.5 1.5 | 3.5 3.5 | 5.5 5.5: H = 12/42 (4.5 + 24.5 + 60.5) - 21 = 32/7,
    # correction 1 - 3 (8 - 2)/(216 - 6) = 32/35.
    found = kruskal_wallis([[1, 1], [2, 2], [3, 3]])
    assert found.statistic == pytest.approx(5)


@given(SAMPLES)
@settings(max_examples=50, deadline=None)
def test_anova_agrees_with_statsmodels(samples):
    found = one_way_anova(samples)
    if found.status is not Status.OK:
        return
    expected = anova_oneway([np.array(sample) for sample in samples], use_var="equal")
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-9, abs=1e-9)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)


@given(SAMPLES, st.randoms())
@settings(max_examples=50, deadline=None)
def test_the_order_of_the_samples_does_not_matter(samples, random):
    turned = random.sample(samples, len(samples))
    for test in (one_way_anova, kruskal_wallis):
        one, two = test(samples), test(turned)
        assert one.status is two.status
        if one.p is not None:
            assert one.p == pytest.approx(two.p, rel=1e-9)
            assert 0 <= one.p <= 1


def test_two_samples_are_the_t_test_and_the_mann_whitney_test():
    one, two = [1.0, 2.5, 3.0, 4.0, 4.0], [2.0, 4.0, 6.0, 6.0, 7.5, 9.0]
    pair = two_samples(one, two)
    found = one_way_anova([one, two])
    assert found.statistic == pytest.approx(pair.student.statistic**2)
    assert found.p == pytest.approx(pair.student.p_two_sided)
    ranks = kruskal_wallis([one, two])
    assert ranks.p == pytest.approx(pair.mann_whitney.asymptotic_uncorrected_p)


def test_empty_samples_take_no_part():
    samples = [[1, 2, 4], [], [3, 5, 9]]
    assert one_way_anova(samples).statistic == one_way_anova(samples[::2]).statistic
    found = kruskal_wallis(samples)
    assert found.n == (3, 0, 3)
    assert found.degrees_of_freedom == 1


@pytest.mark.parametrize(
    ("samples", "anova", "ranks"),
    [
        ([], Status.TOO_FEW_CATEGORIES, Status.TOO_FEW_CATEGORIES),
        ([[1, 2], []], Status.TOO_FEW_CATEGORIES, Status.TOO_FEW_CATEGORIES),
        ([[1], [2], [3]], Status.TOO_FEW_NODES, Status.OK),
        (
            [[0.1, 0.1], [0.1, 0.1]],
            Status.ZERO_VARIANCE_ZERO_DIFFERENCE,
            Status.ZERO_VARIANCE_ZERO_DIFFERENCE,
        ),
        ([[1, 1], [2, 2]], Status.ZERO_VARIANCE_NONZERO_DIFFERENCE, Status.OK),
    ],
)
def test_degenerate_samples_are_undefined_and_say_why(samples, anova, ranks):
    for found, status in ((one_way_anova(samples), anova), (kruskal_wallis(samples), ranks)):
        assert found.status is status
        assert (found.p is None) == (status is not Status.OK)


@pytest.mark.parametrize("test", [one_way_anova, kruskal_wallis])
def test_bad_samples_are_refused(test):
    with pytest.raises(ValueError, match="sample 1 holds missing values"):
        test([[1, 2], [3, float("nan")]])
    with pytest.raises(ValueError, match="sample 0 must have one axis"):
        test([[[1, 2]], [3, 4]])
