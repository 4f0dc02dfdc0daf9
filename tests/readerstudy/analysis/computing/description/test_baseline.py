"""Table 1: values, counts, tests between cohorts."""

import numpy as np
import pytest
from scipy import stats

from readerstudy.analysis.computing.description import describe
from readerstudy.analysis.computing.description.group_tests import (
    compared_counts,
    compared_quantities,
)
from tests.readerstudy.analysis.computing.description.made_up import frozen, node, person


def table(patients, rows=()):
    return describe(frozen(rows, patients=patients))["baseline"]


def variable(found, key):
    return next(one for one in found["variables"] if one["key"] == key)


def aged(cohort, ages):
    return [person(cohort, f"P{at}", age_years=age) for at, age in enumerate(ages)]


def test_values_and_unknowns_by_hand():
    people = [
        person("A", "P1", age_years=50, sex="F", slice_thickness_mm=2.0),
        person("A", "P2", age_years=70, sex="M", slice_thickness_mm=10.0),
        person("A", "P3", sex="F", slice_thickness_mm=1.25),
    ]
    found = table(people, [node("A", "P4", 1, 0)])
    assert [one["patients"] for one in found["groups"]] == [4, 4]
    age = variable(found, "age_years")
    assert (age["groups"][0]["n"], age["groups"][0]["unknown"], age["groups"][0]["mean"]) == (
        2,
        2,
        60,
    )
    sex = variable(found, "sex")["groups"][0]
    assert (sex["n"], sex["unknown"]) == (3, 1)
    assert sex["counts"] == [
        {"value": "F", "numerator": 2, "denominator": 3},
        {"value": "M", "numerator": 1, "denominator": 3},
    ]
    thickness = variable(found, "slice_thickness_mm")
    assert thickness["values"] == ["1.25", "2", "10"]
    assert age["overall"] == age["against_first"] == []


def test_two_cohorts_are_compared_once_by_t_tests_and_ranks():
    one, two = [50, 61, 55, 70, 66], [71, 80, 64, 69]
    age = variable(table(aged("A", one) + aged("B", two)), "age_years")
    assert [test["test"] for test in age["overall"]] == [
        "student_t",
        "welch_t",
        "mann_whitney_exact",
    ]
    student, welch, ranks = age["overall"]
    # A stands first, though B is smaller: the sign and U are A's.
    assert student["statistic"] == pytest.approx(stats.ttest_ind(one, two).statistic)
    expected = stats.ttest_ind(one, two, equal_var=False)
    assert (welch["statistic"], welch["p_two_sided"]) == pytest.approx(
        (expected.statistic, expected.pvalue)
    )
    expected = stats.mannwhitneyu(one, two, method="exact")
    assert (ranks["statistic"], ranks["p_two_sided"]) == pytest.approx(
        (expected.statistic, expected.pvalue)
    )
    assert ranks["n"] == [5, 4]
    assert age["against_first"] == []


def test_ties_make_the_rank_test_asymptotic_and_its_name_says_so():
    one, two = np.array([1.0, 2, 3]), np.array([3.0, 4])
    found = compared_quantities([one, two])[-1]
    expected = stats.mannwhitneyu(one, two, method="asymptotic")
    assert (found["test"], found["name"]) == ("mann_whitney", "Mann–Whitney test, asymptotic")
    assert found["p_two_sided"] == pytest.approx(expected.pvalue)


def test_more_cohorts_are_compared_together_and_each_with_the_first():
    ages = {"A": [50, 61, 55], "B": [71, 80, 64, 69], "C": [60, 61]}
    people = [one for cohort, found in ages.items() for one in aged(cohort, found)]
    age = variable(table(people), "age_years")
    anova, ranks = age["overall"]
    expected = stats.f_oneway(*ages.values())
    assert (anova["statistic"], anova["p_two_sided"]) == pytest.approx(
        (expected.statistic, expected.pvalue)
    )
    assert (anova["degrees_of_freedom"], anova["degrees_of_freedom_within"]) == (2, 6)
    assert ranks["p_two_sided"] == pytest.approx(stats.kruskal(*ages.values()).pvalue)
    assert [(one["cohort"], one["against"]) for one in age["against_first"]] == [
        ("B", "A"),
        ("C", "A"),
    ]
    expected = stats.ttest_ind(ages["A"], ages["C"])
    assert age["against_first"][1]["tests"][0]["p_two_sided"] == pytest.approx(expected.pvalue)


def test_categories_are_compared_by_the_rule():
    many = compared_counts(np.array([[30, 20], [25, 35]]))[0]
    expected = stats.chi2_contingency([[30, 20], [25, 35]], correction=False)
    assert many["test"] == "pearson"
    assert (many["statistic"], many["p_two_sided"]) == pytest.approx(
        (expected.statistic, expected.pvalue)
    )
    few = compared_counts(np.array([[8, 2], [1, 5]]))[0]
    assert (few["test"], few["statistic"]) == ("fisher", None)
    assert few["p_two_sided"] == pytest.approx(stats.fisher_exact([[8, 2], [1, 5]]).pvalue)


def test_a_table_too_large_for_fisher_is_tested_by_chi_square_and_says_so():
    rng = np.random.default_rng(4)
    counts = rng.multinomial(80, [0.2] * 4 + [0.1] + [0.02] * 5, size=4)
    found = compared_counts(counts)[0]
    assert found["test"] == "pearson_large"
    assert "too large for Fisher" in found["name"]
    expected = stats.chi2_contingency(counts, correction=False)
    assert found["p_two_sided"] == pytest.approx(expected.pvalue)


def test_values_known_in_no_or_one_cohort_give_no_test():
    people = [*aged("A", [50, 60]), *aged("B", [None, None]), *aged("C", [None])]
    found = table(people)
    age = variable(found, "age_years")
    assert {test["status"] for test in age["overall"]} == {"too_few_categories"}
    tests = age["against_first"][0]["tests"]
    assert {test["status"] for test in tests} == {"too_few_patients"}
    assert {test["p_two_sided"] for test in (*tests, *age["overall"])} == {None}
    assert variable(found, "pn")["overall"][0]["test"] == "none"
    assert variable(found, "pn")["overall"][0]["status"] == "too_few_categories"
