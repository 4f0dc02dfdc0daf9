"""Agreement of two people by patient: limits, resampling, jackknife, undefined cases."""

import numpy as np
import pytest

from readerstudy.statistics.agreement import cohen_kappa, gwet_ac
from readerstudy.statistics.agreement_by_patient import (
    FEW_PATIENTS,
    agreement_by_patient,
    cohen_kappa_by_patient,
    gwet_ac_by_patient,
)
from readerstudy.statistics.proportions import proportion
from readerstudy.statistics.results import Status

CATEGORIES = (0, 1, 2)
WEIGHTINGS = ("unweighted", "linear", "quadratic")


def drawn(seed, n_patients=60, alike=0.7):
    """Pairs of calls and patients; nodes of a patient share their category and disagreement."""
    rng = np.random.default_rng(seed)
    pairs, patients = [], []
    for patient in range(n_patients):
        category, is_alike = rng.integers(3), rng.random() < alike
        for _ in range(rng.integers(1, 8)):
            first = category if rng.random() < 0.8 else rng.integers(3)
            pairs.append((first, first if is_alike else rng.integers(3)))
            patients.append(f"P{patient}")
    return np.array(pairs), np.array(patients)


def each(pairs, patients, **options):
    """Every coefficient by patient."""
    yield agreement_by_patient(pairs, patients, **options)
    for weighting in WEIGHTINGS:
        yield cohen_kappa_by_patient(
            pairs, patients, categories=CATEGORIES, weighting=weighting, **options
        )
    yield gwet_ac_by_patient(pairs, patients, categories=CATEGORIES, **options)


def plain(pairs):
    """The same coefficients with their variance by node."""
    alike = int((pairs[:, 0] == pairs[:, 1]).sum())
    share = proportion(alike, len(pairs)).value
    yield share, (share * (1 - share) / len(pairs)) ** 0.5
    for weighting in WEIGHTINGS:
        one = cohen_kappa(pairs[:, 0], pairs[:, 1], categories=CATEGORIES, weighting=weighting)
        yield one.estimate, one.standard_error
    one = gwet_ac(pairs, categories=CATEGORIES)
    # Gwet's variance has n - 1 already.
    yield one.estimate, one.standard_error * ((len(pairs) - 1) / len(pairs)) ** 0.5


def read_twice(rng, n_patients):
    """Two people's calls; patients differ in how many nodes are metastatic and how hard."""
    sizes = 1 + rng.poisson(6.4, n_patients)
    metastatic = np.repeat(rng.beta(1.2, 2.2, n_patients), sizes)
    wrong = np.repeat(rng.beta(0.6, 4, n_patients), sizes)
    n = len(wrong)
    category = (rng.random(n) < metastatic) * (1 + (rng.random(n) < 0.35))
    calls = [
        np.where(rng.random(n) < wrong, (category + rng.integers(1, 3, n)) % 3, category)
        for _ in range(2)
    ]
    return np.stack(calls, axis=1), np.repeat(np.arange(n_patients), sizes)


@pytest.mark.parametrize(
    ("n_patients", "least", "most"), [(5, 0.86, 0.92), (15, 0.89, 0.94), (FEW_PATIENTS, 0.92, 0.97)]
)
def test_intervals_of_few_patients_are_too_narrow(n_patients, least, most):
    rng = np.random.default_rng(n_patients)
    truth = cohen_kappa_by_patient(*read_twice(rng, 30_000), categories=CATEGORIES).estimate
    found = [
        cohen_kappa_by_patient(*read_twice(rng, n_patients), categories=CATEGORIES).interval
        for _ in range(800)
    ]
    covered = np.mean([one is not None and one.lower <= truth <= one.upper for one in found])
    assert least < covered < most


def test_one_node_per_patient_is_the_variance_by_node():
    pairs, _ = drawn(1)
    n = len(pairs)
    found = each(pairs, range(n))
    for one, (estimate, standard_error) in zip(found, plain(pairs), strict=True):
        assert one.estimate == pytest.approx(estimate, rel=1e-12)
        assert one.standard_error == pytest.approx(standard_error * (n / (n - 1)) ** 0.5, rel=1e-9)
        assert one.n == n


