"""A file of a study read elsewhere: what it becomes, and every refusal with its line and column."""

import dataclasses

import pytest

from readerstudy.analysis import imported_columns, imported_table
from readerstudy.analysis.comparator import labels_of
from readerstudy.analysis.frozen_table import from_bytes, to_bytes, to_csv
from readerstudy.analysis.imported_cells import CATEGORIES
from readerstudy.analysis.imported_columns import ImportRefusedError
from readerstudy.analysis.imported_help import COLUMN_HELP, EXAMPLE
from readerstudy.reading.plan import default_plan, plan_from

HEAD = "cohort,patient,node,truth,call_R1"
ROW = "A,P1,1,0,1"


def read(text, **more):
    data = text if isinstance(text, bytes) else text.encode()
    given = {"file_name": "calls.csv", "title": "Elsewhere", "plan": default_plan()} | more
    return imported_table.table_from(data, **given)


def refusal(text, **more):
    with pytest.raises(ImportRefusedError) as caught:
        read(text, **more)
    return str(caught.value)


def only_row(text, **more):
    (row,) = read(text, **more).table.rows
    return row


def with_column(name, value):
    return only_row(f"{HEAD},{name}\n{ROW},{value}\n")


def test_the_example_is_taken_as_it_is():
    frozen = read(EXAMPLE)
    assert frozen.table.readers == ("R1", "R2")
    assert [row.truth for row in frozen.table.rows] == [0, 1, 2, 0, 0, 1, 2, 1]
    assert frozen.table.rows[-1].calls == {"R1": 1, "R2": None}
    assert [one.patient for one in frozen.patients] == [f"PHANTOM-00{n}" for n in (1, 2, 3, 4)]


def test_sources_say_where_the_numbers_come_from():
    sources = read(EXAMPLE, model_name="Theirs").sources
    assert (sources["origin"], sources["study"]) == ("imported", "Elsewhere")
    assert sources["file_name"] == "calls.csv"
    assert len(sources["file_sha256"]) == 64
    labels = labels_of(sources)
    assert (labels["model"], labels["model_provenance"], labels["model_role"]) == (
        "Theirs",
        "external",
        "primary",
    )
    plan_from(sources["plan"])


def test_a_file_without_scores_has_no_model():
    assert read(f"{HEAD}\n{ROW}\n").sources["model"] is None


def test_a_file_with_every_confidence_is_planned_with_that_view():
    head = f"{HEAD},confidence_metastasis_R1,confidence_ene_R1"
    frozen = read(f"{head}\n{ROW},70,12.5\n")
    assert frozen.table.rows[0].confidence_metastasis == {"R1": 70}
    assert frozen.table.rows[0].confidence_ene == {"R1": 12.5}
    assert "confidence" in plan_from(frozen.sources["plan"]).views
    half = read(f"{HEAD},confidence_ene_R1\n{ROW},1\n")
    assert "confidence" not in half.sources["plan"]["views"]


@pytest.mark.parametrize(("word", "category"), [*CATEGORIES.items(), ("BENIGN", 0), ("na", None)])
def test_categories_are_numbers_or_words(word, category):
    assert only_row(f"{HEAD}\nA,P1,1,{word},\n").truth == category


def test_byte_order_mark_semicolons_and_decimal_commas_are_read():
    text = f"{HEAD},score_ene\n{ROW}".replace(",", ";") + ";0,25\r\n"
    row = only_row(b"\xef\xbb\xbf" + text.encode())
    assert (row.cohort, row.score_ene) == ("A", 0.25)


def test_a_decimal_comma_needs_semicolons():
    assert "'0,25' is no number" in refusal(f'{HEAD},score_ene\n{ROW},"0,25"\n')


def test_centimetres_become_millimetres():
    assert with_column("short_axis_cm", "1.4").short_axis_mm == 14.0
    assert with_column("short_axis_mm", "1.4").short_axis_mm == 1.4


def test_patients_keep_what_is_told_of_them():
    head = f"{HEAD},age_years,sex,slice_thickness_mm"
    (patient,) = read(f"{head}\nA,P1,1,0,0,61,F,2.5\nA,P1,2,0,0,,NA,\n").patients
    assert (patient.age_years, patient.sex, patient.slice_thickness_mm) == (61, "F", 2.5)


def test_the_same_patient_of_two_cohorts_is_two_patients():
    assert len(read(f"{HEAD}\n{ROW}\nB,P1,1,0,1\n").patients) == 2


def test_our_own_download_is_taken_again():
    first = read(
        "cohort,patient,node,mask_digest,truth,call_R1,call_R2,score_metastasis,score_ene\n"
        "=A,P1,1,abc,2,2,,0.1234567890123,-0.5\n"
        "=A,P1,2,def,NA,0,1,,\n"
    )
    again = read(to_csv(first), ignore_unknown=True)
    assert again.table.readers == first.table.readers
    assert [row.key for row in again.table.rows] == [row.key for row in first.table.rows]
    for ours, theirs in zip(again.table.rows, first.table.rows, strict=True):
        assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert dict(again.mask_digests) == dict(first.mask_digests)
    assert again.sources["model"]["name"] == "Model"


def test_a_frozen_import_reads_back():
    frozen = read(EXAMPLE)
    assert to_bytes(from_bytes(to_bytes(frozen))) == to_bytes(frozen)


