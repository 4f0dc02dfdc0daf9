"""What the report says of how far pathology settles which node."""

import csv
import io
import json

import pytest

from readerstudy.analysis.computing.identified import identified
from readerstudy.analysis.frozen_table import identifiability_csv
from readerstudy.analysis.reporting.content import report_document
from readerstudy.analysis.reporting.files import dictionary, r_script, tidy_long
from readerstudy.analysis.reporting.renderings.html import html_context
from tests.readerstudy.analysis.computing.test_identified import PLAN, frozen, kept, rows_of
from tests.readerstudy.analysis.reporting.content.documents import (
    FACTS,
    has_table,
    lines,
    results,
    texts,
)

TABLE = frozen([*rows_of("A"), *rows_of("B")], kept("A"))


@pytest.fixture(scope="module")
def stored():
    found = results(TABLE.table)
    found["tables"]["identifiability"] = json.loads(json.dumps(identified(TABLE, PLAN)))
    return found


@pytest.fixture(scope="module")
def document(stored):
    return report_document(stored, FACTS)


def test_levels_and_ranges_are_printed(document):
    assert lines(document, "table-s2c", under="A")["Metastasis"] == (
        "1 (2)",
        "1 (2)",
        "0 (0)",
        "0 (0)",
    )
    model = lines(document, "table-s2d", under="Metastasis – A")["Model"]
    assert model == ("4 (2)", "1.00", "–", "0.33 to 1.00", "exact", "2")
    said = texts(document)
    assert "Nothing of this is kept with the reference standard of B." in said


def test_a_report_without_it_says_so():
    document = report_document(results(TABLE.table), FACTS)
    assert "Nothing of this is kept with the reference standard." in texts(document)
    assert not has_table(document, "table-s2d")


def test_the_page_has_the_section(document):
    assert "How far pathology settles which node" in str(html_context(document))


def test_every_number_is_a_line_that_the_dictionary_knows(stored):
    found = [line for line in tidy_long.lines(stored) if "settled_by" in line["measure"]]
    areas = [line for line in tidy_long.lines(stored) if line["measure"] == "auc_identified"]
    assert len(found) == 2 * (2 * 4 * 2 + 4)
    lowest = next(
        one
        for one in areas
        if (one["part_kind"], one["subject"], one["method"]) == ("cohort", "model", "lowest")
    )
    assert (lowest["estimate"], lowest["n"]) == (pytest.approx(1 / 3), 4)
    for line in (*found, *areas):
        assert line["measure"] in dictionary.MEASURES
        assert dictionary.known_method(line["method"]) is not None, line["method"]


def test_the_r_script_says_what_it_leaves_out(stored):
    assert "the pathology reports are not in the folder" in r_script.script(stored)


def test_the_file_has_a_line_per_level():
    (first, second) = csv.DictReader(io.StringIO(identifiability_csv(TABLE)))
    assert (first["cohort"], first["patient"], first["nodes"]) == ("A", "P", "1 2")
    assert (first["metastasis"], first["metastasis_sets"]) == ("size_matched", "{1} or {2}")
    assert second["level"] == "left III"
