"""The wide table says what the long one says, and the dictionary knows every word of both."""

import csv
import io

import pytest

from readerstudy.analysis.reporting.files import dictionary, tidy_long, wide
from readerstudy.analysis.reporting.files.meanings_description import DESCRIBED_MEASURES
from tests.readerstudy.analysis.reporting.files.studies import invented_results


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def _wide(subject: str, view: str) -> dict[str, str]:
    rows = _rows(wide.to_csv(invented_results(1)))
    where = {"part": "pooled", "unit": "node", "endpoint": "ene", "subject": subject, "view": view}
    [row] = [row for row in rows if where.items() <= row.items()]
    return row


def _block() -> dict:
    [pooled] = [p for p in invented_results(1)["tables"]["parts"] if p["key"] == "pooled"]
    return pooled["endpoints"]["ene"]


def test_a_reader_has_area_and_counted_proportions_in_one_line() -> None:
    row, found = _wide("R2", "binary"), _block()["readers"][1]
    assert row["auc"] == repr(found["auc_binary"]["delong"]["estimate"])
    assert row["auc_upper"] == repr(found["auc_binary"]["delong"]["interval"]["upper"])
    share = found["counts"]["sensitivity"]
    assert row["sensitivity_numerator"] == str(share["numerator"])
    assert row["sensitivity_lower"] == repr(share["wilson"]["lower"])
    assert row["nodes"] == str(found["nodes"]["n"])


def test_a_comparison_with_the_mean_stands_with_the_nodes_of_the_mean() -> None:
    row, mean = _wide("model minus reader mean", "ordinal"), _block()["reader_mean"]
    against = mean["ordinal"]["model_minus_mean"]["delong_fixed_readers"]
    assert row["auc_difference_p"] == repr(against["test"]["p_two_sided"])
    assert row["nodes"] == str(mean["nodes"]["n"])


def test_no_line_is_named_twice() -> None:
    rows = _rows(wide.to_csv(invented_results(1)))
    names = [tuple(row[key] for key in wide.FRAME) for row in rows]
    assert len(names) == len(set(names))


def test_the_dictionary_knows_every_column_measure_and_method() -> None:
    entries = _rows(dictionary.to_csv())
    known = {(entry["table"], entry["name"]) for entry in entries if entry["kind"] == "column"}
    assert {("results.csv", name) for name in tidy_long.COLUMNS} <= known
    assert {("results-wide.csv", name) for name in wide.COLUMNS} <= known
    assert all(entry["meaning"] for entry in entries)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_dictionary_knows_every_measure_and_method_of_a_full_result(seed: int) -> None:
    lines = list(tidy_long.lines(invented_results(seed)))
    assert {line["measure"] for line in lines} <= set(dictionary.MEASURES)
    unknown = {x["method"] for x in lines if dictionary.known_method(x["method"]) is None}
    assert not unknown


def test_every_measure_of_the_description_is_told() -> None:
    listed = {line["measure"] for line in tidy_long.lines(invented_results(1))}
    assert set(DESCRIBED_MEASURES) <= listed


def test_an_unknown_method_has_no_meaning() -> None:
    assert dictionary.known_method("guessed") is None
    assert dictionary.known_method("delong.logit_interval") is not None
