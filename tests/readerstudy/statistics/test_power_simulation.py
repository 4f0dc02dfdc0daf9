"""Simulated studies: what is drawn is what was planned, and the tests behave as is known."""

from dataclasses import replace

import numpy as np
import pytest

from readerstudy.statistics.agreement_precision import kappa_half_width, kappa_standard_error
from readerstudy.statistics.binormal_areas import difference_power, two_areas
from readerstudy.statistics.delong import paired
from readerstudy.statistics.fleiss import fleiss_kappa
from readerstudy.statistics.planned_study import Accuracy, DesignError, PlannedStudy, draw
from readerstudy.statistics.power import auc_difference_power
from readerstudy.statistics.power_simulation import (
    null_study,
    replicate,
    sizes,
    summarise_areas,
    summarise_tests,
)
from readerstudy.statistics.simulated_tests import Outcomes, analyse

BINARY = Accuracy(points=((0.36, 0.93),))
STUDY = PlannedStudy(
    patients=25,
    nodes_per_patient=7.4,
    prevalence=0.15,
    patients_positive=0.45,
    model=Accuracy(auc=0.87),
    readers=(BINARY,) * 5,
    reader_correlation=0.5,
    model_correlation=0.3,
)


def run(study, n, **kwargs):
    outcomes = replicate(study, seed=4, start=0, stop=n)
    return {found.name: found for found in summarise_tests(study, outcomes, **kwargs)}, outcomes


def same(one, other):
    return all(
        np.array_equal(getattr(one, field), getattr(other, field), equal_nan=True)
        for field in Outcomes.__dataclass_fields__
    )


def test_numbers_depend_on_the_seed_and_not_on_the_division():
    whole = replicate(STUDY, seed=7, start=0, stop=12)
    second = replicate(STUDY, seed=7, start=5, stop=12)
    assert np.array_equal(whole.tests[5:], second.tests)
    assert same(whole, replicate(STUDY, seed=7, start=0, stop=12))
    assert not same(whole, replicate(STUDY, seed=8, start=0, stop=12))


def test_the_nodes_are_as_planned():
    study = replace(STUDY, patients=4000, dispersion=0.5)
    drawn = draw(study, np.random.default_rng(1))
    counts = np.bincount(drawn.patients)
    assert counts.min() == 1
    assert counts.mean() == pytest.approx(7.4, abs=0.25)
    assert counts.var() == pytest.approx(6.4 + 0.5 * 6.4**2, rel=0.15)
    assert drawn.present.mean() == pytest.approx(0.15, abs=0.01)
    with_positive = np.unique(drawn.patients[drawn.present]).size / 4000
    assert with_positive == pytest.approx(0.45, abs=0.03)


def test_the_latent_scores_have_the_correlations_asked_for():
    study = replace(
        STUDY,
        patients=6000,
        readers=(Accuracy(auc=0.5),) * 2,
        model=Accuracy(auc=0.5),
        icc_positive=0.2,
        icc_negative=0.4,
    )
    drawn = draw(study, np.random.default_rng(2))
    matrix = np.corrcoef(drawn.scores)
    assert matrix[1, 2] == pytest.approx(0.5, abs=0.03)
    assert matrix[0, 1] == pytest.approx(0.3, abs=0.03)
    negative = drawn.scores[0][~drawn.present]
    patients = drawn.patients[~drawn.present]
    first = np.r_[True, patients[1:] != patients[:-1]]
    second = np.r_[False, first[:-1]] & ~first
    pairs = negative[np.flatnonzero(second) - 1], negative[second]
    assert np.corrcoef(*pairs)[0, 1] == pytest.approx(0.4, abs=0.04)


@pytest.mark.parametrize("spread", [0.0, 0.6])
def test_areas_are_those_asked_for_in_expectation(spread):
    readers = (
        BINARY,
        Accuracy(auc=0.66),
        Accuracy(points=((0.36, 0.93), (0.6, 0.7))),
        Accuracy(auc=0.9),
    )
    study = replace(
        STUDY,
        patients=60,
        readers=readers,
        icc_positive=0.3,
        icc_negative=0.2,
        dispersion=0.3,
        reader_spread=spread,
    )
    outcomes = replicate(study, seed=3, start=0, stop=1500)
    for found in summarise_areas(study, outcomes):
        assert abs(found.bias) < 3.5 * found.monte_carlo_error, found


