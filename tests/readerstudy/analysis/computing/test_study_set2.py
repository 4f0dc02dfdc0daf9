"""The tables of the reference study, number by number: nodes, model, readers, agreement."""

import pytest

from tests.readerstudy.analysis.computing.set2 import (
    MARKS,
    READERS,
    TASKS,
    P,
    block,
    check_area,
    check_contrast,
    check_counts,
    every_task,
    expected,
    expected_reader,
    result,
)
from tests.readerstudy.statistics.reference import close, close_interval

pytestmark = MARKS
OPERATING_POINTS = ("youden", "fpr5", "fpr10", "fpr15", "fpr20", "fpr30")
AGREEMENT = pytest.mark.parametrize(
    ("task", "part", "key"),
    [
        ("metastasis", "binary", "agreement_binary"),
        ("metastasis", "three_categories", "agreement_three_categories"),
        ("ene", "binary", "agreement_binary"),
    ],
)
every_reader = pytest.mark.parametrize("reader", READERS)


@every_task
@pytest.mark.parametrize("key", ["cohort-1", "pooled"])
def test_node_counts(task, key):
    for name, wanted in (
        ("n", "n_nodes"),
        ("n_positive", "n_pos"),
        ("n_negative", "n_neg"),
        ("n_patients", "n_patients"),
        ("n_patients_positive", "patients_with_positive"),
        ("n_patients_negative", "patients_with_negative"),
    ):
        assert block(task, key).nodes[name] == expected(task)[wanted]


def test_one_cohort_is_all_cohorts():
    cohort, pooled = result().parts[:2]
    assert (cohort.kind, pooled.kind) == ("cohort", "pooled")
    assert cohort.endpoints == pooled.endpoints
    assert cohort.patient_level == pooled.patient_level


@every_task
def test_model_area(task):
    check_area(block(task).model.auc, expected(task)["model"])


@every_task
@pytest.mark.parametrize("name", OPERATING_POINTS)
def test_model_operating_points(task, name):
    wanted = expected(task)["model"]["operating_points"][name]
    points = block(task).model.operating_points
    if name == "youden":
        close(points.youden.j, wanted["J"])
        assert len(points.youden.tied_thresholds) == wanted["tie_count"]
        point = points.youden.point
    else:
        target = next(
            part for part in points.false_positive_rate if f"fpr{part.target_percent}" == name
        )
        for part in ("sensitivity", "specificity", "accuracy"):
            close(target.interpolated[part], wanted["interpolated"][part])
        point = target.attainable
    assert point.threshold == wanted["threshold"]
    check_counts(point.counts, wanted)


@every_task
@every_reader
def test_readers(task, reader):
    wanted = expected_reader(task, reader)
    row = next(row for row in block(task).readers if row.reader == reader)
    check_counts(row.counts, wanted)
    check_area(row.auc_binary, wanted["auc_binary_call"])
    check_area(row.auc_ordinal, wanted["auc_ordinal_call"])


@every_task
@every_reader
def test_model_against_each_reader(task, reader):
    wanted = expected_reader(task, reader)
    row = next(row for row in block(task).comparisons if row.reader == reader)
    assert row.nodes.available == dict.fromkeys(("model", reader), expected(task)["n_nodes"])
    estimate = "difference_model_minus_reader"
    for part, key in (
        (row.binary.delong, "model_vs_reader_delong"),
        (row.binary.patient_clustered, "model_vs_reader_patient_clustered"),
        (row.ordinal.delong, "model_vs_reader_ordinal_delong"),
    ):
        check_contrast(part, wanted[key], estimate)
    matrix = block(task).reader_mean.binary.delong_covariance.matrix
    close(matrix[0][1 + READERS.index(reader)], wanted["model_vs_reader_delong"]["covariance"])
    for measure in ("sensitivity", "specificity"):
        for point in ("youden", "fpr10"):
            reference = wanted[f"mcnemar_{measure}_{point}"]
            found = row.mcnemar[point][measure]
            assert row.mcnemar[point].chosen_on == "chosen on this data"
            assert found.test.counts.first_only == reference["model_only"]
            assert found.test.counts.second_only == reference["reader_only"]
            close(found.test.exact_p, reference["exact_p"], **P)
            close(found.test.mid_p, reference["midp"], **P)
            clustered = found.patient_clustered.obuchowski
            close(clustered.statistic, reference["clustered_obuchowski_chi2"])
            close(clustered.p_two_sided, reference["clustered_obuchowski_p"], **P)


