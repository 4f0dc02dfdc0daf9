"""Checklists: complete, true to the results, and pointing at what the report holds."""

import csv
import io
import re
from types import SimpleNamespace

import pytest

from readerstudy.analysis.reporting import checklists
from readerstudy.analysis.reporting.checklists import CHECKLISTS, filled, to_csv
from readerstudy.analysis.reporting.checklists.answers import ANSWERS
from readerstudy.analysis.reporting.content import report_document
from readerstudy.analysis.reporting.content.figures import figures_of
from tests.readerstudy.analysis.reporting.content.documents import MODEL, results
from tests.readerstudy.analysis.reporting.content.test_figures import described
from tests.readerstudy.analysis.reporting.files.studies import invented, planned

FACTS = SimpleNamespace(
    results_digest="r" * 64, frozen_at="2026-11-24T10:00:00+00:00", unblinding=3
)
PUBLISHED = {"claim-2024": (44, 44), "stard-ai-2025": (48, 40), "tripod-ai-2024": (52, 27)}
ITEMS = [
    (checklist, item) for checklist in CHECKLISTS for part in checklist.parts for item in part.items
]


def answers(found, facts=FACTS):
    """Answer and place by checklist and number."""
    return {
        (section.key, row.cells[0]): row.cells[2:]
        for section in filled(found, facts)
        for row in section.blocks[0].rows
        if not row.heading
    }


@pytest.mark.parametrize("checklist", CHECKLISTS, ids=lambda checklist: checklist.key)
def test_has_every_published_item_once(checklist):
    numbers = [item.number for part in checklist.parts for item in part.items]
    rows, whole = PUBLISHED[checklist.key]
    assert len(numbers) == len(set(numbers)) == rows
    ordered = list(dict.fromkeys(int(re.match(r"\d+", number)[0]) for number in numbers))
    assert ordered == list(range(1, whole + 1))
    letters = [re.sub(r"\d", "", number) for number in numbers]
    for before, letter in zip(["", *letters], letters, strict=False):
        assert letter in ("", "a") or letter == chr(ord(before) + 1)


def test_every_topic_is_answered_and_every_answer_asked_for():
    assert {item.topic for _, item in ITEMS} - {""} == set(ANSWERS)


def test_every_item_has_an_answer_whatever_the_study():
    table = invented(5)
    alone = type(table)(
        readers=table.readers,
        rows=tuple(
            type(row)(**{**vars(row), "score_metastasis": None, "score_ene": None})
            for row in table.rows
        ),
    )
    studies = (
        results(table),
        results(alone, has_model=False),
        results(invented(2, cohorts=1)),
        results(table, origin="imported"),
        described(table),
    )
    for found in studies:
        told = answers(found)
        assert len(told) == len(ITEMS)
        assert all(
            words.endswith(".") and "None" not in words.split() for words, _ in told.values()
        )


def test_places_exist_in_the_report():
    found = described(invented(11))
    document = report_document(found, FACTS_OF_RUN, figures_of(found))
    titles = [block.title for block in (*document.tables, *document.figures)]
    titles += [section.title for section in document.sections]
    tables = {title.split(".")[0].removeprefix("Table ") for title in titles}
    for key, (_, places) in answers(found).items():
        for place in filter(None, places.split("; ")):
            if place.startswith("Table"):
                for number in re.findall(r"S?\d+b?", place):
                    assert number in tables, (key, place, sorted(tables))
            elif place != "ROC figures":
                assert any(title.startswith(place) for title in titles), (key, place)
    assert any("ROC: " in title for title in titles)


FACTS_OF_RUN = checklists.Facts(**vars(FACTS))


def test_numbers_are_the_results_own():
    found = described(invented(11))
    told = answers(found)
    pooled = next(part for part in found["tables"]["parts"] if part["key"] == "pooled")
    nodes = pooled["endpoints"]["ene"]["nodes"]
    assert f"{nodes['n']} nodes ({nodes['n_positive']} positive)" in told["claim-2024", "21"][0]
    assert f"{pooled['confusion']['undetermined']} nodes." in told["stard-ai-2025", "19"][0]
    missing = [entry["reason"] for entry in found["tables"]["missing"]]
    assert (
        f"made no call for this node: {missing.count('reader_call_missing')}"
        in (told["tripod-ai-2024", "11"][0])
    )
    assert f"digest {MODEL['digest'][:12]}…" in told["stard-ai-2025", "15a"][0]
    assert f"digest {found['dataset_digest'][:12]}…" in told["claim-2024", "7"][0]
    assert "ENE above 0.4" in told["stard-ai-2025", "15c"][0]


def test_thresholds_chosen_here_are_not_called_fixed():
    found = results(invented(11), model=None)
    told = answers(found)["stard-ai-2025", "15c"][0]
    assert told.startswith("No threshold was fixed before.")


def test_reuse_of_the_test_set_is_said():
    told = answers(results(invented(11)))
    assert "unblinded look number 3" in told["claim-2024", "42"][0]
    assert "looked at unblinded 3 times" in told["stard-ai-2025", "33"][0]
    once = answers(results(invented(11)), SimpleNamespace(**{**vars(FACTS), "unblinding": None}))
    assert "unblinded" not in once["claim-2024", "42"][0]


def test_a_study_read_elsewhere_claims_nothing_of_its_conduct():
    told = answers(results(invented(11), origin="imported"))
    for number in ("12", "17a", "17b"):
        assert told["stard-ai-2025", number][0] == "For the author."
    assert told["stard-ai-2025", "16a"][0].startswith("Taken as the imported file gives it.")
    here = answers(results(invented(11)))
    assert "Two annotators" in here["stard-ai-2025", "16a"][0]


def test_an_exploratory_model_is_marked_at_every_number_of_it():
    model = {**MODEL, "provenance": "untrained"}
    found = results(invented(11))
    found["sources"] |= {"model": model, "role": "exploratory"}
    told = answers(found)
    for key in (("claim-2024", "37"), ("tripod-ai-2024", "23a"), ("claim-2024", "22")):
        assert "no conclusion may rest on it" in told[key][0]


def test_planned_subgroups_of_people_are_named():
    plan = planned(subgroups=[{"variable": "sex"}, {"variable": "age", "edges": [60]}])
    told = answers(results(invented(11), plan=plan))
    assert told["stard-ai-2025", "23"][0].startswith("Performance by age and sex, as planned.")


def test_csv_has_every_item_and_no_formulas():
    found = results(invented(11))
    found["sources"]["model"] = {**MODEL, "name": "=cmd|' /C calc'!A0"}
    rows = list(csv.DictReader(io.StringIO(to_csv(found, FACTS))))
    assert len(rows) == len(ITEMS)
    assert {row["doi"] for row in rows} == {checklist.doi for checklist in CHECKLISTS}
    assert not [cell for row in rows for cell in row.values() if cell[:1] in "=+-@\t" and cell]
    assert to_csv(found, FACTS) == to_csv(found, FACTS)
