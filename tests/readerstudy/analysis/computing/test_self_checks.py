"""Every rule the tables are checked by, broken in turn: place and rule are named."""

import copy

import pytest

from readerstudy.analysis.computing.self_checks import (
    TableInconsistentError,
    check_parts_add_up,
    check_result,
    check_subgroups_add_up,
)
from tests.readerstudy.analysis.computing.studies import SUBGROUPS, part, study, tables


@pytest.fixture(scope="module")
def computed():
    return tables(
        study(missing=0.05, confidence=True),
        subgroups=SUBGROUPS,
        views=["binary", "ordinal", "confidence"],
        primary={"comparison": "model_vs_each_reader", "endpoint": "metastasis"},
    )


@pytest.fixture
def result(computed):
    return copy.deepcopy(computed)


POOLED = ("parts", 2, "endpoints", "metastasis")
READER = (*POOLED, "readers", 0)
AGAINST = (*POOLED, "comparisons", 0)
MEAN = (*POOLED, "reader_mean", "against_model", "youden", "sensitivity")
CONFUSION = ("parts", 2, "confusion")


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ((*POOLED, "model", "auc", "delong", "estimate"), 2.0, "auc.delong.*not hold the estimate"),
        ((*POOLED, "model", "auc", "hanley_mcneil", "estimate"), 0.0, "hanley.*does not hold"),
        ((*POOLED, "nodes", "n"), 3, "nodes: positives and negatives do not add up to n"),
        ((*READER, "counts", "true_positives"), 999, "counts: the four counts do not add up to n"),
        ((*READER, "counts", "sensitivity", "denominator"), 999, "the positives do not add up"),
        (
            (*READER, "counts", "sensitivity", "numerator"),
            999,
            "sensitivity: the numerator exceeds",
        ),
        ((*READER, "counts", "sensitivity", "numerator"), -1, "sensitivity: the numerator"),
        ((*READER, "counts", "accuracy", "value"), 0.01, "accuracy.wilson: interval.*not hold"),
        (
            (*READER, "counts", "accuracy", "clopper_pearson", "lower"),
            0.99,
            "clopper_pearson: interval .* does not hold",
        ),
        ((*READER, "counts", "true_negatives"), None, "counts: a count is missing"),
        ((*READER, "nodes", "n_negative"), 1, "nodes: positives and negatives"),
        ((*AGAINST, "binary", "delong", "test", "p_two_sided"), 1.5, "p_two_sided: 1.5 is not a"),
        ((*AGAINST, "binary", "delong", "test", "p_greater"), -0.1, "p_greater: -0.1 is not a"),
        ((*AGAINST, "binary", "delong", "test", "p_less"), 7, "p_less: 7.0 is not a probability"),
        (
            (*AGAINST, "mcnemar", "youden", "sensitivity", "test", "exact_p"),
            1.01,
            r"mcnemar.youden.sensitivity.test.exact_p: 1.01 is not",
        ),
        (
            (*AGAINST, "mcnemar", "youden", "specificity", "test", "mid_p"),
            -1e-9,
            "specificity.test.mid_p: -1e-09 is not",
        ),
        ((*AGAINST, "nodes", "n"), 1, "nodes: positives and negatives|differs from"),
        ((*MEAN, "node_level", "estimate"), 5.0, "node_level: interval .* does not hold"),
        ((*MEAN, "model", "value"), 5.0, "model.wilson: interval"),
        (
            (*POOLED, "agreement", "binary_besides", "gwet_ac1", "estimate"),
            -3.0,
            "gwet_ac1: interval",
        ),
        ((*POOLED, "model", "roc", 0, "true_positive_rate"), float("nan"), "not a finite number"),
        (("primary", "tests", 1, "adjusted_p"), -0.5, r"tests\[1\]: an adjusted P lies below"),
        (
            ("between_cohorts", 0, "delong", "estimate"),
            9.0,
            r"between_cohorts\[0\].delong: interval",
        ),
        ((*CONFUSION, "sides", "R2", 1, 1), 999, r"parts\[2\].confusion.R2: .* nodes are counted"),
        ((*CONFUSION, "missing", "R1"), 44, r"parts\[2\].confusion.R1: .* nodes are counted"),
        ((*CONFUSION, "undetermined"), 0, r"parts\[2\].confusion.model: .* nodes are counted"),
        ((*CONFUSION, "missing"), None, r"parts\[2\].confusion: a side has no counts"),
        (("parts", 4, "n_nodes"), 1, r"parts\[4\].confusion.model: .* where .* reference standard"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(result, path, value, words):
    check_result(result)
    holder = result
    for step in path[:-1]:
        holder = holder[step]
    assert holder[path[-1]] != value
    holder[path[-1]] = value
    with pytest.raises(TableInconsistentError, match=words):
        check_result(result)


@pytest.mark.parametrize("view", ["binary", "ordinal"])
def test_a_comparison_on_other_nodes_than_it_lists_is_refused(result, view):
    found = part(result)["endpoints"]["ene"]["comparisons"][0][view]["delong"]
    found["n"] += 1
    found["n_negative"] += 1
    with pytest.raises(TableInconsistentError, match=rf"comparisons\[0\].{view}.*differs from"):
        check_result(result)


def test_the_confidence_view_may_rest_on_nodes_of_its_own(result):
    found = part(result)["endpoints"]["ene"]["comparisons"][0]["confidence"]["delong"]
    found["n"] -= 1
    found["n_negative"] -= 1
    check_result(result)


def test_cohorts_must_add_up_to_the_pooled_table(result):
    cohorts = [one for one in result["parts"] if one["kind"] == "cohort"]
    check_parts_add_up(part(result), cohorts)
    with pytest.raises(TableInconsistentError, match=r"metastasis\.n: cohorts hold .* pooled"):
        check_parts_add_up(part(result), cohorts[:1])
    cohorts[0]["endpoints"]["ene"]["nodes"]["n_patients"] += 1
    with pytest.raises(TableInconsistentError, match=r"ene\.n_patients: cohorts hold"):
        check_parts_add_up(part(result), cohorts)
    cohorts[1]["endpoints"]["metastasis"]["nodes"]["n"] = None
    with pytest.raises(TableInconsistentError, match=r"metastasis\.n: not a count: None"):
        check_parts_add_up(part(result), cohorts)
    with pytest.raises(TableInconsistentError, match="no endpoints"):
        check_parts_add_up({"endpoints": None}, cohorts)


@pytest.mark.parametrize("variable", ["sad", "level", "age", "sex"])
def test_subgroups_must_hold_every_node_once(result, variable):
    check_subgroups_add_up(result["parts"])
    lost = next(one for one in result["parts"] if one["variable"] == variable)
    others = [one for one in result["parts"] if one is not lost]
    for parts in (others, [*result["parts"], lost]):
        with pytest.raises(TableInconsistentError, match=rf"{variable}: its subgroups hold"):
            check_subgroups_add_up(parts)
