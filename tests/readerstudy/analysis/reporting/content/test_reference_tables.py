"""The reference study's printed tables, cell by cell, as they stand in the report."""

import csv
import functools

import pytest

from readerstudy.analysis.reporting.display import interval, p_value, signed, two_decimals
from tests.readerstudy.analysis.reporting.content.documents import lines, report
from tests.readerstudy.analysis.reporting.files.studies import reference
from tests.readerstudy.statistics.reference import SHARED, load

FOLDER = SHARED / "study_set2"
pytestmark = [
    pytest.mark.golden,
    pytest.mark.skipif(
        not FOLDER.is_dir(), reason="absent: shared/reference/statistics/study_set2"
    ),
]
TASKS = {"ene": "table-4", "metastasis": "table-5", "ene_vs_metastasis": "table-6"}
NAMES = {
    "Youden index": "Model: Youden index",
    "Reader mean": "Reader mean, these readers",
}
PROPORTIONS = ("sensitivity", "specificity", "accuracy", "ppv", "npv")


@functools.cache
def document():
    return report(reference())


def expected(task):
    with (FOLDER / f"expected_table_{task}.csv").open() as file:
        return list(csv.DictReader(file))


def name_of(analysis):
    if analysis.startswith("FPR"):
        return f"Model: {analysis.replace('<=', '≤')}"
    return NAMES.get(analysis, analysis)


def cases():
    # Collected also where the folder is absent: the tasks are known, their lines are read in time.
    return sorted(TASKS)


@pytest.mark.parametrize("task", cases())
def test_every_cell_of_the_expected_table_is_printed(task):
    printed = lines(document(), TASKS[task])
    wanted = expected(task)
    assert len(wanted) == 13
    for line in wanted:
        nodes, area, by_patient, *others = printed[name_of(line["analysis"])]
        found = dict(zip((*PROPORTIONS, "p_two_sided"), others[:6], strict=True))
        for column, cell in found.items():
            assert cell == line[column], (task, line["analysis"], column)
        if line["auc"]:
            limits = line["ci95"].replace("-", ", ")
            assert area == f"{line['auc']} ({limits})", (task, line["analysis"])
            assert nodes
            assert by_patient
        else:
            assert (nodes, area, by_patient) == ("", "", "")


@pytest.mark.parametrize("task", cases())
def test_operating_points_alone_are_those_of_the_comparison(task):
    titles = {"ene": "ENE – set 2", "metastasis": "Metastasis –"}
    alone = lines(document(), "table-3b", under=titles.get(task, "ENE among"))
    beside = lines(document(), TASKS[task])
    shared = [name for name in alone if "interpolated" not in name]
    assert len(shared) == 7
    for name in shared:
        assert alone[name][1:] == beside[f"Model: {name}"][3:8]


def test_the_mean_percentage_is_of_exact_fractions():
    # The readers' rounded sensitivities 17, 35, 39, 39 and 52 average 36.4; the exact ones 36.5.
    assert lines(document(), "table-4")["Reader mean, these readers"][3] == "37"


def test_interpolated_points_have_no_counts():
    interpolated = {
        name: cells
        for name, cells in lines(document(), "table-3b", under="ENE among").items()
        if "interpolated" in name
    }
    assert list(interpolated["FPR = 15%, interpolated"]) == [
        "no node was called so",
        "65",
        "85",
        "71",
        "",
        "",
    ]
    assert len(interpolated) == 5


def test_one_cohort_is_not_pooled():
    assert "All cohorts" not in " ".join(
        cell for table in document().tables for row in table.rows for cell in row.cells
    )


def test_numbers_of_the_mean_reader_and_of_random_readers():
    rows = lines(document(), "table-s9", under="Metastasis")
    assert rows["These readers, by patient"] == ("0.09 (0.03, 0.16)", "2.75", "normal", ".006")
    assert rows["Readers in general, by patient"][2:] == ("10.8", ".09")
    rows = lines(document(), "table-s8", under="ENE – set 2")
    youden = rows["Youden index: sensitivity"]
    assert youden[:3] == ("65 (15/23)", "37", "29 (7, 50)")
    assert youden[6] == "30 (7/23)"


def test_kappa_and_its_word():
    rows = lines(document(), "table-s5")
    assert rows["ENE: yes or no"][:4] == (
        "194 of 194",
        "0.33 (0.17, 0.50)",
        "0.10, 0.57",
        "fair",
    )


def limits(found, start=""):
    return interval(found[f"{start}ci_lower"], found[f"{start}ci_upper"])


@pytest.mark.parametrize("task", cases())
def test_results_by_patient_and_of_hanley_and_mcneil_are_the_expected_ones(task):
    wanted = load(f"study_set2/expected_{task}.json")
    rows, tests = (lines(document(), f"{TASKS[task]}{more}") for more in ("", "b"))
    assert rows["Model"][2] == limits(wanted["model"], "patient_clustered_")
    for reader, found in wanted["readers"].items():
        printed = rows[f"Reader {reader}"]
        area, against = found["auc_binary_call"], found["model_vs_reader_patient_clustered"]
        assert printed[2] == limits(area, "patient_clustered_")
        assert printed[-1] == p_value(against["p"])
        older = limits(area, "hanley_mcneil_")
        assert tests[f"Reader {reader}"][0] == f"{two_decimals(area['auc'])} ({older})"
        difference = found["model_vs_reader_delong"]["difference_model_minus_reader"]
        assert tests[f"Reader {reader}"][2].startswith(signed(difference))
    mean = wanted["reader_mean"]
    assert rows["Reader mean, these readers"][-1] == p_value(
        mean["contrast_patient_clustered"]["p"]
    )
    general = mean["mean_auc_random_readers"]
    found = interval(general["lower"], min(general["upper"], 1))
    assert rows["Reader mean, readers in general"][1].endswith(f"({found})")


@pytest.mark.parametrize("task", ["ene", "metastasis"])
def test_kappa_of_the_endpoint_is_the_expected_one(task):
    wanted = load(f"study_set2/expected_{task}.json")["agreement_binary"]
    name = {"ene": "ENE: yes or no", "metastasis": "Metastasis: yes or no"}[task]
    printed = lines(document(), "table-s5")[name]
    assert printed[1].startswith(two_decimals(wanted["fleiss"]["kappa"]))
    assert printed[-1] == two_decimals(wanted["cohen_mean"])
