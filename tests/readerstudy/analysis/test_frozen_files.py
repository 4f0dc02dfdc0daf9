"""The frozen table as files: every value, and nothing a spreadsheet would run."""

import csv
import io
import random
from dataclasses import fields

import pytest

from readerstudy.analysis import frozen_table
from readerstudy.analysis.computing.endpoints import StudyTable
from readerstudy.analysis.frozen_table import (
    CaseReading,
    FlowCount,
    FrozenTable,
    NodeLabels,
    PatientRow,
    from_bytes,
    to_bytes,
    to_csv,
)
from tests.readerstudy.analysis.small_table import DIGEST, described, lines_of, row, table_of


def test_csv_has_every_value_of_a_node_with_its_patients():
    frozen = table_of(
        row(
            short_axis_mm=7.25,
            level="IIa",
            confidence_metastasis={"R1": 80.0},
            confidence_ene={"R1": 12.5, "R2": 3.0},
        ),
        patients=(
            described("P2", age_years=99),
            described(
                age_years=61,
                sex="F",
                primary_site="larynx",
                scanner="Siemens",
                slice_thickness_mm=2.5,
            ),
        ),
        sources={
            "model": {
                "name": "Net",
                "provenance": "untrained",
                "members": 3,
                "expected_members": 25,
            },
            "role": "exploratory",
        },
    )
    (line,) = lines_of(frozen)
    assert line == {
        "cohort": "A",
        "patient": "P1",
        "node": "1",
        "mask_digest": DIGEST,
        "truth": "1",
        "R1": "2",
        "R2": "",
        "score_metastasis": "0.30000000000000004",
        "score_ene": "",
        "short_axis_mm": "7.25",
        "level": "IIa",
        "age_years": "61",
        "sex": "F",
        "primary_site": "larynx",
        "scanner": "Siemens",
        "slice_thickness_mm": "2.5",
        "confidence_metastasis_R1": "80.0",
        "confidence_ene_R1": "12.5",
        "confidence_ene_R2": "3.0",
        "model": "Net",
        "model_provenance": "untrained",
        "model_members": "3 of 25",
        "model_role": "exploratory",
        "model_notice": "Exploratory: untrained model, no conclusion may rest on it.",
    }


def test_a_patient_nobody_described_leaves_cells_empty():
    (line,) = lines_of(table_of(patients=None))
    assert {line[name] for name in frozen_table.COVARIATES} == {""}
    assert line["short_axis_mm"] == ""


FORMULAS = ("=cmd|' /C calc'!A0", "+1", "-1", "@sum", "\t=1", "\r=1")


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_any_file_starts_a_formula(text):
    one = row(
        text,
        patient=text,
        cohort=text,
        level=text,
        calls={text: 0},
        confidence_ene={text: 5.0},
    )
    frozen = FrozenTable(
        sources={
            "model": {"name": text, "provenance": "external", "members": 0, "expected_members": 0}
        },
        table=StudyTable(readers=(text,), rows=(one,)),
        mask_digests={one.key: text},
        patients=(
            PatientRow(
                cohort=text,
                patient=text,
                model_ene=0,
                note=text,
                sex=text,
                primary_site=text,
                scanner=text,
            ),
        ),
        readings=(
            CaseReading(
                reader=text,
                cohort=text,
                patient=text,
                nodes=1,
                active_seconds=None,
                total_seconds=None,
                changed_calls=0,
            ),
        ),
        labels=(NodeLabels(cohort=text, patient=text, node=text, first=0, second=9),),
        flow=(FlowCount(cohort=text, exclusion_code=text, patients=1, nodes=1),),
    )
    for write in (
        to_csv,
        frozen_table.dictionary_csv,
        frozen_table.readings_csv,
        frozen_table.labels_csv,
        frozen_table.flow_csv,
    ):
        cells = [cell for line in csv.reader(io.StringIO(write(frozen))) for cell in line]
        assert f"'{text}" in cells, write.__name__
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    # Stored, it is what it was.
    assert from_bytes(to_bytes(frozen)).patients[0].scanner == text


def test_a_negative_score_stays_a_number():
    (line,) = lines_of(table_of(row(score_ene=-1.5)))
    assert line["score_ene"] == "-1.5"


@pytest.mark.parametrize(
    ("write", "kind", "entry"),
    [
        (
            frozen_table.readings_csv,
            CaseReading,
            {
                "reader": "R1",
                "cohort": "A",
                "patient": "P1",
                "nodes": 3,
                "active_seconds": 1.5,
                "total_seconds": None,
                "changed_calls": 2,
            },
        ),
        (
            frozen_table.labels_csv,
            NodeLabels,
            {"cohort": "A", "patient": "P1", "node": "1", "first": 0, "second": 9},
        ),
        (
            frozen_table.flow_csv,
            FlowCount,
            {"cohort": "A", "exclusion_code": "", "patients": 3, "nodes": 14},
        ),
    ],
)
def test_each_further_file_has_a_line_per_entry(write, kind, entry):
    part = {CaseReading: "readings", NodeLabels: "labels", FlowCount: "flow"}[kind]
    (line,) = csv.DictReader(io.StringIO(write(table_of(**{part: (kind(**entry),)}))))
    assert line == {name: "" if value is None else str(value) for name, value in entry.items()}
    empty = write(table_of())
    assert empty == ",".join(field.name for field in fields(kind)) + "\n"


def test_files_are_in_order_of_their_first_columns():
    entries = [
        NodeLabels(cohort=cohort, patient=patient, node="1", first=0, second=0)
        for cohort in "AB"
        for patient in ("P1", "P2")
    ]
    random.Random(1).shuffle(entries)
    lines = csv.DictReader(io.StringIO(frozen_table.labels_csv(table_of(labels=tuple(entries)))))
    keys = [(line["cohort"], line["patient"]) for line in lines]
    assert keys == [("A", "P1"), ("A", "P2"), ("B", "P1"), ("B", "P2")]
