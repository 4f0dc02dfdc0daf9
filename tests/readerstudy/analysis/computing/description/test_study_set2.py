"""The synthetic study shaped like external test set 2: its published counts, its sizes by scipy."""

import csv
from collections import Counter, defaultdict

import pytest
from scipy import stats

from readerstudy.analysis.computing.description import describe
from readerstudy.analysis.imported_table import table_from
from readerstudy.reading.plan import default_plan
from tests.readerstudy.statistics.reference import SHARED

FILE = SHARED / "study_set2" / "reader_study.csv"


@pytest.fixture(scope="module")
def lines():
    if not FILE.is_file():
        pytest.skip("reference study absent: shared/reference/statistics/study_set2")
    with FILE.open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def found(lines):
    return describe(
        table_from(FILE.read_bytes(), file_name=FILE.name, title="Set 2", plan=default_plan())
    )


@pytest.mark.golden
def test_nodes_and_patients_are_the_published_ones(found):
    whole = found["nodes"]["groups"][-1]
    assert (whole["n_nodes"], whole["n_patients"]) == (194, 25)
    assert [one["n"] for one in whole["by_category"]] == [161, 10, 23]
    assert whole["nodes_per_patient"]["mean"] == pytest.approx(194 / 25)
    flow = found["flow"]["groups"][-1]
    assert flow["included"] == {"patients": 25, "nodes": 194, "source": "rows"}
    assert set(flow["missing_calls"].values()) == {0}


@pytest.mark.golden
def test_patients_with_disease_are_those_of_the_file(found, lines):
    worst = Counter()
    for line in lines:
        worst[line["patient_id"]] = max(worst[line["patient_id"]], int(line["truth"]))
    whole = found["nodes"]["groups"][-1]
    diseased = sum(category >= 1 for category in worst.values())
    assert whole["patients_with_metastasis"]["numerator"] == diseased
    extended = sum(category == 2 for category in worst.values())
    assert whole["patients_with_ene"]["numerator"] == extended


@pytest.mark.golden
def test_sizes_agree_with_scipy(found, lines):
    sizes = defaultdict(list)
    for line in lines:
        sizes[int(line["truth"])].append(float(line["short_axis_cm"]) * 10)
    whole = found["short_axis"]["groups"][-1]
    test = whole["tests"][0]
    expected = stats.mannwhitneyu(sizes[0], sizes[1] + sizes[2], method="asymptotic")
    assert test["p_two_sided"] == pytest.approx(expected.pvalue, rel=1e-6)
    area = 1 - expected.statistic / (161 * 33)
    assert whole["auc"]["metastasis"]["delong"]["estimate"] == pytest.approx(area)
    expected = stats.kruskal(*(sizes[category] for category in (0, 1, 2)))
    assert whole["tests"][2]["p_two_sided"] == pytest.approx(expected.pvalue, rel=1e-6)
