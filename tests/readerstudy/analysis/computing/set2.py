"""The reference study of set 2: its table, its computed result, and comparisons in common."""

import csv
import json
from functools import cache

import pytest

from readerstudy.analysis.computing.endpoints import Endpoint, NodeRow, StudyTable
from readerstudy.analysis.computing.tables import study_tables
from tests.readerstudy.statistics.reference import SHARED, close, close_interval, load

MARKS = [
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
PROPORTIONS = ("sensitivity", "specificity", "accuracy", "ppv", "npv")
COUNTS = {
    "tp": "true_positives",
    "fn": "false_negatives",
    "fp": "false_positives",
    "tn": "true_negatives",
}
every_task = pytest.mark.parametrize("task", sorted(TASKS))


class Box(dict):
    """A result dictionary read like the library's own types."""

    __getattr__ = dict.__getitem__


@cache
def study_table():
    """The study as a table of one cohort."""
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


@cache
def result():
    """All tables under the default plan, as a reader of the stored file has them."""
    text = json.dumps(study_tables(study_table()), sort_keys=True)
    return json.loads(text, object_hook=Box)


def block(task, key="cohort-1"):
    """One endpoint of one part."""
    part = next(part for part in result().parts if part.key == key)
    return part.endpoints[TASKS[task].value]


def expected(task):
    """What established software gives."""
    return load(f"study_set2/expected_{task}.json")


def expected_reader(task, reader):
    """The same of one reader."""
    readers = expected(task)["readers"]
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
