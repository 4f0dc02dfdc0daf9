"""Diameters for the figure, tests between categories, the diameter alone as a score."""

import numpy as np
import pytest
from scipy import stats

from readerstudy.analysis.computing.description import describe
from tests.readerstudy.analysis.computing.description.made_up import drawn, frozen, node


def nodes_of(by_category, cohort="A"):
    return [
        node(cohort, f"P{at % 3}", f"{truth}-{at}", truth, sad=sad)
        for truth, sads in by_category.items()
        for at, sad in enumerate(sads)
    ]


def first_group(rows):
    return describe(frozen(rows))["short_axis"]["groups"][0]


def test_values_are_listed_in_order():
    found = first_group(nodes_of({0: [5.0, 3.0, None], 2: [9.0]}))
    benign, metastasis, ene = found["categories"]
    assert (benign["values_mm"], benign["n"], benign["unknown"]) == ([3, 5], 2, 1)
    assert (metastasis["values_mm"], ene["values_mm"]) == ([], [9])
    assert benign["thinned"] is False


def test_more_than_two_thousand_values_are_thinned():
    found = first_group([node("A", "P", at, 0, sad=float(at)) for at in range(5000)])
    benign = found["categories"][0]
    assert (benign["n"], len(benign["values_mm"]), benign["thinned"]) == (5000, 2000, True)
    assert (benign["values_mm"][0], benign["values_mm"][-1]) == (0, 4999)


def test_categories_are_compared_by_ranks():
    values = {0: [3.0, 4.5, 5.0, 8.0], 1: [4.0, 9.0, 10.0], 2: [9.5, 12.0, None]}
    overall, spread, three = first_group(nodes_of(values))["tests"]
    expected = stats.mannwhitneyu(values[0], [4.0, 9.0, 10.0, 9.5, 12.0], method="exact")
    assert (overall["compared"], overall["n"]) == ("benign_against_metastatic", [4, 5])
    assert overall["p_two_sided"] == pytest.approx(expected.pvalue)
    expected = stats.mannwhitneyu(values[1], values[2][:2], method="exact")
    assert spread["compared"] == "metastasis_without_against_with_ene"
    assert (spread["statistic"], spread["p_two_sided"]) == pytest.approx(
        (expected.statistic, expected.pvalue)
    )
    assert three["test"] == "kruskal_wallis"
    assert three["p_two_sided"] == pytest.approx(
        stats.kruskal(values[0], values[1], values[2][:2]).pvalue
    )


def test_the_area_is_the_share_of_pairs_that_the_diameter_ranks_rightly():
    found = first_group(nodes_of({0: [3.0, 6.0], 1: [5.0], 2: [6.0, 9.0, None], None: [4.0]}))
    # Pairs (metastatic, benign): 5 > 3; 6 > 3, 6 = 6; 9 > 3, 9 > 6: 4.5 of 6.
    area = found["auc"]["metastasis"]
    assert area["delong"]["estimate"] == area["by_patient"]["estimate"] == 4.5 / 6
    assert (area["delong"]["n"], area["unknown"]) == (5, 1)
    assert found["auc"]["ene_among_metastatic"]["delong"]["estimate"] == 1
    assert found["auc"]["ene_among_metastatic"]["delong"]["n"] == 3


def test_the_area_agrees_with_the_rank_test_on_drawn_nodes():
    study = drawn(8, cohorts=1, patients=60)
    found = describe(study)["short_axis"]["groups"][0]
    benign, metastatic = found["tests"][0]["n"]
    area = found["auc"]["metastasis"]["delong"]["estimate"]
    u = found["tests"][0]["statistic"]
    assert area == pytest.approx(1 - u / (benign * metastatic))


def test_without_diameters_or_disease_nothing_is_defined():
    found = first_group(nodes_of({0: [None, None], 1: [None]}))
    assert {test["p_two_sided"] for test in found["tests"]} == {None}
    assert found["auc"]["metastasis"]["delong"]["status"] == "class_missing"
    assert found["auc"]["metastasis"]["unknown"] == 3
    benign = first_group(nodes_of({0: list(np.arange(4.0))}))
    assert benign["auc"]["ene"]["by_patient"]["status"] == "class_missing"