def test_a_node_seen_four_times_in_its_patient_tells_nothing_new():
    pairs, _ = drawn(2, n_patients=30)
    n = len(pairs)
    again = each(np.repeat(pairs, 4, axis=0), np.repeat(np.arange(n), 4))
    for one, four in zip(each(pairs, range(n)), again, strict=True):
        assert four.estimate == pytest.approx(one.estimate, rel=1e-12)
        assert four.standard_error == pytest.approx(one.standard_error, rel=1e-12)


def test_clustered_disagreement_widens_the_interval():
    pairs, patients = drawn(3)
    for one, (_, by_node) in zip(each(pairs, patients), plain(pairs), strict=True):
        assert one.standard_error > 1.3 * by_node


def test_resampled_patients_give_the_same_standard_errors():
    pairs, patients = drawn(4, n_patients=120)
    rng = np.random.default_rng(7)
    members = [np.flatnonzero(patients == name) for name in np.unique(patients)]
    estimates = []
    for _ in range(400):
        chosen = np.concatenate([members[at] for at in rng.integers(120, size=120)])
        estimates.append([estimate for estimate, _ in plain(pairs[chosen])])
    resampled = np.std(estimates, axis=0, ddof=1)
    found = [one.standard_error for one in each(pairs, patients)]
    np.testing.assert_allclose(found, resampled, rtol=0.12)


def test_leaving_out_patients_gives_the_same_standard_errors():
    pairs, patients = drawn(5, n_patients=150)
    names = np.unique(patients)
    left = np.array([[e for e, _ in plain(pairs[patients != name])] for name in names])
    jackknife = np.sqrt(149 / 150 * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
    found = [one.standard_error for one in each(pairs, patients)]
    np.testing.assert_allclose(found, jackknife, rtol=0.03)


def test_the_interval_has_the_level_and_the_borders():
    pairs, patients = drawn(6, n_patients=5, alike=0.5)
    for one in each(pairs, patients, level=0.99):
        assert one.interval.level == 0.99
        assert one.interval.lower >= -1
        assert one.interval.upper <= 1
        half = one.interval.upper_unclipped - one.estimate
        assert half / one.standard_error == pytest.approx(4.604094871)  # t, 4 df


def test_whole_agreement_has_no_width_and_says_so():
    pairs = np.array([[0, 0], [1, 1], [2, 2], [0, 0]])
    for one in each(pairs, ["A", "A", "B", "C"]):
        assert (one.estimate, one.standard_error, one.status) == (1, 0, Status.ZERO_VARIANCE)
        assert one.interval.degenerate


def test_one_patient_has_an_estimate_and_no_interval():
    for one in each(np.array([[0, 0], [1, 2], [2, 2]]), ["A"] * 3):
        assert one.estimate is not None
        assert (one.standard_error, one.interval) == (None, None)
        assert one.status is Status.TOO_FEW_PATIENTS


def test_no_nodes_and_one_category():
    for one in each(np.empty((0, 2)), []):
        assert (one.estimate, one.n, one.status) == (None, 0, Status.TOO_FEW_NODES)
    _, *rest = each(np.array([[1, 1], [1, 1]]), ["A", "B"])
    assert {one.status for one in rest} == {Status.ONE_CATEGORY}


@pytest.mark.parametrize(
    ("pairs", "patients", "said"),
    [
        ([[0, 1]], ["A", "B"], "patients must have length 1, not 2"),
        ([[0, None]], ["A"], "pairs hold missing calls"),
    ],
)
def test_wrong_inputs_are_refused(pairs, patients, said):
    with pytest.raises(ValueError, match=said):
        agreement_by_patient(pairs, patients)
    with pytest.raises(ValueError, match="not among categories"):
        cohen_kappa_by_patient([[0, 3]], ["A"], categories=CATEGORIES)
