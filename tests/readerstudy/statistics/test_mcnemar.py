"""McNemar: reference suite, hand-computed values, symmetry."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readerstudy.statistics.mcnemar import PairedCounts, mcnemar
from readerstudy.statistics.results import Status
from tests.readerstudy.statistics.reference import cases, close, close_interval


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("operating_points/mcnemar.json"))
def test_tests_and_intervals_agree_with_the_reference(case):
    expected = case["expected"]
    cells = ("both", "first_only", "second_only", "neither")
    result = mcnemar(PairedCounts(**{cell: case[cell] for cell in cells}))
    for name in ("proportion_first", "proportion_second", "difference"):
        close(getattr(result, name), expected[name], what=name)
    close(result.exact_p, expected["exact_p"], rel=1e-6, absolute=0, what="exact")
    close(result.mid_p, expected["midp"], rel=1e-6, absolute=0, what="midp")
    close(result.chi2.statistic, expected["chi2"])
    close(result.chi2.p_two_sided, expected["chi2_p"], rel=1e-6, absolute=0)
    close(result.chi2_corrected.statistic, expected["chi2_cc"])
    close(result.chi2_corrected.p_two_sided, expected["chi2_cc_p"], rel=1e-6, absolute=0)
    close_interval(result.newcombe, expected["newcombe_lower"], expected["newcombe_upper"])
    close_interval(result.tango, expected["tango_lower"], expected["tango_upper"], absolute=1e-5)
    close_interval(
        result.wald, expected["wald_lower"], expected["wald_upper"], unclipped=True, what="wald"
    )


def test_values_computed_by_hand():
    result = mcnemar(PairedCounts(both=5, first_only=4, second_only=0, neither=1))
    assert result.exact_p == pytest.approx(2 / 16)
    assert result.mid_p == pytest.approx(1 / 16)
    assert result.chi2.statistic == 4
    assert result.difference == pytest.approx(0.4)


@pytest.mark.parametrize("rest", [0, 5, 60])
def test_p_values_stay_probabilities_down_to_underflow(rest):
    for many in range(900, 1300):
        counts = PairedCounts(both=0, first_only=rest, second_only=many, neither=0)
        result = mcnemar(counts)
        assert 0 <= result.mid_p <= result.exact_p <= 1


def test_no_discordant_pair_gives_p_one_and_no_chi_square():
    result = mcnemar(PairedCounts(both=5, first_only=0, second_only=0, neither=1))
    assert (result.exact_p, result.mid_p) == (1, 1)
    assert result.chi2.statistic is None


def test_an_empty_table_is_undefined():
    result = mcnemar(PairedCounts(both=0, first_only=0, second_only=0, neither=0))
    assert result.status is Status.DENOMINATOR_ZERO
    assert result.difference is None


def test_negative_counts_are_refused():
    with pytest.raises(ValueError, match="must not be negative"):
        PairedCounts(both=-1, first_only=0, second_only=0, neither=0)


@settings(max_examples=100, deadline=None)
@given(st.tuples(*[st.integers(0, 30)] * 4).filter(any))
def test_swapping_the_two_mirrors_everything(cells):
    a, b, c, d = cells
    one = mcnemar(PairedCounts(both=a, first_only=b, second_only=c, neither=d))
    two = mcnemar(PairedCounts(both=a, first_only=c, second_only=b, neither=d))
    assert one.exact_p == two.exact_p
    assert one.mid_p <= one.exact_p
    for name in ("newcombe", "tango"):
        left, right = getattr(one, name), getattr(two, name)
        assert left.lower == pytest.approx(-right.upper, abs=1e-9)
        assert left.lower - 1e-9 <= one.difference <= left.upper + 1e-9
