"""Treatments x readers: reference suite, published output, DBM equivalence, undefined cases."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readerstudy.statistics import delong
from readerstudy.statistics.bootstrap import bootstrap_covariance
from readerstudy.statistics.contrasts import linear_contrast
from readerstudy.statistics.jackknife import node_jackknife
from readerstudy.statistics.obuchowski_rockette import obuchowski_rockette
from readerstudy.statistics.random_readers import readers_minus_model
from readerstudy.statistics.results import Covariance, Status
from readerstudy.statistics.u_statistics import u_statistics
from readerstudy.statistics.unbiased import unbiased_covariance
from tests.readerstudy.statistics.mrmc_data import factorial_study
from tests.readerstudy.statistics.reference import cases, close, close_interval, close_matrix

LOOSE = {"rel": 1e-8, "absolute": 1e-11}
P = {"rel": 1e-6, "absolute": 1e-14}
COVARIANCES = {
    "delong": delong.covariance,
    "jackknife": node_jackknife,
    "unbiased": unbiased_covariance,
}
ASSUMPTIONS = {
    "rrrc": "random_readers",
    "frrc": "fixed_readers",
    "frrc_unconstrained": "fixed_readers_unconstrained",
    "rrfc": "fixed_cases",
}
MEAN_SQUARES = {
    "MST": "ms_treatment",
    "MSR": "ms_reader",
    "MSTR": "ms_treatment_reader",
    "var": "var",
    "cov1": "cov1",
    "cov2": "cov2",
    "cov3": "cov3",
    "varR": "var_reader",
    "varTR": "var_treatment_reader",
}


def check_effect(effect, wanted):
    close(effect.standard_error, wanted["se"], **LOOSE)
    close(effect.degrees_of_freedom, wanted["df"], **LOOSE)
    close_interval(effect.interval, wanted["lower"], wanted["upper"], **LOOSE)
    if "p" in wanted:
        close(effect.test.statistic, wanted["statistic"], **LOOSE)
        close(effect.test.p_two_sided, wanted["p"], **P)


@pytest.mark.golden
@pytest.mark.parametrize("method", COVARIANCES)
@pytest.mark.parametrize("case", cases("mrmc/mrmc.json"))
def test_factorial_studies_agree_with_the_reference(case, method):
    labels, curves, treatments = factorial_study(case["data_csv"])
    expected = case["expected"][method]
    result = obuchowski_rockette(COVARIANCES[method](labels, curves), treatments)
    close_matrix(result.areas, expected["auc"])
    for key, name in MEAN_SQUARES.items():
        close(getattr(result.anova, name), expected[key], **LOOSE, what=key)
    for key, name in ASSUMPTIONS.items():
        joint, wanted = getattr(result, name), expected[key]
        close(joint.statistic, wanted.get("F", wanted.get("chi2")), **LOOSE, what=key)
        assert joint.numerator_df == wanted.get("df1", wanted.get("df"))
        close(joint.denominator_df, wanted.get("df2"), **LOOSE)
        close(joint.p, wanted["p"], **P)
    assert len(result.differences) == len(expected["diffs"])
    for ours, wanted in zip(result.differences, expected["diffs"], strict=True):
        close(ours.difference, wanted["difference"])
        for key, name in ASSUMPTIONS.items():
            check_effect(getattr(ours, name), wanted[key])
    for ours, wanted in zip(result.means, expected["single"], strict=True):
        close(ours.estimate, wanted["estimate"])
        close(ours.ms_reader, wanted["MSR"], **LOOSE)
        close(ours.var, wanted["var"], **LOOSE)
        close(ours.cov2, wanted["cov2"], **LOOSE)
        for key in ("rrrc", "frrc", "rrfc"):
            check_effect(getattr(ours, ASSUMPTIONS[key]), wanted[key])


def printed(value, wanted):
    """Equal to the digits the published output shows."""
    digits = len(str(wanted).split(".")[-1]) if "e" not in str(wanted) else 7
    assert abs(value - wanted) <= 0.5000001 * 10**-digits, f"{value} printed {wanted}"


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("mrmc/mrmc.json")[:2])
def test_the_published_output_of_or_dbm_mrmc_is_met(case):
    labels, curves, treatments = factorial_study(case["data_csv"])
    published = case["published"]
    result = obuchowski_rockette(node_jackknife(labels, curves), treatments)
    for key, name in (*MEAN_SQUARES.items(), ("var_error", "var")):
        if key in published:
            printed(getattr(result.anova, name), published[key])
    difference = result.differences[0]
    for key, name in (("rrrc", "random_readers"), ("frrc", "fixed_readers")):
        wanted, effect = published[key], getattr(difference, name)
        printed(effect.standard_error, wanted["se"])
        printed(getattr(result, name).p, wanted["p"])
        for limit, shown in zip(
            (effect.interval.lower, effect.interval.upper), wanted["ci"], strict=True
        ):
            printed(limit, shown)
    for mean, wanted in zip(result.means, published["single"], strict=True):
        printed(mean.random_readers.standard_error, wanted["se"])
        printed(mean.random_readers.degrees_of_freedom, wanted["df"])


@pytest.mark.golden
@pytest.mark.parametrize("case", cases("mrmc/mrmc.json"))
def test_u_statistics_agree_with_the_reference(case):
    labels, curves, treatments = factorial_study(case["data_csv"])
    named = {
        f"m{t}": {name.split("|")[1]: curves[name] for name in names}
        for t, names in treatments.items()
    }
    rows = {(row.first, row.second): row for row in u_statistics(labels, named)}
    assert len(rows) == len(case["expected"]["imrmc_ustat"])
    for wanted in case["expected"]["imrmc_ustat"]:
        ours = rows[wanted["modality_1"], wanted["modality_2"]]
        single = wanted["modality_1"] == wanted["modality_2"]
        close(ours.estimate, wanted["auc_1"] if single else wanted["difference"])
        own = wanted["variance_auc_or_covariance"]
        if single:
            close(ours.variance, own, **LOOSE)
        else:
            close(ours.covariance, own, **LOOSE)
            close(ours.variance, wanted["variance_difference"], **LOOSE)
        if wanted["p_bdg"] is None:
            assert ours.status is Status.VARIANCE_NEGATIVE
            assert ours.interval is None
            continue
        close(ours.degrees_of_freedom, wanted["df_bdg"], **LOOSE)
        # The reference takes 1 - cdf, so that its smallest p values carry no digits.
        close(ours.test.p_two_sided, wanted["p_bdg"], rel=1e-6, absolute=1e-14)
        close_interval(ours.interval, wanted["ci_bdg_lower"], wanted["ci_bdg_upper"], **LOOSE)


def simulated(seed, *, treatments=2, readers=4, n=60):
    rng = np.random.default_rng(seed)
    labels = np.array([1] * (n // 3) + [0] * (n - n // 3))
    case = rng.normal(labels, 1)
    curves = {
        f"{t}{r}": case + rng.normal(0.3 * t * labels, 1)
        for t in range(treatments)
        for r in range(readers)
    }
    design = {str(t): [f"{t}{r}" for r in range(readers)] for t in range(treatments)}
    return labels, curves, design


def pseudovalue_anova(labels, curves, design):
    """Dorfman, Berbaum and Metz 1992: three-way ANOVA of jackknife pseudovalues."""
    n = len(labels)
    t, r = len(design), len(next(iter(design.values())))
    values = np.empty((t, r, n))
    for i, j in itertools.product(range(t), range(r)):
        row = np.asarray(curves[list(design.values())[i][j]])
        area = delong.single(labels, row).estimate
        for k in range(n):
            kept = np.arange(n) != k
            deleted = delong.single(labels[kept], row[kept]).estimate
            values[i, j, k] = n * area - (n - 1) * deleted
    grand = values.mean()
    m_t, m_r, m_c = values.mean((1, 2)), values.mean((0, 2)), values.mean((0, 1))
    tr, tc, rc = values.mean(2), values.mean(1), values.mean(0)
    ms = {"T": r * n * ((m_t - grand) ** 2).sum() / (t - 1)}
    ms["TR"] = n * ((tr - m_t[:, None] - m_r[None, :] + grand) ** 2).sum() / ((t - 1) * (r - 1))
    ms["TC"] = r * ((tc - m_t[:, None] - m_c[None, :] + grand) ** 2).sum() / ((t - 1) * (n - 1))
    rest = (
        values
        - tr[:, :, None]
        - tc[:, None, :]
        - rc[None, :, :]
        + m_t[:, None, None]
        + m_r[None, :, None]
        + m_c[None, None, :]
        - grand
    )
    ms["TRC"] = (rest**2).sum() / ((t - 1) * (r - 1) * (n - 1))
    return ms


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_jackknife_analysis_equals_dorfman_berbaum_metz(seed):
    # Hillis 2005: F of DBM with max(MS(TC) - MS(TRC), 0) equals OR with jackknife covariances.
    labels, curves, design = simulated(seed, treatments=3)
    ms = pseudovalue_anova(labels, curves, design)
    result = obuchowski_rockette(node_jackknife(labels, curves), design)
    dbm = ms["T"] / (ms["TR"] + max(ms["TC"] - ms["TRC"], 0))
    assert result.random_readers.statistic == pytest.approx(dbm, rel=1e-9)
    assert result.anova.ms_treatment_reader == pytest.approx(ms["TR"] / len(labels), rel=1e-9)


@pytest.mark.parametrize("seed", [4, 5, 6])
def test_the_model_as_a_second_treatment_gives_the_test_of_readers_against_it(seed):
    labels, curves, _ = simulated(seed, treatments=1)
    model = np.random.default_rng(seed).normal(labels * 1.5, 1)
    readers = list(curves)
    both = {**curves, "model": model}
    against = readers_minus_model(delong.covariance(labels, both), readers, model="model")
    copies = {f"model{k}": model for k in range(len(readers))}
    result = obuchowski_rockette(
        delong.covariance(labels, {**curves, **copies}),
        {"readers": readers, "model": list(copies)},
    )
    assert result.random_readers.p == pytest.approx(against.test.p_two_sided, rel=1e-9)
    assert result.differences[0].random_readers.standard_error == pytest.approx(
        against.standard_error, rel=1e-9
    )


def test_the_fixed_reader_difference_is_the_plain_contrast_when_unconstrained():
    labels, curves, design = simulated(7)
    cov = delong.covariance(labels, curves)
    readers = len(design["0"])
    weights = dict.fromkeys(design["0"], 1 / readers)
    weights |= dict.fromkeys(design["1"], -1 / readers)
    plain = delong.contrast(labels, curves, weights)
    ours = obuchowski_rockette(cov, design).differences[0]
    assert ours.fixed_readers_unconstrained.standard_error == pytest.approx(plain.standard_error)
    assert linear_contrast(cov, weights).standard_error == pytest.approx(plain.standard_error)


def test_the_bootstrap_covariance_is_near_the_others():
    labels, curves, design = simulated(8, n=90)
    cov = bootstrap_covariance(
        labels,
        curves,
        list(range(len(labels))),
        generator=np.random.default_rng(1),
        replicates=4000,
    )
    assert cov.method == "patient_bootstrap"
    booted = obuchowski_rockette(cov, design).anova
    plain = obuchowski_rockette(delong.covariance(labels, curves), design).anova
    assert booted.var == pytest.approx(plain.var, rel=0.1)
    assert booted.ms_treatment == pytest.approx(plain.ms_treatment)


def test_values_computed_by_hand():
    # Areas (0.8, 0.6) and (0.7, 0.6): means 0.7 and 0.65, readers 0.75 and 0.6, grand 0.675.
    # MS(T) = 2 (2 * 0.025^2) = 0.0025; MS(TR): residuals +-0.025, sum 4 * 0.000625 = 0.0025.
    # Cov2 - Cov3 = 0.0005 -> D = 0.0025 + 2 * 0.0005 = 0.0035; df2 = (0.0035/0.0025)^2 = 1.96.
    matrix = np.full((4, 4), 0.0005)
    matrix[0, 1] = matrix[1, 0] = matrix[2, 3] = matrix[3, 2] = 0.001
    matrix[0, 2] = matrix[2, 0] = matrix[1, 3] = matrix[3, 1] = 0.002
    np.fill_diagonal(matrix, 0.004)
    cov = Covariance(
        names=("a1", "a2", "b1", "b2"),
        estimates=(0.8, 0.6, 0.7, 0.6),
        matrix=tuple(map(tuple, matrix.tolist())),
        method="delong",
        n=10,
        n_positive=5,
        n_negative=5,
        status=Status.OK,
    )
    result = obuchowski_rockette(cov, {"a": ["a1", "a2"], "b": ["b1", "b2"]})
    assert result.random_readers.statistic == pytest.approx(0.0025 / 0.0035)
    assert result.random_readers.denominator_df == pytest.approx(1.96)
    assert result.fixed_readers.statistic == pytest.approx(0.0025 / (0.004 - 0.002 + 0.0005))
    assert result.differences[0].random_readers.standard_error == pytest.approx(math.sqrt(0.0035))


def test_one_reader_leaves_only_the_fixed_reader_results():
    labels, curves, design = simulated(9, readers=1)
    result = obuchowski_rockette(delong.covariance(labels, curves), design)
    assert result.status is Status.TOO_FEW_READERS
    assert result.random_readers.p is None
    assert result.random_readers.status is Status.TOO_FEW_READERS
    paired = delong.paired(labels, curves["00"], curves["10"])
    assert result.fixed_readers.p == pytest.approx(paired.test.p_two_sided)
    assert result.differences[0].random_readers.interval is None


def test_one_treatment_has_means_but_nothing_to_compare():
    labels, curves, design = simulated(10, treatments=1)
    result = obuchowski_rockette(delong.covariance(labels, curves), design)
    assert result.random_readers.status is Status.TOO_FEW_TREATMENTS
    assert result.means[0].random_readers.interval is not None
    assert result.differences == ()


def test_equal_treatments_differ_by_nothing():
    labels, curves, _ = simulated(11, treatments=1)
    doubled = {**curves, **{f"again {name}": row for name, row in curves.items()}}
    design = {"a": list(curves), "b": [f"again {name}" for name in curves]}
    result = obuchowski_rockette(delong.covariance(labels, doubled), design)
    assert result.fixed_cases.status is Status.ZERO_VARIANCE_ZERO_DIFFERENCE
    assert result.differences[0].fixed_readers.status is Status.ZERO_VARIANCE_ZERO_DIFFERENCE


def test_one_class_is_named_everywhere():
    curves = {"a1": [1, 2], "b1": [2, 1]}
    design = {"a": ["a1"], "b": ["b1"]}
    for method in COVARIANCES.values():
        cov = method([1, 1], curves)
        assert cov.status is Status.CLASS_MISSING
        assert obuchowski_rockette(cov, design).random_readers.status is Status.CLASS_MISSING
    rows = u_statistics([1, 1], {"a": {"r": [1, 2]}, "b": {"r": [2, 1]}})
    assert all(row.status is Status.CLASS_MISSING for row in rows)
    one = unbiased_covariance([1, 0, 0], {"a": [1, 2, 3]})
    assert one.status is Status.VARIANCE_UNDEFINED
    few = u_statistics([1, 1, 0, 0], {"a": {"r": [1, 2, 3, 4]}})
    assert few[0].status is Status.TOO_FEW_READERS


def test_bad_designs_are_refused():
    cov = delong.covariance([1, 0, 1, 0], {"a": [1, 2, 3, 4], "b": [2, 1, 3, 4]})
    with pytest.raises(ValueError, match="same readers"):
        obuchowski_rockette(cov, {"x": ["a"], "y": ["a", "b"]})
    with pytest.raises(ValueError, match="once each"):
        obuchowski_rockette(cov, {"x": ["a"], "y": ["a"]})
    with pytest.raises(ValueError, match="once each"):
        obuchowski_rockette(cov, {"x": ["a"], "y": ["z"]})
    with pytest.raises(ValueError, match="not among"):
        linear_contrast(cov, {"z": 1.0})
    with pytest.raises(ValueError, match="same readers"):
        u_statistics([1, 0], {"a": {"r": [1, 2]}, "b": {"s": [1, 2]}})


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_monotone_scores_and_the_order_of_rows_and_readers_do_not_matter(seed, random):
    labels, curves, design = simulated(seed, readers=3, n=24)
    one = obuchowski_rockette(delong.covariance(labels, curves), design)
    order = list(range(len(labels)))
    random.shuffle(order)
    mixed = {name: np.exp(row[order] / 3) for name, row in curves.items()}
    shuffled = random.sample(range(3), 3)
    turned = {t: [names[k] for k in shuffled] for t, names in design.items()}
    two = obuchowski_rockette(delong.covariance(labels[order], mixed), turned)
    for name in ASSUMPTIONS.values():
        first, second = getattr(one, name), getattr(two, name)
        assert first.status is second.status
        if first.p is not None:
            assert first.p == pytest.approx(second.p, rel=1e-6, abs=1e-12)