def test_unknown_columns_are_listed_or_left_out():
    text = f"{HEAD},hospital,notes\n{ROW},x,y\n"
    assert "line 1: not known: 'hospital', 'notes'." in refusal(text)
    assert read(text, ignore_unknown=True).sources["ignored_columns"] == ["hospital", "notes"]


def test_the_help_names_every_column():
    told = " ".join(f"{names} {meaning}" for names, _, meaning in COLUMN_HELP)
    assert [name for name in imported_columns.KNOWN if name not in told] == []


HEADS = {
    "cohort,patient,truth,call_R1": "line 1: column 'node' is missing",
    "cohort,patient,node,truth": "line 1: no reader found",
    f"{HEAD},call_R1": "line 1: column 'call_R1' is there twice",
    f"{HEAD},R1": "line 1: reader 'R1' has two columns",
    f"{HEAD},patient_id": "line 1: 'patient_id' and 'patient' mean the same",
    f"{HEAD},": "line 1: column 6 has no name",
    f"{HEAD},{'x' * 101}": "line 1: the name of column 6 is longer",
    f"{HEAD},call_model": "line 1: column 'call_model' needs another",
    f"{HEAD},call_truth": "line 1: column 'call_truth' gives a reader the name of a column",
    f"{HEAD},call_": "line 1: column 'call_' needs another",
    f"{HEAD},confidence_ene_R9": "line 1: column 'confidence_ene_R9' belongs to no reader",
    f"{HEAD},short_axis_mm,short_axis_cm": "line 1: short_axis_mm and short_axis_cm",
    ",".join([HEAD, *(f"call_X{n}" for n in range(50))]): "line 1: 51 readers are more than 50",
    ",".join([HEAD, *(f"x{n}" for n in range(300))]): "line 1: 305 columns are more than 300",
}


@pytest.mark.parametrize("head", HEADS, ids=range(len(HEADS)))
def test_a_first_line_that_cannot_be_read_is_refused(head):
    said = refusal(f"{head}\n{ROW}\n")
    assert said.startswith("calls.csv, ")
    assert HEADS[head] in said


ROWS = {
    f"{ROW}\nA,P2,1,3,0": "line 3, column 'truth': '3' is no category",
    f"{ROW}\nA,P2,1,0,maybe": "line 3, column 'call_R1': 'maybe' is no category",
    f"{ROW}\n\n{ROW}": "line 4, column 'node': node 1 of patient P1 in cohort A is already in "
    "line 2",
    "A,,1,0,0": "line 2, column 'patient': is empty",
    "A,P1,1,0": "line 2: 4 cells were found and 5 columns",
    "A,P1,1,0,0,0": "line 2: 6 cells were found and 5 columns",
    f"{'A' * 201},P1,1,0,0": "line 2, column 'cohort': is longer than 200",
    'A,"P\x07",1,0,0': "line 2, column 'patient': is longer than 200 characters or holds",
    f'"A\nB",P1,1,0,0\n{ROW}': "line 2, column 'cohort'",
    'A,"P1,1,0,0': "cannot be read as CSV",
    "": "has no row below the first line",
}


@pytest.mark.parametrize("rows", ROWS, ids=range(len(ROWS)))
def test_a_row_that_cannot_be_read_is_refused(rows):
    said = refusal(f"{HEAD}\n{rows}\n")
    assert said.startswith("calls.csv")
    assert ROWS[rows] in said


CELLS = {
    ("score_ene", "high"): "'high' is no number",
    ("score_ene", "nan"): "'nan' is no number",
    ("score_ene", "inf"): "'inf' is no number",
    ("score_ene", "1_0"): "'1_0' is no number",
    ("confidence_ene_R1", "101"): "101 is not between 0 and 100",
    ("short_axis_mm", "-1"): "-1 is not between 0 and 500",
    ("age_years", "60.5"): "60.5 is no whole number",
}


@pytest.mark.parametrize(("column", "value"), CELLS)
def test_a_number_that_is_none_is_refused(column, value):
    said = refusal(f"{HEAD},{column}\n{ROW},{value}\n")
    assert f"line 2, column '{column}': {CELLS[column, value]}" in said


def test_rows_of_a_patient_that_contradict_each_other_are_refused():
    said = refusal(f"{HEAD},sex\nA,P1,1,0,0,F\nA,P1,2,0,0,M\n")
    assert "line 3, column 'sex': 'M' contradicts 'F' of the same patient in line 2" in said


def test_other_encodings_are_refused_with_the_line():
    assert "line 2: is not UTF-8" in refusal(f"{HEAD}\nÄ,P1,1,0,0\n".encode("latin-1"))
    assert "line 1: holds a null" in refusal(f"{HEAD}\n{ROW}\n".encode("utf-16-le"))
    assert "has no row" in refusal(b"")


def test_files_that_are_too_large_are_refused(monkeypatch):
    monkeypatch.setattr(imported_table, "MAX_ROWS", 1)
    assert "line 3: more than 1 nodes" in refusal(f"{HEAD}\n{ROW}\nA,P1,2,0,0\n")
    monkeypatch.setattr(imported_table, "MAX_BYTES", 10)
    assert "are more than" in refusal(f"{HEAD}\n{ROW}\n")
