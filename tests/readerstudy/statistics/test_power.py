"""Planning: published sample sizes, hand values, agreement with simulated studies, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from readerstudy.statistics.power import (
    auc_difference_power,
    design_effect,
    mcnemar_power,
    multi_reader_power,
    nodes_for_proportion,
    smallest,
)


def test_the_published_sample_size_for_a_sensitivity():
    # Buderer 1996: sensitivity .90 within .10 at prevalence .20: 35 with disease, 173 in all.
    assert nodes_for_proportion(0.9, half_width=0.1, prevalence=0.2) == (35, 173)


def test_mcnemar_by_hand_and_by_simulation():
    # (1.96 sqrt(.3) + .8416 sqrt(.29))^2 / .01 = 233.1.
    needed = smallest(lambda n: mcnemar_power(0.2, 0.1, pairs=n, alpha=0.05), target=0.8)
    assert needed == 234
    drawn = np.random.default_rng(1).multinomial(needed, [0.2, 0.1, 0.7], size=20_000)
    b, c = drawn[:, 0], drawn[:, 1]
    rejected = (b - c) ** 2 / (b + c) > stats.chi2.isf(0.05, 1)
    assert rejected.mean() == pytest.approx(0.8, abs=0.015)


def test_the_power_over_readers_agrees_with_simulated_studies():
    # Areas drawn from the Obuchowski-Rockette model itself, tested with its known covariances.
    r, difference, var_tr, e, c = 6, 0.05, 0.0004, 0.0006, 0.0002
    rng, n = np.random.default_rng(2), 20_000
    shared = rng.normal(0, np.sqrt(2 * c), (n, 1))
    own = rng.normal(0, np.sqrt(2 * (var_tr + e - c)), (n, r))
    differences = difference + shared + own
    ms_t = r * differences.mean(axis=1) ** 2 / 2
    ms_tr = differences.var(axis=1, ddof=1) / 2
    denominator = ms_tr + r * c
    df2 = denominator**2 / (ms_tr**2 / (r - 1))
    simulated = (stats.f.sf(ms_t / denominator, 1, df2) < 0.05).mean()
    power = multi_reader_power(
        difference,
        readers=r,
        cases_factor=1,
        ms_treatment_reader=var_tr + e - c,
        cov2_minus_cov3=c,
        var_minus_cov1=e,
    )
    assert power == pytest.approx(simulated, abs=0.03)


def test_the_power_from_printed_components():
    # Van Dyke's 114 cases and 5 readers, as OR-DBM MRMC 2.51 prints them; its treatment x reader
    # component is .0002004. Hillis, Obuchowski and Berbaum 2011, for 6 readers and 251 cases.
    component, variance, cov1, cov2, cov3 = (
        0.0002004,
        0.00080229,
        0.00034661,
        0.00034407,
        0.00023903,
    )
    shrunk, r = 114 / 251, 6
    denominator = component + shrunk * (variance - cov1 + (r - 1) * (cov2 - cov3))
    own = component + shrunk * (variance - cov1 - (cov2 - cov3))
    df2 = denominator**2 / (own**2 / (r - 1))
    noncentrality = 0.05**2 * r / 2 / denominator
    expected = stats.ncf.sf(stats.f.isf(0.05, 1, df2), 1, df2, noncentrality)
    power = multi_reader_power(
        0.05,
        readers=r,
        cases_factor=251 / 114,
        ms_treatment_reader=0.00055103,
        cov2_minus_cov3=cov2 - cov3,
        var_minus_cov1=variance - cov1,
    )
    assert power == pytest.approx(expected, abs=1e-4)
    assert power > 0.85


def test_no_effect_leaves_the_error_and_margins_help():
    even = {"n_positive": 50, "n_negative": 100, "correlation": 0.4}
    assert auc_difference_power(0.8, 0.8, **even) == pytest.approx(0.05)
    assert auc_difference_power(0.8, 0.8, **even, margin=0.1) > 0.3
    assert design_effect(nodes_per_patient=5, correlation=0.1) == pytest.approx(1.4)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.55, 0.95), st.floats(0.55, 0.95), st.integers(10, 300), st.floats(-0.5, 0.9))
def test_more_nodes_and_less_inflation_never_cost_power(first, second, n, correlation):
    def power(n, **more):
        return auc_difference_power(
            first, second, n_positive=n, n_negative=2 * n, correlation=correlation, **more
        )

    assert power(n) <= power(2 * n) + 1e-12
    assert power(n, inflation=2) <= power(n) + 1e-12
    swapped = auc_difference_power(
        second, first, n_positive=n, n_negative=2 * n, correlation=correlation
    )
    assert swapped == pytest.approx(power(n))


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="expected must lie"):
        nodes_for_proportion(1.0, half_width=0.1)
    with pytest.raises(ValueError, match="prevalence"):
        nodes_for_proportion(0.9, half_width=0.1, prevalence=0)
    with pytest.raises(ValueError, match="different shares"):
        mcnemar_power(0.2, 0.2, pairs=10, alpha=0.05)
    with pytest.raises(ValueError, match="nodes in both classes"):
        auc_difference_power(0.8, 0.7, n_positive=0, n_negative=5, correlation=0.1)
    with pytest.raises(ValueError, match="nodes_per_patient"):
        design_effect(nodes_per_patient=0.5, correlation=0)
    with pytest.raises(ValueError, match="do not reach"):
        smallest(lambda _: 0.1, target=0.8)
    pilot = {"ms_treatment_reader": 0.0, "cov2_minus_cov3": 0.0, "var_minus_cov1": 0.0}
    with pytest.raises(ValueError, match="no variance"):
        multi_reader_power(0.05, readers=4, cases_factor=1, **pilot)
    with pytest.raises(ValueError, match="readers >= 2"):
        multi_reader_power(0.05, readers=1, cases_factor=1, **pilot)
