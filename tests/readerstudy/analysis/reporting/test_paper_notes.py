"""The source paper's reader tables from its counts, cell by cell, and every deviation proved."""

import csv
import json
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import binom, norm

from readerstudy.analysis.reporting.display import interval, percent, two_decimals
from readerstudy.analysis.reporting.paper_notes import DEVIATIONS, EXPLAINED, Cell
from readerstudy.statistics import delong
from readerstudy.statistics.fleiss import fleiss_kappa, landis_koch
from readerstudy.statistics.grid_area import grid_area
from readerstudy.statistics.hanley_mcneil import hanley_mcneil
from readerstudy.statistics.operating_points import counted_calls
from tests.readerstudy.statistics.reference import SHARED

PAPER = SHARED / "paper"
SHARES = ("sensitivity", "specificity", "accuracy")
TASKS = {"met": "metastasis", "ene": "ene", "ene_vs_met": "ene_vs_metastasis"}
pytestmark = pytest.mark.skipif(
    not PAPER.is_dir(), reason="the paper's tables are absent: shared/reference/statistics/paper"
)


def lines(name):
    path = PAPER / name
    return list(csv.DictReader(path.open())) if path.is_file() else []


READERS = lines("paper_reader_marginals.csv")


def of(table, **wanted):
    found = [row for row in table if all(row[name] == value for name, value in wanted.items())]
    assert found, wanted
    return found


def calls_of(line):
    tp, fn, fp, tn = (int(line[name]) for name in ("tp", "fn", "fp", "tn"))
    return np.repeat([1, 1, 0, 0], [tp, fn, fp, tn]), np.repeat([1, 0, 1, 0], [tp, fn, fp, tn])


def printed_interval(result):
    return interval(result.interval.lower, result.interval.upper)


def recomputed(line):
    """Every cell of one reader's line, as this library prints it."""
    labels, calls = calls_of(line)
    counts = counted_calls(labels, calls)
    area = delong.single(labels, calls.astype(float))
    older = hanley_mcneil(area.estimate, n_positive=area.n_positive, n_negative=area.n_negative)
    shares = {name: getattr(counts, name) for name in SHARES}
    return {
        **{name: percent(part.numerator, part.denominator) for name, part in shares.items()},
        "auc": two_decimals(area.estimate),
        "interval": printed_interval(older),
        "delong": printed_interval(area),
    }


def published(line):
    limits = (float(line["published_ci_lower"]), float(line["published_ci_upper"]))
    return {
        **{name: line[f"published_{name}"] for name in SHARES},
        "auc": two_decimals(float(line["published_auc"])),
        "interval": interval(*limits),
    }


def named(line, column):
    return Cell(endpoint=line["task"], cohort=line["cohort"], reader=line["reader"], column=column)


@pytest.mark.parametrize(
    "line", READERS, ids=lambda line: f"{line['task']}-{line['cohort']}-{line['reader']}"
)
def test_every_cell_is_reproduced_or_explained(line):
    ours, theirs = recomputed(line), published(line)
    for column, printed in theirs.items():
        if named(line, column) in EXPLAINED:
            assert ours[column] != printed, f"{column} is explained, yet it is reproduced"
        else:
            assert ours[column] == printed, column


def test_there_are_45_lines_and_every_explained_cell_is_in_them():
    assert len(READERS) == 45
    assert set(EXPLAINED) <= {named(line, column) for line in READERS for column in published(line)}
    keys = [deviation.key for deviation in DEVIATIONS]
    assert len(keys) == len(set(keys))


def test_intervals_are_hanley_mcneil_and_never_delong():
    exact = [recomputed(line)["interval"] == published(line)["interval"] for line in READERS]
    on_grid = [grid_interval(line) == published(line)["interval"] for line in READERS]
    assert (sum(exact), sum(on_grid)) == (41, 43)
    assert not [n for n in READERS if recomputed(n)["delong"] == published(n)["interval"]]


def grid_interval(line):
    labels, calls = calls_of(line)
    area = grid_area(labels, calls.astype(float))
    return printed_interval(
        hanley_mcneil(area, n_positive=int(line["n_pos"]), n_negative=int(line["n_neg"]))
    )


def test_stale_cell_is_of_395_nodes():
    (line,) = of(READERS, task="ene", cohort="1", reader="R1")
    auc = (15 / 24 + 356 / 371) / 2
    older = hanley_mcneil(auc, n_positive=24, n_negative=371)
    assert two_decimals(auc) == published(line)["auc"]
    assert printed_interval(older) == published(line)["interval"]
    assert int(line["n_pos"]) + int(line["n_neg"]) > 24 + 371


def test_slipped_interval_is_not_centred_on_its_area():
    (line,) = of(READERS, task="metastasis", cohort="2", reader="R5")
    middle = (float(line["published_ci_lower"]) + float(line["published_ci_upper"])) / 2
    assert abs(middle - float(line["published_auc"])) > 0.05
    assert recomputed(line)["auc"] == published(line)["auc"]


def test_grid_area_gives_the_printed_area_and_intervals():
    for cell in (cell for cell, key in EXPLAINED.items() if key == "grid_area"):
        (line,) = of(READERS, task=cell.endpoint, cohort=cell.cohort, reader=cell.reader)
        assert grid_interval(line) == published(line)["interval"]
    (line,) = of(READERS, task="ene_vs_metastasis", cohort="2", reader="R4")
    labels, calls = calls_of(line)
    assert two_decimals(grid_area(labels, calls.astype(float))) == published(line)["auc"]


