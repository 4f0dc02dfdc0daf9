"""Proportions: reference suite, known values, refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.statistics import proportions
from readerstudy.statistics.proportions import proportion
from readerstudy.statistics.results import Status
from tests.readerstudy.statistics.reference import cases, close, close_interval


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("operating_points/proportions.json"))
def test_intervals_agree_with_the_reference(case):
    x, n, expected = case["x"], case["n"], case["expected"]
    result = proportion(x, n)
    close(result.value, expected["value"])
    if n == 0:
        assert result.status is Status.DENOMINATOR_ZERO
        assert result.wilson is None
        return
    for method in ("wilson", "clopper_pearson", "wilson_continuity", "agresti_coull"):
        interval = getattr(proportions, method)(x, n)
        lower, upper = expected[f"{method}_lower"], expected[f"{method}_upper"]
        close_interval(interval, lower, upper, what=method, unclipped=method == "agresti_coull")


def test_values_computed_by_hand():
    # Exact limits for no success in n: 1 - 0.025**(1/n).
    result = proportion(0, 10)
    assert result.clopper_pearson.upper == pytest.approx(1 - 0.025 ** (1 / 10))
    assert result.wilson.lower == 0
    z2 = 1.959963984540054**2
    assert result.wilson.upper == pytest.approx(z2 / (10 + z2))


@pytest.mark.parametrize(("x", "n"), [(3, 2), (-1, 2), (1, -1)])
def test_impossible_counts_are_refused(x, n):
    with pytest.raises(ValueError, match="counts must satisfy"):
        proportion(x, n)


@given(st.integers(1, 300), st.data())
def test_intervals_hold_the_value_and_mirror(n, data):
    x = data.draw(st.integers(0, n))
    one, other = proportion(x, n), proportion(n - x, n)
    for method in ("wilson", "clopper_pearson"):
        interval, mirror = getattr(one, method), getattr(other, method)
        assert 0 <= interval.lower <= one.value <= interval.upper <= 1
        assert interval.lower == pytest.approx(1 - mirror.upper, abs=1e-9)
