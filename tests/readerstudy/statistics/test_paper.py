"""The published reader tables: what our methods reproduce, and the stated exceptions."""

import csv
import math

import pytest

from readerstudy.statistics.grid_area import grid_area
from readerstudy.statistics.hanley_mcneil import hanley_mcneil
from readerstudy.statistics.operating_points import counted
from readerstudy.statistics.roc import placements
from tests.readerstudy.statistics.reference import SHARED, close, load
from tests.readerstudy.statistics.study_data import READERS, study

pytestmark = [
    pytest.mark.golden,
    pytest.mark.skipif(
        not (SHARED / "paper").is_dir(),
        reason="reference absent: shared/reference/statistics/paper",
    ),
]


def half_up(value, digits):
    return math.floor(value * 10**digits + 0.5 + 1e-9) / 10**digits


def rows():
    with (SHARED / "paper" / "paper_reader_marginals.csv").open() as file:
        return list(csv.DictReader(file))


def arrays(row):
    tp, fn, fp, tn = (int(row[key]) for key in ("tp", "fn", "fp", "tn"))
    return [1] * (tp + fn) + [0] * (fp + tn), [1] * tp + [0] * fn + [1] * fp + [0] * tn


def test_percentages_of_all_readers_are_reproduced():
    for row in rows():
        counts = counted(**{key: int(row[key]) for key in ("tp", "fn", "fp", "tn")})
        for name in ("sensitivity", "specificity", "accuracy"):
            shown = half_up(100 * getattr(counts, name).value, 0)
            assert abs(shown - float(row[f"published_{name}"])) < 0.5 or (row[f"{name}_ok"] != "1")
    assert len(rows()) == 45


def test_areas_and_intervals_are_reproduced_but_for_the_stated_cells():
    areas = intervals = 0
    for row in rows():
        labels, calls = arrays(row)
        area = placements(labels, calls).auc
        close(area, float(row["auc_mean_sens_spec"]), absolute=5.1e-7, rel=0)
        close(grid_area(labels, calls), float(row["auc_grid100"]), absolute=5.1e-7, rel=0)
        grid = grid_area(labels, calls)
        old = hanley_mcneil(grid, n_positive=sum(labels), n_negative=labels.count(0)).interval
        close(old.lower, float(row["hanley_mcneil_lower"]), absolute=5.1e-7, rel=0)
        close(old.upper, float(row["hanley_mcneil_upper"]), absolute=5.1e-7, rel=0)
        areas += half_up(area, 2) == float(row["published_auc"])
        printed = float(row["published_ci_lower"]), float(row["published_ci_upper"])
        intervals += (half_up(old.lower, 2), half_up(old.upper, 2)) == printed
    assert areas == 43
    assert intervals == 43


@pytest.mark.parametrize("task", ["metastasis", "ene", "ene_vs_metastasis"])
def test_the_grid_area_of_the_reference_study(task):
    expected = load(f"study_set2/expected_{task}.json")["readers"]
    labels, _, calls, _ = study(task)
    for k, reader in enumerate(READERS):
        wanted = expected[reader]["auc_binary_call"]["grid100_auc"]
        close(grid_area(labels.astype(int), calls[:, k].astype(int)), wanted)


def test_the_grid_refuses_one_point_and_names_a_missing_class():
    assert grid_area([1, 1], [1, 2]) is None
    with pytest.raises(ValueError, match="at least 2"):
        grid_area([1, 0], [1, 2], points=1)
