"""Agreement: reference suite, hand-computed values, undefined cases, invariants."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readerstudy.statistics.agreement import (
    cohen_kappa,
    conger_kappa,
    gwet_ac,
)
from readerstudy.statistics.fleiss import fleiss_kappa, landis_koch
from readerstudy.statistics.krippendorff import krippendorff_alpha
from readerstudy.statistics.pairwise import pairwise_agreement
from readerstudy.statistics.results import Status
from tests.readerstudy.statistics.reference import cases, close, close_interval

LOOSE = {"absolute": 1e-11}
TINY_SE = {"absolute": 1e-7}
"""Standard errors that are zero in theory."""


def check_fleiss(result, expected):
    fleiss = expected["fleiss"]
    assert (result.n_nodes, result.n_readers, result.n_complete) == (
        expected["n_subjects"],
        expected["n_raters"],
        expected["n_complete"],
    )
    close(result.observed_agreement, expected["observed_agreement"], **LOOSE)
    close(result.chance_agreement, expected["chance_agreement"], **LOOSE)
    for share, wanted in zip(result.proportions, expected["proportions"], strict=True):
        close(share, wanted, **LOOSE)
    close(result.kappa, fleiss["kappa"], **LOOSE, what="kappa")
    assert (result.kappa is not None) is fleiss["defined"]
    close(result.se_null, fleiss["se_null"], **LOOSE, what="se_null")
    close(result.test.statistic, fleiss["z"], **LOOSE, what="z")
    close(result.test.p_two_sided, fleiss["p"], rel=1e-6, absolute=0, what="p")
    for value, wanted in zip(result.per_category, fleiss["per_category"], strict=True):
        close(value, wanted, **LOOSE, what="per category")
    close(result.per_category_se_null, fleiss["per_category_se_null"], **LOOSE)
    close(result.available.estimate, fleiss["kappa_available_data"], **LOOSE, what="available")
    close(result.available.standard_error, fleiss["se_gwet"], **TINY_SE, what="se_gwet")
    close_interval(
        result.available.interval,
        fleiss["ci_gwet_lower"],
        fleiss["ci_gwet_upper"],
        **TINY_SE,
        what="gwet",
    )
    if result.n_incomplete == 0:
        close(
            result.jackknife_node.standard_error,
            fleiss["se_jackknife_subject"],
            **TINY_SE,
            what="jackknife by node",
        )


def check_coefficients(ratings, categories, expected):
    conger = conger_kappa(ratings, categories=categories)
    if expected["n_complete"] == expected["n_subjects"]:
        close(conger.estimate, expected["conger_kappa"], **LOOSE)
    else:
        assert conger.n == expected["n_complete"]
    for key, weighting in (
        ("gwet_ac1", "unweighted"),
        ("gwet_ac2_linear", "linear"),
        ("gwet_ac2_quadratic", "quadratic"),
    ):
        if key not in expected:
            continue
        result = gwet_ac(ratings, categories=categories, weighting=weighting)
        wanted = expected[key] or {"value": None, "se": None, "lower": None, "upper": None}
        close(result.estimate, wanted["value"], **LOOSE, what=key)
        close(result.standard_error, wanted["se"], **TINY_SE, what=f"{key} se")
        close_interval(result.interval, wanted["lower"], wanted["upper"], **TINY_SE, what=key)
    for difference in ("nominal", "ordinal", "interval"):
        key = f"krippendorff_{difference}"
        if key in expected:
            alpha = krippendorff_alpha(ratings, categories=categories, difference=difference)
            close(alpha.estimate, expected[key]["alpha"], **LOOSE, what=key)
            if difference == "nominal":
                close(alpha.standard_error, expected[key].get("se_gwet"), **TINY_SE, what=key)
            elif alpha.estimate is not None:
                assert alpha.status is Status.NO_STANDARD_ERROR


def check_cohen(ratings, categories, expected):
    pairwise = pairwise_agreement(ratings, categories=categories)
    close(pairwise.mean_kappa, expected["cohen_mean"], **LOOSE, what="mean of pairs")
    for ours, pair in zip(pairwise.pairs, expected["cohen_pairwise"], strict=True):
        assert (ours.first + 1, ours.second + 1) == (pair["rater_1"], pair["rater_2"])
        close(ours.percent_agreement, pair["percent_agreement"], **LOOSE)
        close(ours.kappa.estimate, pair["kappa"], **LOOSE)
    columns = np.array(ratings, dtype=float).T
    for pair in expected["cohen_pairwise"]:
        first, second = columns[pair["rater_1"] - 1], columns[pair["rater_2"] - 1]
        result = cohen_kappa(first, second, categories=categories)
        assert result.n == pair["n"]
        close(result.estimate, pair["kappa"], **LOOSE, what="cohen")
        close(result.standard_error, pair["se"], **TINY_SE, what="cohen se")
        close_interval(
            result.interval, pair["lower"], pair["upper"], **TINY_SE, what="cohen", unclipped=True
        )
        for weighting in ("linear", "quadratic"):
            if f"weighted_{weighting}" in pair:
                weighted = cohen_kappa(first, second, categories=categories, weighting=weighting)
                close(weighted.estimate, pair[f"weighted_{weighting}"], **LOOSE)
                close(weighted.standard_error, pair[f"weighted_{weighting}_se"], **TINY_SE)


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("agreement/agreement.json"))
def test_agreement_agrees_with_the_reference(case):
    ratings, categories, expected = case["ratings"], case["categories"], case["expected"]
    check_fleiss(fleiss_kappa(ratings, categories=categories), expected)
    check_coefficients(ratings, categories, expected)
    check_cohen(ratings, categories, expected)
    if "patient" in case:
        by_patient = fleiss_kappa(ratings, categories=categories, patients=case["patient"])
        jackknife, fleiss = by_patient.jackknife_patient, expected["fleiss"]
        close(jackknife.standard_error, fleiss["se_jackknife_patient"], **TINY_SE)
        assert jackknife.n == fleiss["n_patients"]
        close_interval(
            jackknife.interval,
            fleiss["ci_jackknife_patient_lower"],
            fleiss["ci_jackknife_patient_upper"],
            **TINY_SE,
        )


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("agreement/agreement.json")[:1])
def test_the_values_fleiss_published_in_1971_are_met(case):
    result = fleiss_kappa(case["ratings"], categories=case["categories"])
    assert round(result.kappa, 2) == case["published"]["kappa_rounded"]
    for value, printed in zip(
        result.per_category, case["published"]["per_category_rounded"], strict=True
    ):
        assert round(value, 3) == printed


def test_kappa_worked_by_hand():
    # 3 readers, 4 nodes, counts (3,0) (0,3) (2,1) (3,0): agreement 1, 1, 1/3, 1 -> 5/6;
    # shares 8/12 and 4/12, chance 5/9; kappa (5/6 - 5/9) / (4/9) = 5/8.
    ratings = [[0, 0, 0], [1, 1, 1], [0, 0, 1], [0, 0, 0]]
    result = fleiss_kappa(ratings, categories=(0, 1))
    assert result.observed_agreement == pytest.approx(5 / 6)
    assert result.chance_agreement == pytest.approx(5 / 9)
    assert result.kappa == pytest.approx(5 / 8)
    assert result.per_category == pytest.approx((5 / 8, 5 / 8))
    # Two categories: se_null = sqrt(2 / (N m (m - 1))).
    assert result.se_null == pytest.approx((2 / 24) ** 0.5)
    assert result.landis_koch == "substantial"
    assert result.gwet.interval.upper == 1


def test_cohen_worked_by_hand():
    # Table 20 5 / 10 15: observed 35/50, chance (25*30 + 25*20)/2500 = 1/2, kappa 0.4.
    first = [0] * 25 + [1] * 25
    second = [0] * 20 + [1] * 5 + [0] * 10 + [1] * 15
    assert cohen_kappa(first, second, categories=(0, 1)).estimate == pytest.approx(0.4)


def test_alpha_worked_by_hand():
    # Two readers, nodes (0,0) (1,1) (0,1): one of three nodes disagrees; 6 values, 3 and 3.
    # alpha = 1 - (n - 1) * o / (n0 * n1) = 1 - 5 * 1 / 9.
    ratings = [[0, 0], [1, 1], [0, 1]]
    alpha = krippendorff_alpha(ratings, categories=(0, 1))
    assert alpha.estimate == pytest.approx(4 / 9)


def test_the_patient_jackknife_deletes_whole_patients():
    ratings = [[0, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 1], [1, 1, 0], [0, 0, 0]]
    patients = ["a", "b", "b", "c", "c", "a"]
    result = fleiss_kappa(ratings, categories=(0, 1), patients=patients)
    deleted = []
    for patient in "abc":
        kept = [row for row, who in zip(ratings, patients, strict=True) if who != patient]
        deleted.append(fleiss_kappa(kept, categories=(0, 1)).kappa)
    expected = (2 / 3 * sum((d - np.mean(deleted)) ** 2 for d in deleted)) ** 0.5
    assert result.jackknife_patient.standard_error == pytest.approx(expected)
    assert result.jackknife_patient.n == 3


def test_one_category_has_no_kappa_but_full_agreement():
    result = fleiss_kappa([[0, 0], [0, 0]], categories=(0, 1), patients=["a", "b"])
    assert (result.kappa, result.status) == (None, Status.ONE_CATEGORY)
    assert result.observed_agreement == 1
    assert result.landis_koch is None
    assert result.jackknife_patient.status is Status.ONE_CATEGORY


@pytest.mark.parametrize(
    ("ratings", "status"),
    [
        ([[0], [1]], Status.TOO_FEW_READERS),
        ([[0, None], [None, 1]], Status.TOO_FEW_NODES),
        (np.empty((0, 5)), Status.TOO_FEW_NODES),
    ],
)
def test_too_little_data_is_named(ratings, status):
    result = fleiss_kappa(ratings, categories=(0, 1))
    assert (result.kappa, result.status) == (None, status)


def test_incomplete_rows_are_counted_and_kept_apart():
    complete = [[0, 0, 0], [1, 1, 0], [2, 2, 2], [0, 1, 0]]
    result = fleiss_kappa([*complete, [0, None, 1]], categories=(0, 1, 2))
    assert (result.n_complete, result.n_incomplete) == (4, 1)
    assert result.kappa == fleiss_kappa(complete, categories=(0, 1, 2)).kappa
    assert result.available.estimate != result.kappa
    assert result.available.n == 5


def test_a_kappa_below_minus_one_stays_inside_its_interval():
    # Missing calls: observed agreement 0 over one pair, shares (5/6, 1/6) from three rows,
    # chance 26/36, so kappa = -26/10.
    result = fleiss_kappa([[0, 1], [0, None], [None, 0]], categories=(0, 1)).available
    assert result.estimate == pytest.approx(-2.6)
    assert result.interval.lower <= result.estimate <= result.interval.upper


def test_deleting_the_only_other_category_leaves_the_jackknife_undefined():
    result = fleiss_kappa([[0, 0], [0, 0], [0, 1]], categories=(0, 1), patients="abc")
    assert result.kappa is not None
    assert result.jackknife_patient.status is Status.VARIANCE_UNDEFINED


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="not among categories"):
        fleiss_kappa([[0, 7]], categories=(0, 1))
    with pytest.raises(ValueError, match="axes"):
        fleiss_kappa([0, 1], categories=(0, 1))
    with pytest.raises(ValueError, match="patients must have length"):
        fleiss_kappa([[0, 1]], categories=(0, 1), patients=[])
    with pytest.raises(ValueError, match="at least two"):
        fleiss_kappa([[0, 0]], categories=(0,))
    with pytest.raises(ValueError, match="weighting"):
        gwet_ac([[0, 1]], categories=(0, 1), weighting="cubic")
    with pytest.raises(ValueError, match="difference must be"):
        krippendorff_alpha([[0, 1]], categories=(0, 1), difference="ratio")


@pytest.mark.parametrize(
    ("kappa", "word"),
    [
        (-0.01, "poor"),
        (0, "slight"),
        (0.2, "slight"),
        (0.33, "fair"),
        (0.41, "moderate"),
        (0.8, "substantial"),
        (0.81, "almost perfect"),
        (1, "almost perfect"),
    ],
)
def test_the_words_of_landis_and_koch(kappa, word):
    assert landis_koch(kappa) == word


tables = st.integers(2, 4).flatmap(
    lambda readers: st.lists(
        st.lists(st.integers(0, 2), min_size=readers, max_size=readers), min_size=2, max_size=15
    )
)


@settings(max_examples=60, deadline=None)
@given(tables, st.randoms(use_true_random=False))
def test_order_of_readers_and_nodes_does_not_matter(ratings, random):
    mixed = [random.sample(row, len(row)) for row in ratings]
    random.shuffle(mixed)
    one, two = (fleiss_kappa(table, categories=(0, 1, 2)) for table in (ratings, mixed))
    assert one.status == two.status
    if one.kappa is not None:
        assert one.kappa == pytest.approx(two.kappa, abs=1e-12)
        assert one.gwet.standard_error == pytest.approx(two.gwet.standard_error, abs=1e-9)
        assert one.gwet.estimate == pytest.approx(one.kappa, abs=1e-12)
        assert one.kappa <= 1
