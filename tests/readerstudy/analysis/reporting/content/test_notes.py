"""Notes appear when they must, and only then."""

import copy
import dataclasses
import functools

import pytest

from readerstudy.analysis.computing.model_calls import ModelRule
from readerstudy.analysis.reporting.content import report_document
from readerstudy.analysis.reporting.document import Note
from readerstudy.reading.plan import default_plan
from tests.readerstudy.analysis.reporting.content.documents import (
    FACTS,
    MODEL,
    lines,
    notes,
    results,
    texts,
)
from tests.readerstudy.analysis.reporting.files.studies import invented, planned


@functools.cache
def stored():
    return results(invented(21))


@pytest.fixture
def found():
    return copy.deepcopy(stored())


def noted(found, words, facts=FACTS):
    return [text for text in notes(report_document(found, facts)) if words in text]


def pooled(found, endpoint="ene"):
    part = next(part for part in found["tables"]["parts"] if part["kind"] == "pooled")
    return part["endpoints"][endpoint]


def calm(found):
    """Make every test agree with every other."""
    for part in found["tables"]["parts"]:
        for block in part["endpoints"].values():
            for entry in block["comparisons"]:
                for result in entry["binary"].values():
                    result["test"]["p_two_sided"] = 0.5
            contrast = (block["reader_mean"]["binary"] or {}).get("model_minus_mean") or {}
            for result in contrast.values():
                result["test"]["p_two_sided"] = 0.5
    return found


def test_plain_and_clustered_p_on_different_sides(found):
    calm(found)
    assert not noted(found, "the plain test")
    tests = pooled(found)["comparisons"][0]["binary"]
    tests["delong"]["test"]["p_two_sided"] = 0.04
    texts_found = noted(found, "the plain test")
    assert len(texts_found) == 1
    assert texts_found[0].startswith("All cohorts, model against reader R1: the plain test (P .04)")
    # The border itself is significant for both.
    tests["delong"]["test"]["p_two_sided"] = 0.05
    tests["patient_clustered"]["test"]["p_two_sided"] = 0.04
    assert not noted(found, "the plain test")


def test_fixed_and_random_readers_on_different_sides(found):
    calm(found)
    contrast = pooled(found)["reader_mean"]["binary"]["model_minus_mean"]
    contrast["patient_clustered_fixed_readers"]["test"]["p_two_sided"] = 0.01
    contrast["delong_fixed_readers"]["test"]["p_two_sided"] = 0.01
    # Beside the planned comparison in the summary, and with the endpoint's table.
    assert len(noted(found, "cannot be said of all readers")) == 2
    key = "readers_minus_model_random_readers_patient_clustered"
    contrast[key]["test"]["p_two_sided"] = 0.02
    assert not noted(found, "cannot be said of all readers")


@pytest.mark.parametrize(("patients", "expected"), [(39, 1), (40, 0), (0, 0)])
def test_few_patients(found, patients, expected):
    for part in found["tables"]["parts"]:
        part["n_patients"] = 100
    found["tables"]["parts"][0]["n_patients"] = patients
    assert len(noted(found, "Fewer than 40 patients")) == expected


@pytest.mark.parametrize(("patients", "expected"), [(19, 1), (20, 0), (0, 0)])
def test_a_class_in_few_patients(found, patients, expected):
    for part in found["tables"]["parts"]:
        for block in part["endpoints"].values():
            block["nodes"] |= {"n_patients_positive": 99, "n_patients_negative": 99}
    pooled(found)["nodes"]["n_patients_positive"] = patients
    words = f"Fewer than 20 patients with a positive node (All cohorts: {patients})"
    assert len(noted(found, words)) == expected
    assert len(noted(found, "with a positive node")) == expected


def test_degenerate_and_undefined_numbers_have_their_sentence(found):
    for part in found["tables"]["parts"]:
        for block in part["endpoints"].values():
            block["model"]["auc"]["delong"]["status"] = "ok"
    sentence = found["tables"]["statuses"]["class_missing"]
    before = len(noted(found, sentence))
    area = pooled(found)["model"]["auc"]["delong"]
    area |= {"status": "class_missing", "estimate": None, "interval": None}
    assert len(noted(found, sentence)) == before + 1
    assert lines(report_document(found, FACTS), "table-4", under="All cohorts")["Model"][1] == "–"


def test_thresholds_chosen_here():
    fixed = results(invented(22))
    chosen = results(invented(22), model=ModelRule())
    words = "none was fixed before"
    assert not noted(fixed, words)
    assert len(noted(chosen, words)) == 3


