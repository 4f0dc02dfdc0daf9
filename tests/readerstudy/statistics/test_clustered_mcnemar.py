"""McNemar with patients: reference suite, published values, hand values, invariants."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readerstudy.statistics.clustered_mcnemar import clustered_mcnemar
from readerstudy.statistics.mcnemar import PairedCounts
from readerstudy.statistics.results import Status
from tests.readerstudy.statistics.reference import cases, close

P = {"rel": 1e-6, "absolute": 0.0}
CELLS = ("both", "first_only", "second_only", "neither")
METHODS = ("obuchowski", "durkalski", "yang", "eliasziw")


def tables_of(case):
    return [
        PairedCounts(**dict(zip(CELLS, cells, strict=True)))
        for cells in zip(*(case[cell] for cell in CELLS), strict=True)
    ]


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("clustered/clustered_mcnemar.json"))
def test_clustered_mcnemar_agrees_with_the_reference(case):
    expected = case["expected"]
    result = clustered_mcnemar(tables_of(case))
    for method in METHODS:
        test = getattr(result, method)
        close(test.statistic, expected[f"{method}_chi2"], what=method)
        close(test.p_two_sided, expected[f"{method}_p"], **P, what=method)


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("clustered/clustered_mcnemar.json")[:2])
def test_published_statistics_are_met_to_their_printed_digits(case):
    result, published = clustered_mcnemar(tables_of(case)), case["published"]
    for method in METHODS:
        wanted = published.get(method, published.get("obuchowski_by_durkalski"))
        digits = len(str(wanted).split(".")[1])
        assert round(getattr(result, method).statistic, digits) == wanted


def test_by_hand_and_undefined():
    one = PairedCounts(both=0, first_only=2, second_only=0, neither=0)
    two = PairedCounts(both=1, first_only=0, second_only=1, neither=0)
    # Net 2 and -1: (1/2) * 1 / 5; shares 1 and -1/2: (1/4) / (5/4).
    result = clustered_mcnemar([one, two])
    assert result.obuchowski.statistic == pytest.approx(0.1)
    assert result.durkalski.statistic == pytest.approx(0.2)
    # Yang: mean difference 1/4 per node, residuals 3/2 and -3/2: (1/2) / ((9/2 + 5)/2).
    assert result.yang.statistic == pytest.approx(0.5 / 4.75)
    alone = clustered_mcnemar([one])
    even = PairedCounts(both=1, first_only=1, second_only=1, neither=0)
    balanced = clustered_mcnemar([even, even])
    for method in METHODS:
        assert getattr(alone, method).status is Status.TOO_FEW_PATIENTS
        assert getattr(balanced, method).status is Status.ZERO_VARIANCE_ZERO_DIFFERENCE
    with pytest.raises(ValueError, match="at least one node"):
        clustered_mcnemar([PairedCounts(both=0, first_only=0, second_only=0, neither=0)])


def test_one_node_per_patient_has_no_correlation_to_estimate():
    one = PairedCounts(both=0, first_only=1, second_only=0, neither=0)
    other = PairedCounts(both=1, first_only=0, second_only=0, neither=0)
    result = clustered_mcnemar([one, one, other])
    assert result.eliasziw.status is Status.VARIANCE_UNDEFINED
    # Net 1, 1, 0: Obuchowski's statistic is McNemar's times (k - 1)/k.
    assert result.obuchowski.statistic == pytest.approx(2 / 3 * 4 / 2)


counts = st.builds(
    PairedCounts,
    both=st.integers(0, 4),
    first_only=st.integers(0, 4),
    second_only=st.integers(0, 4),
    neither=st.integers(0, 4),
).filter(lambda table: table.total > 0)


@settings(max_examples=100, deadline=None)
@given(st.lists(counts, min_size=2, max_size=12), st.randoms(use_true_random=False))
def test_order_of_patients_and_of_the_two_sides_does_not_matter(patients, random):
    swapped = [
        PairedCounts(
            both=t.both, first_only=t.second_only, second_only=t.first_only, neither=t.neither
        )
        for t in random.sample(patients, len(patients))
    ]
    one, two = clustered_mcnemar(patients), clustered_mcnemar(swapped)
    for method in METHODS:
        left, right = getattr(one, method), getattr(two, method)
        assert left.status is right.status
        if left.statistic is not None:
            assert left.statistic == pytest.approx(right.statistic, rel=1e-8, abs=1e-10)
            assert left.statistic >= 0
