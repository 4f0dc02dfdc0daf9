"""A table of patients: each rule by row and column."""

import pytest

from cohorts.patient_table import read_patients
from cohorts.tables.parsing import parse_table

KNOWN = {"P001": "P001", "P002": "P002", "ID-7": "P007"}


def read(text):
    return read_patients(parse_table(text.encode()), KNOWN)


def test_each_column_becomes_its_field():
    rows, errors = read(
        "patient,age_years,sex,primary_site,pt,pn,staging_edition,exclusion_code,exclusion_reason\n"
        "P001,93,female,Oral_Cavity,T4A,ypn2b,ajcc8,no_node,none over 5 mm\n"
        "P002,,,,,,,,\n"
    )
    assert errors == []
    first, second = rows
    assert dict(first.values) == {
        "age_years": 90,
        "sex": "F",
        "primary_site": "oral cavity",
        "pt": "pT4a",
        "pn": "ypN2b",
        "staging_edition": "AJCC 8",
        "exclusion_code": "no_node",
    }
    assert first.reason == "none over 5 mm"
    assert dict(second.values) == {}


def test_clear_empties_a_field():
    rows, _ = read(
        "patient,age_years,sex,exclusion_code,exclusion_reason\nP001,CLEAR,clear,clear,ok"
    )
    assert dict(rows[0].values) == {"age_years": None, "sex": "", "exclusion_code": ""}


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("sex\nF", (1, ""), "either a column patient"),
        ("patient,patient_id,sex\nP001,ID-7,F", (1, ""), "either a column patient"),
        ("patient\nP001", (1, ""), "no column to take in"),
        ("patient,sexx\nP001,F", (1, "sexx"), "did you mean sex?"),
        ("patient,sex,sex\nP001,F,F", (1, "sex"), "occurs twice"),
        ("patient,exclusion_code\nP001,other", (1, "exclusion_reason"), "needed beside"),
        ("patient,sex", (1, ""), "no patient below"),
        ("patient,sex\nP009,F", (2, "patient"), "'P009' is not in the cohort"),
        ("patient,sex\nP001,x", (2, "sex"), "F, M or O"),
        ("patient,age_years\nP001,121", (2, "age_years"), "0 to 120"),
        ("patient,age_years\nP001,61.5", (2, "age_years"), "0 to 120"),
        ("patient,primary_site\nP001,neck", (2, "primary_site"), "larynx"),
        ("patient,pt\nP001,cT3", (2, "pt"), "pT3"),
        ("patient,pn\nP001,N4", (2, "pn"), "pN2b"),
        ("patient,staging_edition\nP001,8", (2, "staging_edition"), "AJCC 8"),
        ("patient,exclusion_code,exclusion_reason\nP001,bad,x", (2, "exclusion_code"), "no_node"),
        (
            "patient,exclusion_code,exclusion_reason\nP001,other,",
            (2, "exclusion_reason"),
            "say why",
        ),
        (
            "patient,exclusion_code,exclusion_reason\nP001,,x",
            (2, "exclusion_reason"),
            "both or none",
        ),
        (
            f"patient,exclusion_code,exclusion_reason\nP001,other,{'x' * 501}",
            (2, "exclusion_reason"),
            "shorten",
        ),
        ("patient,sex\nP001,F\nP001,M", (3, ""), "same patient as in row 2"),
    ],
)
def test_each_rule_names_its_cell(text, place, says):
    _, errors = read(text)
    assert place in [(error.row, error.column) for error in errors]
    assert says in " ".join(error.message for error in errors)


def test_every_error_is_found_at_once():
    _, errors = read("patient,age_years,sex\nP001,old,x\nP009,5,F")
    assert [(error.row, error.column) for error in errors] == [
        (2, "age_years"),
        (2, "sex"),
        (3, "patient"),
    ]


def test_a_source_id_is_never_repeated():
    rows, errors = read("patient_id,sex\nID-7,F\nSMITH-1960,F")
    assert [row.patient for row in rows] == ["P007"]
    assert "SMITH" not in " ".join(map(str, errors))
