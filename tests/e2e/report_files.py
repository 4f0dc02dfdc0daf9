"""The downloads of a report, and the numbers they should hold."""

import csv
from pathlib import Path

from readerstudy.statistics import delong

TIGHT = 1e-12


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def line_of(results: list[dict[str, str]], **wanted: str) -> dict[str, str]:
    """The one line of the results with these cells."""
    (found,) = [
        line for line in results if all(line[key] == value for key, value in wanted.items())
    ]
    return found


def check_numbers(
    dataset: list[dict[str, str]], results: list[dict[str, str]], cohort: str
) -> None:
    """Recompute "metastasis against benign", model against R1, from the frozen data."""
    truth = [int(int(row["truth"]) >= 1) for row in dataset]
    model = [float(row["score_metastasis"]) for row in dataset]
    calls = [int(int(row["R1"]) >= 1) for row in dataset]
    whole = {"part_kind": "cohort", "unit": "node", "cohort": cohort}
    common = whole | {"endpoint": "metastasis", "method": "delong"}
    check_auc(line_of(results, **common, measure="auc", subject="model"), truth, model)
    reader = line_of(results, **common, measure="auc", subject="R1", view="binary")
    check_auc(reader, truth, calls)
    found = line_of(
        results, **common, measure="auc_difference", subject="model minus R1", view="binary"
    )
    wanted = delong.paired(truth, model, calls)
    assert wanted.test.p_two_sided is not None
    assert abs(float(found["estimate"]) - (wanted.estimate or 0)) < TIGHT
    assert abs(float(found["p_two_sided"]) - wanted.test.p_two_sided) < TIGHT


def check_auc(line: dict[str, str], truth: list[int], scores: list[float]) -> None:
    wanted = delong.single(truth, scores)
    assert wanted.interval is not None
    pairs = {
        "estimate": wanted.estimate,
        "standard_error": wanted.standard_error,
        "lower": wanted.interval.lower,
        "upper": wanted.interval.upper,
    }
    for column, value in pairs.items():
        assert value is not None
        assert abs(float(line[column]) - value) < TIGHT, column
    assert int(line["n"]) == len(truth)
