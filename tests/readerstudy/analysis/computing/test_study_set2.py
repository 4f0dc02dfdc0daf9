"""The whole report of the reference study, number by number and cell by cell."""

import csv
import json

import numpy as np
import pytest

from readerstudy.analysis.computing.endpoints import (
    MODEL,
    Endpoint,
    NodeRow,
    ReaderView,
    StudyTable,
    endpoint_nodes,
    scores,
)
from readerstudy.analysis.computing.tables import study_tables
from readerstudy.analysis.reporting.display import (
    p_value,
    percent,
    percent_with_counts,
    two_decimals,
)
from readerstudy.statistics.bootstrap import patient_bootstrap
from readerstudy.statistics.delong import reader_mean_weights
from tests.readerstudy.statistics.reference import SHARED, close, close_interval, close_matrix
from tests.readerstudy.statistics.reference import load as load_suite

pytestmark = [
    pytest.mark.golden,
    pytest.mark.skipif(
        not (SHARED / "study_set2").is_dir(),
        reason="reference study absent: shared/reference/statistics/study_set2",
    ),
]

READERS = ("R1", "R2", "R3", "R4", "R5")
TASKS = {
    "metastasis": Endpoint.METASTASIS,
    "ene": Endpoint.ENE,
    "ene_vs_metastasis": Endpoint.ENE_AMONG_METASTATIC,
}
P = {"rel": 1e-6, "absolute": 0.0}
OPERATING_POINTS = ("youden", "fpr5", "fpr10", "fpr15", "fpr20", "fpr30")
PROPORTIONS = ("sensitivity", "specificity", "accuracy", "ppv", "npv")
COUNTS = {
    "tp": "true_positives",
    "fn": "false_negatives",
    "fp": "false_positives",
    "tn": "true_negatives",
}


class Box(dict):
    """A result dictionary read like the library's own types."""

    __getattr__ = dict.__getitem__


@pytest.fixture(scope="module")
def table():
    with (SHARED / "study_set2" / "reader_study.csv").open() as file:
        rows = tuple(
            NodeRow(
                cohort=f"set{line['cohort']}",
                patient=line["patient_id"],
                node=line["node_id"],
                truth=int(line["truth"]),
                calls={reader: int(line[f"call_{reader}"]) for reader in READERS},
                score_metastasis=float(line["score_metastasis"]),
                score_ene=float(line["score_ene"]),
            )
            for line in csv.DictReader(file)
        )
    return StudyTable(readers=READERS, rows=rows)


@pytest.fixture(scope="module")
def result(table):
    text = json.dumps(study_tables(table), sort_keys=True)
    return json.loads(text, object_hook=Box)


@pytest.fixture(params=sorted(TASKS))
def task(request):
    return request.param


@pytest.fixture
def ours(result, task):
    return result.cohorts[0].endpoints[TASKS[task]]


@pytest.fixture
def expected(task):
    return load_suite(f"study_set2/expected_{task}.json")


def expected_reader(expected, reader):
    readers = expected["readers"]
    return readers[reader] if isinstance(readers, dict) else readers[READERS.index(reader)]


def check_proportion(ours, wanted):
    assert (ours.numerator, ours.denominator) == (wanted["numerator"], wanted["denominator"])
    close(ours.value, wanted["value"])
    for method in ("wilson", "clopper_pearson"):
        close_interval(ours[method], wanted[f"{method}_lower"], wanted[f"{method}_upper"])


def check_counts(ours, wanted):
    for short, name in COUNTS.items():
        assert ours[name] == wanted[short]
    for name in PROPORTIONS:
        check_proportion(ours[name], wanted[name])


def check_area(ours, wanted):
    close(ours.delong.estimate, wanted["auc"])
    close(ours.delong.variance, wanted["delong_variance"])
    close(ours.delong.standard_error, wanted["delong_se"])
    close_interval(ours.delong.interval, wanted["ci_lower"], wanted["ci_upper"])
    close(ours.hanley_mcneil.standard_error, wanted["hanley_mcneil_se"])
    close_interval(
        ours.hanley_mcneil.interval,
        wanted["hanley_mcneil_ci_lower"],
        wanted["hanley_mcneil_ci_upper"],
    )
    close(ours.patient_clustered.standard_error, wanted["patient_clustered_se"])
    close_interval(
        ours.patient_clustered.interval,
        wanted["patient_clustered_ci_lower"],
        wanted["patient_clustered_ci_upper"],
    )


