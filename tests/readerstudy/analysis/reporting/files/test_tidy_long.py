"""Every number of a result stands in the long table, bit by bit."""

import copy
import csv
import io

from readerstudy.analysis.reporting.files import tidy_long
from tests.readerstudy.analysis.reporting.files.studies import invented_results

NO_LINE = {
    "roc",
    "roc_point",
    "tied_thresholds",
    "delong_covariance",
    "patient_clustered_covariance",
    "variance",
    "fraction",
    "level",
    "p_greater",
    "p_less",
    "lower_unclipped",
    "upper_unclipped",
    "categories",
    "reason",
    "alpha",
    "thresholds",
}


def _floats(value: object) -> set[float]:
    if isinstance(value, dict):
        parts = [_floats(item) for key, item in value.items() if key not in NO_LINE]
        return set().union(*parts)
    if isinstance(value, list):
        return set().union(*(_floats(item) for item in value))
    return {value} if isinstance(value, float) else set()


def _table(results: dict) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(tidy_long.to_csv(results))))


def test_no_number_of_a_part_is_left_out() -> None:
    results = invented_results(1)
    listed = {float(row[key]) for row in _table(results) for key in tidy_long.NUMBERS if row[key]}
    missing = {x for part in results["tables"]["parts"] for x in _floats(part)} - listed
    assert not missing


def test_no_number_of_the_description_is_left_out_but_values_of_figures() -> None:
    description = copy.deepcopy(invented_results(1)["tables"]["description"])
    for group in description["short_axis"]["groups"]:
        for category in group["categories"]:
            assert category.pop("values_mm")
    for reader in description["reading_times"]["readers"]:
        reader.pop("active_minutes_per_case")
    rows = _table(invented_results(1))
    listed = {float(row[key]) for row in rows for key in tidy_long.NUMBERS if row[key]}
    assert not _floats(description) - listed
    assert len(rows) < 30_000


def test_a_described_cohort_stands_under_its_part() -> None:
    results = invented_results(1)
    age = results["tables"]["description"]["baseline"]["variables"][0]
    found = {
        (row["part"], row["cohort"]): row["estimate"]
        for row in _table(results)
        if (row["measure"], row["method"]) == ("age_years", "median")
    }
    names = [(p["key"], p["name"]) for p in results["tables"]["parts"] if p["kind"] != "subgroup"]
    medians = [repr(group["median"]) for group in age["groups"]]
    assert found == dict(zip(names, medians, strict=True))


def test_a_line_is_named_once() -> None:
    keys = [tuple(row[key] for key in tidy_long.KEYS) for row in _table(invented_results(1))]
    assert len(keys) == len(set(keys))


def test_a_number_is_found_by_its_names() -> None:
    results = invented_results(1)
    part = results["tables"]["parts"][0]
    entry = part["endpoints"]["ene"]["comparisons"][1]
    names = (part["key"], "node", "ene", f"model minus {entry['reader']}", "ordinal", "delong")
    keys = ("part", "unit", "endpoint", "subject", "view", "method")
    [row] = [row for row in _table(results) if tuple(row[key] for key in keys) == names]
    found = entry["ordinal"]["delong"]
    assert row["estimate"] == repr(found["estimate"])
    assert row["p_two_sided"] == repr(found["test"]["p_two_sided"])
    assert row["n"] == str(found["n"])


def test_mcnemar_is_listed_with_its_four_counts() -> None:
    rows = [row for row in _table(invented_results(1)) if row["method"].startswith("mcnemar.")]
    methods = {row["method"] for row in rows}
    assert {"mcnemar.counts.both", "mcnemar.exact_p", "mcnemar.tango"} <= methods
    assert all(row["p_two_sided"] for row in rows if row["method"] == "mcnemar.exact_p")


def test_a_block_nobody_knows_is_listed_too() -> None:
    results = copy.deepcopy(invented_results(1))
    results["tables"]["parts"][0]["endpoints"]["ene"]["invented"] = {"depth": {"p": 0.25}}
    results["tables"]["new_comparison"] = [{"name": "A", "estimate": 0.5, "n": 7}]
    rows = _table(results)
    [inside] = [row for row in rows if row["measure"] == "invented"]
    assert (inside["method"], inside["p_two_sided"]) == ("depth.p", "0.25")
    [study] = [row for row in rows if row["measure"] == "new_comparison"]
    assert (study["part"], study["method"], study["n"]) == ("study", "A", "7")


def test_cells_are_harmless_in_a_spreadsheet() -> None:
    results = copy.deepcopy(invented_results(1))
    results["tables"]["parts"][0]["endpoints"]["ene"]["readers"][0]["reader"] = "=1+1"
    assert not any(row["subject"].startswith("=") for row in _table(results))
