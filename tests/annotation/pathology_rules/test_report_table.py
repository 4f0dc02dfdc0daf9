"""A table of reports: read whole, or every error by row and column."""

import pytest

from annotation.pathology_rules.report_fields import read_report
from annotation.pathology_rules.report_table import COLUMNS, read_reports
from cohorts.tables.parsing import parse_table

KNOWN = {"P001": "P001", "P002": "P002", "P003": "P003"}
HEADER = "patient,side,level,dissected,examined,positive,report_id,ene_class"


def read(*lines, header=HEADER, known=KNOWN):
    return read_reports(parse_table("\n".join([header, *lines]).encode()), known)


def told(*lines, **others):
    _, _, errors = read(*lines, **others)
    return [(error.row, error.column, error.message) for error in errors]


def test_rows_of_a_patient_are_one_report():
    reports, left_out, errors = read(
        "P001,left,IIa,yes,8,0,LAB-1,none",
        "P002,R,3,yes,4,0,LAB-2,none",
        "P001,left,ii b,yes,5,0,,",
        "P003,left,IIa,,,,,",
    )
    assert errors == []
    assert left_out == ["P003"]
    assert [(one.row, one.patient) for one in reports] == [(2, "P001"), (3, "P002")]
    texts = {"report_id": "LAB-1", "ene_class": "none"}
    for level, number in (("IIa", "8"), ("IIb", "5")):
        texts |= {f"left-{level}-dissected": "yes", f"left-{level}-examined": number}
        texts |= {f"left-{level}-positive": "0"}
    assert reports[0].report == read_report(texts)[0]


def test_a_row_may_be_about_the_whole_report():
    reports, _, errors = read("P001,,,,,,LAB-1,none", "P001,left,III,no,,,,")
    assert errors == []
    assert reports[0].report.report_id == "LAB-1"


@pytest.mark.parametrize(
    ("header", "column", "says"),
    [
        (HEADER + ",report_id", "report_id", "occurs twice"),
        (HEADER + ",examind", "examind", "did you mean examined?"),
        (HEADER + ",patient_id", "", "either a column patient or a column patient_id"),
        (HEADER.replace("side,", ""), "side", "this column is missing"),
        (HEADER.replace(",report_id", ""), "report_id", "this column is missing"),
    ],
)
def test_a_wrong_header_is_refused(header, column, says):
    ((row, at, message),) = told("P001", header=header)
    assert (row, at) == (1, column)
    assert says in message


@pytest.mark.parametrize(
    ("lines", "row", "column", "says"),
    [
        (["P009,left,III,yes,8,0,LAB-1,none"], 2, "patient", "'P009' is not in the cohort"),
        (["P001,up,III,yes,8,0,LAB-1,none"], 2, "side", "left or right was expected"),
        (["P001,left,IIc,yes,8,0,LAB-1,none"], 2, "level", "one of Ia, Ib, IIa"),
        (["P001,left,,yes,8,0,LAB-1,none"], 2, "level", "'' is not understood"),
        (["P001,,,,,,LAB-1,none", "P001,,,,8,,,"], 3, "examined", "a row without side and level"),
        (
            ["P001,left,III,yes,8,0,LAB-1,none", "P001,L,3,yes,8,0,,"],
            3,
            "level",
            "left III stands in row 2 too",
        ),
        (
            ["P001,left,III,yes,8,0,LAB-1,none", "P001,left,IV,yes,8,0,LAB-2,"],
            3,
            "report_id",
            "differs from that in row 2",
        ),
        (["P001,left,III,yes,8,0,,none"], 2, "report_id", "is empty"),
        (
            ["P001,left,IV,yes,8,0,LAB-1,none", "P001,left,III,yes,8,9,,"],
            3,
            "positive",
            "9 positive of 8 examined",
        ),
        (["P001,left,III,yes,x,0,LAB-1,none"], 2, "examined", "'x' is not understood"),
        (["P001,left,III,yes,,,LAB-1,none"], 2, "examined", "are missing: the level"),
        (
            ["P001,left,III,yes,8,0,LAB-1,", "P001,left,IV,no,,,,extensive"],
            3,
            "ene_class",
            "'extensive' is not understood",
        ),
        ([], 1, "", "there is no patient"),
    ],
)
def test_a_wrong_cell_is_named_by_row_and_column(lines, row, column, says):
    (found,) = told(*lines)
    assert found[:2] == (row, column)
    assert says in found[2]


def test_all_errors_are_told_at_once():
    found = told("P001,left,III,yes,x,y,LAB-1,none", "P002,left,III,yes,8,9,LAB-2,none")
    assert [error[:2] for error in found] == [(2, "examined"), (2, "positive"), (3, "positive")]


def test_what_stands_in_patient_id_is_not_repeated():
    header = HEADER.replace("patient", "patient_id")
    ((_, _, message),) = told("MRN-42,left,III,yes,8,0,LAB-1,none", header=header)
    assert "MRN-42" not in message
    reports, _, _ = read(
        "MRN-1,left,III,yes,8,0,LAB-1,none", header=header, known={"MRN-1": "P001"}
    )
    assert reports[0].patient == "P001"


def test_the_columns_are_those_of_the_form():
    assert COLUMNS[:3] == ("patient", "side", "level")
    assert len(COLUMNS) == 3 + 5 + 17