def test_an_exploratory_model_concludes_nothing(found):
    assert not report_document(found, FACTS).banners
    found["sources"]["model"] = MODEL | {"provenance": "untrained"}
    document = report_document(found, FACTS)
    assert document.banners == ("Exploratory: untrained model, no conclusion may rest on it.",)
    assert "Nothing is concluded from it" in texts(document)
    assert lines(document, "table-primary", under="(primary)")["Reader mean"][-1] == "–"


def test_an_interim_look_says_so(found):
    found["sources"] |= {"interim": True, "cases_submitted": 3, "cases_not_submitted": 4}
    document = report_document(found, FACTS)
    assert document.banners == (
        "Interim: the study was open when these data were frozen; 4 of 7 cases were not submitted "
        "and do not count.",
    )
    assert "At this interim look: a difference was" in texts(document)
    assert len(noted(found, "no allowance for this interim look")) == 1
    assert not noted(stored(), "no allowance for this interim look")


@pytest.mark.parametrize(
    ("lower", "drawn", "expected"), [(0.01, -0.01, 1), (-0.01, 0.01, 1), (0.01, 0.02, 0)]
)
def test_bootstrap_and_formula_disagree_about_zero(found, lower, drawn, expected):
    primary = found["tables"]["primary"]
    primary["tests"][0] |= {"lower": lower, "upper": 0.5}
    primary["bootstrap"]["result"]["interval"] |= {"lower": drawn, "upper": 0.5}
    assert len(noted(found, "disagree about 0")) == expected


def test_looks_and_amendments_are_counted(found):
    found["sources"]["amendments"] = [
        {"number": number, "at": "2026-11-02", "by": "A", "reason": "Typing error.", "digest": "e"}
        for number in (1, 2)
    ]
    facts = dataclasses.replace(FACTS, unblinding=3, unblinded_before_amendment={1: 0, 2: 2})
    assert len(noted(found, "unblinded look number 3", facts)) == 1
    amended = noted(found, "was amended", facts)
    assert "before any unblinded run" in amended[0]
    assert "after 2 unblinded runs" in amended[1]
    assert not noted(stored(), "was amended")
    assert not noted(stored(), "unblinded look")


CONCLUSIONS = [
    ("difference", True, "A difference was shown: the model's AUC is higher."),
    ("difference", False, "A difference was not shown; that does not mean"),
    ("difference", None, "The test is undefined, so nothing was shown."),
    ("non_inferiority", True, "Non-inferiority within a margin of 0.05 was shown."),
    ("non_inferiority", False, "Non-inferiority within a margin of 0.05 was not shown."),
]


@pytest.mark.parametrize(("hypothesis", "concluded", "sentence"), CONCLUSIONS)
def test_conclusions_in_words(found, hypothesis, concluded, sentence):
    primary = found["tables"]["primary"]
    primary["hypothesis"] = hypothesis
    primary["margin"] = 0.05 if hypothesis == "non_inferiority" else None
    primary["tests"][0] |= {"concluded": concluded, "estimate": 0.1}
    text = texts(report_document(found, FACTS))
    assert sentence in text
    assert "no difference" not in text.lower()


def test_each_reader_of_a_family_has_an_adjusted_p():
    primary = {
        "endpoint": "ene",
        "view": "binary",
        "comparison": "model_vs_each_reader",
        "test": "delong",
        "hypothesis": "non_inferiority",
        "margin": 0.1,
    }
    document = report_document(results(invented(23), plan=planned(primary=primary)), FACTS)
    assert list(lines(document, "table-primary", under="(primary)")) == [
        "Reader R1",
        "Reader R2",
        "Reader R3",
    ]
    assert texts(document).count("adjusted P") == 3
    assert "P, one-sided against the margin" in texts(document)


@pytest.mark.parametrize(("positive", "expected"), [(0, 0), (1, 1), (9, 1), (10, 0)])
def test_few_nodes_of_a_class(found, positive, expected):
    for part in found["tables"]["parts"]:
        for block in (*part["endpoints"].values(), *(part["patient_level"] or {}).values()):
            block["nodes"] |= {"n": 100, "n_positive": 50}
            contrast = block["reader_mean"]["binary"]["model_minus_mean"]
            contrast["delong_fixed_readers"] |= {"n": 100, "n_positive": 50}
    pooled(found)["nodes"]["n_positive"] = positive
    words = f"Fewer than 10 nodes of one class (All cohorts: {positive})"
    assert len(noted(found, words)) == expected
    assert len(noted(found, "of one class")) == expected


def test_the_planned_comparison_on_few_nodes_warns_in_the_summary(found):
    tested = pooled(found)["reader_mean"]["binary"]["model_minus_mean"]["delong_fixed_readers"]
    tested |= {"n": 100, "n_positive": 97}
    words = "Fewer than 10 nodes of one class (the mean of the readers: 3"
    assert len(noted(found, words)) == 1
    tested |= {"n_positive": 60}
    assert not noted(found, words)


