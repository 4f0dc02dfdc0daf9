"""Reports of studies of every shape: several cohorts, no model, one reader, nothing at all."""

import json
import random
import time

import pytest

from readerstudy.analysis.computing.endpoints import NodeRow, StudyTable
from readerstudy.analysis.computing.model_calls import ModelRule
from readerstudy.analysis.reporting import stored_document
from readerstudy.analysis.reporting.content import report_document
from readerstudy.analysis.reporting.content.missing import INCOMPLETE, KEPT
from readerstudy.analysis.reporting.document import Figure
from tests.readerstudy.analysis.reporting.content.documents import (
    FACTS,
    has_table,
    headings,
    lines,
    report,
    results,
    table_of,
    texts,
)
from tests.readerstudy.analysis.reporting.files.studies import invented, planned

HOSTILE = '=HYPERLINK("http://x")</td><script>alert(1)</script>'


def without_model(table):
    return StudyTable(
        readers=table.readers,
        rows=tuple(
            NodeRow(**{**vars(row), "score_metastasis": None, "score_ene": None})
            for row in table.rows
        ),
    )


def renamed(table, names):
    return StudyTable(
        readers=table.readers,
        rows=tuple(
            NodeRow(**{**vars(row), "cohort": names.get(row.cohort, row.cohort)})
            for row in table.rows
        ),
    )


def test_cohorts_come_first_and_all_together_last():
    document = report(invented(1))
    for key in ("table-4", "table-5", "table-6"):
        names = [name.split(" (")[0] for name in headings(document, key)]
        assert names == ["Cohort 0", "Cohort 1", "Cohort 2", "All cohorts"]
    assert len(lines(document, "table-3c", under="Metastasis")) == 3


def test_the_order_of_rows_changes_nothing():
    table = invented(2)
    rows = list(table.rows)
    random.Random(3).shuffle(rows)
    shuffled = StudyTable(readers=table.readers, rows=tuple(rows))
    assert report(table) == report(shuffled)


def test_sorted_json_keys_change_nothing():
    found = results(invented(2))
    again = json.loads(json.dumps(found, sort_keys=True))
    assert report_document(found, FACTS) == report_document(again, FACTS)


def test_renaming_cohorts_moves_their_lines_and_keeps_their_numbers():
    table = invented(4)
    before = report(table)
    after = report(renamed(table, {"Cohort 0": "Last", "Cohort 2": "First"}))
    names = [name.split(" (")[0] for name in headings(after, "table-4")]
    assert names == ["Cohort 1", "First", "Last", "All cohorts"]
    for old, new in (
        ("Cohort 0", "Last"),
        ("Cohort 2", "First"),
        ("All cohorts", "All cohorts"),
    ):
        assert lines(before, "table-4", under=old) == lines(after, "table-4", under=new)


def test_readers_alone():
    document = report(without_model(invented(5)), model=ModelRule(), has_model=False)
    assert table_of(document, "table-4").title == "Table 4. ENE: readers"
    rows = lines(document, "table-4", under="All cohorts")
    assert list(rows) == [
        "Reader R1",
        "Reader R2",
        "Reader R3",
        "Reader mean, these readers",
        "Reader mean, readers in general",
    ]
    assert all(cells[-2:] == ("", "") for cells in rows.values())
    for key in ("table-3", "table-4b", "table-s8", "table-s9", "table-primary"):
        assert not has_table(document, key)
    assert "No model was compared" in texts(document)


def test_one_reader():
    document = report(invented(6, readers=1))
    assert not has_table(document, "table-s5")
    assert "Agreement needs two readers." in texts(document)
    assert "Reader R1" in lines(document, "table-4", under="Cohort 0")
    # One reader is no sample of readers.
    found = lines(document, "table-s9", under="Metastasis – All cohorts")
    assert found["Readers in general, by patient"][1:] == ("–", "–", "–")
    assert found["These readers, by patient"][-1] != "–"


def test_nothing_at_all():
    document = report(StudyTable(readers=(), rows=()), model=ModelRule(), has_model=False)
    assert "There are no nodes to analyse" in texts(document)
    assert has_table(document, "table-methods")


@pytest.mark.parametrize("cohorts", [1, 3])
def test_nothing_is_printed_as_python_prints_it(cohorts):
    text = texts(report(invented(7, cohorts=cohorts)))
    for word in ("None", "nan", "inf ", "{'", "-0.", "e-0"):
        assert word not in text, word


