"""Scores from CSV: what is read, and every problem with its row and column."""

import pytest

from inference.external_csv import read_scores

pytestmark = pytest.mark.no_database

HEADER = "patient,node,score_metastasis,score_ene\n"


def problems(text):
    return [
        (problem.row, problem.column, problem.sentence) for problem in read_scores(text).problems
    ]


def test_rows_are_read_with_their_line_numbers():
    read = read_scores(HEADER + "P001,1,0.5,-1e-3\r\nP002,12,+3,.25\n")
    assert not read.problems
    assert [(r.row, r.patient, r.node, r.metastasis, r.ene) for r in read.rows] == [
        (2, "P001", 1, 0.5, -0.001),
        (3, "P002", 12, 3.0, 0.25),
    ]


def test_columns_may_stand_in_any_order_behind_a_byte_order_mark():
    read = read_scores("\ufeffnode, score_ene ,patient,score_metastasis\n3,0.2,P001,0.1\n")
    assert not read.problems
    assert (read.rows[0].node, read.rows[0].metastasis, read.rows[0].ene) == (3, 0.1, 0.2)


def test_the_content_digest_ignores_order_and_way_of_writing():
    one = read_scores(HEADER + "P001,1,0.5,1\nP002,1,2,3\n").content_sha256()
    same = read_scores(HEADER + '"P002",1,2.0,3e0\n\nP001,1,.5,1\n').content_sha256()
    other = read_scores(HEADER + "P001,1,0.5,1\nP002,1,2,3.0001\n").content_sha256()
    assert one == same
    assert one != other


@pytest.mark.parametrize(
    ("text", "row", "column", "word"),
    [
        ("", 0, "", "empty"),
        (HEADER, 0, "", "no row"),
        ("patient,node,score_metastasis\nP001,1,1\n", 1, "", "'score_ene' is missing"),
        (HEADER.replace("\n", ",truth\n") + "P001,1,1,1,2\n", 1, "", "'truth' is not known"),
        (HEADER.replace("\n", ",node\n") + "P001,1,1,1,2\n", 1, "", "'node' is there twice"),
        (HEADER + "P001,1,1\n", 2, "", "4 values were expected, 3"),
        (HEADER + ",1,1,1\n", 2, "patient", "missing"),
        (HEADER + "P001,0,1,1\n", 2, "node", "whole number"),
        (HEADER + "P001,1.0,1,1\n", 2, "node", "whole number"),
        (HEADER + "P001,1,nan,1\n", 2, "score_metastasis", "finite"),
        (HEADER + "P001,1,1,-inf\n", 2, "score_ene", "finite"),
        (HEADER + "P001,1,1e999,1\n", 2, "score_metastasis", "finite"),
        (HEADER + "P001,1,1_000,1\n", 2, "score_metastasis", "finite"),
        (HEADER + 'P001,1,"0,5",1\n', 2, "score_metastasis", "decimal point"),
        (HEADER + "P001,1,1,1\nP001,1,2,2\n", 3, "node", "row 2 already"),
        (HEADER + 'P001,1,"1,1\n', 0, "", "not a CSV"),
    ],
)
def test_each_problem_is_named(text, row, column, word):
    found = problems(text)
    assert len(found) == 1
    assert found[0][:2] == (row, column)
    assert word in found[0][2]


def test_all_problems_are_listed_at_once():
    found = problems(HEADER + "P001,x,nope,1\nP002,1,1,\nP003,1,1,1\n")
    assert [(row, column) for row, column, _ in found] == [
        (2, "node"),
        (2, "score_metastasis"),
        (3, "score_ene"),
    ]


def test_a_semicolon_file_is_refused_by_its_header():
    assert any("separated by commas" in sentence for _, _, sentence in problems("patient;node\n"))
