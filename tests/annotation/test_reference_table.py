"""Order, digest and download of a reference standard."""

import csv
import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.reference_table import as_csv, digest_of, in_fixed_order


def row(patient="P001", node=1, label=0, source="agreement"):
    return {
        "patient": patient,
        "node": node,
        "mask_digest": "a" * 64,
        "label": label,
        "source": source,
    }


def test_rows_go_by_patient_and_node_as_a_number():
    rows = [row("P002", 1), row("P001", 10), row("P001", 9)]
    ordered = in_fixed_order(rows)
    assert [(r["patient"], r["node"]) for r in ordered] == [("P001", 9), ("P001", 10), ("P002", 1)]


@given(st.integers())
def test_the_digest_does_not_depend_on_where_the_rows_came_from(seed):
    rows = [row(f"P{p}", n, label=(p + n) % 3) for p in range(3) for n in range(3)]
    shuffled = random.Random(seed).sample(rows, len(rows))
    assert digest_of(in_fixed_order(shuffled)) == digest_of(in_fixed_order(rows))


def test_the_digest_is_that_of_the_canonical_json():
    # Made with sha256sum over
    # [{"label":0,"mask_digest":"aaa…","node":1,"patient":"P001","source":"agreement"}]
    expected = "3673dee5ba7c3f2be0707c004c38463c60adfe878701a507b8f6a4b7e10a1dfd"
    assert digest_of([row()]) == expected


@pytest.mark.parametrize(
    "change", [{"label": 1}, {"patient": "P002"}, {"node": 2}, {"source": "adjudication"}]
)
def test_any_change_changes_the_digest(change):
    assert digest_of([row(**change)]) != digest_of([row()])


def test_a_node_twice_is_refused():
    with pytest.raises(ValueError, match="node 1 of P001 occurs twice"):
        in_fixed_order([row(), row(label=2)])


def test_the_csv_says_label_and_name():
    table = list(csv.DictReader(io.StringIO(as_csv([row(label=9), row(node=2, label=2)], {}))))
    assert [(r["node"], r["label"], r["label_name"]) for r in table] == [
        ("1", "9", "Not determinable"),
        ("2", "2", "Metastasis with ENE"),
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_the_csv_is_a_formula(start):
    table = list(csv.reader(io.StringIO(as_csv([row(patient=f"{start}1+1")], {}), newline="")))
    assert table[1][0] == f"'{start}1+1"