def test_a_hostile_cohort_name_survives_as_text():
    document = report(renamed(invented(8), {"Cohort 1": HOSTILE}))
    assert any(name.startswith(HOSTILE) for name in headings(document, "table-4"))
    assert stored_document.from_bytes(stored_document.to_bytes(document)) == document


def figure(key):
    return Figure(key=key, title=key, svg="<svg/>", alt=key)


def test_figures_stand_where_they_belong_and_none_is_lost():
    keys = ("roc-pooled-ene", "confusion-cohort-1", "agreement", "of-another-kind")
    document = report(invented(9), figures={key: figure(key) for key in keys})
    where = {
        block.key: section.key
        for section in _all(document.sections)
        for block in section.blocks
        if isinstance(block, Figure)
    }
    assert where == {
        "roc-pooled-ene": "readers-ene",
        "confusion-cohort-1": "confusion",
        "agreement": "agreement",
        "of-another-kind": "figures",
    }


def _all(sections):
    for section in sections:
        yield section
        yield from _all(section.sections)


def test_keys_are_unique():
    document = report(invented(10))
    keys = [table.key for table in document.tables]
    keys += [section.key for section in _all(document.sections)]
    assert len(keys) == len(set(keys))


def test_missing_values_are_counted_and_listed_up_to_a_limit():
    found = results(invented(11))
    one = found["tables"]["missing"][0]
    found["tables"]["missing"] = [one | {"node": f"N{number}"} for number in range(230)]
    table = table_of(report_document(found, FACTS), "table-s12")
    assert len(table.rows) == 200
    assert table.notes[0].startswith("30 more lines")


def test_left_out_nodes_are_counted_once_per_reason_and_side():
    found = results(invented(12))
    rows = table_of(report_document(found, FACTS), "table-s11").rows
    at = next(i for i, row in enumerate(rows) if row.cells[0] == "All cohorts – ENE")
    printed = []
    for row in rows[at + 1 :]:
        if row.heading:
            break
        printed.append(row.cells)
    truths = [entry for entry in found["tables"]["missing"] if entry["side"] is None]
    assert ("No reference standard, or not determinable.", "all", str(len(truths))) in printed
    assert len({cells[:2] for cells in printed}) == len(printed)


def test_other_views_have_their_own_table():
    plan = planned(views=["binary", "ordinal", "confidence"])
    titles = headings(report(invented(13), plan=plan), "table-4c")
    assert len(titles) == 8
    assert any("the reader's own confidence" in title for title in titles)
    assert not has_table(report(invented(13), plan=planned(views=["binary"])), "table-4c")


def test_three_cohorts_take_less_than_a_second():
    found = results(invented(14))
    start = time.perf_counter()
    report_document(found, FACTS)
    assert time.perf_counter() - start < 1


def test_nodes_that_are_not_complete_are_counted_where_the_plan_drops_them():
    missing = {"calls": "complete_all", "undetermined": "leave_out"}
    table = invented(15)
    found = table_of(report(table, plan=planned(missing=missing)), "table-s11")
    at = next(i for i, row in enumerate(found.rows) if row.cells[0] == "All cohorts – ENE")
    dropped = sum(
        row.truth is not None and (None in row.calls.values() or row.score_ene is None)
        for row in table.rows
    )
    # The next endpoint stands below; the first lines of a kind are this one's.
    rows = {row.cells[:2]: row.cells[2] for row in reversed(found.rows[at + 1 :]) if row.cells[1:]}
    known = [row for row in table.rows if row.truth is not None]
    assert rows[INCOMPLETE, "all"] == str(dropped)
    assert rows[KEPT, "all"] == str(len(known) - dropped)
    no_call = sum(row.calls["R1"] is None for row in known)
    assert [n for (_, side), n in rows.items() if side == "Reader R1"] == [str(no_call)]


def test_areas_stay_between_0_and_1():
    found = results(invented(16))
    for part in found["tables"]["parts"]:
        for block in part["endpoints"].values():
            for result in (block["reader_mean"]["binary"] or {}).values():
                if "interval" in result and result["interval"] is not None:
                    result["interval"] |= {"lower": -0.2, "upper": 1.2}
    document = report_document(found, FACTS)
    rows = lines(document, "table-4", under="All cohorts")
    for name in ("Reader mean, these readers", "Reader mean, readers in general"):
        assert rows[name][1].endswith("(0.00, 1.00)")
        assert rows[name][2] == "0.00, 1.00"
    subgroups = lines(document, "table-s6")
    assert all(cells[3].endswith(("(0.00, 1.00)", "(–)", "–")) for cells in subgroups.values())