def check_contrast(ours, wanted, estimate):
    close(ours.estimate, wanted[estimate])
    close(ours.standard_error, wanted["se"])
    close(ours.test.statistic, wanted["z"])
    close(ours.test.p_two_sided, wanted["p"], **P)
    if "p_one_sided_model_greater" in wanted:
        close(ours.test.p_greater, wanted["p_one_sided_model_greater"], **P)
    close_interval(ours.interval, wanted["ci_lower"], wanted["ci_upper"])


def test_node_counts(ours, expected):
    for name, key in (
        ("n", "n_nodes"),
        ("n_positive", "n_pos"),
        ("n_negative", "n_neg"),
        ("n_patients", "n_patients"),
        ("n_patients_positive", "patients_with_positive"),
        ("n_patients_negative", "patients_with_negative"),
    ):
        assert ours.nodes[name] == expected[key]


def test_model_area(ours, expected):
    check_area(ours.model.auc, expected["model"])


@pytest.mark.parametrize("name", OPERATING_POINTS)
def test_model_operating_points(ours, expected, name):
    wanted = expected["model"]["operating_points"][name]
    points = ours.model.operating_points
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


@pytest.mark.parametrize("reader", READERS)
def test_readers(ours, expected, reader):
    wanted = expected_reader(expected, reader)
    row = next(row for row in ours.readers if row.reader == reader)
    check_counts(row.counts, wanted)
    check_area(row.auc_binary, wanted["auc_binary_call"])
    check_area(row.auc_ordinal, wanted["auc_ordinal_call"])


@pytest.mark.parametrize("reader", READERS)
def test_model_against_each_reader(ours, expected, reader):
    wanted = expected_reader(expected, reader)
    row = next(row for row in ours.comparisons if row.reader == reader)
    assert row.nodes.available == {"model": expected["n_nodes"], reader: expected["n_nodes"]}
    estimate = "difference_model_minus_reader"
    for part, key in (
        (row.binary.delong, "model_vs_reader_delong"),
        (row.binary.patient_clustered, "model_vs_reader_patient_clustered"),
        (row.ordinal.delong, "model_vs_reader_ordinal_delong"),
    ):
        check_contrast(part, wanted[key], estimate)
    matrix = row.binary.delong_covariance.matrix
    close(matrix[0][1], wanted["model_vs_reader_delong"]["covariance"])
    for measure in ("sensitivity", "specificity"):
        for point in ("youden", "fpr10"):
            reference = wanted[f"mcnemar_{measure}_{point}"]
            block = row.mcnemar[point][measure]
            assert block.test.counts.first_only == reference["model_only"]
            assert block.test.counts.second_only == reference["reader_only"]
            close(block.test.exact_p, reference["exact_p"], **P)
            close(block.test.mid_p, reference["midp"], **P)
            clustered = block.patient_clustered.obuchowski
            close(clustered.statistic, reference["clustered_obuchowski_chi2"])
            close(clustered.p_two_sided, reference["clustered_obuchowski_p"], **P)


def test_mean_of_the_readers(ours, expected):
    wanted, mean = expected["reader_mean"], ours.reader_mean
    for name in ("sensitivity", "specificity", "accuracy"):
        close(mean.proportions[name].mean, wanted[f"mean_{name}"])
    close(mean.binary.mean_auc_fixed_readers.estimate, wanted["mean_auc"])
    fixed = wanted["mean_auc_fixed_readers"]
    close(mean.binary.mean_auc_fixed_readers.standard_error, fixed["se_delong"])
    close_interval(
        mean.binary.mean_auc_fixed_readers.interval, fixed["ci_lower"], fixed["ci_upper"]
    )
    close(mean.binary.mean_auc_patient_clustered.standard_error, fixed["se_patient_clustered"])
    random = wanted["mean_auc_random_readers"]
    ours_random = mean.binary.mean_auc_random_readers
    close(ours_random.standard_error, random["se"])
    close(ours_random.degrees_of_freedom, random["df"], rel=1e-8)
    close_interval(ours_random.interval, random["lower"], random["upper"], rel=1e-8)
    estimate = "estimate_model_minus_mean"
    for part, key in (
        (mean.binary.model_minus_mean.delong_fixed_readers, "contrast_delong"),
        (
            mean.binary.model_minus_mean.patient_clustered_fixed_readers,
            "contrast_patient_clustered",
        ),
        (mean.ordinal.model_minus_mean.delong_fixed_readers, "contrast_ordinal_delong"),
    ):
        check_contrast(part, wanted[key], estimate)
    close_matrix(mean.binary.delong_covariance.matrix, expected["delong_covariance_binary"])
    close_matrix(mean.ordinal.delong_covariance.matrix, expected["delong_covariance_ordinal"])
    close_matrix(
        mean.binary.patient_clustered_covariance.matrix,
        expected["patient_clustered_covariance_binary"],
    )


