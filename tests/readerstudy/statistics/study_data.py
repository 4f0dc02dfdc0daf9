"""Reads the reference study of set 2 as arrays."""

import csv

import numpy as np

from tests.readerstudy.statistics.reference import SHARED

READERS = ("R1", "R2", "R3", "R4", "R5")
TASKS = ("metastasis", "ene", "ene_vs_metastasis")


def study(task):
    """Return labels, model scores, binary calls (nodes, readers) and patients of one task."""
    with (SHARED / "study_set2" / "reader_study.csv").open() as file:
        rows = [line for line in csv.DictReader(file) if included(task, line)]
    positive = 1 if task == "metastasis" else 2
    column = "score_metastasis" if task == "metastasis" else "score_ene"
    labels = np.array([int(line["truth"]) >= positive for line in rows])
    scores = np.array([float(line[column]) for line in rows])
    calls = np.array([[called(task, line[f"call_{r}"]) for r in READERS] for line in rows])
    return labels, scores, calls, [line["patient_id"] for line in rows]


def included(task, line):
    return task != "ene_vs_metastasis" or int(line["truth"]) >= 1


def called(task, call):
    return int(call) >= 1 if task == "metastasis" else int(call) == 2
