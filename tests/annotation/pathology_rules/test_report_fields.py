"""A report as texts of its fields: read whole or not at all, and written back the same."""

from dataclasses import replace

import pytest
from hypothesis import given

from annotation.pathology_rules.places import ALL_PLACES
from annotation.pathology_rules.report import Known
from annotation.pathology_rules.report_fields import (
    ALL_NAMES,
    differences,
    errors_by_name,
    read_report,
    texts_of,
)
from annotation.pathology_rules.report_json import to_json
from tests.annotation.pathology_rules.reports import rows
from tests.annotation.pathology_rules.test_report import GOOD
from tests.annotation.pathology_rules.truths import truths

SIMPLE = {"report_id": "P-1", "left-III-dissected": "yes", "left-III-examined": "8"}
SIMPLE |= {"left-III-positive": "0", "ene_class": "none"}


def read(**changes):
    return read_report(SIMPLE | {name.replace("__", "-"): text for name, text in changes.items()})


def test_there_is_a_field_for_each_part_of_a_report():
    assert len(ALL_NAMES) == 17 + 5 * len(ALL_PLACES)
    assert set(texts_of(GOOD)) == set(ALL_NAMES)


def test_what_is_written_reads_back():
    again, errors = read_report(texts_of(GOOD))
    assert (to_json(again), errors) == (to_json(GOOD), ())
    assert texts_of(GOOD)["left-III-ene_positive"] == "1"
    assert texts_of(GOOD)["largest_node_mm"] == "24.5"
    assert texts_of(GOOD)["largest_deposit_mm"] == "18"


@given(truths())
def test_any_report_reads_back(truth):
    again, errors = read_report(texts_of(truth.report))
    assert errors == ()
    known = [row for row in truth.report.levels if row.dissected is not Known.UNKNOWN]
    assert to_json(again) == to_json(replace(truth.report, levels=tuple(known)))


def test_without_a_positive_node_none_has_ene():
    found, errors = read()
    assert errors == ()
    assert found.levels == rows(L_III=(8, 0, 0))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("edition", "AJCC 8", "ajcc8"),
        ("edition", "Version 9", "version9"),
        ("ene_class", "Soft-tissue deposit", "soft_tissue_deposit"),
        ("pt", "T4a", "pT4a"),
        ("pt", "ptis", "pTis"),
        ("pn", "pn2B", "pN2b"),
        ("largest_node_mm", "12,5", 12.5),
        ("days_ct_to_surgery", " 14 ", 14),
        ("primary_site", "Oral cavity", "oral_cavity"),
    ],
)
def test_words_are_read_as_people_write_them(name, text, value):
    found, _ = read(**{name: text})
    assert getattr(found, name) == value


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("edition", "AJCC 6", "Staging edition: 'AJCC 6' is not understood: one of ajcc7, ajcc8"),
        ("pn", "ypN1", "pN: 'ypN1' is not understood: one of pNX, pN0"),
        ("largest_node_mm", "1e3", "a number of millimetres"),
        ("largest_node_mm", "nan", "a number of millimetres"),
        ("days_ct_to_surgery", "-3", "a whole number was expected"),
        ("left-III-examined", "8.5", "Examined: '8.5' is not understood: a whole number"),
        ("left-III-examined", "٣", "a whole number was expected"),
        ("left-III-positive", "", "Positive: is empty, the others are not."),
        ("left-III-dissected", "perhaps", "one of yes, no, unknown was expected"),
        ("report_id", "x" * 201, "at most 200 characters"),
        ("left-IX-examined", "3", "is no field of a report"),
    ],
)
def test_a_text_that_cannot_be_read_is_named_at_its_field(name, text, says):
    found, errors = read(**{name.replace("-", "__"): text})
    assert found is None
    (sentences,) = errors_by_name(errors).values()
    assert says in sentences[0]


def test_what_can_be_read_but_cannot_stand_is_read_with_its_errors():
    found, errors = read(left__III__positive="9", report_id="")
    assert found.levels[0].counts.positive == 9
    assert errors_by_name(errors) == {
        "report_id": ["Report id: is empty."],
        "left-III-positive": ["Positive: 9 positive of 8 examined."],
    }


def test_errors_stand_at_fields_that_the_form_has():
    wrong = {"largest_deposit_mm": "3", "left-IIa-dissected": "yes"}
    _, errors = read_report(SIMPLE | wrong)
    assert set(errors_by_name(errors)) == {"largest_deposit_mm", "left-IIa-examined"}
    assert set(errors_by_name(errors)) <= set(ALL_NAMES)


def test_differences_are_named_in_the_order_of_the_form():
    changed = replace(GOOD, pt="pT4a", levels=GOOD.levels[1:])
    found = differences(texts_of(GOOD), texts_of(changed))
    assert [(one.label, one.old, one.new) for one in found] == [
        ("pT", "pT3", "pT4a"),
        ("left Ia, dissected", "yes", "unknown"),
        ("left Ia, examined", "2", ""),
        ("left Ia, positive", "0", ""),
        ("left Ia, with ene", "0", ""),
    ]
    assert differences(texts_of(GOOD), texts_of(GOOD)) == ()