def test_a_population_of_readers_has_the_mean_sensitivity_and_specificity():
    study = replace(STUDY, patients=40, readers=(BINARY,) * 20, reader_spread=1.5)
    rates = []
    for number in range(100):
        drawn = draw(study, np.random.default_rng(number))
        calls = drawn.scores[1:]
        rates.append((calls[:, drawn.present].mean(), 1 - calls[:, ~drawn.present].mean()))
    sensitivity, specificity = np.mean(rates, axis=0)
    # Without the correction for the spread they would be .387 and .881.
    assert sensitivity == pytest.approx(0.36, abs=0.015)
    assert specificity == pytest.approx(0.93, abs=0.015)


def test_a_polygon_has_the_area_of_its_calls():
    assert BINARY.area == pytest.approx((0.36 + 0.93) / 2)
    # By hand: .07 x .18 + .23 x .48 + .7 x .8.
    three = Accuracy(points=((0.36, 0.93), (0.6, 0.7)))
    assert three.area == pytest.approx(0.0126 + 0.1104 + 0.56)


def test_power_agrees_with_the_closed_form():
    study = replace(
        STUDY,
        patients=200,
        nodes_per_patient=1,
        prevalence=0.3,
        patients_positive=0.3,
        model=Accuracy(auc=0.85),
        readers=(Accuracy(auc=0.75),),
        model_correlation=0.4,
    )
    tests, outcomes = run(study, 2000)
    expected = two_areas(0.85, 0.75, n_positive=60, n_negative=140, correlation=0.4)
    closed = difference_power(0.1, expected.standard_error_of_difference)
    # Monte Carlo error of the power: .01.
    assert tests["reader_1"].significant.value == pytest.approx(closed, abs=0.035)
    assert np.corrcoef(outcomes.areas.T)[0, 1] == pytest.approx(expected.correlation, abs=0.06)
    for column, error in enumerate(expected.standard_errors):
        assert outcomes.areas[:, column].std() == pytest.approx(error, rel=0.05)
    cautious = auc_difference_power(
        0.85, 0.75, n_positive=60, n_negative=140, correlation=expected.correlation
    )
    assert closed - 0.12 < cautious < closed


def test_the_binormal_variance_by_hand():
    # At area 1/2: P(two pairs sharing a node both won) = 1/4 + arcsin(1/2)/(2 pi) = 1/3, which
    # gives the variance of the rank-sum statistic, (m + n + 1)/(12 m n).
    found = two_areas(0.5, 0.5, n_positive=20, n_negative=30, correlation=0.0)
    assert found.standard_errors[0] ** 2 == pytest.approx(51 / (12 * 600))
    assert found.correlation == pytest.approx(0)
    assert difference_power(0.0, 0.1) == pytest.approx(0.05)
    assert difference_power(0.0, 0.05, margin=0.098) == pytest.approx(0.5, abs=0.001)
    with pytest.raises(ValueError, match="areas"):
        two_areas(1.0, 0.5, n_positive=20, n_negative=30, correlation=0.0)
    with pytest.raises(ValueError, match="nodes of both"):
        two_areas(0.6, 0.5, n_positive=0, n_negative=30, correlation=0.0)
    with pytest.raises(ValueError, match="standard_error"):
        difference_power(0.1, 0.0)


def test_error_and_coverage_hold_without_patient_effects():
    study = null_study(replace(STUDY, patients=65, readers=(Accuracy(auc=0.7),) * 3))
    tests, outcomes = run(study, 2000)
    for name in ("reader_1", "mean_delong", "mean_random_readers"):
        assert 0.03 < tests[name].significant.value < 0.075, name
        assert tests[name].coverage.value > 0.92, name
    assert summarise_areas(study, outcomes)[0].delong_coverage.value > 0.92
    assert tests["mean_delong"].expected == pytest.approx(0)


