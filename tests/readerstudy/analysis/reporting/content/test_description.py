"""Who was studied: every printed count recounted from the rows."""

import statistics

import pytest

from readerstudy.analysis.frozen_table import CaseReading, FlowCount, NodeLabels
from readerstudy.analysis.reporting.content import report_document
from readerstudy.analysis.reporting.content.figures import figures_of
from tests.readerstudy.analysis.reporting.content.documents import (
    FACTS,
    described,
    has_table,
    lines,
    report,
    results,
    table_of,
    texts,
)
from tests.readerstudy.analysis.reporting.files.studies import invented, patients_of

TABLE = invented(31)
COHORTS = ("Cohort 0", "Cohort 1", "Cohort 2")
PATIENTS = sorted({(row.cohort, row.patient) for row in TABLE.rows})


def reading(reader, cohort, patient, active):
    return CaseReading(
        reader=reader,
        cohort=cohort,
        patient=patient,
        nodes=2,
        active_seconds=active,
        total_seconds=600.0,
        changed_calls=1,
    )


READINGS = tuple(
    reading("R1", cohort, patient, 60.0 + 10 * at) for at, (cohort, patient) in enumerate(PATIENTS)
)
LABELS = tuple(
    NodeLabels(
        cohort=row.cohort,
        patient=row.patient,
        node=row.node,
        first=9 if row.truth is None else row.truth,
        second=row.truth or 0,
    )
    for row in TABLE.rows
)
FLOW = (
    FlowCount(cohort="Cohort 0", exclusion_code="", patients=7, nodes=20),
    FlowCount(cohort="Cohort 0", exclusion_code="motion", patients=2, nodes=3),
    FlowCount(cohort="Cohort 1", exclusion_code="", patients=6, nodes=11),
    FlowCount(cohort="Cohort 2", exclusion_code="", patients=5, nodes=10),
)


@pytest.fixture(scope="module")
def document():
    found = described(TABLE, readings=READINGS, labels=LABELS, flow=FLOW)
    return report(TABLE, description=found)


def of(cohort):
    return [row for row in TABLE.rows if cohort in (row.cohort, None)]


def test_columns_are_the_cohorts_and_all_together(document):
    titles = [column.title for column in table_of(document, "table-2").columns]
    assert titles == ["", *COHORTS, "All cohorts"]


def test_nodes_are_counted_by_category(document):
    rows = lines(document, "table-2")
    groups = [of(name) for name in (*COHORTS, None)]
    assert rows["Nodes"] == tuple(str(len(group)) for group in groups)
    for label, truth in (
        ("Benign, % (n/d)", 0),
        ("Metastasis with ENE, % (n/d)", 2),
        ("Not determinable, % (n/d)", None),
    ):
        counts = [sum(row.truth == truth for row in group) for group in groups]
        assert [cell.split(" ")[1] for cell in rows[label]] == [
            f"({n}/{len(group)})" for n, group in zip(counts, groups, strict=True)
        ]


def test_patients_and_their_age(document):
    rows = lines(document, "table-1")
    patients = patients_of(TABLE)
    assert rows["Patients"][3] == str(len(patients))
    ages = [one.age_years for one in patients if one.age_years is not None]
    mean, deviation = statistics.mean(ages), statistics.stdev(ages)
    assert rows["Age, years: mean ± SD"][3] == f"{mean:.1f} ± {deviation:.1f}"
    women = sum(one.sex == "F" for one in patients)
    known = sum(one.sex != "" for one in patients)
    assert rows["\u2003F"][3].endswith(f"({women}/{known})")
    assert not any(one.staging_edition for one in patients)
    assert "Staging edition" in table_of(document, "table-1").notes[0]


def test_the_flow_keeps_nobody_and_not_recorded_apart(document):
    rows = lines(document, "table-flow")
    assert rows["Assessed"] == ("9 / 23", "6 / 11", "5 / 10", "20 / 44")
    assert rows["Excluded: motion"] == ("2 / 3", "0 / 0", "0 / 0", "2 / 3")
    without = report(TABLE, description=described(TABLE))
    assert lines(without, "table-flow")["Assessed"] == ("–",) * 4


def test_annotators(document):
    alike = sum(one.first == one.second for one in LABELS)
    rows = lines(document, "table-s2", under="All cohorts")
    assert rows["With “not determinable”"][0].endswith(f"({alike}/{len(LABELS)})")
    assert rows["Three categories"][2] == "1.00 (1.00, 1.00)"
    share = rows["With “not determinable”"]
    by_node = rows["With “not determinable”; by node"]
    assert (share[0], share[1] != by_node[1]) == (by_node[0], True)
    undetermined = sum(one.first == 9 for one in LABELS)
    assert lines(document, "table-s2b")["Not determinable"][0] == str(undetermined)


def test_agreement_of_an_earlier_version_has_one_line_each():
    description = described(TABLE, labels=LABELS)
    for group in description["annotators"]["groups"]:
        del group["agreement_by_patient"]
        for found in (group["categories"], *group["binary"].values()):
            del found["by_patient"]
    rows = lines(report(TABLE, description=description), "table-s2", under="All cohorts")
    assert not any("by node" in name for name in rows)
    assert rows["Three categories"][2] == "1.00 (1.00, 1.00)"


def test_reading_times(document):
    rows = lines(document, "table-s10", under="All cohorts")
    median = statistics.median(one.active_seconds for one in READINGS)
    assert rows["Reader R1"][:2][0] == str(len(READINGS))
    assert rows["Reader R1"][1].startswith(f"{int(median // 60)}:{int(median % 60):02d} [")
    assert rows["Reader R1"][-1] == str(len(READINGS))
    assert rows["Reader R2"] == ("0", "–", "–", "–", "0", "0")


def test_what_was_not_recorded_is_said():
    document = report(TABLE, description=described(TABLE))
    assert not has_table(document, "table-s10")
    assert not has_table(document, "table-s2")
    assert "Reading times were not recorded." in texts(document)
    assert "No labels of two annotators are recorded." in texts(document)
    assert "no description of patients and nodes" in texts(report(TABLE))


def test_one_cohort_is_described_without_tests():
    table = invented(32, cohorts=1)
    document = report(table, description=described(table))
    for key in ("table-1", "table-2", "table-flow"):
        assert [column.title for column in table_of(document, key).columns][1:] == ["Cohort 0"]
    assert not has_table(document, "table-1b")


def test_the_drawn_figures_are_all_placed_and_numbered():
    description = described(TABLE, readings=READINGS, labels=LABELS, flow=FLOW)
    found = results(TABLE, description=description)
    figures = figures_of(found)
    document = report_document(found, FACTS, figures)
    assert {figure.key for figure in document.figures} == set(figures)
    assert all(section.key != "figures" for section in document.sections)
    titles = [figure.title for figure in document.figures]
    assert [title.split(".")[0] for title in titles] == [
        f"Figure {number}" for number in range(1, len(titles) + 1)
    ]
