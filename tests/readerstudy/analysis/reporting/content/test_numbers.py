"""Printed numbers are those of the results: each checked at its own place in them."""

import functools
from decimal import Decimal

import pytest

from readerstudy.analysis.reporting.content import Facts, report_document
from readerstudy.analysis.reporting.display import decimals, limits, p_value, signed
from tests.readerstudy.analysis.reporting.content.documents import headings, lines, results
from tests.readerstudy.analysis.reporting.files.studies import invented

FACTS = Facts(
    results_digest="r" * 64,
    frozen_at="2026-11-24T10:00:00+00:00",
    frozen_by="A person",
    unblinding=2,
    unblinded_before_amendment={1: 3},
)
AMENDMENT = {"number": 1, "at": "2026-11-02", "by": "A", "reason": "Why.", "digest": "e" * 64}
STANDARD = {"cohort": "Cohort 0", "version": 4, "digest": "s" * 64}


@functools.cache
def stored():
    return results(
        invented(41),
        amendments=[AMENDMENT],
        reference_standards=[STANDARD],
        cases_submitted=5,
        cases_not_submitted=0,
        protocol_digest="p" * 64,
    )


@functools.cache
def document():
    return report_document(stored(), FACTS)


def block(endpoint, kind="pooled"):
    part = next(part for part in stored()["tables"]["parts"] if part["kind"] == kind)
    return part["endpoints"][endpoint]


def limits_of(result):
    found = result["interval"] or {"lower": None, "upper": None}
    return limits(found["lower"], found["upper"])


def estimate_of(result):
    return f"{signed(result['estimate'])} ({limits_of(result)})"


def test_random_readers_are_turned_to_model_minus_readers():
    found = block("ene")["reader_mean"]["binary"]["model_minus_mean"]
    fixed = found["patient_clustered_fixed_readers"]
    general = found["readers_minus_model_random_readers_patient_clustered"]
    rows = lines(document(), "table-s9", under="ENE – All cohorts")
    printed = rows["Readers in general, by patient"]
    assert rows["These readers, by patient"][0] == estimate_of(fixed)
    lower, upper = general["interval"]["lower"], general["interval"]["upper"]
    assert printed == (
        f"{signed(-general['estimate'])} ({limits(-upper, -lower)})",
        signed(-general["test"]["statistic"]),
        decimals(general["test"]["degrees_of_freedom"], 1),
        p_value(general["test"]["p_two_sided"]),
    )
    assert signed(-general["estimate"]) == signed(fixed["estimate"])


@pytest.mark.parametrize("side", ["sensitivity", "specificity"])
def test_the_mean_readers_proportions(side):
    found = block("ene")["reader_mean"]["against_model"]["fixed"][side]
    rows = lines(document(), "table-s8", under="ENE – All cohorts")
    printed = rows[f"Fixed with the model: {side}"]
    assert printed[3] == p_value(found["patient_clustered"]["normal"]["p_two_sided"])
    general = found["random_readers"]
    df = decimals(general["degrees_of_freedom"], 1)
    assert printed[4] == f"{p_value(general['test']['p_two_sided'])} ({df})"
    assert printed[5] == p_value(found["node_level"]["normal"]["p_two_sided"])
    assert printed[7] == p_value(found["majority_vote"]["test"]["exact_p"])


@pytest.mark.parametrize("reader", [0, 1, 2])
def test_mcnemar(reader):
    found = block("ene")["comparisons"][reader]["mcnemar"]["fixed"]
    printed = lines(document(), "table-4b", under="All cohorts")[f"Reader R{reader + 1}"]
    for side, cell in (("sensitivity", printed[5]), ("specificity", printed[7])):
        exact = p_value(found[side]["test"]["exact_p"])
        clustered = p_value(found[side]["patient_clustered"]["obuchowski"]["p_two_sided"])
        assert cell == f"{exact} ({clustered})"


def test_cohorts_against_each_other():
    rows = lines(document(), "table-3c", under="Metastasis")
    entries = [e for e in stored()["tables"]["between_cohorts"] if e["endpoint"] == "metastasis"]
    for entry in entries:
        assert rows[f"{entry['first']} minus {entry['second']}"] == (
            estimate_of(entry["delong"]),
            p_value(entry["delong"]["test"]["p_two_sided"]),
            p_value(entry["welch"]["p_two_sided"]),
        )