def test_patient_effects_cost_delong_its_coverage_as_in_the_reference():
    """Reference README, section 6: at 65 patients DeLong covers .943 without effects and .874
    with a patient shift where 45% of the patients have positives; by patient .922."""
    plain, shifted = (
        replace(
            STUDY,
            patients=65,
            readers=(Accuracy(auc=0.75),),
            icc_positive=icc,
            icc_negative=icc,
            shared_effect=1.0,
        )
        for icc in (0.0, 0.3)
    )
    covered = {}
    for name, study in (("plain", plain), ("shifted", shifted)):
        found = summarise_areas(study, replicate(study, seed=5, start=0, stop=1500))[1]
        covered[name] = found.delong_coverage.value, found.clustered_coverage.value
    assert covered["plain"][0] > 0.92
    assert covered["shifted"][0] < covered["plain"][0] - 0.03
    assert covered["shifted"][1] > covered["shifted"][0] + 0.02


def test_few_patients_cover_too_little_even_by_patient():
    """Section 6 of the reference: .921 at 25 patients, .940 at 65, no patient effect."""
    found = []
    for patients in (25, 65):
        study = replace(STUDY, patients=patients, readers=(Accuracy(auc=0.75),))
        outcomes = replicate(study, seed=6, start=0, stop=1500)
        found.append(summarise_areas(study, outcomes)[1].clustered_coverage.value)
    assert found[0] < found[1]
    assert found[0] < 0.94


def test_readers_as_a_sample_need_the_random_reader_test():
    """With readers who differ, the fixed-reader test errs; Hillis' keeps near alpha."""
    study = null_study(
        replace(STUDY, patients=150, readers=(Accuracy(auc=0.75),) * 5, reader_spread=0.5)
    )
    tests, _ = run(study, 1000)
    assert tests["mean_delong"].significant.value > 0.12
    assert tests["mean_random_readers"].significant.value < 0.085


def test_patients_and_readers_both_at_random_need_both():
    study = null_study(
        replace(
            STUDY,
            patients=150,
            readers=(Accuracy(auc=0.75),) * 5,
            reader_spread=0.4,
            icc_positive=0.4,
            icc_negative=0.4,
        )
    )
    tests, _ = run(study, 1000)
    both = tests["mean_random_readers_clustered"].significant.value
    assert both < 0.085
    for name in ("mean_delong", "mean_clustered", "mean_random_readers"):
        assert tests[name].significant.value > both + 0.015, name


def test_missing_calls_leave_out_nodes_of_their_own_pair_only():
    study = replace(STUDY, patients=60, missing=0.1)
    drawn = draw(study, np.random.default_rng(9))
    assert np.isnan(drawn.scores[1:]).mean() == pytest.approx(0.1, abs=0.02)
    assert not np.isnan(drawn.scores[0]).any()
    kept = ~np.isnan(drawn.scores[2])
    alone = paired(drawn.present[kept], drawn.scores[0, kept], drawn.scores[2, kept])
    difference, error, _ = analyse(drawn).tests[0, 1]
    assert difference == pytest.approx(alone.estimate)
    assert error == pytest.approx(alone.standard_error)


def test_non_inferiority_with_a_margin():
    equal = replace(STUDY, readers=(Accuracy(auc=0.87),) * 3, patients=65)
    plain, _ = run(equal, 400)
    with_margin, _ = run(equal, 400, margin=0.15)
    assert with_margin["mean_delong"].significant.value > 0.9
    assert plain["mean_delong"].significant.value < 0.1
    on_margin, _ = run(null_study(equal, margin=0.15), 1000, margin=0.15)
    assert on_margin["mean_delong"].significant.value < 0.06


