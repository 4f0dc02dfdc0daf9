"""An annotator's CSV: what is understood, and every error at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.label_csv import MAX_BYTES, LabelRow, as_csv, read_labels
from annotation.pathology_rules.details import LabelDetails

KNOWN = {"P001": range(1, 9), "P002": [1]}
HEADER = "patient,node,label,comment\n"


def errors_of(text):
    data = text if isinstance(text, bytes) else text.encode()
    _, errors = read_labels(data, KNOWN)
    return [(e.row, e.column, e.message) for e in errors]


def test_numbers_and_names_are_labels():
    text = "patient,node,label\n" + "".join(
        f"P001,{number},{label}\n"
        for number, label in enumerate(
            ["0", "1", "2", "9", "benign", "METASTASIS", "Metastasis_ENE", "not_determinable"], 1
        )
    )
    rows, errors = read_labels(text.encode(), KNOWN)
    assert errors == []
    assert [row.label for row in rows] == [0, 1, 2, 9, 0, 1, 2, 9]


@pytest.mark.parametrize(
    "data",
    [
        b"patient,node,label,comment\nP001,3,1,near the vein\n",
        b"\xef\xbb\xbfpatient;node;label;comment\r\nP001;3;1;near the vein\r\n",
        b"Comment, LABEL ,node,patient\n near the vein , metastasis ,3,P001\n",
        b'patient,node,label,comment\n"P001","3","1","near the vein"\n\n,,,\n',
    ],
)
def test_separator_mark_order_case_and_empty_lines_do_not_matter(data):
    rows, errors = read_labels(data, KNOWN)
    assert errors == []
    expected = LabelRow(row=2, patient="P001", node=3, label=1, comment="near the vein")
    assert rows == [expected]


def test_a_comment_may_run_over_lines_and_rows_are_counted_as_an_editor_does():
    rows, errors = read_labels((HEADER + 'P001,1,0,"a\nb"\nP001,2,1,\n').encode(), KNOWN)
    assert errors == []
    assert [(row.row, row.comment) for row in rows] == [(2, "a\nb"), (4, "")]


def test_every_error_is_listed_with_row_and_column():
    text = HEADER + "P001,x,7,\n,2,benign,\nP001,3,1\nP001,4,1,\nP001,4,2,\n"
    assert [(row, column) for row, column, _ in errors_of(text)] == [
        (2, "node"),
        (2, "label"),
        (3, "patient"),
        (4, ""),
        (6, "node"),
    ]
    assert errors_of(text)[-1][2] == "node 4 of P001 already has a label in row 5."


def test_a_row_with_a_bad_label_is_still_checked_for_patient_and_node():
    text = HEADER + "P009,1,x,\nP002,2,y,\nP002,01,1,\n"
    assert [(row, column) for row, column, _ in errors_of(text)] == [
        (2, "patient"),
        (2, "label"),
        (3, "node"),
        (3, "label"),
    ]


def test_header_errors_name_the_column():
    assert [(column) for _, column, _ in errors_of("patient,node,node,side\nP001,1,1,L\n")] == [
        "label",
        "node",
        "side",
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (b" \n ", "the file is empty"),
        (b"patient,node,label\n", "no label below the header line"),
        (b"patient,node,label\nP\xff,1,1\n", "line 2 is not UTF-8 text"),
        (b"patient,node\0,label\n", "not a text file"),
        (b'patient,node,label\nP001,1,"1\n', "check the quotes"),
        (b"x" * (MAX_BYTES + 1), "larger than 2 MB"),
        ((HEADER + f"P001,1,1,{'c' * 2001}\n").encode(), "at most 2000 characters"),
    ],
)
def test_what_cannot_be_read_is_said(data, words):
    (found,) = errors_of(data)
    assert words in found[2]


def test_what_stands_beside_a_label_is_read_and_written_in_one_form():
    text = (
        "certainty,patient,node,label,basis,place\n"
        "3,P001,1,benign,Whole_Level_Negative,LEFT iia\n,P001,2,1,,\n"
    )
    rows, errors = read_labels(text.encode(), KNOWN)
    assert errors == []
    first, second = rows
    assert first.details == LabelDetails(
        place="left IIa", basis="whole_level_negative", certainty=3
    )
    assert first.told == second.told == {"place", "basis", "certainty"}
    assert second.details == LabelDetails()
    earlier = LabelDetails(place="left III", certainty=1, matched="left IV", matted="A")
    assert second.details_over(earlier) == LabelDetails(matched="left IV", matted="A")
    again, errors = read_labels(as_csv(rows).encode(), KNOWN)
    assert errors == []
    assert [(row.node, row.label, row.details) for row in again] == [
        (row.node, row.label, row.details) for row in rows
    ]


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("place", "left", "no side and level"),
        ("matched", "IIa left", "no side and level"),
        ("basis", "because", "is no basis"),
        ("basis", "whole_level_positive", "for metastatic nodes only"),
        ("certainty", "4", "use 1, 2 or 3"),
        ("certainty", "high", "use 1, 2 or 3"),
        ("matted", "m" * 17, "at most 16"),
    ],
)
def test_what_cannot_stand_beside_a_label_is_said_by_column(column, cell, words):
    ((row, where, message),) = errors_of(f"patient,node,label,{column}\nP001,1,0,{cell}\n")
    assert (row, where) == (2, column)
    assert words in message


@given(st.binary(max_size=200))
def test_any_bytes_give_rows_or_errors_and_never_a_crash(data):
    rows, errors = read_labels(data, KNOWN)
    assert rows or errors


@given(st.text(max_size=120))
def test_any_text_below_a_good_header_gives_rows_or_errors(text):
    rows, errors = read_labels((HEADER + text).encode("utf-8", "surrogatepass"), KNOWN)
    assert rows or errors
