"""Adjusted p values: hand values, statsmodels, undefined tests, invariants."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from readerstudy.statistics.multiplicity import adjust

THEIRS = {"bonferroni": "bonferroni", "holm": "holm", "hochberg": "simes-hochberg"}


def values(p_values, method, **more):
    named = {str(k): p for k, p in enumerate(p_values)}
    return [row.adjusted_p for row in adjust(named, method=method, **more).values()]


def test_values_by_hand():
    p = [0.01, 0.04, 0.03, 0.02]
    assert values(p, "bonferroni") == pytest.approx([0.04, 0.16, 0.12, 0.08])
    # Ordered 1, 2, 3, 4 hundredths times 4, 3, 2, 1: 4, 6, 6, 4 hundredths.
    assert values(p, "holm") == pytest.approx([0.04, 0.06, 0.06, 0.06])
    assert values(p, "hochberg") == pytest.approx([0.04, 0.04, 0.04, 0.04])


def test_an_undefined_test_counts_and_never_helps():
    rows = adjust({"a": 0.02, "b": None}, method="holm")
    assert rows["a"].adjusted_p == pytest.approx(0.04)
    assert (rows["a"].rejected, rows["b"].adjusted_p, rows["b"].rejected) == (True, None, False)
    assert adjust({}, method="hochberg") == {}


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="p value of a"):
        adjust({"a": 1.2}, method="holm")
    with pytest.raises(ValueError, match="alpha"):
        adjust({"a": 0.2}, method="holm", alpha=0)
    with pytest.raises(ValueError, match="method must be"):
        adjust({"a": 0.2}, method="fdr")


@pytest.mark.parametrize("method", THEIRS)
@given(p_values=st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_agrees_with_statsmodels_and_keeps_the_order(method, p_values):
    ours = values(p_values, method)
    theirs = multipletests(p_values, method=THEIRS[method])[1]
    assert ours == pytest.approx(theirs.tolist(), abs=1e-15)
    assert all(a >= p for a, p in zip(ours, p_values, strict=True))
    holm, hochberg, bonferroni = (values(p_values, m) for m in ("holm", "hochberg", "bonferroni"))
    for a, b, c in zip(hochberg, holm, bonferroni, strict=True):
        assert a <= b + 1e-15 <= c + 2e-15
