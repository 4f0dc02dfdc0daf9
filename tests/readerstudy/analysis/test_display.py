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
