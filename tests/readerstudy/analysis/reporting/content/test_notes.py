"""Notes appear when they must, and only then."""

import copy
import dataclasses
import functools

import pytest

from readerstudy.analysis.computing.model_calls import ModelRule
from readerstudy.analysis.reporting.content import report_document
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
    assert len(noted(found, "cannot be said of all readers")) == 1
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
    assert "At this interim look:" in texts(document)


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