@AGREEMENT
def test_agreement(task, part, key):
    wanted, kappa = expected(task)[key], block(task).agreement[part]
    fleiss = wanted["fleiss"]
    assert (kappa.n_nodes, kappa.n_readers, kappa.n_complete, kappa.n_incomplete) == (
        wanted["n_subjects"],
        wanted["n_raters"],
        wanted["n_complete"],
        0,
    )
    close(kappa.observed_agreement, wanted["observed_agreement"])
    close(kappa.chance_agreement, wanted["chance_agreement"])
    for name in ("kappa", "se_null", "per_category_se_null"):
        close(kappa[name], fleiss[name], absolute=1e-11)
    close(kappa.test.statistic, fleiss["z"])
    close(kappa.test.p_two_sided, fleiss["p"], **P)
    for value, reference in zip(kappa.per_category, fleiss["per_category"], strict=True):
        close(value, reference, absolute=1e-11)
    close(kappa.gwet.standard_error, fleiss["se_gwet"])
    close_interval(kappa.gwet.interval, fleiss["ci_gwet_lower"], fleiss["ci_gwet_upper"])
    close(kappa.available.estimate, fleiss["kappa_available_data"])
    close(kappa.jackknife_node.standard_error, fleiss["se_jackknife_subject"])
    close(kappa.jackknife_patient.standard_error, fleiss["se_jackknife_patient"])
    assert kappa.jackknife_patient.n == fleiss["n_patients"]
    close_interval(
        kappa.jackknife_patient.interval,
        fleiss["ci_jackknife_patient_lower"],
        fleiss["ci_jackknife_patient_upper"],
    )


@AGREEMENT
def test_coefficients_beside_fleiss(task, part, key):
    wanted, ours = expected(task)[key], block(task).agreement[f"{part}_besides"]
    gwet = wanted["gwet_ac1"]
    close(ours.gwet_ac1.estimate, gwet["value"])
    close(ours.gwet_ac1.standard_error, gwet["se"])
    close_interval(ours.gwet_ac1.interval, gwet["lower"], gwet["upper"])
    nominal = wanted["krippendorff_nominal"]
    close(ours.krippendorff_nominal.estimate, nominal["alpha"])
    close(ours.krippendorff_nominal.standard_error, nominal["se_gwet"])
    if part == "binary":
        assert ours.krippendorff_ordinal is None
    else:
        close(ours.krippendorff_ordinal.estimate, wanted["krippendorff_ordinal"]["alpha"])
    close(ours.cohen_pairs.mean_kappa, wanted["cohen_mean"])
    for pair, reference in zip(ours.cohen_pairs.pairs, wanted["cohen_pairwise"], strict=True):
        assert (pair.first + 1, pair.second + 1) == (reference["rater_1"], reference["rater_2"])
        assert pair.kappa.n == reference["n"]
        close(pair.percent_agreement, reference["percent_agreement"])
        close(pair.kappa.estimate, reference["kappa"])
        close(pair.kappa.standard_error, reference["se"])
        close_interval(pair.kappa.interval, reference["lower"], reference["upper"])


def test_only_these_agreements_have_a_reference():
    """A reference that appears later must not stay unread."""
    known = {(task, key) for task in TASKS for key in expected(task) if key.startswith("agreement")}
    assert known == {
        ("metastasis", "agreement_binary"),
        ("metastasis", "agreement_three_categories"),
        ("ene", "agreement_binary"),
    }
