"""Non-inferiority: Tango's published example, hand values, the interval's view, refusals."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readerstudy.statistics.mcnemar import PairedCounts
from readerstudy.statistics.non_inferiority import (
    non_inferiority,
    non_inferiority_of_proportions,
)
from readerstudy.statistics.results import Status


def test_the_published_example_of_the_score_test():
    # Tango 1998: 44 pairs, 43 both and one discordant, margin 0.1: Z = 1.709, P = .044.
    counts = PairedCounts(both=43, first_only=0, second_only=1, neither=0)
    result = non_inferiority_of_proportions(counts, margin=0.1, alpha=0.05)
    assert round(result.statistic, 3) == 1.709
    assert round(result.p, 3) == 0.044
    assert result.non_inferior
    assert not result.superior


def test_values_by_hand():
    # z = (-0.02 + 0.05)/0.01 = 3; lower limit -0.02 - 1.96 * 0.01.
    result = non_inferiority(-0.02, 0.01, margin=0.05)
    assert result.statistic == pytest.approx(3)
    assert result.p == pytest.approx(0.0013498980316)
    assert result.lower_limit == pytest.approx(-0.0395996398)
    assert (result.non_inferior, result.superior) == (True, False)
    wide = non_inferiority(-0.02, 0.01, margin=0.05, degrees_of_freedom=2)
    assert wide.lower_limit < result.lower_limit
    assert non_inferiority(0.1, 0.01, margin=0.05).superior


def test_undefined_cases_conclude_nothing():
    for estimate, error, status in (
        (0.1, 0.0, Status.ZERO_VARIANCE),
        (0.1, None, Status.VARIANCE_UNDEFINED),
        (None, None, Status.VARIANCE_UNDEFINED),
    ):
        result = non_inferiority(estimate, error, margin=0.05)
        assert (result.non_inferior, result.p, result.status) == (None, None, status)
    empty = PairedCounts(both=0, first_only=0, second_only=0, neither=0)
    result = non_inferiority_of_proportions(empty, margin=0.1)
    assert result.status is Status.DENOMINATOR_ZERO


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="positive number"):
        non_inferiority(0.1, 0.1, margin=0)
    with pytest.raises(ValueError, match="one-sided"):
        non_inferiority(0.1, 0.1, margin=0.1, alpha=0.6)
    with pytest.raises(ValueError, match="negative"):
        non_inferiority(0.1, -0.1, margin=0.1)
    with pytest.raises(ValueError, match="below 1"):
        non_inferiority_of_proportions(
            PairedCounts(both=1, first_only=0, second_only=0, neither=0), margin=1.0
        )


@settings(max_examples=150, deadline=None)
@given(
    st.builds(
        PairedCounts,
        both=st.integers(0, 20),
        first_only=st.integers(0, 20),
        second_only=st.integers(0, 20),
        neither=st.integers(0, 20),
    ).filter(lambda counts: counts.total),
    st.floats(0.01, 0.5),
)
def test_the_score_test_and_its_interval_agree(counts, margin):
    result = non_inferiority_of_proportions(counts, margin=margin)
    if abs(result.p - result.alpha) > 1e-6:
        assert result.non_inferior == (result.p < result.alpha)
    assert result.lower_limit <= result.estimate + 1e-9
