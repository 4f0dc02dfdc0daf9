"""Display: the rounding rules, on the values where they matter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.analysis.reporting import display


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ((8, 23), "35"),
        ((24, 31), "77"),
        ((1, 8), "13"),
        ((29, 200), "15"),
        ((0, 4), "0"),
        ((4, 4), "100"),
        ((1, 200), "1"),
        ((0, 0), "–"),
    ],
)
def test_percentages_round_half_up_on_the_exact_fraction(counts, shown):
    assert display.percent(*counts) == shown


def test_percentages_name_their_counts():
    assert display.percent_with_counts(26, 33) == "79 (26/33)"


@pytest.mark.parametrize(
    ("p", "shown"),
    [
        (1e-138, "<.001"),
        (0.000999, "<.001"),
        (0.001, ".001"),
        (0.00347, ".003"),
        (0.00999, ".010"),
        (0.01, ".01"),
        (0.158, ".16"),
        (0.99, ".99"),
        (0.9901, ">.99"),
        (1.0, ">.99"),
        (None, "–"),
    ],
)
def test_p_values(p, shown):
    assert display.p_value(p) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.625, "0.63"), (0.8249999, "0.82"), (1, "1.00"), (-0.001, "0.00"), (None, "–")],
)
def test_two_decimals(value, shown):
    assert display.two_decimals(value) == shown


def test_intervals():
    assert display.interval(0.75325, 0.90495) == "0.75, 0.90"
    assert display.interval(None, 0.9) == "–"


@given(st.integers(0, 500), st.integers(1, 500))
def test_a_percentage_is_within_half_a_point(numerator, denominator):
    shown = int(display.percent(numerator, denominator))
    assert -denominator < 2 * (100 * numerator - shown * denominator) + denominator
    assert 2 * (100 * numerator - shown * denominator) < denominator


@pytest.mark.parametrize(
    ("value", "places", "shown"),
    [
        (0.625, 2, "0.63"),
        (-0.625, 2, "−0.63"),
        (-0.001, 2, "0.00"),
        (61.25, 1, "61.3"),
        (1e-7, 3, "0.000"),
        (1234.5, 0, "1235"),
        (None, 1, "–"),
    ],
)
def test_decimals_have_a_true_minus_sign(value, places, shown):
    assert display.decimals(value, places) == shown


def test_an_estimate_with_its_limits():
    assert display.with_limits(-0.03, -0.1049, 0.045) == "−0.03 (−0.10, 0.05)"
    assert display.with_limits(0.5, None, 0.9) == "0.50 (–)"
    assert display.with_limits(None, 0.1, 0.9) == "–"


@pytest.mark.parametrize(
    ("share", "shown"), [(0.145, "15"), (-0.285, "−29"), (1.0, "100"), (-0.001, "0"), (None, "–")]
)
def test_shares_without_counts_are_whole_percent(share, shown):
    assert display.whole_percent(share) == shown


def test_percentage_points():
    assert display.points_with_limits(0.16, -0.04, 0.36) == "16 (−4, 36)"
    assert display.points_with_limits(0.16, None, 0.36) == "16 (–)"
    assert display.points_with_limits(None, None, None) == "–"


def test_means_and_medians():
    assert display.mean_and_sd(61.25, 9.84) == "61.3 ± 9.8"
    assert display.mean_and_sd(61.25, None) == "61.3"
    assert display.mean_and_sd(None, None) == "–"
    assert display.median_and_quartiles(8, 6, 11.05) == "8.0 [6.0, 11.1]"
    assert display.median_and_quartiles(8, None, None) == "8.0"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (59.5, "1:00"), (185.2, "3:05"), (3600, "60:00"), (None, "–")],
)
def test_minutes(seconds, shown):
    assert display.minutes(seconds) == shown


def test_thresholds_keep_four_digits():
    assert display.significant(0.431299) == "0.4313"
    assert display.significant(-2.5) == "−2.5"
    assert display.significant(None) == "–"


@pytest.mark.parametrize(
    ("p", "border", "expected"),
    [
        (0.0496, 0.05, ".0496"),
        (0.0502, 0.05, ".0502"),
        (0.052, 0.05, ".052"),
        (0.05, 0.05, ".05"),
        (0.04, 0.05, ".04"),
        (0.0251, 0.025, ".0251"),
        (0.0000001, 0.0005, "<.001"),
        (None, 0.05, "–"),
    ],
)
def test_a_p_value_beside_its_level(p, border, expected):
    assert display.p_value_beside(p, border) == expected
