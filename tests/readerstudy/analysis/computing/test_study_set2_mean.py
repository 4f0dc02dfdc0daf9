"""The reference study: the mean reader, the model against it, and the planned comparison."""

import json

import numpy as np
import pytest

from readerstudy.analysis.computing.endpoints import MODEL, ReaderView
from readerstudy.analysis.computing.node_sets import columns_of, endpoint_nodes, scores
from readerstudy.analysis.computing.tables import study_tables
from readerstudy.statistics.bootstrap import patient_bootstrap
from readerstudy.statistics.delong import reader_mean_weights
from tests.readerstudy.analysis.computing.set2 import (
    MARKS,
    READERS,
    TASKS,
    Box,
    P,
    block,
    check_contrast,
    check_proportion,
    every_task,
    expected,
    study_table,
)
from tests.readerstudy.analysis.computing.studies import planned
from tests.readerstudy.statistics.reference import close, close_interval, close_matrix

pytestmark = MARKS
LOOSE = {"rel": 1e-8, "absolute": 1e-11}


@every_task
def test_mean_of_the_readers(task):
    wanted, mean = expected(task)["reader_mean"], block(task).reader_mean
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
    close_matrix(mean.binary.delong_covariance.matrix, expected(task)["delong_covariance_binary"])
    close_matrix(mean.ordinal.delong_covariance.matrix, expected(task)["delong_covariance_ordinal"])
    close_matrix(
        mean.binary.patient_clustered_covariance.matrix,
        expected(task)["patient_clustered_covariance_binary"],
    )


@every_task
@pytest.mark.parametrize(
    ("view", "key"),
    [("binary", "readers_vs_model_hillis"), ("ordinal", "readers_vs_model_hillis_ordinal")],
)
def test_readers_as_a_sample_against_the_model(task, view, key):
    wanted = expected(task)["reader_mean"][key]
    contrasts = block(task).reader_mean[view].model_minus_mean
    part = contrasts.readers_minus_model_random_readers
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
    # Readers fixed: the same difference seen from the model.
    fixed, reference = contrasts.delong_fixed_readers, wanted["delong"]["frrc"]
    close(fixed.standard_error, reference["se"])
    close(fixed.test.statistic, -reference["z"])
    close(fixed.test.p_two_sided, reference["p"], **P)
    close_interval(fixed.interval, -reference["upper"], -reference["lower"])


@every_task
@pytest.mark.parametrize("point", ["youden", "fpr10"])
@pytest.mark.parametrize("measure", ["sensitivity", "specificity"])
def test_the_model_against_the_mean_reader(task, point, measure):
    wanted = expected(task)["reader_mean"][f"{measure}_vs_model"][point]
    ours = block(task).reader_mean.against_model[point][measure]
    check_proportion(ours.model, wanted["model"])
    close(ours.reader_mean, wanted["reader_mean"])
    for value, reference in zip(ours.reader_values, wanted["reader_values"], strict=True):
        close(value, reference)
    close(ours.difference, wanted["difference_model_minus_mean"])
    check_mean(ours.node_level, wanted["node_level"])
    check_mean(ours.patient_clustered, wanted["patient_clustered"])
    assert ours.patient_clustered.n == wanted["patient_clustered"]["n_patients"]
    sample, reference = ours.readers_as_sample.t, wanted["readers_as_sample_t"]
    close(sample.statistic, reference["t"], **LOOSE)
    assert sample.degrees_of_freedom == reference["df"]
    close(sample.p_two_sided, reference["p"], **P)
    random, reference = ours.random_readers, wanted["obuchowski_rockette_random_readers"]
    close(random.cov2, reference["cov2"], **LOOSE)
    close(random.ms_reader, reference["MSR"], **LOOSE)
    close(random.standard_error, reference["se"], **LOOSE)
    close(random.degrees_of_freedom, reference["df"], **LOOSE)
    close(random.test.statistic, reference["t"], **LOOSE)
    close(random.test.p_two_sided, reference["p"], **P)
    votes, reference = ours.majority_vote, wanted["majority_vote_mcnemar"]
    assert votes.majority.numerator == reference["majority"]["numerator"]
    assert votes.model_only == reference["model_only"]
    assert votes.majority_only == reference["majority_only"]
    close(votes.test.exact_p, reference["exact_p"], **P)
    close(ours.naive.pooled_chi2.p_two_sided, wanted["pooled_unpaired_chi2_p"], **P)
    close(ours.naive.pooled_chi2_yates.p_two_sided, wanted["pooled_unpaired_chi2_yates_p"], **P)
    close(ours.naive.pooled_fisher_p, wanted["pooled_unpaired_fisher_p"], **P)