def test_calibration():
    found = block("metastasis")["model"]["calibration"]["result"]
    printed = lines(document(), "table-s3", under="Metastasis")["All cohorts"]
    assert printed[1:] == (
        decimals(found["brier"]["score"], 3),
        decimals(found["expected_error"], 3),
        estimate_of(found["slope"]),
        estimate_of(found["intercept"]),
        estimate_of(found["in_the_large"]),
        p_value(found["spiegelhalter"]["p_two_sided"]),
    )


def test_agreement():
    found = block("ene")["agreement"]
    printed = lines(document(), "table-s5", under="All cohorts")["ENE: yes or no"]
    besides = found["binary_besides"]
    assert (
        printed[1] == f"{signed(found['binary']['kappa'])} ({limits_of(found['binary']['gwet'])})"
    )
    assert printed[2] == limits_of(found["binary"]["jackknife_patient"])
    assert printed[4] == estimate_of(besides["gwet_ac1"])
    assert printed[5] == estimate_of(besides["krippendorff_nominal"])
    per_category = lines(document(), "table-s5b", under="All cohorts")
    kappas = found["three_categories"]["per_category"]
    assert [cells[1] for cells in per_category.values()] == [signed(kappa) for kappa in kappas]


def test_subgroups():
    part = next(p for p in stored()["tables"]["parts"] if p["kind"] == "subgroup")
    found = part["endpoints"]["metastasis"]
    printed = lines(document(), "table-s6", under="Metastasis")[part["name"]]
    contrast = found["reader_mean"]["binary"]["model_minus_mean"]
    difference = contrast["patient_clustered_fixed_readers"]
    assert printed[0] == f"{found['nodes']['n']} ({found['nodes']['n_positive']})"
    assert printed[1] == estimate_of(found["model"]["auc"]["patient_clustered"])
    compared = found["reader_mean"]["nodes"]
    assert printed[2] == f"{compared['n']} ({compared['n_positive']})"
    assert printed[4:] == (estimate_of(difference), p_value(difference["test"]["p_two_sided"]))


def test_patients_as_the_unit():
    part = next(p for p in stored()["tables"]["parts"] if p["kind"] == "pooled")
    found = part["patient_level"]["metastasis"]
    rows = lines(document(), "table-s7", under="Metastasis")
    assert rows["All cohorts: model"][1] == estimate_of(found["model"]["auc"]["delong"])
    tested = found["comparisons"][0]["binary"]["delong"]
    assert rows["All cohorts: reader R1"][-3:] == (
        f"{tested['n']} ({tested['n_positive']})",
        estimate_of(tested),
        p_value(tested["test"]["p_two_sided"]),
    )
    assert headings(document(), "table-s7") == ["Metastasis", "ENE", "ENE among metastatic nodes"]


def test_provenance_and_amendments():
    rows = lines(document(), "table-provenance")
    assert rows["Reference standard"] == (f"Cohort 0, version 4, {'s' * 64}",)
    assert rows["Frozen"] == ("2026-11-24T10:00:00+00:00, by A person",)
    assert rows["Protocol"] == ("p" * 64,)
    assert rows["Use of this test set"] == ("unblinded look number 2",)
    assert lines(document(), "table-amendments")["1"] == ("2026-11-02", "A", "Why.", "3", "e" * 64)


def test_sensitivities_and_their_kin_stand_with_their_counts():
    rows = lines(document(), "table-4", under="All cohorts")
    names = ("sensitivity", "specificity", "accuracy", "ppv", "npv")
    for reader in block("ene")["readers"]:
        counts = [reader["counts"][name] for name in names]
        shown = [f"({found['numerator']}/{found['denominator']})" for found in counts]
        printed = rows[f"Reader {reader['reader']}"][3:8]
        assert [cell.split(" ", 1)[1] for cell in printed] == shown
        values = [Decimal(cell.split(" ")[0]) for cell in printed]
        exact = [Decimal(100 * one["numerator"]) / one["denominator"] for one in counts]
        assert all(
            abs(value - fraction) <= 0.5 for value, fraction in zip(values, exact, strict=True)
        )
