"""Calibration: hand values, statsmodels, the identity of the decomposition, undefined cases."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from readerstudy.statistics.calibration import calibration
from readerstudy.statistics.results import Status


def simulated(seed, n=400):
    rng = np.random.default_rng(seed)
    eta = rng.normal(0, 1.5, n)
    labels = (rng.random(n) < special.expit(eta)).astype(int)
    return labels, special.expit(0.4 + 0.7 * eta)


def test_bins_by_hand():
    labels, p = [0, 1, 1, 1], [0.2, 0.2, 0.8, 1.0]
    result = calibration(labels, p, bins=2)
    low, high = result.bins
    assert (low.observed.numerator, low.observed.denominator) == (1, 2)
    assert (high.mean_prediction, high.observed.value) == (pytest.approx(0.9), 1)
    # Errors 0.3 and 0.1, two nodes each.
    assert result.expected_error == pytest.approx(0.2)
    assert result.largest_error == pytest.approx(0.3)
    # (0.04 + 0.64 + 0.04 + 0)/4.
    assert result.brier.score == pytest.approx(0.18)
    assert result.brier.uncertainty == pytest.approx(0.75 * 0.25)
    assert result.brier.reliability == pytest.approx((0.09 + 0.01) / 2)
    assert result.brier.resolution == pytest.approx(0.25**2)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_slope_and_intercepts_agree_with_statsmodels(seed):
    labels, p = simulated(seed)
    result = calibration(labels, p)
    logits = special.logit(p)
    fit = sm.Logit(labels, sm.add_constant(logits)).fit(disp=0, tol=1e-12)
    assert result.intercept.estimate == pytest.approx(fit.params[0], rel=1e-6)
    assert result.slope.estimate == pytest.approx(fit.params[1], rel=1e-6)
    assert result.slope.standard_error == pytest.approx(fit.bse[1], rel=1e-6)
    large = sm.GLM(labels, np.ones(len(p)), family=sm.families.Binomial(), offset=logits).fit(
        tol=1e-12
    )
    assert result.in_the_large.estimate == pytest.approx(large.params[0], rel=1e-6)
    assert result.in_the_large.standard_error == pytest.approx(large.bse[0], rel=1e-6)


def test_true_probabilities_are_well_calibrated():
    rng = np.random.default_rng(4)
    p = rng.random(20_000)
    result = calibration((rng.random(p.size) < p).astype(int), p)
    assert result.expected_error < 0.02
    assert result.slope.interval.lower < 1 < result.slope.interval.upper
    assert result.spiegelhalter.p_two_sided > 0.01


def test_undefined_cases_are_named():
    empty = calibration([], [])
    assert (empty.status, empty.brier, empty.expected_error) == (Status.TOO_FEW_NODES, None, None)
    assert calibration([1, 1], [0.2, 0.8]).slope.status is Status.CLASS_MISSING
    border = calibration([0, 1], [0.0, 0.8])
    assert border.slope.status is Status.PREDICTION_AT_BORDER
    assert calibration([0, 1], [0.5, 0.5]).slope.status is Status.ZERO_VARIANCE
    apart = calibration([0, 0, 1], [0.2, 0.3, 0.8])
    assert (apart.slope.status, apart.slope.estimate) == (Status.SEPARATED, None)
    assert apart.in_the_large.estimate is not None
    assert calibration([0, 1], [0.0, 1.0]).spiegelhalter.status is Status.ZERO_VARIANCE


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="within"):
        calibration([0, 1], [0.5, 1.5])
    with pytest.raises(ValueError, match="at least 1"):
        calibration([0, 1], [0.5, 0.5], bins=0)
    with pytest.raises(ValueError, match="width or count"):
        calibration([0, 1], [0.5, 0.5], binning="log")


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=1, max_size=40),
    st.sampled_from(["width", "count"]),
    st.integers(1, 12),
    st.randoms(use_true_random=False),
)
def test_the_decomposition_is_exact_and_order_does_not_matter(nodes, binning, bins, random):
    labels, p = [y for y, _ in nodes], [k / 20 for _, k in nodes]
    result = calibration(labels, p, bins=bins, binning=binning)
    b = result.brier
    parts = b.reliability - b.resolution + b.uncertainty + b.within_variance - b.within_covariance
    assert b.score == pytest.approx(parts, abs=1e-12)
    assert sum(part.observed.denominator for part in result.bins) == len(nodes)
    mixed = random.sample(nodes, len(nodes))
    again = calibration(
        [y for y, _ in mixed], [k / 20 for _, k in mixed], bins=bins, binning=binning
    )
    assert again.expected_error == pytest.approx(result.expected_error, abs=1e-12)
    twice = calibration(labels * 2, p * 2, bins=bins, binning="width")
    once = calibration(labels, p, bins=bins, binning="width")
    assert twice.brier.score == pytest.approx(once.brier.score)


def test_a_fit_is_not_lost_to_the_rounding_of_its_own_likelihood():
    """Steps at the optimum change the likelihood by less than its last bit (values: R 4.2, glm)."""
    labels = [0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1]
    scores = [0.338619, 0.25, 0.9, 0.974864, 0.2403, 0.729746, 0.77, 0.71, 0.937254, 0.82, 0.8]
    found = calibration(labels, [*scores, 0.791031]).in_the_large
    assert found.status is Status.OK
    assert found.estimate == pytest.approx(0.428445941865782, rel=1e-12)
    assert found.standard_error == pytest.approx(0.784772019635597, rel=1e-10)
