"""Agreement of the two annotators."""

from dataclasses import replace

import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from readerstudy.analysis.computing.description import describe
from readerstudy.analysis.computing.self_checks import TableInconsistentError
from tests.readerstudy.analysis.computing.description.made_up import frozen, labelled

TABLE = [[20, 3, 1, 2], [2, 8, 2, 0], [0, 1, 6, 1], [1, 0, 0, 3]]
VALUES = (0, 1, 2, 9)


def groups(table, cohort="A"):
    pairs = [
        (first, second)
        for first, row in zip(VALUES, table, strict=True)
        for second, n in zip(VALUES, row, strict=True)
        for _ in range(n)
    ]
    labels = [labelled(cohort, number, *pair) for number, pair in enumerate(pairs)]
    return describe(frozen(labels=labels))["annotators"]["groups"]


def test_tables_and_shares_by_hand():
    a, whole = groups(TABLE)
    assert a["table"] == TABLE
    assert (a["n"], a["n_not_determinable"]) == (50, 7)
    assert (a["agreement"]["numerator"], a["agreement"]["denominator"]) == (37, 50)
    assert a["agreement"]["wilson"]["lower"] < 0.74 < a["agreement"]["wilson"]["upper"]
    assert a["categories"]["table"] == [row[:3] for row in TABLE[:3]]
    assert a["categories"]["agreement"]["numerator"] == 34
    assert a["binary"]["metastasis"]["table"] == [[20, 4], [2, 17]]
    assert a["binary"]["ene"]["table"] == [[33, 3], [1, 6]]
    assert whole["table"] == a["table"]


def test_cohens_kappa_agrees_with_statsmodels():
    found = groups(TABLE)[0]["categories"]["cohen_kappa"]
    counts = np.array(TABLE)[:3, :3]
    for name, weights in (
        ("unweighted", {}),
        ("linear", {"wt": "linear"}),
        ("quadratic", {"wt": "quadratic"}),
    ):
        expected = cohens_kappa(counts, **weights)
        assert found[name]["estimate"] == pytest.approx(expected.kappa, rel=1e-9)
        assert found[name]["standard_error"] == pytest.approx(expected.std_kappa, rel=1e-9)


def test_gwet_and_the_word_by_hand():
    # Binary 40 yes-yes, 5 + 5, 50 no-no: observed .9, margin .45: chance AC1 2 (.45)(.55) = .495.
    table = [[50, 5, 0, 0], [5, 40, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    found = groups(table)[0]["binary"]["metastasis"]
    assert found["gwet_ac1"]["estimate"] == pytest.approx((0.9 - 0.495) / 0.505)
    # Kappa: chance .45^2 + .55^2 = .505.
    assert found["cohen_kappa"]["unweighted"]["estimate"] == pytest.approx(0.395 / 0.495)
    assert found["landis_koch"] == {"unweighted": "substantial"}


def test_one_category_gives_no_kappa_and_says_why():
    table = [[7, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 2]]
    found = groups(table)[0]["categories"]
    assert found["agreement"]["value"] == 1
    assert found["cohen_kappa"]["linear"]["estimate"] is None
    assert found["cohen_kappa"]["linear"]["status"] == "one_category"
    assert found["landis_koch"]["linear"] is None


def test_nodes_nobody_labelled_twice_give_no_agreement():
    found = describe(frozen())["annotators"]["groups"][0]
    assert (found["n"], found["agreement"]["value"]) == (0, None)
    assert found["categories"]["gwet_ac1"]["estimate"] is None


def test_intervals_by_patient_stand_beside_those_by_node():
    # Patient P has every disagreement, Q and R none; the estimates are the same.
    pairs = [("P", 0, 1)] * 4 + [("Q", 0, 0)] * 6 + [("R", 1, 1), ("R", 2, 2)] * 3
    rows = [
        replace(labelled("A", number, first, second), patient=patient)
        for number, (patient, first, second) in enumerate(pairs)
    ]
    found = describe(frozen(labels=rows))["annotators"]["groups"][0]
    assert (found["n"], found["n_patients"]) == (16, 3)
    share = found["agreement_by_patient"]
    assert (share["estimate"], share["n"]) == (found["agreement"]["value"], 3)
    # Residuals by patient: 4(0 - .75), 6(1 - .75), 6(1 - .75) over 16 nodes; 3/2 of their squares.
    by_hand = (3 / 2 * (9 + 2.25 + 2.25) / 16**2) ** 0.5
    assert share["standard_error"] == pytest.approx(by_hand)
    categories = found["categories"]
    for weighting, one in categories["by_patient"]["cohen_kappa"].items():
        by_node = categories["cohen_kappa"][weighting]
        assert one["estimate"] == pytest.approx(by_node["estimate"])
        assert one["standard_error"] > 1.5 * by_node["standard_error"]
    assert set(found["binary"]["ene"]["by_patient"]["cohen_kappa"]) == {"unweighted"}


def test_patients_of_two_cohorts_may_share_a_name():
    rows = [labelled("A", 1, 0, 0), labelled("B", 1, 0, 1)]
    whole = describe(frozen(labels=rows))["annotators"]["groups"][-1]
    assert whole["n_patients"] == 2


def test_an_unknown_label_is_refused():
    with pytest.raises(TableInconsistentError, match="annotators of A: every label must be one of"):
        describe(frozen(labels=[labelled("A", 1, 0, 3)]))