def test_plain_and_clustered_p_of_readers_in_general(found):
    contrast = pooled(calm(found))["reader_mean"]["binary"]["model_minus_mean"]
    words = "model against the mean of readers in general: the plain test (P .01)"
    assert not noted(found, words)
    contrast["readers_minus_model_random_readers"]["test"]["p_two_sided"] = 0.01
    assert len(noted(found, words)) == 2


def test_several_tests_without_adjustment(found):
    each = {"comparison": "model_vs_each_reader"}
    plain = planned(multiplicity="none", primary=planned_primary(each))
    holm = planned(multiplicity="holm", primary=planned_primary(each))
    words = "3 tests without adjustment"
    without = results(invented(21), plan=plain)
    assert len(noted(without, words)) == 1
    assert not noted(results(invented(21), plan=holm), words)
    document = report_document(without, FACTS)
    rows = lines(document, "table-primary", under="(primary)")
    assert {cells[3] for cells in rows.values()} == {"–"}
    assert "Not the planned comparison, and without formulas" in texts(document)


def planned_primary(changes):
    return default_plan()["primary"] | changes


def test_a_margin_is_tested_one_sided_and_says_so():
    plan = planned(primary=planned_primary({"hypothesis": "non_inferiority", "margin": 0.05}))
    found = results(invented(21), plan=plan)
    assert "one-sided against the margin P " in texts(report_document(found, FACTS))
    assert "one-sided against the margin P " not in texts(report_document(stored(), FACTS))
    primary = found["tables"]["primary"]
    primary["tests"][0] |= {"lower": -0.04, "upper": 0.5}
    drawn = primary["bootstrap"]["result"]["interval"]
    drawn |= {"lower": -0.04, "upper": 0.5}
    assert not noted(found, "disagree about")
    drawn["lower"] = -0.06
    assert len(noted(found, "disagree about −0.05")) == 1


@pytest.mark.parametrize(
    ("registered", "words", "is_warning"),
    [
        ("2026-01-02T00:00:00+00:00", "before the study was opened", False),
        ("2026-01-04T00:00:00+00:00", "They could have been chosen knowing the cases.", True),
        (None, "when is not recorded", False),
    ],
)
def test_when_thresholds_were_fixed(found, registered, words, is_warning):
    found["sources"] |= {"opened_at": "2026-01-03T00:00:00+00:00"}
    found["sources"]["model"] = MODEL | {"thresholds": {"ene": 0.5}, "registered_at": registered}
    said = [
        block
        for section in report_document(found, FACTS).sections
        for block in section.blocks
        if isinstance(block, Note) and "thresholds were fixed with its version" in block.text
    ]
    assert len(said) == 1
    assert words in said[0].text
    assert said[0].warning is is_warning


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"calls": "complete_pairs", "undetermined": "leave_out"}, "Nothing is imputed."),
        ({"calls": "as_wrong", "undetermined": "leave_out"}, "{calls} calls. Scores are never"),
        (
            {"calls": "as_wrong", "undetermined": "as_benign"},
            "{calls} calls and the category of {nodes} nodes.",
        ),
    ],
)
def test_what_a_rule_fills_in_is_counted(missing, words):
    table = invented(21)
    calls = sum(call is None for row in table.rows for call in row.calls.values())
    nodes = sum(row.truth is None for row in table.rows)
    found = texts(report_document(results(table, plan=planned(missing=missing)), FACTS))
    assert words.format(calls=calls, nodes=nodes) in found
    assert ("Nothing is imputed." in found) is (missing["calls"] == "complete_pairs")


def test_nodes_without_a_confidence_are_not_counted_as_compared():
    views = ["binary", "ordinal", "confidence"]
    plan = planned(views=views, primary=planned_primary({"view": "confidence"}))
    found = results(invented(3), plan=plan)
    block = pooled(found)
    tested = block["reader_mean"]["confidence"]["model_minus_mean"]["delong_fixed_readers"]
    assert tested["n"] < block["reader_mean"]["nodes"]["n"]
    printed = f"{tested['n']} ({tested['n_positive']})"
    document = report_document(found, FACTS)
    assert lines(document, "table-primary", under="(primary)")["Reader mean"][0] == printed
    assert f"on {tested['n']} nodes ({tested['n_positive']} positive): " in texts(document)
    first = block["comparisons"][0]["confidence"]["delong"]
    rows = lines(document, "table-4b", under="All cohorts")
    assert rows["Reader R1"][1] == f"{first['n']} ({first['n_positive']})"
    assert lines(document, "table-4", under="All cohorts")["Reader mean, these readers"][0] == (
        f"{block['reader_mean']['nodes']['n']} ({block['reader_mean']['nodes']['n_positive']}); "
        f"AUC {printed}"
    )