def test_an_undefined_test_does_not_conclude():
    """Two patients: often one class, or one patient of it."""
    study = replace(STUDY, patients=2, nodes_per_patient=2, prevalence=0.3, patients_positive=0.5)
    tests, outcomes = run(study, 60)
    found = tests["mean_clustered"]
    assert found.undefined > 10
    assert found.significant.denominator == 60
    assert found.coverage.denominator == 60 - found.undefined
    assert sizes(outcomes)["class_missing"] > 0
    one, _ = run(replace(STUDY, readers=(BINARY,)), 20)
    assert one["mean_random_readers"].undefined == 20
    assert one["mean_random_readers"].mean is None


def test_agreement_of_two_readers_has_the_published_variance():
    # Bloch and Kraemer 1989; Donner and Eliasziw 1992, equation for the common-correlation model.
    for kappa, p in ((0.0, 0.3), (0.37, 0.2), (0.8, 0.5)):
        published = (
            (1 - kappa)
            / 100
            * ((1 - kappa) * (1 - 2 * kappa) + kappa * (2 - kappa) / (2 * p * (1 - p)))
        )
        found = kappa_standard_error(kappa, nodes=100, readers=2, positive_share=p)
        assert found**2 == pytest.approx(published, rel=1e-12)


def test_agreement_of_five_readers_agrees_with_simulated_studies():
    rng, kappa, p = np.random.default_rng(3), 0.37, 0.25
    size = (1 - kappa) / kappa
    found = []
    for _ in range(400):
        chance = rng.beta(p * size, (1 - p) * size, 200)
        calls = (rng.random((200, 5)) < chance[:, None]).astype(int)
        found.append(fleiss_kappa(calls, categories=(0, 1)).kappa)
    closed = kappa_standard_error(kappa, nodes=200, readers=5, positive_share=p)
    assert np.std(found) == pytest.approx(closed, rel=0.12)
    assert np.mean(found) == pytest.approx(kappa, abs=0.02)
    assert kappa_half_width(closed) == pytest.approx(1.96 * closed, rel=1e-4)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("patients", {"patients": 1}),
        ("nodes_per_patient", {"nodes_per_patient": 0.5}),
        ("dispersion", {"dispersion": -1.0}),
        ("reader_spread", {"reader_spread": float("nan")}),
        ("readers", {"readers": ()}),
        ("readers", {"readers": (Accuracy(points=((1.0, 0.9),)),)}),
        ("readers", {"readers": (Accuracy(points=((0.6, 0.7), (0.36, 0.93))),)}),
        ("readers", {"readers": (Accuracy(),)}),
        ("model", {"model": Accuracy(auc=1.0)}),
        ("model", {"model": BINARY}),
        ("prevalence", {"prevalence": 1.0}),
        ("patients_positive", {"patients_positive": 0.1}),
        ("patients_positive", {"nodes_per_patient": 1, "prevalence": 0.3}),
        ("model_correlation", {"model_correlation": 0.95}),
        ("icc_positive", {"icc_positive": 1.0}),
        ("missing", {"missing": -0.1}),
        ("shared_effect", {"shared_effect": 1.5}),
    ],
)
def test_a_plan_that_cannot_be_names_its_field(field, changes):
    with pytest.raises(DesignError, match=field) as refusal:
        replace(STUDY, **changes)
    assert refusal.value.field == field


def test_other_refusals():
    outcomes = replicate(STUDY, seed=0, start=0, stop=2)
    with pytest.raises(DesignError, match="alpha"):
        summarise_tests(STUDY, outcomes, alpha=0)
    with pytest.raises(DesignError, match="margin"):
        summarise_tests(STUDY, outcomes, margin=0.0)
    with pytest.raises(DesignError, match="margin"):
        null_study(STUDY, margin=0.7)
    with pytest.raises(ValueError, match="start < stop"):
        replicate(STUDY, seed=0, start=2, stop=2)
    for changes, words in (
        ({"kappa": 1.0}, "kappa"),
        ({"readers": 1}, "readers"),
        ({"positive_share": 0.0}, "share"),
    ):
        given = {"kappa": 0.4, "nodes": 100, "readers": 5, "positive_share": 0.3} | changes
        with pytest.raises(ValueError, match=words):
            kappa_standard_error(given.pop("kappa"), **given)
    with pytest.raises(ValueError, match="level"):
        kappa_half_width(0.1, level=1)