def means():
    """Mean rows with the readers' lines they are of."""
    for row in lines("paper_reader_mean_rows.csv"):
        yield row, of(READERS, task=TASKS[row["task"]], cohort=row["cohort"])


def mean_share(readers, name):
    parts = {
        "sensitivity": lambda line: Fraction(int(line["tp"]), int(line["n_pos"])),
        "specificity": lambda line: Fraction(int(line["tn"]), int(line["n_neg"])),
        "accuracy": lambda line: Fraction(
            int(line["tp"]) + int(line["tn"]), int(line["n_pos"]) + int(line["n_neg"])
        ),
    }
    return sum(map(parts[name], readers), Fraction(0)) / len(readers)


def test_mean_interval_is_hanley_mcneil_at_the_mean_point():
    same = 0
    for row, readers in means():
        areas = [delong.single(*map(np.asarray, calls_of(line))).estimate for line in readers]
        n_positive, n_negative = int(readers[0]["n_pos"]), int(readers[0]["n_neg"])
        if row["cohort"] == "3":  # two ENE nodes fewer
            n_positive -= 2
        older = hanley_mcneil(float(np.mean(areas)), n_positive=n_positive, n_negative=n_negative)
        same += printed_interval(older) == interval(
            float(row["published_lo"]), float(row["published_hi"])
        )
    assert same == 8


def test_some_means_are_averages_of_rounded_percentages():
    exact, rounded = 0, 0
    for row, readers in means():
        for name, short in zip(SHARES, ("sens", "spec", "acc"), strict=True):
            mean = mean_share(readers, name)
            whole = Fraction(sum(int(published(line)[name]) for line in readers), len(readers))
            printed = row[f"published_{short}"]
            exact += percent(mean.numerator, mean.denominator) == printed
            rounded += percent(whole.numerator, 100 * whole.denominator) == printed
    assert (exact, rounded) == (24, 27)


def is_possible(row, n_positive, n_negative):
    return any(
        percent(tp, n_positive) == row["sens"]
        and percent(tn, n_negative) == row["spec"]
        and percent(tp + tn, n_positive + n_negative) == row["acc"]
        for tp in range(n_positive + 1)
        for tn in range(n_negative + 1)
    )


def test_model_rows_of_set_3_rest_on_two_ene_nodes_fewer():
    rows = of(lines("paper_model_rows.csv"), cohort="3")
    sizes = {"ene": (17, 261), "met": (52, 226), "ene_vs_met": (17, 35)}
    with_readers = [is_possible(row, *sizes[row["task"]]) for row in rows]
    fewer = [is_possible(row, sizes[row["task"]][0] - 2, sizes[row["task"]][1]) for row in rows]
    assert (len(rows), sum(with_readers), sum(fewer)) == (12, 2, 9)


def test_ten_nodes_have_no_specificity_of_85_percent():
    (row,) = of(lines("paper_model_rows.csv"), task="ene_vs_met", cohort="2", row="fpr15")
    assert (row["n_neg"], row["spec"]) == ("10", "85")
    assert row["spec"] not in {percent(tn, 10) for tn in range(11)}


def correlation_needed(row, p, sides):
    """Correlation of the two areas at which their difference has this P value."""
    model, reader = (
        float(row[name]) for name in ("model_se_from_printed_ci", "reader_delong_se_from_counts")
    )
    z = norm.isf(p / sides)
    spread = (float(row["auc_difference_model_minus_reader"]) / z) ** 2
    return (model**2 + reader**2 - spread) / (2 * model * reader)


def test_two_sided_p_values_would_need_calls_and_scores_to_be_alike():
    rows = lines("paper_p_values_implied.csv")
    (second,) = of(rows, task="metastasis", cohort="2", reader="R2")
    assert correlation_needed(second, 0.435, sides=2) > 0.96
    assert correlation_needed(second, 0.43, sides=1) < 0.9
    (fourth,) = of(rows, task="ene", cohort="3", reader="R4")
    assert abs(float(fourth["auc_difference_model_minus_reader"])) < 0.005
    assert correlation_needed(fourth, 0.05, sides=2) > 0.99


def test_p_of_sensitivity_is_an_exact_one_sided_binomial_test_in_set_1_only():
    mean = {
        cohort: float(mean_share(of(READERS, task="ene", cohort=cohort), "sensitivity"))
        for cohort in ("1", "3")
    }
    assert f"{binom.sf(29, 31, mean['1']):.3f}" == "0.003"
    assert binom.sf(12, 15, mean["3"]) > 0.001


def test_two_thresholds_give_the_two_sensitivities_named():
    rows = of(lines("paper_model_rows.csv"), task="ene", cohort="3")
    by_row = {row["row"]: row["sens"] for row in rows}
    assert (by_row["fpr10"], by_row["youden"]) == ("80", "87")


def test_kappa_of_set_2_is_fair():
    with (SHARED / "study_set2" / "reader_study.csv").open() as file:
        rows = list(csv.DictReader(file))
    calls = np.array([[float(row[f"call_R{n}"]) for n in range(1, 6)] for row in rows])
    kappa = fleiss_kappa((calls == 2).astype(float), categories=(0, 1)).kappa
    told = json.loads((PAPER / "paper_published.json").read_text())["fleiss_kappa"]["ene"]["2"]
    assert math.isclose(kappa, told, abs_tol=0.005)
    assert landis_koch(kappa) == "fair"