@pytest.mark.parametrize(
    ("view", "key"),
    [("binary", "readers_vs_model_hillis"), ("ordinal", "readers_vs_model_hillis_ordinal")],
)
def test_readers_as_a_sample_against_the_model(ours, expected, view, key):
    wanted = expected["reader_mean"][key]
    part = ours.reader_mean[view].model_minus_mean.readers_minus_model_random_readers
    close(part.estimate, wanted["difference_readers_minus_ai"])
    if "MSR" in wanted:
        close(part.ms_reader, wanted["MSR"])
    close(part.cov2, wanted["delong"]["cov2"], rel=1e-8)
    random = wanted["delong"]["rrrc"]
    close(part.standard_error, random["se"], rel=1e-8)
    close(part.degrees_of_freedom, random["df"], rel=1e-8)
    close(part.test.statistic, random["t"], rel=1e-8)
    close(part.test.p_two_sided, random["p"], **P)
    close_interval(part.interval, random["lower"], random["upper"], rel=1e-8)


@pytest.mark.parametrize(
    ("part", "key"),
    [("binary", "agreement_binary"), ("three_categories", "agreement_three_categories")],
)
def test_agreement(ours, expected, task, part, key):
    if key not in expected:
        assert task != "metastasis", "only the reference for metastasis has both"
        return
    wanted, kappa = expected[key], ours.agreement[part]
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


def test_the_patient_bootstrap(table, task, expected):
    nodes = endpoint_nodes(table.rows, TASKS[task])
    wanted = expected["bootstrap_by_patient"]
    drawn = patient_bootstrap(
        nodes.labels,
        {side: scores(nodes, side, ReaderView.BINARY) for side in (MODEL, *READERS)},
        nodes.patients,
        generator=np.random.default_rng(20),
        replicates=wanted["replicates"],
        weights=reader_mean_weights(MODEL, READERS),
    )
    pairs = [(drawn.estimates[side], wanted["auc"][side]) for side in (MODEL, *READERS)]
    # Stochastic: SE within 5%, limits within 0.01.
    for ours, reference in [*pairs, (drawn.contrast, wanted["contrast_model_minus_mean"])]:
        assert ours.standard_error == pytest.approx(reference["se"], rel=0.05)
        assert ours.interval.lower == pytest.approx(reference["percentile_lower"], abs=0.01)
        assert ours.interval.upper == pytest.approx(reference["percentile_upper"], abs=0.01)


def test_the_printed_table_cell_by_cell(ours, task):
    with (SHARED / "study_set2" / f"expected_table_{task}.csv").open() as file:
        wanted = {line["analysis"]: line for line in csv.DictReader(file)}
    printed = printed_rows(ours)
    assert set(printed) == set(wanted)
    for name, line in wanted.items():
        for column, cell in printed[name].items():
            assert cell == line[column], f"{name}, {column}"
        rest = set(line) - set(printed[name]) - {"analysis"}
        assert all(line[column] == "" for column in rest), f"{name}: {rest} not printed"


def printed_area(block):
    limits = block.interval
    return {
        "auc": two_decimals(block.estimate),
        "ci95": f"{two_decimals(limits.lower)}-{two_decimals(limits.upper)}",
    }


def printed_counts(counts):
    return {
        name: percent_with_counts(counts[name].numerator, counts[name].denominator)
        for name in PROPORTIONS
        if counts[name].denominator
    }


def printed_rows(ours):
    points = ours.model.operating_points
    rows = {
        "Model": printed_area(ours.model.auc.delong),
        "Youden index": printed_counts(points.youden.point.counts),
    }
    for target in points.false_positive_rate:
        name = f"FPR <= {target.target_percent}%"
        rows[name] = printed_counts(target.attainable.counts)
    for row, against in zip(ours.readers, ours.comparisons, strict=True):
        rows[f"Reader {row.reader}"] = {
            **printed_area(row.auc_binary.delong),
            "p_two_sided": p_value(against.binary.delong.test.p_two_sided),
            **printed_counts(row.counts),
        }
    mean = ours.reader_mean
    rows["Reader mean"] = {
        **printed_area(mean.binary.mean_auc_fixed_readers),
        "p_two_sided": p_value(mean.binary.model_minus_mean.delong_fixed_readers.test.p_two_sided),
        **{name: percent(*part.fraction) for name, part in mean.proportions.items()},
    }
    return rows
