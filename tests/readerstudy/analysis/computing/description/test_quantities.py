"""Summaries, thinning and sums."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.analysis.computing.description.quantities import (
    floats,
    quantity,
    require_sum,
    thinned,
)
from readerstudy.analysis.computing.self_checks import TableInconsistentError
from readerstudy.statistics.results import Status


def test_a_summary_by_hand():
    found = quantity(floats([4, 1, None, 2, 3, 10]), too_few=Status.TOO_FEW_NODES)
    assert (found.n, found.unknown) == (5, 1)
    assert (found.mean, found.median, found.total) == (4, 3, 20)
    # Deviations 0, 9, 4, 1, 36: 50/4.
    assert found.standard_deviation == pytest.approx(12.5**0.5)
    assert (found.lower_quartile, found.upper_quartile) == (2, 4)
    assert (found.minimum, found.maximum) == (1, 10)


def test_quartiles_interpolate_as_type_7_does():
    # R: quantile(1:4) = 1.75, 2.5, 3.25.
    found = quantity(floats([1, 2, 3, 4]), too_few=Status.TOO_FEW_NODES)
    assert (found.lower_quartile, found.median, found.upper_quartile) == (1.75, 2.5, 3.25)


def test_one_value_has_no_standard_deviation_and_none_has_nothing():
    one = quantity(floats([7, None]), too_few=Status.TOO_FEW_PATIENTS)
    assert (one.mean, one.median, one.standard_deviation) == (7, 7, None)
    assert one.status is Status.TOO_FEW_PATIENTS
    none = quantity(floats([None]), too_few=Status.TOO_FEW_PATIENTS)
    assert (none.n, none.unknown, none.mean, none.median, none.total) == (0, 1, None, None, None)


@given(st.lists(st.floats(0, 100), max_size=60), st.integers(2, 20))
def test_thinning_keeps_the_ends_and_the_order(values, most):
    ascending = np.sort(np.array(values, dtype=np.float64))
    kept = thinned(ascending, most)
    assert len(kept) == min(len(values), most)
    assert kept == sorted(kept)
    if values:
        assert (kept[0], kept[-1]) == (min(values), max(values))


def test_thinning_takes_even_ranks_each_once():
    assert thinned(np.arange(9.0), 5) == [0, 2, 4, 6, 8]
    kept = thinned(np.arange(2001.0), 2000)
    assert len(set(kept)) == 2000


def test_counts_that_do_not_add_up_are_refused():
    require_sum([1, 2], 3, "here")
    with pytest.raises(TableInconsistentError, match="here: the parts hold 3, the whole 4"):
        require_sum([1, 2], 4, "here")