def check_mean(ours, wanted):
    close(ours.standard_error, wanted["se"])
    close(ours.normal.statistic, wanted["z"])
    close(ours.normal.p_two_sided, wanted["p_normal"], **P)
    close(ours.t.p_two_sided, wanted["p_t"], **P)
    close_interval(ours.interval, wanted["ci_lower"], wanted["ci_upper"])


def primary(task, test, **changes):
    """The planned comparison of the model with the mean reader on one task."""
    asked = {"endpoint": TASKS[task].value, "test": test, "comparison": "model_vs_reader_mean"}
    plan = planned(primary=asked, patient_level="none", **changes)
    computed = study_tables(study_table(), plan=plan, seed=20)["primary"]
    return json.loads(json.dumps(computed), object_hook=Box)


@every_task
@pytest.mark.parametrize(
    ("test", "key"),
    [("delong", "contrast_delong"), ("patient_clustered", "contrast_patient_clustered")],
)
def test_the_planned_comparison_with_fixed_readers(task, test, key):
    wanted, (ours,) = expected(task)["reader_mean"][key], primary(task, test).tests
    close(ours.estimate, wanted["estimate_model_minus_mean"])
    close(ours.standard_error, wanted["se"])
    close(ours.p, wanted["p"], **P)
    close(ours.lower, wanted["ci_lower"])
    close(ours.upper, wanted["ci_upper"])
    assert ours.concluded == (wanted["p"] <= 0.05)


@every_task
def test_the_planned_comparison_with_random_readers(task):
    wanted = expected(task)["reader_mean"]["readers_vs_model_hillis"]
    random, (ours,) = wanted["delong"]["rrrc"], primary(task, "random_readers").tests
    # The reference subtracts the model from the readers; the plan asks the other way.
    close(ours.estimate, -wanted["difference_readers_minus_ai"])
    close(ours.standard_error, random["se"], **LOOSE)
    close(ours.degrees_of_freedom, random["df"], **LOOSE)
    close(ours.p, random["p"], **P)
    close(ours.lower, -random["upper"], **LOOSE)
    close(ours.upper, -random["lower"], **LOOSE)
    assert ours.concluded == (random["p"] <= 0.05)


@every_task
def test_the_patient_bootstrap_of_the_plan(task):
    wanted = expected(task)["bootstrap_by_patient"]
    found = primary(task, "delong", bootstrap_replicates=wanted["replicates"]).bootstrap
    assert (found.replicates, found.reason) == (wanted["replicates"], None)
    check_resampled(found.result, wanted["contrast_model_minus_mean"])
    share = wanted["resamples_skipped_single_class"] / wanted["replicates"]
    assert found.skipped / found.replicates == pytest.approx(share, abs=0.002)


def check_resampled(ours, wanted):
    """Stochastic: SE within 5%, limits within 0.01."""
    assert ours.standard_error == pytest.approx(wanted["se"], rel=0.05)
    assert ours.interval.lower == pytest.approx(wanted["percentile_lower"], abs=0.01)
    assert ours.interval.upper == pytest.approx(wanted["percentile_upper"], abs=0.01)


@every_task
def test_the_patient_bootstrap_of_every_curve(task):
    columns = columns_of(study_table())
    nodes = endpoint_nodes(columns, np.arange(len(columns.rows)), TASKS[task])
    wanted = expected(task)["bootstrap_by_patient"]
    drawn = patient_bootstrap(
        nodes.labels,
        {side: scores(nodes, side, ReaderView.BINARY) for side in (MODEL, *READERS)},
        nodes.patients,
        generator=np.random.default_rng(20),
        replicates=wanted["replicates"],
        weights=reader_mean_weights(MODEL, READERS),
    )
    for side in (MODEL, *READERS):
        check_resampled(drawn.estimates[side], wanted["auc"][side])
    check_resampled(drawn.contrast, wanted["contrast_model_minus_mean"])
