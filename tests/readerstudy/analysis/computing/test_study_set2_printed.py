"""The printed tables of the reference study, cell by cell."""

import csv

from readerstudy.analysis.reporting.display import (
    p_value,
    percent,
    percent_with_counts,
    two_decimals,
)
from tests.readerstudy.analysis.computing.set2 import MARKS, PROPORTIONS, block, every_task
from tests.readerstudy.statistics.reference import SHARED

pytestmark = MARKS


@every_task
def test_the_printed_table_cell_by_cell(task):
    with (SHARED / "study_set2" / f"expected_table_{task}.csv").open() as file:
        wanted = {line["analysis"]: line for line in csv.DictReader(file)}
    printed = printed_rows(block(task))
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
